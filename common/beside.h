/* SPDX-License-Identifier: Apache-2.0 */
/* beside: folders of data that come with the program, in a build tree or installed. */
#pragma once

#include "common/base.h"

/* Where a folder may lie, and how to know it. */
struct beside {
    const char *variable;    /* of the environment: the only place, where it is set */
    const char *const *from; /* from the program's folder, NULL-ended: "/../share/vigia/rules" */
    const char *last;        /* an absolute path */
    const char *inside;      /* a folder that it holds; "": it is enough that it is there */
};

/* `given` if not NULL, else what `where` says, else NULL when there is no such folder. malloc'd. */
char *beside_find(const struct beside *where, const char *given, const char *program_path);
