/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keeper/health.h"

#include <string.h>

#include "agent/platform/platform.h"
#include "common/vtime.h"

json_t *
health_event(const char *detector, enum severity severity, const char *store_id, int64_t now_ns,
             json_t *facts)
{
    char time[VTIME_TEXT_MAX], host[128];
    json_t *event;

    if (platform_host_name(host, sizeof(host)) != VG_OK)
        (void)vg_strcpy(host, sizeof(host), "agent");
    event = json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:i, s:{s:s, s:s, s:s}}", "v", 1, "time",
                      vtime_format(now_ns, time), "class", "health", "sensor", "agent", "detector",
                      detector, "severity", severity_name(severity), "score", 0, "subject", "kind",
                      "agent", "id", store_id, "label", host);
    if (event == NULL) {
        json_decref(facts);
        return NULL;
    }
    if (json_object_set_new(event, "facts", facts != NULL ? facts : json_object()) != 0) {
        json_decref(event);
        return NULL;
    }
    return event;
}

bool
health_allowed(struct health_limit *limit, const char *detector, int64_t now_ns,
               unsigned *held_back)
{
    size_t i = 0;

    *held_back = 0;
    while (i < limit->count && strcmp(limit->name[i].detector, detector) != 0)
        i++;
    if (i == limit->count) {
        if (i == HEALTH_NAMES_MAX)
            return true;
        (void)vg_strcpy(limit->name[i].detector, sizeof(limit->name[i].detector), detector);
        limit->name[i].hour_ns = now_ns;
        limit->count++;
    }
    if (now_ns - limit->name[i].hour_ns >= VG_HOUR_NS) {
        limit->name[i].hour_ns = now_ns;
        limit->name[i].passed = 0;
    }
    if (limit->name[i].passed >= HEALTH_BURST) {
        limit->name[i].held_back++;
        return false;
    }
    limit->name[i].passed++;
    *held_back = limit->name[i].held_back;
    limit->name[i].held_back = 0;
    return true;
}
