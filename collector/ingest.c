/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/ingest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/figures.h"
#include "collector/incident.h"
#include "common/vtime.h"
#include "common/zst.h"

/* The next line without its end, from the bytes left. */
static struct slice
next_line(struct slice *text)
{
    const uint8_t *end = memchr(text->at, '\n', text->left);
    struct slice line = slice_sub(text, end != NULL ? (size_t)(end - text->at) : text->left);

    if (end != NULL)
        slice_skip(text, 1);
    return line;
}

/* Why the line cannot be taken, "" when it can; *seq is its own number where it tells one. */
static enum vg_err
check_line(struct slice line, const char *store, struct ingest_record *r)
{
    json_t *event = NULL;
    enum vg_err err = vg_json_parse(line, EVENT_BYTES_MAX, &event);
    int64_t seq;

    if (err == VG_ERR_NOMEM)
        return err;
    if (err != VG_OK) {
        (void)snprintf(r->why, sizeof r->why, "not JSON: %s", vg_err_name(err));
        return VG_OK;
    }
    seq = vg_json_int(event, "seq", 0);
    if (seq > 0 && seq <= STORAGE_SEQ_MAX)
        r->seq = seq;
    if (event_check(event, true, r->why) == VG_OK) {
        if (seq <= 0 || seq > STORAGE_SEQ_MAX)
            (void)vg_strcpy(r->why, sizeof r->why, "seq is out of range");
        else if (strcmp(vg_json_str(event, "store", ""), store) != 0)
            (void)vg_strcpy(r->why, sizeof r->why, "store is not the one of the header");
        else {
            r->event = event;
            return VG_OK;
        }
    } else if (r->why[0] == '\0') {
        (void)vg_strcpy(r->why, sizeof r->why, "refused");
    }
    json_decref(event);
    return VG_OK;
}

static enum vg_err
split(struct ingest *in, const char *store, int64_t first)
{
    struct slice text = buf_slice(&in->plain);
    int64_t before = first - 1;

    while (text.left > 0) {
        struct ingest_record r = {.line = next_line(&text)};
        enum vg_err err;

        if (r.line.left == 0)
            continue;
        if (in->count == INGEST_RECORDS_MAX)
            return VG_ERR_LIMIT;
        err = check_line(r.line, store, &r);
        if (err != VG_OK)
            return err;
        if (r.seq == 0 && before >= 0)
            r.seq = before + 1;
        if (r.seq <= 0 || r.seq <= before || r.seq > STORAGE_SEQ_MAX) {
            json_decref(r.event);
            return VG_ERR_FORMAT;
        }
        before = r.seq;
        in->records[in->count++] = r;
    }
    return in->count > 0 ? VG_OK : VG_ERR_FORMAT;
}

enum vg_err
ingest_parse(struct slice body, bool packed, const char *store, int64_t first, struct ingest *out)
{
    struct ingest in = {.records = calloc(INGEST_RECORDS_MAX, sizeof *in.records)};
    enum vg_err err = VG_OK;

    if (in.records == NULL)
        return VG_ERR_NOMEM;
    buf_init(&in.plain, INGEST_PLAIN_MAX);
    if (packed) {
        err = zst_unpack(body, INGEST_PLAIN_MAX, &in.plain);
    } else {
        buf_put(&in.plain, body.at, body.left);
        if (in.plain.bad)
            err = VG_ERR_LIMIT;
    }
    if (err == VG_ERR_SHORT)
        err = VG_ERR_FORMAT;
    if (err == VG_OK)
        err = split(&in, store, first);
    if (err != VG_OK) {
        ingest_done(&in);
        return err;
    }
    *out = in;
    return VG_OK;
}

void
ingest_done(struct ingest *in)
{
    for (size_t i = 0; i < in->count; i++)
        json_decref(in->records[i].event);
    free(in->records);
    buf_done(&in->plain);
    *in = (struct ingest){.records = NULL};
}

static int64_t
time_of(const json_t *event, const char *key)
{
    const char *text = vg_json_str(event, key, "");
    int64_t t = 0;

    return vtime_parse(text, strlen(text), &t) == VG_OK ? t : 0;
}

