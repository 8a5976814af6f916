/* SPDX-License-Identifier: Apache-2.0 */
/* bittorrent: peers (BEP 3), the distributed table of peers (BEP 5), trackers over UDP (BEP 15), the
 * local search for peers (BEP 14) and uTP (BEP 29) where it is certain. Record "bittorrent":
 *   kind      peer, dht, tracker, local, utp
 *   infohash  what is shared, in hex: of a handshake, a question for peers, a local search
 *   client    the program as the peer's id names it ("qB4500"), of a handshake
 *   method    of a dht message: ping, find_node, get_peers, announce_peer, answer, error */
#include <stdio.h>

#include "agent/net/engine.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/record.h"
#include "common/hex.h"

enum {
    HASH_BYTES = 20,
    HANDSHAKE_BYTES = 68,
    UTP_BYTES = 20,
    UTP_SYN = 4 << 4 | 1,
    CONNECT_BYTES = 16,
    DATAGRAMS_MAX = 16, /* looked at, of one flow */
};
#define TRACKER_MAGIC UINT64_C(0x0000041727101980)
#define HANDSHAKE                                                                                  \
    "\x13"                                                                                         \
    "BitTorrent protocol"
#define LOCAL "BT-SEARCH * HTTP/1.1\r\n"

struct told {
    const char *kind;
    struct str method, client;
    const uint8_t *hash; /* HASH_BYTES, or NULL */
};

static void
tell(const struct protocol_call *call, const struct told *t, unsigned client)
{
    char hex[2 * HASH_BYTES + 1];
    struct record r = {.type = "bittorrent"};

    record_text_put(&r, "kind", str_of(t->kind));
    if (t->hash != NULL) {
        hex_put(t->hash, HASH_BYTES, hex);
        record_text_put(&r, "infohash", str_n(hex, sizeof(hex) - 1));
    }
    record_text_opt(&r, "client", t->client);
    record_text_opt(&r, "method", t->method);
    record_tell(&r, call, client);
}

/* Whether `in` begins with `text`, which is then skipped. */
static bool
starts(struct slice *in, const char *text, size_t len)
{
    struct slice ahead = *in;
    const uint8_t *p = slice_take(&ahead, len);

    if (p == NULL || memcmp(p, text, len) != 0)
        return false;
    *in = ahead;
    return true;
}
#define STARTS(in, text) starts(in, text, sizeof(text) - 1)

/* ---- peers over TCP ---- */

struct bittorrent {
    uint8_t told, datagrams;
    struct buf in[2];
};

static enum probe
bittorrent_probe(struct slice head, uint16_t sport, uint16_t dport)
{
    const size_t len = sizeof(HANDSHAKE) - 1;
    size_t n = head.left < len ? head.left : len;
    const uint8_t *p = slice_take(&head, n);

    (void)sport;
    (void)dport;
    if (n == 0 || memcmp(p, HANDSHAKE, n) != 0)
        return PROBE_NO;
    return n == len ? PROBE_YES : PROBE_MORE;
}

static void *
bittorrent_open(const struct protocol_call *call)
{
    struct bittorrent *bt = net_parser_alloc(call->engine, sizeof(*bt));

    if (bt == NULL)
        return NULL;
    for (unsigned d = 0; d < 2; d++)
        buf_init(&bt->in[d], HANDSHAKE_BYTES);
    return bt;
}

static void
bittorrent_close(void *self, const struct protocol_call *call)
{
    struct bittorrent *bt = self;

    for (unsigned d = 0; d < 2; d++)
        net_gather_done(call->engine, &bt->in[d]);
    net_parser_free(call->engine, bt, sizeof(*bt));
}

/* "-qB4500-", as most programs name themselves (BEP 20); others: nothing. */
static struct str
client_of(struct slice id)
{
    struct slice name;

    if (slice_u8(&id) != '-')
        return str_of(NULL);
    name = slice_sub(&id, 6);
    if (slice_u8(&id) != '-' || id.bad)
        return str_of(NULL);
    for (struct slice look = name; look.left > 0;) {
        uint8_t c = slice_u8(&look);

        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')))
            return str_of(NULL);
    }
    return str_n(name.at, name.left);
}

static enum vg_err
bittorrent_bytes(void *self, const struct protocol_call *call, struct slice bytes)
{
    struct bittorrent *bt = self;
    struct buf *in = &bt->in[call->dir];
    size_t room = in->cap - in->len;
    struct told t = {.kind = "peer", .method = str_of(NULL)};
    struct slice whole, part = slice_sub(&bytes, bytes.left < room ? bytes.left : room);

    if (part.left == 0)
        return VG_OK; /* this side has said its own */
    if (net_gather(call->engine, in, part.at, part.left) != VG_OK)
        return VG_ERR_LIMIT;
    if (in->len < HANDSHAKE_BYTES)
        return VG_OK;
    whole = buf_slice(in);
    if (!STARTS(&whole, HANDSHAKE))
        return VG_END;
    slice_skip(&whole, 8); /* flags of extensions */
    t.hash = slice_take(&whole, HASH_BYTES);
    t.client = client_of(whole);
    tell(call, &t, call->dir); /* each side names its own program */
    return ++bt->told == 2 ? VG_END : VG_OK;
}

