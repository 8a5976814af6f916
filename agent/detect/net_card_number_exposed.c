/* SPDX-License-Identifier: Apache-2.0 */
/* net.card_number_exposed: a card number crossed the network readable: in the address or the form of
 * a web page, in a mail, in a file over FTP or SMB, on a terminal (Telnet) or in plain text over a
 * connection of no known protocol.
 *
 * A finding for each (client, server), told again after a day. Only texts are looked through, with
 * card_context.h's demands, because numbers that pass for a card's are everywhere. A page that the
 * Internet shows (a shop's help with numbers to try out) is nobody's card. The number itself never
 * leaves here: only its last four digits, as on a receipt (PCI DSS 4.0, 3.4.1). A number that is
 * split over two pieces of a file is not seen. */
#include "agent/detect/detectors.h"

#include <stdlib.h>
#include <string.h>

#include "agent/detect/card_context.h"
#include "agent/detect/codec.h"
#include "agent/detect/keytab.h"
#include "agent/detect/mask.h"
#include "agent/detect/net_common.h"
#include "agent/detect/net_tell.h"
#include "common/vtime.h"

enum { PAIRS_MAX = 512, PAIRS_VERSION = 1, CELL_OWN_BYTES = 48, NAME_MAX_BYTES = 100 };
enum { LOOK_BYTES_MAX = 64 * 1024 /* of one piece */, SAMPLE_BYTES = 256 };

struct pair {
    int64_t told_ns;
    uint32_t seen;
};

struct exposed {
    struct judge *judge;
    const struct net_scene *scene;
    struct keytab *pairs;
    int64_t repeat_ns;
};

static void
report(struct exposed *x, const struct flow_view *f, const struct card_context *card,
       const char *where, struct str name, int64_t now_ns)
{
    bool inside = net_addr_is_local(&f->src) && net_addr_is_local(&f->dst);
    char text[NAME_MAX_BYTES];
    struct party subject, peer;
    struct finding finding = {.detector = "net.card_number_exposed",
                              .time_ns = now_ns,
                              .subject = &subject,
                              .peer = &peer,
                              .severity = inside ? SEVERITY_MEDIUM : SEVERITY_INFO,
                              .score = inside ? 60 : 80};

    net_tell_party(x->scene, &subject, &f->src);
    net_tell_peer(x->scene, &peer, f->server_name, &f->dst);
    finding.facts = net_tell_flow(x->scene, f, str_of(""));
    if (finding.facts != NULL)
        (void)json_object_update_missing_new(
            finding.facts,
            json_pack("{s:s, s:s, s:s, s:I, s:s}", "where", where, "name",
                      mask_uri(text, sizeof(text), name), "last4", card->last4, "cards",
                      (json_int_t)card->count, "reach", inside ? "shop" : "world"));
    finding.evidence = json_pack("[o]", net_evidence_flow(f));
    judge_finding(x->judge, &finding);
}

static void
found(struct exposed *x, const struct flow_view *f, const struct card_context *card,
      const char *where, struct str name, int64_t now_ns)
{
    struct net_key key = {0};
    struct pair *p;
    bool fresh;

    net_key_addr(&key, &f->src);
    net_key_addr(&key, &f->dst);
    p = keytab_touch(x->pairs, net_key_hash(&key), &fresh);
    if (p == NULL)
        return;
    p->seen += p->seen < UINT32_MAX;
    if (!fresh && now_ns - p->told_ns < x->repeat_ns)
        return;
    p->told_ns = now_ns;
    report(x, f, card, where, name, now_ns);
}

/* ---- bodies ---- */

static bool
begins(struct str s, const char *with)
{
    size_t n = strlen(with);

    return s.len >= n && str_eq_nocase(str_n(s.at, n), str_of(with));
}

static bool
is_readable(const uint8_t *bytes, size_t len)
{
    const uint32_t spaces = 1u << '\t' | 1u << '\r' | 1u << '\n' | 1u << '\f';
    size_t n = len < SAMPLE_BYTES ? len : SAMPLE_BYTES;

    for (size_t i = 0; i < n; i++)
        if (bytes[i] < 0x20 && (spaces >> bytes[i] & 1) == 0)
            return false;
    return true;
}

static bool
is_worth_a_look(const struct body_view *b)
{
    static const char *const not_these[] = {"image/", "video/",           "audio/",
                                            "font/",  "text/css",         "text/javascript",
                                            "model/", "application/java", "application/x-java"};

    if (b->flow == NULL || b->len < 13 || !is_readable(b->bytes, b->len))
        return false;
    for (size_t i = 0; i < VG_ARRAY_LEN(not_these); i++)
        if (begins(b->mime, not_these[i]))
            return false;
    return !b->from_server || net_addr_is_local(&b->flow->dst);
}

