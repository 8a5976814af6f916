/* SPDX-License-Identifier: Apache-2.0 */
/* flow_tcp: how far a TCP connection is (RFC 9293), and which of its packets its receiver would believe
 * (RFC 5961). Pure: works on one flow. */
#pragma once

#include "agent/net/flow.h"

/* Whether the packet is the SYN of a new connection on the ports of this one. */
bool flow_tcp_begins_anew(const struct flow *f, const struct packet *pkt);
/* State, FINs and what was sent, after a packet from `dir` that is already counted in the flow. */
void flow_tcp_advance(struct net_counters *counters, struct flow *f, const struct packet *pkt,
                      unsigned dir);
