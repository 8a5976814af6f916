/* SPDX-License-Identifier: Apache-2.0 */
/* net.tor: a device uses the Tor network, which hides where it calls: ransom and theft go out by it,
 * in a shop hardly anybody needs it.
 *
 * Signs of one connection: the list knows its hello (category "tor", but for the project's own
 * pages); its certificate is made up as Tor makes them up (issuer CN=www.X.com, subject CN=www.Y.net:
 * tor's tortls.c); it names www.X.com or .net with X drawn by lot from base32, without anybody having
 * looked that name up; TLS to a bare address on a relay's usual port (9001, 9030: torrc(5)). The
 * certificate is enough; of the others SERVERS_MIN different servers within an hour are. Bridges:
 * net_tor_bridge.c. */
#include "agent/detect/net_tor_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/codec.h"
#include "agent/detect/domain.h"
#include "agent/detect/name_look.h"
#include "agent/detect/net_tell.h"
#include "common/vtime.h"

enum { DEVICES_MAX = 128, TOR_VERSION = 2, SERVERS_MIN = 2, LABEL_MIN = 4, LABEL_MAX = 25 };
#define LOT_BITS 4.6 /* name_look: words have fewer, nearly all lots more */

/* ---- signs ---- */

/* www.X.com or www.X.net: X of the letters of base32, drawn by lot as far as it shows. */
static bool
name_by_lot(struct str name, const char *ending)
{
    struct name_look look;
    struct str label;

    if (name.len < 4 + LABEL_MIN + 4 || name.len > 4 + LABEL_MAX + 4 ||
        memcmp(name.at, "www.", 4) != 0)
        return false;
    label = str_n(name.at + 4, name.len - 8);
    if (!str_is(str_n(name.at + name.len - 4, 4), ending))
        return false;
    for (size_t i = 0; i < label.len; i++)
        if (!(label.at[i] >= 'a' && label.at[i] <= 'z') &&
            !(label.at[i] >= '2' && label.at[i] <= '7'))
            return false;
    name_look(label, &look);
    return look.bits >= LOT_BITS;
}

static bool
cert_name_by_lot(struct str distinguished, const char *ending)
{
    return distinguished.len > 3 && memcmp(distinguished.at, "CN=", 3) == 0 &&
           name_by_lot(str_n(distinguished.at + 3, distinguished.len - 3), ending);
}

enum sign { SIGN_NONE, SIGN_HELLO, SIGN_NAME, SIGN_PORT, SIGN_CERTIFICATE };

static const char *const SIGNS[] = {"", "hello", "name", "port", "certificate"};

static enum sign
sign_of(const struct tor *t, const struct tls_view *v)
{
    const struct flow_view *f = v->flow;

    if (v->cert != NULL && cert_name_by_lot(v->cert->issuer, ".com") &&
        cert_name_by_lot(v->cert->subject, ".net"))
        return SIGN_CERTIFICATE;
    if (str_is(f->category, "tor") && !domain_in_list(v->sni, "torproject.org torproject.net"))
        return SIGN_HELLO;
    if ((name_by_lot(v->sni, ".com") || name_by_lot(v->sni, ".net")) &&
        net_scene_resolved(t->scene, &f->dst).len == 0)
        return SIGN_NAME;
    if (v->sni.len == 0 && (f->dport == 9001 || f->dport == 9030) &&
        net_scene_resolved(t->scene, &f->dst).len == 0)
        return SIGN_PORT;
    return SIGN_NONE;
}

/* ---- reports ---- */

void
tor_report(struct tor *t, const struct flow_view *f, struct str site, const char *sign,
           unsigned servers, int64_t since_ns, double score, double p, int64_t now_ns)
{
    struct party subject;
    struct finding finding = {
        .detector = "net.tor", .time_ns = now_ns, .subject = &subject, .score = score};
    struct test test = {.detector = "net.tor", .time_ns = now_ns, .subject = &subject, .p = p};
    int64_t seconds = (now_ns - since_ns) / VG_SEC_NS;
    json_t *facts = NULL, *evidence = NULL;

    net_tell_party(t->scene, &subject, &f->src);
    if (score > 0 || judge_wants(t->judge, p)) {
        facts = net_tell_flow(t->scene, f, site);
        (void)json_object_update_missing_new(
            facts, json_pack("{s:s, s:I, s:I}", "sign", sign, "servers", (json_int_t)servers,
                             "seconds", (json_int_t)(seconds > 0 ? seconds : 1)));
        evidence = json_array();
        (void)json_array_append_new(evidence, net_evidence_flow(f));
    }
    finding.facts = test.facts = facts;
    finding.evidence = test.evidence = evidence;
    if (score > 0)
        judge_finding(t->judge, &finding);
    else
        (void)judge_test(t->judge, &test);
}

uint32_t
tor_hash(const void *bytes, size_t len)
{
    return (uint32_t)str_hash(&STR_HASH_STORED, bytes, len);
}

bool
tor_count(uint32_t *list, uint8_t *count, size_t most, uint32_t hash)
{
    for (size_t i = 0; i < *count; i++)
        if (list[i] == hash)
            return false;
    if (*count == most)
        return false;
    list[(*count)++] = hash;
    return true;
}

