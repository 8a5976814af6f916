/* SPDX-License-Identifier: Apache-2.0 */
/* pay_closing: how much of a day's business is still to come at this minute of this weekday: next to
 * nothing once the shop has closed, whatever its hours are. Sales by weekday and quarter of an hour,
 * exponentially forgotten with PAY_CLOSING_MEMORY_NS of event time. Plain data. */
#pragma once

#include "common/buf.h"
#include "common/slice.h"
#include "common/zone.h"

#define PAY_CLOSING_MEMORY_NS (INT64_C(90) * 24 * 3600 * 1000000000)
enum { PAY_CLOSING_DAYS = 7, PAY_CLOSING_QUARTERS = 96 };

struct pay_closing {
    int64_t folded_ns; /* 0: never */
    float sales[PAY_CLOSING_DAYS][PAY_CLOSING_QUARTERS];
};

void pay_closing_sale(struct pay_closing *c, const struct zone *zone, int64_t t_ns);
/* The share of the weekday's sales that come in this quarter or later; 1 where too little is known. */
double pay_closing_left(const struct pay_closing *c, const struct zone *zone, int64_t t_ns);
void pay_closing_put(const struct pay_closing *c, struct buf *out);
void pay_closing_get(struct pay_closing *c, struct slice *in);
