/* SPDX-License-Identifier: Apache-2.0 */
/* llmnr: names that Windows asks the whole network for, and who answers (RFC 4795).
 *
 * Record "llmnr", told when a sender says something new (once.h); src is who sent it: response,
 * query, qtype, rcode and answers of a response, addresses, conflict (several hosts claim the
 * name). A question goes to a group, its answer comes from a host of its own: two flows. */
#include "agent/net/engine.h"
#include "agent/net/once.h"
#include "agent/net/proto/dns_message.h"
#include "agent/net/proto/dns_names.h"
#include "agent/net/proto/protocols.h"

enum { PORT_LLMNR = 5355 };

static void
tell(struct once *once, const struct protocol_call *call, const struct dns_message *m)
{
    struct record r = {.type = "llmnr"};
    char number[DNS_TYPE_TEXT_MAX];

    record_bool(&r, "response", m->response);
    record_text_put(&r, "query", m->query);
    record_text_put(&r, "qtype", str_of(dns_type_name(m->qtype, number)));
    if (m->response) {
        record_number(&r, "rcode", m->rcode);
        record_list(&r, "answers", m->answers, m->answer_count);
        if (m->aa) /* its bit is C here (2.1.1) */
            record_bool(&r, "conflict", true);
    }
    once_tell(once, &r, call, call->dir);
}

static bool
llmnr_datagram(const struct protocol_call *call, const struct packet *pkt)
{
    struct once *once;
    struct dns_message m;

    if (pkt->sport != PORT_LLMNR && pkt->dport != PORT_LLMNR)
        return false;
    if (dns_message_read(pkt->payload, net_scratch(call->engine), &m) != VG_OK)
        return false;
    if (m.opcode != 0 || m.questions != 1)
        return false;
    once = once_of_flow(call);
    if (once != NULL)
        tell(once, call, &m);
    return once != NULL;
}

const struct protocol PROTOCOL_LLMNR = {
    .name = "llmnr",
    .close = once_close,
    .datagram = llmnr_datagram,
};
