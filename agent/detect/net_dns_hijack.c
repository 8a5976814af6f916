/* SPDX-License-Identifier: Apache-2.0 */
/* net.dns_hijack: names are answered by somebody who should not.
 *
 *   private:  a bank's or a maker's name (settings: `banks`, `names`) is answered with an address of
 *             the shop; or three names of the world get the same one;
 *   country:  a bank's name is answered from a country where it has no business;
 *   one_for_all: one address for names that never share one (Google's and Facebook's own networks),
 *             or for several names that nobody would choose: names that do not exist get an answer;
 *   search:   such a name is answered, and its page sends on to a search page that was told the name
 *             (providers that sell mistyped names);
 *   handed:   a DHCP server or router that gave out one resolver gives out an unknown other one;
 *   resolver: a device asks an unknown resolver that no setting of the network gave it;
 *   race:     one question, one resolver, two answers that have nothing in common;
 *   disagree: two resolvers name different owners (net_dns_hijack_twice.c): a test, the others are
 *             certain;
 *   guesses:  answers by the dozen to one question: somebody guesses its number.
 * Public resolvers (settings: `resolvers`) and those of the shop's router are nothing special. */
#include "agent/detect/net_dns_hijack_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/detectors.h"
#include "agent/detect/domain.h"
#include "agent/detect/mask.h"
#include "agent/detect/net_common.h"
#include "agent/detect/net_tell.h"
#include "common/vtime.h"

enum { GUESSES_MIN = 40 };

uint64_t
hijack_hash(const struct net_addr *a)
{
    return str_hash(&STR_HASH_STORED, a, sizeof(*a));
}

bool
hijack_lists(const json_t *list, const char *text)
{
    size_t i;
    json_t *entry;

    json_array_foreach(list, i, entry)
    {
        if (json_is_string(entry) && strcmp(json_string_value(entry), text) == 0)
            return true;
    }
    return false;
}

/* ---- reports ---- */

/* "203.0.113.9, Example Hosting"; "-" for none. */
static void
tell_address(const struct hijack *h, const struct net_addr *a, char out[NET_TELL_MAX])
{
    char address[NET_ADDR_TEXT_MAX];
    struct geo_place where = {.country = ""};

    if (a != NULL)
        (void)net_scene_where(h->scene, a, &where);
    snprintf(out, NET_TELL_MAX, "%s%s%s", a != NULL ? net_addr_format(a, address) : "-",
             where.owner[0] != '\0' ? ", " : "", where.owner);
}

static json_t *
facts_of(const struct hijack *h, const struct told *t, json_t **evidence)
{
    char host[NET_ADDR_TEXT_MAX], device[NET_TELL_MAX], by[NET_TELL_MAX] = "-", with[NET_TELL_MAX],
                                                        other[NET_TELL_MAX],
                                                        other_by[NET_TELL_MAX] = "-", name[80];
    struct geo_place where = {.country = ""};

    mask_text(name, sizeof(name), t->name.at, t->name.len);
    if (t->by != NULL)
        net_tell_place(h->scene, str_of(""), t->by, by);
    if (t->other_by != NULL)
        net_tell_place(h->scene, str_of(""), t->other_by, other_by);
    if (t->with != NULL)
        (void)net_scene_where(h->scene, t->with, &where);
    tell_address(h, t->with, with);
    tell_address(h, t->other, other);
    *evidence =
        json_pack("[{s:s, s:s, s:s, s:s, s:s}]", "type", "dns", "host",
                  net_addr_format(t->who, host), "name", name, "resolver", by, "answer", with);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "host", host, "device",
                     net_tell_device(h->scene, t->who, NULL, device), "style", t->style, "name",
                     name[0] != '\0' ? name : "-", "resolver", by, "answer", with, "country",
                     where.country, "network", where.owner, "other", other, "other_resolver",
                     other_by);
}

void
hijack_report(struct hijack *h, const struct told *t)
{
    struct party subject, peer;
    struct finding finding = {.detector = "net.dns_hijack",
                              .time_ns = t->at_ns,
                              .subject = &subject,
                              .severity = t->severity,
                              .score = t->severity >= SEVERITY_HIGH ? 85 : 60,
                              .group = t->style};
    struct test test = {
        .detector = "net.dns_hijack", .time_ns = t->at_ns, .subject = &subject, .p = t->p};

    net_tell_party(h->scene, &subject, t->who);
    if (t->by != NULL) {
        net_tell_party(h->scene, &peer, t->by);
        finding.peer = test.peer = &peer;
    }
    if (t->p <= 0) {
        finding.facts = facts_of(h, t, &finding.evidence);
        judge_finding(h->judge, &finding);
        return;
    }
    if (judge_wants(h->judge, t->p))
        test.facts = facts_of(h, t, &test.evidence);
    judge_test(h->judge, &test);
}

