/* SPDX-License-Identifier: Apache-2.0 */
#include "common/zst.h"

#include <stdlib.h>
#include <zstd.h>

enum { LEVEL = 3, WINDOW_LOG_MAX = 23, CHUNK = 64 * 1024 };

enum vg_err
zst_pack(struct slice in, struct buf *out)
{
    size_t room = ZSTD_compressBound(in.left), n;
    void *to = malloc(room);

    if (to == NULL)
        return VG_ERR_NOMEM;
    n = ZSTD_compress(to, room, in.at, in.left, LEVEL);
    if (!ZSTD_isError(n))
        buf_put(out, to, n);
    free(to);
    return ZSTD_isError(n) || out->bad ? VG_ERR_NOMEM : VG_OK;
}

/* Streamed, so that memory follows what really comes out, not what the frame's header claims. */
enum vg_err
zst_unpack(struct slice in, size_t size_max, struct buf *out)
{
    ZSTD_DCtx *ctx = ZSTD_createDCtx();
    ZSTD_inBuffer from = {.src = in.at, .size = in.left};
    uint8_t *chunk = malloc(CHUNK);
    size_t total = 0, left = 1;
    enum vg_err err = VG_ERR_NOMEM;

    if (ctx == NULL || chunk == NULL)
        goto done;
    err = VG_ERR_FORMAT;
    if (ZSTD_isError(ZSTD_DCtx_setParameter(ctx, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
        goto done;
    while (left != 0) {
        ZSTD_outBuffer to = {.dst = chunk, .size = CHUNK};
        size_t before = from.pos;

        left = ZSTD_decompressStream(ctx, &to, &from);
        if (ZSTD_isError(left))
            goto done;
        if (to.pos > size_max - total) {
            err = VG_ERR_LIMIT;
            goto done;
        }
        total += to.pos;
        buf_put(out, chunk, to.pos);
        if (out->bad) {
            err = VG_ERR_LIMIT;
            goto done;
        }
        if (left != 0 && to.pos == 0 && from.pos == before) {
            err = VG_ERR_SHORT;
            goto done;
        }
    }
    err = from.pos == from.size ? VG_OK : VG_ERR_FORMAT;
done:
    free(chunk);
    (void)ZSTD_freeDCtx(ctx);
    return err;
}
