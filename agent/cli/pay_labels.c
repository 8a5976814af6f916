/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/pay_labels.h"

#include <stdlib.h>

#include "agent/pay/card.h"
#include "agent/pay/csv.h"
#include "agent/pay/logbytes.h"
#include "agent/pay/txn.h"

enum { TABLE_START = 4096, READ_SIZE = 256 * 1024, ROW_MAX = 4096 };
#define LABELS_BYTES_MAX (UINT64_C(512) << 20)

struct label {
    uint64_t digest; /* 0: empty */
    uint8_t fraud;
};

struct pay_labels {
    struct label *table;
    size_t room, used;
    struct hash_key key;
    int64_t delay_ns;
    struct txn_view **waiting; /* a ring */
    size_t ring, first, count;
};

void
pay_labels_free(struct pay_labels *l)
{
    if (l == NULL)
        return;
    for (size_t i = 0; i < l->count; i++)
        free(l->waiting[(l->first + i) % l->ring]);
    free(l->waiting);
    free(l->table);
    free(l);
}

static struct label *
place(struct label *table, size_t room, uint64_t digest)
{
    size_t at = (size_t)digest & (room - 1);

    while (table[at].digest != 0 && table[at].digest != digest)
        at = (at + 1) & (room - 1);
    return &table[at];
}

static uint64_t
digest_of(const struct pay_labels *l, const void *id, size_t len)
{
    uint64_t digest = str_hash(&l->key, id, len);

    return digest != 0 ? digest : 1;
}

static enum vg_err
label_add(struct pay_labels *l, struct slice id, bool fraud)
{
    struct label *row;

    if (l->used == PAY_LABELS_MAX)
        return VG_ERR_LIMIT;
    if (l->used * 2 >= l->room) {
        struct label *grown = calloc(l->room * 2, sizeof *grown);

        if (grown == NULL)
            return VG_ERR_NOMEM;
        for (size_t i = 0; i < l->room; i++)
            if (l->table[i].digest != 0)
                *place(grown, l->room * 2, l->table[i].digest) = l->table[i];
        free(l->table);
        l->table = grown;
        l->room *= 2;
    }
    row = place(l->table, l->room, digest_of(l, id.at, id.left));
    l->used += row->digest == 0;
    row->digest = digest_of(l, id.at, id.left);
    row->fraud = fraud;
    return VG_OK;
}

/* One row "id,0" or "id,1"; anything else is passed over. */
static enum vg_err
row_read(struct pay_labels *l, struct tokens *tokens, struct slice raw, struct buf *scratch)
{
    static uint8_t const none[1] = {0};
    uint8_t unquoted[ROW_MAX];
    struct csv_arena arena = {.data = unquoted, .room = sizeof unquoted};
    struct csv_row row;
    struct card_hits hits;
    struct slice clean = slice_of(none, 0), id, fraud;
    enum vg_err err = card_clean(tokens, raw, scratch, &clean, &hits);

    if (err != VG_OK)
        return err == VG_ERR_LIMIT ? VG_OK : err;
    if (csv_split(clean, ',', &arena, &row) != VG_OK || row.count < 2)
        return VG_OK;
    id = bytes_trim(row.cell[0]);
    fraud = bytes_trim(row.cell[1]);
    if (id.left == 0 || fraud.left != 1 || (byte_at(fraud, 0) != '0' && byte_at(fraud, 0) != '1'))
        return VG_OK;
    return label_add(l, id, byte_at(fraud, 0) == '1');
}

static enum vg_err
rows_read(struct pay_labels *l, struct tokens *tokens, struct slice text)
{
    struct buf scratch;
    size_t end, next, lines;
    enum vg_err err = VG_OK;

    buf_init(&scratch, ROW_MAX * 4);
    if (text.left >= 3 && memcmp(text.at, "\xef\xbb\xbf", 3) == 0)
        slice_skip(&text, 3);
    while (err == VG_OK && csv_record(text, ',', true, &end, &next, &lines) == VG_OK) {
        err = row_read(l, tokens, bytes_part(text, 0, end), &scratch);
        slice_skip(&text, next);
    }
    buf_done(&scratch);
    return err;
}

