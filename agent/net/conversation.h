/* SPDX-License-Identifier: Apache-2.0 */
/* conversation: which protocol a flow speaks, and its bytes on the way to that protocol's parser.
 *
 * The first bytes of each direction are shown to every protocol; what begins later (STARTTLS, a
 * tunnel through a proxy) is found by a look at the start of each segment. A flow whose protocol
 * stays unknown, or has nothing more to tell, costs nothing but counting. */
#pragma once

#include "agent/net/engine.h"

void conversation_segment(struct net_engine *e, struct stream_pool *pool, struct flow *flow,
                          unsigned dir, const struct packet *pkt);
void conversation_datagram(struct net_engine *e, struct flow *flow, unsigned dir,
                           const struct packet *pkt);
/* The flow ends: what waits is handed on, the parser closed. */
void conversation_end(struct net_engine *e, struct stream_pool *pool, struct flow *flow,
                      int64_t now_ns);
