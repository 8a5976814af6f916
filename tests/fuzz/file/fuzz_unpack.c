/* SPDX-License-Identifier: Apache-2.0 */
/* Archives and documents, as a file of any of the kinds. */
#include <stdlib.h>

#include "agent/file/unpack.h"
#include "agent/platform/platform.h"
#include "common/vtime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum vg_err
read_bytes(void *ctx, uint64_t offset, void *to, size_t size, size_t *got)
{
    struct slice from = *(const struct slice *)ctx;

    *got = 0;
    if (offset >= from.left)
        return VG_OK;
    slice_skip(&from, (size_t)offset);
    *got = size < from.left ? size : from.left;
    return slice_copy(&from, to, *got) ? VG_OK : VG_ERR_FORMAT;
}

static void
on_member(void *ctx, const char *name, uint64_t at, struct slice piece)
{
    uint64_t *bytes = ctx;

    *bytes += piece.left;
    if (name[0] == '\0' || *bytes > 4 * UNPACK_BYTES_MAX)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum unpack_kind kinds[] = {UNPACK_ARCHIVE, UNPACK_PDF, UNPACK_OLE};
    struct slice file = slice_of(data, size);
    struct yara_source source = {.read = read_bytes, .ctx = &file, .size = size};

    for (size_t i = 0; i < VG_ARRAY_LEN(kinds); i++) {
        struct unpack_counts counts = {0};
        struct unpack *unpack;
        uint64_t bytes = 0;

        if (unpack_new(&unpack) != VG_OK)
            abort();
        (void)unpack_file(unpack, kinds[i], &source, platform_clock_monotonic() + 2 * VG_SEC_NS,
                          on_member, &bytes, &counts);
        if (counts.bytes > UNPACK_BYTES_MAX || counts.members > UNPACK_MEMBERS_MAX)
            abort();
        unpack_free(unpack);
    }
    return 0;
}
