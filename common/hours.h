/* SPDX-License-Identifier: Apache-2.0 */
/* hours: when a shop is open, as `shop.hours` says it: {"mon-fri": "09:00-20:00", "sat": "closed"}. Pure. */
#pragma once

#include "common/json.h"
#include "common/zone.h"

/* Minutes since local midnight for each weekday (0 Monday); open == close: closed; close < open: closes
 * after midnight; 24:00 is 1440. */
struct shop_hours {
    bool known;
    struct {
        uint16_t open_min, close_min;
    } day[7];
};

/* "HH:MM", 00:00 to 24:00, as the first five bytes. */
bool shop_clock_ok(const char *text);
uint16_t shop_clock_min(const char *text); /* of one that is: minutes since midnight */
/* "HH:MM-HH:MM" or "closed". */
bool shop_hours_text_ok(const char *text);

/* VG_ERR_CONFIG with the key that is wrong in *key (borrowed from `hours`) and, for people, what is. */
enum vg_err shop_hours_parse(const json_t *hours, struct shop_hours *out, const char **key,
                             const char **why) VG_MUST_CHECK;

/* How long the shop was open within [from_ns, to_ns]; looks back at most SHOP_HOURS_LOOK_DAYS from to_ns.
 * Unknown hours: 0. */
enum { SHOP_HOURS_LOOK_DAYS = 40 };
int64_t shop_hours_open_ns(const struct shop_hours *hours, const struct zone *zone, int64_t from_ns,
                           int64_t to_ns);
