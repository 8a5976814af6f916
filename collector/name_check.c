/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/name_check.h"

#include <string.h>

#include "collector/store/store.h"
#include "common/utf8.h"

bool
name_fits(const char *name)
{
    size_t n = strlen(name);
    struct buf shown;
    bool same;

    if (n == 0 || n > STORAGE_NAME_MAX || name[0] == ' ' || name[n - 1] == ' ')
        return false;
    buf_init(&shown, 4 * STORAGE_NAME_MAX);
    utf8_put_line(&shown, slice_of(name, n));
    same = !shown.bad && shown.len == n && memcmp(shown.data, name, n) == 0;
    buf_done(&shown);
    return same;
}

bool
name_fits_user(const char *name)
{
    static const char *const taken[] = {"?", "agent", "collector", "command line"};

    for (size_t i = 0; i < VG_ARRAY_LEN(taken); i++)
        if (strcmp(name, taken[i]) == 0)
            return false;
    return name_fits(name);
}
