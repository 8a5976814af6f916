/* SPDX-License-Identifier: Apache-2.0 */
/* net.tls_suspicious: encrypted connections whose other side is not what it should be.
 *
 * Certain, and told at once: a server with the certificate that a remote-control tool makes for
 * itself; a chain that brings an elliptic curve of its own (CVE-2020-0601); a server of the world
 * that chose a suite which protects nothing; a client that fell back to SSL 3.0 where it had offered
 * more before (POODLE).
 *
 * A test: each first connection of a device to a place of the world, by the marks of net_tls_marks.h
 * (self-signed, other names, no name, a name of another network, a client that the device never was,
 * ...). Each mark alone is common enough; several together alert, or one with what other detectors
 * say of the place. The shop's own printers and routers sign for themselves: inside the shop only
 * what is certain counts, as on the ports of mail between servers, where nobody looks at
 * certificates. */
#include "agent/detect/detectors.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/codec.h"
#include "agent/detect/firstseen.h"
#include "agent/detect/mask.h"
#include "agent/detect/net_common.h"
#include "agent/detect/net_tell.h"
#include "agent/detect/net_tls_elsewhere.h"
#include "agent/detect/net_tls_marks.h"
#include "common/vtime.h"

enum {
    PAIRS_MAX = 2048,
    CLIENTS_MAX = 1024,
    CELL_OWN_BYTES = 48, /* keytab.h */
    PAIRS_VERSION = 1,
    ISSUERS_MAX = 2048,
    SSL3 = 0x0300,
};
#define FORGET_NS        (30 * VG_DAY_NS)
#define CLIENT_LEARN_NS  (3 * VG_DAY_NS)
#define CLIENT_MEMORY_NS (30 * VG_DAY_NS)
#define ELSEWHERE_CHANCE 0.02 /* names of several networks, of which only one was seen */

struct pair { /* device, address and port of a place */
    int64_t last_ns;
    uint32_t bits;    /* marks that were tested */
    uint16_t offered; /* the highest version so far */
};

struct tls_suspicious {
    struct judge *judge;
    const struct net_scene *scene;
    struct keytab *pairs;
    struct firstseen *clients; /* device and JA4 */
    struct tls_elsewhere *elsewhere;
    char issuers[ISSUERS_MAX];
    uint64_t tested, findings;
    bool learning;
};

_Static_assert(PAIRS_MAX *(sizeof(struct pair) + CELL_OWN_BYTES) +
                       CLIENTS_MAX * (sizeof(int64_t) + CELL_OWN_BYTES) + ELSEWHERE_BYTES +
                       sizeof(struct tls_suspicious) <=
                   NET_TLS_SUSPICIOUS_BYTES,
               "the memory of detectors is promised");

/* ---- reports ---- */

