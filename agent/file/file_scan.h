/* SPDX-License-Identifier: Apache-2.0 */
/* file_scan: YARA on one file, its matches as file.yara findings. Used by `vigia-agent scan` and by
 * the file sensor. Everything that reads the rules happens in file_scan_new(), before the
 * lock-down. */
#pragma once

#include "agent/detect/detector.h"
#include "agent/detect/yara.h"
#include "agent/platform/platform.h"

#define FILE_SCAN_BYTES_MAX (UINT64_C(256) * 1024 * 1024)

struct file_scan;

struct file_scan_counts {
    uint64_t files, bytes;
    uint64_t refused;   /* could not be opened or read */
    uint64_t unscanned; /* bytes beyond FILE_SCAN_BYTES_MAX of a file */
    uint64_t timeouts;  /* files whose scan was given up */
    uint64_t matches;
};

/* Rules of rules_dir/yara; `judge` takes the findings and outlives it. `report` as yara_load().
 * VG_ERR_NOENT (no usable rule), VG_ERR_NOMEM. */
enum vg_err file_scan_new(const char *rules_dir, struct judge *judge, struct file_scan **out,
                          struct yara_report *report) VG_MUST_CHECK;
void file_scan_free(struct file_scan *scan);

/* Scans a file; *matches (may be NULL) is the number of rules that matched. `now_ns` is the time of
 * the findings. Errors of opening and reading; a given-up scan is VG_OK and counted. */
enum vg_err file_scan_path(struct file_scan *scan, const char *path, int64_t now_ns,
                           size_t *matches) VG_MUST_CHECK;
/* The same of an open file, which stays the caller's. */
enum vg_err file_scan_handle(struct file_scan *scan, platform_file file, const char *path,
                             int64_t now_ns, size_t *matches) VG_MUST_CHECK;
const struct file_scan_counts *file_scan_counts(const struct file_scan *scan);
