/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/pay_start.h"

#include <math.h>
#include <stdio.h>

static double
number(const json_t *settings, const char *what, const char *of)
{
    char key[48];

    (void)snprintf(key, sizeof key, "%s_%.20s", what, of);
    return json_number_value(json_object_get(settings, key));
}

bool
pay_start_of(const json_t *settings, const char *kind, const char *currency,
             struct moments_expect *out)
{
    double usual, spread, minor;

    if (kind == NULL || strcmp(kind, "any") == 0)
        return false;
    usual = number(settings, "usual", kind);
    spread = number(settings, "spread", kind);
    minor = number(settings, "minor", currency);
    if (!(usual > 0 && spread > 1 && minor > 0))
        return false;
    *out = (struct moments_expect){.mean = log(usual * minor + 1),
                                   .variance = log(spread) * log(spread),
                                   .weight = PAY_START_WEIGHT};
    return true;
}
