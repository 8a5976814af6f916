/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/pay_tries.h"

#include "agent/detect/codec.h"

static void
copy(char *dst, size_t size, struct str text)
{
    size_t n = text.len < size ? text.len : size - 1;

    memcpy(dst, text.at, n);
    dst[n] = '\0';
}

void
pay_tries_keep(struct pay_tries *r, const struct txn_view *t)
{
    struct pay_try *k = &r->kept[r->next++ % PAY_TRIES];

    k->time_ns = t->time_ns;
    k->amount = t->has_amount ? t->amount : -1;
    k->line = t->line;
    k->outcome = (uint8_t)t->outcome;
    copy(k->id, sizeof k->id, t->id);
    copy(k->card, sizeof k->card, t->card);
    copy(k->last4, sizeof k->last4, str_of(t->last4));
    copy(k->bin, sizeof k->bin, str_of(t->bin));
    copy(k->currency, sizeof k->currency, str_of(t->currency));
    copy(k->ip, sizeof k->ip, t->ip);
    copy(k->terminal, sizeof k->terminal, t->terminal);
    copy(k->source, sizeof k->source, t->source);
}

static json_t *
evidence(const struct pay_try *k)
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
            (void)json_array_append_new(all, evidence(k));
    }
    return all;
}

static void
put(const char *text, struct buf *out)
{
    codec_put_text(out, text, strlen(text));
}

static void
get(char *dst, size_t size, struct slice *in)
{
    struct slice text = slice_sub(in, slice_be32(in));

    if (text.bad || text.left >= size) {
        in->bad = true;
        return;
    }
    dst[text.left] = '\0';
    (void)slice_copy(&text, dst, text.left);
}

void
pay_tries_put(const struct pay_tries *r, struct buf *out)
{
    buf_put_be32(out, r->next);
    for (size_t i = 0; i < PAY_TRIES; i++) {
        const struct pay_try *k = &r->kept[i];

        codec_put_i64(out, k->time_ns);
        codec_put_i64(out, k->amount);
        buf_put_be64(out, k->line);
        buf_put_u8(out, k->outcome);
        put(k->id, out);
        put(k->card, out);
        put(k->last4, out);
        put(k->bin, out);
        put(k->currency, out);
        put(k->ip, out);
        put(k->terminal, out);
        put(k->source, out);
    }
}

void
pay_tries_get(struct pay_tries *r, struct slice *in)
{
    r->next = slice_be32(in);
    for (size_t i = 0; i < PAY_TRIES && !in->bad; i++) {
        struct pay_try *k = &r->kept[i];

        k->time_ns = codec_time(in);
        k->amount = codec_amount(in);
        k->line = slice_be64(in);
        k->outcome = slice_u8(in);
        get(k->id, sizeof k->id, in);
        get(k->card, sizeof k->card, in);
        get(k->last4, sizeof k->last4, in);
        get(k->bin, sizeof k->bin, in);
        get(k->currency, sizeof k->currency, in);
        get(k->ip, sizeof k->ip, in);
        get(k->terminal, sizeof k->terminal, in);
        get(k->source, sizeof k->source, in);
    }
    if (in->bad)
        *r = (struct pay_tries){0};
}
