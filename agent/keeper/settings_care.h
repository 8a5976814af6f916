/* SPDX-License-Identifier: Apache-2.0 */
/* settings_care: what the provider sets from afar (common/settings.h) in the life of the keeper. A document
 * that hello brings is held against the collector's key, this agent's id, the version that runs and
 * the table; then it is kept in STATE/settings.json, whole or not at all, and stands before agent.yaml, from
 * now on and at each start. One that is refused changes nothing, and is said once. Told as health events
 * agent.settings_taken and agent.settings_refused. */
#pragma once

#include "agent/config.h"
#include "common/event.h"

struct settings_care;

struct settings_care_options {
    const struct agent_config *config; /* agent.yaml; stays */
    /* Another configuration counts from now on; the one before is gone when this returns. */
    void (*changed)(void *ctx, const struct agent_config *config);
    /* Takes `facts`. */
    void (*tell)(void *ctx, const char *detector, enum severity severity, json_t *facts);
    void *ctx;
};

/* Reads what is kept; one that is damaged, or whose key is not the collector's any more, is left aside and
 * told. VG_ERR_NOMEM. */
enum vg_err settings_care_new(const struct settings_care_options *options,
                              struct settings_care **out) VG_MUST_CHECK;
void settings_care_free(struct settings_care *c); /* NULL is fine */

/* What counts now. */
const struct agent_config *settings_care_config(const struct settings_care *c);
/* What hello brought: "settings": {"text", "signature"}, "settings_key": HEX. */
void settings_care_hello(struct settings_care *c, const json_t *answer);
/* There is something new to tell the collector: once for each. */
bool settings_care_news(struct settings_care *c);
/* {"version", "names": ["alerts.budget_per_week"], "refused": {"version", "word", "why"}, "mode": "on|off"}.
 * New reference. */
json_t *settings_care_status(const struct settings_care *c);
