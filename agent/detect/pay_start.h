/* SPDX-License-Identifier: Apache-2.0 */
/* pay_start: what a shop of its kind takes for a sale, for the days in which its own amounts are not known.
 *
 * The settings of pay.amount give for each kind the middle sale in pesos and a factor (one standard
 * deviation of the logarithm), and for some currencies how many of their minor units a peso is worth.
 * Both are orders of magnitude, and the first sales of the shop outweigh them. Pure. */
#pragma once

#include "agent/detect/moments.h"
#include "agent/detect/pay_common.h"

/* Sales that the kind of shop counts for. */
#define PAY_START_WEIGHT 30.0

/* Of log(amount + 1) in minor units. False where kind or currency is not known. */
bool pay_start_of(const json_t *settings, const char *kind, const char *currency,
                  struct moments_expect *out);
