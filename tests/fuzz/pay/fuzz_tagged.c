/* SPDX-License-Identifier: Apache-2.0 */
/* tagged and xmlrec: records out of any bytes, each read as SGML and as XML; values lie within their
 * record or the arena. */
#include <stdlib.h>
#include <string.h>

#include "agent/pay/tagged.h"
#include "agent/pay/xmlrec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA = 64 * 1024 };

static bool
lies_in(struct slice value, struct slice whole)
{
    return value.at >= whole.at && value.left <= whole.left &&
           (size_t)(value.at - whole.at) <= whole.left - value.left;
}

static void
values_check(const struct names *names, const struct values *v, struct slice record,
             struct slice arena)
{
    for (size_t i = 0; i < names->count; i++)
        if (v->present[i] && v->value[i].left > 0 && !lies_in(v->value[i], record) &&
            !lies_in(v->value[i], arena))
            __builtin_trap();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const wanted[] = {"TRNAMT",  "CURDEF",        "Amt",
                                         "Amt@Ccy", "field.4@value", "log@at"};
    const struct str records[] = {str_of("STMTTRN"), str_of("Ntry"), str_of("isomsg")};
    const struct str keys[] = {str_of("id")};
    struct slice rest = slice_of(data, size);
    struct names *names = calloc(1, sizeof *names);
    struct values *values = calloc(1, sizeof *values);
    struct csv_arena arena = {.data = malloc(ARENA), .room = ARENA};
    struct xmlrec *xml;
    size_t start, end, next, lines;
    uint8_t slot;
    bool escaped;

    if (names == NULL || values == NULL || arena.data == NULL || xmlrec_new(1, &xml) != VG_OK)
        abort();
    for (size_t i = 0; i < VG_ARRAY_LEN(wanted); i++)
        if (names_add(names, str_of(wanted[i]), &slot) != VG_OK)
            abort();
    while (rest.left > 0) {
        enum vg_err err = tagged_record(rest, records, 3, true, &start, &end, &next, &lines);
        struct slice record;

        if (err == VG_AGAIN)
            break;
        if (next == 0 || next > rest.left || start >= end || end > rest.left)
            __builtin_trap();
        record = slice_of(rest.at + start, end - start);
        for (int reader = 0; reader < 2; reader++) {
            memset(values, 0, sizeof *values);
            arena.len = 0;
            err = reader == 0 ? tagged_read(record, names, &arena, values, &escaped)
                              : xmlrec_read(xml, record, keys, 1, names, &arena, values);
            if (err == VG_OK)
                values_check(names, values, record, slice_of(arena.data, arena.len));
        }
        slice_skip(&rest, next);
    }
    xmlrec_free(xml);
    free(arena.data);
    free(values);
    free(names);
    return 0;
}
