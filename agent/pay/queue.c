/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/queue.h"

#include <stdlib.h>

#include "agent/pay/txn.h"

struct pay_queue {
    struct pay_waiting ring[PAY_QUEUE];
    size_t first, count;
};

enum vg_err
pay_queue_new(struct pay_queue **out)
{
    struct pay_queue *q = calloc(1, sizeof *q);

    if (q == NULL)
        return VG_ERR_NOMEM;
    *out = q;
    return VG_OK;
}

void
pay_queue_free(struct pay_queue *q)
{
    free(q);
}

size_t
pay_queue_count(const struct pay_queue *q)
{
    return q->count;
}

static bool
text_keep(struct str *text, char **to, const char *end)
{
    if (text->len > (size_t)(end - *to))
        return false;
    if (text->len > 0) /* an absent text may be NULL */
        memcpy(*to, text->at, text->len);
    *text = str_n(*to, text->len);
    *to += text->len;
    return true;
}

static bool
card_keep(struct card_view *card, char **to, const char *end)
{
    return text_keep(&card->source, to, end) && text_keep(&card->field, to, end) &&
           text_keep(&card->token, to, end);
}

enum vg_err
pay_queue_put(struct pay_queue *q, const struct txn_view *t, uint64_t digest,
              const struct card_view *cards, size_t card_count)
{
    struct pay_waiting *w = &q->ring[(q->first + q->count) % PAY_QUEUE];
    char *to = w->text, *end = w->text + PAY_QUEUE_TEXT;

    if (q->count == PAY_QUEUE || card_count > PAY_QUEUE_CARDS)
        return VG_ERR_LIMIT;
    w->has_txn = t != NULL;
    w->digest = digest;
    w->card_count = card_count;
    for (size_t i = 0; i < card_count; i++) {
        w->cards[i] = cards[i];
        if (!card_keep(&w->cards[i], &to, end))
            return VG_ERR_LIMIT;
    }
    if (t != NULL) {
        if (!txn_copy_into(t, &w->txn, to, (size_t)(end - to)))
            return VG_ERR_LIMIT;
        pay_keys_make(&w->txn, &w->keys);
    }
    q->count++;
    return VG_OK;
}

const struct pay_waiting *
pay_queue_ago(const struct pay_queue *q, size_t ago)
{
    return ago < q->count ? &q->ring[(q->first + q->count - 1 - ago) % PAY_QUEUE] : NULL;
}

const struct pay_waiting *
pay_queue_take(struct pay_queue *q)
{
    const struct pay_waiting *w = &q->ring[q->first];

    q->first = (q->first + 1) % PAY_QUEUE;
    q->count--;
    return w;
}
