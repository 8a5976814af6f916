/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/sensor_json.h"

#include "common/json.h"

void
sensor_put_place(const char *identity, const struct sensor_place *place, bool done, struct buf *out)
{
    buf_put_u8(out, '{');
    vg_json_put_str(out, "capture", identity, strlen(identity));
    vg_json_put_int(out, "packet", (int64_t)place->packet);
    vg_json_put_int(out, "observation", (int64_t)place->observation);
    vg_json_put_key(out, "done");
    buf_put_str(out, done ? "true}" : "false}");
}

struct sensor_place
sensor_place_of(const json_t *json)
{
    int64_t packet = vg_json_int(json, "packet", 0);
    int64_t observation = vg_json_int(json, "observation", 0);
    struct sensor_place place = {
        .packet = packet > 0 ? (uint64_t)packet : 0,
        .observation = observation > 0 ? (uint64_t)observation : 0,
        .done = vg_json_bool(json, "done", false),
    };

    (void)vg_strcpy(place.identity, sizeof(place.identity), vg_json_str(json, "capture", ""));
    return place;
}

void
sensor_put_live(int64_t now_ns, uint64_t packets, struct buf *out)
{
    buf_put_u8(out, '{');
    vg_json_put_time(out, "time", now_ns);
    vg_json_put_int(out, "packets", (int64_t)packets);
    buf_put_u8(out, '}');
}

void
sensor_put_health(const struct net_counters *counters, size_t flows, uint64_t context_dropped,
                  uint64_t from_the_future, const struct panel *panel, struct buf *out)
{
    json_t *health = json_object();

    if (health == NULL)
        return;
#define PUT(name)                                                                                  \
    (void)json_object_set_new(health, #name, json_integer((json_int_t)counters->name));
    NET_COUNTERS(PUT)
#undef PUT
    (void)json_object_set_new(health, "flows_open", json_integer((json_int_t)flows));
    (void)json_object_set_new(health, "context_dropped", json_integer((json_int_t)context_dropped));
    (void)json_object_set_new(health, "from_the_future", json_integer((json_int_t)from_the_future));
    panel_health(panel, health);
    vg_json_write(health, out);
    json_decref(health);
}
