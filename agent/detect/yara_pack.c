/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/yara_pack.h"

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

enum vg_err
yara_pack(YR_RULES *rules, struct buf *out)
{
    YR_STREAM stream = {.user_data = out, .write = pack_write};

    if (yr_rules_save_stream(rules, &stream) == ERROR_SUCCESS)
        return VG_OK;
    return out->bad ? VG_ERR_LIMIT : VG_ERR_NOMEM;
}

enum vg_err
yara_unpack(struct slice packed, YR_RULES **out)
{
    YR_STREAM stream = {.user_data = &packed, .read = pack_read};

    if (yr_rules_load_stream(&stream, out) != ERROR_SUCCESS)
        return VG_ERR_NOMEM;
    drop_relocations((*out)->arena);
    return VG_OK;
}
