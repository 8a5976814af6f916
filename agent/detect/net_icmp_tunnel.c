/* SPDX-License-Identifier: Apache-2.0 */
/* net.icmp_tunnel: a conversation in the data of pings.
 *
 * What a ping carries is padding: a ramp, one byte over and over, perhaps behind a time stamp; and an
 * echo answers with the same bytes (RFC 792), or with their beginning. One row for each (asking,
 * asked) pair counts, within a window, what is neither: IP packets inside (valid header checksum),
 * answers that are not the question's bytes, text, data that changes each time, and data in message
 * types that carry none. Tools that measure lines send odd, even random padding, but get it back
 * unchanged: that alone needs much more before it is told. */
#include "agent/detect/detectors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/codec.h"
#include "agent/detect/keytab.h"
#include "agent/detect/net_common.h"
#include "agent/detect/net_tell.h"
#include "agent/detect/ping_look.h"
#include "common/vtime.h"

enum {
    PAIRS_MAX = 160,
    ICMP_TUNNEL_VERSION = 1,
    ASKED_KEPT = 4,     /* questions that wait for their answer */
    HEAD_BYTES = 24,    /* of each, compared with the answer */
    CONTENT_BYTES = 32, /* bitmap of contents */
    INSIDE_MIN = 3,
    DIFFERENT_MIN = 3,
    TEXT_MIN = 5,
    ODD_TYPE_MIN = 5,
};
#define WINDOW_NS (10 * VG_MIN_NS)
/* What pads no ping that a system sends, but may be a line tester's. */
enum { RANDOM_CONTENTS_MIN = 40, RANDOM_BYTES_MIN = 3000 };

struct asked {
    uint16_t id, seq;
    uint32_t len; /* of its data; head holds the beginning */
    bool waits;
    uint8_t head_len, head[HEAD_BYTES];
};

struct pair {
    int64_t first_ns; /* of the window; 0: empty */
    uint32_t packets, inside, different, text, odd_type, contents;
    uint64_t out, in; /* bytes of data */
    bool told;
    uint8_t next_asked;
    struct asked asked[ASKED_KEPT];
    uint8_t content[CONTENT_BYTES];
};

struct icmp_tunnel {
    struct judge *judge;
    const struct net_scene *scene;
    struct keytab *pairs;
};

/* ---- question and answer ---- */

static void
keep_question(struct pair *p, const struct icmp_view *v, uint32_t len)
{
    struct asked *a = &p->asked[p->next_asked];
    struct slice in = slice_of(v->data.at, v->data.len);

    *a = (struct asked){.id = v->echo_id, .seq = v->echo_seq, .len = len, .waits = true};
    a->head_len = (uint8_t)(in.left < HEAD_BYTES ? in.left : HEAD_BYTES);
    (void)slice_copy(&in, a->head, a->head_len);
    p->next_asked = (uint8_t)((p->next_asked + 1) % ASKED_KEPT);
}

/* The answer has not the question's bytes. Some answer with fewer; none with others, or more. */
static bool
answer_differs(struct pair *p, const struct icmp_view *v, uint32_t len)
{
    for (size_t i = 0; i < ASKED_KEPT; i++) {
        struct asked *a = &p->asked[i];
        size_t n = a->head_len < v->data.len ? a->head_len : v->data.len;

        /* a tunnel may give all its messages one number: only the newest may be compared */
        if (!a->waits || a->id != v->echo_id || a->seq != v->echo_seq)
            continue;
        a->waits = false;
        return len > a->len || memcmp(a->head, v->data.at, n) != 0;
    }
    return false;
}

static void
count_content(struct pair *p, struct str data)
{
    uint64_t h = str_hash(&STR_HASH_STORED, data.at, data.len) % (8 * CONTENT_BYTES);
    uint8_t bit = (uint8_t)(1u << (h & 7));

    p->contents += (p->content[h >> 3] & bit) == 0;
    p->content[h >> 3] |= bit;
}

/* Types that exist and carry data of their own: errors quote packets; routers announce themselves. */
static bool
type_without_data(const struct icmp_view *v)
{
    static const uint8_t CARRY[] = {3, 4, 5, 6, 9, 10, 11, 12, 30, 40, 42, 43};

    return !v->v6 && memchr(CARRY, v->type, sizeof CARRY) == NULL && v->data.len > 16;
}

/* ---- reports ---- */

