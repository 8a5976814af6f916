/* SPDX-License-Identifier: Apache-2.0 */
/* firstseen: which keys were seen before, with ageing and a cap, and how surprising a new one is.
 *
 * A key not seen for age_ns is forgotten: it counts as new again. The chance that the next key is
 * new is learned as an exponentially forgotten share (Laplace's rule of succession), so that a place
 * where new keys are common is not alarmed by one. Rows are a keytab's. */
#pragma once

#include "agent/detect/keytab.h"

struct firstseen;

struct firstseen_options {
    size_t keys_max;
    int64_t age_ns, memory_ns; /* memory_ns: of the share of new ones */
    char name;                 /* first byte of its row keys, and of the one row beside them */
};

enum vg_err firstseen_new(const struct firstseen_options *o, struct firstseen **out) VG_MUST_CHECK;
void firstseen_free(struct firstseen *s);

/* Sees a key: true when it is new. *p takes the chance that a key is new, as learned before this
 * one (1 for a known key). `weight` 0..1: how much to learn (0: only look). */
bool firstseen_see(struct firstseen *s, uint64_t key, int64_t now_ns, double weight, double *p);
bool firstseen_knows(const struct firstseen *s, uint64_t key, int64_t now_ns);
/* Since the first key that it saw; 0 before. */
int64_t firstseen_learning_ns(const struct firstseen *s, int64_t now_ns);
size_t firstseen_count(const struct firstseen *s);
uint64_t firstseen_evicted(const struct firstseen *s);

void firstseen_save(struct firstseen *s, struct state_out *out);
bool firstseen_owns(const struct firstseen *s, struct slice key);
enum vg_err firstseen_load(struct firstseen *s, struct slice key, uint16_t version,
                           struct slice blob) VG_MUST_CHECK;
