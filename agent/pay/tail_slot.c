/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/tail_slot.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
tail_path(const struct tail *t, size_t source, const char *name, char out[TAIL_PATH_MAX])
{
    int n = snprintf(out, TAIL_PATH_MAX, "%s/%s", t->source[source].folder, name);

    return n > 0 && n < TAIL_PATH_MAX;
}

bool
tail_same_identity(const struct platform_identity *a, const struct platform_identity *b)
{
    return a->volume == b->volume && a->file == b->file && (a->volume | a->file) != 0;
}

static enum vg_err
file_open(struct tail *t, const char *path, platform_file *out)
{
    enum vg_err err = platform_file_open(path, out);

    if (err == VG_ERR_DENIED && t->options.open != NULL)
        err = t->options.open(t->options.ctx, path, out);
    return err;
}

/* A new log over the named file. */
static enum vg_err
log_open(struct tail *t, size_t source, const char *name, struct logfile **out)
{
    const struct tail_source *s = &t->source[source];
    const struct logfile_options options = {
        .profiles = t->options.profiles,
        .profile = s->profile,
        .only = s->only,
        .tokens = t->options.tokens,
        .zone = t->options.zone,
        .currency = t->options.currency,
        .source = name,
        .mark_key = t->mark_key,
    };
    char path[TAIL_PATH_MAX];
    platform_file file;
    enum vg_err err;

    if (!tail_path(t, source, name, path))
        return VG_ERR_LIMIT;
    err = file_open(t, path, &file);
    return err == VG_OK ? logfile_new(&options, file, out) : err;
}

static void
counts_add(struct logfile_counts *sum, const struct logfile_counts *now,
           const struct logfile_counts *old)
{
    sum->records += now->records - old->records;
    sum->transactions += now->transactions - old->transactions;
    sum->skipped += now->skipped - old->skipped;
    sum->too_long += now->too_long - old->too_long;
    sum->cards += now->cards - old->cards;
    sum->bad += now->bad - old->bad;
}

void
tail_slot_count(struct tail *t, struct tail_slot *slot)
{
    const struct logfile_counts *now = logfile_counts(slot->log);
    const struct logfile_counts *old = &slot->counted;

    counts_add(&t->counts.records, now, old);
    counts_add(&slot->total, now, old);
    if (now->bad > old->bad)
        (void)vg_strcpy(t->shape, sizeof t->shape,
                        logfile_bad_shape(slot->log, (now->bad - 1) % LOGFILE_SHAPES));
    slot->counted = *now;
}

void
tail_slot_close(struct tail *t, struct tail_slot *slot)
{
    if (slot->log == NULL)
        return;
    tail_slot_count(t, slot);
    logfile_state(slot->log, &slot->state);
    logfile_free(slot->log);
    slot->log = NULL;
    slot->counted = (struct logfile_counts){0};
    t->open_count--;
}

/* Room for one more open file: the one that was read longest ago closes. */
static void
make_room(struct tail *t)
{
    struct tail_slot *oldest = NULL;

    if (t->open_count < TAIL_OPEN_MAX)
        return;
    for (size_t i = 0; i < TAIL_SLOTS_MAX; i++) {
        struct tail_slot *slot = &t->slot[i];

        if (slot->log != NULL && slot->here &&
            (oldest == NULL || slot->last_use < oldest->last_use))
            oldest = slot;
    }
    if (oldest != NULL)
        tail_slot_close(t, oldest);
}

static void
slot_log(struct tail *t, struct tail_slot *slot, struct logfile *log)
{
    tail_slot_close(t, slot);
    make_room(t);
    slot->log = log;
    slot->counted = (struct logfile_counts){0};
    slot->recent.counted = slot->recent.counted_bad = 0;
    slot->last_use = ++t->uses;
    t->open_count++;
}

