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

#define SEARCH_NS (20 * VG_SEC_NS)

enum name_kind { NAME_GOOGLE = 1, NAME_META = 2, NAME_OTHER = 4 };
enum { GUESSES_MIN = 40, MADE_UP_MIN = 2, MADE_UP_LEN = 10 };

static uint64_t
hash_addr(const struct net_addr *a)
{
    return str_hash(&STR_HASH_STORED, a, sizeof(*a));
}

/* The name is one of the list's, or below one. */
static bool
listed(const json_t *list, struct str name)
{
    size_t i;
    json_t *entry;

    json_array_foreach(list, i, entry)
    {
        if (domain_under(name, str_of(json_string_value(entry))))
            return true;
    }
    return false;
}

static bool
has_text(const json_t *list, const char *text)
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

/* A name that nobody would choose: its longest own label is long, and digits and letters mix or
 * consonants follow each other without end. */
static bool
made_up(struct str name)
{
    struct str domain = domain_registered(name);
    unsigned changes = 0, run = 0, longest = 0, vowels = 0, letters = 0;
    size_t n = 0;
    int last = 0;

    for (; n < domain.len && domain.at[n] != '.'; n++) {
        int c = domain.at[n] | 0x20, kind = c >= '0' && c <= '9' ? 1 : c >= 'a' && c <= 'z' ? 2 : 0;

        if (kind == 0)
            return false; /* words with a hyphen, other alphabets */
        changes += last != 0 && kind != last;
        last = kind;
        letters += kind == 2;
        if (kind == 2 && strchr("aeiouy", c) != NULL) {
            vowels++;
            run = 0;
        } else if (kind == 2 && ++run > longest) {
            longest = run;
        }
    }
    return n >= MADE_UP_LEN &&
           (changes >= 4 || longest >= 6 || (letters >= 10 && vowels * 8 < letters));
}

static enum name_kind
kind_of(struct str domain)
{
    static const char *const google[] = {"google.com", "youtube.com", "gstatic.com",
                                         "googleapis.com", "google.com.mx"},
                             *const meta[] = {"facebook.com", "instagram.com", "whatsapp.net",
                                              "whatsapp.com", "fbcdn.net"};

    for (size_t i = 0; i < VG_ARRAY_LEN(google); i++) {
        if (str_eq_nocase(domain, str_of(google[i])))
            return NAME_GOOGLE;
    }
    for (size_t i = 0; i < VG_ARRAY_LEN(meta); i++) {
        if (str_eq_nocase(domain, str_of(meta[i])))
            return NAME_META;
    }
    return NAME_OTHER;
}

/* ---- reports ---- */

struct told {
    const char *style;
    struct str name;             /* that was asked for; "" */
    const struct net_addr *who;  /* the device that asks */
    const struct net_addr *by;   /* who answers, or gives out the resolver; may be NULL */
    const struct net_addr *with; /* the answer, or the new resolver; may be NULL */
    enum severity severity;
    int64_t at_ns;
};

static void
report(struct hijack *h, const struct told *t)
{
    char host[NET_ADDR_TEXT_MAX], device[NET_TELL_MAX], by[NET_TELL_MAX] = "-",
                                                        with[NET_TELL_MAX] = "-", name[80];
    struct party subject, peer;
    struct geo_place where = {.country = ""};
    struct finding finding = {.detector = "net.dns_hijack",
                              .time_ns = t->at_ns,
                              .subject = &subject,
                              .severity = t->severity,
                              .score = t->severity >= SEVERITY_HIGH ? 85 : 60,
                              .group = t->style};

    mask_text(name, sizeof(name), t->name.at, t->name.len);
    net_tell_party(h->scene, &subject, t->who);
    if (t->by != NULL) {
        net_tell_party(h->scene, &peer, t->by);
        finding.peer = &peer;
        net_tell_place(h->scene, str_of(""), t->by, by);
    }
    if (t->with != NULL) {
        char address[NET_ADDR_TEXT_MAX];

        (void)net_scene_where(h->scene, t->with, &where);
        snprintf(with, sizeof(with), "%s%s%s", net_addr_format(t->with, address),
                 where.owner[0] != '\0' ? ", " : "", where.owner);
    }
    finding.facts = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "host", net_addr_format(t->who, host), "device",
        net_tell_device(h->scene, t->who, NULL, device), "style", t->style, "name",
        name[0] != '\0' ? name : "-", "resolver", by, "answer", with, "country", where.country);
    finding.evidence = json_pack("[{s:s, s:s, s:s, s:s, s:s}]", "type", "dns", "host", host, "name",
                                 name, "resolver", by, "answer", with);
    judge_finding(h->judge, &finding);
}

