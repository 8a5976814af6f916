/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/keytab.h"

#include <stdlib.h>
#include <string.h>

#include "agent/detect/codec.h"

#define NIL UINT32_MAX
enum { CELLS_FIRST = 64, ROW_CLOCK = 0xffff, PLACES_PER_ROW = 64 };

struct cell {
    uint64_t key, seq;
    uint32_t chain, older, newer; /* chain: also the free list */
    uint32_t used;
};

struct keytab {
    struct keytab_options o;
    size_t stride;
    uint8_t *cells;
    uint32_t room, top, count; /* allocated, ever used, live */
    uint32_t free_list;
    uint32_t *heads;
    unsigned head_bits;
    uint32_t oldest, newest;
    uint64_t seq;
    uint64_t evicted;
    bool unsorted; /* rows came back in any order */
    uint64_t dirty[(1 << KEYTAB_ROW_BITS_MAX) / 64];
};

static struct cell *
cell_at(const struct keytab *t, uint32_t i)
{
    return (struct cell *)(void *)(t->cells + (size_t)i * t->stride);
}

static void *
payload(struct cell *c)
{
    return c + 1;
}

/* Buckets go by the key's top bits, so that a row is a range of buckets at every size. */
static uint32_t
bucket_of(const struct keytab *t, uint64_t key)
{
    return (uint32_t)(key >> (64 - t->head_bits));
}

static void
mark(struct keytab *t, uint32_t i)
{
    uint64_t row = t->o.by_place ? i / PLACES_PER_ROW : cell_at(t, i)->key >> (64 - t->o.row_bits);

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
    t->stride = (sizeof(struct cell) + options->cell_bytes + 7) & ~(size_t)7;
    t->free_list = t->oldest = t->newest = NIL;
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
    for (uint32_t i = t->oldest; t->o.drop != NULL && i != NIL; i = cell_at(t, i)->newer)
        t->o.drop(payload(cell_at(t, i)));
    free(t->cells);
    free(t->heads);
    free(t);
}

static uint32_t
find(const struct keytab *t, uint64_t key)
{
    uint32_t i = t->heads[bucket_of(t, key)];

    while (i != NIL && cell_at(t, i)->key != key)
        i = cell_at(t, i)->chain;
    return i;
}

void
keytab_expect(const struct keytab *t, uint64_t key)
{
    uint32_t i = t->heads[bucket_of(t, key)];

    if (i != NIL)
        __builtin_prefetch(cell_at(t, i));
}

static void
order_unlink(struct keytab *t, uint32_t i)
{
    struct cell *c = cell_at(t, i);

    if (c->older != NIL)
        cell_at(t, c->older)->newer = c->newer;
    else
        t->oldest = c->newer;
    if (c->newer != NIL)
        cell_at(t, c->newer)->older = c->older;
    else
        t->newest = c->older;
}

static void
order_append(struct keytab *t, uint32_t i)
{
    struct cell *c = cell_at(t, i);

    c->older = t->newest;
    c->newer = NIL;
    if (t->newest != NIL)
        cell_at(t, t->newest)->newer = i;
    else
        t->oldest = i;
    t->newest = i;
}

static void
unlink_cell(struct keytab *t, uint32_t i)
{
    struct cell *c = cell_at(t, i);
    uint32_t *at = &t->heads[bucket_of(t, c->key)];

    while (*at != i)
        at = &cell_at(t, *at)->chain;
    *at = c->chain;
    order_unlink(t, i);
    mark(t, i);
    if (t->o.drop != NULL)
        t->o.drop(payload(c));
    c->used = 0;
    c->chain = t->free_list;
    t->free_list = i;
    t->count--;
}

