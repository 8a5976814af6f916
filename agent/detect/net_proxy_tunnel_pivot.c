/* SPDX-License-Identifier: Apache-2.0 */
/* Who passes on what it gets: a machine of the shop is called, calls another one of the shop in the same
 * moment, and both conversations carry the same bytes both ways and end together. That is how an
 * intruder reaches, through the PC that is his, those that he cannot reach himself (port forwarding
 * by SSH, netsh or a tool of his). From the world that is nothing that a shop's PC does; within the
 * shop servers of mail, print and web pass on as well: a weak test. Where the machine takes part in
 * the encryption the sizes differ, and it is not seen. */
#include "agent/detect/net_proxy_tunnel_private.h"

#include <stdlib.h>
#include <string.h>

#include "agent/detect/codec.h"
#include "agent/detect/net_common.h"
#include "agent/detect/net_tell.h"
#include "common/vtime.h"

enum { PIVOT_VERSION = 1, LEG_BYTES_LEAST = 1000, SLACK_BYTES = 32, SLACK_SHARE = 50 /* 1 in */ };
#define APART_NS (5 * VG_SEC_NS)
#define P_WITHIN 2e-3

static bool
near_bytes(uint64_t a, uint64_t b)
{
    uint64_t more = a > b ? a - b : b - a;

    return more <= SLACK_BYTES + (a < b ? a : b) / SLACK_SHARE;
}

/* Printers and relays of mail and names. */
static bool
passes_on_by_nature(uint16_t port)
{
    return port == 25 || port == 53 || port == 515 || port == 587 || port == 631 || port == 9100;
}

/* `first` came in, `second` went on. */
static bool
same_bytes(const struct pivot_leg *first, const struct pivot_leg *second)
{
    return net_addr_eq(&first->dst, &second->src) && !net_addr_eq(&first->src, &second->dst) &&
           second->start_ns >= first->start_ns - VG_MS_NS &&
           second->start_ns - first->start_ns <= APART_NS &&
           llabs(second->end_ns - first->end_ns) <= APART_NS &&
           near_bytes(first->out, second->out) && near_bytes(first->in, second->in);
}

static void
tell(struct proxy_tunnel *t, const struct flow_view *f, const struct pivot_leg *in,
     const struct pivot_leg *on, int64_t now_ns)
{
    struct flow_view call = *f;
    struct party subject, peer;
    struct test test = {.detector = "net.proxy_tunnel",
                        .time_ns = now_ns,
                        .subject = &subject,
                        .peer = &peer,
                        .p = P_WITHIN};

    call.src = in->src; /* the conversation that came in, whichever of the two ended last */
    call.dst = in->dst;
    call.dport = in->dport;
    if (!net_addr_is_local(&in->src)) {
        proxy_tunnel_report(t, &call, "pivot", &on->dst, 75, now_ns);
        return;
    }
    net_tell_party(t->scene, &subject, &in->src);
    net_tell_party(t->scene, &peer, &in->dst);
    judge_test(t->judge, &test);
}

void
pivot_flow(struct proxy_tunnel *t, const struct flow_view *f, int64_t now_ns)
{
    struct pivot *p = &t->pivot;
    struct pivot_leg leg = {.src = f->src,
                            .dst = f->dst,
                            .dport = f->dport,
                            .start_ns = f->start_ns,
                            .end_ns = f->end_ns,
                            .out = f->payload_out,
                            .in = f->payload_in};

    if (f->proto != 6 || f->midstream || f->payload_out < LEG_BYTES_LEAST ||
        f->payload_in < LEG_BYTES_LEAST || !net_addr_is_local(&f->dst) ||
        passes_on_by_nature(f->dport))
        return;
    for (size_t i = 0; i < p->count; i++) {
        const struct pivot_leg *other = &p->leg[i];

        if (same_bytes(other, &leg))
            tell(t, f, other, &leg, now_ns);
        else if (same_bytes(&leg, other))
            tell(t, f, &leg, other, now_ns);
    }
    p->leg[p->next] = leg;
    p->next = (uint8_t)((p->next + 1) % PIVOT_LEGS);
    if (p->count < PIVOT_LEGS)
        p->count++;
    p->changed = true;
}

/* ---- the row ---- */

void
pivot_save(struct pivot *p, struct state_out *out)
{
    struct buf blob;

    if (!p->changed)
        return;
    buf_init(&blob, 8192);
    buf_put_u8(&blob, p->next);
    buf_put_u8(&blob, p->count);
    for (size_t i = 0; i < p->count; i++) {
        const struct pivot_leg *l = &p->leg[i];

        net_addr_encode(&l->src, &blob);
        net_addr_encode(&l->dst, &blob);
        buf_put_be16(&blob, l->dport);
        codec_put_i64(&blob, l->start_ns);
        codec_put_i64(&blob, l->end_ns);
        buf_put_be64(&blob, l->out);
        buf_put_be64(&blob, l->in);
    }
    if (!blob.bad) {
        state_put(out, slice_of("p", 1), PIVOT_VERSION, buf_slice(&blob));
        p->changed = false;
    }
    buf_done(&blob);
}

bool
pivot_owns(struct slice key)
{
    return key.left == 1 && slice_u8(&key) == 'p';
}

enum vg_err
pivot_load(struct pivot *p, uint16_t version, struct slice blob)
{
    struct pivot read = {.next = slice_u8(&blob)};

    read.count = slice_u8(&blob); /* in this order: members of one list are read in any */
    if (version != PIVOT_VERSION || read.next >= PIVOT_LEGS || read.count > PIVOT_LEGS)
        return VG_ERR_FORMAT;
    for (size_t i = 0; i < read.count; i++) {
        struct pivot_leg *l = &read.leg[i];

        l->src = net_addr_decode(&blob);
        l->dst = net_addr_decode(&blob);
        l->dport = slice_be16(&blob);
        l->start_ns = codec_time(&blob);
        l->end_ns = codec_time(&blob);
        l->out = slice_be64(&blob);
        l->in = slice_be64(&blob);
    }
    if (blob.bad || blob.left != 0)
        return VG_ERR_FORMAT;
    *p = read;
    return VG_OK;
}