/* ---- answers ---- */

static bool
knows_domain(const struct address *a, uint32_t hash)
{
    for (size_t i = 0; i < a->domains; i++) {
        if (a->domain[i] == hash)
            return true;
    }
    return false;
}

/* What else this address was the answer to. The style, or NULL. */
static const char *
same_answer(struct hijack *h, const struct dns_view *d, const struct net_addr *with, bool odd,
            int64_t now_ns)
{
    struct str domain = domain_registered(d->query);
    uint32_t hash = (uint32_t)domain_hash(domain);
    struct address *a = keytab_touch(h->addresses, hash_addr(with), NULL);
    const char *style = NULL;

    if (a == NULL)
        return NULL;
    if (a->from_ns == 0 || llabs(now_ns - a->from_ns) > VG_DAY_NS)
        *a = (struct address){.from_ns = now_ns, .told_ns = a->told_ns};
    if (knows_domain(a, hash))
        return NULL;
    if (a->domains < DOMAINS_MAX)
        a->domain[a->domains++] = hash;
    a->kinds = (uint8_t)(a->kinds | kind_of(domain));
    if (odd && a->made_up < UINT8_MAX)
        a->made_up++;
    if (net_addr_is_local(with) && a->domains >= 3)
        style = "private";
    else if ((a->kinds & NAME_GOOGLE) != 0 && (a->kinds & NAME_META) != 0)
        style = "one_for_all";
    else if (a->made_up >= MADE_UP_MIN && a->made_up * 2 >= a->domains)
        style = "one_for_all";
    if (style == NULL || (a->told_ns != 0 && llabs(now_ns - a->told_ns) < VG_DAY_NS))
        return NULL;
    a->told_ns = now_ns;
    return style;
}

/* 0.0.0.0 and 127.0.0.0/8 are what blockers of advertisements answer. */
static bool
says_nowhere(const struct net_addr *a)
{
    static const struct net_addr loop6 = {6, {[15] = 1}};

    return net_addr_is_group(a) || (a->family == 4 && (a->bytes[0] == 127 || a->bytes[0] == 0)) ||
           net_addr_eq(a, &loop6);
}

static void
judge_answer(struct hijack *h, const struct dns_view *d, const struct net_addr *with, bool odd,
             int64_t now_ns)
{
    struct told t = {.name = d->query,
                     .who = &d->flow->src,
                     .by = &d->flow->dst,
                     .with = with,
                     .severity = SEVERITY_HIGH,
                     .at_ns = now_ns};
    struct geo_place where;
    bool bank;

    if (says_nowhere(with))
        return;
    bank = listed(h->banks, d->query);
    if (net_addr_is_local(with) && (bank || listed(h->names, d->query))) {
        t.style = "private";
        report(h, &t);
        return;
    }
    if (bank && json_array_size(h->countries) > 0 && net_scene_where(h->scene, with, &where) &&
        where.country[0] != '\0' && !has_text(h->countries, where.country)) {
        t.style = "country";
        t.severity = SEVERITY_MEDIUM;
        report(h, &t);
    }
    t.style = same_answer(h, d, with, odd, now_ns);
    t.severity = SEVERITY_MEDIUM;
    if (t.style != NULL)
        report(h, &t);
}

