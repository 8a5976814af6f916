/* SPDX-License-Identifier: Apache-2.0 */
/* named: protocols of datagrams that only name their flow: nothing more of them is told.
 *
 * syslog (RFC 3164, RFC 5424), ipmi (RMCP: remote control of servers, with a long history of holes),
 * l2tp (RFC 2661). */
#include "agent/net/engine.h"
#include "agent/net/proto/protocols.h"

enum { PORT_SYSLOG = 514, PORT_RMCP = 623, PORT_L2TP = 1701 };

static bool
on_port(const struct packet *pkt, uint16_t port)
{
    return pkt->sport == port || pkt->dport == port;
}

static bool
done(const struct protocol_call *call)
{
    call->flow->parser_done = true;
    return true;
}

/* "<34>", a number up to 191, before something printable. */
static bool
syslog_datagram(const struct protocol_call *call, const struct packet *pkt)
{
    struct slice in = pkt->payload;
    unsigned priority = 0, digits = 0;
    uint8_t c;

    if (!on_port(pkt, PORT_SYSLOG) || slice_u8(&in) != '<')
        return false;
    while ((c = slice_u8(&in)) >= '0' && c <= '9' && digits < 4) {
        priority = priority * 10 + (c - '0');
        digits++;
    }
    if (c != '>' || digits == 0 || digits > 3 || priority > 191)
        return false;
    return done(call);
}

/* Version 6, no acknowledgement wanted (or an acknowledgement), class 6 (ASF) or 7 (IPMI). */
static bool
ipmi_datagram(const struct protocol_call *call, const struct packet *pkt)
{
    struct slice in = pkt->payload;
    uint8_t version = slice_u8(&in), kind;

    slice_skip(&in, 2);
    kind = slice_u8(&in) & 0x7f;
    if (!on_port(pkt, PORT_RMCP) || in.bad || version != 6 || (kind != 6 && kind != 7))
        return false;
    return done(call);
}

/* Version 2; a control message has its length and its numbers, and is as long as it says. */
static bool
l2tp_datagram(const struct protocol_call *call, const struct packet *pkt)
{
    struct slice in = pkt->payload;
    unsigned flags = slice_be16(&in), len = slice_be16(&in);

    if (!on_port(pkt, PORT_L2TP) || in.bad || (flags & 0x000f) != 2)
        return false;
    if ((flags & 0xc800) != 0xc800 || len < 12 || len > pkt->payload.left)
        return false;
    return done(call);
}

const struct protocol PROTOCOL_SYSLOG = {.name = "syslog", .datagram = syslog_datagram};
const struct protocol PROTOCOL_IPMI = {.name = "ipmi", .datagram = ipmi_datagram};
const struct protocol PROTOCOL_L2TP = {.name = "l2tp", .datagram = l2tp_datagram};
