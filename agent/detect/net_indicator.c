/* SPDX-License-Identifier: Apache-2.0 */
/* net.indicator: something on a list of known evil was looked up, called, or seen: a domain, an
 * address, a TLS client by JA3 or JA4, a server's certificate, a file.
 *
 * Lists are text files (indicator_list.h) in rules/indicators and in the shop's own folder, up to
 * `entries` in all at about five bytes each. A listed address that knocks from outside and gets no
 * answer is the Internet's noise and not told. A name that was only looked up (a filter or the
 * resolver gave no address) weighs one step less. */
#include "agent/detect/detectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/indicator_list.h"
#include "agent/detect/mask.h"
#include "agent/detect/net_tell.h"

enum { ENTRIES = 160 * 1024, ENTRIES_MAX = 16 * 1024 * 1024, VALUE_MAX = 128 };

struct net_indicator {
    struct judge *judge;
    const struct net_scene *scene;
    struct indicators lists;
    uint64_t looked_up, matches;
};

struct hit {
    const struct indicator_list *list; /* NULL: nothing */
    const char *kind;                  /* "domain", "address", ... */
    struct str value;
    bool answered;
    const struct net_addr *place; /* where a looked-up name leads; NULL: the flow's other side */
};

/* ---- reports ---- */

static void
report(struct net_indicator *n, const struct flow_view *f, struct str name, const struct hit *hit,
       int64_t now_ns)
{
    bool inbound = !net_addr_is_local(&f->src) && net_addr_is_local(&f->dst);
    char value[VALUE_MAX], group[VALUE_MAX + 16];
    struct party subject, peer;
    struct finding finding = {
        .detector = "net.indicator", .time_ns = now_ns, .subject = &subject, .peer = &peer};
    enum severity severity = hit->list->severity;
    struct flow_view told = *f;

    n->matches++;
    if (hit->place != NULL)
        told.dst = *hit->place;
    mask_text(value, sizeof(value), hit->value.at, hit->value.len);
    (void)snprintf(group, sizeof(group), "%s %s", hit->kind, value);
    net_tell_party(n->scene, &subject, inbound ? &f->dst : &f->src);
    if (inbound)
        net_tell_party(n->scene, &peer, &f->src);
    else
        net_tell_peer(n->scene, &peer, name, &told.dst);
    if (!hit->answered && severity > SEVERITY_LOW)
        severity--;
    finding.group = group;
    finding.severity = severity;
    finding.score = 50 + 10.0 * severity;
    finding.facts = net_tell_flow(n->scene, &told, name);
    (void)json_object_update_new(
        finding.facts,
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "kind", hit->kind, "value", value, "list",
                  hit->list->name, "description_es", hit->list->description_es, "description_en",
                  hit->list->description_en, "answered", (int)hit->answered));
    finding.evidence = json_array();
    (void)json_array_append_new(finding.evidence, net_evidence_flow(f));
    judge_finding(n->judge, &finding);
}

static void
tell(struct net_indicator *n, const struct flow_view *f, struct str name, const char *kind,
     const struct indicator_list *list, struct str value, bool answered, int64_t now_ns)
{
    struct hit hit = {list, kind, value, answered, NULL};

    n->looked_up++;
    if (list != NULL)
        report(n, f, name, &hit, now_ns);
}

/* ---- what is looked at ---- */

static void
on_name(struct net_indicator *n, const struct flow_view *f, struct str name, int64_t now_ns)
{
    struct str which = name;
    const struct indicator_list *list = indicators_domain(&n->lists, name, &which);

    tell(n, f, name, "domain", list, which, true, now_ns);
}

/* An address that leads nowhere: how filters answer for what they block. */
static bool
leads_nowhere(const struct net_addr *a)
{
    static const uint8_t zero[16];

    return memcmp(a->bytes, zero, sizeof(zero)) == 0 || (a->family == 4 && a->bytes[0] == 127);
}

static void
on_dns(struct net_indicator *n, const struct dns_view *d, int64_t now_ns)
{
    struct hit hit = {.kind = "domain", .value = d->query};

    hit.list = indicators_domain(&n->lists, d->query, &hit.value);
    n->looked_up++;
    if (hit.list == NULL)
        return;
    for (size_t i = 0; i < d->address_count && hit.place == NULL; i++) {
        if (!leads_nowhere(&d->addresses[i]))
            hit.place = &d->addresses[i];
    }
    hit.answered = hit.place != NULL;
    report(n, d->flow, d->query, &hit, now_ns);
}

static void
on_address(struct net_indicator *n, const struct flow_view *f, int64_t now_ns)
{
    bool src_local = net_addr_is_local(&f->src), dst_local = net_addr_is_local(&f->dst);
    const struct net_addr *who = src_local || !dst_local ? &f->dst : &f->src;
    char text[NET_ADDR_TEXT_MAX];

    if ((src_local && dst_local) || net_addr_is_group(&f->dst) ||
        (who == &f->src && (f->packets_in == 0 || f->payload_in == 0)))
        return;
    tell(n, f, f->server_name, "address", indicators_address(&n->lists, who),
         str_of(net_addr_format(who, text)), f->packets_in > 0, now_ns);
}

