/* SPDX-License-Identifier: Apache-2.0 */
/* What detectors see of a flow. */
#include "agent/net/app.h"
#include "agent/net/flow.h"

void
flow_view_fill(const struct flow *f, unsigned client, struct flow_view *out)
{
    unsigned server = 1 - client;
    bool icmp = f->key.proto == IPPROTO_NUM_ICMP || f->key.proto == IPPROTO_NUM_ICMPV6;

    *out = (struct flow_view){
        .id = f->id,
        .src.family = f->key.family,
        .dst.family = f->key.family,
        .sport = icmp ? f->icmp_type : f->key.port[client],
        .dport = icmp ? f->icmp_code : f->key.port[server],
        .proto = f->key.proto,
        .first_flags = f->first_flags,
        .flags_out = f->flags[client],
        .flags_in = f->flags[server],
        .state = (enum flow_state)f->state,
        .midstream = f->midstream,
        .has_mac = f->has_mac,
        .bytes_out = f->bytes[client],
        .bytes_in = f->bytes[server],
        .payload_out = f->payload[client],
        .payload_in = f->payload[server],
        .packets_out = f->packets[client],
        .packets_in = f->packets[server],
        .forged_resets = f->forged,
        .start_ns = f->start_ns,
        .end_ns = f->last_ns,
        .app = str_of(f->listed != NULL ? f->listed->name : f->app),
        .protocol = str_of(f->app),
        .category = str_of(f->listed != NULL ? f->listed->category : NULL),
        .server_name = str_of(f->server_name),
    };
    memcpy(out->src.bytes, f->key.addr[client], 16);
    memcpy(out->dst.bytes, f->key.addr[server], 16);
    memcpy(out->src_mac, f->mac[client], 6);
    memcpy(out->dst_mac, f->mac[server], 6);
}
