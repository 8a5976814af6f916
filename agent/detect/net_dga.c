/* SPDX-License-Identifier: Apache-2.0 */
/* net.dga: a program tries names that it makes up by the day, until one is its master's.
 *
 * One row for each device counts, within an hour, different registered domains that do not exist
 * (NXDOMAIN): those that look drawn by lot (name_look.h), and those of the same length and top-level
 * domain. Without a way out everything fails without that answer, or nothing is found at all: then
 * there is no finding. A name that did answer over plain HTTP and is all hexadecimal digits is told
 * by itself: nobody registers one to be remembered. Names below which strangers get names, block
 * lists and names of no public top-level domain say nothing. */
#include "agent/detect/detectors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/codec.h"
#include "agent/detect/domain.h"
#include "agent/detect/keytab.h"
#include "agent/detect/mask.h"
#include "agent/detect/name_look.h"
#include "agent/detect/net_common.h"
#include "agent/detect/net_tell.h"
#include "common/vtime.h"

enum {
    DEVICES_MAX = 128,
    DGA_VERSION = 1,
    SEEN_BYTES = 64, /* bitmap of failed domains */
    FORMS = 16,      /* of (top-level domain, length) */
    LABEL_MIN = 6,
    HEX_MIN = 8,
};
/* Lower than name_look_coded(): several names speak together. */
#define LOT_BITS 5.2

struct device {
    int64_t first_ns; /* of the hour; 0: empty */
    uint32_t failed, lot, found;
    uint16_t form[FORMS]; /* failed words by their form */
    bool told;
    uint8_t seen[SEEN_BYTES];
};

struct dga {
    struct judge *judge;
    const struct net_scene *scene;
    struct keytab *devices;
    uint32_t lot_min, form_min;
};

static struct str
first_label(struct str domain)
{
    const char *dot = domain.len > 0 ? memchr(domain.at, '.', domain.len) : NULL;

    return dot != NULL ? str_n(domain.at, (size_t)(dot - domain.at)) : domain;
}

/* A domain of the Internet that somebody registered; with its first label. */
static bool
registered(struct str name, struct str *domain, struct str *label)
{
    if (!domain_is_public(name) || domain_is_hosted(name) || domain_under(name, str_of("arpa")))
        return false;
    *domain = domain_registered(name);
    *label = first_label(*domain);
    return label->len >= LABEL_MIN && label->len < domain->len;
}

static bool
by_lot(const struct name_look *look)
{
    return name_look_coded(look) || (look->chars >= LABEL_MIN && look->bits >= LOT_BITS);
}

/* Digits and letters of hexadecimal mixed: "1a2b3c4d", neither "deadbeef" nor "20240612". */
static bool
hex_name(const struct name_look *look)
{
    return look->hex && look->chars >= HEX_MIN && look->digits >= 2 && look->letters >= 2 &&
           look->switches >= 2;
}

/* ---- reports ---- */

static void
report(struct dga *d, const struct device *at, const struct flow_view *f, struct str domain,
       const char *sign, int64_t now_ns)
{
    struct party subject, peer;
    char example[128];
    struct finding finding = {.detector = "net.dga",
                              .time_ns = now_ns,
                              .subject = &subject,
                              .score = at != NULL ? 85 : 65,
                              .severity = at != NULL ? SEVERITY_HIGH : SEVERITY_INFO};
    int64_t seconds = at != NULL ? (now_ns - at->first_ns) / VG_SEC_NS : 0;

    mask_text(example, sizeof example, domain.at, domain.len);
    net_tell_party(d->scene, &subject, &f->src);
    if (at == NULL) {
        party_set(&peer, "domain", example, NULL);
        finding.peer = &peer;
    }
    finding.facts = net_tell_flow(d->scene, f, domain);
    (void)json_object_update_missing_new(
        finding.facts, json_pack("{s:s, s:s, s:I, s:I, s:I, s:I}", "sign", sign, "example", example,
                                 "failed", (json_int_t)(at != NULL ? at->failed : 0), "by_lot",
                                 (json_int_t)(at != NULL ? at->lot : 1), "found",
                                 (json_int_t)(at != NULL ? at->found : 1), "seconds",
                                 (json_int_t)(seconds > 0 ? seconds : 1)));
    finding.evidence = json_array();
    (void)json_array_append_new(finding.evidence, net_evidence_flow(f));
    judge_finding(d->judge, &finding);
}

/* ---- look-ups ---- */

static bool
first_seen(struct device *at, struct str domain)
{
    uint64_t h = domain_hash(domain) % (8 * SEEN_BYTES);
    uint8_t bit = (uint8_t)(1u << (h & 7));
    bool fresh = (at->seen[h >> 3] & bit) == 0;

    at->seen[h >> 3] |= bit;
    return fresh;
}

/* Words of one length under one top-level domain: counted by a small hash of the two. */
static uint16_t
count_form(struct device *at, struct str domain, struct str label)
{
    struct str tld = str_n(domain.at + label.len, domain.len - label.len);
    uint16_t *form = &at->form[(domain_hash(tld) + label.len / 2) % FORMS];

    return *form < UINT16_MAX ? ++*form : *form;
}

