/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/file/file_pass.h"

#include "common/vtime.h"

enum { DAY_MIN = 24 * 60, STEP_MIN = 30, SLOTS = DAY_MIN / STEP_MIN, DEFAULT_MIN = 3 * 60 };

/* Whether the shop is open on any day within this half hour. */
static bool
open_in(const struct shop_hours *hours, unsigned from_min)
{
    for (size_t d = 0; d < VG_ARRAY_LEN(hours->day); d++) {
        unsigned open = hours->day[d].open_min, close = hours->day[d].close_min;

        if (open == close)
            continue;
        if (close < open)
            close += DAY_MIN; /* after midnight */
        for (unsigned day = 0; day <= DAY_MIN; day += DAY_MIN)
            if (from_min + day < close && from_min + day + STEP_MIN > open)
                return true;
    }
    return false;
}

unsigned
file_pass_minute(const struct agent_config *config)
{
    unsigned best = 0, at = DEFAULT_MIN;

    if (config->scan.pass_min >= 0)
        return (unsigned)config->scan.pass_min;
    if (!config->hours.known)
        return DEFAULT_MIN;
    for (unsigned first = 0; first < SLOTS; first++) {
        unsigned n = 0;

        while (n < SLOTS && !open_in(&config->hours, (first + n) % SLOTS * STEP_MIN))
            n++;
        if (n > best && n < SLOTS) {
            best = n;
            at = (first * STEP_MIN + n * STEP_MIN / 2) % DAY_MIN;
        }
    }
    return at;
}

int64_t
file_pass_last(const struct zone *zone, unsigned minute, int64_t now_ns)
{
    struct zone_local day;
    int64_t at_ns;

    zone_to_local(zone, now_ns, &day);
    at_ns = zone_from_local(zone, day.year, day.month, day.day, minute / 60, minute % 60, 0);
    if (at_ns <= now_ns)
        return at_ns;
    zone_to_local(zone, now_ns - VG_DAY_NS, &day);
    return zone_from_local(zone, day.year, day.month, day.day, minute / 60, minute % 60, 0);
}

bool
file_pass_due(const struct zone *zone, unsigned minute, int64_t done_ns, int64_t now_ns,
              double load)
{
    int64_t last_ns = file_pass_last(zone, minute, now_ns);

    if (done_ns >= last_ns && done_ns <= now_ns)
        return false;
    return now_ns - last_ns < FILE_PASS_QUIET_NS || load < FILE_PASS_IDLE ||
           now_ns - last_ns >= FILE_PASS_PATIENCE_NS;
}
