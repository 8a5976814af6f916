/* SPDX-License-Identifier: Apache-2.0 */
/* net.webshell: a script on a web server that somebody drives: he posts what nobody can read to one page,
 * and the page answers alike. So work Behinder, Godzilla, AntSword, China Chopper and their kin; tunnels
 * through a page (reGeorg) look the same.
 *
 * An exchange counts when the page is a script, the request is a POST whose content is encrypted or base64,
 * the answer is 200 and just as opaque, and says that it is text or nothing. One row for each (client,
 * server, page). A server of the shop needs few such exchanges; one of the Internet more, and a content
 * type that does not fit, because apps and televisions too send encrypted reports to their makers. */
#include "agent/detect/detectors.h"

#include <stdlib.h>
#include <string.h>

#include "agent/detect/codec.h"
#include "agent/detect/keyed.h"
#include "agent/detect/mask.h"
#include "agent/detect/net_common.h"
#include "agent/detect/net_tell.h"
#include "agent/detect/opaque.h"
#include "common/vtime.h"

enum { PAGES_MAX = 256, HALVES_MAX = 128, WEBSHELL_VERSION = 1 };

struct page { /* what one client does with one page */
    int64_t first_ns, last_ns;
    uint32_t posts, opaque, misfit; /* exchanges: all, opaque both ways, under a wrong type */
    bool reported;
};

struct half { /* a request that waits for its answer, by flow */
    uint64_t page;
    bool asked; /* the answer's head came: its content is next */
    bool misfit;
    char where[96];
};

struct webshell {
    struct judge *judge;
    const struct net_scene *scene;
    struct keyed *pages, *halves;
    uint32_t exchanges, exchanges_world;
    int64_t window_ns;
    uint64_t opaque;
};
_Static_assert(NET_TABLE_BYTES(PAGES_MAX, struct page) + NET_TABLE_BYTES(HALVES_MAX, struct half) <=
                   NET_WEBSHELL_BYTES,
               "the memory of detectors is promised");

/* ---- what an exchange is ---- */

static struct str
path_of(struct str uri)
{
    size_t n = 0;

    while (n < uri.len && uri.at[n] != '?' && uri.at[n] != ';' && uri.at[n] != '#')
        n++;
    return str_n(uri.at, n);
}

static bool
is_script(struct str path)
{
    static const char *const endings[] = {".php",  ".jsp",  ".jspx", ".asp",  ".aspx",
                                          ".ashx", ".asmx", ".cfm",  ".phtml"};

    for (size_t i = 0; i < VG_ARRAY_LEN(endings); i++) {
        size_t n = strlen(endings[i]);

        if (path.len > n && str_eq_nocase(str_n(path.at + path.len - n, n), str_of(endings[i])))
            return true;
    }
    return false;
}

/* The type of a content that is no form, no page and no data. */
static bool
says_nothing(struct str mime)
{
    return mime.len == 0 || str_eq_nocase(mime, str_of("application/octet-stream")) ||
           str_eq_nocase(mime, str_of("text/plain")) || str_eq_nocase(mime, str_of("text/html"));
}

static bool
says_text(struct str mime)
{
    return says_nothing(mime) || str_eq_nocase(mime, str_of("application/json")) ||
           str_eq_nocase(mime, str_of("application/xml"));
}

static struct net_key
flow_key(const struct flow_view *f)
{
    struct net_key key = {.len = 0};

    net_key_u64(&key, f->id);
    return key;
}

static struct net_key
page_key(const struct flow_view *f, uint64_t page)
{
    struct net_key key = {.len = 0};

    net_key_addr(&key, &f->src);
    net_key_addr(&key, &f->dst);
    net_key_u16(&key, f->dport);
    net_key_u64(&key, page);
    return key;
}

/* ---- reports ---- */

