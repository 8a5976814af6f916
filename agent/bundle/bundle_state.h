/* SPDX-License-Identifier: Apache-2.0 */
/* bundle_state: which rules this agent runs, in STATE/bundle/:
 *
 *   state.json        what runs, what ran before, the highest version that was ever here, what was
 *                     refused: replaced whole, and the only thing that says what counts
 *   highest.json      of that the highest version, what runs and the time, once more: should state.json
 *                     be damaged or lost, nothing older comes in, and what ran is put on the disk and
 *                     tried again
 *   VERSION-bBASE/    the rules of a bundle over those that came with the program: never changed
 *                     once state.json names it. BASE is of the program's rules: after an update of
 *                     the program the bundle is put over the new ones, and tried again
 *   VERSION.bundle    the bundle itself, for that
 *   HASH.part         on its way from the collector
 *   drop.bundle       left by `vigia-agent bundle apply` for a keeper that runs
 *
 * So a process that is killed, or a disk that is full, at any moment leaves the old rules or the new
 * ones. What state.json does not name is swept away. Owner: the keeper, or `bundle apply` while it
 * holds STATE/lock. */
#pragma once

#include "agent/config.h"
#include "common/bundle.h"

enum {
    BUNDLE_PATH_BYTES = 1200,
    BUNDLE_HEX = 2 * BUNDLE_SHA256 + 1,
    BUNDLE_BASE = 17,   /* 16 hex digits */
    BUNDLE_FOLDER = 40, /* "VERSION-bBASE" */
};

/* Version 0: the rules that came with the program. */
struct bundle_entry {
    int64_t version, since_ns;
    char sha256[BUNDLE_HEX], folder[BUNDLE_FOLDER], base[BUNDLE_BASE];
    int64_t expires_ns;
};

struct bundle_no { /* version 0: none */
    int64_t version, time_ns;
    char sha256[BUNDLE_HEX];
    struct bundle_error error;
};

struct bundle_state {
    int64_t highest;               /* accepted so far; what comes must be higher */
    int64_t seen_ns;               /* the latest time that somebody trusted told */
    struct bundle_entry now, last; /* last: to go back to */
    unsigned crashes;              /* of workers since `now` came */
    struct bundle_no refused;      /* the latest one that was not taken */
    struct bundle_no left;         /* the latest one that we went back from */
    int64_t taken, refused_count, left_count;
};

/* STATE/bundle/NAME; false where it is too long. */
bool bundle_path(const char *state_dir, const char *name,
                 char out[BUNDLE_PATH_BYTES]) VG_MUST_CHECK;
/* Nothing there: all zeroes. *out is always filled: where state.json is lost or an error is returned
 * (VG_ERR_FORMAT: damaged), with what highest.json has; `now` is then without a folder. */
enum vg_err bundle_state_load(const char *state_dir, struct bundle_state *out) VG_MUST_CHECK;
/* VG_OK: state.json says so. highest.json follows, with the next one where the disk did not let it. */
enum vg_err bundle_state_save(const char *state_dir, const struct bundle_state *s) VG_MUST_CHECK;
/* For status and hello: {"version", "since", "expires", "highest", "crashes", "taken", "refused_count",
 * "left_count", "refused": {"version", "word", "why", "time"}, "left": {...}}. New reference. */
json_t *bundle_state_tell(const struct bundle_state *s);

/* Names, sizes and times of the files under a folder of rules, in few digits. */
enum vg_err bundle_base(const char *rules_dir, char out[BUNDLE_BASE]) VG_MUST_CHECK;
/* Where the rules of state.now are, if they are there and stand on this base: true. */
bool bundle_rules(const char *state_dir, const struct bundle_state *s, const char *base,
                  char out[BUNDLE_PATH_BYTES]) VG_MUST_CHECK;
/* The configuration's rules become the bundle's, where the owner named none of their own and one is
 * in use; its rules_base stays. */
void bundle_use(struct agent_config *config);
/* Back to rules_base. */
void bundle_unuse(struct agent_config *config);

/* The bundle is tried and on the disk: it runs from now on. */
enum vg_err bundle_state_take(const char *state_dir, struct bundle_state *s,
                              const struct bundle_entry *entry) VG_MUST_CHECK;
enum vg_err bundle_state_refuse(const char *state_dir, struct bundle_state *s, int64_t version,
                                const char *sha256, const struct bundle_error *error,
                                int64_t now_ns) VG_MUST_CHECK;
/* Back to the one before. */
enum vg_err bundle_state_leave(const char *state_dir, struct bundle_state *s,
                               const struct bundle_error *error, int64_t now_ns) VG_MUST_CHECK;
struct bundle_verdict;
/* What a trial came to (bundle_try.h): it is taken or refused. `offered` and its hash stand for what
 * could not be read. VG_OK: state.json says so. */
enum vg_err bundle_settle(const char *state_dir, struct bundle_state *s,
                          const struct bundle_verdict *verdict, int64_t offered,
                          const char *offered_sha256, int64_t now_ns) VG_MUST_CHECK;
/* This word may have no more to do with the bundle by tomorrow: the disk, the clock, a busy
 * machine. */
bool bundle_word_passes(const char *word);
/* Removes what the state does not name, but for downloads. */
void bundle_sweep(const char *state_dir, const struct bundle_state *s);
/* Removes all downloads but HASH.part of this name: of what is offered no more. */
void bundle_sweep_parts(const char *state_dir, const char *but);

/* Who may sign: the configuration's key, else the one pinned at enrolment
 * (STATE/identity/bundle.pub). Returns how many. */
size_t bundle_keys(const struct agent_config *config, uint8_t out[BUNDLE_KEYS_MAX][BUNDLE_KEY]);
