/* SPDX-License-Identifier: Apache-2.0 */
/* net.mining: a device works for somebody's coins: it speaks with a pool of miners, or is a node of a
 * currency.
 *
 * Certain are the pools' own protocol (stratum's records) and conversations with listed pools that
 * are no visit of their pages: another port than the web's, or open for LONG_NS. A node: the ports of
 * Bitcoin (8333, test networks 18333, 38333), Ethereum (30303) and Monero (18080) outside, spoken in
 * no known protocol both ways for NODE_NS. Shorter ones are tests: file sharing calls any port. Keeps
 * no state: the judge groups. */
#include "agent/detect/detectors.h"

#include <stdlib.h>

#include "agent/detect/mask.h"
#include "agent/detect/net_common.h"
#include "agent/detect/net_tell.h"
#include "common/vtime.h"

#define LONG_NS (5 * VG_MIN_NS)
#define NODE_NS (60 * VG_SEC_NS)
/* A page of a pool that somebody reads; a port that file sharing happened to call. */
#define PAGE_P 0.005
#define PORT_P 0.002

struct mining {
    struct judge *judge;
    const struct net_scene *scene;
};

struct told {
    const char *sign; /* "protocol", "pool", "node" */
    struct str agent, worker, pool;
    double p; /* 0: a finding */
};

static json_t *
facts_of(const struct mining *m, const struct flow_view *f, const struct told *told)
{
    json_t *facts = net_tell_flow(m->scene, f, told->pool.len > 0 ? told->pool : str_of(""));
    char agent[64], worker[32], pool[128];
    int64_t seconds = (f->end_ns - f->start_ns) / VG_SEC_NS;

    (void)json_object_update_missing_new(
        facts, json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I}", "sign", told->sign, "program",
                         mask_text(agent, sizeof agent, told->agent.at, told->agent.len), "worker",
                         mask_text(worker, sizeof worker, told->worker.at, told->worker.len),
                         "pool", mask_text(pool, sizeof pool, told->pool.at, told->pool.len),
                         "bytes_out", (json_int_t)f->bytes_out, "bytes_in", (json_int_t)f->bytes_in,
                         "seconds", (json_int_t)(seconds > 0 ? seconds : 1)));
    return facts;
}

static void
report(struct mining *m, const struct flow_view *f, const struct told *told, int64_t now_ns)
{
    struct party subject, peer;
    json_t *evidence = json_array();

    net_tell_party(m->scene, &subject, &f->src);
    net_tell_peer(m->scene, &peer, f->server_name, &f->dst);
    (void)json_array_append_new(evidence, net_evidence_flow(f));
    if (told->p > 0) {
        struct test test = {.detector = "net.mining",
                            .time_ns = now_ns,
                            .subject = &subject,
                            .peer = &peer,
                            .p = told->p};

        if (judge_wants(m->judge, told->p)) {
            test.facts = facts_of(m, f, told);
            test.evidence = json_incref(evidence);
        }
        judge_test(m->judge, &test);
        json_decref(evidence);
    } else {
        struct finding finding = {.detector = "net.mining",
                                  .time_ns = now_ns,
                                  .subject = &subject,
                                  .peer = &peer,
                                  .score = 80,
                                  .facts = facts_of(m, f, told),
                                  .evidence = evidence};

        judge_finding(m->judge, &finding);
    }
}

static bool
node_port(uint16_t port)
{
    return port == 8333 || port == 18333 || port == 38333 || port == 30303 || port == 18080;
}

static void
on_flow(struct mining *m, const struct obs *obs)
{
    const struct flow_view *f = obs->flow;
    int64_t lasted_ns = f->end_ns - f->start_ns;
    struct told told = {.pool = f->server_name};

    if (f->payload_in == 0 || f->payload_out == 0 || net_addr_is_local(&f->dst) ||
        str_is(f->protocol, "stratum"))
        return;
    if (str_is(f->category, "mining") && !str_is(f->protocol, "dns")) {
        bool web = f->dport == 443 || f->dport == 80;

        told.sign = "pool";
        told.p = web && lasted_ns < LONG_NS ? PAGE_P : 0;
        report(m, f, &told, obs->time_ns);
    } else if (f->proto == 6 && f->protocol.len == 0 && node_port(f->dport)) {
        told.sign = "node";
        told.p = lasted_ns < NODE_NS ? PORT_P : 0;
        report(m, f, &told, obs->time_ns);
    }
}

static void
observe(void *self, const struct obs *obs)
{
    struct mining *m = self;

    if (obs->kind != OBS_RECORD) {
        on_flow(m, obs);
    } else if (str_is(str_of(obs->record->type), "stratum")) {
        const struct record_view *r = obs->record;
        const struct told told = {.sign = "protocol",
                                  .agent = record_text(r, "agent"),
                                  .worker = record_text(r, "worker"),
                                  .pool = record_text(r, "pool")};

        report(m, r->flow, &told, obs->time_ns);
    }
}

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    struct mining *m = calloc(1, sizeof(*m));

    (void)why;
    if (m == NULL)
        return VG_ERR_NOMEM;
    m->judge = env->judge;
    m->scene = env->scene;
    *self = m;
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

const struct detector NET_MINING = {
    .name = "net.mining",
    .sensor = "net",
    .kinds = 1u << OBS_RECORD | 1u << OBS_FLOW_UPDATE | 1u << OBS_FLOW_END,
    .make = make,
    .observe = observe,
    .load = load,
    .free = free,
};
