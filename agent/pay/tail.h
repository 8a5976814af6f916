/* SPDX-License-Identifier: Apache-2.0 */
/* tail: files of a folder (or one file and its rotations) that grow, are renamed, truncated after a
 * copy, replaced or compressed, each record once.
 *
 * A slot stands for one content: its identity on disk and digests of what was read of it
 * (logfile_state). When a file's name or identity changes, its content is looked for under the
 * others; content that nobody has read yet gets a new slot. Files of a folder are read in order of
 * rotation.h, each to its end. Only whole lines are taken; an unterminated last one after
 * TAIL_QUIET_NS without news.
 *
 * Limits: TAIL_SOURCES_MAX configured paths, TAIL_SLOTS_MAX contents (the one that is gone longest
 * makes room), TAIL_OPEN_MAX files open at a time. */
#pragma once

#include "agent/detect/sink.h"
#include "agent/pay/logfile.h"
#include "agent/pay/seen.h"

enum { TAIL_SOURCES_MAX = 64, TAIL_SLOTS_MAX = 1000, TAIL_OPEN_MAX = 8, TAIL_FILES_MAX = 4096 };
#define TAIL_QUIET_NS (INT64_C(3) * 1000000000)
#define TAIL_LOOK_NS  (INT64_C(1) * 1000000000)
/* How long a new x.log.1 or x.log.gz must stand still before it is read as a log of its own: until
 * then rotation may be copying or packing what is known already. */
#define TAIL_SETTLE_NS   (INT64_C(1500) * 1000000)
#define TAIL_REPLACED_NS (INT64_C(30) * 1000000000)

struct tail_options {
    struct profiles *profiles;
    struct tokens *tokens;
    const struct zone *zone;
    const char *currency;
    /* Opens what this process may not (may be NULL). */
    enum vg_err (*open)(void *ctx, const char *path, platform_file *out);
    /* Called once for each content when it is read to its end and stands still for TAIL_SETTLE_NS:
     * the file's name without folder, the format's ("" for none that fits), what it held. May be
     * NULL. */
    void (*told)(void *ctx, const char *name, const char *format,
                 const struct logfile_counts *counts);
    /* Called once for each content that took the place of another under its name, when it is read to its
     * end and stands still for TAIL_REPLACED_NS (a slow writer is no editor). May be NULL. */
    void (*replaced)(void *ctx, const char *name, struct seen_recent *recent);
    void *ctx;
};

struct tail;

enum vg_err tail_new(const struct tail_options *options, struct tail **out) VG_MUST_CHECK;
void tail_free(struct tail *t);

/* A folder or a file, which may not exist yet. Borrows path; `why` says what is wrong with the
 * format. VG_ERR_CONFIG, VG_ERR_LIMIT. */
enum vg_err tail_add(struct tail *t, const char *path, const char *format,
                     struct conf_error *why) VG_MUST_CHECK;
/* The folder to be watched and read for source i; NULL behind the last. */
const char *tail_folder(const struct tail *t, size_t i);

/* Positions as tail_save() gave them; unusable ones are passed over: the file is read again. */
enum vg_err tail_position(struct tail *t, const char *source, const json_t *position) VG_MUST_CHECK;
/* Rows that changed since the last call, to the sink, before a commit. */
void tail_save(struct tail *t, const struct sink *sink);

/* Looks at the folders again before the next tail_next(). */
void tail_look(struct tail *t);

/* The next record of the first file that has one: VG_OK with *log (logfile_txns() and so on) and
 * its *recent. VG_AGAIN: all files are read to their end; call again after news or *wait_ns.
 * now_ns is a monotonic clock. VG_ERR_NOMEM, VG_ERR_SYS (tokens). */
enum vg_err tail_next(struct tail *t, int64_t now_ns, struct logfile **log,
                      struct seen_recent **recent, int64_t *wait_ns) VG_MUST_CHECK;

struct tail_counts {
    uint64_t files, unknown, unreadable, damaged, replaced, evicted;
    uint64_t folders_unlisted;     /* now, not in all: absent, or this user may not list them */
    struct logfile_counts records; /* of all files in this life */
};
const struct tail_counts *tail_counts(const struct tail *t);
/* The shape of the newest bad line, "" for none. */
const char *tail_bad_shape(const struct tail *t);
