/* SPDX-License-Identifier: Apache-2.0 */
/* net.rare_destination: a place that nobody of the shop called before, and how odd a new place it is.
 *
 * New places are ordinary (a page more), so a new place is the test, not the alert: its p is the share
 * of earlier new places whose network owner, and country, were new as well, and the share that was
 * called by a bare address that nobody had looked up; these shares are learned (firstseen.h). Alone
 * that hardly alerts; with a beacon or an odd certificate on the same device it does. For LEARN_NS,
 * and LEARN_HOURS with traffic, all is only learned.
 *
 * A test may become part of an alert for as long as the judge fuses. So a place that was tested waits
 * until then, and becomes known, with its owner and country, as far as the judge lets it: what was
 * alerted on is tested again when it is next called. */
#include "agent/detect/detectors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/codec.h"
#include "agent/detect/domain.h"
#include "agent/detect/firstseen.h"
#include "agent/detect/net_common.h"
#include "agent/detect/net_tell.h"
#include "common/vtime.h"

enum { PLACES_MAX = 1536, OWNERS_MAX = 384, COUNTRIES_MAX = 128, CELL_OWN_BYTES = 48 };
enum { LEARN_HOURS = 24, STATE_VERSION = 1 };
enum { WAITING_MAX = 96, PEER_MAX = 96 };
#define LEARN_NS  (3 * VG_DAY_NS)
#define AGE_NS    (60 * VG_DAY_NS)
#define MEMORY_NS (30 * VG_DAY_NS)
#define P_LEAST   1e-5 /* new in every way is no more than that */

/* A tested place that is not known yet. Hashes: 0 where there is none. */
struct waiting {
    int64_t at_ns;
    uint64_t place, owner, country;
    struct net_addr caller;
    bool bare, by_name;  /* by_name: the peer of the test is a domain */
    char peer[PEER_MAX]; /* its id; a longer name is cut, and then learned like any other */
};

struct rare {
    struct judge *judge;
    const struct net_scene *scene;
    struct firstseen *places, *owners, *countries;
    struct waiting waiting[WAITING_MAX]; /* the oldest first */
    size_t waits;
    bool waiting_changed;
    uint32_t fresh, bare; /* new places, and those of them by bare address */
    bool changed, learning;
    uint64_t tested;
};

_Static_assert((PLACES_MAX + OWNERS_MAX + COUNTRIES_MAX) * (sizeof(int64_t) + CELL_OWN_BYTES) +
                       sizeof(struct rare) <=
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

static uint64_t
text_key(const char *text)
{
    return text[0] != '\0' ? str_hash(&STR_HASH_STORED, text, strlen(text)) : 0;
}

/* ---- learning ---- */

static void
learn(struct rare *r, const struct waiting *w, double weight)
{
    double ignored;

    if (!(weight > 0))
        return;
    (void)firstseen_see(r->places, w->place, w->at_ns, weight, &ignored);
    if (w->owner != 0)
        (void)firstseen_see(r->owners, w->owner, w->at_ns, weight, &ignored);
    if (w->country != 0)
        (void)firstseen_see(r->countries, w->country, w->at_ns, weight, &ignored);
    r->fresh++;
    r->bare += w->bare;
    r->changed = true;
}

/* The oldest one has waited: it becomes known, unless it was alerted on. */
static void
settle(struct rare *r, int64_t now_ns)
{
    struct waiting w = r->waiting[0];
    struct party subject, peer;

    memmove(&r->waiting[0], &r->waiting[1], --r->waits * sizeof(w));
    r->waiting_changed = true;
    net_tell_party(r->scene, &subject, &w.caller);
    party_set(&peer, w.by_name ? "domain" : "host", w.peer, NULL);
    learn(r, &w, judge_learn_share(r->judge, "net.rare_destination", &subject, &peer, now_ns));
}

static void
settle_old(struct rare *r, int64_t now_ns)
{
    while (r->waits > 0 && now_ns - r->waiting[0].at_ns > JUDGE_WINDOW_NS)
        settle(r, now_ns);
}

static void
wait_for_judge(struct rare *r, const struct waiting *w, int64_t now_ns)
{
    if (r->waits == WAITING_MAX)
        settle(r, now_ns);
    r->waiting[r->waits++] = *w;
    r->waiting_changed = true;
}

static bool
place_waits(const struct rare *r, uint64_t place)
{
    for (size_t i = 0; i < r->waits; i++)
        if (r->waiting[i].place == place)
            return true;
    return false;
}

static bool
owner_waits(const struct rare *r, uint64_t owner)
{
    for (size_t i = 0; i < r->waits; i++)
        if (r->waiting[i].owner == owner)
            return true;
    return false;
}

static bool
country_waits(const struct rare *r, uint64_t country)
{
    for (size_t i = 0; i < r->waits; i++)
        if (r->waiting[i].country == country)
            return true;
    return false;
}

/* The chance that a key is new, where this one is. */
static double
share_of_new(struct firstseen *seen, uint64_t key, bool waits, int64_t now_ns, bool *fresh)
{
    double p = 1;

    *fresh = key != 0 && !waits && firstseen_see(seen, key, now_ns, 0, &p);
    return *fresh ? p : 1;
}

/* ---- tests ---- */

static void
test(struct rare *r, const struct flow_view *f, struct str name, double p, bool new_owner,
     bool new_country, struct waiting *w, int64_t now_ns)
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
                      (int)new_country, "bare", (int)w->bare, "places",
                      (json_int_t)firstseen_count(r->places), "watched_days",
                      (json_int_t)(firstseen_learning_ns(r->places, now_ns) / VG_DAY_NS), "share",
                      test.p));
        test.evidence = json_array();
        (void)json_array_append_new(test.evidence, net_evidence_flow(f));
    }
    judge_test(r->judge, &test);
    w->by_name = strcmp(peer.kind, "domain") == 0;
    (void)vg_strcpy(w->peer, sizeof(w->peer), peer.id);
}

