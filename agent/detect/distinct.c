/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/distinct.h"

#include <math.h>
#include <string.h>

#include "common/str.h"

enum { INDEX_BITS = 6 }; /* 64 registers */

/* The rank is the place of the first one bit after the index bits. */
static bool
add_register(struct distinct *d, uint32_t hash)
{
    uint32_t at = hash >> (32 - INDEX_BITS), rest = hash << INDEX_BITS;
    uint8_t rank = (uint8_t)(rest == 0 ? 32 - INDEX_BITS + 1 : __builtin_clz(rest) + 1);

    if (d->reg[at] >= rank)
        return false;
    d->reg[at] = rank;
    return true;
}

bool
distinct_add(struct distinct *d, const void *key, size_t len)
{
    uint32_t hash = (uint32_t)(str_hash(&STR_HASH_STORED, key, len) >> 32);

    if (d->count > DISTINCT_EXACT)
        return add_register(d, hash);
    for (size_t i = 0; i < d->count; i++) {
        if (d->exact[i] == hash)
            return false;
    }
    if (d->count < DISTINCT_EXACT) {
        d->exact[d->count++] = hash;
        return true;
    }
    d->count = DISTINCT_EXACT + 1;
    for (size_t i = 0; i < DISTINCT_EXACT; i++)
        (void)add_register(d, d->exact[i]);
    (void)add_register(d, hash);
    return true;
}

uint32_t
distinct_count(const struct distinct *d)
{
    const double m = DISTINCT_REGISTERS, alpha = 0.709; /* of 64 registers */
    double sum = 0, estimate;
    unsigned zero = 0;

    if (d->count <= DISTINCT_EXACT)
        return d->count;
    for (size_t i = 0; i < DISTINCT_REGISTERS; i++) {
        sum += ldexp(1, -d->reg[i]);
        zero += d->reg[i] == 0;
    }
    estimate = alpha * m * m / sum;
    if (estimate <= 2.5 * m && zero > 0)
        estimate = m * log(m / zero); /* linear counting below its range */
    if (estimate < DISTINCT_EXACT + 1)
        estimate = DISTINCT_EXACT + 1; /* so many were counted one by one */
    return (uint32_t)(estimate + 0.5);
}

void
distinct_encode(const struct distinct *d, struct buf *out)
{
    buf_put_u8(out, d->count);
    if (d->count > DISTINCT_EXACT) {
        buf_put(out, d->reg, sizeof(d->reg));
        return;
    }
    for (size_t i = 0; i < d->count; i++)
        buf_put_be32(out, d->exact[i]);
}

void
distinct_decode(struct distinct *d, struct slice *in)
{
    struct distinct read = {.count = slice_u8(in)};

    if (read.count > DISTINCT_EXACT) {
        read.count = DISTINCT_EXACT + 1;
        if (!slice_copy(in, read.reg, sizeof(read.reg)))
            return;
    }
    for (size_t i = 0; read.count <= DISTINCT_EXACT && i < read.count; i++)
        read.exact[i] = slice_be32(in);
    if (!in->bad)
        *d = read;
}
