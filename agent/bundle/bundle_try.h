/* SPDX-License-Identifier: Apache-2.0 */
/* bundle_try: a bundle is verified, put on the disk and tried in a process of its own (agent/trial),
 * which gives way to all others, has caps on memory and time, and of which all can be lost. This side starts it, and hears
 * its verdict.
 *
 * To the child, one line of JSON: {"config": TREE, "path", "keys": [HEX], "highest", "again",
 * "now": ns, "sandbox"}. From the child, one line: {"good", "version", "sha256", "folder", "base",
 * "expires": ns, "files", "samples", "word", "why"}. */
#pragma once

#include "agent/bundle/bundle_state.h"

#define BUNDLE_TRY_CPU_NS (INT64_C(180) * 1000000000) /* then the system ends it */
/* It gives way to the shop's own programs: so late, there was no time for it, and it is tried later. */
#define BUNDLE_TRY_NS (INT64_C(900) * 1000000000)
enum { BUNDLE_TRY_LINE_MAX = 512 * 1024, BUNDLE_TRY_MEMORY = 768 * 1024 * 1024 };

struct bundle_try_wish {
    const char *program; /* path of this program */
    const struct agent_config *config;
    const char *path;
    const struct bundle_state *state;
    /* One that was taken before, over a program that is newer now: neither its version nor its time
     * is looked at. */
    bool again;
    int64_t now_ns;
    bool sandbox;
};

struct bundle_verdict {
    bool good;
    struct bundle_entry entry; /* without since_ns; version and sha256 also of one that is refused,
                                  where they could be read */
    int64_t files, samples;
    struct bundle_error error;
};

struct bundle_try;

enum vg_err bundle_try_start(const struct bundle_try_wish *wish,
                             struct bundle_try **out) VG_MUST_CHECK;
/* VG_AGAIN while it lasts; VG_OK: *out is filled, and the try is over. */
enum vg_err bundle_try_poll(struct bundle_try *t, struct bundle_verdict *out) VG_MUST_CHECK;
void bundle_try_free(struct bundle_try *t); /* kills it; NULL is fine */
