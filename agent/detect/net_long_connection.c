/* SPDX-License-Identifier: Apache-2.0 */
/* net.long_connection: a connection to a new place of the world that stays open for hours and carries
 * little: an open line to somebody who may speak at any time.
 *
 * Push services, mail, remote help and tunnels to the owner's own server do the same, to the same
 * places day after day. So only a place that the device never held a line to counts, and p is the
 * share of the shop's long connections (over LONG_NS) that lasted as long (tail.h). A flow is tested
 * when it has lasted an hour, and each time it has doubled that. Listed apps and names are passed by;
 * for LEARN_NS, and until LEARN_COUNT long connections are known, all is only learned. */
#include "agent/detect/detectors.h"

#include <math.h>
#include <stdlib.h>

#include "agent/detect/codec.h"
#include "agent/detect/domain.h"
#include "agent/detect/firstseen.h"
#include "agent/detect/net_common.h"
#include "agent/detect/net_tell.h"
#include "agent/detect/tail.h"
#include "common/vtime.h"

enum { LINES_MAX = 512, CELL_OWN_BYTES = 48, STATE_VERSION = 1, LEARN_COUNT = 30 };
#define LONG_NS   (15 * VG_MIN_NS)
#define TEST_NS   VG_HOUR_NS
#define LEARN_NS  (3 * VG_DAY_NS)
#define AGE_NS    (60 * VG_DAY_NS)
#define MEMORY_NS (30 * VG_DAY_NS)
#define RATE_MOST 2000 /* bytes a second: more is a film or a backup */
#define P_LEAST   1e-4 /* a long line alone is no more than that */

struct lines {
    struct judge *judge;
    const struct net_scene *scene;
    struct firstseen *known; /* device, place, port */
    struct quantile lasted;  /* minutes, of long connections that ended */
    bool changed, learning;
    uint64_t tested;
};

_Static_assert(LINES_MAX *(sizeof(int64_t) + CELL_OWN_BYTES) + sizeof(struct lines) <=
                   NET_LONG_CONNECTION_BYTES,
               "the memory of detectors is promised");

static uint64_t
line_key(const struct flow_view *f)
{
    struct net_key k = {0};
    struct str name = f->server_name;

    net_key_addr(&k, &f->src);
    net_key_u16(&k, f->dport);
    if (name.len > 0 && !domain_is_address(name))
        net_key_u64(&k, domain_hash(domain_registered(name)));
    else
        net_key_addr(&k, &f->dst);
    return str_hash(&STR_HASH_STORED, k.bytes, k.len);
}

/* Of little, both ways, to nobody in particular. */
static bool
is_line(const struct flow_view *f, int64_t age_ns)
{
    return f->proto == 6 && age_ns >= LONG_NS && f->payload_out > 0 && f->payload_in > 0 &&
           f->category.len == 0 && net_addr_is_local(&f->src) && !net_addr_is_local(&f->dst) &&
           !net_addr_is_group(&f->dst) &&
           (double)(f->bytes_out + f->bytes_in) < RATE_MOST * ((double)age_ns / VG_SEC_NS);
}

/* Within the update (every FLOW_UPDATE_NS) in which it became one hour old, two, four, ... */
static bool
doubled(int64_t age_ns)
{
    int64_t mark = TEST_NS;

    while (mark <= age_ns / 2)
        mark *= 2;
    return age_ns >= mark && age_ns - mark < FLOW_UPDATE_NS;
}

static void
test(struct lines *l, const struct flow_view *f, int64_t age_ns, int64_t now_ns)
{
    struct party subject, peer;
    double minutes = (double)age_ns / VG_MIN_NS;
    struct test test = {.detector = "net.long_connection",
                        .time_ns = now_ns,
                        .subject = &subject,
                        .peer = &peer,
                        .p = fmin(1, fmax(tail_upper_p(&l->lasted, minutes), P_LEAST))};

    l->tested++;
    net_tell_party(l->scene, &subject, &f->src);
    net_tell_peer(l->scene, &peer, f->server_name, &f->dst);
    if (judge_wants(l->judge, test.p)) {
        test.facts = net_tell_flow(l->scene, f, f->server_name);
        (void)json_object_update_missing_new(
            test.facts,
            json_pack("{s:I, s:f, s:I, s:I}", "seconds", (json_int_t)(age_ns / VG_SEC_NS), "usual",
                      quantile_value(&l->lasted, 0.5) * 60, "bytes_out", (json_int_t)f->bytes_out,
                      "bytes_in", (json_int_t)f->bytes_in));
        test.evidence = json_array();
        (void)json_array_append_new(test.evidence, net_evidence_flow(f));
    }
    judge_test(l->judge, &test);
}

