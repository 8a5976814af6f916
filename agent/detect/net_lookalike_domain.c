/* SPDX-License-Identifier: Apache-2.0 */
/* net.lookalike_domain: a device asks for a name that imitates a bank, the tax office, a market place
 * or another brand that thieves copy (lookalike.h).
 *
 * Look-alike letters, the true domain within a stranger's, and the brand beside an official word are
 * findings. A near miss or another ending may be an honest firm of a like name: a test, that alerts
 * when the place is new here as well; where several devices use it, or on several days, it is theirs;
 * another ending within the brand's own network is the brand's. */
#include "agent/detect/detectors.h"

#include <stdlib.h>
#include <string.h>

#include "agent/detect/domain.h"
#include "agent/detect/keytab.h"
#include "agent/detect/lookalike.h"
#include "agent/detect/mask.h"
#include "agent/detect/net_tell.h"
#include "common/vtime.h"

enum { HARMLESS_MAX = 2048, CELL_OWN_BYTES = 48 };
/* One in some thousand new names is that near to a brand by chance; from banks' it is rarer. */
#define P_NEAR   1e-4
#define P_ENDING 1e-3

struct net_lookalike {
    struct judge *judge;
    const struct net_scene *scene;
    struct lookalikes *list;
    struct keytab *harmless; /* names that were looked at and are nobody's: only to be quick */
    uint64_t names, hits;
};

struct harmless {
    uint8_t unused;
};

static void
put_harmless(const void *cell, struct buf *out)
{
    (void)cell;
    (void)out;
}

static void
get_harmless(void *cell, struct slice *in)
{
    (void)cell;
    (void)in;
}

/* ---- reports ---- */

static json_t *
facts_of(struct net_lookalike *n, const struct flow_view *f, struct str name,
         const struct lookalike_hit *hit)
{
    char text[DOMAIN_NAME_MAX + 1], domain[DOMAIN_NAME_MAX + 1];
    struct str registered = domain_registered(name);
    json_t *facts = net_tell_flow(n->scene, f, name);

    mask_text(text, sizeof(text), name.at, name.len);
    mask_text(domain, sizeof(domain), registered.at, registered.len);
    (void)json_object_update_new(
        facts,
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "name", text, "domain", domain, "brand",
                  hit->brand->name, "kind", hit->brand->kind, "how", lookalike_how_name(hit->how),
                  "true_domain", json_string_value(json_array_get(hit->brand->domains, 0))));
    return facts;
}

static json_t *
evidence_of(const struct flow_view *f)
{
    json_t *list = json_array();

    (void)json_array_append_new(list, net_evidence_flow(f));
    return list;
}

static void
tell(struct net_lookalike *n, const struct flow_view *f, struct str name, int64_t now_ns,
     const struct lookalike_hit *hit)
{
    bool money = strcmp(hit->brand->kind, "bank") == 0 || strcmp(hit->brand->kind, "payments") == 0;
    struct party subject, peer;

    n->hits++;
    net_tell_party(n->scene, &subject, &f->src);
    net_tell_peer(n->scene, &peer, domain_registered(name), &f->dst);
    if (hit->how <= LOOKALIKE_WORD) {
        struct finding finding = {.detector = "net.lookalike_domain",
                                  .time_ns = now_ns,
                                  .subject = &subject,
                                  .peer = &peer,
                                  .severity = money ? SEVERITY_HIGH : SEVERITY_MEDIUM,
                                  .score = money ? 80 : 65,
                                  .facts = facts_of(n, f, name, hit),
                                  .evidence = evidence_of(f)};

        judge_finding(n->judge, &finding);
    } else {
        struct test test = {.detector = "net.lookalike_domain",
                            .time_ns = now_ns,
                            .subject = &subject,
                            .peer = &peer,
                            .p = hit->how == LOOKALIKE_NEAR ? P_NEAR : P_ENDING};

        if (money)
            test.p /= 10;
        if (judge_wants(n->judge, test.p)) {
            test.facts = facts_of(n, f, name, hit);
            test.evidence = evidence_of(f);
        }
        judge_test(n->judge, &test);
    }
}

/* ---- names ---- */

/* The brand's label under another ending, in the brand's own network: "Google LLC". */
static bool
in_its_own_network(const struct net_lookalike *n, const struct lookalike_hit *hit,
                   const struct net_addr *a)
{
    struct geo_place where;
    struct str label = str_of(hit->brand->label);

    if (hit->how != LOOKALIKE_ENDING || !net_scene_where(n->scene, a, &where))
        return false;
    for (size_t at = 0; at + label.len <= strlen(where.owner); at++)
        if (str_eq_nocase(str_n(where.owner + at, label.len), label))
            return true;
    return false;
}

