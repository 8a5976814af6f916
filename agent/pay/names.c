/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/names.h"

static size_t
probe(const struct names *n, struct str name)
{
    size_t at = (size_t)str_hash(&STR_HASH_STORED, name.at, name.len) % NAMES_TABLE;

    while (n->table[at] != 0 && !str_eq(n->name[n->table[at] - 1], name))
        at = (at + 1) % NAMES_TABLE;
    return at;
}

enum vg_err
names_add(struct names *n, struct str name, uint8_t *slot)
{
    size_t at = probe(n, name);

    if (n->table[at] == 0) {
        if (n->count == NAMES_MAX || name.len > NAME_BYTES_MAX)
            return VG_ERR_LIMIT;
        n->name[n->count++] = name;
        n->table[at] = (uint8_t)n->count;
    }
    *slot = (uint8_t)(n->table[at] - 1);
    return VG_OK;
}

int
names_find(const struct names *n, struct str name)
{
    return (int)n->table[probe(n, name)] - 1;
}
