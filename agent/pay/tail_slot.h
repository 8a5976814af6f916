/* SPDX-License-Identifier: Apache-2.0 */
/* tail_slot: inside tail: one content, its file, its position as a row. */
#pragma once

#include "agent/pay/tail.h"

enum { TAIL_NAME_MAX = 256, TAIL_PATH_MAX = 4096 };

struct tail_source {
    const char *path;
    char *folder;     /* owned */
    const char *file; /* NULL: every file of the folder */
    const struct profile *profile;
    const char *only;
};

struct tail_slot {
    bool used;
    bool here;    /* its file was there at the last look */
    bool checked; /* the content was compared since the start */
    bool news;    /* something may be there to be read */
    bool dirty;   /* the position must be saved */
    bool partial, took, unknown;
    bool told;    /* tail_options.told was called for it */
    bool waiting; /* rotation may still be writing it: not read until it stands still */
    size_t source;
    char name[TAIL_NAME_MAX];
    struct platform_identity identity;
    uint64_t size;
    int64_t modified_ns, still_since_ns, waiting_since_ns;
    uint64_t last_look, orphan_look, last_use;
    struct logfile_state state; /* as last known; the open log knows better */
    struct seen_recent recent;
    struct logfile *log;           /* NULL: not open */
    struct logfile_counts counted; /* what of its counts is in tail_counts */
    struct logfile_counts total;   /* of this content in this life */
};

struct tail_entry {
    size_t source;
    char name[TAIL_NAME_MAX];
    struct platform_stat stat;
    struct tail_slot *slot;
    bool ignored;
};

struct tail {
    struct tail_options options;
    struct hash_key mark_key;
    struct tail_source source[TAIL_SOURCES_MAX];
    size_t source_count;
    struct tail_slot slot[TAIL_SLOTS_MAX];
    struct tail_entry *entry; /* TAIL_FILES_MAX of them, in the order of reading */
    size_t entry_count, at;
    size_t open_count;
    uint64_t looks, uses;
    int64_t looked_ns, now_ns;
    bool look, look_now;
    struct tail_counts counts;
    char shape[LOGFILE_SHAPE_MAX + 1];
};

bool tail_path(const struct tail *t, size_t source, const char *name, char out[TAIL_PATH_MAX]);
bool tail_same_identity(const struct platform_identity *a, const struct platform_identity *b);

/* Looks at the folders: which content is where now. VG_ERR_NOMEM. */
enum vg_err tail_look_now(struct tail *t, int64_t now_ns) VG_MUST_CHECK;

/* Opens the slot's file where it stopped. VG_AGAIN: cannot be opened now (counted). */
enum vg_err tail_slot_open(struct tail *t, struct tail_slot *slot) VG_MUST_CHECK;
void tail_slot_close(struct tail *t, struct tail_slot *slot);
/* Adds what the log counted since the last call. */
void tail_slot_count(struct tail *t, struct tail_slot *slot);

/* The file's content is the slot's, up to where it was read; the slot then has it open. */
bool tail_slot_holds(struct tail *t, struct tail_slot *slot, const struct tail_entry *e);
/* The file holds a copy of what was read, or of its beginning. */
bool tail_slot_is_copy(struct tail *t, const struct tail_slot *slot, const struct tail_entry *e);
