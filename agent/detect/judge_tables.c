/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/judge_tables.h"

#include <stdlib.h>
#include <string.h>

#include "agent/detect/codec.h"

enum { STATE_VERSION = 1, GROUP_VERSION = 2 };

static void
json_put(const json_t *value, size_t max, struct buf *out)
{
    char *text = value != NULL ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    size_t len = text != NULL ? strlen(text) : 0;

    codec_put_text(out, text, len <= max ? len : 0);
    free(text);
}

static json_t *
json_get(struct slice *in)
{
    struct slice text = slice_sub(in, slice_be32(in));
    json_t *value = NULL;

    if (text.bad || text.left == 0)
        return NULL;
    if (vg_json_parse(text, JUDGE_EVIDENCE_BYTES_MAX, &value) != VG_OK)
        in->bad = true;
    return value;
}

void
judge_slot_clear(struct judge_slot *s)
{
    json_decref(s->facts);
    json_decref(s->evidence);
    json_decref(s->peer);
    *s = (struct judge_slot){0};
}

static void
subject_drop(void *cell)
{
    struct judge_subject *s = cell;

    for (size_t i = 0; i < JUDGE_SLOTS; i++)
        judge_slot_clear(&s->slots[i]);
}

static void
subject_put(const void *cell, struct buf *out)
{
    const struct judge_subject *s = cell;

    codec_put_i64(out, s->first_ns);
    codec_put_i64(out, s->last_ns);
    buf_put_be64(out, s->count);
    for (size_t i = 0; i < JUDGE_SLOTS; i++) {
        const struct judge_slot *slot = &s->slots[i];

        codec_put_text(out, slot->detector, strlen(slot->detector));
        if (slot->detector[0] == '\0')
            continue;
        codec_put_f64(out, slot->p);
        codec_put_i64(out, slot->time_ns);
        json_put(slot->facts, JUDGE_FACTS_BYTES_MAX, out);
        json_put(slot->evidence, JUDGE_EVIDENCE_BYTES_MAX, out);
        json_put(slot->peer, JUDGE_FACTS_BYTES_MAX, out);
    }
}

static void
slot_get(struct judge_slot *slot, struct slice *in)
{
    struct slice name = slice_sub(in, slice_be32(in));

    if (name.bad || name.left >= sizeof slot->detector) {
        in->bad = true;
        return;
    }
    if (name.left == 0)
        return;
    (void)slice_copy(&name, slot->detector, name.left);
    slot->p = codec_f64(in);
    slot->time_ns = codec_time(in);
    slot->facts = json_get(in);
    slot->evidence = json_get(in);
    slot->peer = json_get(in);
}

static void
subject_get(void *cell, struct slice *in)
{
    struct judge_subject *s = cell;

    s->first_ns = codec_time(in);
    s->last_ns = codec_time(in);
    s->count = slice_be64(in);
    for (size_t i = 0; i < JUDGE_SLOTS && !in->bad; i++)
        slot_get(&s->slots[i], in);
}

static void
group_put(const void *cell, struct buf *out)
{
    const struct judge_group *g = cell;

    codec_put_i64(out, g->opened_ns);
    codec_put_i64(out, g->first_ns);
    codec_put_i64(out, g->last_ns);
    buf_put_be64(out, g->count);
    buf_put_be64(out, g->next);
    buf_put_u8(out, g->suppressed);
    buf_put_u8(out, g->voices);
    for (size_t i = 0; i < g->voices; i++)
        buf_put_be32(out, g->voice[i]);
}

static void
group_get(void *cell, struct slice *in)
{
    struct judge_group *g = cell;

    g->opened_ns = codec_time(in);
    g->first_ns = codec_time(in);
    g->last_ns = codec_time(in);
    g->count = slice_be64(in);
    g->next = slice_be64(in);
    g->suppressed = slice_u8(in);
    g->voices = slice_u8(in);
    if (g->voices > JUDGE_SLOTS) {
        g->voices = 0;
        in->bad = true;
    }
    for (size_t i = 0; i < g->voices; i++)
        g->voice[i] = slice_be32(in);
}

static void
verdict_put(const void *cell, struct buf *out)
{
    const struct judge_verdict *v = cell;

    codec_put_i64(out, v->alert_ns);
    codec_put_i64(out, v->said_ns);
    buf_put_u8(out, v->said);
}

static void
verdict_get(void *cell, struct slice *in)
{
    struct judge_verdict *v = cell;

    v->alert_ns = codec_time(in);
    v->said_ns = codec_time(in);
    v->said = slice_u8(in);
    if (v->said > JUDGE_SAID_MINE)
        in->bad = true;
}

static void
belief_put(const void *cell, struct buf *out)
{
    const struct judge_belief *b = cell;

    codec_put_f64(out, b->useful);
    codec_put_f64(out, b->noise);
}

static void
belief_get(void *cell, struct slice *in)
{
    struct judge_belief *b = cell;

    b->useful = codec_f64(in);
    b->noise = codec_f64(in);
    if (b->useful < 0 || b->noise < 0)
        in->bad = true;
}

enum vg_err
judge_subjects_new(struct keytab **out)
{
    static const struct keytab_options options = {.cell_bytes = sizeof(struct judge_subject),
                                                  .cells_max = JUDGE_SUBJECTS_MAX,
                                                  .row_bits = 12,
                                                  .name = 's',
                                                  .version = STATE_VERSION,
                                                  .put = subject_put,
                                                  .get = subject_get,
                                                  .drop = subject_drop};

    return keytab_new(&options, out);
}

enum vg_err
judge_groups_new(struct keytab **out)
{
    static const struct keytab_options options = {.cell_bytes = sizeof(struct judge_group),
                                                  .cells_max = JUDGE_GROUPS_MAX,
                                                  .row_bits = 6,
                                                  .name = 'g',
                                                  .version = GROUP_VERSION,
                                                  .put = group_put,
                                                  .get = group_get};

    return keytab_new(&options, out);
}

enum vg_err
judge_verdicts_new(struct keytab **out)
{
    static const struct keytab_options options = {.cell_bytes = sizeof(struct judge_verdict),
                                                  .cells_max = JUDGE_VERDICTS_MAX,
                                                  .row_bits = 5,
                                                  .name = 'v',
                                                  .version = STATE_VERSION,
                                                  .put = verdict_put,
                                                  .get = verdict_get};

    return keytab_new(&options, out);
}

enum vg_err
judge_beliefs_new(struct keytab **out)
{
    static const struct keytab_options options = {.cell_bytes = sizeof(struct judge_belief),
                                                  .cells_max = JUDGE_BELIEFS_MAX,
                                                  .row_bits = 1,
                                                  .name = 'b',
                                                  .version = STATE_VERSION,
                                                  .put = belief_put,
                                                  .get = belief_get};

    return keytab_new(&options, out);
}
