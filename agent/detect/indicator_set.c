/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/indicator_set.h"

#include <stdlib.h>

enum { BUCKET_ENTRIES = 8, BITS_MAX = 24, GROWTH = 1024 };

struct entry {
    uint64_t hash;
    uint8_t list;
};

struct indicator_set {
    size_t max, refused;
    struct entry *fresh; /* while it is being built */
    size_t fresh_count, fresh_room;
    unsigned bits;
    size_t count;
    uint32_t *bucket; /* 2^bits + 1: where each begins */
    uint32_t *rest;
    uint8_t *list;
};

uint64_t
indicator_hash(enum indicator_kind kind, const void *bytes, size_t len)
{
    uint64_t pair[2] = {(uint64_t)kind, str_hash(&STR_HASH_STORED, bytes, len)};

    return str_hash(&STR_HASH_STORED, pair, sizeof(pair));
}

enum vg_err
indicator_set_new(size_t entries_max, struct indicator_set **out)
{
    struct indicator_set *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return VG_ERR_NOMEM;
    s->max = entries_max;
    *out = s;
    return VG_OK;
}

void
indicator_set_free(struct indicator_set *s)
{
    if (s == NULL)
        return;
    free(s->fresh);
    free(s->bucket);
    free(s->rest);
    free(s->list);
    free(s);
}

enum vg_err
indicator_set_add(struct indicator_set *s, uint64_t hash, uint8_t list)
{
    if (s->fresh_count == s->max) {
        s->refused++;
        return VG_OK;
    }
    if (s->fresh_count == s->fresh_room) {
        size_t room = s->fresh_room > 0 ? 2 * s->fresh_room : GROWTH;
        struct entry *more;

        room = room < s->max ? room : s->max;
        more = realloc(s->fresh, room * sizeof(*more));
        if (more == NULL)
            return VG_ERR_NOMEM;
        s->fresh = more;
        s->fresh_room = room;
    }
    s->fresh[s->fresh_count++] = (struct entry){hash, list};
    return VG_OK;
}

static int
by_hash(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return (int)x->list - (int)y->list;
}

static size_t
bucket_of(const struct indicator_set *s, uint64_t hash)
{
    return s->bits > 0 ? (size_t)(hash >> (64 - s->bits)) : 0;
}

static uint32_t
rest_of(const struct indicator_set *s, uint64_t hash)
{
    return (uint32_t)(hash >> (32 - s->bits) & UINT32_MAX);
}

static void
fill(struct indicator_set *s)
{
    size_t bucket = 0;

    for (size_t i = 0; i < s->fresh_count; i++) {
        const struct entry *e = &s->fresh[i];

        if (i > 0 && e->hash == s->fresh[i - 1].hash)
            continue;
        while (bucket <= bucket_of(s, e->hash))
            s->bucket[bucket++] = (uint32_t)s->count;
        s->rest[s->count] = rest_of(s, e->hash);
        s->list[s->count++] = e->list;
    }
    while (bucket <= (size_t)1 << s->bits)
        s->bucket[bucket++] = (uint32_t)s->count;
}

enum vg_err
indicator_set_finish(struct indicator_set *s)
{
    if (s->fresh_count > 1)
        qsort(s->fresh, s->fresh_count, sizeof(s->fresh[0]), by_hash);
    while (s->bits < BITS_MAX && s->fresh_count >> s->bits > BUCKET_ENTRIES)
        s->bits++;
    s->bucket = malloc((((size_t)1 << s->bits) + 1) * sizeof(s->bucket[0]));
    s->rest = malloc((s->fresh_count + 1) * sizeof(s->rest[0]));
    s->list = malloc(s->fresh_count + 1);
    if (s->bucket == NULL || s->rest == NULL || s->list == NULL)
        return VG_ERR_NOMEM;
    fill(s);
    free(s->fresh);
    s->fresh = NULL;
    s->fresh_count = s->fresh_room = 0;
    return VG_OK;
}

int
indicator_set_find(const struct indicator_set *s, uint64_t hash)
{
    size_t bucket = bucket_of(s, hash);
    uint32_t rest = rest_of(s, hash);

    for (uint32_t i = s->bucket[bucket]; i < s->bucket[bucket + 1]; i++) {
        if (s->rest[i] == rest)
            return s->list[i];
    }
    return -1;
}

size_t
indicator_set_count(const struct indicator_set *s)
{
    return s->count;
}

size_t
indicator_set_refused(const struct indicator_set *s)
{
    return s->refused;
}

size_t
indicator_set_bytes(const struct indicator_set *s)
{
    return sizeof(*s) + (((size_t)1 << s->bits) + 1) * sizeof(s->bucket[0]) +
           s->count * (sizeof(s->rest[0]) + sizeof(s->list[0]));
}
