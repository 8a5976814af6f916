/* SPDX-License-Identifier: Apache-2.0 */
/* keyed: chained hash index over an array of entries, with a list in order of use. */
#include "agent/detect/keyed.h"

#include <stdlib.h>
#include <string.h>

#include "common/str.h"

#define NOWHERE UINT32_MAX

struct entry {
    uint64_t used; /* rising; the order of use across restarts */
    uint32_t chain, older, newer;
    uint32_t hash; /* of the key, in this process */
    uint8_t len;
    bool changed, stored;
    uint8_t key[KEYED_KEY_MAX];
};

struct gone {
    uint8_t len;
    uint8_t key[KEYED_KEY_MAX];
};

_Static_assert(sizeof(struct entry) + sizeof(struct gone) + 2 * sizeof(uint32_t) +
                       sizeof(uint64_t) <=
                   KEYED_OWN_BYTES,
               "the memory of tables is promised");

struct keyed {
    struct hash_key hash;
    size_t cap, value_size, count, buckets;
    uint64_t use, evicted;
    uint32_t oldest, newest, unused; /* unused: free entries, chained */
    uint32_t fresh;                  /* entries from here on were never used, nor touched */
    uint32_t *bucket;
    struct entry *entry;
    uint8_t *values;
    struct gone *gone; /* stored rows whose entry has left; at most one for each stored entry */
    size_t gone_count;
};

enum vg_err
keyed_new(size_t cap, size_t value_size, struct keyed **out)
{
    struct keyed *t = calloc(1, sizeof(*t));

    if (t == NULL)
        return VG_ERR_NOMEM;
    t->cap = cap;
    t->value_size = (value_size + 7) & ~(size_t)7;
    t->buckets = 16;
    while (t->buckets < cap)
        t->buckets *= 2;
    t->bucket = malloc(t->buckets * sizeof(t->bucket[0]));
    t->entry = calloc(cap, sizeof(t->entry[0]));
    t->values = calloc(cap, t->value_size);
    t->gone = calloc(cap, sizeof(t->gone[0]));
    if (t->bucket == NULL || t->entry == NULL || t->values == NULL || t->gone == NULL) {
        keyed_free(t);
        return VG_ERR_NOMEM;
    }
    t->hash = STR_HASH_STORED;
    t->hash.k0 ^= (uint64_t)(uintptr_t)t; /* differs with the address layout of each process */
    t->oldest = t->newest = NOWHERE;
    for (size_t i = 0; i < t->buckets; i++)
        t->bucket[i] = NOWHERE;
    t->unused = NOWHERE;
    *out = t;
    return VG_OK;
}

void
keyed_free(struct keyed *table)
{
    if (table == NULL)
        return;
    free(table->bucket);
    free(table->entry);
    free(table->values);
    free(table->gone);
    free(table);
}

static uint32_t
hash_of(const struct keyed *t, const void *key, size_t len)
{
    return (uint32_t)str_hash(&t->hash, key, len);
}

static uint32_t *
bucket_of(const struct keyed *t, uint32_t hash)
{
    return &t->bucket[hash & (t->buckets - 1)];
}

static uint32_t
find_hashed(const struct keyed *t, uint32_t hash, const void *key, size_t len)
{
    uint32_t at = *bucket_of(t, hash);

    while (at != NOWHERE && (t->entry[at].hash != hash || t->entry[at].len != len ||
                             memcmp(t->entry[at].key, key, len) != 0))
        at = t->entry[at].chain;
    return at;
}

static uint32_t
find(const struct keyed *t, const void *key, size_t len)
{
    return find_hashed(t, hash_of(t, key, len), key, len);
}

static void *
value_of(const struct keyed *t, uint32_t at)
{
    return t->values + (size_t)at * t->value_size;
}

static void
unlink_use(struct keyed *t, uint32_t at)
{
    struct entry *e = &t->entry[at];

    if (e->older != NOWHERE)
        t->entry[e->older].newer = e->newer;
    else
        t->oldest = e->newer;
    if (e->newer != NOWHERE)
        t->entry[e->newer].older = e->older;
    else
        t->newest = e->older;
}

/* Puts the entry where its `used` belongs: at the end, except while rows are being loaded. */
static void
link_use(struct keyed *t, uint32_t at)
{
    struct entry *e = &t->entry[at];
    uint32_t older = t->newest;

    while (older != NOWHERE && t->entry[older].used > e->used)
        older = t->entry[older].older;
    e->older = older;
    e->newer = older != NOWHERE ? t->entry[older].newer : t->oldest;
    if (older != NOWHERE)
        t->entry[older].newer = at;
    else
        t->oldest = at;
    if (e->newer != NOWHERE)
        t->entry[e->newer].older = at;
    else
        t->newest = at;
}

