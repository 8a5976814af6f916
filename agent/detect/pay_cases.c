/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/pay_cases.h"

#include <stdlib.h>
#include <string.h>

#include "agent/detect/codec.h"
#include "agent/detect/pay_facet.h"

enum {
    PIECE = 4096, /* cases to an allocation */
    PIECES = PAY_CASES_MAX / PIECE,
    ROWS = PAY_CASES_MAX / PAY_CASES_ROW,
    BUCKETS = 32768,
    ROW_CLOCK = 0xffff,
};
_Static_assert(PAY_CASES_MAX % PIECE == 0 && PIECE % PAY_CASES_ROW == 0, "whole rows and pieces");
_Static_assert(PIECES * sizeof(struct pay_case[PIECE]) + sizeof(uint32_t[BUCKETS][8]) < 13 << 20,
               "12 MiB or so");

struct pay_cases {
    struct pay_case *pieces[PIECES];
    uint64_t kept; /* ever: the next place is this modulo the ring */
    uint64_t lost;
    uint32_t index[BUCKETS][PAY_CASES_BUCKET]; /* places + 1; 0: free */
    bool stale;                                /* rows came back: the index is to be made anew */
    bool clock_changed;
    uint8_t dirty[ROWS / 8];
};

enum vg_err
pay_cases_new(struct pay_cases **out)
{
    struct pay_cases *c = calloc(1, sizeof *c);

    if (c == NULL)
        return VG_ERR_NOMEM;
    *out = c;
    return VG_OK;
}

void
pay_cases_free(struct pay_cases *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < PIECES; i++)
        free(c->pieces[i]);
    free(c);
}

static struct pay_case *
case_at(const struct pay_cases *c, uint32_t place)
{
    return &c->pieces[place / PIECE][place % PIECE];
}

static bool
piece_make(struct pay_cases *c, uint32_t place)
{
    struct pay_case **piece = &c->pieces[place / PIECE];

    if (*piece == NULL)
        *piece = calloc(PIECE, sizeof **piece);
    return *piece != NULL;
}

/* How many cases ago this place was filled. */
static uint64_t
age_of(const struct pay_cases *c, uint32_t place)
{
    return (c->kept + PAY_CASES_MAX - 1 - place) % PAY_CASES_MAX;
}

/* Keys are hashes: their low bits do. */
static uint32_t *
bucket_of(struct pay_cases *c, uint64_t key)
{
    return c->index[key % BUCKETS];
}

/* Into the free entry or that of the oldest, which its place may have left long since. */
static void
index_add(struct pay_cases *c, uint64_t key, uint32_t place)
{
    uint32_t *bucket = bucket_of(c, key), *to = bucket;

    for (unsigned i = 0; i < PAY_CASES_BUCKET && *to != 0; i++)
        if (bucket[i] == 0 || bucket[i] == place + 1 ||
            age_of(c, bucket[i] - 1) > age_of(c, *to - 1))
            to = &bucket[i];
    *to = place + 1;
}

/* The place is about to be filled anew. */
static void
index_drop(struct pay_cases *c, uint64_t key, uint32_t place)
{
    uint32_t *bucket = bucket_of(c, key);

    for (unsigned i = 0; i < PAY_CASES_BUCKET; i++)
        if (bucket[i] == place + 1)
            bucket[i] = 0;
}

/* From the oldest to the newest, so that full buckets hold what they held. */
static void
index_make(struct pay_cases *c)
{
    c->stale = false;
    memset(c->index, 0, sizeof c->index);
    for (uint32_t i = 0; i < PAY_CASES_MAX; i++) {
        uint32_t place = (uint32_t)((c->kept + i) % PAY_CASES_MAX);

        if (c->pieces[place / PIECE] != NULL && case_at(c, place)->key != 0)
            index_add(c, case_at(c, place)->key, place);
    }
}

static void
dirty_set(struct pay_cases *c, uint32_t place)
{
    uint32_t row = place / PAY_CASES_ROW;

    c->dirty[row / 8] = (uint8_t)(c->dirty[row / 8] | 1U << row % 8);
}

void
pay_cases_expect(const void *cases, uint64_t key)
{
    const struct pay_cases *c = cases;
    uint32_t place = (uint32_t)(c->kept % PAY_CASES_MAX);

    __builtin_prefetch(c->index[key % BUCKETS], 1);
    if (c->pieces[place / PIECE] != NULL)
        __builtin_prefetch(c->index[case_at(c, place)->key % BUCKETS], 1);
}

struct pay_case *
pay_cases_keep(struct pay_cases *c, const struct pay_case *from)
{
    uint32_t place = (uint32_t)(c->kept % PAY_CASES_MAX);
    struct pay_case *to;

    if (c->stale)
        index_make(c);
    if (!piece_make(c, place))
        return NULL;
    to = case_at(c, place);
    if (to->key != 0) {
        index_drop(c, to->key, place);
        c->lost++;
    }
    *to = *from;
    c->kept++;
    index_add(c, to->key, place);
    dirty_set(c, place);
    c->clock_changed = true;
    return to;
}

