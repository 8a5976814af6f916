/* SPDX-License-Identifier: Apache-2.0 */
/* net.rare_destination: a place that nobody of the shop called before, and how odd a new place it is.
 *
 * New places are ordinary (a page more), so a new place is the test, not the alert: its p is the share
 * of earlier new places whose network owner, and country, were new as well, and the share that was
 * called by a bare address that nobody had looked up; these shares are learned (firstseen.h). Alone
 * that hardly alerts; with a beacon or an odd certificate on the same device it does. For LEARN_NS,
 * and LEARN_HOURS with traffic, all is only learned. */
#include "agent/detect/detectors.h"

#include <math.h>
#include <stdlib.h>

#include "agent/detect/codec.h"
#include "agent/detect/domain.h"
#include "agent/detect/firstseen.h"
#include "agent/detect/net_common.h"
#include "agent/detect/net_tell.h"
#include "common/vtime.h"

enum { PLACES_MAX = 1536, OWNERS_MAX = 384, COUNTRIES_MAX = 128, CELL_OWN_BYTES = 48 };
enum { LEARN_HOURS = 24, STATE_VERSION = 1 };
#define LEARN_NS  (3 * VG_DAY_NS)
#define AGE_NS    (60 * VG_DAY_NS)
#define MEMORY_NS (30 * VG_DAY_NS)
#define P_LEAST   1e-5 /* new in every way is no more than that */

struct rare {
    struct judge *judge;
    const struct net_scene *scene;
    struct firstseen *places, *owners, *countries;
    uint32_t fresh, bare; /* new places, and those of them by bare address */
    bool changed, learning;
    uint64_t tested;
};

_Static_assert((PLACES_MAX + OWNERS_MAX + COUNTRIES_MAX) * (sizeof(int64_t) + CELL_OWN_BYTES) <=
                   NET_RARE_DESTINATION_BYTES,
               "the memory of detectors is promised");

static uint64_t
place_key(struct str name, const struct net_addr *a)
{
    struct net_key k = {0};

    if (name.len > 0 && !domain_is_address(name))
        return domain_hash(domain_registered(name));
    net_key_addr(&k, a);
    return str_hash(&STR_HASH_STORED, k.bytes, k.len);
}

static double
share_of_new(struct firstseen *seen, struct str key, int64_t now_ns, double weight, bool *fresh)
{
    double p;

    *fresh = false;
    if (key.len == 0)
        return 1;
    *fresh = firstseen_see(seen, str_hash(&STR_HASH_STORED, key.at, key.len), now_ns, weight, &p);
    return p;
}

static void
test(struct rare *r, const struct flow_view *f, struct str name, double p, bool new_owner,
     bool new_country, bool bare, int64_t now_ns)
{
    struct party subject, peer;
    struct test test = {.detector = "net.rare_destination",
                        .time_ns = now_ns,
                        .subject = &subject,
                        .peer = &peer,
                        .p = fmin(1, fmax(p, P_LEAST))};

    r->tested++;
    net_tell_party(r->scene, &subject, &f->src);
    net_tell_peer(r->scene, &peer, name, &f->dst);
    if (judge_wants(r->judge, test.p)) {
        test.facts = net_tell_flow(r->scene, f, name);
        (void)json_object_update_missing_new(
            test.facts,
            json_pack("{s:b, s:b, s:b, s:I, s:I, s:f}", "new_owner", (int)new_owner, "new_country",
                      (int)new_country, "bare", (int)bare, "places",
                      (json_int_t)firstseen_count(r->places), "watched_days",
                      (json_int_t)(firstseen_learning_ns(r->places, now_ns) / VG_DAY_NS), "share",
                      test.p));
        test.evidence = json_array();
        (void)json_array_append_new(test.evidence, net_evidence_flow(f));
    }
    judge_test(r->judge, &test);
}

static bool
still_learning(const struct rare *r, int64_t now_ns)
{
    return firstseen_learning_ns(r->places, now_ns) < LEARN_NS ||
           (r->scene != NULL && net_scene_hours(r->scene) < LEARN_HOURS);
}