static void
report(struct webshell *w, const struct flow_view *f, const struct half *h, struct page *p,
       int64_t now_ns)
{
    struct party subject, peer;
    char target[NET_ADDR_TEXT_MAX];
    struct finding finding = {.detector = "net.webshell",
                              .time_ns = now_ns,
                              .subject = &subject,
                              .peer = &peer,
                              .score = 88};
    json_t *more;

    p->reported = true;
    net_tell_party(w->scene, &subject, &f->src);
    net_tell_party(w->scene, &peer, &f->dst);
    finding.facts = net_tell_flow(w->scene, f, str_of(""));
    more = json_pack("{s:s, s:s, s:I, s:I, s:I}", "page", h->where, "target",
                     net_addr_format(&f->dst, target), "exchanges", (json_int_t)p->opaque, "posts",
                     (json_int_t)p->posts, "seconds",
                     (json_int_t)((now_ns - p->first_ns) / VG_SEC_NS));
    (void)json_object_update(finding.facts, more);
    json_decref(more);
    finding.evidence = json_array();
    (void)json_array_append_new(finding.evidence, net_evidence_flow(f));
    judge_finding(w->judge, &finding);
}

static void
exchange(struct webshell *w, const struct flow_view *f, const struct half *h, bool opaque,
         int64_t now_ns)
{
    struct net_key key = page_key(f, h->page);
    bool world = !net_addr_is_local(&f->dst), made;
    struct page *p = keyed_use(w->pages, key.bytes, key.len, &made);

    if (made || now_ns - p->last_ns > w->window_ns)
        *p = (struct page){.first_ns = now_ns};
    p->last_ns = now_ns;
    p->posts++;
    p->opaque += opaque;
    p->misfit += opaque && h->misfit;
    w->opaque += opaque;
    if (!p->reported && (world ? p->misfit >= w->exchanges_world : p->opaque >= w->exchanges) &&
        2 * p->opaque >= p->posts)
        report(w, f, h, p, now_ns);
}

/* ---- observations ---- */

static void
on_request(struct webshell *w, const struct body_view *b)
{
    struct str path = path_of(b->name);
    struct net_key key = flow_key(b->flow);
    struct half *h;

    if (!is_script(path) || !opaque_looks(slice_of(b->bytes, b->len)))
        return;
    h = keyed_use(w->halves, key.bytes, key.len, NULL);
    *h = (struct half){.page = str_hash(&STR_HASH_STORED, path.at, path.len),
                       .misfit = says_nothing(b->mime)};
    mask_uri(h->where, sizeof(h->where), b->name);
}

static void
on_answer(struct webshell *w, const struct body_view *b, int64_t now_ns)
{
    struct net_key key = flow_key(b->flow);
    const struct half *h = keyed_find(w->halves, key.bytes, key.len);
    struct half copy;

    if (h == NULL || !h->asked)
        return;
    copy = *h;
    copy.misfit = copy.misfit && says_nothing(b->mime);
    keyed_drop(w->halves, key.bytes, key.len);
    exchange(w, b->flow, &copy, says_text(b->mime) && opaque_looks(slice_of(b->bytes, b->len)),
             now_ns);
}

static void
on_http(struct webshell *w, const struct http_view *v)
{
    struct net_key key = flow_key(v->flow);
    const struct half *known = keyed_find(w->halves, key.bytes, key.len);
    struct half *h;

    if (known == NULL)
        return;
    if (known->asked || v->status != 200) { /* no content came, or none that counts */
        keyed_drop(w->halves, key.bytes, key.len);
        return;
    }
    h = keyed_use(w->halves, key.bytes, key.len, NULL);
    h->asked = true;
}

static void
observe(void *self, const struct obs *obs)
{
    struct webshell *w = self;
    struct net_key key;

    if (obs->kind == OBS_HTTP) {
        if (keyed_count(w->halves) > 0)
            on_http(w, obs->http);
    } else if (obs->kind == OBS_FLOW_END) {
        key = flow_key(obs->flow);
        if (keyed_count(w->halves) > 0)
            keyed_drop(w->halves, key.bytes, key.len);
    } else if (obs->body->first && obs->body->flow != NULL) {
        if (!obs->body->from_server)
            on_request(w, obs->body);
        else if (keyed_count(w->halves) > 0)
            on_answer(w, obs->body, obs->time_ns);
    }
}

/* ---- rows ---- */

