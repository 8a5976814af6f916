/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/yara_pack.h"

#include <stdlib.h>

#include <zlib.h>

static size_t
pack_write(const void *from, size_t size, size_t count, void *ctx)
{
    struct buf *out = ctx;

    buf_put(out, from, size * count);
    return out->bad ? 0 : count;
}

static size_t
pack_read(void *to, size_t size, size_t count, void *ctx)
{
    struct slice *rest = ctx;

    return size == 0 || slice_copy(rest, to, size * count) ? count : 0;
}

/* libyara notes each pointer within the rules, in 32 bytes of its own, for moving or saving them again:
 * about as much as the rules themselves. These are neither moved nor saved. (yara/arena.h) */
static void
drop_relocations(YR_ARENA *arena)
{
    YR_RELOC *next;

    for (YR_RELOC *at = arena->reloc_list_head; at != NULL; at = next) {
        next = at->next;
        yr_free(at);
    }
    arena->reloc_list_head = arena->reloc_list_tail = NULL;
}

/* What deflated, behind its length. */
static enum vg_err
deflate_put(struct slice raw, struct buf *out)
{
    uLongf len = compressBound((uLong)raw.left);
    uint8_t *packed = malloc(len);
    size_t size = raw.left;

    if (packed == NULL)
        return VG_ERR_NOMEM;
    if (compress2(packed, &len, slice_take(&raw, size), (uLong)size, Z_BEST_COMPRESSION) == Z_OK) {
        buf_put_be32(out, (uint32_t)size);
        buf_put(out, packed, len);
    } else {
        out->bad = true;
    }
    free(packed);
    return out->bad ? VG_ERR_NOMEM : VG_OK;
}

enum vg_err
yara_pack(YR_RULES *rules, struct buf *out)
{
    struct buf raw;
    YR_STREAM stream = {.user_data = &raw, .write = pack_write};
    enum vg_err err = VG_ERR_NOMEM;

    buf_init(&raw, YARA_PACKED_MAX);
    if (yr_rules_save_stream(rules, &stream) == ERROR_SUCCESS)
        err = deflate_put(buf_slice(&raw), out);
    else if (raw.bad)
        err = VG_ERR_LIMIT;
    buf_done(&raw);
    return err;
}

static enum vg_err
rules_load(struct slice raw, YR_RULES **out)
{
    YR_STREAM stream = {.user_data = &raw, .read = pack_read};

    switch (yr_rules_load_stream(&stream, out)) {
    case ERROR_SUCCESS:
        drop_relocations((*out)->arena);
        return VG_OK;
    case ERROR_INSUFFICIENT_MEMORY:
        return VG_ERR_NOMEM;
    default:
        return VG_ERR_FORMAT;
    }
}

enum vg_err
yara_unpack(struct slice packed, YR_RULES **out)
{
    uint32_t size = slice_be32(&packed);
    size_t left = packed.left;
    uLongf len = size;
    enum vg_err err = VG_ERR_FORMAT;
    uint8_t *raw;

    if (packed.bad || size > YARA_PACKED_MAX)
        return VG_ERR_FORMAT;
    raw = malloc(size + (size_t)1);
    if (raw == NULL)
        return VG_ERR_NOMEM;
    if (uncompress(raw, &len, slice_take(&packed, left), (uLong)left) == Z_OK && len == size)
        err = rules_load(slice_of(raw, len), out);
    free(raw);
    return err;
}
