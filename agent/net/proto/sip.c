/* SPDX-License-Identifier: Apache-2.0 */
/* sip: telephony over UDP and TCP (RFC 3261).
 *
 * Record "sip", one for each request: method, uri, from, to, user_agent, status (of the final
 * response; absent while unanswered). A request that carries Digest credentials is a log-in,
 * service "sip": the challenge (401, 407) or 403 to it means that it failed. Calls' bodies are not
 * read. At most SIP_RECORDS_MAX records a flow: who calls thousands of numbers is told by those. */
#include "agent/detect/mask.h"
#include "agent/net/engine.h"
#include "agent/net/proto/http_head.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/proto/sip_message.h"
#include "agent/net/proto/words.h"
#include "agent/net/record.h"

enum {
    SIP_PENDING_MAX = 8,
    SIP_RECORDS_MAX = 2000,
    SIP_METHOD_MAX = 16, /* of the texts of a waiting request */
    SIP_ADDRESS_MAX = 96,
    SIP_NAME_MAX = 64,
    SIP_KEPT_MAX = SIP_METHOD_MAX + 3 * SIP_ADDRESS_MAX + 2 * SIP_NAME_MAX + 6,
};

/* A request that waits for its answer; texts after each other, each with its NUL. */
struct waiting {
    uint64_t call; /* hash of Call-ID, method and CSeq */
    uint8_t client;
    bool authorized;
    uint16_t size;
    char *texts; /* method, uri, from, to, agent, user; owned */
};

struct sip {
    struct waiting waiting[SIP_PENDING_MAX];
    unsigned count, told;
    uint32_t skip[2];
    struct buf in[2]; /* TCP: a head that is not whole yet */
    size_t searched[2];
};

static uint64_t
call_of(const struct sip_message *m)
{
    uint8_t number[4] = {(uint8_t)(m->cseq >> 24), (uint8_t)(m->cseq >> 16),
                         (uint8_t)(m->cseq >> 8), (uint8_t)m->cseq};

    return str_hash(&STR_HASH_STORED, m->call_id.at, m->call_id.len) ^
           str_hash(&STR_HASH_STORED, m->method.at, m->method.len) ^
           str_hash(&STR_HASH_STORED, number, sizeof(number));
}

static struct str
next_text(const char **at)
{
    struct str s = str_of(*at);

    *at += s.len + 1;
    return s;
}

static void
drop(struct sip *sip, const struct protocol_call *call, unsigned i)
{
    net_parser_free(call->engine, sip->waiting[i].texts, sip->waiting[i].size);
    sip->count--;
    for (; i < sip->count; i++)
        sip->waiting[i] = sip->waiting[i + 1];
}

static void
tell_login(const struct waiting *w, const struct protocol_call *call, struct str user, int status)
{
    struct login_view login = {.service = "sip", .user = user};

    if (status >= 200 && status < 300)
        login.result = LOGIN_SUCCEEDED;
    else if (status == 401 || status == 403 || status == 407)
        login.result = LOGIN_FAILED;
    login_tell(&login, call, w->client);
}

/* `status` 0: unanswered. */
static void
tell(struct sip *sip, const struct protocol_call *call, unsigned i, int status)
{
    const struct waiting *w = &sip->waiting[i];
    const char *at = w->texts;
    struct record r = {.type = "sip"};
    static const char *const names[] = {"method", "uri", "from", "to", "user_agent"};

    for (size_t n = 0; n < VG_ARRAY_LEN(names); n++)
        record_text_opt(&r, names[n], next_text(&at));
    if (status > 0)
        record_number(&r, "status", status);
    if (sip->told < SIP_RECORDS_MAX) {
        sip->told++;
        record_tell(&r, call, w->client);
    }
    if (w->authorized)
        tell_login(w, call, next_text(&at), status);
    drop(sip, call, i);
}

/* Copies a text, masked and cut, with its NUL. */
static void
keep_text(char *texts, size_t *used, struct str s)
{
    mask_text(texts + *used, SIP_KEPT_MAX - *used, s.at, s.len);
    *used += strlen(texts + *used) + 1;
}

static void
on_request(struct sip *sip, const struct protocol_call *call, const struct sip_message *m)
{
    struct waiting w = {
        .call = call_of(m), .client = (uint8_t)call->dir, .authorized = m->authorized};
    char texts[SIP_KEPT_MAX];
    size_t used = 0;

    if (words_is(m->method, "ACK"))
        return; /* never answered */
    for (unsigned i = 0; i < sip->count; i++)
        if (sip->waiting[i].call == w.call && sip->waiting[i].client == w.client)
            return; /* said again */
    if (sip->count == SIP_PENDING_MAX)
        tell(sip, call, 0, 0);
    keep_text(texts, &used, words_cut(m->method, SIP_METHOD_MAX));
    keep_text(texts, &used, words_cut(m->uri, SIP_ADDRESS_MAX));
    keep_text(texts, &used, words_cut(sip_address(m->from), SIP_ADDRESS_MAX));
    keep_text(texts, &used, words_cut(sip_address(m->to), SIP_ADDRESS_MAX));
    keep_text(texts, &used, words_cut(m->agent, SIP_NAME_MAX));
    keep_text(texts, &used, words_cut(m->user, SIP_NAME_MAX));
    w.size = (uint16_t)used;
    w.texts = net_parser_alloc(call->engine, used);
    if (w.texts == NULL)
        return;
    memcpy(w.texts, texts, used);
    sip->waiting[sip->count++] = w;
}

