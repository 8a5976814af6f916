/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base.h"

#include <string.h>

const char *
vg_err_name(enum vg_err err)
{
    static const char *const names[] = {
        [VG_OK] = "ok",           [VG_AGAIN] = "again",       [VG_END] = "end",
        [VG_ERR_SHORT] = "short", [VG_ERR_FORMAT] = "format", [VG_ERR_LIMIT] = "limit",
        [VG_ERR_NOMEM] = "nomem", [VG_ERR_DENIED] = "denied", [VG_ERR_NOENT] = "noent",
        [VG_ERR_SYS] = "sys",     [VG_ERR_EXISTS] = "exists", [VG_ERR_CONFIG] = "config",
    };

    if ((size_t)err >= VG_ARRAY_LEN(names) || names[err] == NULL)
        return "unknown";
    return names[err];
}

enum vg_exit
vg_exit_worse(enum vg_exit a, enum vg_exit b)
{
    static const int rank[] = {
        [VG_EXIT_DONE] = 0,  [VG_EXIT_FOUND] = 1,    [VG_EXIT_INPUT] = 2,
        [VG_EXIT_USAGE] = 3, [VG_EXIT_INTERNAL] = 4,
    };

    return rank[a] >= rank[b] ? a : b;
}

bool
vg_strcpy(char *dst, size_t size, const char *src)
{
    size_t n = strlen(src);
    size_t fit = n < size ? n : size - 1;

    memcpy(dst, src, fit);
    dst[fit] = '\0';
    return fit == n;
}