static void
encode_page(const void *value, struct buf *out)
{
    const struct page *p = value;

    codec_put_i64(out, p->first_ns);
    codec_put_i64(out, p->last_ns);
    buf_put_be32(out, p->posts);
    buf_put_be32(out, p->opaque);
    buf_put_be32(out, p->misfit);
    buf_put_u8(out, p->reported);
}

static void
decode_page(void *value, struct slice *in)
{
    struct page *p = value;

    p->first_ns = codec_time(in);
    p->last_ns = codec_time(in);
    p->posts = slice_be32(in);
    p->opaque = slice_be32(in);
    p->misfit = slice_be32(in);
    p->reported = slice_u8(in) != 0;
}

static void
encode_half(const void *value, struct buf *out)
{
    const struct half *h = value;

    buf_put_be64(out, h->page);
    buf_put_u8(out, h->asked);
    buf_put_u8(out, h->misfit);
    codec_put_text(out, h->where, strlen(h->where));
}

static void
decode_half(void *value, struct slice *in)
{
    struct half *h = value;
    struct slice where;
    size_t len;

    h->page = slice_be64(in);
    h->asked = slice_u8(in) != 0;
    h->misfit = slice_u8(in) != 0;
    where = slice_sub(in, slice_be32(in));
    len = where.left;
    if (len >= sizeof(h->where))
        slice_skip(in, SIZE_MAX); /* not ours: makes the slice bad */
    else if (slice_copy(&where, h->where, len))
        h->where[len] = '\0';
}

static void
save(void *self, struct state_out *out)
{
    struct webshell *w = self;

    keyed_save(w->pages, out, 'p', WEBSHELL_VERSION, encode_page);
    keyed_save(w->halves, out, 'h', WEBSHELL_VERSION, encode_half);
}

static enum vg_err
load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct webshell *w = self;
    uint8_t table = slice_u8(&key);

    if (version != WEBSHELL_VERSION || (table != 'p' && table != 'h'))
        return VG_ERR_FORMAT;
    return table == 'p' ? keyed_load(w->pages, key, blob, decode_page)
                        : keyed_load(w->halves, key, blob, decode_half);
}

/* ---- life ---- */

static void
webshell_free(void *self)
{
    struct webshell *w = self;

    if (w == NULL)
        return;
    keyed_free(w->pages);
    keyed_free(w->halves);
    free(w);
}

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    struct webshell *w = calloc(1, sizeof(*w));

    if (w == NULL)
        return VG_ERR_NOMEM;
    w->judge = env->judge;
    w->scene = env->scene;
    w->exchanges = 2;
    w->exchanges_world = 4;
    w->window_ns = VG_HOUR_NS;
    if (!net_setting_u32(env, "exchanges", 1, 1000, &w->exchanges, why) ||
        !net_setting_u32(env, "exchanges_world", 1, 1000, &w->exchanges_world, why) ||
        !net_setting_duration(env, "window", VG_MIN_NS, VG_DAY_NS, &w->window_ns, why)) {
        webshell_free(w);
        return VG_ERR_CONFIG;
    }
    if (keyed_new(PAGES_MAX, sizeof(struct page), &w->pages) != VG_OK ||
        keyed_new(HALVES_MAX, sizeof(struct half), &w->halves) != VG_OK) {
        webshell_free(w);
        return VG_ERR_NOMEM;
    }
    *self = w;
    return VG_OK;
}

static void
health(const void *self, json_t *counters)
{
    const struct webshell *w = self;

    (void)json_object_set_new(counters, "pages", json_integer((json_int_t)keyed_count(w->pages)));
    (void)json_object_set_new(counters, "evicted",
                              json_integer((json_int_t)keyed_evicted(w->pages)));
    (void)json_object_set_new(counters, "opaque", json_integer((json_int_t)w->opaque));
}

const struct detector NET_WEBSHELL = {
    .name = "net.webshell",
    .sensor = "net",
    .kinds = 1u << OBS_HTTP | 1u << OBS_BODY | 1u << OBS_FLOW_END,
    .make = make,
    .observe = observe,
    .save = save,
    .load = load,
    .free = webshell_free,
    .health = health,
};