static void
on_response(struct sip *sip, const struct protocol_call *call, const struct sip_message *m)
{
    uint64_t id = call_of(m);

    for (unsigned i = 0; i < sip->count && m->status >= 200; i++)
        if (sip->waiting[i].call == id && sip->waiting[i].client != call->dir) {
            tell(sip, call, i, m->status);
            return;
        }
}

static void
on_message(struct sip *sip, const struct protocol_call *call, const struct sip_message *m)
{
    if (m->response)
        on_response(sip, call, m);
    else
        on_request(sip, call, m);
}

static void *
sip_open(const struct protocol_call *call)
{
    struct sip *sip = net_parser_alloc(call->engine, sizeof(*sip));

    if (sip == NULL)
        return NULL;
    buf_init(&sip->in[0], SIP_HEAD_MAX);
    buf_init(&sip->in[1], SIP_HEAD_MAX);
    return sip;
}

static void
sip_close(void *self, const struct protocol_call *call)
{
    struct sip *sip = self;

    while (sip->count > 0)
        tell(sip, call, 0, 0);
    net_gather_done(call->engine, &sip->in[0]);
    net_gather_done(call->engine, &sip->in[1]);
    net_parser_free(call->engine, sip, sizeof(*sip));
}

/* ---- UDP ---- */

static bool
sip_datagram(const struct protocol_call *call, const struct packet *pkt)
{
    struct flow *flow = call->flow;
    struct sip_message m;

    if (sip_looks(pkt->payload) != 1 || sip_message_read(pkt->payload, &m) != VG_OK)
        return false;
    if (flow->parser == NULL && (flow->parser = sip_open(call)) == NULL)
        return false;
    on_message(flow->parser, call, &m);
    return true;
}

/* ---- TCP ---- */

static enum probe
sip_probe(struct slice head, uint16_t sport, uint16_t dport)
{
    int looks = sip_looks(head);

    (void)sport;
    (void)dport;
    return looks == 1 ? PROBE_YES : looks < 0 ? PROBE_MORE : PROBE_NO;
}

static void
skip_body(uint32_t *skip, struct slice *in)
{
    uint32_t n = *skip < in->left ? *skip : (uint32_t)in->left;

    slice_skip(in, n);
    *skip -= n;
}

/* One whole head at the beginning of *all; false where it is not there yet. Empty lines between
 * messages keep the connection alive (RFC 5626, 4.4.1). */
static bool
take_head(struct slice *all, size_t *searched, struct slice *head)
{
    size_t end;

    for (struct slice at = *all; at.left > 0;) {
        uint8_t c = slice_u8(&at);

        if (c != '\r' && c != '\n')
            break;
        *all = at;
        *searched = 0;
    }
    end = http_head_end(*all, searched);
    if (end == 0)
        return false;
    *head = slice_sub(all, end);
    *searched = 0;
    return true;
}

/* Works off whole messages; VG_ERR_FORMAT when it is no SIP (any more). */
static enum vg_err
take_messages(struct sip *sip, const struct protocol_call *call, struct slice *all)
{
    struct sip_message m;
    struct slice head;

    for (;;) {
        skip_body(&sip->skip[call->dir], all);
        if (all->left == 0 || !take_head(all, &sip->searched[call->dir], &head))
            return VG_OK;
        if (sip_message_read(head, &m) != VG_OK)
            return VG_ERR_FORMAT;
        on_message(sip, call, &m);
        sip->skip[call->dir] = m.length;
    }
}

static enum vg_err
sip_bytes(void *self, const struct protocol_call *call, struct slice bytes)
{
    struct sip *sip = self;
    struct buf *in = &sip->in[call->dir];
    enum vg_err err;

    while (in->len > 0 && bytes.left > 0) {
        struct slice all,
            part =
                slice_sub(&bytes, bytes.left < in->cap - in->len ? bytes.left : in->cap - in->len);
        err = net_gather(call->engine, in, part.at, part.left);
        if (err != VG_OK)
            return err;
        all = buf_slice(in);
        err = take_messages(sip, call, &all);
        buf_consume(in, in->len - all.left);
        if (err != VG_OK)
            return err;
        if (in->len == in->cap)
            return VG_ERR_FORMAT; /* a head without end */
    }
    err = take_messages(sip, call, &bytes);
    if (err == VG_OK && bytes.left > 0)
        err = net_gather(call->engine, in, bytes.at, bytes.left);
    return err;
}

static enum vg_err
sip_gap(void *self, const struct protocol_call *call, uint32_t bytes)
{
    struct sip *sip = self;
    uint32_t *skip = &sip->skip[call->dir];

    if (bytes > *skip)
        return VG_END; /* where messages begin is lost */
    *skip -= bytes;
    return VG_OK;
}

const struct protocol PROTOCOL_SIP = {
    .name = "sip",
    .probe = sip_probe,
    .open = sip_open,
    .bytes = sip_bytes,
    .gap = sip_gap,
    .close = sip_close,
    .datagram = sip_datagram,
};
