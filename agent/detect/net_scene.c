/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/net_scene_private.h"

#include <stdlib.h>
#include <string.h>

#include "agent/detect/domain.h"
#include "agent/detect/mask.h"
#include "common/json.h"

static uint64_t
scene_addr_hash(const struct net_addr *a)
{
    uint8_t key[17] = {a->family};

    memcpy(key + 1, a->bytes, sizeof(a->bytes));
    return str_hash(&STR_HASH_STORED, key, sizeof(key));
}

/* ---- life ---- */

/* A damaged database is told and blinds no sensor. */
static enum vg_err
open_geo(struct net_scene *s, const char *dir)
{
    enum vg_err err = geo_open(dir, &s->geo);

    s->geo_unusable = err != VG_OK;
    return err == VG_ERR_NOMEM ? err : VG_OK;
}

enum vg_err
net_scene_new(const struct net_scene_options *options, struct net_scene **out)
{
    struct net_scene *s = calloc(1, sizeof(*s));
    enum vg_err err = VG_ERR_NOMEM;

    if (s == NULL)
        return VG_ERR_NOMEM;
    err = scene_tables_new(s);
    if (err == VG_OK && options->geo_dir != NULL)
        err = open_geo(s, options->geo_dir);
    if (err != VG_OK) {
        net_scene_free(s);
        return err;
    }
    *out = s;
    return VG_OK;
}

void
net_scene_free(struct net_scene *s)
{
    if (s == NULL)
        return;
    geo_free(s->geo);
    keytab_free(s->devices);
    keytab_free(s->places);
    keytab_free(s->resolved);
    free(s);
}

/* ---- devices ---- */

/* The device's record, changed; NULL when nothing of it has to change. */
static struct scene_device *
device_use(struct net_scene *s, const struct net_addr *a, int64_t now_ns, bool must)
{
    uint64_t key = scene_addr_hash(a);
    const struct scene_device *known;
    struct scene_device *d;

    if (a->family == 0 || !net_addr_is_local(a) || net_addr_is_group(a))
        return NULL;
    known = keytab_find(s->devices, key);
    if (known != NULL && !must && now_ns - known->view.last_ns < SCENE_TOUCH_NS)
        return NULL;
    d = keytab_touch(s->devices, key, NULL);
    if (d == NULL)
        return NULL;
    if (d->view.first_ns == 0)
        d->view.first_ns = now_ns;
    if (now_ns > d->view.last_ns)
        d->view.last_ns = now_ns;
    return d;
}

static void
device_seen(struct net_scene *s, const struct net_addr *a, const uint8_t *mac, int64_t now_ns)
{
    const struct scene_device *known = keytab_find(s->devices, scene_addr_hash(a));
    bool other = mac != NULL && known != NULL &&
                 (!known->view.has_mac || memcmp(known->view.mac, mac, 6) != 0);
    struct scene_device *d = device_use(s, a, now_ns, other);

    if (d == NULL || mac == NULL)
        return;
    if (d->view.has_mac && other)
        d->view.name[0] = '\0'; /* the address is somebody else's now */
    d->view.has_mac = true;
    memcpy(d->view.mac, mac, 6);
}

static void
device_named(struct net_scene *s, const struct net_addr *a, struct str name, int64_t now_ns)
{
    char text[NET_NAME_MAX];
    const struct scene_device *known;
    struct scene_device *d;

    if (name.len > 6 && str_eq_nocase(str_n(name.at + name.len - 6, 6), str_of(".local")))
        name.len -= 6;
    if (name.len == 0 || domain_is_address(name))
        return;
    mask_text(text, sizeof(text), name.at, name.len);
    known = keytab_find(s->devices, scene_addr_hash(a));
    if (known != NULL && strcmp(known->view.name, text) == 0)
        return;
    d = device_use(s, a, now_ns, true);
    if (d != NULL)
        (void)vg_strcpy(d->view.name, sizeof(d->view.name), text);
}

static void
on_dhcp(struct net_scene *s, const struct record_view *r, int64_t now_ns)
{
    static const char *const fields[] = {"assigned", "requested", "client_ip"};
    struct str name = record_text(r, "host_name");

    for (size_t i = 0; i < VG_ARRAY_LEN(fields) && name.len > 0; i++) {
        struct str text = record_text(r, fields[i]);
        struct net_addr a;

        if (net_addr_parse(text, &a) && !str_is(text, "0.0.0.0")) {
            device_named(s, &a, name, now_ns);
            return;
        }
    }
}

