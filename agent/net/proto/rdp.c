/* SPDX-License-Identifier: Apache-2.0 */
/* rdp: how a Remote Desktop connection begins (MS-RDPBCGR, 1.3.1.1): everything after it is
 * enciphered, by TLS (then the flow is TLS's) or by RDP's own old security.
 *
 * Record "rdp", one for each connection: cookie (mstshash: as a rule the user's name, cut to nine
 * characters by most clients), routed (a load balancer's token instead), requested (list of "tls",
 * "nla", ...; empty list: standard security only), selected and security ("rdp", "tls", "nla", ...;
 * absent while unanswered), result ("accepted", "refused"; absent while unanswered), failure,
 * client_name, client_build and channels (list of those that it asks for; standard security only). */
#include "agent/net/proto/rdp.h"

#include "agent/detect/mask.h"
#include "agent/net/engine.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/proto/pull.h"
#include "agent/net/record.h"

enum { TPKT_HEADER = 4, TPKT_MAX = 2048, COOKIE_MAX = 64, PACKETS_MAX = 8 };

struct rdp {
    bool asked, answered, told, has_client;
    unsigned client; /* direction index */
    unsigned packets[2];
    bool routed, failed;
    uint32_t requested, selected;
    char cookie[COOKIE_MAX];
    struct rdp_client computer;
    struct pull in[2];
};

static enum probe
rdp_probe(struct slice head, uint16_t sport, uint16_t dport)
{
    struct slice in = head;
    uint8_t version = slice_u8(&in), reserved = slice_u8(&in), len, type;
    uint16_t whole = slice_be16(&in);

    (void)sport;
    (void)dport;
    len = slice_u8(&in);
    type = slice_u8(&in);
    if (head.left > 0 && version != 3)
        return PROBE_NO;
    if (head.left > 1 && reserved != 0)
        return PROBE_NO;
    if (in.bad)
        return PROBE_MORE;
    /* length indicator and packet agree; connection request or confirm; no references yet */
    if (whole != len + 5 || (type != 0xe0 && type != 0xd0))
        return PROBE_NO;
    if (type == 0xe0 && slice_be16(&in) != 0 && !in.bad)
        return PROBE_NO;
    if (type == 0xe0 && whole == 11)
        return PROBE_YES;
    /* S7 and others open the same way with other parameters behind the references */
    slice_skip(&in, type == 0xe0 ? 3 : 5);
    if (in.left == 0)
        return head.left < whole ? PROBE_MORE : whole == 11 ? PROBE_YES : PROBE_NO;
    type = slice_u8(&in);
    return type == 'C' || type <= 3 ? PROBE_YES : PROBE_NO;
}

static void *
rdp_open(const struct protocol_call *call)
{
    struct rdp *r = net_parser_alloc(call->engine, sizeof(*r));

    if (r == NULL)
        return NULL;
    pull_init(&r->in[0], TPKT_MAX);
    pull_init(&r->in[1], TPKT_MAX);
    r->client = call->flow->client;
    return r;
}

static void
tell(struct rdp *r, const struct protocol_call *call)
{
    static const uint32_t bits[] = {RDP_SECURITY_TLS, RDP_SECURITY_NLA, RDP_SECURITY_RDSTLS,
                                    RDP_SECURITY_NLA_EX, RDP_SECURITY_AAD};
    struct record rec = {.type = "rdp"};
    struct str list[VG_ARRAY_LEN(bits)], channels[RDP_CHANNELS_MAX];
    size_t count = 0;

    if (r->told || (!r->asked && !r->answered))
        return;
    r->told = true;
    record_text_opt(&rec, "cookie", str_of(r->cookie));
    if (r->routed)
        record_bool(&rec, "routed", true);
    for (size_t i = 0; i < VG_ARRAY_LEN(bits); i++)
        if ((r->requested & bits[i]) != 0)
            list[count++] = str_of(rdp_security_name(bits[i]));
    if (r->asked)
        record_list(&rec, "requested", list, count);
    if (r->answered && !r->failed) {
        record_number(&rec, "selected", r->selected);
        record_text_opt(&rec, "security", str_of(rdp_security_name(r->selected)));
    }
    if (r->answered)
        record_text_put(&rec, "result", str_of(r->failed ? "refused" : "accepted"));
    if (r->failed)
        record_text_opt(&rec, "failure", str_of(rdp_failure_name(r->selected)));
    if (r->has_client) {
        record_text_opt(&rec, "client_name", str_n(r->computer.name, r->computer.name_len));
        record_number(&rec, "client_build", r->computer.build);
        for (size_t i = 0; i < r->computer.channels; i++)
            channels[i] = str_of(r->computer.channel[i]);
        if (r->computer.channels > 0)
            record_list(&rec, "channels", channels, r->computer.channels);
    }
    record_tell(&rec, call, r->client);
}

