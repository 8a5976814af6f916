/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the quarantine share. Included nowhere else.
 *
 *   quarantine.c        opening, the key, the lock
 *   quarantine_seal.c   looking at an original, sealing it
 *   quarantine_take.c   taking it, what a kill left behind
 *   quarantine_entry.c  the head of a sealed file, finding and listing
 *   quarantine_back.c   restoring, dropping, what the owner wants */
#pragma once

#include "agent/host/quarantine.h"
#include "agent/host/sealed.h"

enum { QUARANTINE_FILE_MAX = CONFIG_PATH_MAX + 64 };

struct quarantine {
    char dir[CONFIG_PATH_MAX];
    uint8_t key[SEALED_KEY];
    uint64_t bytes_max;
    struct system_files *system;
};

/* STATE/quarantine/NAME.suffix */
void quarantine_path(const struct quarantine *q, const char *name, const char *suffix,
                     char out[QUARANTINE_FILE_MAX]);
/* Waits a little for another process. VG_AGAIN. */
enum vg_err quarantine_lock(const struct quarantine *q, platform_file *lock) VG_MUST_CHECK;

bool quarantine_id_fine(const char *id);
/* The ids there are, by the names of the files; free with platform_names_free(). */
enum vg_err quarantine_names(const struct quarantine *q, struct platform_names *out) VG_MUST_CHECK;
/* The id and whether it is pending, of a name; false: another file. */
bool quarantine_name_of(const char *name, char id[QUARANTINE_ID_SIZE], bool *pending);

enum vg_err quarantine_head_put(const struct quarantine_entry *e, struct buf *out) VG_MUST_CHECK;
/* Opens an entry, for its content too where `content` is not NULL (then with *file, both the
 * caller's). */
enum vg_err quarantine_entry_open(const struct quarantine *q, const char *id, bool pending,
                                  struct quarantine_entry *out, struct sealed **content,
                                  platform_file *file) VG_MUST_CHECK;

/* Whether both are the same file in the same state; `renamed`: its time of change apart, which a new name
 * moves. */
bool quarantine_same_stat(const struct platform_stat *a, const struct platform_stat *b,
                          bool renamed);
/* Whether an opened original may be taken, and is what was scanned. */
enum quarantine_outcome quarantine_check_original(const struct quarantine *q,
                                                  const struct quarantine_entry *e,
                                                  const struct platform_place *place);
/* What an error of opening it means. */
enum quarantine_outcome quarantine_outcome_of(enum vg_err err);
/* Whether the file's content is what was sealed. */
bool quarantine_same_content(platform_file file, const struct quarantine_entry *e);
bool quarantine_is_wanted(const struct quarantine *q, const char *sha256);
/* The name under which an original is looked at for the last time. */
void quarantine_aside(const char *id, char out[PLATFORM_NAME_MAX + 1]);
