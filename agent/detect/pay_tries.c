/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/pay_tries.h"

#include "agent/detect/codec.h"
#include "agent/detect/pay_frame.h"

void
pay_try_set(struct pay_try *k, const struct txn_view *t)
{
    k->time_ns = t->time_ns;
    k->amount = t->has_amount ? t->amount : -1;
    k->line = t->line;
    k->outcome = (uint8_t)t->outcome;
    pay_frame_copy(k->id, sizeof k->id, t->id);
    pay_frame_copy(k->card, sizeof k->card, t->card);
    pay_frame_copy(k->last4, sizeof k->last4, str_of(t->last4));
    pay_frame_copy(k->bin, sizeof k->bin, str_of(t->bin));
    pay_frame_copy(k->currency, sizeof k->currency, str_of(t->currency));
    pay_frame_copy(k->ip, sizeof k->ip, t->ip);
    pay_frame_copy(k->terminal, sizeof k->terminal, t->terminal);
    pay_frame_copy(k->source, sizeof k->source, t->source);
}

void
pay_tries_keep(struct pay_tries *r, const struct txn_view *t)
{
    pay_try_set(&r->kept[r->next++ % PAY_TRIES], t);
}

json_t *
pay_try_evidence(const struct pay_try *k)
{
    struct txn_view t = {
        .time_ns = k->time_ns,
        .id = str_of(k->id),
        .outcome = (enum txn_outcome)k->outcome,
        .reason = str_of(""),
        .amount = k->amount,
        .has_amount = k->amount >= 0,
        .card = str_of(k->card),
        .customer = str_of(""),
        .email = str_of(""),
        .ip = str_of(k->ip),
        .device = str_of(""),
        .terminal = str_of(k->terminal),
        .employee = str_of(""),
        .order = str_of(""),
        .original = str_of(""),
        .account = str_of(""),
        .source = str_of(k->source),
        .line = k->line,
    };

    (void)vg_strcpy(t.last4, sizeof t.last4, k->last4);
    (void)vg_strcpy(t.bin, sizeof t.bin, k->bin);
    (void)vg_strcpy(t.currency, sizeof t.currency, k->currency);
    return pay_evidence(&t);
}

json_t *
pay_tries_evidence(const struct pay_tries *r, int64_t from_ns)
{
    json_t *all = json_array();

    for (uint32_t i = 0; i < PAY_TRIES; i++) {
        const struct pay_try *k = &r->kept[(r->next + i) % PAY_TRIES];

        if (k->time_ns != 0 && k->time_ns >= from_ns)
            (void)json_array_append_new(all, pay_try_evidence(k));
    }
    return all;
}

void
pay_try_put(const struct pay_try *k, struct buf *out)
{
    codec_put_i64(out, k->time_ns);
    codec_put_i64(out, k->amount);
    buf_put_be64(out, k->line);
    buf_put_u8(out, k->outcome);
    pay_frame_put_text(k->id, out);
    pay_frame_put_text(k->card, out);
    pay_frame_put_text(k->last4, out);
    pay_frame_put_text(k->bin, out);
    pay_frame_put_text(k->currency, out);
    pay_frame_put_text(k->ip, out);
    pay_frame_put_text(k->terminal, out);
    pay_frame_put_text(k->source, out);
}

void
pay_tries_put(const struct pay_tries *r, struct buf *out)
{
    buf_put_be32(out, r->next);
    for (size_t i = 0; i < PAY_TRIES; i++)
        pay_try_put(&r->kept[i], out);
}

void
pay_try_get(struct pay_try *k, struct slice *in)
{
    k->time_ns = codec_time(in);
    k->amount = codec_amount(in);
    k->line = slice_be64(in);
    k->outcome = slice_u8(in);
    pay_frame_get_text(k->id, sizeof k->id, in);
    pay_frame_get_text(k->card, sizeof k->card, in);
    pay_frame_get_text(k->last4, sizeof k->last4, in);
    pay_frame_get_text(k->bin, sizeof k->bin, in);
    pay_frame_get_text(k->currency, sizeof k->currency, in);
    pay_frame_get_text(k->ip, sizeof k->ip, in);
    pay_frame_get_text(k->terminal, sizeof k->terminal, in);
    pay_frame_get_text(k->source, sizeof k->source, in);
}

void
pay_tries_get(struct pay_tries *r, struct slice *in)
{
    r->next = slice_be32(in);
    for (size_t i = 0; i < PAY_TRIES && !in->bad; i++)
        pay_try_get(&r->kept[i], in);
    if (in->bad)
        *r = (struct pay_tries){0};
}