static enum vg_err
file_read(const char *path, struct buf *out)
{
    struct logbytes *bytes = NULL;
    uint8_t *piece = malloc(READ_SIZE);
    platform_file file;
    size_t got = 0;
    enum vg_err err = piece != NULL ? platform_file_open(path, &file) : VG_ERR_NOMEM;

    if (err != VG_OK) {
        free(piece);
        return err;
    }
    err = logbytes_new(file, &bytes);
    while (err == VG_OK) {
        err = logbytes_read(bytes, piece, READ_SIZE, &got);
        if (err != VG_OK || got == 0)
            break;
        buf_put(out, piece, got);
        if (out->bad)
            err = VG_ERR_LIMIT;
    }
    logbytes_free(bytes);
    platform_file_close(file);
    free(piece);
    return err;
}

enum vg_err
pay_labels_load(const char *path, struct tokens *tokens, int64_t delay_ns, struct pay_labels **out)
{
    struct pay_labels *l = calloc(1, sizeof *l);
    struct buf text;
    uint64_t words[2];
    enum vg_err err = VG_ERR_NOMEM;

    buf_init(&text, LABELS_BYTES_MAX);
    if (l == NULL)
        return err;
    l->delay_ns = delay_ns;
    l->room = TABLE_START;
    l->table = calloc(l->room, sizeof *l->table);
    if (l->table == NULL)
        goto fail;
    err = tokens_derive(tokens, "labels", words);
    if (err != VG_OK)
        goto fail;
    l->key = (struct hash_key){words[0], words[1]};
    err = file_read(path, &text);
    if (err == VG_OK)
        err = rows_read(l, tokens, buf_slice(&text));
    if (err == VG_OK && l->used == 0)
        err = VG_ERR_FORMAT;
    if (err != VG_OK)
        goto fail;
    buf_done(&text);
    *out = l;
    return VG_OK;
fail:
    buf_done(&text);
    pay_labels_free(l);
    return err;
}

static enum vg_err
ring_grow(struct pay_labels *l)
{
    size_t ring = l->ring > 0 ? l->ring * 2 : 1024;
    struct txn_view **grown;

    if (ring > PAY_LABELS_WAITING_MAX)
        return VG_ERR_LIMIT;
    grown = calloc(ring, sizeof(*grown));
    if (grown == NULL)
        return VG_ERR_NOMEM;
    for (size_t i = 0; i < l->count; i++)
        grown[i] = l->waiting[(l->first + i) % l->ring];
    free(l->waiting);
    l->waiting = grown;
    l->ring = ring;
    l->first = 0;
    return VG_OK;
}

enum vg_err
pay_labels_wait(struct pay_labels *l, const struct txn_view *t)
{
    struct label *row;
    struct txn_view *own;

    if (t->id.len == 0)
        return VG_OK;
    row = place(l->table, l->room, digest_of(l, t->id.at, t->id.len));
    if (row->digest == 0)
        return VG_OK;
    if (l->count == l->ring) {
        enum vg_err err = ring_grow(l);

        if (err != VG_OK)
            return err;
    }
    own = txn_copy(t);
    if (own == NULL)
        return VG_ERR_NOMEM;
    own->label = row->fraud;
    l->waiting[(l->first + l->count++) % l->ring] = own;
    return VG_OK;
}

void
pay_labels_release(struct pay_labels *l, int64_t now_ns, struct panel *panel)
{
    while (l->count > 0 && l->waiting[l->first]->time_ns + l->delay_ns <= now_ns) {
        struct txn_view *t = l->waiting[l->first];
        struct obs obs = {.kind = OBS_LABEL, .time_ns = t->time_ns + l->delay_ns, .txn = t};

        if (panel != NULL)
            panel_observe(panel, &obs);
        free(t);
        l->first = (l->first + 1) % l->ring;
        l->count--;
    }
}

size_t
pay_labels_waiting(const struct pay_labels *l)
{
    return l->count;
}
