/* SPDX-License-Identifier: Apache-2.0 */
/* countsketch: how often each of very many keys came, in fixed memory, with forgetting.
 *
 * Count-min (Cormode and Muthukrishnan 2005) with conservative update (Estan and Varghese 2002): an
 * estimate is never below the truth (but for forgetting), and above it by at most about 2 n / width
 * with the chance 2^-COUNTSKETCH_DEPTH of being wrong. For keys without a record of their own. Keys
 * are 64-bit hashes. Forgetting halves all counts every half_life_ns. */
#pragma once

#include "common/buf.h"
#include "common/slice.h"

enum { COUNTSKETCH_DEPTH = 4, COUNTSKETCH_WIDTH_MAX = 8192 };

struct countsketch;

/* width: a power of two, 16..COUNTSKETCH_WIDTH_MAX. half_life_ns 0: never forgets. */
enum vg_err countsketch_new(uint32_t width, int64_t half_life_ns,
                            struct countsketch **out) VG_MUST_CHECK;
void countsketch_free(struct countsketch *s);
void countsketch_add(struct countsketch *s, uint64_t key, double w, int64_t now_ns);
double countsketch_estimate(const struct countsketch *s, uint64_t key);
double countsketch_total(const struct countsketch *s);
void countsketch_put(const struct countsketch *s, struct buf *out);
/* Sticky errors; a blob of another width is refused. */
void countsketch_get(struct countsketch *s, struct slice *in);