static void
on_dns(struct dga *d, const struct dns_view *v, int64_t now_ns)
{
    struct str domain, label;
    struct name_look look;
    struct net_key k = {0};
    struct device *at;
    uint16_t form;

    if ((v->qtype != 1 && v->qtype != 28) || (v->rcode != 0 && v->rcode != 3) ||
        !registered(v->query, &domain, &label))
        return;
    net_key_addr(&k, &v->flow->src);
    at = keytab_touch(d->devices, str_hash(&STR_HASH_STORED, k.bytes, k.len), NULL);
    if (at == NULL)
        return;
    if (at->first_ns == 0 || llabs(now_ns - at->first_ns) > VG_HOUR_NS)
        *at = (struct device){.first_ns = now_ns};
    if (v->rcode == 0) {
        at->found += v->address_count > 0;
        return;
    }
    if (!first_seen(at, domain))
        return;
    name_look(label, &look);
    at->failed++;
    at->lot += by_lot(&look);
    form = count_form(at, domain, label);
    if (at->told)
        return;
    if (at->lot >= d->lot_min && at->lot * 2 >= at->failed) {
        at->told = true;
        report(d, at, v->flow, domain, "lot", now_ns);
    } else if (form >= d->form_min && form * 2u >= at->failed) {
        at->told = true;
        report(d, at, v->flow, domain, "form", now_ns);
    }
}

static void
on_http(struct dga *d, const struct http_view *v, int64_t now_ns)
{
    struct str domain, label;
    struct name_look look;

    if (v->status == 0 || net_addr_is_local(&v->flow->dst) || !registered(v->host, &domain, &label))
        return;
    name_look(label, &look);
    if (hex_name(&look))
        report(d, NULL, v->flow, domain, "hexadecimal", now_ns);
}

static void
observe(void *self, const struct obs *obs)
{
    if (obs->kind == OBS_DNS)
        on_dns(self, obs->dns, obs->time_ns);
    else
        on_http(self, obs->http, obs->time_ns);
}

/* ---- the detector ---- */

static void
put(const void *cell, struct buf *out)
{
    const struct device *at = cell;

    buf_put_be64(out, (uint64_t)at->first_ns);
    buf_put_be32(out, at->failed);
    buf_put_be32(out, at->lot);
    buf_put_be32(out, at->found);
    for (size_t i = 0; i < FORMS; i++)
        buf_put_be16(out, at->form[i]);
    buf_put_u8(out, at->told);
    buf_put(out, at->seen, sizeof at->seen);
}

static void
get(void *cell, struct slice *in)
{
    struct device *at = cell;

    at->first_ns = codec_time(in);
    at->failed = slice_be32(in);
    at->lot = slice_be32(in);
    at->found = slice_be32(in);
    for (size_t i = 0; i < FORMS; i++)
        at->form[i] = slice_be16(in);
    at->told = slice_u8(in) != 0;
    (void)slice_copy(in, at->seen, sizeof at->seen);
}

static void
dga_free(void *self)
{
    struct dga *d = self;

    if (d == NULL)
        return;
    keytab_free(d->devices);
    free(d);
}

enum { CELL_BYTES = 48 /* what keytab adds */ };
_Static_assert(DEVICES_MAX *(sizeof(struct device) + CELL_BYTES) <= NET_DGA_BYTES,
               "the memory of detectors is promised");

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    const struct keytab_options options = {.cell_bytes = sizeof(struct device),
                                           .cells_max = DEVICES_MAX,
                                           .row_bits = 6,
                                           .name = 'd',
                                           .version = DGA_VERSION,
                                           .put = put,
                                           .get = get};
    struct dga *d = calloc(1, sizeof(*d));

    if (d == NULL)
        return VG_ERR_NOMEM;
    d->judge = env->judge;
    d->scene = env->scene;
    d->lot_min = 10;
    d->form_min = 40;
    if (!net_setting_u32(env, "by_lot", 2, 100000, &d->lot_min, why) ||
        !net_setting_u32(env, "of_one_form", 2, 100000, &d->form_min, why)) {
        dga_free(d);
        return VG_ERR_CONFIG;
    }
    if (keytab_new(&options, &d->devices) != VG_OK) {
        dga_free(d);
        return VG_ERR_NOMEM;
    }
    *self = d;
    return VG_OK;
}

static void
save(void *self, struct state_out *out)
{
    struct dga *d = self;

    keytab_save(d->devices, out);
}

static enum vg_err
load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct dga *d = self;

    return keytab_owns(d->devices, key) ? keytab_load(d->devices, key, version, blob)
                                        : VG_ERR_FORMAT;
}

const struct detector NET_DGA = {
    .name = "net.dga",
    .sensor = "net",
    .kinds = 1u << OBS_DNS | 1u << OBS_HTTP,
    .make = make,
    .observe = observe,
    .save = save,
    .load = load,
    .free = dga_free,
};