/* Is this number taken? VG_END: by this very event (or a tombstone), nothing to do. */
static enum vg_err
look(struct storage *s, int64_t stream, const struct ingest_record *r)
{
    char known[UUID_TEXT_SIZE];
    enum vg_err err = s->ops->event_id(s, stream, r->seq, known);

    if (err == VG_ERR_NOENT)
        return VG_OK;
    if (err != VG_OK)
        return err;
    if (known[0] == '\0' || r->event == NULL)
        return VG_END;
    return strcmp(known, vg_json_str(r->event, "id", "")) == 0 ? VG_END : VG_ERR_EXISTS;
}

static void
touched(struct ingest *in, const char *incident)
{
    for (size_t i = in->touched_count; i-- > 0;)
        if (strcmp(in->touched[i], incident) == 0)
            return;
    if (in->touched_count < INGEST_TOUCHED_MAX)
        (void)vg_strcpy(in->touched[in->touched_count++], UUID_TEXT_SIZE, incident);
}

static enum vg_err
put(struct storage *s, const struct storage_agent *agent, int64_t stream,
    const struct ingest_record *r, int64_t now_ns, struct ingest *in)
{
    struct storage_event row = {.stream = stream,
                                .seq = r->seq,
                                .tenant = agent->tenant,
                                .site = agent->site,
                                .received_ns = now_ns};
    char incident[UUID_TEXT_SIZE];
    enum vg_err err;

    if (r->event == NULL) {
        row.id = "";
        row.class = "refused";
        row.detector = "";
        row.time_ns = row.recorded_ns = now_ns;
        row.body = slice_of("{}", 2);
        return s->ops->event_refuse(s, &row, r->why, r->line);
    }
    row.id = vg_json_str(r->event, "id", "");
    row.class = vg_json_str(r->event, "class", "");
    row.detector = vg_json_str(r->event, "detector", "");
    row.time_ns = time_of(r->event, "time");
    row.recorded_ns = time_of(r->event, "recorded");
    row.body = r->line;
    row.moved = row.time_ns > now_ns + INGEST_AHEAD_NS ||
                row.recorded_ns > now_ns + INGEST_AHEAD_NS ||
                row.recorded_ns < now_ns - INGEST_BEHIND_NS;
    if (row.moved) {
        row.time_ns = row.recorded_ns = now_ns;
        in->moved++;
    }
    err = severity_parse(vg_json_str(r->event, "severity", ""), &row.severity);
    if (err == VG_OK && strcmp(row.detector, "agent.hour") == 0 && strcmp(row.class, "health") == 0)
        err = figures_take(s, agent->site, r->event, now_ns);
    if (err == VG_OK)
        err = incident_take(s, agent, r->event, &row, incident);
    if (err != VG_OK)
        return err;
    row.incident = incident[0] != '\0' ? incident : NULL;
    if (row.incident != NULL)
        touched(in, incident);
    return s->ops->event_put(s, &row);
}

enum vg_err
ingest_commit(struct storage *s, const struct storage_agent *agent, const char *store,
              struct ingest *in, int64_t now_ns, int64_t *durable)
{
    int64_t stream, held, highest = in->records[in->count - 1].seq;
    enum vg_err err = s->ops->stream_open(s, agent->id, store, now_ns, &stream, &held);

    in->repeated = in->moved = in->touched_count = 0; /* of a first try whose commit failed */
    for (size_t i = 0; err == VG_OK && i < in->count; i++) {
        const struct ingest_record *r = &in->records[i];

        if (r->seq <= held)
            err = look(s, stream, r);
        if (err == VG_OK)
            err = put(s, agent, stream, r, now_ns, in);
        else if (err == VG_END) {
            err = VG_OK;
            in->repeated++;
        }
    }
    if (err == VG_OK && in->moved > 0)
        err = s->ops->agent_moved(s, agent->id, (int64_t)in->moved, now_ns);
    if (err == VG_OK && highest > held)
        err = s->ops->stream_durable(s, stream, highest);
    if (err == VG_OK)
        *durable = highest > held ? highest : held;
    return err;
}

json_t *
ingest_refused(const struct ingest *in)
{
    json_t *list = NULL;

    for (size_t i = 0; i < in->count; i++) {
        if (in->records[i].event != NULL)
            continue;
        if (list == NULL)
            list = json_array();
        if (json_array_size(list) < INGEST_REFUSED_SHOWN)
            (void)json_array_append_new(list,
                                        json_pack("{sI ss}", "seq", (json_int_t)in->records[i].seq,
                                                  "why", in->records[i].why));
    }
    return list;
}
