/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/seen.h"

#include <stdlib.h>

enum { TABLE_START = 4096, VERSION = 1 };
/* An entry of the table: where its digest stands among the slots of chunks, + 1, and some of its bits. */
enum { PLACE_BITS = 21, TAG_SHIFT = 64 - (32 - PLACE_BITS) };
_Static_assert((SEEN_CHUNKS + 1) * SEEN_CHUNK < 1 << PLACE_BITS, "a place has room in an entry");

struct chunk {
    uint32_t number, count, slot;
    uint64_t digest[SEEN_CHUNK];
};

struct seen {
    struct hash_key key;
    uint32_t *table; /* open addressing, 0 is empty */
    size_t room, used;
    struct chunk *chunk[SEEN_CHUNKS + 1]; /* oldest first; while loading in any order */
    struct chunk *slot[SEEN_CHUNKS + 1];  /* the same, each where it was put first */
    size_t chunks;
    size_t dirty; /* chunks from this index on have changed since the last save */
    uint32_t forgotten[SEEN_CHUNKS];
    size_t forgotten_count;
};

enum vg_err
seen_new(const struct hash_key *key, struct seen **out)
{
    struct seen *s = calloc(1, sizeof *s);

    if (s == NULL)
        return VG_ERR_NOMEM;
    s->table = calloc(TABLE_START, sizeof *s->table);
    if (s->table == NULL) {
        free(s);
        return VG_ERR_NOMEM;
    }
    s->room = TABLE_START;
    s->key = *key;
    *out = s;
    return VG_OK;
}

void
seen_free(struct seen *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->chunks; i++)
        free(s->chunk[i]);
    free(s->table);
    free(s);
}

/* ---- the table ---- */

static uint64_t
digest_of(const struct seen *s, uint32_t entry)
{
    uint32_t place = (entry & ((1U << PLACE_BITS) - 1)) - 1;

    return s->slot[place / SEEN_CHUNK]->digest[place % SEEN_CHUNK];
}

static uint32_t
entry_of(const struct chunk *c, size_t i)
{
    uint32_t place = c->slot * SEEN_CHUNK + (uint32_t)i + 1;

    return (uint32_t)(c->digest[i] >> TAG_SHIFT) << PLACE_BITS | place;
}

/* Where the digest is, or the hole where it would be. */
static size_t
place_of(const struct seen *s, uint64_t digest)
{
    size_t at = (size_t)digest & (s->room - 1);
    uint32_t tag = (uint32_t)(digest >> TAG_SHIFT);

    while (s->table[at] != 0 &&
           (s->table[at] >> PLACE_BITS != tag || digest_of(s, s->table[at]) != digest))
        at = (at + 1) & (s->room - 1);
    return at;
}

static enum vg_err
table_grow(struct seen *s)
{
    uint32_t *old = s->table, *grown = calloc(s->room * 2, sizeof *grown);
    size_t room = s->room;

    if (grown == NULL)
        return VG_ERR_NOMEM;
    s->table = grown;
    s->room *= 2;
    for (size_t i = 0; i < room; i++)
        if (old[i] != 0)
            s->table[place_of(s, digest_of(s, old[i]))] = old[i];
    free(old);
    return VG_OK;
}

/* Takes one out and moves those behind it that would no longer be found. */
static void
table_remove(struct seen *s, uint64_t digest)
{
    size_t mask = s->room - 1, hole = place_of(s, digest), at = hole;

    if (s->table[hole] == 0)
        return;
    for (;;) {
        size_t home;

        s->table[hole] = 0;
        do {
            at = (at + 1) & mask;
            if (s->table[at] == 0) {
                s->used--;
                return;
            }
            home = (size_t)digest_of(s, s->table[at]) & mask;
        } while (hole <= at ? hole < home && home <= at : hole < home || home <= at);
        s->table[hole] = s->table[at];
        hole = at;
    }
}

/* ---- chunks ---- */

