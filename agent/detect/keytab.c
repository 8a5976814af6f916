/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/keytab_private.h"

#include <stdlib.h>
#include <string.h>

enum { CELLS_FIRST = 64, CACHE_LINE = 64 };

/* Buckets go by the key's top bits, so that a row is a range of buckets at every size. */
static uint32_t
bucket_of(const struct keytab *t, uint64_t key)
{
    return (uint32_t)(key >> (64 - t->head_bits));
}

static void
mark(struct keytab *t, uint32_t i)
{
    uint64_t row =
        t->o.by_place ? i / PLACES_PER_ROW : keytab_cell(t, i)->key >> (64 - t->o.row_bits);

    t->dirty[row / 64] |= UINT64_C(1) << (row % 64);
}

enum vg_err
keytab_new(const struct keytab_options *options, struct keytab **out)
{
    struct keytab *t = calloc(1, sizeof *t);

    if (t == NULL)
        return VG_ERR_NOMEM;
    t->o = *options;
    if (t->o.row_bits < 1)
        t->o.row_bits = 1;
    if (t->o.row_bits > KEYTAB_ROW_BITS_MAX)
        t->o.row_bits = KEYTAB_ROW_BITS_MAX;
    t->stride = (sizeof(struct keytab_cell) + options->cell_bytes + 7) & ~(size_t)7;
    t->free_list = t->oldest = t->newest = KEYTAB_NIL;
    t->head_bits = t->o.row_bits;
    t->heads = malloc(sizeof *t->heads << t->head_bits);
    if (t->heads == NULL) {
        free(t);
        return VG_ERR_NOMEM;
    }
    memset(t->heads, 0xff, sizeof *t->heads << t->head_bits);
    *out = t;
    return VG_OK;
}

void
keytab_free(struct keytab *t)
{
    if (t == NULL)
        return;
    for (uint32_t i = t->oldest; t->o.drop != NULL && i != KEYTAB_NIL; i = keytab_cell(t, i)->newer)
        t->o.drop(keytab_payload(keytab_cell(t, i)));
    free(t->cells);
    free(t->heads);
    free(t);
}

uint32_t
keytab_index(const struct keytab *t, uint64_t key)
{
    uint32_t i = t->heads[bucket_of(t, key)];

    while (i != KEYTAB_NIL && keytab_cell(t, i)->key != key)
        i = keytab_cell(t, i)->chain;
    return i;
}

/* The last step: the rest of the record, or the next one of its chain. */
static void
expect_chain(const struct keytab *t, uint64_t key, uint32_t i)
{
    const struct keytab_cell *c = keytab_cell(t, i);

    if (c->key != key && c->chain != KEYTAB_NIL)
        c = keytab_cell(t, c->chain);
    for (size_t at = 0; at < t->stride; at += CACHE_LINE)
        __builtin_prefetch((const uint8_t *)c + at, 1);
    __builtin_prefetch((const uint8_t *)c + t->stride - 1, 1);
    /* Its neighbours in the order of touches, which it will leave. */
    if (t->ordered && c->older != KEYTAB_NIL)
        __builtin_prefetch(keytab_cell(t, c->older), 1);
    if (t->ordered && c->newer != KEYTAB_NIL)
        __builtin_prefetch(keytab_cell(t, c->newer), 1);
}

void
keytab_expect(const struct keytab *t, uint64_t key, enum keytab_step step)
{
    const uint32_t *head = &t->heads[bucket_of(t, key)];

    if (step == KEYTAB_BUCKET)
        __builtin_prefetch(head);
    else if (*head != KEYTAB_NIL && step == KEYTAB_RECORD)
        __builtin_prefetch(keytab_cell(t, *head), 1);
    else if (*head != KEYTAB_NIL)
        expect_chain(t, key, *head);
}

static void
order_unlink(struct keytab *t, uint32_t i)
{
    struct keytab_cell *c = keytab_cell(t, i);

    if (c->older != KEYTAB_NIL)
        keytab_cell(t, c->older)->newer = c->newer;
    else
        t->oldest = c->newer;
    if (c->newer != KEYTAB_NIL)
        keytab_cell(t, c->newer)->older = c->older;
    else
        t->newest = c->older;
}

static void
order_append(struct keytab *t, uint32_t i)
{
    struct keytab_cell *c = keytab_cell(t, i);

    c->older = t->newest;
    c->newer = KEYTAB_NIL;
    if (t->newest != KEYTAB_NIL)
        keytab_cell(t, t->newest)->newer = i;
    else
        t->oldest = i;
    t->newest = i;
}

