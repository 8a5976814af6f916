/* SPDX-License-Identifier: Apache-2.0 */
/* magic: what kind of file some first bytes are, by the signatures that the formats' own papers
 * name (and by how marked-up text begins). Pure. */
#pragma once

#include "common/slice.h"
#include "common/str.h"

enum { MAGIC_BYTES = 264 }; /* a tar archive says so at 257; all others within 64 */

struct magic {
    const char *name; /* "exe", "zip", "text"; "" where nothing is known */
    bool carries;     /* such a file can be run, holds macros or scripts, or packs others */
};

/* The kind that begins with `head`; fewer than MAGIC_BYTES mean that the file is no longer. Static,
 * never NULL. */
const struct magic *magic_of(struct slice head);

/* The name's ending is that of a program or script that has no signature of its own. */
bool magic_name_carries(struct str name);
