/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/sink_counter.h"

static void
count_event(void *ctx, json_t *event)
{
    struct sink_counter *c = ctx;

    c->events++;
    c->to->ops->event(c->to->ctx, event);
}

static void
pass_observation(void *ctx, struct slice json)
{
    struct sink_counter *c = ctx;

    c->to->ops->observation(c->to->ctx, json);
}

static void
pass_state(void *ctx, const char *detector, struct slice key, uint16_t version, struct slice blob)
{
    struct sink_counter *c = ctx;

    c->to->ops->state(c->to->ctx, detector, key, version, blob);
}

static void
pass_position(void *ctx, const char *source, struct slice json)
{
    struct sink_counter *c = ctx;

    c->to->ops->position(c->to->ctx, source, json);
}

static enum vg_err
pass_commit(void *ctx)
{
    struct sink_counter *c = ctx;

    return c->to->ops->commit(c->to->ctx);
}

static void
pass_health(void *ctx, struct slice json)
{
    struct sink_counter *c = ctx;

    c->to->ops->health(c->to->ctx, json);
}

static const struct sink_ops OPS = {
    .event = count_event,
    .observation = pass_observation,
    .state = pass_state,
    .position = pass_position,
    .commit = pass_commit,
    .health = pass_health,
};

void
sink_counter_init(struct sink_counter *c, const struct sink *to)
{
    *c = (struct sink_counter){.sink = {.ops = &OPS, .ctx = c}, .to = to};
}
