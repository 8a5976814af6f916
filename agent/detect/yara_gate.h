/* SPDX-License-Identifier: Apache-2.0 */
/* yara_gate: tells in one quick pass that bytes cannot match any rule, so that libyara, which takes
 * about five times as long, need not look at them.
 *
 * A rule says by itself without what it never matches, in `meta`:
 *
 *     needs = "autoopen|document_open"   // at least one of these texts
 *     needs = "shell|win32_process"      // and at least one of these
 *     or_needs = "powershell"            // the list before goes on
 *     max_bytes = 65535                  // and never matches in more than this
 *
 * Letter case does not matter, and where any string of the rule is wide or hexadecimal each text of four
 * bytes or more may also stand there wide (UTF-16LE). The texts are cut out of what the condition asks for in every case; a rule that says
 * nothing, or nothing usable, is always scanned for, and with it all of its set. A bar within a text is
 * written as a backslash, which is its capital; in texts of five bytes or more a space stands for NUL
 * too, for the same reason.
 * Texts of two to four bytes, for rules on quotes and braces, cost a look at each byte: a set that is
 * run on downloads does better without them. Where another list of the rule has none, they are looked
 * for only once all such lists were met, and cost nothing.
 * Every place of a longer text covers four bytes at a multiple of the stride, so only those are looked
 * up (Wu, Manber: A Fast Algorithm for Multi-Pattern Searching, 1994, shifts likewise), and of the groups
 * that a text could be known by, the ones that are rarest elsewhere. */
#pragma once

#include <yara.h>

#include "common/base.h"
#include "common/slice.h"

enum {
    YARA_NEEDS_TEXT_MIN = 2,
    YARA_NEEDS_TEXT_MAX = 64,
    YARA_NEEDS_CLAUSES_MAX = 8,      /* of one rule */
    YARA_NEEDS_TEXTS_MAX = 4 * 1024, /* of all rules, wide ones too; 24 bytes each and the text */
};

struct yara_gate;

/* Sets of rules that are scanned for by themselves: a mask has a bit for each, the first the lowest. */
enum { YARA_SETS_MAX = 64 };

/* From the metas of compiled rules, which are not kept: made empty, given each set once, in their
 * order, at most YARA_SETS_MAX, then made ready. VG_ERR_NOMEM. */
enum vg_err yara_gate_new(struct yara_gate **out) VG_MUST_CHECK;
enum vg_err yara_gate_add(struct yara_gate *gate, YR_RULES *rules) VG_MUST_CHECK;
enum vg_err yara_gate_ready(struct yara_gate *gate) VG_MUST_CHECK;
void yara_gate_free(struct yara_gate *gate);

/* The same for another thread: shares all but what it has seen. Freed before `of`. */
enum vg_err yara_gate_share(const struct yara_gate *of, struct yara_gate **out) VG_MUST_CHECK;

/* The sets of which any rule might match in these bytes. Not for two threads at once. */
uint64_t yara_gate_lets(struct yara_gate *gate, struct slice bytes);
/* The same of a long text of `size` bytes in pieces, each of which begins YARA_NEEDS_OVERLAP bytes before
 * the end of the one before: begin, then each piece until one answers true (all sets are let in), then the
 * answer. */
enum { YARA_NEEDS_OVERLAP = 2 * YARA_NEEDS_TEXT_MAX };
void yara_gate_begin(struct yara_gate *gate, uint64_t size);
bool yara_gate_more(struct yara_gate *gate, struct slice piece);
uint64_t yara_gate_open(const struct yara_gate *gate);

/* Rules that say nothing usable about what they need: their sets are scanned for in all bytes. */
size_t yara_gate_without_needs(const struct yara_gate *gate);
/* Whether each of the rules says what it needs. */
bool yara_gate_asked(YR_RULES *rules);
