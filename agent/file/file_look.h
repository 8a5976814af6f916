/* SPDX-License-Identifier: Apache-2.0 */
/* file_look: YARA on one file by one thread: what it found, and what a technician wants to know of the
 * file then. Tells nobody (file_scan.h does).
 *
 * A file is read FILE_SCAN_BYTES_MAX bytes far, with what it holds (unpack.h), for FILE_SCAN_SECONDS at
 * most. Of each string that was
 * found the bytes around it are given with every control byte, every longer number (mask.h) and all
 * that is no text replaced: the neighbourhood on both sides is masked too before it is cut off, so that
 * no part of a card number is left at the edge. */
#pragma once

#include "agent/detect/yara.h"
#include "agent/file/unpack.h"
#include "agent/platform/platform.h"

#define FILE_SCAN_BYTES_MAX (UINT64_C(256) * 1024 * 1024)
enum {
    FILE_SCAN_SECONDS = 30,
    FILE_HITS_MAX = 16,      /* told of one file with all that is in it */
    FILE_CONTEXT_BYTES = 24, /* on each side of a string */
    FILE_CONTEXT_MATCH = 48, /* of the string itself */
    FILE_CONTEXT_MAX = 2 * FILE_CONTEXT_BYTES + FILE_CONTEXT_MATCH + 1,
};

struct file_hit {
    struct yara_match match;
    char inside[UNPACK_NAME_MAX]; /* the member that matched; "" for the file itself */
    char context[YARA_STRINGS_MAX][FILE_CONTEXT_MAX]; /* "" where it could not be read */
};

struct file_verdict {
    enum vg_err err; /* of opening and reading; then the rest is empty */
    struct platform_stat stat;
    uint64_t scanned, unscanned; /* bytes */
    bool timeout;                /* given up before its end */
    struct file_hit *hit;        /* owned */
    size_t count, more;          /* more: matches beyond FILE_HITS_MAX */
    struct unpack_counts inside;
    char sha256[65], owner[64]; /* where there is a hit; "" when they could not be had */
    bool changed;               /* where there is a hit: while it was looked at */
    bool collection; /* where there is a hit: a mailbox or the like, which holds much else */
};
void file_verdict_done(struct file_verdict *verdict); /* zeroed is fine */

/* A number for all limits of a look: with others it may see other things. */
uint64_t file_look_limits(void);

struct file_look;

/* `rules` are this thread's own (yara_share()) and outlive it. */
enum vg_err file_look_new(struct yara_rules *rules, struct file_look **out) VG_MUST_CHECK;
/* Leaves archives and documents packed. */
void file_look_packed(struct file_look *look);
void file_look_free(struct file_look *look);

/* *out is written in every case. */
void file_look_path(struct file_look *look, const char *path, struct file_verdict *out);
/* The same of an open file, which stays the caller's. */
void file_look_handle(struct file_look *look, platform_file file, struct file_verdict *out);
