/* SPDX-License-Identifier: Apache-2.0 */
/* yara_ready: sets of rules that were compiled when the program was built (ready_rules.c), known by the
 * digest of the folder that they came from. A folder that says the same needs no compiler, which costs
 * a quarter of a second and ten MiB at each start; any other is compiled. A program without them (a
 * test) finds none. */
#pragma once

#include "agent/detect/yara_compile.h"

/* Appends a folder to what ready_rules.c is made of. */
void yara_ready_put(struct buf *out, const uint8_t digest[YARA_DIGEST],
                    const struct yara_packed *packed);
/* False: not there. What it fills points into the program. */
bool yara_ready_find(const uint8_t digest[YARA_DIGEST], struct yara_packed *out);
/* The same in any bytes. */
bool yara_ready_look(struct slice ready, const uint8_t digest[YARA_DIGEST],
                     struct yara_packed *out);
