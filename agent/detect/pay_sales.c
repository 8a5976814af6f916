/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/pay_sales.h"

#include "agent/detect/codec.h"

/* A till that writes one order number on every sale must not make the sum overflow, nor more than a row
 * can give back (codec_amount). */
#define SUM_MAX (INT64_C(1) << 60)

static void
sale_put(const void *cell, struct buf *out)
{
    const struct pay_sale *s = cell;

    codec_put_i64(out, s->amount);
    codec_put_i64(out, s->refunded);
    buf_put_be64(out, s->card);
}

static void
sale_get(void *cell, struct slice *in)
{
    struct pay_sale *s = cell;

    s->amount = codec_amount(in);
    s->refunded = codec_amount(in);
    s->card = slice_be64(in);
}

static void
keep_sale(struct keytab *sales, uint64_t key, const struct obs *obs)
{
    const struct txn_view *t = obs->txn;
    struct pay_sale *s = key != 0 ? keytab_touch(sales, key, NULL) : NULL;

    if (s == NULL)
        return;
    /* Several sales of one order are one sum to refund from. */
    if (s->amount <= SUM_MAX - t->amount)
        s->amount += t->amount;
    s->card = obs->keys->key[KEY_CARD];
}

void
pay_sales_see(struct keytab *sales, const struct obs *obs)
{
    if (obs->txn->outcome != TXN_APPROVED || !obs->txn->has_amount)
        return;
    keep_sale(sales, obs->keys->key[KEY_SALE], obs);
    keep_sale(sales, obs->keys->key[KEY_SALE_ORDER], obs);
}

struct pay_sale *
pay_sales_of(struct keytab *sales, const struct txn_view *t)
{
    uint64_t keys[2] = {pay_key("sale", t->original), pay_key("sale", t->order)};

    for (int i = 0; i < 2; i++) {
        struct pay_sale *s = keys[i] != 0 ? keytab_change(sales, keys[i]) : NULL;

        if (s != NULL)
            return s;
    }
    return NULL;
}

enum vg_err
pay_sales_new(char name, uint16_t version, struct keytab **out)
{
    const struct keytab_options options = {.cell_bytes = sizeof(struct pay_sale),
                                           .cells_max = PAY_SALES_MAX,
                                           .roomy = true,
                                           .row_bits = 11,
                                           .name = name,
                                           .by_place = true,
                                           .version = version,
                                           .put = sale_put,
                                           .get = sale_get};

    return keytab_new(&options, out);
}

void
pay_sale_refund(struct pay_sale *s, int64_t amount)
{
    if (s->refunded <= SUM_MAX - amount)
        s->refunded += amount;
}
