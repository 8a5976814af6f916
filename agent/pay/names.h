/* SPDX-License-Identifier: Apache-2.0 */
/* names: the columns, keys or groups that a format profile reads, each with a slot number, found by
 * name. What a record holds under any other name is passed over. */
#pragma once

#include "agent/pay/bytes.h"

enum { NAMES_MAX = 120, NAMES_TABLE = 512, NAME_BYTES_MAX = 128 };

struct names {
    size_t count;
    struct str name[NAMES_MAX]; /* borrowed */
    uint8_t table[NAMES_TABLE]; /* slot + 1, open addressing */
};

/* The name's slot, new or old. VG_ERR_LIMIT over NAMES_MAX or NAME_BYTES_MAX. */
enum vg_err names_add(struct names *n, struct str name, uint8_t *slot) VG_MUST_CHECK;
/* -1 when it is not there. Case counts. */
int names_find(const struct names *n, struct str name);

/* What one record held: values borrow from it (or from the reader's arena). */
struct values {
    struct slice value[NAMES_MAX];
    bool present[NAMES_MAX];
};