static enum vg_err
on_confirm(struct rdp *r, const struct protocol_call *call, const struct rdp_confirm *c)
{
    r->answered = true;
    r->client = 1 - call->dir;
    r->failed = c->failed;
    r->selected = c->selected;
    if (c->failed) {
        tell(r, call);
        return VG_END;
    }
    if (c->selected != 0) {
        tell(r, call);
        net_flow_handover(call->flow); /* TLS begins, of all but standard security */
    }
    return VG_OK;
}

static enum vg_err
on_packet(struct rdp *r, const struct protocol_call *call, struct slice packet)
{
    struct rdp_request request;
    struct rdp_confirm confirm;

    if (rdp_confirm_read(packet, &confirm) == VG_OK)
        return on_confirm(r, call, &confirm);
    if (rdp_request_read(packet, &request) == VG_OK) {
        r->asked = true;
        r->client = call->dir;
        r->routed = request.routed;
        r->requested = request.requested;
        mask_text(r->cookie, sizeof(r->cookie), request.cookie.at, request.cookie.len);
        return VG_OK;
    }
    if (!r->told && rdp_client_read(packet, &r->computer) == VG_OK) {
        r->has_client = true;
        r->client = call->dir;
        tell(r, call);
        return VG_END;
    }
    return ++r->packets[call->dir] >= PACKETS_MAX ? VG_END : VG_OK;
}

static enum vg_err
rdp_bytes(void *self, const struct protocol_call *call, struct slice bytes)
{
    struct rdp *r = self;
    struct pull *in = &r->in[call->dir];

    for (;;) {
        struct slice head, packet;
        enum vg_err err = pull_peek(in, call, &bytes, TPKT_HEADER, &head);
        uint16_t len;

        if (err != VG_OK)
            return err == VG_AGAIN ? VG_OK : err;
        if (slice_be16(&head) != 0x0300 || (len = slice_be16(&head)) <= TPKT_HEADER)
            return r->told ? VG_END : VG_ERR_FORMAT; /* fast-path packets have no TPKT header */
        if (len > TPKT_MAX)
            return VG_END;
        err = pull_peek(in, call, &bytes, len, &packet);
        if (err != VG_OK)
            return err == VG_AGAIN ? VG_OK : err;
        err = on_packet(r, call, packet);
        pull_done(in, call, &bytes, len);
        if (call->flow->handover)
            net_handover_rest(call, bytes.left);
        if (err != VG_OK || call->flow->handover)
            return err;
    }
}

static enum vg_err
rdp_gap(void *self, const struct protocol_call *call, uint32_t bytes)
{
    (void)self;
    (void)call;
    (void)bytes;
    return VG_END;
}

static void
rdp_close(void *self, const struct protocol_call *call)
{
    struct rdp *r = self;

    tell(r, call);
    pull_free(&r->in[0], call->engine);
    pull_free(&r->in[1], call->engine);
    net_parser_free(call->engine, r, sizeof(*r));
}

const struct protocol PROTOCOL_RDP = {
    .name = "rdp",
    .probe = rdp_probe,
    .open = rdp_open,
    .bytes = rdp_bytes,
    .gap = rdp_gap,
    .close = rdp_close,
};
