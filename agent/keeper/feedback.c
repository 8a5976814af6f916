/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keeper/feedback.h"

#include <string.h>

#include "agent/keeper/spool.h"
#include "common/uuid.h"
#include "common/vtime.h"

#define SPOOL "feedback"

bool
feedback_verdict_known(const char *verdict)
{
    return strcmp(verdict, "useful") == 0 || strcmp(verdict, "noise") == 0 ||
           strcmp(verdict, "mine") == 0;
}

enum vg_err
feedback_folder(const char *state_dir)
{
    return spool_folder(state_dir, SPOOL);
}

enum vg_err
feedback_leave(const char *state_dir, const char *event_id, const char *verdict, int64_t now_ns)
{
    char time[VTIME_TEXT_MAX];

    return spool_leave(state_dir, SPOOL,
                       json_pack("{s:s, s:s, s:s}", "event", event_id, "verdict", verdict, "time",
                                 vtime_format(now_ns, time)),
                       now_ns);
}

struct taker {
    feedback_fn *fn;
    void *ctx;
};

static enum vg_err
take_one(void *ctx, const json_t *value)
{
    const struct taker *t = ctx;
    const char *event = vg_json_str(value, "event", "");
    const char *verdict = vg_json_str(value, "verdict", "");

    return uuid_valid(event) && feedback_verdict_known(verdict) ? t->fn(t->ctx, event, verdict)
                                                                : VG_ERR_FORMAT;
}

enum vg_err
feedback_take(const char *state_dir, feedback_fn *fn, void *ctx, size_t *refused)
{
    struct taker taker = {.fn = fn, .ctx = ctx};

    return spool_take(state_dir, SPOOL, take_one, &taker, refused);
}