static void
chunk_forget(struct seen *s)
{
    struct chunk *oldest = s->chunk[0];

    for (size_t i = 0; i < oldest->count; i++)
        table_remove(s, oldest->digest[i]);
    s->slot[oldest->slot] = NULL;
    if (s->forgotten_count < SEEN_CHUNKS)
        s->forgotten[s->forgotten_count++] = oldest->number;
    free(oldest);
    s->chunks--;
    memmove(s->chunk, s->chunk + 1, s->chunks * sizeof s->chunk[0]);
    s->dirty -= s->dirty > 0;
}

/* Into the first free slot: there is one more than SEEN_CHUNKS. */
static void
chunk_place(struct seen *s, struct chunk *c)
{
    while (s->slot[c->slot] != NULL)
        c->slot++;
    s->slot[c->slot] = c;
}

static enum vg_err
chunk_add(struct seen *s)
{
    struct chunk *c = calloc(1, sizeof *c);

    if (c == NULL)
        return VG_ERR_NOMEM;
    c->number = s->chunks > 0 ? s->chunk[s->chunks - 1]->number + 1 : 1;
    s->chunk[s->chunks++] = c;
    chunk_place(s, c);
    if (s->chunks > SEEN_CHUNKS)
        chunk_forget(s);
    return VG_OK;
}

void
seen_expect(const struct seen *s, uint64_t digest)
{
    __builtin_prefetch(&s->table[digest & (s->room - 1)], 1);
}

enum vg_err
seen_before(struct seen *s, uint64_t digest, bool *before)
{
    struct chunk *last;
    size_t at;
    enum vg_err err;

    if (digest == 0)
        digest = 1;
    at = place_of(s, digest);
    *before = s->table[at] != 0;
    if (*before)
        return VG_OK;
    last = s->chunks > 0 ? s->chunk[s->chunks - 1] : NULL;
    if (last == NULL || last->count == SEEN_CHUNK) {
        err = chunk_add(s);
        if (err != VG_OK)
            return err;
        last = s->chunk[s->chunks - 1];
    }
    if (s->used * 2 >= s->room) {
        err = table_grow(s);
        if (err != VG_OK)
            return err;
    }
    at = place_of(s, digest);
    last->digest[last->count] = digest;
    s->table[at] = entry_of(last, last->count++);
    s->used++;
    if (s->dirty > s->chunks - 1)
        s->dirty = s->chunks - 1;
    return VG_OK;
}

/* ---- digests ---- */

enum { DIGEST_TEXT = 2048 };

struct digest_text {
    uint8_t bytes[DIGEST_TEXT];
    size_t len;
};

static void
add(struct digest_text *d, const void *bytes, size_t n)
{
    if (n > DIGEST_TEXT - 1 - d->len)
        n = DIGEST_TEXT - 1 - d->len;
    if (n > 0) /* an absent text may be NULL */
        memcpy(d->bytes + d->len, bytes, n);
    d->len += n;
    d->bytes[d->len++] = 0;
    if (d->len == DIGEST_TEXT)
        d->len--;
}

uint64_t
seen_id(const struct seen *s, const char *family, const struct txn_view *t)
{
    struct digest_text d;
    const uint8_t sort[3] = {'i', (uint8_t)t->kind, t->outcome == TXN_PENDING};

    d.len = 0;
    add(&d, sort, sizeof sort);
    add(&d, family, strlen(family));
    add(&d, t->id.at, t->id.len);
    if (t->original.len > 0 && str_eq(t->original, t->id)) {
        add(&d, &t->time_ns, sizeof t->time_ns);
        add(&d, &t->amount, sizeof t->amount);
    }
    return str_hash(&s->key, d.bytes, d.len);
}

static uint64_t
content_digest(const struct seen *s, const char *family, const struct txn_view *t)
{
    const struct str texts[] = {t->card,     t->customer, t->terminal, t->order,
                                t->original, t->employee, t->email,    t->account};
    const uint8_t sort[3] = {'c', (uint8_t)t->kind, (uint8_t)t->outcome};
    struct digest_text d;

    d.len = 0;
    add(&d, sort, sizeof sort);
    add(&d, &t->time_ns, sizeof t->time_ns);
    add(&d, &t->amount, sizeof t->amount);
    add(&d, t->currency, strlen(t->currency));
    add(&d, t->last4, strlen(t->last4));
    add(&d, family, strlen(family));
    for (size_t i = 0; i < VG_ARRAY_LEN(texts); i++)
        add(&d, texts[i].at, texts[i].len);
    return str_hash(&s->key, d.bytes, d.len);
}

