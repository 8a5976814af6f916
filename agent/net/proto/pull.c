/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/pull.h"

void
pull_init(struct pull *p, size_t most)
{
    buf_init(&p->kept, most);
}

void
pull_free(struct pull *p, struct net_engine *e)
{
    net_gather_done(e, &p->kept);
}

enum vg_err
pull_peek(struct pull *p, const struct protocol_call *call, struct slice *bytes, size_t n,
          struct slice *out)
{
    size_t have = p->kept.len, take;
    struct slice part, whole;
    enum vg_err err;

    if (have == 0 && bytes->left >= n) {
        part = *bytes;
        *out = slice_sub(&part, n);
        return VG_OK;
    }
    if (have < n) {
        take = n - have < bytes->left ? n - have : bytes->left;
        part = slice_sub(bytes, take);
        err = net_gather(call->engine, &p->kept, part.at, part.left);
        if (err != VG_OK)
            return err;
    }
    if (p->kept.len < n)
        return VG_AGAIN;
    whole = buf_slice(&p->kept);
    *out = slice_sub(&whole, n);
    return VG_OK;
}

void
pull_done(struct pull *p, const struct protocol_call *call, struct slice *bytes, size_t n)
{
    size_t kept = p->kept.len < n ? p->kept.len : n;

    if (kept > 0)
        buf_consume(&p->kept, kept);
    slice_skip(bytes, n - kept);
    if (p->kept.len == 0 && p->kept.room > PULL_KEEP_BYTES)
        net_gather_done(call->engine, &p->kept);
}

size_t
pull_forget(struct pull *p, const struct protocol_call *call)
{
    size_t n = p->kept.len;

    net_gather_done(call->engine, &p->kept);
    return n;
}
