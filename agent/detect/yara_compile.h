/* SPDX-License-Identifier: Apache-2.0 */
/* yara_compile: a folder's rule files as sets, each packed, with one gate over all of them.
 *
 * A file whose rules say what they need is a set of its own: it is scanned for only where the gate
 * lets it, and a small set is several times as quick as all rules together. Those that do not say it,
 * and what is beyond YARA_SETS_MAX, are one set, the last. Each file is compiled by itself, so that a
 * bad one spoils nothing but itself. A set is unpacked when the gate lets it look for the first time:
 * most never are. Reads files: before the lock-down. */
#pragma once

#include <yara.h>

#include "agent/detect/yara.h"
#include "agent/detect/yara_gate.h"
#include "common/buf.h"

/* What a folder became: sets, each packed (yara_pack.h). */
struct yara_packed {
    struct slice set[YARA_SETS_MAX]; /* borrowed */
    size_t count, files;
};

struct yara_sets {
    struct yara_packed packed;
    struct buf bytes;             /* of those that were compiled here; else the program's own */
    YR_RULES *set[YARA_SETS_MAX]; /* NULL: not unpacked yet */
    struct yara_gate *gate;
};

/* Fills `out`, which is zero before; what it holds is the caller's also on failure (yara_sets_done).
 * Errors and report as of yara_load(). libyara is ready (yr_initialize). */
enum vg_err yara_compile_folder(const char *folder, struct yara_sets *out,
                                struct yara_report *report) VG_MUST_CHECK;
/* Has it unpacked. VG_ERR_NOMEM, VG_ERR_FORMAT (another libyara's). */
enum vg_err yara_sets_open(struct yara_sets *sets, size_t number) VG_MUST_CHECK;
void yara_sets_done(struct yara_sets *sets);

/* One file by itself; yr_rules_destroy() frees. VG_ERR_NOENT: it is bad. */
enum vg_err yara_compile_file(const char *folder, const char *name, YR_RULES **out) VG_MUST_CHECK;

bool yara_is_file(const char *name); /* ends in .yar */
