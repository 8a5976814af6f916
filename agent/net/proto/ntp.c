/* SPDX-License-Identifier: Apache-2.0 */
/* ntp: which time servers are asked, and how far they are from a clock (RFC 5905, RFC 9327).
 *
 * Record "ntp", once for each different content (once.h): version, mode ("client", "server",
 * "broadcast", "control", ...), stratum and refid (of the server: a clock's name, or the address
 * of where it has its time from), kiss (the code of a refusal), monlist (a list of all clients is
 * asked for: amplification, RFC 9109 and CVE-2013-5211). src is who asks. */
#include "agent/net/engine.h"
#include "agent/net/once.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/proto/words.h"

enum { PORT_NTP = 123, NTP_BYTES = 48 };
enum { MODE_CLIENT = 3, MODE_SERVER = 4, MODE_BROADCAST = 5, MODE_CONTROL = 6, MODE_PRIVATE = 7 };

static const char *const MODES[] = {"",       "active",    "passive", "client",
                                    "server", "broadcast", "control", "private"};

/* Four letters for clocks and refusals (stratum 0 and 1), an IPv4 address beyond. */
static struct str
refid_text(struct slice in, unsigned stratum, char out[NET_ADDR_TEXT_MAX])
{
    struct net_addr a = {.family = 4};
    size_t n = 0;

    if (stratum > 1)
        return slice_copy(&in, a.bytes, 4) ? str_of(net_addr_format(&a, out)) : str_of("");
    for (int i = 0; i < 4; i++) {
        uint8_t c = slice_u8(&in);

        if (c <= 0x20 || c >= 0x7f)
            break;
        out[n++] = (char)c;
    }
    return str_n(out, n);
}

/* Modes 1 to 5: the same 48 bytes, perhaps with extensions and a digest behind. */
static bool
put_time(struct slice in, unsigned mode, struct record *r, char out[NET_ADDR_TEXT_MAX])
{
    unsigned stratum;
    struct str refid;

    if (in.left < NTP_BYTES || in.left % 4 != 0)
        return false;
    slice_skip(&in, 1);
    stratum = slice_u8(&in);
    if (stratum > 16)
        return false;
    if (mode != MODE_SERVER && mode != MODE_BROADCAST)
        return true;
    slice_skip(&in, 2 + 4 + 4);
    refid = refid_text(slice_sub(&in, 4), stratum, out);
    record_number(r, "stratum", stratum);
    record_text_opt(r, stratum == 0 ? "kiss" : "refid", refid);
    return true;
}

/* ntpdc's (mode 7): response and more bits, sequence, implementation, request code. */
static bool
put_private(struct slice in, struct record *r)
{
    unsigned implementation, code;

    slice_skip(&in, 2);
    implementation = slice_u8(&in);
    code = slice_u8(&in);
    if (in.bad || (implementation != 0 && implementation != 2 && implementation != 3))
        return false;
    record_bool(r, "monlist", code == 42 || code == 20); /* MON_GETLIST_1, MON_GETLIST */
    return true;
}

static bool
ntp_datagram(const struct protocol_call *call, const struct packet *pkt)
{
    struct slice in = pkt->payload;
    uint8_t first = slice_u8(&in);
    unsigned version = first >> 3 & 7, mode = first & 7;
    struct record r = {.type = "ntp"};
    char text[NET_ADDR_TEXT_MAX];
    struct once *once;
    bool reply = mode == MODE_SERVER || mode == MODE_BROADCAST;

    if (pkt->sport != PORT_NTP && pkt->dport != PORT_NTP)
        return false;
    if (in.bad || version < 1 || version > 4 || mode == 0)
        return false;
    if (mode >= MODE_CONTROL)
        reply = (mode == MODE_CONTROL ? slice_u8(&in) : first) & 0x80;
    record_number(&r, "version", version);
    record_text_put(&r, "mode", str_of(MODES[mode]));
    if (mode == MODE_PRIVATE   ? !put_private(pkt->payload, &r)
        : mode == MODE_CONTROL ? pkt->payload.left < 12
                               : !put_time(pkt->payload, mode, &r, text))
        return false;
    once = once_of_flow(call);
    if (once != NULL)
        once_tell(once, &r, call, reply && mode != MODE_BROADCAST ? 1 - call->dir : call->dir);
    return once != NULL;
}

const struct protocol PROTOCOL_NTP = {
    .name = "ntp",
    .close = once_close,
    .datagram = ntp_datagram,
};