/* mDNS: the name beside the sender's own address. */
static void
on_mdns(struct net_scene *s, const struct record_view *r, int64_t now_ns)
{
    const struct record_field *names = record_find(r, "names"),
                              *addresses = record_find(r, "addresses");
    char own[NET_ADDR_TEXT_MAX];

    if (names == NULL || names->type != FIELD_LIST || names->list_count != 1 || addresses == NULL ||
        addresses->type != FIELD_LIST)
        return;
    net_addr_format(&r->flow->src, own);
    for (size_t i = 0; i < addresses->list_count; i++) {
        if (str_is(addresses->list[i], own))
            device_named(s, &r->flow->src, names->list[0], now_ns);
    }
}

/* NetBIOS: who registers a name of a workstation or a file server (RFC 1002; suffixes 00 and 20). */
static void
on_nbns(struct net_scene *s, const struct record_view *r, int64_t now_ns)
{
    const struct record_field *suffix = record_find(r, "suffix"), *group = record_find(r, "group"),
                              *response = record_find(r, "response");
    struct str operation = record_text(r, "operation");

    if ((!str_is(operation, "registration") && !str_is(operation, "refresh")) || suffix == NULL ||
        (suffix->number != 0 && suffix->number != 0x20) || (group != NULL && group->number != 0) ||
        (response != NULL && response->number != 0))
        return;
    device_named(s, &r->flow->src, record_text(r, "name"), now_ns);
}

static void
on_record(struct net_scene *s, const struct record_view *r, int64_t now_ns)
{
    static const struct {
        const char *type;
        void (*take)(struct net_scene *s, const struct record_view *r, int64_t now_ns);
    } rows[] = {{"dhcp", on_dhcp}, {"mdns", on_mdns}, {"nbns", on_nbns}};

    for (size_t i = 0; i < VG_ARRAY_LEN(rows); i++) {
        if (strcmp(r->type, rows[i].type) == 0 && r->flow != NULL)
            rows[i].take(s, r, now_ns);
    }
}

bool
net_scene_device(const struct net_scene *s, const struct net_addr *a, struct net_device_view *out)
{
    const struct scene_device *d = s != NULL ? keytab_find(s->devices, scene_addr_hash(a)) : NULL;

    if (d == NULL)
        return false;
    *out = d->view;
    return true;
}

/* ---- places ---- */

static uint64_t
place_key(const struct net_scene *s, struct str name, const struct net_addr *a)
{
    if (name.len == 0 || domain_is_address(name))
        name = net_scene_resolved(s, a);
    return name.len > 0 ? domain_hash(domain_registered(name)) : scene_addr_hash(a);
}

static void
count_hour(struct net_scene *s, int64_t now_ns)
{
    int64_t hour = now_ns / VG_HOUR_NS;

    if (s->since_ns == 0) {
        s->since_ns = now_ns;
        s->changed = true;
    }
    if (hour > s->hour && s->hours < UINT32_MAX) {
        s->hour = hour;
        s->hours++;
        s->changed = true;
    }
}

static bool
knows_caller(const struct scene_place *p, uint32_t caller)
{
    for (size_t i = 0; i < p->callers; i++) {
        if (p->caller[i] == caller)
            return true;
    }
    return p->callers == NET_CALLERS_MAX;
}

static void
place_called(struct net_scene *s, const struct flow_view *f, struct str name, int64_t now_ns)
{
    uint64_t key;
    uint32_t caller;
    const struct scene_place *known;
    struct scene_place *p;

    if (!net_addr_is_local(&f->src) || net_addr_is_local(&f->dst) || net_addr_is_group(&f->dst))
        return;
    count_hour(s, now_ns);
    key = place_key(s, name, &f->dst);
    caller = (uint32_t)scene_addr_hash(&f->src);
    known = keytab_find(s->places, key);
    if (known != NULL && now_ns - known->last_ns < SCENE_TOUCH_NS &&
        known->day == now_ns / VG_DAY_NS && knows_caller(known, caller))
        return;
    p = keytab_touch(s->places, key, NULL);
    if (p == NULL)
        return;
    if (p->first_ns == 0)
        p->first_ns = now_ns;
    p->last_ns = now_ns > p->last_ns ? now_ns : p->last_ns;
    if (p->day != now_ns / VG_DAY_NS && p->days < UINT32_MAX) {
        p->day = now_ns / VG_DAY_NS;
        p->days++;
    }
    if (!knows_caller(p, caller))
        p->caller[p->callers++] = caller;
}

