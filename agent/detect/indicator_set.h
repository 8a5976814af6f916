/* SPDX-License-Identifier: Apache-2.0 */
/* indicator_set: millions of listed domains, addresses, fingerprints and hashes in about five bytes
 * each.
 *
 * Entries are 64-bit hashes. They are sorted; the leading bits choose a bucket of about eight, the
 * next 32 stand in an array, so a look-up reads one short run of neighbours. A stranger is taken for
 * an entry with a chance of n / 2^(32 + bits), under 1 in 10^8 for a million entries. The set is built
 * once and never changes. */
#pragma once

#include "common/base.h"
#include "common/str.h"

enum { INDICATOR_LISTS_MAX = 64 };

/* What is listed; part of the hash. */
enum indicator_kind {
    INDICATOR_DOMAIN = 'd',
    INDICATOR_ADDRESS = 'a',
    INDICATOR_JA3 = 'j',
    INDICATOR_JA4 = 'k',
    INDICATOR_CERT = 'c', /* SHA-1 */
    INDICATOR_FILE = 'f', /* SHA-256 */
};
uint64_t indicator_hash(enum indicator_kind kind, const void *bytes, size_t len);

struct indicator_set;

/* Takes entries until it is finished. At most `entries_max`; more are counted, not kept. */
enum vg_err indicator_set_new(size_t entries_max, struct indicator_set **out) VG_MUST_CHECK;
void indicator_set_free(struct indicator_set *set);
/* `list`: below INDICATOR_LISTS_MAX. VG_ERR_NOMEM. */
enum vg_err indicator_set_add(struct indicator_set *set, uint64_t hash, uint8_t list) VG_MUST_CHECK;
/* Sorts, drops what stands twice (the first list keeps it), gives back what is not needed. */
enum vg_err indicator_set_finish(struct indicator_set *set) VG_MUST_CHECK;

/* The list that has it, or -1. */
int indicator_set_find(const struct indicator_set *set, uint64_t hash);
size_t indicator_set_count(const struct indicator_set *set);
size_t indicator_set_refused(const struct indicator_set *set); /* beyond entries_max */
size_t indicator_set_bytes(const struct indicator_set *set);
/* The most that a finished set of so many entries holds. */
#define INDICATOR_SET_BYTES(n) ((size_t)(n)*6 + 4096)
