/* SPDX-License-Identifier: Apache-2.0 */
/* season: what is usual at this hour of this kind of day.
 *
 * Kinds of day: workday, Saturday, Sunday or holiday, pay-day (in Mexico the 15th and the last day
 * of the month, or the last workday before). 24 hours each at first; after SEASON_FINE_NS the 168
 * hours of the week as well. Each level is drawn towards the one above it (hour of week to hour by
 * kind of day to overall) with SEASON_PRIOR observations, so that a slot with few data says little.
 * Memory is fixed (8 KiB). Time and zone come in as arguments. Pure. */
#pragma once

#include "agent/detect/moments.h"
#include "common/zone.h"

enum season_day { SEASON_WORKDAY, SEASON_SATURDAY, SEASON_SUNDAY, SEASON_PAYDAY, SEASON_DAYS };

#define SEASON_FINE_NS   (INT64_C(56) * 24 * 3600 * 1000000000)
#define SEASON_MEMORY_NS (INT64_C(90) * 24 * 3600 * 1000000000)
/* A slot counts for half once it has seen as much as two weeks of one observation a day. */
#define SEASON_PRIOR 14.0

struct season_slot {
    uint8_t coarse; /* kind of day * 24 + hour */
    uint8_t fine;   /* weekday * 24 + hour */
};

/* Slots of an instant, kept for the hour that it lies in: most calls only compare two times. */
struct season_clock {
    const struct zone *zone; /* borrowed */
    int64_t from_ns, until_ns;
    struct season_slot slot;
    int64_t day_number; /* local days since 1970-01-01 */
};
void season_clock_init(struct season_clock *c, const struct zone *zone);
struct season_slot season_at(struct season_clock *c, int64_t t_ns);
enum season_day season_day_of(const struct zone_local *day);
/* Mexico's statutory holidays (Ley Federal del Trabajo, art. 74). */
bool season_is_holiday(const struct zone_local *day);

struct season {
    struct moments all, coarse[SEASON_DAYS * 24], fine[7 * 24];
    int64_t since_ns; /* first observation; 0: none */
};
void season_add(struct season *s, struct season_slot slot, double x, double w, int64_t now_ns);
struct moments_expect season_expect(const struct season *s, struct season_slot slot,
                                    int64_t now_ns);
void season_put(const struct season *s, struct buf *out);
void season_get(struct season *s, struct slice *in);
