/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/yara_pack.h"

#include "common/buf.h"

struct pipe {
    struct buf bytes;
    struct slice rest; /* what was not read back yet */
};

static size_t
pack_write(const void *from, size_t size, size_t count, void *ctx)
{
    struct pipe *pipe = ctx;

    buf_put(&pipe->bytes, from, size * count);
    return pipe->bytes.bad ? 0 : count;
}

static size_t
pack_read(void *to, size_t size, size_t count, void *ctx)
{
    struct pipe *pipe = ctx;

    return size == 0 || slice_copy(&pipe->rest, to, size * count) ? count : 0;
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

enum vg_err
yara_pack(YR_RULES **rules)
{
    struct pipe pipe = {.rest = {.left = 0}};
    YR_STREAM stream = {.user_data = &pipe, .read = pack_read, .write = pack_write};
    YR_RULES *packed = NULL;
    enum vg_err err = VG_OK;

    buf_init(&pipe.bytes, YARA_PACKED_MAX);
    if (yr_rules_save_stream(*rules, &stream) != ERROR_SUCCESS)
        err = pipe.bytes.bad ? VG_ERR_LIMIT : VG_ERR_NOMEM;
    pipe.rest = buf_slice(&pipe.bytes);
    if (err == VG_OK && yr_rules_load_stream(&stream, &packed) != ERROR_SUCCESS)
        err = VG_ERR_NOMEM;
    buf_done(&pipe.bytes);
    if (err != VG_OK)
        return err;
    yr_rules_destroy(*rules);
    drop_relocations(packed->arena);
    *rules = packed;
    return VG_OK;
}
