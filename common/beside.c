/* SPDX-License-Identifier: Apache-2.0 */
#include "common/beside.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
is_it(const struct beside *where, const char *path)
{
    char inside[1100];
    DIR *dir;

    (void)snprintf(inside, sizeof inside, "%.1000s/%s", path, where->inside);
    dir = opendir(inside);
    if (dir != NULL)
        (void)closedir(dir);
    return dir != NULL;
}

char *
beside_find(const struct beside *where, const char *given, const char *program_path)
{
    const char *named = given != NULL ? given : getenv(where->variable);
    const char *slash = program_path != NULL ? strrchr(program_path, '/') : NULL;
    char path[1024];

    if (named != NULL && named[0] != '\0')
        return is_it(where, named) ? strdup(named) : NULL;
    for (size_t i = 0; slash != NULL && where->from[i] != NULL; i++) {
        (void)snprintf(path, sizeof path, "%.*s%s", (int)(slash - program_path), program_path,
                       where->from[i]);
        if (is_it(where, path))
            return strdup(path);
    }
    return is_it(where, where->last) ? strdup(where->last) : NULL;
}
