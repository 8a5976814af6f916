/* SPDX-License-Identifier: Apache-2.0 */
/* net.tor: a device uses the Tor network, which hides where it calls: ransom and theft go out by it,
 * in a shop hardly anybody needs it.
 *
 * Signs of one connection: the list knows its hello (category "tor", but for the project's own
 * pages); its certificate is made up as Tor makes them up (issuer CN=www.X.com, subject CN=www.Y.net:
 * tor's tortls.c); it names www.X.com or .net with X drawn by lot from base32, without anybody having
 * looked that name up; TLS to a bare address on a relay's usual port (9001, 9030: torrc(5)). The
 * certificate is enough; of the others SERVERS_MIN different servers within an hour are. */
#include "agent/detect/detectors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/codec.h"
#include "agent/detect/domain.h"
#include "agent/detect/keytab.h"
#include "agent/detect/name_look.h"
#include "agent/detect/net_common.h"
#include "agent/detect/net_tell.h"
#include "common/vtime.h"

enum {
    DEVICES_MAX = 128,
    TOR_VERSION = 1,
    SERVERS_KEPT = 8,
    SERVERS_MIN = 2,
    LABEL_MIN = 4,
    LABEL_MAX = 25
};
#define LOT_BITS 4.6 /* name_look: words have fewer, nearly all lots more */

struct device {
    int64_t first_ns; /* of the hour; 0: empty */
    uint32_t server[SERVERS_KEPT];
    uint8_t servers;
};

struct tor {
    struct judge *judge;
    const struct net_scene *scene;
    struct keytab *devices;
};

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

static void
report(struct tor *t, const struct device *d, const struct tls_view *v, enum sign sign,
       int64_t now_ns)
{
    struct party subject;
    struct finding finding = {.detector = "net.tor",
                              .time_ns = now_ns,
                              .subject = &subject,
                              .score = sign == SIGN_CERTIFICATE || sign == SIGN_HELLO ? 85 : 70};
    int64_t seconds = (now_ns - d->first_ns) / VG_SEC_NS;

    net_tell_party(t->scene, &subject, &v->flow->src);
    finding.facts = net_tell_flow(t->scene, v->flow, v->sni);
    (void)json_object_update_missing_new(finding.facts,
                                         json_pack("{s:s, s:I, s:I}", "sign", SIGNS[sign],
                                                   "servers", (json_int_t)d->servers, "seconds",
                                                   (json_int_t)(seconds > 0 ? seconds : 1)));
    finding.evidence = json_array();
    (void)json_array_append_new(finding.evidence, net_evidence_flow(v->flow));
    judge_finding(t->judge, &finding);
}

static void
count_server(struct device *d, const struct net_addr *server)
{
    uint32_t h = (uint32_t)str_hash(&STR_HASH_STORED, server->bytes, sizeof server->bytes);

    for (size_t i = 0; i < d->servers; i++)
        if (d->server[i] == h)
            return;
    if (d->servers < SERVERS_KEPT)
        d->server[d->servers++] = h;
}

static void
observe(void *self, const struct obs *obs)
{
    struct tor *t = self;
    const struct tls_view *v = obs->tls;
    enum sign sign = sign_of(t, v);
    struct net_key k = {0};
    struct device *d;

    if (sign == SIGN_NONE || net_addr_is_local(&v->flow->dst))
        return;
    net_key_addr(&k, &v->flow->src);
    d = keytab_touch(t->devices, str_hash(&STR_HASH_STORED, k.bytes, k.len), NULL);
    if (d == NULL)
        return;
    if (d->first_ns == 0 || llabs(obs->time_ns - d->first_ns) > VG_HOUR_NS)
        *d = (struct device){.first_ns = obs->time_ns};
    count_server(d, &v->flow->dst);
    if (sign == SIGN_CERTIFICATE || d->servers >= SERVERS_MIN)
        report(t, d, v, sign, obs->time_ns);
}

/* ---- the detector ---- */

static void
put(const void *cell, struct buf *out)
{
    const struct device *d = cell;

    buf_put_be64(out, (uint64_t)d->first_ns);
    buf_put_u8(out, d->servers);
    for (size_t i = 0; i < SERVERS_KEPT; i++)
        buf_put_be32(out, d->server[i]);
}

static void
get(void *cell, struct slice *in)
{
    struct device *d = cell;

    d->first_ns = codec_time(in);
    d->servers = slice_u8(in);
    if (d->servers > SERVERS_KEPT)
        in->bad = true;
    for (size_t i = 0; i < SERVERS_KEPT; i++)
        d->server[i] = slice_be32(in);
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
_Static_assert(DEVICES_MAX *(sizeof(struct device) + CELL_BYTES) <= NET_TOR_BYTES,
               "the memory of detectors is promised");

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    const struct keytab_options options = {.cell_bytes = sizeof(struct device),
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
    .kinds = 1u << OBS_TLS,
    .make = make,
    .observe = observe,
    .save = save,
    .load = load,
    .free = tor_free,
};