static void
on_update(struct lines *l, const struct flow_view *f, int64_t now_ns)
{
    int64_t age_ns = f->end_ns - f->start_ns;

    l->learning = quantile_weight(&l->lasted) < LEARN_COUNT ||
                  firstseen_learning_ns(l->known, now_ns) < LEARN_NS;
    if (!l->learning && is_line(f, age_ns) && doubled(age_ns) &&
        !firstseen_knows(l->known, line_key(f), now_ns))
        test(l, f, age_ns, now_ns);
}

/* A line that was alerted on is no part of what is usual until somebody says that it was harmless. */
static double
learn_share(const struct lines *l, const struct flow_view *f, int64_t now_ns)
{
    struct party subject, peer;

    net_tell_party(l->scene, &subject, &f->src);
    net_tell_peer(l->scene, &peer, f->server_name, &f->dst);
    return judge_learn_share(l->judge, "net.long_connection", &subject, &peer, now_ns);
}

static void
on_end(struct lines *l, const struct flow_view *f, int64_t now_ns)
{
    int64_t age_ns = f->end_ns - f->start_ns;
    double share, ignored;

    if (!is_line(f, age_ns))
        return;
    share = learn_share(l, f, now_ns);
    if (share <= 0)
        return;
    quantile_time(&l->lasted, now_ns);
    quantile_add(&l->lasted, (double)age_ns / VG_MIN_NS, share);
    (void)firstseen_see(l->known, line_key(f), now_ns, share, &ignored);
    l->changed = true;
}

static void
observe(void *self, const struct obs *obs)
{
    if (obs->kind == OBS_FLOW_UPDATE)
        on_update(self, obs->flow, obs->time_ns);
    else if (obs->kind == OBS_FLOW_END)
        on_end(self, obs->flow, obs->time_ns);
}

/* ---- life and state ---- */

static void
lines_free(void *self)
{
    struct lines *l = self;

    if (l == NULL)
        return;
    firstseen_free(l->known);
    free(l);
}

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    static const struct firstseen_options options = {
        .keys_max = LINES_MAX, .age_ns = AGE_NS, .memory_ns = MEMORY_NS, .name = 'k'};
    struct lines *l = calloc(1, sizeof(*l));
    enum vg_err err;

    (void)why;
    if (l == NULL)
        return VG_ERR_NOMEM;
    l->judge = env->judge;
    l->scene = env->scene;
    l->learning = true;
    quantile_init(&l->lasted, MEMORY_NS);
    err = firstseen_new(&options, &l->known);
    if (err != VG_OK) {
        lines_free(l);
        return err;
    }
    *self = l;
    return VG_OK;
}

static void
save(void *self, struct state_out *out)
{
    struct lines *l = self;
    struct buf blob;

    firstseen_save(l->known, out);
    if (!l->changed)
        return;
    buf_init(&blob, STATE_BLOB_MAX);
    quantile_put(&l->lasted, &blob);
    if (!blob.bad) {
        state_put(out, slice_of("q", 1), STATE_VERSION, buf_slice(&blob));
        l->changed = false;
    }
    buf_done(&blob);
}

static enum vg_err
load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct lines *l = self;

    if (firstseen_owns(l->known, key))
        return firstseen_load(l->known, key, version, blob);
    if (key.left != 1 || slice_u8(&key) != 'q' || version != STATE_VERSION)
        return VG_ERR_FORMAT;
    quantile_get(&l->lasted, &blob);
    return blob.bad || blob.left != 0 ? VG_ERR_FORMAT : VG_OK;
}

static void
health(const void *self, json_t *counters)
{
    const struct lines *l = self;

    (void)json_object_set_new(counters, "known",
                              json_integer((json_int_t)firstseen_count(l->known)));
    (void)json_object_set_new(counters, "evicted",
                              json_integer((json_int_t)firstseen_evicted(l->known)));
    (void)json_object_set_new(counters, "tested", json_integer((json_int_t)l->tested));
    (void)json_object_set_new(counters, "learning", json_integer(l->learning));
}

const struct detector NET_LONG_CONNECTION = {
    .name = "net.long_connection",
    .sensor = "net",
    .kinds = 1u << OBS_FLOW_UPDATE | 1u << OBS_FLOW_END,
    .make = make,
    .observe = observe,
    .save = save,
    .load = load,
    .free = lines_free,
    .health = health,
};
