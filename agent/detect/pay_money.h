/* SPDX-License-Identifier: Apache-2.0 */
/* pay_money: what is usual in one currency of the shop: its amounts, how much they vary within cards and
 * terminals, its hours, and the ranks of pay.amount's statistics. About 45 KiB each, so there are
 * few of them (CURRENCIES_MAX in pay_amount.c); one row each in the store, far below STATE_BLOB_MAX. */
#pragma once

#include "agent/detect/moments.h"
#include "agent/detect/quantile.h"
#include "agent/detect/season.h"

#define PAY_MONEY_MEMORY_NS (INT64_C(90) * 24 * 3600 * 1000000000)

/* Whose habit an amount does not fit. */
enum pay_cause { CAUSE_CARD, CAUSE_SHOP, CAUSE_TERMINAL, CAUSE_HOUR, CAUSE_EMPLOYEE, CAUSES };

struct pay_money {
    char currency[4];
    struct moments all;            /* of amounts */
    struct moments variation;      /* of ((x - mean) / mean)^2 within cards */
    struct moments at_terminal;    /* the same within terminals */
    struct moments at_employee;    /* the same within employees */
    struct moments gain;           /* of the watch weights, to keep their mean at 1 */
    struct quantile ranks[CAUSES]; /* of the statistics */
    struct season season;          /* of log amounts */
    int64_t since_ns;
    uint64_t seen;
};

/* Zeroed, with this currency (ISO 4217); the caller's, to be freed with free(). NULL: no memory. */
struct pay_money *pay_money_new(const char *currency);
void pay_money_put(const struct pay_money *m, struct buf *out);
/* Into one that is new; sticky errors as slice. Version 1 knew nothing of employees. */
enum { PAY_MONEY_VERSION = 2 };
void pay_money_get(struct pay_money *m, uint16_t version, struct slice *in);
