/* SPDX-License-Identifier: Apache-2.0 */
/* bundle_care: bundles of rules in the life of the keeper. What the collector offers is fetched piece
 * by piece (ship asks for the next one), tried in a child (agent/bundle), taken or refused; rules
 * that workers crash on are left again for those before. Every step is told as a health event
 * (agent.bundle_taken, _refused, _left) and counted in state.json. Never blocks but for the
 * hash of a whole download. */
#pragma once

#include "agent/bundle/bundle_state.h"
#include "common/event.h"

enum {
    BUNDLE_PIECE = 192 * 1024, /* of one answer */
    BUNDLE_CRASHES = 3,        /* so many, within ... */
};
#define BUNDLE_CRASH_NS (INT64_C(600) * 1000000000) /* ... this time, and the rules are left */
#define BUNDLE_PROBATION_NS                                                                        \
    (INT64_C(86400) * 1000000000)                    /* but only within so long of their start */
#define BUNDLE_RETRY_NS (INT64_C(3600) * 1000000000) /* after a full disk or a wrong clock */

struct bundle_care;

struct bundle_care_options {
    const struct agent_config *config; /* its rules_dir is what runs at the start */
    const char *program;
    bool sandbox;
    /* Other rules run from now on: NULL for the configuration's own. */
    void (*changed)(void *ctx, const char *rules_dir);
    /* Takes `facts`. */
    void (*tell)(void *ctx, const char *detector, enum severity severity, json_t *facts);
    void *ctx;
};

enum vg_err bundle_care_new(const struct bundle_care_options *options,
                            struct bundle_care **out) VG_MUST_CHECK;
void bundle_care_free(struct bundle_care *c); /* NULL is fine */

/* Once a second. */
void bundle_care_tick(struct bundle_care *c);
/* What hello brought: "bundle": {"version", "size", "sha256"}, "bundle_key": HEX, "time". */
void bundle_care_hello(struct bundle_care *c, const json_t *answer);
/* What the answer to events told: the version of the rules that are for this agent, 0: none. True, once for
 * each version: the next hello would bring something to fetch. */
bool bundle_care_heard(struct bundle_care *c, int64_t version);
/* The body of the next question for a piece, {"version", "offset"}: new reference, or NULL. */
json_t *bundle_care_question(struct bundle_care *c);
/* There is one to ask: ship may sleep meanwhile. */
bool bundle_care_wants(const struct bundle_care *c);
/* Its answer; NULL: it was refused, and is given up until it is offered again. */
void bundle_care_piece(struct bundle_care *c, const struct slice *piece);
/* There is something new to tell the collector: once for each. */
bool bundle_care_news(struct bundle_care *c);
/* supervisor's on_crash. */
void bundle_care_crashed(struct bundle_care *c, const char *worker);
/* For status and hello: bundle_state_tell() with "mode": "on|off|own". New reference. */
json_t *bundle_care_status(const struct bundle_care *c);
