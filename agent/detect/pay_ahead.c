/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/pay_ahead.h"

void
pay_ahead_add(struct pay_ahead *a, const struct keytab *table, enum pay_key_kind kind)
{
    if (a == NULL || a->table_count == PAY_AHEAD_MAX)
        return;
    a->tables[a->table_count].table = table;
    a->tables[a->table_count++].kind = kind;
}

void
pay_ahead_call(struct pay_ahead *a, void (*expect)(const void *self, uint64_t key),
               const void *self, enum pay_key_kind kind)
{
    if (a == NULL || a->other_count == PAY_AHEAD_MAX)
        return;
    a->others[a->other_count].expect = expect;
    a->others[a->other_count].self = self;
    a->others[a->other_count++].kind = kind;
}

void
pay_ahead_look(const struct pay_ahead *a, const struct pay_keys *keys, enum keytab_step step)
{
    for (size_t i = 0; i < a->table_count; i++) {
        uint64_t key = keys->key[a->tables[i].kind];

        if (key != 0)
            keytab_expect(a->tables[i].table, key, step);
    }
    for (size_t i = 0; i < a->other_count && step == KEYTAB_RECORD; i++)
        a->others[i].expect(a->others[i].self, keys->key[a->others[i].kind]);
}