static void
on_tls(struct net_indicator *n, const struct tls_view *t, int64_t now_ns)
{
    on_name(n, t->flow, t->sni, now_ns);
    tell(n, t->flow, t->sni, "ja3", indicators_print(&n->lists, INDICATOR_JA3, t->ja3), t->ja3,
         true, now_ns);
    tell(n, t->flow, t->sni, "ja4", indicators_print(&n->lists, INDICATOR_JA4, t->ja4), t->ja4,
         true, now_ns);
    if (t->cert != NULL)
        tell(n, t->flow, t->sni, "certificate",
             indicators_print(&n->lists, INDICATOR_CERT, t->cert->sha1), t->cert->sha1, true,
             now_ns);
}

static void
on_record(struct net_indicator *n, const struct record_view *r, int64_t now_ns)
{
    struct str hash;

    if (r->flow == NULL || strcmp(r->type, "file") != 0)
        return;
    hash = record_text(r, "sha256");
    tell(n, r->flow, record_text(r, "host"), "file",
         indicators_print(&n->lists, INDICATOR_FILE, hash), hash, true, now_ns);
}

static void
observe(void *self, const struct obs *obs)
{
    struct net_indicator *n = self;

    switch (obs->kind) {
    case OBS_FLOW_END:
        on_address(n, obs->flow, obs->time_ns);
        break;
    case OBS_FLOW_UPDATE: /* a long one is told while it lasts; grouped */
        on_address(n, obs->flow, obs->time_ns);
        break;
    case OBS_DNS:
        on_dns(n, obs->dns, obs->time_ns);
        break;
    case OBS_HTTP:
        on_name(n, obs->http->flow, obs->http->host, obs->time_ns);
        break;
    case OBS_TLS:
        on_tls(n, obs->tls, obs->time_ns);
        break;
    case OBS_RECORD:
        on_record(n, obs->record, obs->time_ns);
        break;
    default:
        break;
    }
}

/* ---- life ---- */

static bool
idle(const void *self)
{
    const struct net_indicator *n = self;

    return indicator_set_count(n->lists.set) == 0;
}

static void
net_indicator_free(void *self)
{
    struct net_indicator *n = self;

    if (n == NULL)
        return;
    indicators_done(&n->lists);
    free(n);
}

_Static_assert(INDICATOR_SET_BYTES(ENTRIES) <= NET_INDICATOR_BYTES,
               "the memory of detectors is promised; more entries are the owner's own choice");

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    struct net_indicator *n = calloc(1, sizeof(*n));
    const json_t *folder = env->settings != NULL ? json_object_get(env->settings, "folder") : NULL;
    char shipped[1200];
    const char *folders[2] = {shipped, json_string_value(folder)};
    uint32_t entries = ENTRIES;
    enum vg_err err;

    if (n == NULL)
        return VG_ERR_NOMEM;
    n->judge = env->judge;
    n->scene = env->scene;
    if (folder != NULL && !json_is_string(folder)) {
        snprintf(why, DETECT_WHY_MAX, "folder: a path");
        free(n);
        return VG_ERR_CONFIG;
    }
    if (!net_setting_u32(env, "entries", 0, ENTRIES_MAX, &entries, why)) {
        free(n);
        return VG_ERR_CONFIG;
    }
    (void)snprintf(shipped, sizeof(shipped), "%.1100s/indicators",
                   env->rules_dir != NULL ? env->rules_dir : "/nonexistent");
    err = indicators_load(folders, folders[1] != NULL ? 2 : 1, entries, &n->lists, why);
    if (err != VG_OK) {
        free(n);
        return err == VG_ERR_SYS ? VG_ERR_CONFIG : err;
    }
    *self = n;
    return VG_OK;
}

static enum vg_err
load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    (void)self;
    (void)key;
    (void)version;
    (void)blob;
    return VG_ERR_FORMAT; /* it keeps nothing */
}

static void
health(const void *self, json_t *counters)
{
    const struct net_indicator *n = self;
    size_t bad = 0;

    for (size_t i = 0; i < n->lists.lists; i++)
        bad += n->lists.list[i].bad;
    (void)json_object_set_new(counters, "entries",
                              json_integer((json_int_t)indicator_set_count(n->lists.set)));
    (void)json_object_set_new(counters, "entries_refused",
                              json_integer((json_int_t)indicator_set_refused(n->lists.set)));
    (void)json_object_set_new(counters, "unread", json_integer((json_int_t)n->lists.unread));
    (void)json_object_set_new(counters, "bad_lines", json_integer((json_int_t)bad));
    (void)json_object_set_new(counters, "matches", json_integer((json_int_t)n->matches));
}

const struct detector NET_INDICATOR = {
    .name = "net.indicator",
    .sensor = "net",
    .kinds = 1u << OBS_FLOW_END | 1u << OBS_FLOW_UPDATE | 1u << OBS_DNS | 1u << OBS_HTTP |
             1u << OBS_TLS | 1u << OBS_RECORD,
    .idle = idle,
    .make = make,
    .observe = observe,
    .load = load,
    .free = net_indicator_free,
    .health = health,
};
