/* SPDX-License-Identifier: Apache-2.0 */
/* queue: the last few records between reading and judging. They are copied, because the next line of a
 * log takes the place of the one before; while one waits its keys are known and what the detectors
 * keep under them is fetched (pay_ahead.h). First in, first out. Owner: sensor. */
#pragma once

#include "agent/detect/pay_keys.h"
#include "agent/pay/map.h"

enum {
    PAY_QUEUE = 6, /* long enough to fetch, short enough that what was fetched is still there */
    PAY_QUEUE_CARDS = 2,
    PAY_QUEUE_TEXT = 40 * MAP_TEXT_MAX, /* of one record, which has about half as many texts */
};

struct pay_waiting {
    bool has_txn; /* else only card numbers */
    struct txn_view txn;
    struct pay_keys keys;
    uint64_t digest; /* seen.h */
    struct card_view cards[PAY_QUEUE_CARDS];
    size_t card_count;
    char text[PAY_QUEUE_TEXT];
};

struct pay_queue;

enum vg_err pay_queue_new(struct pay_queue **out) VG_MUST_CHECK;
void pay_queue_free(struct pay_queue *q);

size_t pay_queue_count(const struct pay_queue *q);
/* Copies a transaction (NULL: none) and at most PAY_QUEUE_CARDS card numbers; fewer than PAY_QUEUE
 * wait. VG_ERR_LIMIT where these are more, or its texts longer than any that the mapper gives. */
enum vg_err pay_queue_put(struct pay_queue *q, const struct txn_view *t, uint64_t digest,
                          const struct card_view *cards, size_t card_count) VG_MUST_CHECK;
/* The one put `ago` records before the newest; NULL where it has gone. */
const struct pay_waiting *pay_queue_ago(const struct pay_queue *q, size_t ago);
/* The oldest, which leaves; there is one. Borrowed until the next pay_queue_put(). */
const struct pay_waiting *pay_queue_take(struct pay_queue *q);