static void
want(struct hijack *h, const struct dns_view *d, int64_t now_ns)
{
    struct wanted *w;

    if (d->query.len >= WANTED_NAME_MAX || memchr(d->query.at, '\0', d->query.len) != NULL)
        return;
    w = keytab_touch(h->wanted, hash_addr(&d->flow->src), NULL);
    if (w == NULL)
        return;
    *w = (struct wanted){.at_ns = now_ns};
    memcpy(w->name, d->query.at, d->query.len);
}

/* ---- who is asked ---- */

static bool
well_known(const struct hijack *h, const struct net_addr *a)
{
    char text[NET_ADDR_TEXT_MAX];

    return has_text(h->resolvers, net_addr_format(a, text));
}

static void
judge_resolver(struct hijack *h, const struct dns_view *d, int64_t now_ns)
{
    struct client *c = keytab_touch(h->clients, hash_addr(&d->flow->src), NULL);
    struct told t = {.style = "resolver",
                     .name = d->query,
                     .who = &d->flow->src,
                     .by = &d->flow->dst,
                     .with = &d->flow->dst,
                     .severity = SEVERITY_LOW,
                     .at_ns = now_ns};
    size_t i = 0;

    if (c == NULL || !net_addr_is_local(&d->flow->src))
        return;
    while (i < c->count && !net_addr_eq(&c->resolver[i].addr, &d->flow->dst))
        i++;
    if (i == c->count) {
        if (c->count == RESOLVERS_MAX) {
            memmove(&c->resolver[1], &c->resolver[2], sizeof(c->resolver[0]) * (RESOLVERS_MAX - 2));
            c->count--;
            i--;
        }
        memset(&c->resolver[i], 0, sizeof(c->resolver[i]));
        c->resolver[c->count++].addr = d->flow->dst;
    }
    if (c->resolver[i].answers < UINT32_MAX)
        c->resolver[i].answers++;
    /* The first one is what the network gave; another one counts once it is really in use. */
    if (i == 0 || c->resolver[i].told || c->resolver[0].answers < h->changed ||
        c->resolver[i].answers < h->changed)
        return;
    c->resolver[i].told = true;
    if (net_addr_is_local(&d->flow->dst) || well_known(h, &d->flow->dst) ||
        keytab_find(h->handed, hash_addr(&d->flow->dst)) != NULL)
        return;
    report(h, &t);
}

static void
on_dns(struct hijack *h, const struct dns_view *d, int64_t now_ns)
{
    bool odd;

    if (d->rcode != 0 || d->address_count == 0)
        return;
    judge_resolver(h, d, now_ns);
    if (domain_is_address(d->query) || domain_under(d->query, str_of("local")) ||
        domain_under(d->query, str_of("arpa")) || memchr(d->query.at, '.', d->query.len) == NULL)
        return;
    odd = made_up(d->query);
    for (size_t i = 0; i < d->address_count && i < 4; i++)
        judge_answer(h, d, &d->addresses[i], odd, now_ns);
    if (odd)
        want(h, d, now_ns);
}

/* ---- the page that sells mistyped names ---- */

static bool
contains(struct str text, const char *part)
{
    size_t n = strlen(part);

    for (size_t i = 0; i + n <= text.len; i++) {
        if (str_eq_nocase(str_n(text.at + i, n), str_of(part)))
            return true;
    }
    return false;
}

