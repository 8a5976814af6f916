/* SPDX-License-Identifier: Apache-2.0 */
/* yara_compile: a folder's rule files as one or two sets (yara.h says why), each packed and with its
 * gate. Reads files: before the lock-down. */
#pragma once

#include <yara.h>

#include "agent/detect/yara.h"
#include "agent/detect/yara_gate.h"

/* Files that say what they need, and those that do not: these would open the gate for all. */
enum { YARA_SET_GATED, YARA_SET_OPEN, YARA_SETS };

struct yara_set {
    YR_RULES *compiled; /* NULL: no such file */
    struct yara_gate *gate;
};

/* Fills `out`, which is zero before; what it holds is the caller's also on failure (yara_set_done for
 * each). Errors and report as of yara_load(). libyara is ready (yr_initialize). */
enum vg_err yara_compile_folder(const char *folder, struct yara_set out[YARA_SETS],
                                struct yara_report *report) VG_MUST_CHECK;
void yara_set_done(struct yara_set *set);

/* One file by itself; yr_rules_destroy() frees. VG_ERR_NOENT: it is bad. */
enum vg_err yara_compile_file(const char *folder, const char *name, YR_RULES **out) VG_MUST_CHECK;

bool yara_is_file(const char *name); /* ends in .yar */