static json_t *
facts_of(const struct tls_suspicious *s, const struct tls_view *t, const char *style,
         const char *marks)
{
    char subject[NET_TELL_MAX], issuer[NET_TELL_MAX];
    json_t *facts = net_tell_flow(s->scene, t->flow, t->sni);
    const struct cert_view *c = t->cert;

    mask_text(subject, sizeof(subject), c != NULL ? c->subject.at : "",
              c != NULL ? c->subject.len : 0);
    mask_text(issuer, sizeof(issuer), c != NULL ? c->issuer.at : "", c != NULL ? c->issuer.len : 0);
    (void)json_object_update_missing_new(
        facts,
        json_pack("{s:s, s:s, s:s, s:s, s:s#, s:s#}", "style", style, "marks", marks,
                  "subject_name", subject, "issuer_name", issuer, "ja4", t->ja4.at, t->ja4.len,
                  "sha1", c != NULL ? c->sha1.at : "", c != NULL ? c->sha1.len : (size_t)0));
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
find(struct tls_suspicious *s, const struct tls_view *t, const char *style, const char *what,
     enum severity severity, double score, int64_t now_ns)
{
    struct party subject, peer;
    struct finding finding = {.detector = "net.tls_suspicious",
                              .time_ns = now_ns,
                              .subject = &subject,
                              .peer = &peer,
                              .severity = severity,
                              .score = score,
                              .group = style};

    net_tell_party(s->scene, &subject, &t->flow->src);
    net_tell_peer(s->scene, &peer, t->sni, &t->flow->dst);
    finding.facts = facts_of(s, t, style, what);
    if (finding.facts == NULL)
        return;
    finding.evidence = evidence_of(t->flow);
    s->findings++;
    judge_finding(s->judge, &finding);
}

static void
test(struct tls_suspicious *s, const struct tls_view *t, const struct tls_marks *marks,
     int64_t now_ns)
{
    struct party subject, peer;
    struct test test = {.detector = "net.tls_suspicious",
                        .time_ns = now_ns,
                        .subject = &subject,
                        .peer = &peer,
                        .p = fmin(1, marks->p)};
    char text[TLS_MARKS_TEXT_MAX];

    s->tested++;
    net_tell_party(s->scene, &subject, &t->flow->src);
    net_tell_peer(s->scene, &peer, t->sni, &t->flow->dst);
    if (judge_wants(s->judge, test.p)) {
        test.facts = facts_of(s, t, "marks", tls_marks_text(marks->bits, text));
        test.evidence = evidence_of(t->flow);
    }
    judge_test(s->judge, &test);
}

/* ---- looks ---- */

static uint64_t
hash_of(const struct net_key *k)
{
    return str_hash(&STR_HASH_STORED, k->bytes, k->len);
}

static struct pair *
pair_of(struct tls_suspicious *s, const struct flow_view *f, int64_t now_ns, bool *fresh)
{
    struct net_key k = {0};
    struct pair *pair;

    net_key_addr(&k, &f->src);
    net_key_addr(&k, &f->dst);
    net_key_u16(&k, f->dport);
    pair = keytab_touch(s->pairs, hash_of(&k), fresh);
    if (pair != NULL && !*fresh && now_ns - pair->last_ns > FORGET_NS) {
        *pair = (struct pair){0};
        *fresh = true;
    }
    return pair;
}

/* A JA4 that the device never had, once a few days told which it has. */
static void
look_at_client(struct tls_suspicious *s, const struct tls_view *t, struct tls_marks *marks,
               int64_t now_ns)
{
    struct net_key k = {0};
    uint64_t ja4 = str_hash(&STR_HASH_STORED, t->ja4.at, t->ja4.len);
    struct net_device_view device;
    double p;

    if (t->ja4.len == 0)
        return;
    net_key_addr(&k, &t->flow->src);
    net_key_u64(&k, ja4);
    s->learning = firstseen_learning_ns(s->clients, now_ns) < CLIENT_LEARN_NS;
    if (firstseen_see(s->clients, hash_of(&k), now_ns, 1, &p) && !s->learning && p < 0.3 &&
        net_scene_device(s->scene, &t->flow->src, &device) &&
        now_ns - device.first_ns > CLIENT_LEARN_NS)
        tls_marks_add(marks, TLS_MARK_NEW_CLIENT, fmax(p, 0.01));
}

static void
look_at_certain(struct tls_suspicious *s, const struct tls_view *t, bool world, int64_t now_ns)
{
    const char *tool = t->cert != NULL ? tls_marks_tool(t->cert) : NULL;

    if (tool != NULL)
        find(s, t, "tool", tool, SEVERITY_HIGH, 85, now_ns);
    if (t->cert != NULL && t->cert->explicit_curve)
        find(s, t, "curve", "explicit curve (CVE-2020-0601)", SEVERITY_HIGH, 85, now_ns);
    if (world && t->established && t->server_version != 0 && t->server_version <= 0x0303 &&
        tls_marks_weak_suite(t->cipher))
        find(s, t, "weak", "suite without protection", SEVERITY_LOW, 30, now_ns);
}

static void
look_at_fallback(struct tls_suspicious *s, struct pair *pair, const struct tls_view *t,
                 int64_t now_ns)
{
    if (t->version == SSL3 && pair->offered > SSL3 && t->server_version == SSL3)
        find(s, t, "fallback", "fell back to SSL 3.0", SEVERITY_LOW, 35, now_ns);
    if (t->version > pair->offered && t->version <= 0x0304)
        pair->offered = t->version;
}

/* Between mail and chat servers, before STARTTLS: nobody checks certificates there. */
static bool
lax_port(uint16_t port)
{
    return port == 25 || port == 587 || port == 110 || port == 143 || port == 5222 || port == 5269;
}

/* Public resolvers, which programs that ask over TLS or HTTPS know by address (RFC 7858, 8484): those
 * of Google, Cloudflare, Quad9 and OpenDNS, by their owners' pages. */
static bool
known_by_heart(const struct net_addr *a)
{
    static const uint8_t KNOWN[][4] = {
        {8, 8, 8, 8}, {8, 8, 4, 4},         {1, 1, 1, 1},        {1, 0, 0, 1},
        {9, 9, 9, 9}, {149, 112, 112, 112}, {208, 67, 222, 222}, {208, 67, 220, 220},
    };

    for (size_t i = 0; a->family == 4 && i < VG_ARRAY_LEN(KNOWN); i++)
        if (memcmp(a->bytes, KNOWN[i], sizeof(KNOWN[i])) == 0)
            return true;
    return false;
}

/* HTTP/3 is for pages, and pages have names: browsers always send them (RFC 9114, 3.3). */
static bool
nameless_quic(const struct tls_view *t)
{
    return t->carrier == TLS_OVER_QUIC && t->sni.len == 0 && t->ja4.len > 0 && t->alpn.len >= 2 &&
           t->alpn.at[0] == 'h' && t->alpn.at[1] == '3';
}

static void
on_tls(struct tls_suspicious *s, const struct tls_view *t, int64_t now_ns)
{
    const struct flow_view *f = t->flow;
    bool world = !net_addr_is_local(&f->dst) && !net_addr_is_group(&f->dst), fresh = false;
    struct tls_marks marks;
    struct pair *pair;

    look_at_certain(s, t, world, now_ns);
    if ((t->carrier != TLS_OVER_TCP && !nameless_quic(t)) || !world || lax_port(f->dport) ||
        str_is(f->category, "remote_help") || known_by_heart(&f->dst))
        return;
    pair = pair_of(s, f, now_ns, &fresh);
    if (pair == NULL)
        return;
    pair->last_ns = now_ns;
    look_at_fallback(s, pair, t, now_ns);
    marks =
        tls_marks_of(t, str_of(s->issuers), net_scene_resolved(s->scene, &f->dst).len > 0, now_ns);
    if (tls_elsewhere_is(s->elsewhere, t->sni, &f->dst, now_ns))
        tls_marks_add(&marks, TLS_MARK_ELSEWHERE, ELSEWHERE_CHANCE);
    look_at_client(s, t, &marks, now_ns);
    if (!fresh && (marks.bits & ~pair->bits & ~(1u << TLS_MARK_NEW_CLIENT)) == 0)
        return;
    pair->bits |= marks.bits;
    marks.p = tls_marks_alone(&marks, t->carrier);
    test(s, t, &marks, now_ns);
}

static void
observe(void *self, const struct obs *obs)
{
    if (obs->kind == OBS_TLS)
        on_tls(self, obs->tls, obs->time_ns);
    else if (obs->kind == OBS_DNS)
        tls_elsewhere_answer(((struct tls_suspicious *)self)->elsewhere, obs->dns, obs->time_ns);
}

/* ---- life and state ---- */

static void
put_pair(const void *cell, struct buf *out)
{
    const struct pair *p = cell;

    codec_put_i64(out, p->last_ns);
    buf_put_be32(out, p->bits);
    buf_put_be16(out, p->offered);
}

static void
get_pair(void *cell, struct slice *in)
{
    struct pair *p = cell;

    p->last_ns = codec_time(in);
    p->bits = slice_be32(in);
    p->offered = slice_be16(in);
}

static void
tls_suspicious_free(void *self)
{
    struct tls_suspicious *s = self;

    if (s == NULL)
        return;
    keytab_free(s->pairs);
    firstseen_free(s->clients);
    tls_elsewhere_free(s->elsewhere);
    free(s);
}

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    static const struct keytab_options pairs = {.cell_bytes = sizeof(struct pair),
                                                .cells_max = PAIRS_MAX,
                                                .row_bits = 5,
                                                .name = 'p',
                                                .version = PAIRS_VERSION,
                                                .put = put_pair,
                                                .get = get_pair};
    static const struct firstseen_options clients = {.keys_max = CLIENTS_MAX,
                                                     .age_ns = CLIENT_MEMORY_NS,
                                                     .memory_ns = CLIENT_MEMORY_NS,
                                                     .name = 'c'};
    struct tls_suspicious *s = calloc(1, sizeof(*s));
    const json_t *issuers = json_object_get(env->settings, "public_issuers");
    enum vg_err err;

    if (s == NULL)
        return VG_ERR_NOMEM;
    s->judge = env->judge;
    s->scene = env->scene;
    s->learning = true;
    if (issuers != NULL && (!json_is_string(issuers) ||
                            (size_t)snprintf(s->issuers, sizeof(s->issuers), "%s",
                                             json_string_value(issuers)) >= sizeof(s->issuers))) {
        snprintf(why, DETECT_WHY_MAX, "public_issuers: names separated by \"; \", under %d bytes",
                 ISSUERS_MAX);
        free(s);
        return VG_ERR_CONFIG;
    }
    err = keytab_new(&pairs, &s->pairs);
    if (err == VG_OK)
        err = firstseen_new(&clients, &s->clients);
    if (err == VG_OK)
        err = tls_elsewhere_new(s->scene, &s->elsewhere);
    if (err != VG_OK) {
        tls_suspicious_free(s);
        return err;
    }
    *self = s;
    return VG_OK;
}

