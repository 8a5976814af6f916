/* SPDX-License-Identifier: Apache-2.0 */
/* status: what `vigia-agent status` shows, left by the running keeper in state/status.json: written
 * at a change, and every STATUS_FRESH_NS at the latest. Counters change all the time and a write
 * costs the disk a sync: after the first minutes changes wait for STATUS_FRESH_NS too. */
#pragma once

#include "common/json.h"

#define STATUS_FRESH_NS  (INT64_C(10) * 1000000000)
#define STATUS_CHANGE_NS (INT64_C(1) * 1000000000)
#define STATUS_YOUNG_NS  (INT64_C(180) * 1000000000)
#define STATUS_STALE_NS  (INT64_C(30) * 1000000000)
enum { STATUS_BYTES_MAX = 256 * 1024 };

struct status_file {
    char *path, *last; /* the text last written, without its time */
    int64_t first_ns, written_ns;
};

enum vg_err status_init(struct status_file *s, const char *state_dir) VG_MUST_CHECK;
/* Takes the reference of `status`, adds its time, and writes it where it says something new. */
enum vg_err status_write(struct status_file *s, json_t *status, int64_t now_ns) VG_MUST_CHECK;
/* The next one is written whatever it says (the end of the service). */
void status_force(struct status_file *s);
void status_done(struct status_file *s);

/* Forgets what an earlier life left, so that nobody takes it for ours. VG_ERR_EXISTS: another keeper
 * lives here. */
enum vg_err status_begin(const struct status_file *s, const char *state_dir) VG_MUST_CHECK;

/* The last one with "stale" (nobody wrote it in STATUS_STALE_NS, or its clock is wrong): new
 * reference. One that was killed is {"state": "killed", "stale": true, "workers": []}: nobody holds
 * the store's lock. VG_ERR_NOENT: it never ran. */
enum vg_err status_read(const char *state_dir, int64_t now_ns, json_t **out) VG_MUST_CHECK;
