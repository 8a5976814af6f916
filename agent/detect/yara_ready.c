/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/yara_ready.h"

#include <string.h>

/* Of ready_rules.c, where it is linked in. */
extern const uint8_t vigia_ready_rules[] __attribute__((weak));
extern const uint8_t vigia_ready_rules_end[] __attribute__((weak));

void
yara_ready_put(struct buf *out, const uint8_t digest[YARA_DIGEST], const struct yara_packed *packed)
{
    buf_put(out, digest, YARA_DIGEST);
    buf_put_be32(out, (uint32_t)packed->files);
    buf_put_be32(out, (uint32_t)packed->count);
    for (size_t i = 0; i < packed->count; i++) {
        struct slice set = packed->set[i];
        size_t len = set.left;

        buf_put_be32(out, (uint32_t)len);
        buf_put(out, slice_take(&set, len), len);
    }
}

bool
yara_ready_look(struct slice ready, const uint8_t digest[YARA_DIGEST], struct yara_packed *out)
{
    while (ready.left > 0 && !ready.bad) {
        uint8_t found[YARA_DIGEST] = {0};

        (void)slice_copy(&ready, found, sizeof(found));
        out->files = slice_be32(&ready);
        out->count = slice_be32(&ready);
        if (out->count > YARA_SETS_MAX)
            return false;
        for (size_t i = 0; i < out->count; i++)
            out->set[i] = slice_sub(&ready, slice_be32(&ready));
        if (!ready.bad && out->count > 0 && memcmp(found, digest, sizeof(found)) == 0)
            return true;
    }
    return false;
}

bool
yara_ready_find(const uint8_t digest[YARA_DIGEST], struct yara_packed *out)
{
    /* By their numbers: a compiler may hold that no array is at NULL. */
    uintptr_t begin = (uintptr_t)vigia_ready_rules, end = (uintptr_t)vigia_ready_rules_end;

    return begin != 0 && end > begin &&
           yara_ready_look(slice_of(vigia_ready_rules, end - begin), digest, out);
}
