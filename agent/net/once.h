/* SPDX-License-Identifier: Apache-2.0 */
/* once: records of chatty senders, told when they say something new. A device that announces itself
 * every few seconds makes one record for each different content, and one more after ONCE_AGAIN_S.
 * State of one flow: 64 bytes. */
#pragma once

#include "agent/net/record.h"

enum {
    ONCE_KEPT = 7,        /* contents that are remembered */
    ONCE_AGAIN_S = 900,   /* then it is told again */
    ONCE_PER_MINUTE = 30, /* of one flow, however much they differ: counted as records_limited */
};

struct once {
    uint32_t hash[ONCE_KEPT];
    uint32_t at_s[ONCE_KEPT]; /* event time; 0: empty */
    uint32_t minute;
    uint8_t told; /* within it */
    uint8_t next;
};

/* record_tell() unless it was told lately. */
void once_tell(struct once *o, const struct record *r, const struct protocol_call *call,
               unsigned client);

/* For protocols of datagrams whose whole state this is: the flow's, made when there is none; NULL at
 * the parsers' cap. once_close() is their close(). */
struct once *once_of_flow(const struct protocol_call *call);
void once_close(void *self, const struct protocol_call *call);
