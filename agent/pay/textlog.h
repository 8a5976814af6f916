/* SPDX-License-Identifier: Apache-2.0 */
/* textlog: lines of plain text by regular expressions (PCRE2) with named groups. Limits on matching
 * steps, depth and memory bound what a hostile line can cost; a line that reaches one is bad. No
 * JIT: a sandboxed process maps nothing executable. */
#pragma once

#include "agent/pay/names.h"

enum { TEXTLOG_STEPS_MAX = 100000, TEXTLOG_DEPTH_MAX = 2000, TEXTLOG_HEAP_KIB = 1024 };

struct textlog;

enum { TEXTLOG_WHY_MAX = 160 };

/* Compiles; each named group gets a slot in `names`, which borrows from the patterns' own memory.
 * VG_ERR_CONFIG with `why`. */
enum vg_err textlog_new(const char *const *patterns, size_t pattern_count,
                        const char *const *ignored, size_t ignored_count, struct names *names,
                        struct textlog **out, char why[TEXTLOG_WHY_MAX]) VG_MUST_CHECK;
void textlog_free(struct textlog *t);

/* VG_OK; VG_END (a line to ignore); VG_ERR_FORMAT (fits no pattern); VG_ERR_LIMIT. */
enum vg_err textlog_read(struct textlog *t, struct slice line, struct values *out) VG_MUST_CHECK;