static void
on_flow(struct rare *r, const struct flow_view *f, int64_t now_ns)
{
    struct str name =
        f->server_name.len > 0 ? f->server_name : net_scene_resolved(r->scene, &f->dst);
    bool bare = name.len == 0 || domain_is_address(name), new_owner, new_country;
    double ignored, p = 1, share_bare;
    struct geo_place where = {.country = ""};

    if (!firstseen_see(r->places, place_key(name, &f->dst), now_ns, 1, &ignored))
        return;
    share_bare = ((double)r->bare + 1) / ((double)r->fresh + 2);
    r->fresh++;
    r->bare += bare;
    r->changed = true;
    (void)net_scene_where(r->scene, &f->dst, &where);
    p *= share_of_new(r->owners, str_of(where.owner), now_ns, 1, &new_owner);
    p *= share_of_new(r->countries, str_of(where.country), now_ns, 1, &new_country);
    if (bare)
        p *= share_bare;
    r->learning = still_learning(r, now_ns);
    if (!r->learning)
        test(r, f, name, p, new_owner, new_country, bare, now_ns);
}

static void
observe(void *self, const struct obs *obs)
{
    const struct flow_view *f = obs->flow;

    if (obs->kind == OBS_FLOW_END && f->packets_in > 0 && !f->midstream &&
        (f->proto == 6 || f->proto == 17) && f->dport != 53 && f->dport != 123 &&
        net_addr_is_local(&f->src) && !net_addr_is_local(&f->dst) && !net_addr_is_group(&f->dst))
        on_flow(self, f, obs->time_ns);
}

/* ---- life and state ---- */

static void
rare_free(void *self)
{
    struct rare *r = self;

    if (r == NULL)
        return;
    firstseen_free(r->places);
    firstseen_free(r->owners);
    firstseen_free(r->countries);
    free(r);
}

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    struct firstseen_options o = {.age_ns = AGE_NS, .memory_ns = MEMORY_NS};
    struct rare *r = calloc(1, sizeof(*r));
    enum vg_err err;

    (void)why;
    if (r == NULL)
        return VG_ERR_NOMEM;
    r->judge = env->judge;
    r->scene = env->scene;
    r->learning = true;
    o.keys_max = PLACES_MAX;
    o.name = 'p';
    err = firstseen_new(&o, &r->places);
    o.keys_max = OWNERS_MAX;
    o.name = 'o';
    if (err == VG_OK)
        err = firstseen_new(&o, &r->owners);
    o.keys_max = COUNTRIES_MAX;
    o.name = 'c';
    if (err == VG_OK)
        err = firstseen_new(&o, &r->countries);
    if (err != VG_OK) {
        rare_free(r);
        return err;
    }
    *self = r;
    return VG_OK;
}

static void
save(void *self, struct state_out *out)
{
    struct rare *r = self;
    struct buf blob;

    firstseen_save(r->places, out);
    firstseen_save(r->owners, out);
    firstseen_save(r->countries, out);
    if (!r->changed)
        return;
    buf_init(&blob, 64);
    buf_put_be32(&blob, r->fresh);
    buf_put_be32(&blob, r->bare);
    if (!blob.bad) {
        state_put(out, slice_of("n", 1), STATE_VERSION, buf_slice(&blob));
        r->changed = false;
    }
    buf_done(&blob);
}

static enum vg_err
load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct rare *r = self;
    uint32_t fresh, bare;

    if (firstseen_owns(r->places, key))
        return firstseen_load(r->places, key, version, blob);
    if (firstseen_owns(r->owners, key))
        return firstseen_load(r->owners, key, version, blob);
    if (firstseen_owns(r->countries, key))
        return firstseen_load(r->countries, key, version, blob);
    if (slice_u8(&key) != 'n' || version != STATE_VERSION)
        return VG_ERR_FORMAT;
    fresh = slice_be32(&blob);
    bare = slice_be32(&blob);
    if (blob.bad || blob.left != 0 || bare > fresh)
        return VG_ERR_FORMAT;
    r->fresh = fresh;
    r->bare = bare;
    return VG_OK;
}

static void
health(const void *self, json_t *counters)
{
    const struct rare *r = self;

    (void)json_object_set_new(counters, "places",
                              json_integer((json_int_t)firstseen_count(r->places)));
    (void)json_object_set_new(counters, "evicted",
                              json_integer((json_int_t)firstseen_evicted(r->places)));
    (void)json_object_set_new(counters, "tested", json_integer((json_int_t)r->tested));
    (void)json_object_set_new(counters, "learning", json_integer(r->learning));
}

const struct detector NET_RARE_DESTINATION = {
    .name = "net.rare_destination",
    .sensor = "net",
    .kinds = 1u << OBS_FLOW_END,
    .make = make,
    .observe = observe,
    .save = save,
    .load = load,
    .free = rare_free,
    .health = health,
};