/* Twice the buckets once there are more records than buckets; without memory chains get longer. */
static void
spread(struct keytab *t)
{
    unsigned bits = t->head_bits + 1;
    uint32_t *heads;

    if (t->count <= (UINT32_C(1) << t->head_bits) || bits > 28)
        return;
    heads = malloc(sizeof *heads << bits);
    if (heads == NULL)
        return;
    memset(heads, 0xff, sizeof *heads << bits);
    free(t->heads);
    t->heads = heads;
    t->head_bits = bits;
    for (uint32_t i = t->oldest; i != NIL; i = cell_at(t, i)->newer) {
        struct cell *c = cell_at(t, i);
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

/* A place for one more record, making room by eviction; NIL without memory. */
static uint32_t
place(struct keytab *t)
{
    uint32_t i;

    if (t->count >= t->o.cells_max) {
        t->evicted++;
        unlink_cell(t, t->oldest);
    }
    i = t->free_list;
    if (i != NIL) {
        t->free_list = cell_at(t, i)->chain;
        return i;
    }
    if (t->top == t->room && !grow(t))
        return NIL;
    return t->top++;
}

/* A chain that is far too long loses its oldest: lookups stay bounded whoever picks the keys. */
static void
trim_chain(struct keytab *t, uint64_t key)
{
    uint32_t i = t->heads[bucket_of(t, key)], worst = i;
    unsigned length = 0;

    for (; i != NIL; i = cell_at(t, i)->chain, length++)
        if (cell_at(t, i)->seq < cell_at(t, worst)->seq)
            worst = i;
    if (length < KEYTAB_CHAIN_MAX)
        return;
    t->evicted++;
    unlink_cell(t, worst);
}

/* Puts a record into a free place. */
static void
fill(struct keytab *t, uint32_t i, uint64_t key, uint64_t seq)
{
    struct cell *c = cell_at(t, i);
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

static uint32_t
insert(struct keytab *t, uint64_t key, uint64_t seq)
{
    uint32_t i;

    trim_chain(t, key);
    i = place(t);
    if (i != NIL)
        fill(t, i, key, seq);
    return i;
}

/* The same into a place of its own, when rows by place come back; NIL without memory or where the
 * place is taken or beyond the table. */
static uint32_t
insert_at(struct keytab *t, uint32_t i, uint64_t key, uint64_t seq)
{
    if (i >= t->o.cells_max || (i < t->top && cell_at(t, i)->used))
        return NIL;
    while (i >= t->room)
        if (!grow(t))
            return NIL;
    for (; t->top <= i; t->top++)
        cell_at(t, t->top)->used = 0;
    fill(t, i, key, seq);
    return i;
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

/* Puts restored records back into the order of their touches, and finds the places between them. */
static void
settle(struct keytab *t)
{
    struct rank *ranks;
    uint32_t n = 0;

    if (!t->unsorted || t->count == 0)
        return;
    ranks = malloc(sizeof *ranks * t->count);
    if (ranks == NULL)
        return; /* any order will do for now; tried again at the next touch */
    for (uint32_t i = t->oldest; i != NIL; i = cell_at(t, i)->newer)
        ranks[n++] = (struct rank){cell_at(t, i)->seq, cell_at(t, i)->key, i};
    qsort(ranks, n, sizeof *ranks, rank_cmp);
    t->oldest = t->newest = NIL;
    for (uint32_t k = 0; k < n; k++)
        order_append(t, ranks[k].i);
    free(ranks);
    t->free_list = NIL;
    for (uint32_t i = t->top; i-- > 0;) {
        if (cell_at(t, i)->used)
            continue;
        cell_at(t, i)->chain = t->free_list;
        t->free_list = i;
    }
    t->unsorted = false;
}

const void *
keytab_find(const struct keytab *t, uint64_t key)
{
    uint32_t i = find(t, key);

    return i != NIL ? payload(cell_at(t, i)) : NULL;
}

void *
keytab_touch(struct keytab *t, uint64_t key, bool *fresh)
{
    uint32_t i;

    if (t->unsorted)
        settle(t);
    i = find(t, key);
    *fresh = i == NIL;
    if (i == NIL) {
        i = insert(t, key, ++t->seq);
        if (i == NIL)
            return NULL;
    } else if (t->seq - cell_at(t, i)->seq > t->o.cells_max / 16) {
        order_unlink(t, i);
        order_append(t, i);
        cell_at(t, i)->seq = ++t->seq;
    }
    mark(t, i);
    return payload(cell_at(t, i));
}

void *
keytab_change(struct keytab *t, uint64_t key)
{
    uint32_t i = find(t, key);

    if (i == NIL)
        return NULL;
    mark(t, i);
    return payload(cell_at(t, i));
}

void
keytab_remove(struct keytab *t, uint64_t key)
{
    uint32_t i = find(t, key);

    if (i != NIL)
        unlink_cell(t, i);
}

const void *
keytab_oldest(struct keytab *t, uint64_t *key)
{
    if (t->unsorted)
        settle(t);
    if (t->oldest == NIL)
        return NULL;
    *key = cell_at(t, t->oldest)->key;
    return payload(cell_at(t, t->oldest));
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

/* ---- rows ---- */

static struct slice
row_key(const struct keytab *t, unsigned row, uint8_t out[3])
{
    out[0] = (uint8_t)t->o.name;
    out[1] = (uint8_t)(row >> 8);
    out[2] = (uint8_t)row;
    return slice_of(out, 3);
}

static void
save_cell(struct keytab *t, uint32_t i, struct buf *buf)
{
    size_t before = buf->len;

    if (t->o.by_place)
        buf_put_u8(buf, (uint8_t)(i % PLACES_PER_ROW));
    buf_put_be64(buf, cell_at(t, i)->key);
    buf_put_be64(buf, cell_at(t, i)->seq);
    t->o.put(payload(cell_at(t, i)), buf);
    if (buf->bad) { /* over the row's size: what fits is kept */
        buf->bad = false;
        buf->len = before;
    }
}

static void
save_row(struct keytab *t, unsigned row, struct buf *buf, const struct state_out *out)
{
    unsigned shift = t->head_bits - t->o.row_bits;
    uint8_t key[3];

    buf_clear(buf);
    if (t->o.by_place) {
        for (uint32_t i = row * PLACES_PER_ROW; i < (row + 1) * PLACES_PER_ROW && i < t->top; i++)
            if (cell_at(t, i)->used)
                save_cell(t, i, buf);
    } else {
        for (uint32_t b = row << shift; b < (row + 1) << shift; b++)
            for (uint32_t i = t->heads[b]; i != NIL; i = cell_at(t, i)->chain)
                save_cell(t, i, buf);
    }
    out->sink->ops->state(out->sink->ctx, out->detector, row_key(t, row, key),
                          buf->len > 0 ? t->o.version : 0, buf_slice(buf));
}

void
keytab_save(struct keytab *t, struct state_out *out)
{
    struct buf buf;
    bool any = false;

    buf_init(&buf, STATE_BLOB_MAX);
    for (unsigned w = 0; w < VG_ARRAY_LEN(t->dirty); w++) {
        uint64_t bits = t->dirty[w];

        t->dirty[w] = 0;
        for (; bits != 0; bits &= bits - 1) {
            save_row(t, w * 64 + (unsigned)__builtin_ctzll(bits), &buf, out);
            any = true;
        }
    }
    if (any) {
        uint8_t key[3];

        buf_clear(&buf);
        buf_put_be64(&buf, t->seq);
        buf_put_be64(&buf, t->evicted);
        out->sink->ops->state(out->sink->ctx, out->detector, row_key(t, ROW_CLOCK, key),
                              t->o.version, buf_slice(&buf));
    }
    buf_done(&buf);
}

void
keytab_save_as(struct keytab *t, const struct sink *sink, const char *owner)
{
    struct state_out out = {.sink = sink, .detector = owner};

    keytab_save(t, &out);
}

bool
keytab_owns(const struct keytab *t, struct slice key)
{
    return key.left == 3 && slice_u8(&key) == (uint8_t)t->o.name;
}

enum vg_err
keytab_load(struct keytab *t, struct slice key, uint16_t version, struct slice blob)
{
    unsigned row;

    slice_skip(&key, 1);
    row = slice_be16(&key);
    if (key.bad || key.left > 0 || version != t->o.version)
        return VG_ERR_FORMAT;
    if (row == ROW_CLOCK) {
        t->seq = slice_be64(&blob);
        t->evicted = slice_be64(&blob);
        return blob.bad ? VG_ERR_FORMAT : VG_OK;
    }
    while (blob.left > 0) {
        uint32_t at = t->o.by_place ? slice_u8(&blob) : 0, i;
        uint64_t cell_key = slice_be64(&blob), seq = slice_be64(&blob);

        if (blob.bad || at >= PLACES_PER_ROW ||
            (!t->o.by_place && cell_key >> (64 - t->o.row_bits) != row))
            return VG_ERR_FORMAT;
        if (find(t, cell_key) != NIL)
            keytab_remove(t, cell_key);
        i = t->o.by_place ? insert_at(t, row * PLACES_PER_ROW + at, cell_key, seq)
                          : insert(t, cell_key, seq);
        if (i == NIL)
            return t->o.by_place ? VG_ERR_FORMAT : VG_ERR_NOMEM;
        t->unsorted = true;
        t->o.get(payload(cell_at(t, i)), &blob);
        if (blob.bad) {
            unlink_cell(t, i);
            return VG_ERR_FORMAT;
        }
        if (seq > t->seq)
            t->seq = seq;
    }
    return VG_OK;
}