bool
net_scene_place(const struct net_scene *s, struct str name, const struct net_addr *a,
                struct net_place_view *out)
{
    const struct scene_place *p = s != NULL ? keytab_find(s->places, place_key(s, name, a)) : NULL;

    if (p == NULL)
        return false;
    *out = (struct net_place_view){p->first_ns, p->last_ns, p->callers, p->days};
    return true;
}

static void
on_dns(struct net_scene *s, const struct dns_view *d, int64_t now_ns)
{
    char name[NET_NAME_MAX];

    if (d->address_count > 0)
        mask_text(name, sizeof(name), d->query.at, d->query.len);
    for (size_t i = 0; i < d->address_count; i++) {
        uint64_t key = scene_addr_hash(&d->addresses[i]);
        const struct scene_resolved *known = keytab_find(s->resolved, key);
        struct scene_resolved *r;

        if (known != NULL && now_ns - known->at_ns < SCENE_TOUCH_NS &&
            strcmp(known->name, name) == 0)
            continue;
        r = keytab_touch(s->resolved, key, NULL);
        if (r == NULL)
            return;
        r->at_ns = now_ns;
        (void)vg_strcpy(r->name, sizeof(r->name), name);
    }
}

struct str
net_scene_resolved(const struct net_scene *s, const struct net_addr *a)
{
    const struct scene_resolved *r =
        s != NULL ? keytab_find(s->resolved, scene_addr_hash(a)) : NULL;

    return r != NULL ? str_of(r->name) : str_of("");
}

bool
net_scene_where(const struct net_scene *s, const struct net_addr *a, struct geo_place *out)
{
    *out = (struct geo_place){.country = ""};
    return s != NULL && s->geo != NULL && !net_addr_is_local(a) && geo_find(s->geo, a, out);
}

int64_t
net_scene_since_ns(const struct net_scene *s)
{
    return s != NULL ? s->since_ns : 0;
}

uint32_t
net_scene_hours(const struct net_scene *s)
{
    return s != NULL ? s->hours : 0;
}

/* ---- observations ---- */

void
net_scene_observe(struct net_scene *s, const struct obs *obs)
{
    switch (obs->kind) {
    case OBS_FLOW_START:
        device_seen(s, &obs->flow->src, obs->flow->has_mac ? obs->flow->src_mac : NULL,
                    obs->time_ns);
        break;
    case OBS_FLOW_UPDATE:
    case OBS_FLOW_END:
        if (obs->flow->packets_in > 0)
            place_called(s, obs->flow, obs->flow->server_name, obs->time_ns);
        break;
    case OBS_TLS:
        if (obs->tls->established || obs->tls->server_version != 0)
            place_called(s, obs->tls->flow, obs->tls->sni, obs->time_ns);
        break;
    case OBS_HTTP:
        place_called(s, obs->http->flow, obs->http->host, obs->time_ns);
        break;
    case OBS_DNS:
        on_dns(s, obs->dns, obs->time_ns);
        break;
    case OBS_ARP:
        device_seen(s, &obs->arp->sender, obs->arp->sender_mac, obs->time_ns);
        break;
    case OBS_RECORD:
        on_record(s, obs->record, obs->time_ns);
        break;
    default:
        break;
    }
}

/* ---- counters ---- */

void
net_scene_health(const struct net_scene *s, json_t *counters)
{
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {
        {"scene.devices", keytab_count(s->devices)},
        {"scene.places", keytab_count(s->places)},
        {"scene.devices_turned_away", keytab_evicted(s->devices)},
        {"scene.places_turned_away", keytab_evicted(s->places)},
        {"scene.names_turned_away", keytab_evicted(s->resolved)},
        {"scene.geo_unusable", s->geo_unusable},
    };

    for (size_t i = 0; i < VG_ARRAY_LEN(rows); i++)
        (void)json_object_set_new(counters, rows[i].name, json_integer((json_int_t)rows[i].value));
}