void
keytab_unlink(struct keytab *t, uint32_t i)
{
    struct keytab_cell *c = keytab_cell(t, i);
    uint32_t *at = &t->heads[bucket_of(t, c->key)];

    while (*at != i)
        at = &keytab_cell(t, *at)->chain;
    *at = c->chain;
    order_unlink(t, i);
    mark(t, i);
    if (t->o.drop != NULL)
        t->o.drop(keytab_payload(c));
    c->used = 0;
    c->chain = t->free_list;
    t->free_list = i;
    t->count--;
}

/* Twice the buckets once there are more records than buckets, or than a quarter of them; without memory
 * chains get longer. */
static void
spread(struct keytab *t)
{
    unsigned bits = t->head_bits + 1;
    uint32_t *heads;

    if ((uint64_t)t->count << (t->o.roomy ? 2 : 0) <= UINT64_C(1) << t->head_bits || bits > 28)
        return;
    heads = malloc(sizeof *heads << bits);
    if (heads == NULL)
        return;
    memset(heads, 0xff, sizeof *heads << bits);
    free(t->heads);
    t->heads = heads;
    t->head_bits = bits;
    for (uint32_t i = t->oldest; i != KEYTAB_NIL; i = keytab_cell(t, i)->newer) {
        struct keytab_cell *c = keytab_cell(t, i);
        uint32_t b = bucket_of(t, c->key);

        c->chain = heads[b];
        heads[b] = i;
    }
}

static bool
grow(struct keytab *t)
{
    size_t room = t->room == 0 ? CELLS_FIRST : (size_t)t->room * 2;
    uint8_t *grown;

    if (room > t->o.cells_max)
        room = t->o.cells_max;
    grown = realloc(t->cells, room * t->stride);
    if (grown == NULL)
        return false;
    t->cells = grown;
    t->room = (uint32_t)room;
    return true;
}

struct rank {
    uint64_t seq, key;
    uint32_t i;
};

static int
rank_cmp(const void *a, const void *b)
{
    const struct rank *x = a, *y = b;

    if (x->seq != y->seq)
        return x->seq < y->seq ? -1 : 1;
    return x->key < y->key ? -1 : x->key > y->key;
}

/* Puts all records into the order of their touches. Without memory any order will do for now: false. */
static bool
order_sort(struct keytab *t)
{
    struct rank *ranks = malloc(sizeof *ranks * (t->count > 0 ? t->count : 1));
    uint32_t n = 0;

    if (ranks == NULL)
        return false;
    for (uint32_t i = t->oldest; i != KEYTAB_NIL; i = keytab_cell(t, i)->newer)
        ranks[n++] = (struct rank){keytab_cell(t, i)->seq, keytab_cell(t, i)->key, i};
    qsort(ranks, n, sizeof *ranks, rank_cmp);
    t->oldest = t->newest = KEYTAB_NIL;
    for (uint32_t k = 0; k < n; k++)
        order_append(t, ranks[k].i);
    free(ranks);
    return true;
}

/* From now on the order is kept. */
static void
order_need(struct keytab *t)
{
    if (!t->ordered)
        t->ordered = order_sort(t);
}

/* The oldest leaves. Where one goes the next ones will follow: sends for what that takes. */
static void
evict(struct keytab *t)
{
    const struct keytab_cell *next;

    order_need(t);
    t->evicted++;
    keytab_unlink(t, t->oldest);
    if (t->oldest == KEYTAB_NIL)
        return;
    next = keytab_cell(t, t->oldest);
    __builtin_prefetch(&t->heads[bucket_of(t, next->key)], 1);
    if (next->newer != KEYTAB_NIL)
        __builtin_prefetch(keytab_cell(t, next->newer), 1);
}

/* A place for one more record, making room by eviction; KEYTAB_NIL without memory. */
static uint32_t
place(struct keytab *t)
{
    uint32_t i;

    if (t->count >= t->o.cells_max)
        evict(t);
    i = t->free_list;
    if (i != KEYTAB_NIL) {
        t->free_list = keytab_cell(t, i)->chain;
        return i;
    }
    if (t->top == t->room && !grow(t))
        return KEYTAB_NIL;
    return t->top++;
}

/* A chain that is far too long loses its oldest: lookups stay bounded whoever picks the keys. Not
 * where rows come back: a half restored table has few buckets, and its chains are long for a while. */