uint64_t
seen_content(const struct seen *s, const char *family, const struct txn_view *t,
             struct seen_recent *recent)
{
    uint64_t digest = content_digest(s, family, t);
    unsigned at = 0;

    while (at < SEEN_RECENT && recent->digest[at] != digest)
        at++;
    if (at == SEEN_RECENT) {
        at = recent->next;
        recent->next = (recent->next + 1) % SEEN_RECENT;
        recent->digest[at] = digest;
        recent->times[at] = 0;
    }
    if (recent->times[at] < UINT16_MAX)
        recent->times[at]++;
    return digest + recent->times[at] * UINT64_C(0x9e3779b97f4a7c15);
}

/* ---- rows ---- */

static void
key_put(uint32_t number, uint8_t key[4])
{
    for (int i = 0; i < 4; i++)
        key[i] = (uint8_t)(number >> (24 - 8 * i));
}

void
seen_save(struct seen *s, const struct sink *sink)
{
    struct buf blob;
    uint8_t key[4];

    buf_init(&blob, SEEN_CHUNK * 8);
    for (size_t i = 0; i < s->forgotten_count; i++) {
        key_put(s->forgotten[i], key);
        sink->ops->state(sink->ctx, SEEN_STATE_NAME, slice_of(key, sizeof key), 0,
                         slice_of(NULL, 0));
    }
    for (size_t i = s->dirty; i < s->chunks; i++) {
        buf_clear(&blob);
        for (size_t k = 0; k < s->chunk[i]->count; k++)
            buf_put_be64(&blob, s->chunk[i]->digest[k]);
        key_put(s->chunk[i]->number, key);
        sink->ops->state(sink->ctx, SEEN_STATE_NAME, slice_of(key, sizeof key), VERSION,
                         buf_slice(&blob));
    }
    buf_done(&blob);
    s->forgotten_count = 0;
    s->dirty = s->chunks;
}

enum vg_err
seen_load(struct seen *s, struct slice key, uint16_t version, struct slice blob)
{
    uint32_t number = slice_be32(&key);
    struct chunk *c;

    if (version != VERSION || key.bad || key.left > 0 || blob.left % 8 != 0 ||
        blob.left > SEEN_CHUNK * 8 || number == 0)
        return VG_ERR_FORMAT;
    if (s->chunks >= SEEN_CHUNKS)
        return VG_ERR_LIMIT;
    c = calloc(1, sizeof *c);
    if (c == NULL)
        return VG_ERR_NOMEM;
    c->number = number;
    while (blob.left > 0)
        c->digest[c->count++] = slice_be64(&blob);
    s->chunk[s->chunks++] = c;
    chunk_place(s, c);
    return VG_OK;
}

static int
by_number(const void *a, const void *b)
{
    const struct chunk *x = *(struct chunk *const *)a, *y = *(struct chunk *const *)b;

    return (x->number > y->number) - (x->number < y->number);
}

enum vg_err
seen_loaded(struct seen *s)
{
    if (s->chunks > 1)
        qsort(s->chunk, s->chunks, sizeof s->chunk[0], by_number);
    for (size_t i = 0; i < s->chunks; i++) {
        for (size_t k = 0; k < s->chunk[i]->count; k++) {
            uint64_t digest = s->chunk[i]->digest[k];
            size_t at;

            if (s->used * 2 >= s->room && table_grow(s) != VG_OK)
                return VG_ERR_NOMEM;
            at = place_of(s, digest);
            if (digest == 0 || s->table[at] != 0)
                continue; /* damage: twice in the rows */
            s->table[at] = entry_of(s->chunk[i], k);
            s->used++;
        }
    }
    s->dirty = s->chunks;
    return VG_OK;
}

size_t
seen_count(const struct seen *s)
{
    return s->used;
}
