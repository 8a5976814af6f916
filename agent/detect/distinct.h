/* SPDX-License-Identifier: Apache-2.0 */
/* distinct: how many different things were seen, in fixed room: exact up to DISTINCT_EXACT, then
 * HyperLogLog (Flajolet et al. 2007) with 64 registers, standard error 13 %. Plain data: copy and
 * zero it freely; an all-zero one is empty. */
#pragma once

#include "common/buf.h"

enum { DISTINCT_EXACT = 32, DISTINCT_REGISTERS = 64 };

struct distinct {
    uint32_t exact[DISTINCT_EXACT];
    uint8_t reg[DISTINCT_REGISTERS];
    uint8_t count; /* of `exact`; DISTINCT_EXACT + 1: the registers count */
};

/* `key` is hashed with a fixed key, so that stored counts go on. True when it is certainly new. */
bool distinct_add(struct distinct *d, const void *key, size_t len);
uint32_t distinct_count(const struct distinct *d);

void distinct_encode(const struct distinct *d, struct buf *out);
void distinct_decode(struct distinct *d, struct slice *in); /* sticky */