static void
trim_chain(struct keytab *t, uint64_t key)
{
    uint32_t i = t->heads[bucket_of(t, key)], worst = i;
    unsigned length = 0;

    for (; i != KEYTAB_NIL; i = keytab_cell(t, i)->chain, length++)
        if (keytab_cell(t, i)->seq < keytab_cell(t, worst)->seq)
            worst = i;
    if (length < KEYTAB_CHAIN_MAX)
        return;
    t->evicted++;
    keytab_unlink(t, worst);
}

/* Puts a record into a free place. */
static void
fill(struct keytab *t, uint32_t i, uint64_t key, uint64_t seq)
{
    struct keytab_cell *c = keytab_cell(t, i);
    uint32_t b = bucket_of(t, key);

    memset(c, 0, t->stride);
    c->key = key;
    c->seq = seq;
    c->used = 1;
    c->chain = t->heads[b];
    t->heads[b] = i;
    order_append(t, i);
    t->count++;
    spread(t);
}

uint32_t
keytab_insert(struct keytab *t, uint64_t key, uint64_t seq)
{
    uint32_t i = place(t);

    if (i != KEYTAB_NIL)
        fill(t, i, key, seq);
    return i;
}

uint32_t
keytab_insert_at(struct keytab *t, uint32_t i, uint64_t key, uint64_t seq)
{
    if (i >= t->o.cells_max || (i < t->top && keytab_cell(t, i)->used))
        return KEYTAB_NIL;
    while (i >= t->room)
        if (!grow(t))
            return KEYTAB_NIL;
    for (; t->top <= i; t->top++)
        keytab_cell(t, t->top)->used = 0;
    fill(t, i, key, seq);
    return i;
}

/* Puts restored records back into the order of their touches, and finds the places between them. */
static void
settle(struct keytab *t)
{
    if (!t->unsorted || t->count == 0)
        return;
    if (!order_sort(t))
        return; /* tried again at the next touch */
    t->free_list = KEYTAB_NIL;
    for (uint32_t i = t->top; i-- > 0;) {
        if (keytab_cell(t, i)->used)
            continue;
        keytab_cell(t, i)->chain = t->free_list;
        t->free_list = i;
    }
    t->unsorted = false;
}

const void *
keytab_find(const struct keytab *t, uint64_t key)
{
    uint32_t i = keytab_index(t, key);

    return i != KEYTAB_NIL ? keytab_payload(keytab_cell(t, i)) : NULL;
}

void *
keytab_touch(struct keytab *t, uint64_t key, bool *fresh)
{
    uint32_t i;

    if (t->unsorted)
        settle(t);
    i = keytab_index(t, key);
    if (fresh != NULL)
        *fresh = i == KEYTAB_NIL;
    if (i == KEYTAB_NIL) {
        trim_chain(t, key);
        i = keytab_insert(t, key, ++t->seq);
        if (i == KEYTAB_NIL)
            return NULL;
    } else if (t->seq - keytab_cell(t, i)->seq > t->o.cells_max / 16) {
        if (t->ordered) {
            order_unlink(t, i);
            order_append(t, i);
        }
        keytab_cell(t, i)->seq = ++t->seq;
    }
    mark(t, i);
    return keytab_payload(keytab_cell(t, i));
}

void *
keytab_change(struct keytab *t, uint64_t key)
{
    uint32_t i = keytab_index(t, key);

    if (i == KEYTAB_NIL)
        return NULL;
    mark(t, i);
    return keytab_payload(keytab_cell(t, i));
}

void
keytab_remove(struct keytab *t, uint64_t key)
{
    uint32_t i = keytab_index(t, key);

    if (i != KEYTAB_NIL)
        keytab_unlink(t, i);
}

const void *
keytab_oldest(struct keytab *t, uint64_t *key)
{
    if (t->unsorted)
        settle(t);
    order_need(t);
    if (t->oldest == KEYTAB_NIL)
        return NULL;
    *key = keytab_cell(t, t->oldest)->key;
    return keytab_payload(keytab_cell(t, t->oldest));
}

size_t
keytab_keys(struct keytab *t, uint64_t *out, size_t max)
{
    size_t n = 0;

    if (t->unsorted)
        settle(t);
    order_need(t);
    for (uint32_t i = t->oldest; i != KEYTAB_NIL && n < max; i = keytab_cell(t, i)->newer)
        out[n++] = keytab_cell(t, i)->key;
    return n;
}

size_t
keytab_count(const struct keytab *t)
{
    return t->count;
}

uint64_t
keytab_evicted(const struct keytab *t)
{
    return t->evicted;
}
