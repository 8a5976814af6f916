/* SPDX-License-Identifier: Apache-2.0 */
/* yara_probe: which rule files are slow. Each is compiled by itself and timed on the same made-up bytes:
 * words of pages and scripts, noise, Base64, long runs of one byte. For `check`; reads files and takes
 * some milliseconds a file. */
#pragma once

#include "common/base.h"

enum {
    YARA_PROBE_SLOW_MAX = 16,      /* told; more are counted */
    YARA_PROBE_TIMES_MEDIAN = 10,  /* a slow file takes so many times as long as the middle one */
    YARA_PROBE_MS_PER_MB_MIN = 15, /* and at least this: quick ones differ by chance */
};

struct yara_pace {
    char file[64]; /* without .yar */
    double ms_per_mb;
};

struct yara_probe {
    size_t files;
    double median_ms_per_mb;
    struct yara_pace slow[YARA_PROBE_SLOW_MAX];
    size_t slow_count, slow_more;
};

/* Bad files are passed over: yara_load() tells of them. VG_ERR_NOENT (no folder or no good file),
 * VG_ERR_NOMEM. */
enum vg_err yara_probe_folder(const char *folder, struct yara_probe *out) VG_MUST_CHECK;
