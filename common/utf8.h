/* SPDX-License-Identifier: Apache-2.0 */
/* utf8: text that a peer wrote, one code point at a time (RFC 3629). */
#pragma once

#include "common/buf.h"

/* Bytes of the valid sequence at the start of `s`, 0 when there is none (or nothing left). */
size_t utf8_len(struct slice s);

/* Where utf8_len() is 0: bytes that one U+FFFD stands for, the longest beginning of a valid sequence
 * (The Unicode Standard 15.0, 3.9, "maximal subparts"), at least 1. `s` must have bytes left. */
size_t utf8_bad_len(struct slice s);

enum { UTF8_REPLACEMENT = 0xfffd };

/* Takes the next code point; a byte that begins no valid sequence yields UTF8_REPLACEMENT and is
 * taken alone. `in` must have bytes left. */
uint32_t utf8_next(struct slice *in);
enum { UTF8_MAX = 4 };
/* Writes one code point (up to U+10FFFF); returns its length, 1 to UTF8_MAX. */
size_t utf8_encode(uint32_t code_point, uint8_t out[UTF8_MAX]);
void utf8_put(struct buf *out, uint32_t code_point);

/* Appends `text` as people may see it on one line: invalid bytes become U+FFFD; control characters,
 * line ends and tabs become one space; marks that turn or hide text (bidirectional controls,
 * zero-width characters, tags, byte order marks) are left out. */
void utf8_put_line(struct buf *out, struct slice text);
/* The same, but line ends stay (as \n). */
void utf8_put_text(struct buf *out, struct slice text);
