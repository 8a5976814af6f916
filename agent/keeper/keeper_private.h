/* SPDX-License-Identifier: Apache-2.0 */
/* keeper_private: what the files of the keeper share: its loop (keeper.c), what it says of itself
 * (keeper_status.c), what people said (keeper_feedback.c), what may change while it runs
 * (keeper_change.c). Included nowhere else. */
#pragma once

#include <event2/event.h>

#include "agent/keeper/bundle_care.h"
#include "agent/keeper/exceptions.h"
#include "agent/keeper/health.h"
#include "agent/keeper/hours.h"
#include "agent/keeper/identity.h"
#include "agent/keeper/keeper.h"
#include "agent/keeper/mailer.h"
#include "agent/keeper/settings_care.h"
#include "agent/keeper/ship.h"
#include "agent/keeper/status.h"
#include "agent/keeper/store.h"
#include "agent/keeper/supervisor.h"
#include "agent/platform/platform.h"
#include "common/texts.h"
#include "common/vtime.h"

struct keeper {
    const struct keeper_options *options;
    const struct agent_config *config; /* agent.yaml */
    const struct agent_config *now;    /* with what the provider set; of settings */
    struct event_base *loop;
    struct event *tick, *stop;
    struct store *store;
    struct supervisor *supervisor;
    struct ship *ship;
    struct mailer *mailer; /* NULL: enrolled, or no address */
    struct bundle_care *bundles;
    struct exceptions *exceptions;
    struct settings_care *settings;
    unsigned rights;               /* that this process kept */
    struct texts *texts;           /* of a bundle, since this start; NULL: the options' */
    platform_file drives, writers; /* of platform_drives_open() */
    struct status_file status;
    struct health_limit limit;
    struct hours hours;
    const char *state; /* "running", "stopping", "stopped" */
    char started[VTIME_TEXT_MAX];
    char token_key[IDENTITY_TOKEN_KEY_SIZE]; /* "" when it cannot be read */
    int64_t retain_at_ns;                    /* monotonic */
    int code;
};

/* An event of our own; `facts` is taken. What cannot be recorded is at least logged. */
void keeper_record(struct keeper *k, const char *detector, enum severity severity, json_t *facts);

/* The file that `status` shows, and the figures of an hour once it is over. */
void keeper_write_status(struct keeper *k);
/* What `hello` tells the collector: how the workers are, without what they count each second. */
json_t *keeper_shipped_status(void *ctx);

/* Once a second: what people said here, and at the collector, goes on to the sensors. */
void keeper_take_feedback(struct keeper *k);

/* An agent that stands alone writes to the owner itself. */
enum vg_err keeper_start_mailer(struct keeper *k) VG_MUST_CHECK;
/* Before rights are given up: which are needed may have been set from afar. */
enum vg_err keeper_start_settings(struct keeper *k) VG_MUST_CHECK;
enum vg_err keeper_start_bundles(struct keeper *k) VG_MUST_CHECK;
