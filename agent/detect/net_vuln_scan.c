/* SPDX-License-Identifier: Apache-2.0 */
/* net.vuln_scan: somebody looks a server over for holes. One row for each (client, server); it tells
 *   agent   a scanner that says its name (User-Agent);
 *   paths   many different pages that are not there, some of them those that scanners ask for;
 *   rpc     the whole list of an endpoint mapper (ept_lookup; Windows itself asks ept_map for one service).
 * Browsers and shops' programs also meet missing pages, but few, and each again and again. */
#include "agent/detect/detectors.h"

#include <stdlib.h>
#include <string.h>

#include "agent/detect/codec.h"
#include "agent/detect/distinct.h"
#include "agent/detect/keyed.h"
#include "agent/detect/mask.h"
#include "agent/detect/net_common.h"
#include "agent/detect/net_tell.h"
#include "common/vtime.h"

enum { PAIRS_MAX = 192, VULN_VERSION = 1, WORDS_MAX = 128, WORDS_BYTES = 4096 };
enum { WORD_MIN = 3, BEGINS = 8192 };

enum style { BY_AGENT, BY_PATHS, BY_RPC, STYLES };

struct pair {
    int64_t first_ns;
    struct distinct missing, probes; /* pages that were refused; those of the list among all */
    uint32_t requests, refused, lookups;
    uint8_t told; /* styles, as bits */
};

struct words { /* of one setting, lower case */
    char text[WORDS_BYTES];
    struct str word[WORDS_MAX];
    size_t count;
    uint8_t begins[BEGINS / 8]; /* what three bytes a word begins with, by their hash */
};

struct vuln_scan {
    struct judge *judge;
    const struct net_scene *scene;
    struct keyed *pairs;
    struct words agents, paths;
    uint32_t missing, missing_any, probes, lookups;
    double refused_share;
    int64_t window_ns;
};
_Static_assert(NET_TABLE_BYTES(PAIRS_MAX, struct pair) + sizeof(struct vuln_scan) <=
                   NET_VULN_SCAN_BYTES,
               "the memory of detectors is promised");

/* ---- words ---- */

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t
begin_of(const char *at)
{
    uint32_t three =
        (uint32_t)(uint8_t)at[0] << 16 | (uint32_t)(uint8_t)at[1] << 8 | (uint32_t)(uint8_t)at[2];

    return (three * 0x9e3779b1u) >> 19;
}
_Static_assert(BEGINS == 1 << (32 - 19), "a hash for each bit");

static bool
words_read(struct words *w, const struct detector_env *env, const char *name,
           char why[DETECT_WHY_MAX])
{
    const char *text =
        env->settings != NULL ? json_string_value(json_object_get(env->settings, name)) : NULL;
    size_t len = text != NULL ? strlen(text) : 0;

    if (len >= sizeof(w->text)) {
        (void)vg_strcpy(why, DETECT_WHY_MAX, "a list of words is too long");
        return false;
    }
    for (size_t i = 0; i <= len && len > 0; i++)
        w->text[i] = lower(text[i]);
    for (const char *at = w->text; *at != '\0' && w->count < WORDS_MAX;) {
        size_t n = strcspn(at, " \n");

        if (n > 0 && n < WORD_MIN) {
            (void)vg_strcpy(why, DETECT_WHY_MAX, "a word of a list is too short");
            return false;
        }
        if (n > 0) {
            w->word[w->count++] = str_n(at, n);
            w->begins[begin_of(at) / 8] |= (uint8_t)(1u << begin_of(at) % 8);
        }
        at += n;
        at += strspn(at, " \n");
    }
    return true;
}

/* The first word of the list that stands anywhere in the text, by its number; -1 for none. */
static int
words_find(const struct words *w, struct str text)
{
    char copy[256];
    size_t n = text.len < sizeof(copy) ? text.len : sizeof(copy), best = w->count;

    for (size_t i = 0; i < n; i++)
        copy[i] = lower(text.at[i]);
    for (size_t i = 0; i + WORD_MIN <= n; i++) {
        size_t begin = begin_of(copy + i);

        if ((w->begins[begin / 8] >> begin % 8 & 1) == 0)
            continue;
        for (size_t k = 0; k < best; k++)
            if (w->word[k].len <= n - i && memcmp(copy + i, w->word[k].at, w->word[k].len) == 0)
                best = k;
    }
    return best < w->count ? (int)best : -1;
}

/* ---- reports ---- */

