/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/pieces.h"

void
pieces_init(struct pieces *p)
{
    *p = (struct pieces){.count = 0};
    buf_init(&p->bytes, PIECES_BYTES_MAX);
}

void
pieces_done(struct net_engine *e, struct pieces *p)
{
    net_gather_done(e, &p->bytes);
    p->count = 0;
}

void
pieces_clear(struct pieces *p)
{
    buf_clear(&p->bytes);
    p->count = 0;
}

/* Joins [from, to) with the ranges that it touches. False: no room for another one. */
static bool
note_range(struct pieces *p, uint16_t from, uint16_t to)
{
    size_t first = 0, after;

    while (first < p->count && p->range[first].to < from)
        first++;
    for (after = first; after < p->count && p->range[after].from <= to; after++) {
        from = p->range[after].from < from ? p->range[after].from : from;
        to = p->range[after].to > to ? p->range[after].to : to;
    }
    if (after == first && p->count == PIECES_RANGES_MAX)
        return false;
    memmove(&p->range[first + 1], &p->range[after], (p->count - after) * sizeof(p->range[0]));
    p->count = (uint8_t)(p->count + 1 - (after - first));
    p->range[first].from = from;
    p->range[first].to = to;
    return true;
}

enum vg_err
pieces_put(struct net_engine *e, struct pieces *p, uint64_t offset, struct slice bytes)
{
    static const uint8_t zeros[256];
    size_t n = bytes.left;
    enum vg_err err = VG_OK;

    if (offset > PIECES_BYTES_MAX || n > PIECES_BYTES_MAX - offset)
        return VG_ERR_LIMIT;
    if (n == 0)
        return VG_OK;
    while (err == VG_OK && p->bytes.len < offset + n) {
        size_t missing = offset + n - p->bytes.len;

        err = net_gather(e, &p->bytes, zeros, missing < sizeof(zeros) ? missing : sizeof(zeros));
    }
    if (err != VG_OK)
        return err;
    (void)slice_copy(&bytes, p->bytes.data + offset, n);
    return note_range(p, (uint16_t)offset, (uint16_t)(offset + n)) ? VG_OK : VG_ERR_LIMIT;
}

struct slice
pieces_start(const struct pieces *p)
{
    struct slice all = buf_slice(&p->bytes);

    return p->count > 0 && p->range[0].from == 0 ? slice_sub(&all, p->range[0].to)
                                                 : slice_of(NULL, 0);
}