/* Known here: several devices call it, or it was called on more than two days. */
static bool
usual(const struct net_lookalike *n, struct str name, const struct net_addr *a)
{
    struct net_place_view p;

    return net_scene_place(n->scene, name, a, &p) && (p.callers > 2 || p.days > 2);
}

static void
on_name(struct net_lookalike *n, const struct flow_view *f, struct str name, int64_t now_ns)
{
    uint64_t key;
    struct lookalike_hit hit;

    if (name.len == 0 || name.len > DOMAIN_NAME_MAX || !net_addr_is_local(&f->src))
        return;
    key = domain_hash(name);
    if (keytab_find(n->harmless, key) != NULL)
        return;
    n->names++;
    hit = lookalike_of(n->list, name);
    if (hit.how == LOOKALIKE_NONE) {
        (void)keytab_touch(n->harmless, key, NULL);
        return;
    }
    if (hit.how <= LOOKALIKE_WORD ||
        !(usual(n, name, &f->dst) || in_its_own_network(n, &hit, &f->dst)))
        tell(n, f, name, now_ns, &hit);
}

static void
on_dns(struct net_lookalike *n, const struct dns_view *d, int64_t now_ns)
{
    struct flow_view f = *d->flow;

    if (d->address_count == 0)
        return; /* nobody is there */
    f.dst = d->addresses[0];
    on_name(n, &f, d->query, now_ns);
}

static void
observe(void *self, const struct obs *obs)
{
    struct net_lookalike *n = self;

    if (obs->kind == OBS_DNS)
        on_dns(n, obs->dns, obs->time_ns);
    else if (obs->kind == OBS_TLS)
        on_name(n, obs->tls->flow, obs->tls->sni, obs->time_ns);
    else if (obs->kind == OBS_HTTP)
        on_name(n, obs->http->flow, obs->http->host, obs->time_ns);
}

/* ---- life ---- */

static bool
idle(const void *self)
{
    return lookalikes_count(((const struct net_lookalike *)self)->list) == 0;
}

static void
net_lookalike_free(void *self)
{
    struct net_lookalike *n = self;

    if (n == NULL)
        return;
    lookalikes_free(n->list);
    keytab_free(n->harmless);
    free(n);
}

_Static_assert(HARMLESS_MAX *(sizeof(struct harmless) + CELL_OWN_BYTES) <=
                   NET_LOOKALIKE_DOMAIN_BYTES,
               "the memory of detectors is promised");

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    static const struct keytab_options options = {.cell_bytes = sizeof(struct harmless),
                                                  .cells_max = HARMLESS_MAX,
                                                  .row_bits = 1,
                                                  .name = 'h',
                                                  .version = 1,
                                                  .put = put_harmless,
                                                  .get = get_harmless};
    struct net_lookalike *n = calloc(1, sizeof(*n));
    struct conf_error wrong = {.text = ""};
    enum vg_err err;

    if (n == NULL)
        return VG_ERR_NOMEM;
    n->judge = env->judge;
    n->scene = env->scene;
    err = lookalikes_load(env->rules_dir, &n->list, &wrong);
    if (err == VG_OK)
        err = keytab_new(&options, &n->harmless);
    if (err != VG_OK) {
        (void)snprintf(why, DETECT_WHY_MAX, "%.190s", wrong.text);
        net_lookalike_free(n);
        return err == VG_ERR_NOMEM ? err : VG_ERR_CONFIG;
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
    return VG_ERR_FORMAT; /* it keeps nothing: what is usual the scene knows */
}

static void
health(const void *self, json_t *counters)
{
    const struct net_lookalike *n = self;

    (void)json_object_set_new(counters, "names", json_integer((json_int_t)n->names));
    (void)json_object_set_new(counters, "hits", json_integer((json_int_t)n->hits));
}

const struct detector NET_LOOKALIKE_DOMAIN = {
    .name = "net.lookalike_domain",
    .sensor = "net",
    .kinds = 1u << OBS_DNS | 1u << OBS_TLS | 1u << OBS_HTTP,
    .idle = idle,
    .make = make,
    .observe = observe,
    .load = load,
    .free = net_lookalike_free,
    .health = health,
};
