/* SPDX-License-Identifier: Apache-2.0 */
/* net_dns_tunnel_private: the inside of net.dns_tunnel, for its own files alone. */
#pragma once

#include "agent/detect/obs.h"
#include "common/buf.h"
#include "common/slice.h"

enum { NAME_BITS_BYTES = 128 };
enum {
    TYPE_A = 1,
    TYPE_CNAME = 5,
    TYPE_NULL = 10,
    TYPE_MX = 15,
    TYPE_TXT = 16,
    TYPE_KEY = 25,
    TYPE_AAAA = 28,
    TYPE_SRV = 33,
    TYPE_PRIVATE = 65280 /* and up: RFC 6895, 3.1 */
};
struct tally {
    int64_t first_ns; /* 0: empty */
    float bytes;      /* what new names and their answers could carry, weighted */
    uint32_t names, queries;
};

struct zone {
    struct tally fast, slow;
    float odd; /* of the fast window: bytes in names or types that are none of ordinary life */
    uint64_t up, down; /* of the slow window: DNS bytes of all its transactions */
    uint32_t types;    /* bits of TYPES[] */
    uint8_t told;
    uint8_t seen[NAME_BITS_BYTES]; /* of the slow window */
};

/* What the names of one tunnel have in common, and what stands before it. False: nothing to see. */
bool dns_tunnel_split(struct str query, struct str *zone, struct str *prefix);

/* Bytes that a transaction with a new name could carry, weighted; `odd`: those in names or types that
 * are none of ordinary life. */
struct dns_carried {
    double bytes, odd;
};
struct dns_carried dns_tunnel_carried(const struct dns_view *v, struct str prefix);

/* A zone in a row. */
void dns_zone_put(const void *cell, struct buf *out);
void dns_zone_get(void *cell, struct slice *in); /* sticky */
