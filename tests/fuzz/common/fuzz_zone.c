/* SPDX-License-Identifier: Apache-2.0 */
/* zone: TZif files of any content; local times stay on the calendar. */
#include "common/vtime.h"
#include "common/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int64_t years[] = {0, 10, 50, 56, 100, 200};
    struct zone *zone = NULL;

    if (zone_parse("fuzz", slice_of(data, size), &zone) != VG_OK)
        return 0;
    for (size_t i = 0; i < VG_ARRAY_LEN(years); i++) {
        struct zone_local l;

        zone_to_local(zone, years[i] * 365 * VG_DAY_NS, &l);
        if (l.month < 1 || l.month > 12 || l.day < 1 || l.day > 31 || l.hour > 23 || l.weekday > 6)
            __builtin_trap();
        (void)zone_from_local(zone, l.year, l.month, l.day, l.hour, l.min, l.sec);
    }
    zone_free(zone);
    return 0;
}
