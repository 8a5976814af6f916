/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/incident.h"

#include <string.h>

#include "collector/ingest.h"
#include "common/mail_policy.h"
#include "common/vtime.h"

enum { INCIDENT_WORDS_MAX = 2048 }; /* bytes of one event */

static int64_t
time_of(const json_t *event, const char *key, int64_t otherwise)
{
    const char *text = vg_json_str(event, key, NULL);
    int64_t t;

    return text != NULL && vtime_parse(text, strlen(text), &t) == VG_OK ? t : otherwise;
}

static void
copy_str(char *dst, size_t size, struct str text)
{
    size_t len = text.len < size ? text.len : size - 1;

    memcpy(dst, text.at, len);
    dst[len] = '\0';
}

/* What the event says in words, one a line: what the search finds its incident by. */
static void
gather_words(const json_t *event, struct buf *peer, struct buf *words)
{
    const json_t *side = json_object_get(event, "peer");
    const char *key;
    json_t *value;

    buf_put_str(peer, vg_json_str(side, "label", ""));
    if (strcmp(vg_json_str(side, "label", ""), vg_json_str(side, "id", "")) != 0)
        buf_printf(peer, "\n%s", vg_json_str(side, "id", ""));
    json_object_foreach(json_object_get(event, "facts"), key, value)
    {
        size_t n = json_is_string(value) ? json_string_length(value) : 0;

        if (n == 0 || words->len + n + 1 > INCIDENT_WORDS_MAX)
            continue;
        buf_put(words, json_string_value(value), n);
        buf_put_u8(words, '\n');
    }
}

static void
describe(const struct storage_agent *agent, const json_t *event, const struct storage_event *row,
         struct storage_incident *out)
{
    const json_t *subject = json_object_get(event, "subject");
    int64_t first = time_of(event, "first", row->time_ns), last = time_of(event, "last", first);
    int64_t count = vg_json_int(event, "count", 1);

    if (row->moved || last > row->received_ns + INGEST_AHEAD_NS)
        first = last = row->time_ns;
    memset(out, 0, sizeof *out);
    (void)vg_strcpy(out->tenant, sizeof out->tenant, agent->tenant);
    (void)vg_strcpy(out->site, sizeof out->site, agent->site);
    copy_str(out->family, sizeof out->family, event_family(row->detector));
    (void)vg_strcpy(out->detector, sizeof out->detector, row->detector);
    (void)vg_strcpy(out->subject_kind, sizeof out->subject_kind, vg_json_str(subject, "kind", ""));
    (void)vg_strcpy(out->subject_id, sizeof out->subject_id, vg_json_str(subject, "id", ""));
    (void)vg_strcpy(out->subject_label, sizeof out->subject_label,
                    vg_json_str(subject, "label", out->subject_id));
    out->severity = row->severity;
    out->first_ns = first;
    out->last_ns = last > first ? last : first;
    out->count = count < INCIDENT_COUNT_MAX ? count : INCIDENT_COUNT_MAX;
    out->stream = row->stream;
    out->seq = row->seq;
}

static bool
joins(const struct storage_incident *known, const struct storage_incident *fresh)
{
    int64_t first = known->first_ns < fresh->first_ns ? known->first_ns : fresh->first_ns;
    int64_t last = known->last_ns > fresh->last_ns ? known->last_ns : fresh->last_ns;

    return last - first <= INCIDENT_SPAN_MAX_NS;
}

/* New or graver: the outbox decides whether that makes a mail. What is about the agents themselves is the
 * provider's to mend: the owner hears nothing of it. */
static enum vg_err
tell(struct storage *s, const struct storage_incident *incident, const struct storage_event *row)
{
    bool late = mail_policy_late(incident->last_ns, row->recorded_ns);

    if (strncmp(incident->family, "agent.", 6) == 0)
        return VG_OK;
    return s->ops->mail_queue(s, incident, late, row->received_ns);
}

static enum vg_err
grow(struct storage *s, struct storage_incident *known, const struct storage_incident *fresh,
     const struct storage_event *row)
{
    bool graver = fresh->severity > known->severity;
    enum vg_err err;

    if (fresh->first_ns < known->first_ns)
        known->first_ns = fresh->first_ns;
    if (fresh->last_ns > known->last_ns)
        known->last_ns = fresh->last_ns;
    if (known->count < INCIDENT_COUNT_MAX)
        known->count += fresh->count;
    known->peer = fresh->peer;
    known->words = fresh->words;
    if (graver) { /* the gravest event speaks for it */
        known->severity = fresh->severity;
        known->stream = fresh->stream;
        known->seq = fresh->seq;
        (void)vg_strcpy(known->detector, sizeof known->detector, fresh->detector);
        (void)vg_strcpy(known->subject_label, sizeof known->subject_label, fresh->subject_label);
    }
    err = s->ops->incident_grow(s, known, row->received_ns);
    return err == VG_OK && graver ? tell(s, known, row) : err;
}

static enum vg_err
start(struct storage *s, struct storage_incident *fresh, const struct storage_event *row)
{
    enum vg_err err = uuid_v7(row->received_ns, fresh->id);

    if (err == VG_OK)
        err = s->ops->incident_add(s, fresh, row->received_ns);
    return err == VG_OK ? tell(s, fresh, row) : err;
}

enum vg_err
incident_take(struct storage *s, const struct storage_agent *agent, const json_t *event,
              const struct storage_event *row, char out[UUID_TEXT_SIZE])
{
    struct storage_incident fresh, known;
    struct buf peer, words;
    enum vg_err err;

    out[0] = '\0';
    if (strcmp(row->class, "alert") != 0 || row->severity == SEVERITY_INFO)
        return VG_OK;
    describe(agent, event, row, &fresh);
    err = s->ops->exception_hit(s, &fresh, vg_json_str(json_object_get(event, "peer"), "id", ""),
                                row->received_ns);
    if (err != VG_ERR_NOENT) /* known and no incident, or an error */
        return err;
    buf_init(&peer, 2 * PARTY_ID_MAX + 2 * PARTY_LABEL_MAX);
    buf_init(&words, INCIDENT_WORDS_MAX + 1);
    gather_words(event, &peer, &words);
    fresh.peer = buf_str(&peer);
    fresh.words = buf_str(&words);
    err = s->ops->incident_match(s, &fresh, INCIDENT_GAP_NS, &known);
    if (err == VG_OK && joins(&known, &fresh)) {
        (void)vg_strcpy(fresh.id, sizeof fresh.id, known.id);
        err = grow(s, &known, &fresh, row);
    } else if (err == VG_OK || err == VG_ERR_NOENT) {
        err = start(s, &fresh, row);
    }
    if (err == VG_OK)
        err = s->ops->incident_agent(s, fresh.id, agent->id);
    if (err == VG_OK)
        memcpy(out, fresh.id, sizeof fresh.id);
    buf_done(&peer);
    buf_done(&words);
    return err;
}
