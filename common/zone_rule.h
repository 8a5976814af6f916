/* SPDX-License-Identifier: Apache-2.0 */
/* zone_rule: the POSIX TZ text in the footer of a TZif file ("CST6CDT,M4.1.0,M10.5.0"), as RFC 8536
 * section 3.3.1 extends it: what holds after the last listed transition. */
#pragma once

#include "common/base.h"

struct zone_rule_day {
    enum { ZONE_DAY_MONTH_WEEK, ZONE_DAY_JULIAN, ZONE_DAY_ZERO } kind;
    unsigned month, week; /* 1..12, 1..5 (5: the last) */
    unsigned day;         /* weekday 0 Sunday..6; or 1..365; or 0..365 */
    int32_t time_s;       /* local time of the change, -167 to 167 hours */
};

struct zone_rule {
    char standard[8], summer[8];
    int32_t standard_s, summer_s; /* east of Greenwich */
    bool has_summer;
    struct zone_rule_day begin, end;
};

/* VG_ERR_FORMAT. */
enum vg_err zone_rule_parse(const char *text, size_t len, struct zone_rule *out) VG_MUST_CHECK;
/* Seconds east of Greenwich at t (seconds since 1970); *abbrev is borrowed from the rule. */
int32_t zone_rule_offset(const struct zone_rule *rule, int64_t t_s, const char **abbrev);