static void
on_dns(struct hijack *h, const struct dns_view *d, int64_t now_ns)
{
    if (d->rcode != 0 || d->address_count == 0)
        return;
    hijack_asked(h, d, now_ns);
    hijack_answers(h, d, now_ns);
}

/* ---- guesses ---- */

static void
on_end(struct hijack *h, const struct flow_view *f, int64_t now_ns)
{
    struct told t = {.style = "guesses",
                     .who = &f->src,
                     .by = &f->dst,
                     .severity = SEVERITY_HIGH,
                     .at_ns = now_ns};

    if (f->proto == 17 && f->dport == 53 && f->packets_out > 0 && f->packets_in >= GUESSES_MIN &&
        f->packets_in / 20 >= f->packets_out)
        hijack_report(h, &t);
}

static void
observe(void *self, const struct obs *obs)
{
    struct hijack *h = self;

    if (obs->kind == OBS_DNS)
        on_dns(h, obs->dns, obs->time_ns);
    else if (obs->kind == OBS_HTTP)
        hijack_page(h, obs->http, obs->time_ns);
    else if (obs->kind == OBS_RECORD)
        hijack_dhcp(h, obs->record, obs->time_ns);
    else if (obs->kind == OBS_ICMP)
        hijack_icmp(h, obs->icmp, obs->time_ns);
    else if (obs->kind == OBS_FLOW_END)
        on_end(h, obs->flow, obs->time_ns);
}

/* ---- life ---- */

static void
hijack_free(void *self)
{
    struct hijack *h = self;

    if (h == NULL)
        return;
    keytab_free(h->clients);
    keytab_free(h->addresses);
    keytab_free(h->wanted);
    keytab_free(h->handed);
    keytab_free(h->twice);
    free(h);
}

/* A list of texts; absent: NULL, which is an empty one. */
static bool
read_list(const struct detector_env *env, const char *name, const json_t **out,
          char why[DETECT_WHY_MAX])
{
    const json_t *list = json_object_get(env->settings, name);
    size_t i;
    json_t *entry;
    bool good = list == NULL || json_is_array(list);

    json_array_foreach(list, i, entry) good = good && json_is_string(entry);
    if (!good)
        snprintf(why, DETECT_WHY_MAX, "%s: a list of texts", name);
    *out = list;
    return good;
}

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    struct hijack *h = calloc(1, sizeof(*h));

    if (h == NULL)
        return VG_ERR_NOMEM;
    h->judge = env->judge;
    h->scene = env->scene;
    h->changed = 20;
    if (!read_list(env, "banks", &h->banks, why) || !read_list(env, "names", &h->names, why) ||
        !read_list(env, "countries", &h->countries, why) ||
        !read_list(env, "resolvers", &h->resolvers, why) ||
        !net_setting_u32(env, "changed", 1, 100000, &h->changed, why)) {
        hijack_free(h);
        return VG_ERR_CONFIG;
    }
    if (hijack_tables(h) != VG_OK) {
        hijack_free(h);
        return VG_ERR_NOMEM;
    }
    *self = h;
    return VG_OK;
}

static void
health(const void *self, json_t *counters)
{
    const struct hijack *h = self;

    (void)json_object_set_new(counters, "clients",
                              json_integer((json_int_t)keytab_count(h->clients)));
    (void)json_object_set_new(counters, "addresses",
                              json_integer((json_int_t)keytab_count(h->addresses)));
}

const struct detector NET_DNS_HIJACK = {
    .name = "net.dns_hijack",
    .sensor = "net",
    .kinds =
        1u << OBS_DNS | 1u << OBS_HTTP | 1u << OBS_RECORD | 1u << OBS_ICMP | 1u << OBS_FLOW_END,
    .make = make,
    .observe = observe,
    .save = hijack_save,
    .load = hijack_load,
    .free = hijack_free,
    .health = health,
};
