/* SPDX-License-Identifier: Apache-2.0 */
/* file_scan: YARA on files, its matches as file.yara findings. Used by `vigia-agent scan`, with a thread
 * a core and in the order of the files, and by the file sensor, one file after the other. */
#pragma once

#include "agent/detect/detector.h"
#include "agent/file/file_known.h"
#include "agent/file/file_look.h"

struct file_scan;

struct file_scan_counts {
    uint64_t files, bytes;
    uint64_t refused;   /* could not be opened or read */
    uint64_t starved;   /* of those: for want of memory */
    uint64_t unscanned; /* bytes beyond FILE_SCAN_BYTES_MAX of a file */
    uint64_t timeouts;  /* files whose scan was given up */
    struct unpack_counts inside;
    uint64_t matches;
};

/* What is done with a file that matched, beside telling. `outcome` is the fact of that name, whose words
 * the rules have; static. */
struct file_response {
    const char *outcome;                 /* "report", "quarantine", or why it is not there */
    char id[9];                          /* of the quarantine; "" */
    char program[64], program_path[256]; /* who wrote it; "" where nobody knows */
};
struct file_responder {
    /* Before it is told. False: not now, nothing is told or counted; the file will come again. */
    bool (*begin)(void *ctx, const char *path, const struct file_verdict *verdict,
                  struct file_response *response);
    /* After it was told. What then came out otherwise is put into `response`, and told too. */
    void (*end)(void *ctx, struct file_response *response);
    void *ctx;
};
#define FILE_WANTED "wanted" /* an outcome: the owner wants the file, or knows: it is not told */

/* `judge` takes the findings and outlives it. VG_ERR_NOMEM. */
enum vg_err file_scan_new(struct judge *judge, struct file_scan **out) VG_MUST_CHECK;
void file_scan_free(struct file_scan *scan);
/* Rules of rules_dir/yara, once, before the first file. Reads files there, so either before the
 * lock-down or with leave to read them. `report` as yara_load(). VG_ERR_NOENT (no usable rule),
 * VG_ERR_NOMEM. */
enum vg_err file_scan_load(struct file_scan *scan, const char *rules_dir,
                           struct yara_report *report) VG_MUST_CHECK;

/* Without one all is told, and nothing is done. `responder` outlives it. */
void file_scan_respond(struct file_scan *scan, const struct file_responder *responder);

/* Archives and documents stay packed; before the first file. */
void file_scan_packed(struct file_scan *scan);

/* `known` (NULL: none; outlives it) takes that in which nothing is found, of all ways to scan. */
void file_scan_known(struct file_scan *scan, struct file_known *known);
/* Counts what is left out of a file that is known, as if it were looked at again. */
void file_scan_recall(struct file_scan *scan, const struct file_known_left *left);

/* Scans a file; *matches (may be NULL) is the number of rules that matched. `now_ns` is the time of
 * the findings. Errors of opening and reading; a given-up scan is VG_OK and counted. */
enum vg_err file_scan_path(struct file_scan *scan, const char *path, int64_t now_ns,
                           size_t *matches) VG_MUST_CHECK;
/* The same of an open file, which stays the caller's. */
enum vg_err file_scan_handle(struct file_scan *scan, platform_file file, const char *path,
                             int64_t now_ns, size_t *matches) VG_MUST_CHECK;

/* ---- several at a time ---- */
/* After the lock-down. `known` as in file_scan_known(). */
enum vg_err file_scan_threads(struct file_scan *scan, size_t threads,
                              struct file_known *known) VG_MUST_CHECK;
/* A file to be scanned, now or soon; its errors are counted: a file that takes all memory ends the look
 * at others beside it, not the scan. VG_ERR_NOMEM: not taken. */
enum vg_err file_scan_put(struct file_scan *scan, const char *path) VG_MUST_CHECK;
void file_scan_finish(struct file_scan *scan); /* until all is told */

const struct file_scan_counts *file_scan_counts(const struct file_scan *scan);
