/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/detectors.h"

#include <string.h>

#include "agent/detect/codec.h"
#include "agent/detect/net_beacon_private.h"

static void
put_all(const uint32_t *values, size_t n, struct buf *out)
{
    for (size_t i = 0; i < n; i++)
        buf_put_be32(out, values[i]);
}

static void
get_all(uint32_t *values, size_t n, struct slice *in)
{
    for (size_t i = 0; i < n; i++)
        values[i] = slice_be32(in);
}

static size_t
filled(uint32_t count, size_t cap)
{
    return count < cap ? count : cap;
}

/* ---- series ---- */

static void
put_series(const void *cell, struct buf *out)
{
    const struct beacon_series *s = cell;

    buf_put_be64(out, (uint64_t)s->first_ns);
    buf_put_be64(out, (uint64_t)s->last_ns);
    buf_put_be32(out, s->visits);
    buf_put_be32(out, s->next_test);
    buf_put_be32(out, s->looks);
    buf_put_be32(out, s->interval_count);
    put_all(s->interval_ms, filled(s->interval_count, BEACON_RING), out);
    buf_put_be32(out, s->size_count);
    put_all(s->size, filled(s->size_count, BEACON_SIZES), out);
    buf_put_be64(out, (uint64_t)s->hour);
    for (size_t i = 0; i < BEACON_DAY_HOURS; i++)
        buf_put_be16(out, s->hours[i]);
    buf_put_be32(out, s->fresh);
    buf_put_be32(out, s->noted);
    put_all(s->seen, BEACON_SEEN, out);
    buf_put_be32(out, s->poll_path);
    buf_put_be32(out, s->poll_count);
    buf_put_be64(out, (uint64_t)s->poll_ns);
    buf_put_be32(out, s->nowhere);
    buf_put_be32(out, s->data);
    buf_put_be32(out, s->plain);
    buf_put_be32(out, s->standing);
    buf_put_be16(out, s->last_sport);
    buf_put_u8(out, s->marks);
    buf_put_u8(out, s->carrier);
    buf_put_u8(out, s->reported);
    codec_put_name(out, s->name);
}

static void
get_series(void *cell, struct slice *in)
{
    struct beacon_series *s = cell;
    s->first_ns = codec_time(in);
    s->last_ns = codec_time(in);
    s->visits = slice_be32(in);
    s->next_test = slice_be32(in);
    s->looks = slice_be32(in);
    s->interval_count = slice_be32(in);
    get_all(s->interval_ms, filled(s->interval_count, BEACON_RING), in);
    s->size_count = slice_be32(in);
    get_all(s->size, filled(s->size_count, BEACON_SIZES), in);
    s->hour = codec_time(in);
    for (size_t i = 0; i < BEACON_DAY_HOURS; i++)
        s->hours[i] = slice_be16(in);
    s->fresh = slice_be32(in);
    s->noted = slice_be32(in);
    get_all(s->seen, BEACON_SEEN, in);
    s->poll_path = slice_be32(in);
    s->poll_count = slice_be32(in);
    s->poll_ns = codec_time(in);
    s->nowhere = slice_be32(in);
    s->data = slice_be32(in);
    s->plain = slice_be32(in);
    s->standing = slice_be32(in);
    s->last_sport = slice_be16(in);
    s->marks = slice_u8(in);
    s->carrier = slice_u8(in);
    s->reported = slice_u8(in) != 0;
    codec_name(in, s->name, sizeof(s->name));
    if (s->carrier >= BEACON_CARRIERS)
        in->bad = true; /* not ours */
}

/* ---- places ---- */

static void
put_place(const void *cell, struct buf *out)
{
    const struct beacon_place *p = cell;

    buf_put_u8(out, p->count);
    put_all(p->caller, p->count, out);
}

static void
get_place(void *cell, struct slice *in)
{
    struct beacon_place *p = cell;
    uint8_t count = slice_u8(in);

    if (count > BEACON_CALLERS_MAX) {
        slice_skip(in, SIZE_MAX);
        return;
    }
    get_all(p->caller, count, in);
    p->count = count;
}

