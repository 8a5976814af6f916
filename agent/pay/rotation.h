/* SPDX-License-Identifier: Apache-2.0 */
/* rotation: the order of a folder's logs: by name, and of one log the oldest part first:
 * x.log.10.gz, x.log.2.gz, x.log.1, x.log. */
#pragma once

#include "common/base.h"

/* Sorts in place. */
void rotation_sort(char **names, size_t count);
int rotation_compare(const char *a, const char *b);

/* Whether rotation makes files of this name: a number or a compression behind it. */
bool rotation_product(const char *name);
/* Whether both names are of one log: x.log and x.log.2.gz. */
bool rotation_same_log(const char *a, const char *b);
/* Whether `packed` is `name` with .gz or .zst behind it. */
bool rotation_packed(const char *packed, const char *name);