enum vg_err
tail_slot_open(struct tail *t, struct tail_slot *slot)
{
    struct logfile *log;
    enum vg_err err;

    slot->last_use = ++t->uses;
    if (slot->log != NULL)
        return VG_OK;
    err = log_open(t, slot->source, slot->name, &log);
    if (err == VG_OK) {
        err = logfile_resume(log, &slot->state);
        if (err == VG_OK) {
            slot_log(t, slot, log);
            return VG_OK;
        }
        logfile_free(log);
    }
    if (err == VG_ERR_NOMEM)
        return err;
    slot->news = slot->partial = false;
    t->counts.unreadable++;
    t->look = true;
    slot->checked = false;
    slot->size = UINT64_MAX; /* looked at anew */
    return VG_AGAIN;
}

bool
tail_slot_holds(struct tail *t, struct tail_slot *slot, const struct tail_entry *e)
{
    struct logfile *log;
    enum vg_err err;

    if (slot->log != NULL && tail_same_identity(&slot->identity, &e->stat.identity))
        return logfile_unchanged(slot->log, e->stat.size);
    if (slot->log != NULL)
        logfile_state(slot->log, &slot->state);
    if (slot->state.offset == 0) /* nothing was read: nothing can differ */
        return tail_same_identity(&slot->identity, &e->stat.identity);
    if (log_open(t, e->source, e->name, &log) != VG_OK)
        return false;
    err = logfile_resume(log, &slot->state);
    if (err != VG_OK) {
        logfile_free(log);
        return false;
    }
    slot_log(t, slot, log);
    return true;
}

bool
tail_slot_is_copy(struct tail *t, const struct tail_slot *slot, const struct tail_entry *e)
{
    struct logfile_state state = slot->state;
    struct logfile *log;
    enum vg_err err;

    if (slot->log != NULL)
        logfile_state(slot->log, &state);
    if (state.offset == 0 || log_open(t, e->source, e->name, &log) != VG_OK)
        return false;
    err = logfile_resume(log, &state);
    logfile_free(log);
    return err == VG_OK || err == VG_ERR_SHORT;
}

/* ---- positions ---- */

static void
put_u64(struct buf *out, const char *key, uint64_t v)
{
    char text[24];
    int n = snprintf(text, sizeof text, "%" PRIx64, v);

    vg_json_put_str(out, key, text, (size_t)n);
}

static void
put_recent(struct buf *out, const struct seen_recent *r)
{
    char text[SEEN_RECENT * 20 + 1];
    size_t n = 0;

    for (unsigned i = 0; i < SEEN_RECENT; i++) {
        unsigned at = (r->next + i) % SEEN_RECENT;

        if (r->times[at] > 0)
            n += (size_t)snprintf(text + n, sizeof text - n, "%016" PRIx64 "%04x", r->digest[at],
                                  r->times[at]);
    }
    if (n > 0)
        vg_json_put_str(out, "recent", text, n);
}

static void
slot_save(struct tail *t, size_t index, const struct sink *sink)
{
    struct tail_slot *slot = &t->slot[index];
    char source[24], spans[SPAN_TEXT + 1];
    struct buf out;

    if (slot->log != NULL)
        logfile_state(slot->log, &slot->state);
    buf_init(&out, 16 * 1024);
    buf_put_u8(&out, '{');
    vg_json_put_str(&out, "path", t->source[slot->source].path,
                    strlen(t->source[slot->source].path));
    vg_json_put_str(&out, "name", slot->name, strlen(slot->name));
    put_u64(&out, "volume", slot->identity.volume);
    put_u64(&out, "file", slot->identity.file);
    vg_json_put_int(&out, "offset", (int64_t)slot->state.offset);
    vg_json_put_int(&out, "line", (int64_t)slot->state.line);
    vg_json_put_str(&out, "format", slot->state.format, strlen(slot->state.format));
    vg_json_put_int(&out, "style", slot->state.style);
    vg_json_put_int(&out, "dates", slot->state.dropped);
    put_u64(&out, "head", slot->state.head);
    put_u64(&out, "tail", slot->state.tail);
    vg_json_put_int(&out, "untold", (int64_t)slot->recent.untold);
    vg_json_put_int(&out, "untold_bad", (int64_t)slot->recent.untold_bad);
    put_recent(&out, &slot->recent);
    if (slot->recent.spans.is.head[0].hash != 0 || slot->recent.spans.was.rows > 0) {
        span_text(&slot->recent.spans, spans);
        vg_json_put_str(&out, "spans", spans, SPAN_TEXT);
    }
    buf_put_u8(&out, '}');
    (void)snprintf(source, sizeof source, "file-%zu", index);
    if (!out.bad)
        sink->ops->position(sink->ctx, source, buf_slice(&out));
    buf_done(&out);
    slot->dirty = false;
}