static void
report(struct vuln_scan *v, const struct flow_view *f, struct pair *p, enum style style,
       int64_t now_ns)
{
    static const struct {
        const char *name, *es, *en;
        enum severity severity;
    } styles[STYLES] = {
        [BY_AGENT] = {"agent", "un programa que busca fallas dice su nombre",
                      "a program that looks for holes says its name", SEVERITY_MEDIUM},
        [BY_PATHS] = {"paths", "pide muchas páginas que no existen, como quien busca fallas",
                      "it asks for many pages that do not exist, as one who looks for holes",
                      SEVERITY_MEDIUM},
        [BY_RPC] = {"rpc", "pide la lista de todos los servicios de Windows",
                    "it asks for the list of all Windows services", SEVERITY_MEDIUM},
    };
    bool world = !net_addr_is_local(&f->src) && net_addr_is_local(&f->dst);
    struct party subject, peer;
    char target[NET_ADDR_TEXT_MAX];
    struct finding finding = {.detector = "net.vuln_scan",
                              .time_ns = now_ns,
                              .subject = &subject,
                              .peer = world ? NULL : &peer,
                              .severity = world ? SEVERITY_LOW : styles[style].severity,
                              .score = world ? 45 : 65};
    json_t *more;

    if ((p->told & 1u << style) != 0)
        return;
    p->told |= (uint8_t)(1u << style);
    /* The Internet scans every public server: one group a server. */
    net_tell_party(v->scene, &subject, world ? &f->dst : &f->src);
    net_tell_party(v->scene, &peer, &f->dst);
    finding.facts = net_tell_flow(v->scene, f, str_of(""));
    more = json_pack(
        "{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "target", net_addr_format(&f->dst, target),
        "style", styles[style].name, "style_es", styles[style].es, "style_en", styles[style].en,
        "requests", (json_int_t)p->requests, "missing", (json_int_t)distinct_count(&p->missing),
        "probes", (json_int_t)distinct_count(&p->probes), "lookups", (json_int_t)p->lookups,
        "seconds", (json_int_t)((now_ns - p->first_ns) / VG_SEC_NS));
    (void)json_object_update(finding.facts, more);
    json_decref(more);
    finding.evidence = json_array();
    (void)json_array_append_new(finding.evidence, net_evidence_flow(f));
    judge_finding(v->judge, &finding);
}

/* ---- observations ---- */

static struct pair *
pair_of(struct vuln_scan *v, const struct flow_view *f, int64_t now_ns)
{
    struct net_key key = {.len = 0};
    struct pair *p;
    bool made;

    net_key_addr(&key, &f->src);
    net_key_addr(&key, &f->dst);
    p = keyed_use(v->pairs, key.bytes, key.len, &made);
    if (made || now_ns - p->first_ns > v->window_ns)
        *p = (struct pair){.first_ns = now_ns, .told = made ? 0 : p->told};
    return p;
}

static struct str
path_of(struct str uri)
{
    size_t n = 0;

    while (n < uri.len && uri.at[n] != '?' && uri.at[n] != '#')
        n++;
    return str_n(uri.at, n);
}

static void
on_http(struct vuln_scan *v, const struct http_view *h, int64_t now_ns)
{
    bool refused = h->status >= 400 && h->status < 500 && h->status != 407 && h->status != 429;
    bool agent = h->user_agent.len > 0 && words_find(&v->agents, h->user_agent) >= 0;
    struct str path = path_of(h->uri);
    struct pair *p;
    int probe;

    if (!refused && !agent) { /* an ordinary page costs no row */
        struct net_key key = {.len = 0};

        net_key_addr(&key, &h->flow->src);
        net_key_addr(&key, &h->flow->dst);
        if (keyed_count(v->pairs) == 0 || keyed_find(v->pairs, key.bytes, key.len) == NULL)
            return;
    }
    p = pair_of(v, h->flow, now_ns);
    p->requests++;
    if (agent)
        report(v, h->flow, p, BY_AGENT, now_ns);
    if (!refused)
        return;
    p->refused++;
    distinct_add(&p->missing, path.at, path.len);
    probe = words_find(&v->paths, path);
    if (probe >= 0)
        distinct_add(&p->probes, &probe, sizeof(probe));
    if ((double)p->refused < v->refused_share * (double)p->requests)
        return;
    if (distinct_count(&p->probes) >= v->probes ||
        (distinct_count(&p->missing) >= v->missing && distinct_count(&p->probes) > 0) ||
        distinct_count(&p->missing) >= v->missing_any)
        report(v, h->flow, p, BY_PATHS, now_ns);
}

