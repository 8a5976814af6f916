/* SPDX-License-Identifier: Apache-2.0 */
/* fragment: IPv4 and IPv6 datagrams put together from their fragments (RFC 815, RFC 8200 4.5).
 *
 * Of overlapping IPv4 bytes the first copy is kept, as Windows does, the system of most of a shop's
 * PCs; Linux drops the whole datagram today, so its parsers see less than ours, never something
 * else. IPv6 datagrams with an overlap are dropped with all their later fragments (RFC 5722); an
 * exact repetition is none. A datagram that is not whole after FRAGMENT_TIMEOUT_NS of event time is
 * dropped; so is the oldest when the table or its memory is full. */
#pragma once

#include "agent/net/counters.h"
#include "agent/net/packet.h"

#define FRAGMENT_TIMEOUT_NS (INT64_C(60) * 1000000000) /* RFC 8200, 4.5; Windows for both */
enum {
    FRAGMENT_DATAGRAMS_MAX = 128,
    FRAGMENT_PARTS_MAX = 64, /* of one datagram */
    FRAGMENT_BYTES_MAX = 65535,
    FRAGMENT_POOL_BYTES = 2 * 1024 * 1024, /* of all datagrams together */
    FRAGMENT_TINY_BYTES = 20, /* a first fragment below hides the ports or flags (RFC 1858) */
};

struct fragments;

/* `counters` is borrowed and outlives the table. VG_ERR_NOMEM. */
enum vg_err fragments_new(struct net_counters *counters, struct fragments **out) VG_MUST_CHECK;
void fragments_free(struct fragments *f);
/* Forgets all datagrams (a new capture begins). */
void fragments_reset(struct fragments *f);

struct fragment {
    const struct net_addr *src, *dst;
    uint32_t id;
    uint8_t proto;
    uint32_t offset; /* bytes */
    bool more, v6;
    uint32_t ip_bytes; /* of this fragment's packet */
    int64_t time_ns;
    struct slice bytes;
};

/* Adds one. VG_OK when that made the datagram whole: *whole borrows its bytes until the next call,
 * *ip_bytes is the sum over its packets. VG_AGAIN: not whole yet. VG_ERR_FORMAT, VG_ERR_LIMIT:
 * refused and counted. VG_ERR_NOMEM. */
enum vg_err fragments_add(struct fragments *f, const struct fragment *part, struct slice *whole,
                          uint32_t *ip_bytes) VG_MUST_CHECK;
