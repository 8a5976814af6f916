/* SPDX-License-Identifier: Apache-2.0 */
/* counters: what the net sensor saw and what it turned away; one row in NET_COUNTERS for each, so
 * that health reports and tests walk the same list. */
#pragma once

#include "common/base.h"

#define NET_COUNTERS(X)                                                                            \
    X(packets)             /* frames read */                                                       \
    X(bytes)               /* of them, on the wire */                                              \
    X(kernel_drops)        /* live: lost before we could read them */                              \
    X(link_unknown)        /* not a protocol that we decode, above the link */                     \
    X(malformed)           /* a header that contradicts itself or ends early */                    \
    X(tunnels_deep)        /* nested deeper than DECODE_DEPTH_MAX */                               \
    X(fragments)           /* IP fragments seen */                                                 \
    X(fragments_joined)    /* datagrams put together again */                                      \
    X(fragments_overlap)   /* fragments that overlapped another */                                 \
    X(fragments_conflict)  /* of them: with other bytes than before */                             \
    X(fragments_tiny)      /* too small for the transport's header: made to hide it */             \
    X(fragments_oversize)  /* beyond the largest datagram */                                       \
    X(fragments_dropped)   /* refused at a cap, or never completed */                              \
    X(flows)               /* flows begun */                                                       \
    X(flows_evicted)       /* ended early to make room */                                          \
    X(stream_overlap)      /* TCP bytes seen again */                                              \
    X(stream_out_of_order) /* TCP segments that had to wait */                                     \
    X(stream_gaps)         /* holes skipped */                                                     \
    X(stream_gap_bytes)    /* their size */                                                        \
    X(stream_refused)      /* segments not kept: a cap was reached */                              \
    X(stream_conflict)     /* bytes that waited, seen again and other than before */               \
    X(stream_urgent)       /* urgent bytes, which most programs never see */                       \
    X(stream_early_data)   /* SYN segments with data that nobody agreed on */                      \
    X(tcp_refused)         /* RST and FIN that their receiver does not believe */                  \
    X(checksum_wrong)      /* packets that their receiver drops */                                 \
    X(parser_refused)      /* conversations not parsed: a cap was reached */                       \
    X(parser_errors)       /* conversations that broke their protocol */                           \
    X(dns_refused)         /* questions not remembered: a cap was reached */                       \
    X(inflate_limit)       /* bodies that grew beyond the ratio or size that we accept */          \
    X(transfers_refused)   /* files not followed: a cap was reached */                             \
    X(records_limited)     /* records of one flow over its rate, not told */                       \
    X(texts_left_out)      /* texts with many digits that found no room to be masked in */         \
    X(owners_asked)        /* live: questions for the program behind a socket */                   \
    X(owners_known)        /* flows whose program was found */                                     \
    X(owners_refused)      /* not asked: too many, or no time left for them */                     \
    X(observations)        /* records handed on */

struct net_counters {
#define NET_COUNTER_FIELD(name) uint64_t name;
    NET_COUNTERS(NET_COUNTER_FIELD)
#undef NET_COUNTER_FIELD
};
