/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/own.h"

#include <stdlib.h>
#include <string.h>

#include "collector/incident.h"
#include "common/vtime.h"

enum { SCORE = 80 };

static json_t *
build(const struct storage_agent *agent, const struct own_event *e, const char *id, int64_t seq,
      int64_t now_ns)
{
    const char *label = e->subject_label != NULL ? e->subject_label : agent->host;
    char time[VTIME_TEXT_MAX];

    (void)vtime_format(now_ns, time);
    return json_pack("{si ss ss sI ss ss ss ss ss ss si s{ss ss ss} sO}", "v", 1, "id", id, "store",
                     agent->id, "seq", (json_int_t)seq, "time", time, "recorded", time, "class",
                     "alert", "sensor", "agent", "detector", e->detector, "severity",
                     severity_name(e->severity), "score", SCORE, "subject", "kind", "agent", "id",
                     e->subject_id != NULL ? e->subject_id : agent->id, "label",
                     label[0] != '\0' ? label : agent->id, "facts", e->facts);
}

static enum vg_err
put(struct storage *s, const struct storage_agent *agent, const json_t *event,
    struct storage_event *row, char incident[UUID_TEXT_SIZE])
{
    char *text = vg_json_text(event);
    enum vg_err err = text != NULL ? incident_take(s, agent, event, row, incident) : VG_ERR_NOMEM;

    if (err == VG_OK) {
        row->body = slice_of(text, strlen(text));
        row->incident = incident[0] != '\0' ? incident : NULL;
        err = s->ops->event_put(s, row);
    }
    free(text);
    return err;
}

enum vg_err
own_event_put(struct storage *s, const struct storage_agent *agent, const struct own_event *e,
              int64_t now_ns, char incident[UUID_TEXT_SIZE])
{
    char id[UUID_TEXT_SIZE];
    struct storage_event row = {.id = id,
                                .tenant = agent->tenant,
                                .site = agent->site,
                                .detector = e->detector,
                                .class = "alert",
                                .severity = e->severity,
                                .time_ns = now_ns,
                                .recorded_ns = now_ns,
                                .received_ns = now_ns};
    int64_t held = 0;
    json_t *event = NULL;
    enum vg_err err = uuid_v7(now_ns, id);

    if (err == VG_OK)
        err = s->ops->stream_open(s, agent->id, agent->id, now_ns, &row.stream, &held);
    if (err == VG_OK) {
        row.seq = held + 1;
        event = build(agent, e, id, row.seq, now_ns);
        err = event != NULL ? put(s, agent, event, &row, incident) : VG_ERR_NOMEM;
    }
    if (err == VG_OK)
        err = s->ops->stream_durable(s, row.stream, row.seq);
    json_decref(event);
    json_decref(e->facts);
    return err;
}