struct pay_case *
pay_cases_change(struct pay_cases *c, uint64_t key)
{
    const uint32_t *bucket;
    uint32_t best = 0;

    if (c->stale)
        index_make(c);
    bucket = bucket_of(c, key);
    for (unsigned i = 0; i < PAY_CASES_BUCKET; i++)
        if (bucket[i] != 0 && case_at(c, bucket[i] - 1)->key == key &&
            (best == 0 || age_of(c, bucket[i] - 1) < age_of(c, best - 1)))
            best = bucket[i];
    if (best == 0)
        return NULL;
    dirty_set(c, best - 1);
    return case_at(c, best - 1);
}

size_t
pay_cases_count(const struct pay_cases *c)
{
    return c->kept < PAY_CASES_MAX ? (size_t)c->kept : PAY_CASES_MAX;
}

uint64_t
pay_cases_lost(const struct pay_cases *c)
{
    return c->lost;
}

/* ---- rows ---- */

static void
case_put(const struct pay_case *c, struct buf *out)
{
    buf_put_be64(out, c->key);
    codec_put_i64(out, c->time_ns);
    buf_put_be64(out, c->card);
    for (unsigned i = 0; i < PAY_CASE_PARTIES; i++)
        buf_put_be64(out, c->party[i]);
    codec_put_f64(out, c->amount);
    codec_put_f32(out, c->evidence);
    for (unsigned i = 0; i < PAY_CASE_CAUSES; i++)
        codec_put_f32(out, c->p[i]);
    codec_put_f32(out, c->at_habit);
    codec_put_f32(out, c->at_large);
    for (unsigned i = 0; i < PAY_CASE_PARTIES; i++) {
        buf_put_u8(out, c->place[i].state);
        buf_put_u8(out, c->place[i].age);
    }
    buf_put(out, c->facet, sizeof c->facet);
    buf_put_u8(out, c->money);
    buf_put_u8(out, c->has_amount);
    buf_put_u8(out, c->labelled);
}

/* A facet of a damaged row must not lead out of its table. */
static void
case_get(struct pay_case *c, struct slice *in)
{
    c->key = slice_be64(in);
    c->time_ns = codec_time(in);
    c->card = slice_be64(in);
    for (unsigned i = 0; i < PAY_CASE_PARTIES; i++)
        c->party[i] = slice_be64(in);
    c->amount = codec_f64(in);
    c->evidence = codec_f32(in);
    for (unsigned i = 0; i < PAY_CASE_CAUSES; i++) {
        c->p[i] = codec_f32(in);
        if (c->p[i] < 0 || c->p[i] > 1)
            in->bad = true;
    }
    c->at_habit = codec_f32(in);
    c->at_large = codec_f32(in);
    for (unsigned i = 0; i < PAY_CASE_PARTIES; i++) {
        c->place[i].state = slice_u8(in);
        c->place[i].age = slice_u8(in);
    }
    for (unsigned i = 0; i < PAY_CASE_FACETS; i++)
        c->facet[i] = slice_u8(in) % PAY_FACET_BINS_MAX;
    c->money = slice_u8(in);
    c->has_amount = slice_u8(in) != 0;
    c->labelled = slice_u8(in);
    if (c->labelled > PAY_CASE_FRAUD)
        in->bad = true;
}

void
pay_cases_save(struct pay_cases *c, struct state_out *out, uint16_t version)
{
    uint8_t key[3] = {PAY_CASES_NAME, 0xff, 0xff};
    struct buf blob;

    buf_init(&blob, STATE_BLOB_MAX);
    for (uint32_t row = 0; row < ROWS; row++) {
        if ((c->dirty[row / 8] & 1U << row % 8) == 0)
            continue;
        buf_clear(&blob);
        for (uint32_t i = 0; i < PAY_CASES_ROW; i++)
            case_put(case_at(c, row * PAY_CASES_ROW + i), &blob);
        key[1] = (uint8_t)(row >> 8);
        key[2] = (uint8_t)row;
        if (!blob.bad)
            state_put(out, slice_of(key, sizeof key), version, buf_slice(&blob));
    }
    memset(c->dirty, 0, sizeof c->dirty);
    if (c->clock_changed) {
        buf_clear(&blob);
        buf_put_be64(&blob, c->kept);
        buf_put_be64(&blob, c->lost);
        key[1] = key[2] = 0xff;
        if (!blob.bad)
            state_put(out, slice_of(key, sizeof key), version, buf_slice(&blob));
        c->clock_changed = false;
    }
    buf_done(&blob);
}

enum vg_err
pay_cases_load(struct pay_cases *c, struct slice key, struct slice blob)
{
    struct pay_case got = {.key = 0};
    uint32_t row;

    slice_skip(&key, 1);
    row = slice_be16(&key);
    c->stale = true;
    if (key.bad || key.left > 0 || (row >= ROWS && row != ROW_CLOCK))
        return VG_ERR_FORMAT;
    if (row == ROW_CLOCK) {
        c->kept = slice_be64(&blob);
        c->lost = slice_be64(&blob);
        return blob.bad || blob.left > 0 ? VG_ERR_FORMAT : VG_OK;
    }
    if (!piece_make(c, row * PAY_CASES_ROW))
        return VG_ERR_NOMEM;
    for (uint32_t i = 0; i < PAY_CASES_ROW; i++) {
        case_get(&got, &blob);
        if (blob.bad)
            return VG_ERR_FORMAT;
        *case_at(c, row * PAY_CASES_ROW + i) = got;
    }
    return blob.left > 0 ? VG_ERR_FORMAT : VG_OK;
}
