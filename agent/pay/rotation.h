/* SPDX-License-Identifier: Apache-2.0 */
/* rotation: the order of a folder's logs: by name, and of one log the oldest part first:
 * x.log.10.gz, x.log.2.gz, x.log.1, x.log. */
#pragma once

#include "common/base.h"

/* Sorts in place. */
void rotation_sort(char **names, size_t count);
int rotation_compare(const char *a, const char *b);