static void
on_http(struct hijack *h, const struct http_view *v, int64_t now_ns)
{
    const struct wanted *known = keytab_find(h->wanted, hash_addr(&v->flow->src));
    struct told t = {.style = "search",
                     .who = &v->flow->src,
                     .with = &v->flow->dst,
                     .severity = SEVERITY_LOW,
                     .at_ns = now_ns};
    struct wanted *w;
    struct str asked;

    if (known == NULL || known->at_ns == 0 || now_ns - known->at_ns > SEARCH_NS)
        return;
    asked = str_of(known->name);
    if (str_eq_nocase(v->host, asked)) {
        w = keytab_change(h->wanted, hash_addr(&v->flow->src));
        w->visited = true;
        return;
    }
    if (!known->visited || str_eq_nocase(domain_registered(v->host), domain_registered(asked)) ||
        memchr(v->uri.at, '?', v->uri.len) == NULL || !contains(v->uri, known->name))
        return;
    t.name = asked;
    report(h, &t);
    w = keytab_change(h->wanted, hash_addr(&v->flow->src));
    *w = (struct wanted){0};
}

/* ---- what the network gives out ---- */

/* A resolver that is given out is no surprise when it is asked. */
static void
give_out(struct hijack *h, const struct net_addr *a, int64_t now_ns)
{
    struct handed *g = keytab_touch(h->handed, hash_addr(a), NULL);

    if (g != NULL && g->since_ns == 0)
        g->since_ns = now_ns;
}

/* `server` gives out `dns` (its first one; `all` a hash of the list) to `who`. */
static void
handed_out(struct hijack *h, const struct net_addr *server, const struct net_addr *dns,
           uint32_t all, const struct net_addr *who, int64_t now_ns)
{
    uint64_t key = hash_addr(server) ^ UINT64_C(0x68616e646564);
    struct handed *g = keytab_touch(h->handed, key, NULL);
    struct told t = {.style = "handed",
                     .who = who,
                     .by = server,
                     .with = dns,
                     .severity = SEVERITY_HIGH,
                     .at_ns = now_ns};
    bool before = keytab_find(h->handed, hash_addr(dns)) != NULL;

    if (g == NULL || g->dns == all)
        return;
    if (g->dns != 0 && !before && !net_addr_is_local(dns) && !well_known(h, dns))
        report(h, &t);
    g->dns = all;
    g->since_ns = now_ns;
}

static void
on_dhcp(struct hijack *h, const struct record_view *r, int64_t now_ns)
{
    const struct record_field *dns = record_find(r, "dns");
    struct net_addr server, first, client, each;
    uint32_t all = 0;

    if (strcmp(r->type, "dhcp") != 0 || !str_is(record_text(r, "message"), "ack") || dns == NULL ||
        dns->type != FIELD_LIST || dns->list_count == 0 ||
        !net_addr_parse(record_text(r, "server_id"), &server) ||
        !net_addr_parse(dns->list[0], &first))
        return;
    if (!net_addr_parse(record_text(r, "assigned"), &client) || client.bytes[0] == 0)
        client = server;
    for (size_t i = 0; i < dns->list_count; i++)
        all ^= (uint32_t)domain_hash(dns->list[i]);
    handed_out(h, &server, &first, all | 1, &client, now_ns);
    for (size_t i = 0; i < dns->list_count; i++)
        if (net_addr_parse(dns->list[i], &each))
            give_out(h, &each, now_ns);
}

static void
on_icmp(struct hijack *h, const struct icmp_view *i, int64_t now_ns)
{
    if (i->ndp == NULL || i->type != 134 || i->ndp->name_server.family == 0)
        return;
    handed_out(h, &i->src, &i->ndp->name_server, (uint32_t)hash_addr(&i->ndp->name_server) | 1,
               &i->src, now_ns);
    give_out(h, &i->ndp->name_server, now_ns);
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
        report(h, &t);
}

static void
observe(void *self, const struct obs *obs)
{
    struct hijack *h = self;

    if (obs->kind == OBS_DNS)
        on_dns(h, obs->dns, obs->time_ns);
    else if (obs->kind == OBS_HTTP)
        on_http(h, obs->http, obs->time_ns);
    else if (obs->kind == OBS_RECORD)
        on_dhcp(h, obs->record, obs->time_ns);
    else if (obs->kind == OBS_ICMP)
        on_icmp(h, obs->icmp, obs->time_ns);
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