void
tail_save(struct tail *t, const struct sink *sink)
{
    for (size_t i = 0; i < TAIL_SLOTS_MAX; i++)
        if (t->slot[i].used && t->slot[i].dirty)
            slot_save(t, i, sink);
}

static uint64_t
get_u64(const json_t *position, const char *key)
{
    return strtoull(vg_json_str(position, key, "0"), NULL, 16);
}

/* More than any file holds is damage. */
static uint64_t
get_count(const json_t *position, const char *key)
{
    json_int_t n = vg_json_int(position, key, 0);

    return n > 0 && n < INT64_C(1) << 40 ? (uint64_t)n : 0;
}

static void
get_recent(const char *text, struct seen_recent *r)
{
    size_t n = strlen(text) / 20;

    for (size_t i = 0; i < n && i < SEEN_RECENT; i++) {
        char digest[17], times[5];

        memcpy(digest, text + i * 20, 16);
        memcpy(times, text + i * 20 + 16, 4);
        digest[16] = times[4] = '\0';
        r->digest[i] = strtoull(digest, NULL, 16);
        r->times[i] = (uint16_t)strtoul(times, NULL, 16);
        r->next = (unsigned)((i + 1) % SEEN_RECENT);
    }
}

enum vg_err
tail_position(struct tail *t, const char *source, const json_t *position)
{
    unsigned long index =
        strncmp(source, "file-", 5) == 0 ? strtoul(source + 5, NULL, 10) : TAIL_SLOTS_MAX;
    const char *path = vg_json_str(position, "path", "");
    struct tail_slot *slot;
    size_t from = 0;

    while (from < t->source_count && strcmp(t->source[from].path, path) != 0)
        from++;
    if (index >= TAIL_SLOTS_MAX || from == t->source_count)
        return VG_OK; /* no longer configured */
    slot = &t->slot[index];
    *slot = (struct tail_slot){.used = true, .source = from};
    (void)vg_strcpy(slot->name, sizeof slot->name, vg_json_str(position, "name", ""));
    slot->identity.volume = get_u64(position, "volume");
    slot->identity.file = get_u64(position, "file");
    slot->state.offset = (uint64_t)vg_json_int(position, "offset", 0);
    slot->state.line = (uint64_t)vg_json_int(position, "line", 0);
    slot->state.style =
        vg_json_int(position, "style", 0) == AMOUNT_COMMA ? AMOUNT_COMMA : AMOUNT_DOT;
    slot->state.dropped = (uint32_t)(vg_json_int(position, "dates", 0) & UINT8_MAX);
    slot->state.head = get_u64(position, "head");
    slot->state.tail = get_u64(position, "tail");
    (void)vg_strcpy(slot->state.format, sizeof slot->state.format,
                    vg_json_str(position, "format", ""));
    get_recent(vg_json_str(position, "recent", ""), &slot->recent);
    span_parse(&slot->recent.spans, vg_json_str(position, "spans", ""));
    slot->recent.untold = get_count(position, "untold");
    slot->recent.untold_bad = get_count(position, "untold_bad");
    slot->told = slot->state.offset > 0; /* in an earlier life */
    t->counts.files++;
    return VG_OK;
}
