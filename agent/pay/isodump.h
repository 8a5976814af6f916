/* SPDX-License-Identifier: Apache-2.0 */
/* isodump: ISO 8583 messages (isomsg.h) as logs of switches and terminals show what went over the wire:
 *
 *   10:05:02 <- 0210323A40010A418010...          characters, anywhere in a line
 *   10:05:02 RX [02 10 32 3A 40 01 0A 41 ...]    bytes in hexadecimal, together or in pairs
 *   0000  02 10 32 3a 40 01 0a 41  80 10 ...     a dump by lines of up to 16 bytes behind their offset
 *
 * Before the message its length (two bytes, or four digits) and a TPDU of five bytes may stand. A
 * record is a line, or the lines of one dump. Bounds: ISO_MESSAGE_MAX bytes of a message, the first
 * ISODUMP_LOOK of a line are searched for its beginning, ISODUMP_TRIES times. Pure. */
#pragma once

#include "agent/pay/bytes.h"
#include "agent/pay/isomsg.h"

enum { ISODUMP_LOOK = 400, ISODUMP_TRIES = 24 };

/* The first record. VG_AGAIN: not whole. */
enum vg_err isodump_record(struct slice text, bool final, size_t *end, size_t *next,
                           size_t *lines) VG_MUST_CHECK;
/* Its message as isomsg_list() appends it, and behind it what stands before it in the line; false, and
 * nothing: there is none. */
bool isodump_list(struct slice record, struct buf *out);
/* Whether the text holds messages that are payments beyond doubt. */
bool isodump_is(struct slice text);