static void
on_record(struct vuln_scan *v, const struct record_view *r, int64_t now_ns)
{
    const struct record_field *calls;
    struct pair *p;

    if (strcmp(r->type, "dcerpc") != 0 || !str_is(record_text(r, "interface"), "epm") ||
        !str_is(record_text(r, "operation"), "ept_lookup"))
        return;
    calls = record_find(r, "calls");
    p = pair_of(v, r->flow, now_ns);
    /* `calls` counts those of one connection; several connections add up. */
    p->lookups = calls != NULL && calls->number > p->lookups && calls->number < UINT32_MAX
                     ? (uint32_t)calls->number
                     : p->lookups + 1;
    if (p->lookups >= v->lookups)
        report(v, r->flow, p, BY_RPC, now_ns);
}

static void
observe(void *self, const struct obs *obs)
{
    if (obs->kind == OBS_HTTP)
        on_http(self, obs->http, obs->time_ns);
    else
        on_record(self, obs->record, obs->time_ns);
}

/* ---- rows ---- */

static void
encode(const void *value, struct buf *out)
{
    const struct pair *p = value;

    codec_put_i64(out, p->first_ns);
    distinct_encode(&p->missing, out);
    distinct_encode(&p->probes, out);
    buf_put_be32(out, p->requests);
    buf_put_be32(out, p->refused);
    buf_put_be32(out, p->lookups);
    buf_put_u8(out, p->told);
}

static void
decode(void *value, struct slice *in)
{
    struct pair *p = value;

    p->first_ns = codec_time(in);
    distinct_decode(&p->missing, in);
    distinct_decode(&p->probes, in);
    p->requests = slice_be32(in);
    p->refused = slice_be32(in);
    p->lookups = slice_be32(in);
    p->told = slice_u8(in);
}

static void
save(void *self, struct state_out *out)
{
    keyed_save(((struct vuln_scan *)self)->pairs, out, 'p', VULN_VERSION, encode);
}

static enum vg_err
load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    if (version != VULN_VERSION || slice_u8(&key) != 'p')
        return VG_ERR_FORMAT;
    return keyed_load(((struct vuln_scan *)self)->pairs, key, blob, decode);
}

/* ---- life ---- */

static void
vuln_scan_free(void *self)
{
    struct vuln_scan *v = self;

    if (v == NULL)
        return;
    keyed_free(v->pairs);
    free(v);
}

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    struct vuln_scan *v = calloc(1, sizeof(*v));

    if (v == NULL)
        return VG_ERR_NOMEM;
    v->judge = env->judge;
    v->scene = env->scene;
    v->missing = 15;
    v->missing_any = 40;
    v->probes = 4;
    v->lookups = 5;
    v->refused_share = 0.5;
    v->window_ns = 10 * VG_MIN_NS;
    if (!words_read(&v->agents, env, "agents", why) || !words_read(&v->paths, env, "paths", why) ||
        !net_setting_u32(env, "missing", 4, 1000, &v->missing, why) ||
        !net_setting_u32(env, "missing_any", 4, 1000, &v->missing_any, why) ||
        !net_setting_u32(env, "probes", 2, 100, &v->probes, why) ||
        !net_setting_u32(env, "lookups", 2, 1000, &v->lookups, why) ||
        !net_setting_real(env, "refused_share", 0.1, 1, &v->refused_share, why) ||
        !net_setting_duration(env, "window", VG_MIN_NS, VG_DAY_NS, &v->window_ns, why)) {
        vuln_scan_free(v);
        return VG_ERR_CONFIG;
    }
    if (keyed_new(PAIRS_MAX, sizeof(struct pair), &v->pairs) != VG_OK) {
        vuln_scan_free(v);
        return VG_ERR_NOMEM;
    }
    *self = v;
    return VG_OK;
}

static void
health(const void *self, json_t *counters)
{
    const struct vuln_scan *v = self;

    (void)json_object_set_new(counters, "pairs", json_integer((json_int_t)keyed_count(v->pairs)));
    (void)json_object_set_new(counters, "evicted",
                              json_integer((json_int_t)keyed_evicted(v->pairs)));
}

const struct detector NET_VULN_SCAN = {
    .name = "net.vuln_scan",
    .sensor = "net",
    .kinds = 1u << OBS_HTTP | 1u << OBS_RECORD,
    .make = make,
    .observe = observe,
    .save = save,
    .load = load,
    .free = vuln_scan_free,
    .health = health,
};
