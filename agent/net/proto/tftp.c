/* SPDX-License-Identifier: Apache-2.0 */
/* tftp: files fetched or put without any password (RFC 1350, RFC 2347).
 *
 * Record "tftp": operation ("read", "write"), file, mode, error where the answer is one. The bytes
 * of the file come from another port of the server. */
#include "agent/net/engine.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/proto/words.h"
#include "agent/net/record.h"

enum { PORT_TFTP = 69, TFTP_NAME_MAX = 255, TFTP_REQUESTS_MAX = 64 };
enum { OP_READ = 1, OP_WRITE = 2, OP_ERROR = 5 };

struct tftp {
    uint32_t last; /* hash of the last request: clients ask again */
    uint8_t told;
};

/* Printable text up to its NUL. */
static bool
take_text(struct slice *in, struct str *out)
{
    struct slice s = *in;
    size_t n = 0;
    uint8_t c;

    while ((c = slice_u8(&s)) != 0) {
        if (s.bad || c < 0x20 || c == 0x7f)
            return false;
        n++;
    }
    if (s.bad || n == 0)
        return false;
    *out = words_cut(str_n(slice_take(in, n), n), TFTP_NAME_MAX);
    slice_skip(in, 1);
    return true;
}

static bool
tftp_datagram(const struct protocol_call *call, const struct packet *pkt)
{
    struct slice in = pkt->payload;
    unsigned op = slice_be16(&in);
    struct str file, mode, all = str_n(pkt->payload.at, pkt->payload.left);
    struct tftp *t = call->flow->parser;
    struct record r = {.type = "tftp"};
    uint32_t hash;

    if (op != OP_READ && op != OP_WRITE)
        return t != NULL;
    if (!take_text(&in, &file) || !take_text(&in, &mode) ||
        !(words_is(mode, "octet") || words_is(mode, "netascii") || words_is(mode, "mail")))
        return false;
    if (t == NULL)
        t = call->flow->parser = net_parser_alloc(call->engine, sizeof(*t));
    if (t == NULL)
        return false;
    hash = (uint32_t)str_hash(&STR_HASH_STORED, all.at, all.len);
    if (hash == t->last || t->told == TFTP_REQUESTS_MAX)
        return true;
    t->last = hash;
    t->told++;
    record_text_put(&r, "operation", str_of(op == OP_READ ? "read" : "write"));
    record_text_put(&r, "file", file);
    record_text_put(&r, "mode", mode);
    record_tell(&r, call, call->dir);
    return true;
}

static void
tftp_close(void *self, const struct protocol_call *call)
{
    net_parser_free(call->engine, self, sizeof(struct tftp));
}

const struct protocol PROTOCOL_TFTP = {
    .name = "tftp",
    .close = tftp_close,
    .datagram = tftp_datagram,
};
