/* SPDX-License-Identifier: Apache-2.0 */
/* gquic: Google's QUIC before the IETF's, versions Q024 to Q046, whose first packets are in the
 * clear (Q050 and T050 on look like the IETF's: quic.c).
 *
 * Record "gquic", one for each conversation whose hello is seen: sni, version ("Q043"), user_agent
 * (where the client says it). */
#include "agent/net/engine.h"
#include "agent/net/proto/gquic_hello.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/proto/quic_keys.h"
#include "agent/net/record.h"

enum {
    FLAG_VERSION = 0x01,
    FLAG_RESET = 0x02,
    FLAG_CONNECTION = 0x08,
    CONNECTION_BYTES = 8,
    VERSION_IETF_HEAD = 46,
    HASH_BYTES = 12,
    HELLO_OFFSET_MAX = 64, /* frames before it */
    DATAGRAMS_MAX = 32,    /* after as many without a hello there will be none */
};

struct head {
    uint32_t version;
    unsigned number; /* 43 of "Q043" */
    struct slice payload;
};

/* "Q0" and two digits. */
static bool
read_version(uint32_t v, struct head *out)
{
    unsigned tens = (v >> 8 & 0xff) - '0', ones = (v & 0xff) - '0';

    if (v >> 16 != ('Q' << 8 | '0') || tens > 9 || ones > 9)
        return false;
    out->version = v;
    out->number = tens * 10 + ones;
    return out->number >= 24 && out->number <= VERSION_IETF_HEAD;
}

/* Up to Q043: flags, connection, version, packet number. */
static bool
read_public(struct slice in, struct head *out)
{
    uint8_t flags = slice_u8(&in);
    static const uint8_t NUMBER_BYTES[] = {1, 2, 4, 6};

    if ((flags & (0x80 | FLAG_RESET)) != 0 ||
        (flags & (FLAG_VERSION | FLAG_CONNECTION)) != (FLAG_VERSION | FLAG_CONNECTION))
        return false;
    slice_skip(&in, CONNECTION_BYTES);
    if (!read_version(slice_be32(&in), out) || in.bad || out->number >= VERSION_IETF_HEAD)
        return false;
    slice_skip(&in, NUMBER_BYTES[flags >> 4 & 3]);
    out->payload = in;
    return !in.bad;
}

/* Q046: a long header as drafts had it, its lengths in one byte. */
static bool
read_long(struct slice in, struct head *out)
{
    uint8_t first = slice_u8(&in), lengths;

    if ((first & 0xc0) != 0xc0 || !read_version(slice_be32(&in), out) ||
        out->number != VERSION_IETF_HEAD)
        return false;
    lengths = slice_u8(&in);
    slice_skip(&in, lengths >> 4 > 0 ? (lengths >> 4) + 3u : 0);
    slice_skip(&in, (lengths & 15) > 0 ? (lengths & 15) + 3u : 0);
    slice_skip(&in, (first & 3u) + 1);
    out->payload = in;
    return !in.bad;
}

/* The hello lies in a frame of stream 1, the first or nearly so. Looked for by its tag, as the
 * forms of frames changed with nearly each version. */
static bool
find_hello(struct slice payload, struct gquic_hello *out)
{
    slice_skip(&payload, HASH_BYTES);
    for (unsigned i = 0; i < HELLO_OFFSET_MAX && payload.left > 8; i++) {
        enum vg_err err = gquic_hello_read(payload, out);

        if (err == VG_OK || err == VG_ERR_SHORT)
            return true;
        slice_skip(&payload, 1);
    }
    return false;
}

static bool
gquic_datagram(const struct protocol_call *call, const struct packet *pkt)
{
    struct flow *flow = call->flow;
    struct record r = {.type = "gquic"};
    char version[QUIC_VERSION_TEXT_MAX];
    struct gquic_hello hello;
    struct head head;

    if (flow->protocol != NULL && ++flow->tries[0] >= DATAGRAMS_MAX)
        flow->parser_done = true;
    if (!read_public(pkt->payload, &head) && !read_long(pkt->payload, &head))
        return false;
    if (!find_hello(head.payload, &hello))
        return true;
    record_text_put(&r, "sni", hello.sni);
    record_text_put(&r, "version", str_of(quic_version_name(head.version, version)));
    record_text_opt(&r, "user_agent", hello.user_agent);
    net_flow_name_server(flow, hello.sni);
    net_flow_hello(call, str_of(""), str_of(""), hello.sni);
    flow->app = "gquic";
    record_tell(&r, call, call->dir);
    flow->parser_done = true;
    return true;
}

const struct protocol PROTOCOL_GQUIC = {.name = "gquic", .datagram = gquic_datagram};