static const char *
sign_of(const struct pair *p)
{
    if (p->inside >= INSIDE_MIN)
        return "packets";
    if (p->different >= DIFFERENT_MIN)
        return "answers";
    if (p->odd_type >= ODD_TYPE_MIN)
        return "types";
    if (p->text >= TEXT_MIN && p->contents >= TEXT_MIN)
        return "text";
    if (p->contents >= RANDOM_CONTENTS_MIN && p->out + p->in >= RANDOM_BYTES_MIN)
        return "data";
    return NULL;
}

static void
report(struct icmp_tunnel *t, const struct pair *p, const struct flow_view *f, const char *sign,
       int64_t now_ns)
{
    struct party subject, peer;
    struct finding finding = {.detector = "net.icmp_tunnel",
                              .time_ns = now_ns,
                              .subject = &subject,
                              .peer = &peer,
                              .score = strcmp(sign, "data") == 0 ? 70 : 85,
                              .severity =
                                  strcmp(sign, "data") == 0 ? SEVERITY_MEDIUM : SEVERITY_INFO};
    int64_t seconds = (now_ns - p->first_ns) / VG_SEC_NS;

    net_tell_party(t->scene, &subject, &f->src);
    net_tell_party(t->scene, &peer, &f->dst);
    finding.facts = net_tell_flow(t->scene, f, str_of(""));
    (void)json_object_update_missing_new(
        finding.facts,
        json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "sign", sign, "packets",
                  (json_int_t)p->packets, "data_out", (json_int_t)p->out, "data_in",
                  (json_int_t)p->in, "differing", (json_int_t)p->different, "carried",
                  (json_int_t)p->inside, "seconds", (json_int_t)(seconds > 0 ? seconds : 1)));
    finding.evidence = json_array();
    (void)json_array_append_new(finding.evidence, net_evidence_flow(f));
    judge_finding(t->judge, &finding);
}

/* ---- messages ---- */

static struct pair *
pair_use(struct icmp_tunnel *t, const struct net_addr *asking, const struct net_addr *asked,
         int64_t now_ns)
{
    struct net_key k = {0};
    struct pair *p;

    net_key_addr(&k, asking);
    net_key_addr(&k, asked);
    p = keytab_touch(t->pairs, str_hash(&STR_HASH_STORED, k.bytes, k.len), NULL);
    if (p != NULL &&
        (p->first_ns == 0 || now_ns - p->first_ns > WINDOW_NS || p->first_ns - now_ns > WINDOW_NS))
        *p = (struct pair){.first_ns = now_ns};
    return p;
}

static void
count(struct pair *p, const struct icmp_view *v, bool echo, bool answer)
{
    uint32_t len = v->payload_len > 4 ? v->payload_len - 4 : 0;
    enum ping_look look = ping_look(v->data);

    p->packets++;
    if (answer) {
        p->in += len;
        if (echo)
            p->different += answer_differs(p, v, len);
    } else {
        p->out += len;
        if (echo)
            keep_question(p, v, len);
    }
    p->inside += look == PING_PACKET;
    p->text += look == PING_TEXT;
    p->odd_type += !echo;
    if (look != PING_PADDING)
        count_content(p, v->data);
}

static void
observe(void *self, const struct obs *obs)
{
    struct icmp_tunnel *t = self;
    const struct icmp_view *v = obs->icmp;
    bool echo = v->v6 ? v->type == 128 || v->type == 129 : v->type == 0 || v->type == 8;
    bool answer = v->v6 ? v->type == 129 : v->type == 0;
    struct flow_view f = {.src = answer ? v->dst : v->src,
                          .dst = answer ? v->src : v->dst,
                          .sport = v->type,
                          .dport = v->code,
                          .proto = v->v6 ? 58 : 1,
                          .start_ns = obs->time_ns,
                          .end_ns = obs->time_ns,
                          .app = {"", 0},
                          .protocol = {"", 0},
                          .category = {"", 0},
                          .server_name = {"", 0}};
    const char *sign;
    struct pair *p;

    if ((!echo && !type_without_data(v)) || net_addr_is_group(&v->dst) ||
        net_addr_is_group(&v->src))
        return;
    p = pair_use(t, &f.src, &f.dst, obs->time_ns);
    if (p == NULL)
        return;
    count(p, v, echo, answer);
    sign = p->told ? NULL : sign_of(p);
    if (sign == NULL)
        return;
    p->told = true;
    f.packets_out = p->packets;
    f.payload_out = f.bytes_out = p->out;
    f.payload_in = f.bytes_in = p->in;
    f.start_ns = p->first_ns;
    report(t, p, &f, sign, obs->time_ns);
}

