/* SPDX-License-Identifier: Apache-2.0 */
/* judge_tables: what the judge remembers: subjects with tests in the current window, and groups of
 * alerts and findings that still take more. Both are keytabs of bounded size. */
#pragma once

#include "agent/detect/judge_event.h"
#include "agent/detect/keytab.h"

struct judge_subject {
    int64_t first_ns, last_ns;
    uint64_t count; /* tests within the window */
    struct judge_slot slots[JUDGE_SLOTS];
};

struct judge_group {
    int64_t opened_ns, first_ns, last_ns;
    uint64_t count, next; /* next: the count at which it speaks again */
    uint8_t suppressed;
};

/* Frees what the slot owns and leaves it free. */
void judge_slot_clear(struct judge_slot *slot);

enum vg_err judge_subjects_new(struct keytab **out) VG_MUST_CHECK;
enum vg_err judge_groups_new(struct keytab **out) VG_MUST_CHECK;