struct tor_device *
tor_device(struct tor *t, const struct net_addr *address)
{
    struct net_key k = {0};

    net_key_addr(&k, address);
    return keytab_touch(t->devices, str_hash(&STR_HASH_STORED, k.bytes, k.len), NULL);
}

static void
on_tls(struct tor *t, const struct tls_view *v, int64_t now_ns)
{
    enum sign sign = sign_of(t, v);
    struct tor_device *d;

    if (sign == SIGN_NONE || net_addr_is_local(&v->flow->dst) ||
        (d = tor_device(t, &v->flow->src)) == NULL)
        return;
    if (d->first_ns == 0 || llabs(now_ns - d->first_ns) > VG_HOUR_NS) {
        d->first_ns = now_ns;
        d->servers = 0;
    }
    (void)tor_count(d->server, &d->servers, TOR_SERVERS_KEPT,
                    tor_hash(v->flow->dst.bytes, sizeof(v->flow->dst.bytes)));
    if (sign == SIGN_CERTIFICATE || d->servers >= SERVERS_MIN)
        tor_report(t, v->flow, v->sni, SIGNS[sign], d->servers, d->first_ns,
                   sign == SIGN_CERTIFICATE || sign == SIGN_HELLO ? 85 : 70, 0, now_ns);
}

static void
observe(void *self, const struct obs *obs)
{
    switch (obs->kind) {
    case OBS_TLS:
        on_tls(self, obs->tls, obs->time_ns);
        tor_bridge_tls(self, obs->tls, obs->time_ns);
        break;
    case OBS_DNS:
        tor_bridge_dns(self, obs->dns, obs->time_ns);
        break;
    case OBS_RECORD:
        tor_bridge_record(self, obs->record, obs->time_ns);
        break;
    default:
        break;
    }
}

/* ---- the detector ---- */

static void
put_list(struct buf *out, const uint32_t *list, uint8_t count, size_t most)
{
    buf_put_u8(out, count);
    for (size_t i = 0; i < most; i++)
        buf_put_be32(out, i < count ? list[i] : 0);
}

static void
get_list(struct slice *in, uint32_t *list, uint8_t *count, size_t most)
{
    *count = slice_u8(in);
    if (*count > most)
        in->bad = true;
    for (size_t i = 0; i < most; i++)
        list[i] = slice_be32(in);
}

static void
put(const void *cell, struct buf *out)
{
    const struct tor_device *d = cell;

    codec_put_i64(out, d->first_ns);
    codec_put_i64(out, d->stun_ns);
    codec_put_i64(out, d->sealed_ns);
    put_list(out, d->server, d->servers, TOR_SERVERS_KEPT);
    put_list(out, d->stun, d->stuns, TOR_STUN_KEPT);
    put_list(out, d->seal, d->sealed, TOR_SEALED_KEPT);
}

static void
get(void *cell, struct slice *in)
{
    struct tor_device *d = cell;

    d->first_ns = codec_time(in);
    d->stun_ns = codec_time(in);
    d->sealed_ns = codec_time(in);
    get_list(in, d->server, &d->servers, TOR_SERVERS_KEPT);
    get_list(in, d->stun, &d->stuns, TOR_STUN_KEPT);
    get_list(in, d->seal, &d->sealed, TOR_SEALED_KEPT);
}

static void
tor_free(void *self)
{
    struct tor *t = self;

    if (t == NULL)
        return;
    keytab_free(t->devices);
    free(t);
}

enum { CELL_BYTES = 48 /* what keytab adds */ };
_Static_assert(DEVICES_MAX *(sizeof(struct tor_device) + CELL_BYTES) <= NET_TOR_BYTES,
               "the memory of detectors is promised");

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    const struct keytab_options options = {.cell_bytes = sizeof(struct tor_device),
                                           .cells_max = DEVICES_MAX,
                                           .row_bits = 6,
                                           .name = 'd',
                                           .version = TOR_VERSION,
                                           .put = put,
                                           .get = get};
    struct tor *t = calloc(1, sizeof(*t));

    (void)why;
    if (t == NULL)
        return VG_ERR_NOMEM;
    t->judge = env->judge;
    t->scene = env->scene;
    if (keytab_new(&options, &t->devices) != VG_OK) {
        tor_free(t);
        return VG_ERR_NOMEM;
    }
    *self = t;
    return VG_OK;
}

static void
save(void *self, struct state_out *out)
{
    struct tor *t = self;

    keytab_save(t->devices, out);
}

static enum vg_err
load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct tor *t = self;

    return keytab_owns(t->devices, key) ? keytab_load(t->devices, key, version, blob)
                                        : VG_ERR_FORMAT;
}

const struct detector NET_TOR = {
    .name = "net.tor",
    .sensor = "net",
    .kinds = 1u << OBS_TLS | 1u << OBS_DNS | 1u << OBS_RECORD,
    .make = make,
    .observe = observe,
    .save = save,
    .load = load,
    .free = tor_free,
};
