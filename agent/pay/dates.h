/* SPDX-License-Identifier: Apache-2.0 */
/* dates: whether a log writes the day or the month first, by its own dates. 03/04/2026 alone is either;
 * one 25/04/2026 in the file decides, else the order of the rows: an export runs on from day to day,
 * it does not leap from month to month. Pure functions over explicit state. */
#pragma once

#include "agent/pay/profile.h"

enum dates_found {
    DATES_PLAIN,  /* the profile knows one way only, or there were none */
    DATES_PROVEN, /* a date could be written in one way alone */
    DATES_LIKELY, /* the rows are in order in one way */
    DATES_GUESS,  /* both fit: the one that the profile names first was taken */
};

struct dates {
    const struct profile *profile;
    struct {
        unsigned fit;
        int64_t last_ns, way_days; /* sum of the steps from row to row */
    } format[PROFILE_FORMATS_MAX];
};

void dates_init(struct dates *d, const struct profile *profile);
/* The time of one row, and its clock where that is a column of its own. */
void dates_look(struct dates *d, struct slice value, struct slice clock);
/* Bits of the profile's formats that are not to be used in this file. */
uint32_t dates_decide(const struct dates *d, enum dates_found *found);