static void
save(void *self, struct state_out *out)
{
    struct tls_suspicious *s = self;

    keytab_save(s->pairs, out);
    firstseen_save(s->clients, out);
    tls_elsewhere_save(s->elsewhere, out);
}

static enum vg_err
load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct tls_suspicious *s = self;

    if (firstseen_owns(s->clients, key))
        return firstseen_load(s->clients, key, version, blob);
    if (tls_elsewhere_owns(s->elsewhere, key))
        return tls_elsewhere_load(s->elsewhere, key, version, blob);
    return keytab_owns(s->pairs, key) ? keytab_load(s->pairs, key, version, blob) : VG_ERR_FORMAT;
}

static void
health(const void *self, json_t *counters)
{
    const struct tls_suspicious *s = self;

    (void)json_object_set_new(counters, "pairs", json_integer((json_int_t)keytab_count(s->pairs)));
    (void)json_object_set_new(
        counters, "evicted",
        json_integer((json_int_t)(keytab_evicted(s->pairs) + firstseen_evicted(s->clients))));
    (void)json_object_set_new(counters, "tested", json_integer((json_int_t)s->tested));
    (void)json_object_set_new(counters, "learning", json_integer(s->learning));
}

const struct detector NET_TLS_SUSPICIOUS = {
    .name = "net.tls_suspicious",
    .sensor = "net",
    .kinds = 1u << OBS_TLS | 1u << OBS_DNS,
    .make = make,
    .observe = observe,
    .save = save,
    .load = load,
    .free = tls_suspicious_free,
    .health = health,
};
