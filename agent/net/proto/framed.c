/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/framed.h"

#include <openssl/crypto.h>

#include "agent/net/engine.h"

void
framed_init(struct framed *f, size_t keep_max)
{
    *f = (struct framed){0};
    buf_init(&f->part, keep_max < FRAMED_KEEP_MAX ? keep_max : FRAMED_KEEP_MAX);
}

static void
wipe(struct framed *f)
{
    if (f->part.len > 0)
        OPENSSL_cleanse(f->part.data, f->part.len);
    buf_clear(&f->part);
}

void
framed_done(struct framed *f, const struct protocol_call *call)
{
    wipe(f);
    net_gather_done(call->engine, &f->part);
}

static void
skip(struct framed *f, struct slice *in)
{
    size_t n = f->skip < in->left ? (size_t)f->skip : in->left;

    slice_skip(in, n);
    f->skip -= n;
}

/* Messages from the beginning of *in, until one is not whole. */
static enum vg_err
take_all(struct framed *f, const struct protocol_call *call, struct slice *in, framed_fn *take,
         void *self)
{
    for (;;) {
        struct slice at;
        enum vg_err err;

        skip(f, in);
        if (in->left == 0 || call->flow->handover)
            return VG_OK;
        at = *in;
        err = take(self, call, &at);
        if (err == VG_AGAIN)
            return VG_OK;
        if (err != VG_OK)
            return err;
        *in = at;
    }
}

enum vg_err
framed_bytes(struct framed *f, const struct protocol_call *call, struct slice bytes,
             framed_fn *take, void *self)
{
    struct slice all = bytes;
    enum vg_err err = VG_OK;
    bool kept = f->part.len > 0;

    if (kept) {
        err = net_gather(call->engine, &f->part, bytes.at, bytes.left);
        all = buf_slice(&f->part);
    }
    if (err == VG_OK)
        err = take_all(f, call, &all, take, self);
    if (call->flow->handover)
        net_handover_rest(call, all.left);
    if (err != VG_OK || call->flow->handover || all.left == 0) {
        wipe(f);
        return err;
    }
    if (!kept)
        return net_gather(call->engine, &f->part, all.at, all.left);
    OPENSSL_cleanse(f->part.data, f->part.len - all.left);
    buf_consume(&f->part, f->part.len - all.left);
    return VG_OK;
}

bool
framed_gap(struct framed *f, uint64_t bytes)
{
    if (f->part.len > 0 || bytes > f->skip)
        return false;
    f->skip -= bytes;
    return true;
}