static enum vg_err
bittorrent_gap(void *self, const struct protocol_call *call, uint32_t bytes)
{
    (void)self;
    (void)call;
    (void)bytes;
    return VG_END;
}

/* ---- datagrams ---- */

/* "20:" and the hash after a key, anywhere in a message; NULL where it is not. */
static const uint8_t *
find_hash(struct slice in)
{
    while (in.left > 0) {
        if (STARTS(&in, "9:info_hash20:"))
            return slice_take(&in, HASH_BYTES);
        slice_skip(&in, 1);
    }
    return NULL;
}

static struct str
find_method(struct slice in)
{
    static const char *const names[] = {"ping", "find_node", "get_peers", "announce_peer"};

    while (in.left > 0) {
        if (STARTS(&in, "1:q"))
            for (size_t i = 0; i < VG_ARRAY_LEN(names); i++) {
                struct slice value = in;
                char text[20];

                snprintf(text, sizeof(text), "%zu:%s", strlen(names[i]), names[i]);
                if (starts(&value, text, strlen(text)))
                    return str_of(names[i]);
            }
        slice_skip(&in, 1);
    }
    return str_of("");
}

/* A dictionary whose first entry is that of a question or an answer, with an id of 20 bytes. */
static bool
dht(struct slice in, struct told *t)
{
    struct slice all = in, last = in;

    if (in.left < 40)
        return false;
    slice_skip(&last, last.left - 1);
    if (slice_u8(&last) != 'e')
        return false;
    t->kind = "dht";
    if (STARTS(&in, "d1:ad2:id20:")) {
        t->method = find_method(all);
        t->hash = find_hash(all);
        return t->method.len > 0;
    }
    t->method = str_of("answer");
    return STARTS(&in, "d1:rd2:id20:") || STARTS(&in, "d2:ip6:");
}

static bool
tracker(struct slice in, struct told *t)
{
    t->kind = "tracker";
    return in.left == CONNECT_BYTES && slice_be64(&in) == TRACKER_MAGIC && slice_be32(&in) == 0;
}

/* A SYN: sequence number 1, nothing acknowledged, no delay measured yet. */
static bool
utp(struct slice in, struct told *t)
{
    bool good = in.left == UTP_BYTES && slice_u8(&in) == UTP_SYN && slice_u8(&in) == 0;

    t->kind = "utp";
    slice_skip(&in, 2 + 4);
    good = good && slice_be32(&in) == 0;
    slice_skip(&in, 4);
    return good && slice_be16(&in) == 1 && slice_be16(&in) == 0 && !in.bad;
}

/* The hash of a local search is in hex already. */
static bool
local(struct slice in, uint8_t hash[HASH_BYTES], struct told *t)
{
    t->kind = "local";
    if (!STARTS(&in, LOCAL))
        return false;
    while (in.left > 0 && t->hash == NULL) {
        if (STARTS(&in, "Infohash: ")) {
            if (hex_parse(slice_sub(&in, 2 * HASH_BYTES), hash, HASH_BYTES) != VG_OK)
                break;
            t->hash = hash;
        }
        slice_skip(&in, 1);
    }
    return true;
}

static bool
bittorrent_datagram(const struct protocol_call *call, const struct packet *pkt)
{
    struct bittorrent *bt = call->flow->parser;
    struct told t = {.kind = "", .method = str_of(NULL), .client = str_of(NULL)};
    uint8_t hash[HASH_BYTES];

    if (bt != NULL && ++bt->datagrams >= DATAGRAMS_MAX)
        call->flow->parser_done = true;
    if (!dht(pkt->payload, &t) && !tracker(pkt->payload, &t) && !utp(pkt->payload, &t) &&
        !local(pkt->payload, hash, &t))
        return bt != NULL;
    if (bt == NULL)
        call->flow->parser = bt = bittorrent_open(call);
    if (bt == NULL)
        return false;
    /* A node asks and is asked: one record of a flow, and one for each thing that is looked for. */
    if (bt->told == 0 || t.hash != NULL)
        tell(call, &t, call->dir);
    bt->told = 1;
    return true;
}

const struct protocol PROTOCOL_BITTORRENT = {
    .name = "bittorrent",
    .probe = bittorrent_probe,
    .open = bittorrent_open,
    .bytes = bittorrent_bytes,
    .gap = bittorrent_gap,
    .close = bittorrent_close,
    .datagram = bittorrent_datagram,
};