static bool
still_learning(const struct rare *r, int64_t now_ns)
{
    return firstseen_learning_ns(r->places, now_ns) < LEARN_NS ||
           (r->scene != NULL && net_scene_hours(r->scene) < LEARN_HOURS);
}

static void
on_new_place(struct rare *r, const struct flow_view *f, struct str name, struct waiting *w,
             int64_t now_ns)
{
    struct geo_place where = {.country = ""};
    bool new_owner, new_country;
    double p;

    (void)net_scene_where(r->scene, &f->dst, &where);
    w->owner = text_key(where.owner);
    w->country = text_key(where.country);
    r->learning = still_learning(r, now_ns);
    if (r->learning) {
        learn(r, w, 1);
        return;
    }
    p = share_of_new(r->owners, w->owner, owner_waits(r, w->owner), now_ns, &new_owner) *
        share_of_new(r->countries, w->country, country_waits(r, w->country), now_ns, &new_country);
    if (w->bare)
        p *= ((double)r->bare + 1) / ((double)r->fresh + 2);
    test(r, f, name, p, new_owner, new_country, w, now_ns);
    wait_for_judge(r, w, now_ns);
}

static void
on_flow(struct rare *r, const struct flow_view *f, int64_t now_ns)
{
    struct str name =
        f->server_name.len > 0 ? f->server_name : net_scene_resolved(r->scene, &f->dst);
    struct waiting w = {.at_ns = now_ns,
                        .place = place_key(name, &f->dst),
                        .caller = f->src,
                        .bare = name.len == 0 || domain_is_address(name)};
    double ignored;

    settle_old(r, now_ns);
    if (firstseen_knows(r->places, w.place, now_ns))
        (void)firstseen_see(r->places, w.place, now_ns, 1, &ignored);
    else if (!place_waits(r, w.place))
        on_new_place(r, f, name, &w, now_ns);
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
save_waiting(struct rare *r, struct state_out *out)
{
    struct buf blob;

    if (!r->waiting_changed)
        return;
    buf_init(&blob, 1 + WAITING_MAX * sizeof(struct waiting));
    buf_put_u8(&blob, (uint8_t)r->waits);
    for (size_t i = 0; i < r->waits; i++) {
        const struct waiting *w = &r->waiting[i];

        codec_put_i64(&blob, w->at_ns);
        buf_put_be64(&blob, w->place);
        buf_put_be64(&blob, w->owner);
        buf_put_be64(&blob, w->country);
        net_addr_encode(&w->caller, &blob);
        buf_put_u8(&blob, w->bare);
        buf_put_u8(&blob, w->by_name);
        codec_put_text(&blob, w->peer, strlen(w->peer));
    }
    if (!blob.bad) {
        state_put(out, slice_of("w", 1), STATE_VERSION, buf_slice(&blob));
        r->waiting_changed = false;
    }
    buf_done(&blob);
}

static enum vg_err
load_waiting(struct rare *r, struct slice *blob)
{
    size_t count = slice_u8(blob);

    r->waits = 0;
    if (count > WAITING_MAX)
        return VG_ERR_FORMAT;
    for (size_t i = 0; i < count; i++) {
        struct waiting w = {.at_ns = codec_time(blob)};
        struct slice peer;

        w.place = slice_be64(blob);
        w.owner = slice_be64(blob);
        w.country = slice_be64(blob);
        w.caller = net_addr_decode(blob);
        w.bare = slice_u8(blob) != 0;
        w.by_name = slice_u8(blob) != 0;
        peer = slice_sub(blob, slice_be32(blob));
        if (peer.bad || peer.left >= PEER_MAX)
            return VG_ERR_FORMAT;
        memcpy(w.peer, peer.at, peer.left);
        r->waiting[i] = w;
    }
    if (blob->bad || blob->left != 0)
        return VG_ERR_FORMAT;
    r->waits = count;
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
    save_waiting(r, out);
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
    uint8_t name;

    if (firstseen_owns(r->places, key))
        return firstseen_load(r->places, key, version, blob);
    if (firstseen_owns(r->owners, key))
        return firstseen_load(r->owners, key, version, blob);
    if (firstseen_owns(r->countries, key))
        return firstseen_load(r->countries, key, version, blob);
    name = slice_u8(&key);
    if (version != STATE_VERSION || (name != 'n' && name != 'w'))
        return VG_ERR_FORMAT;
    if (name == 'w')
        return load_waiting(r, &blob);
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