/* ---- tables ---- */

enum { CELL_BYTES = 48 /* what keytab adds */ };
_Static_assert((BEACON_SERIES_MAX + BEACON_QUERIES_MAX) *
                           (sizeof(struct beacon_series) + CELL_BYTES) +
                       BEACON_PLACES_MAX * (sizeof(struct beacon_place) + CELL_BYTES) <=
                   NET_BEACON_BYTES,
               "the memory of detectors is promised");

enum vg_err
beacon_tables_new(struct beacon *b)
{
    struct keytab_options series = {.cell_bytes = sizeof(struct beacon_series),
                                    .cells_max = BEACON_SERIES_MAX,
                                    .row_bits = 10, /* they change often: few to a row */
                                    .name = 'p',
                                    .version = BEACON_VERSION,
                                    .put = put_series,
                                    .get = get_series};
    struct keytab_options queries = series;
    const struct keytab_options places = {.cell_bytes = sizeof(struct beacon_place),
                                          .cells_max = BEACON_PLACES_MAX,
                                          .row_bits = 5,
                                          .name = 'd',
                                          .version = BEACON_VERSION,
                                          .put = put_place,
                                          .get = get_place};
    enum vg_err err;

    queries.cells_max = BEACON_QUERIES_MAX;
    queries.row_bits = 8;
    queries.name = 'q';
    err = keytab_new(&series, &b->series);
    if (err == VG_OK)
        err = keytab_new(&queries, &b->queries);
    if (err == VG_OK)
        err = keytab_new(&places, &b->places);
    return err;
}

static void
save_own(struct beacon *b, struct state_out *out)
{
    struct buf blob;

    buf_init(&blob, 128);
    buf_put_be64(&blob, (uint64_t)b->since_ns);
    buf_put_u8(&blob, b->calls_seen);
    buf_put_u8(&blob, b->relays);
    put_all(b->relay, b->relays, &blob);
    buf_put_u8(&blob, b->blocked_count);
    for (size_t i = 0; i < b->blocked_count; i++)
        buf_put_be64(&blob, b->blocked[i]);
    if (!blob.bad) {
        state_put(out, slice_of("i", 1), BEACON_VERSION, buf_slice(&blob));
        b->changed = false;
    }
    buf_done(&blob);
}

static enum vg_err
load_own(struct beacon *b, struct slice in)
{
    struct beacon read = {.since_ns = codec_time(&in)};

    read.calls_seen = slice_u8(&in) != 0;
    read.relays = slice_u8(&in);
    if (read.relays > BEACON_RELAYS_MAX)
        return VG_ERR_FORMAT;
    get_all(read.relay, read.relays, &in);
    read.blocked_count = slice_u8(&in);
    if (read.blocked_count > BEACON_BLOCKED_MAX)
        return VG_ERR_FORMAT;
    for (size_t i = 0; i < read.blocked_count; i++)
        read.blocked[i] = slice_be64(&in);
    if (in.bad || in.left != 0)
        return VG_ERR_FORMAT;
    b->since_ns = read.since_ns;
    b->calls_seen = read.calls_seen;
    b->relays = read.relays;
    memcpy(b->relay, read.relay, sizeof(b->relay));
    b->blocked_count = read.blocked_count;
    memcpy(b->blocked, read.blocked, sizeof(b->blocked));
    return VG_OK;
}

void
beacon_save(void *self, struct state_out *out)
{
    struct beacon *b = self;

    keytab_save(b->series, out);
    keytab_save(b->queries, out);
    keytab_save(b->places, out);
    if (b->changed)
        save_own(b, out);
}

enum vg_err
beacon_load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct beacon *b = self;
    struct keytab *tables[] = {b->series, b->queries, b->places};

    for (size_t i = 0; i < VG_ARRAY_LEN(tables); i++) {
        if (keytab_owns(tables[i], key))
            return keytab_load(tables[i], key, version, blob);
    }
    if (version != BEACON_VERSION || key.left != 1 || slice_u8(&key) != 'i')
        return VG_ERR_FORMAT;
    return load_own(b, blob);
}