static void
on_body(struct exposed *x, const struct body_view *b, int64_t now_ns)
{
    size_t len = b->len < LOOK_BYTES_MAX ? b->len : LOOK_BYTES_MAX;
    bool form = begins(b->mime, "application/x-www-form") || begins(b->mime, "application/json");
    struct card_context card;

    if (is_worth_a_look(b) && card_in_context(str_n(b->bytes, len), &card))
        found(x, b->flow, &card,
              form && !b->from_server        ? "form"
              : begins(b->mime, "text/html") ? "page"
                                             : "file",
              b->name, now_ns);
}

/* agent/net/proto/card_seen.h. What the world's own servers show is nobody's card. */
static void
on_record(struct exposed *x, const struct record_view *r, int64_t now_ns)
{
    const struct record_field *count = record_find(r, "cards"),
                              *server = record_find(r, "from_server");
    struct str last4 = record_text(r, "last4"), service = record_text(r, "service");
    struct card_context card = {.count = 1};

    if (last4.len != 4 || (server != NULL && server->number != 0 &&
                           !net_addr_is_local(&r->flow->dst) && !str_is(service, "telnet")))
        return;
    memcpy(card.last4, last4.at, 4);
    if (count != NULL && count->number > 0 && count->number < UINT32_MAX)
        card.count = (uint32_t)count->number;
    found(x, r->flow, &card, str_is(service, "telnet") ? "terminal" : "raw", service, now_ns);
}

static void
observe(void *self, const struct obs *obs)
{
    struct exposed *x = self;

    if (obs->kind == OBS_BODY) {
        on_body(x, obs->body, obs->time_ns);
    } else if (obs->kind == OBS_HTTP && obs->http->card.len == 4) {
        struct card_context card = {.count = 1};

        memcpy(card.last4, obs->http->card.at, 4);
        found(x, obs->http->flow, &card, "address", obs->http->uri, obs->time_ns);
    } else if (obs->kind == OBS_RECORD && strcmp(obs->record->type, "card") == 0) {
        on_record(x, obs->record, obs->time_ns);
    }
}

/* ---- rows ---- */

static void
put(const void *cell, struct buf *out)
{
    const struct pair *p = cell;

    codec_put_i64(out, p->told_ns);
    buf_put_be32(out, p->seen);
}

static void
get(void *cell, struct slice *in)
{
    struct pair *p = cell;

    p->told_ns = codec_time(in);
    p->seen = slice_be32(in);
}

static void
exposed_free(void *self)
{
    struct exposed *x = self;

    if (x == NULL)
        return;
    keytab_free(x->pairs);
    free(x);
}

_Static_assert(PAIRS_MAX *(sizeof(struct pair) + CELL_OWN_BYTES) <= NET_CARD_NUMBER_EXPOSED_BYTES,
               "the memory of detectors is promised");

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    static const struct keytab_options options = {.cell_bytes = sizeof(struct pair),
                                                  .cells_max = PAIRS_MAX,
                                                  .row_bits = 3,
                                                  .name = 'p',
                                                  .version = PAIRS_VERSION,
                                                  .put = put,
                                                  .get = get};
    struct exposed *x = calloc(1, sizeof(*x));

    if (x == NULL)
        return VG_ERR_NOMEM;
    x->judge = env->judge;
    x->scene = env->scene;
    x->repeat_ns = VG_DAY_NS;
    if (!net_setting_duration(env, "repeat", VG_HOUR_NS, 366 * VG_DAY_NS, &x->repeat_ns, why)) {
        exposed_free(x);
        return VG_ERR_CONFIG;
    }
    if (keytab_new(&options, &x->pairs) != VG_OK) {
        exposed_free(x);
        return VG_ERR_NOMEM;
    }
    *self = x;
    return VG_OK;
}

static void
save(void *self, struct state_out *out)
{
    keytab_save(((struct exposed *)self)->pairs, out);
}

static enum vg_err
load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    return keytab_load(((struct exposed *)self)->pairs, key, version, blob);
}

static void
health(const void *self, json_t *counters)
{
    const struct exposed *x = self;

    (void)json_object_set_new(counters, "pairs", json_integer((json_int_t)keytab_count(x->pairs)));
    (void)json_object_set_new(counters, "evicted",
                              json_integer((json_int_t)keytab_evicted(x->pairs)));
}

const struct detector NET_CARD_NUMBER_EXPOSED = {
    .name = "net.card_number_exposed",
    .sensor = "net",
    .kinds = 1u << OBS_HTTP | 1u << OBS_BODY | 1u << OBS_RECORD,
    .make = make,
    .observe = observe,
    .save = save,
    .load = load,
    .free = exposed_free,
    .health = health,
};
