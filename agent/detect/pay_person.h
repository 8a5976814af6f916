/* SPDX-License-Identifier: Apache-2.0 */
/* pay_person: how much of what one person (or terminal) does is refunds.
 *
 * Counts of sales and refunds, exponentially forgotten with PAY_PERSON_MEMORY_NS of event time; time
 * that goes backwards forgets nothing. PAY_PEOPLE_MAX of them. Owner: pay.refund. */
#pragma once

#include "agent/detect/keytab.h"

#define PAY_PERSON_MEMORY_NS (INT64_C(30) * 24 * 3600 * 1000000000)
enum { PAY_PEOPLE_MAX = 1024 };

struct pay_person {
    int64_t at_ns; /* 0: never */
    double sales, refunds;
};

extern const struct keytab_options PAY_PEOPLE; /* a table of them */
void pay_person_count(struct pay_person *p, bool refund, double w, int64_t now_ns);
void pay_person_put(const void *person, struct buf *out);
void pay_person_get(void *person, struct slice *in);
