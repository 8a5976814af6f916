/* SPDX-License-Identifier: Apache-2.0 */
/* supervisor: the lives of the workers. Starts each, feeds it configuration, rows and positions,
 * takes its frames through the gate into a batch, commits at FRAME_COMMIT and acknowledges, ends
 * one that breaks the rules, restarts one that ended with back-off (1 s doubling to 5 min, reset
 * after 10 min of good life), and records each of these as a health event (agent.worker_ended).
 * Runs on the keeper's libevent loop. */
#pragma once

#include <event2/event.h>

#include "agent/config.h"
#include "agent/keeper/store.h"
#include "agent/platform/platform.h"

struct supervisor;

struct supervisor_options {
    struct event_base *loop;
    struct store *store;
    const struct agent_config *config;
    const char *program; /* path of this program */
    bool sandbox;
    /* Of platform_drives_open(), borrowed, PLATFORM_NO_HANDLE where there was no right: the file worker watches
     * by the first, the host worker sees by the second who writes. */
    platform_file drives, writers;
    const char *token_key; /* hex, borrowed: goes to the pay worker alone; NULL: none */
    /* Called after each commit that carried events (ship, mail). */
    void (*on_events)(void *ctx);
    /* Called when every worker's finite input is done and nothing live is configured. */
    void (*on_idle)(void *ctx);
    /* A sensor ended by a signal, by breaking the rules, or as it started: what rules can bring about.
     * NULL: nobody minds. */
    void (*on_crash)(void *ctx, const char *worker);
    void *ctx;
};

enum vg_err supervisor_new(const struct supervisor_options *options,
                           struct supervisor **out) VG_MUST_CHECK;
/* Starts "host" and the sensors that the configuration asks for: "net", "pay", "file". */
enum vg_err supervisor_start(struct supervisor *s) VG_MUST_CHECK;
/* Asks all to stop (they commit what is whole), kills what is left after 5 s, then calls done. */
void supervisor_stop(struct supervisor *s, void (*done)(void *ctx), void *ctx);
/* Another configuration (the same but for common/settings.h) from now on: all workers start again with
 * it. Borrowed, for the life of the supervisor or until the next one. */
void supervisor_config(struct supervisor *s, const struct agent_config *config);
/* Other rules from now on: the sensors commit what is whole, and are started again at once. `rules_dir` is
 * copied; NULL: the configuration's. VG_ERR_NOMEM: the old ones stay. */
enum vg_err supervisor_rules(struct supervisor *s, const char *rules_dir) VG_MUST_CHECK;
bool supervisor_feedback(struct supervisor *s, const char *sensor, const json_t *feedback);
/* To all sensors, those that start later too: {"exceptions": [...]} (judge.h). Takes the reference. */
void supervisor_exceptions(struct supervisor *s, json_t *exceptions);
/* What `status` shows: for each worker name, state, pid, restarts, sandbox, health. New reference. */
json_t *supervisor_status(const struct supervisor *s);
void supervisor_free(struct supervisor *s);