static void
drop(struct keyed *t, uint32_t at)
{
    struct entry *e = &t->entry[at];
    uint32_t *link = bucket_of(t, e->hash);

    while (*link != at)
        link = &t->entry[*link].chain;
    *link = e->chain;
    unlink_use(t, at);
    if (e->stored && t->gone_count < t->cap) {
        struct gone *g = &t->gone[t->gone_count++];

        g->len = e->len;
        memcpy(g->key, e->key, e->len);
    }
    memset(value_of(t, at), 0, t->value_size);
    memset(e, 0, sizeof(*e));
    e->chain = t->unused;
    t->unused = at;
    t->count--;
}

static uint32_t
make(struct keyed *t, uint32_t hash, const void *key, size_t len, uint64_t used)
{
    uint32_t at, *bucket;
    struct entry *e;

    if (t->count == t->cap) {
        t->evicted++;
        drop(t, t->oldest);
    }
    at = t->unused != NOWHERE ? t->unused : t->fresh++;
    e = &t->entry[at];
    if (at == t->unused)
        t->unused = e->chain;
    bucket = bucket_of(t, hash);
    e->hash = hash;
    e->chain = *bucket;
    *bucket = at;
    e->len = (uint8_t)len;
    memcpy(e->key, key, len);
    e->used = used;
    link_use(t, at);
    t->count++;
    return at;
}

void *
keyed_find(const struct keyed *table, const void *key, size_t len)
{
    uint32_t at = find(table, key, len);

    return at != NOWHERE ? value_of(table, at) : NULL;
}

void *
keyed_use(struct keyed *table, const void *key, size_t len, bool *made)
{
    uint32_t at, hash;

    if (len > KEYED_KEY_MAX)
        len = KEYED_KEY_MAX;
    hash = hash_of(table, key, len);
    at = find_hashed(table, hash, key, len);
    if (made != NULL)
        *made = at == NOWHERE;
    if (at == NOWHERE) {
        at = make(table, hash, key, len, ++table->use);
    } else if (table->newest != at) {
        unlink_use(table, at);
        table->entry[at].used = ++table->use;
        link_use(table, at);
    }
    table->entry[at].changed = true;
    return value_of(table, at);
}

void
keyed_drop(struct keyed *table, const void *key, size_t len)
{
    uint32_t at = find(table, key, len);

    if (at != NOWHERE)
        drop(table, at);
}

size_t
keyed_count(const struct keyed *table)
{
    return table->count;
}

uint64_t
keyed_evicted(const struct keyed *table)
{
    return table->evicted;
}

void *
keyed_walk(const struct keyed *table, const void **cursor, struct slice *key)
{
    const struct entry *e = *cursor;
    uint32_t at = e == NULL ? table->oldest : e->newer;

    if (at == NOWHERE)
        return NULL;
    *cursor = e = &table->entry[at];
    *key = slice_of(e->key, e->len);
    return value_of(table, at);
}

static struct slice
row_key(uint8_t out[KEYED_KEY_MAX + 1], char prefix, const uint8_t *key, size_t len)
{
    out[0] = (uint8_t)prefix;
    memcpy(out + 1, key, len);
    return slice_of(out, len + 1);
}

void
keyed_save(struct keyed *table, struct state_out *out, char prefix, uint16_t version,
           keyed_encode encode)
{
    uint8_t key[KEYED_KEY_MAX + 1];
    struct buf blob;

    for (size_t i = 0; i < table->gone_count; i++) {
        const struct gone *g = &table->gone[i];

        if (find(table, g->key, g->len) == NOWHERE)
            state_remove(out, row_key(key, prefix, g->key, g->len));
    }
    table->gone_count = 0;
    buf_init(&blob, STATE_BLOB_MAX);
    for (uint32_t at = table->oldest; at != NOWHERE; at = table->entry[at].newer) {
        struct entry *e = &table->entry[at];

        if (!e->changed)
            continue;
        buf_clear(&blob);
        buf_put_be64(&blob, e->used);
        encode(value_of(table, at), &blob);
        if (blob.bad)
            continue; /* stays changed: tried again at the next save */
        state_put(out, row_key(key, prefix, e->key, e->len), version, buf_slice(&blob));
        e->changed = false;
        e->stored = true;
    }
    buf_done(&blob);
}

enum vg_err
keyed_load(struct keyed *table, struct slice key, struct slice blob, keyed_decode decode)
{
    size_t len = key.left;
    const uint8_t *k = slice_take(&key, len);
    uint64_t used = slice_be64(&blob);
    uint32_t at;

    if (k == NULL || len > KEYED_KEY_MAX || find(table, k, len) != NOWHERE ||
        table->count == table->cap)
        return VG_ERR_FORMAT;
    at = make(table, hash_of(table, k, len), k, len, used);
    decode(value_of(table, at), &blob);
    if (blob.bad || blob.left != 0) {
        drop(table, at);
        return VG_ERR_FORMAT;
    }
    table->entry[at].stored = true;
    if (used > table->use)
        table->use = used;
    return VG_OK;
}
