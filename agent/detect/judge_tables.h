/* SPDX-License-Identifier: Apache-2.0 */
/* judge_tables: what the judge remembers: subjects with tests in the current window, and groups of
 * alerts and findings that still take more, verdicts, beliefs. All are keytabs of bounded size. */
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
    uint8_t suppressed, voices;
    uint32_t voice[JUDGE_SLOTS]; /* hashes of the detectors that spoke in it */
};

/* What became of an alert on (detector, subject, peer). */
enum judge_said { JUDGE_SAID_NOTHING, JUDGE_SAID_USEFUL, JUDGE_SAID_NOISE, JUDGE_SAID_MINE };
struct judge_verdict {
    int64_t alert_ns, said_ns; /* the first alert; 0: none */
    uint8_t said;              /* enum judge_said */
};

/* How often a detector's alerts were useful, and not. */
struct judge_belief {
    double useful, noise;
};

/* Frees what the slot owns and leaves it free. */
void judge_slot_clear(struct judge_slot *slot);

enum vg_err judge_subjects_new(struct keytab **out) VG_MUST_CHECK;
enum vg_err judge_groups_new(struct keytab **out) VG_MUST_CHECK;
enum vg_err judge_verdicts_new(struct keytab **out) VG_MUST_CHECK;
enum vg_err judge_beliefs_new(struct keytab **out) VG_MUST_CHECK;
