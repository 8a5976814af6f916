/* SPDX-License-Identifier: Apache-2.0 */
/* recognise: which profile fits the first bytes of a log (`--format auto`). */
#pragma once

#include "agent/pay/csv.h"
#include "agent/pay/dates.h"
#include "agent/pay/profile.h"

/* The header's cells to the profile's slots: *matched counts the names that `recognise` wants and
 * that are there. map[i] is the slot of column i or -1. */
void recognise_header(const struct profile *p, const struct csv_row *header, int16_t *map,
                      size_t *matched);

/* Of all profiles the one that fits best: csv and json by how many of its names are there (all must
 * be), text by its patterns fitting at least half of the first lines. NULL: none. `only` is the name
 * of a format or of a family of them, NULL for all. `head` is text
 * without a byte order mark; `whole` when it is the entire file. */
const struct profile *recognise_head(const struct profiles *all, const char *only,
                                     struct slice head, bool whole, struct csv_arena *arena);

/* Where the header line of a csv log begins: behind what may stand before it, see `preamble`; 0 where
 * no line fits. */
size_t recognise_start(const struct profile *p, struct slice head, bool whole,
                       struct csv_arena *arena);

/* What only the records say: the style of the amounts (profiles with style: auto), and the formats of
 * time to leave out (dates.h). */
struct recognised {
    enum amount_style style;
    uint32_t dropped;
    enum dates_found dates;
};
/* Of the first rows of a csv log. */
void recognise_rows(const struct profile *p, struct slice head, uint8_t delimiter,
                    struct csv_arena *arena, struct recognised *out);
/* Of the first records of another one, each read by its own reader. */
enum { RECOGNISE_RECORDS = 200 };
struct recognise_look {
    const struct profile *profile;
    struct amount_evidence amounts;
    struct dates dates;
};
void recognise_look_init(struct recognise_look *l, const struct profile *p);
void recognise_look_record(struct recognise_look *l, const struct values *values);
void recognise_look_decide(const struct recognise_look *l, struct recognised *out);
