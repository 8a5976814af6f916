/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a keytab: what goes to the store and comes back. */
#include "agent/detect/codec.h"
#include "agent/detect/keytab_private.h"

enum { ROW_CLOCK = 0xffff };

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
    buf_put_be64(buf, keytab_cell(t, i)->key);
    buf_put_be64(buf, keytab_cell(t, i)->seq);
    t->o.put(keytab_payload(keytab_cell(t, i)), buf);
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
            if (keytab_cell(t, i)->used)
                save_cell(t, i, buf);
    } else {
        for (uint32_t b = row << shift; b < (row + 1) << shift; b++)
            for (uint32_t i = t->heads[b]; i != KEYTAB_NIL; i = keytab_cell(t, i)->chain)
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
        if (keytab_index(t, cell_key) != KEYTAB_NIL)
            keytab_remove(t, cell_key);
        i = t->o.by_place ? keytab_insert_at(t, row * PLACES_PER_ROW + at, cell_key, seq)
                          : keytab_insert(t, cell_key, seq);
        if (i == KEYTAB_NIL)
            return t->o.by_place ? VG_ERR_FORMAT : VG_ERR_NOMEM;
        t->unsorted = true;
        t->o.get(keytab_payload(keytab_cell(t, i)), &blob);
        if (blob.bad) {
            keytab_unlink(t, i);
            return VG_ERR_FORMAT;
        }
        if (seq > t->seq)
            t->seq = seq;
    }
    return VG_OK;
}