/* ---- the detector ---- */

static void
put(const void *cell, struct buf *out)
{
    const struct pair *p = cell;

    buf_put_be64(out, (uint64_t)p->first_ns);
    buf_put_be32(out, p->packets);
    buf_put_be32(out, p->inside);
    buf_put_be32(out, p->different);
    buf_put_be32(out, p->text);
    buf_put_be32(out, p->odd_type);
    buf_put_be32(out, p->contents);
    buf_put_be64(out, p->out);
    buf_put_be64(out, p->in);
    buf_put_u8(out, p->told);
    buf_put_u8(out, p->next_asked);
    for (size_t i = 0; i < ASKED_KEPT; i++) {
        const struct asked *a = &p->asked[i];

        buf_put_be16(out, a->id);
        buf_put_be16(out, a->seq);
        buf_put_be32(out, a->len);
        buf_put_u8(out, a->waits);
        buf_put_u8(out, a->head_len);
        buf_put(out, a->head, sizeof a->head);
    }
    buf_put(out, p->content, sizeof p->content);
}

static void
get(void *cell, struct slice *in)
{
    struct pair *p = cell;

    p->first_ns = codec_time(in);
    p->packets = slice_be32(in);
    p->inside = slice_be32(in);
    p->different = slice_be32(in);
    p->text = slice_be32(in);
    p->odd_type = slice_be32(in);
    p->contents = slice_be32(in);
    p->out = slice_be64(in);
    p->in = slice_be64(in);
    p->told = slice_u8(in) != 0;
    p->next_asked = slice_u8(in) % ASKED_KEPT;
    for (size_t i = 0; i < ASKED_KEPT; i++) {
        struct asked *a = &p->asked[i];

        a->id = slice_be16(in);
        a->seq = slice_be16(in);
        a->len = slice_be32(in);
        a->waits = slice_u8(in) != 0;
        a->head_len = slice_u8(in) % (HEAD_BYTES + 1);
        (void)slice_copy(in, a->head, sizeof a->head);
    }
    (void)slice_copy(in, p->content, sizeof p->content);
}

static void
icmp_tunnel_free(void *self)
{
    struct icmp_tunnel *t = self;

    if (t == NULL)
        return;
    keytab_free(t->pairs);
    free(t);
}

enum { CELL_BYTES = 48 /* what keytab adds */ };
_Static_assert(PAIRS_MAX *(sizeof(struct pair) + CELL_BYTES) <= NET_ICMP_TUNNEL_BYTES,
               "the memory of detectors is promised");

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    const struct keytab_options options = {.cell_bytes = sizeof(struct pair),
                                           .cells_max = PAIRS_MAX,
                                           .row_bits = 6,
                                           .name = 'p',
                                           .version = ICMP_TUNNEL_VERSION,
                                           .put = put,
                                           .get = get};
    struct icmp_tunnel *t = calloc(1, sizeof(*t));

    (void)why;
    if (t == NULL)
        return VG_ERR_NOMEM;
    t->judge = env->judge;
    t->scene = env->scene;
    if (keytab_new(&options, &t->pairs) != VG_OK) {
        icmp_tunnel_free(t);
        return VG_ERR_NOMEM;
    }
    *self = t;
    return VG_OK;
}

static void
save(void *self, struct state_out *out)
{
    struct icmp_tunnel *t = self;

    keytab_save(t->pairs, out);
}

static enum vg_err
load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct icmp_tunnel *t = self;

    return keytab_owns(t->pairs, key) ? keytab_load(t->pairs, key, version, blob) : VG_ERR_FORMAT;
}

static void
health(const void *self, json_t *counters)
{
    const struct icmp_tunnel *t = self;

    (void)json_object_set_new(counters, "pairs", json_integer((json_int_t)keytab_count(t->pairs)));
    (void)json_object_set_new(counters, "evicted",
                              json_integer((json_int_t)keytab_evicted(t->pairs)));
}

const struct detector NET_ICMP_TUNNEL = {
    .name = "net.icmp_tunnel",
    .sensor = "net",
    .kinds = 1u << OBS_ICMP,
    .make = make,
    .observe = observe,
    .save = save,
    .load = load,
    .free = icmp_tunnel_free,
    .health = health,
};
