/* SPDX-License-Identifier: Apache-2.0 */
/* What people said, here and at the collector, on its way to the sensors. */
#include "agent/keeper/feedback.h"
#include "agent/keeper/keeper_private.h"
#include "common/log.h"

enum { VERDICTS_A_SECOND = 8 };

struct one_event {
    json_t *event;
};

static enum vg_err
keep_event(void *ctx, int64_t seq, struct slice json)
{
    struct one_event *one = ctx;

    (void)seq;
    json_decref(one->event);
    one->event = NULL;
    return vg_json_parse(json, EVENT_BYTES_MAX * 2, &one->event);
}

/* To the sensor that raised it, in the words of its detectors (struct feedback_view). */
static void
pass_feedback(struct keeper *k, const json_t *event, const char *verdict)
{
    json_t *feedback =
        json_pack("{s:s, s:s, s:O?, s:O?, s:s}", "event", vg_json_str(event, "id", ""), "detector",
                  vg_json_str(event, "detector", ""), "subject", json_object_get(event, "subject"),
                  "peer", json_object_get(event, "peer"), "verdict", verdict);

    if (feedback != NULL && k->supervisor != NULL)
        supervisor_feedback(k->supervisor, vg_json_str(event, "sensor", ""), feedback);
    json_decref(feedback);
}

static enum vg_err
on_feedback(void *ctx, const char *event_id, const char *verdict)
{
    struct keeper *k = ctx;
    struct one_event one = {.event = NULL};
    struct store_query query = {.id = event_id, .limit = 1};
    int64_t now = vtime_now();
    json_t *facts;
    enum vg_err err = store_query(k->store, &query, keep_event, &one);

    if (err == VG_OK && one.event == NULL) {
        log_event(LOG_LEVEL_WARN, "feedback.unknown", "event=%s", event_id);
        return VG_OK; /* retention was faster */
    }
    if (err != VG_OK)
        return err;
    facts = json_pack("{s:s, s:s, s:s}", "event", event_id, "detector",
                      vg_json_str(one.event, "detector", ""), "verdict", verdict);
    err = store_event(k->store,
                      health_event("agent.feedback", SEVERITY_INFO, store_id(k->store), now, facts),
                      now);
    if (err == VG_OK)
        pass_feedback(k, one.event, verdict);
    json_decref(one.event);
    return err;
}

/* From the collector: recorded and passed on as what somebody said here is. */
static bool
on_verdict(void *ctx, const json_t *verdict)
{
    struct keeper *k = ctx;
    int64_t now = vtime_now();
    json_t *facts;

    if (!supervisor_feedback(k->supervisor, vg_json_str(verdict, "sensor", ""), verdict))
        return false;
    facts = json_pack("{s:s, s:s, s:s}", "incident", vg_json_str(verdict, "incident", ""),
                      "detector", vg_json_str(verdict, "detector", ""), "verdict",
                      vg_json_str(verdict, "verdict", ""));
    if (store_event(k->store,
                    health_event("agent.feedback", SEVERITY_INFO, store_id(k->store), now, facts),
                    now) != VG_OK)
        log_event(LOG_LEVEL_WARN, "feedback.unrecorded", "incident=%s",
                  vg_json_str(verdict, "incident", ""));
    return true;
}

static void
tell_exceptions(struct keeper *k)
{
    json_t *set = exceptions_changed(k->exceptions, vtime_now());

    if (set != NULL)
        supervisor_exceptions(k->supervisor, set);
    exceptions_deliver(k->exceptions, VERDICTS_A_SECOND, on_verdict, k);
}

static void
take_feedback(struct keeper *k)
{
    size_t refused = 0;
    enum vg_err err = feedback_take(k->config->state_dir, on_feedback, k, &refused);

    if (refused > 0)
        log_event(LOG_LEVEL_WARN, "feedback.refused", "files=%zu", refused);
    if (err != VG_OK && err != VG_ERR_NOENT)
        log_event(LOG_LEVEL_WARN, "feedback.failed", "error=%s", vg_err_name(err));
}

void
keeper_take_feedback(struct keeper *k)
{
    take_feedback(k);
    tell_exceptions(k);
}
