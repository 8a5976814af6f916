/* SPDX-License-Identifier: Apache-2.0 */
/* quarantine: files that matched a rule, taken from where they lay and kept sealed (sealed.h) until the
 * owner wants them back. Used by the host worker, and by `vigia-agent quarantine`.
 *
 * STATE/quarantine/
 *   ID.sealed    taken away: the original is gone
 *   ID.pending   sealed, the original still lies in its place
 *   ID.new       being written
 *   wanted       SHA-256 of what was restored, one a line: is not taken again
 *   lock         one process at a time
 * STATE-keys/quarantine.key (beside the data where there is no such folder): 64 hex digits.
 *
 * A file goes in two steps, so that whoever asks can make its record durable between them:
 * quarantine_seal() makes the sealed copy durable, quarantine_take() removes the original after it has
 * been looked at again, under a name of ours. Whatever is killed in between: there is the original, or
 * the copy, or both; quarantine_recover() brings it to one of them.
 *
 * Never taken: a system file (system_file.h); one that is reached through a link or has a second name
 * (hard link); one that a program is writing to; one that is not byte for byte what was scanned; one
 * that would pass the caps (nothing older makes room: what was taken stays until the owner says so). */
#pragma once

#include "agent/config.h"
#include "agent/host/system_file.h"
#include "agent/platform/platform.h"

enum {
    QUARANTINE_FILES_MAX = 1000,
    QUARANTINE_WANTED_MAX = 10000,
    QUARANTINE_ID_SIZE = 9, /* 8 hex digits */
    QUARANTINE_PATH_MAX = 4096,
    QUARANTINE_RULE_MAX = 64,
    QUARANTINE_SHA_SIZE = 65,
};
#define QUARANTINE_DISK_LEFT (UINT64_C(64) * 1024 * 1024) /* of the drive stays free */

struct quarantine;

/* What became of a file; also the fact `outcome` of its alert, whose words the rules have. */
enum quarantine_outcome {
    QUARANTINE_DONE,    /* "quarantine" */
    QUARANTINE_WANTED,  /* "wanted": the owner brought it back before */
    QUARANTINE_FULL,    /* "full" */
    QUARANTINE_SYSTEM,  /* "system" */
    QUARANTINE_CHANGED, /* "changed": no longer what was scanned, or gone */
    QUARANTINE_LINKED,  /* "linked": a link leads there, or it has several names */
    QUARANTINE_FAILED,  /* "failed": the system did not let us */
    QUARANTINE_IN_USE,  /* "in_use": a program has it open to write */
    QUARANTINE_BUSY,    /* "busy": another process is at work; ask again */
};
const char *quarantine_outcome_name(enum quarantine_outcome outcome);

struct quarantine_entry {
    char id[QUARANTINE_ID_SIZE];
    bool pending;
    char path[QUARANTINE_PATH_MAX + 1]; /* bytes, as the file system has them */
    struct platform_stat stat;
    struct platform_dress dress;
    char sha256[QUARANTINE_SHA_SIZE], rule[QUARANTINE_RULE_MAX];
    enum severity severity;
    int64_t sealed_ns;
};

/* Opens it; `make`: folder and key are made where they are missing. VG_ERR_NOENT: there is none.
 * VG_ERR_DENIED: not ours to read. */
enum vg_err quarantine_open(const struct agent_config *config, bool make,
                            struct quarantine **out) VG_MUST_CHECK;
void quarantine_free(struct quarantine *q);

/* ---- host worker ---- */

/* `wanted` has the path (resolved), stat as it was when it was scanned, sha256, rule, severity; id and
 * the rest are filled in. Asked again for the same file: the same id. */
enum quarantine_outcome quarantine_seal(struct quarantine *q, struct quarantine_entry *wanted,
                                        int64_t now_ns);
/* When it is not taken, the sealed copy is gone as well. */
enum quarantine_outcome quarantine_take(struct quarantine *q, const char *id);
/* What a process that was killed left behind. */
void quarantine_recover(struct quarantine *q);

/* ---- command line ---- */

/* All entries, the oldest first; those whose seal is broken are counted in *broken. */
typedef void quarantine_fn(void *ctx, const struct quarantine_entry *entry);
enum vg_err quarantine_list(struct quarantine *q, quarantine_fn *fn, void *ctx,
                            size_t *broken) VG_MUST_CHECK;
/* One by its id. VG_ERR_NOENT, VG_ERR_DENIED (broken). */
enum vg_err quarantine_find(struct quarantine *q, const char *id,
                            struct quarantine_entry *out) VG_MUST_CHECK;
/* Back to its place with owner, mode (without set-user bits) and times; its hash is remembered.
 * VG_ERR_EXISTS: something else lies there. VG_ERR_NOENT: its folder is gone. VG_ERR_DENIED: a link in
 * the path, no right, or a broken seal. VG_ERR_LIMIT: its drive is full. VG_ERR_SYS: read-only, or the drive
 * complains. VG_AGAIN: another process is at work. The entry stays until
 * quarantine_drop(). */
enum vg_err quarantine_restore(struct quarantine *q,
                               const struct quarantine_entry *entry) VG_MUST_CHECK;
/* Gone for good: the salt of its key goes with it. */
enum vg_err quarantine_drop(struct quarantine *q,
                            const struct quarantine_entry *entry) VG_MUST_CHECK;
