/* SPDX-License-Identifier: Apache-2.0 */
/* anydesk: the search for its own kind in the local network: datagrams to the group 239.255.102.18,
 * ports 50001 to 50003 (AnyDesk help, "Ports and whitelist"). Its connections are TLS without a
 * server's name: rules/indicators/apps.yaml knows them by the name that was looked up before.
 * Record "remote_help":
 *   tool     anydesk
 *   session  false: it stands by */
#include "agent/net/engine.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/record.h"

enum { PORT_FIRST = 50001, PORT_LAST = 50003 };
static const struct net_addr GROUP = {.family = 4, .bytes = {239, 255, 102, 18}};

static bool
anydesk_datagram(const struct protocol_call *call, const struct packet *pkt)
{
    struct record r = {.type = "remote_help"};

    if (pkt->dport < PORT_FIRST || pkt->dport > PORT_LAST || !net_addr_eq(&pkt->dst, &GROUP))
        return false;
    record_text_put(&r, "tool", str_of("anydesk"));
    record_bool(&r, "session", false);
    record_tell(&r, call, call->dir);
    call->flow->parser_done = true;
    return true;
}

const struct protocol PROTOCOL_ANYDESK = {
    .name = "anydesk",
    .datagram = anydesk_datagram,
};
