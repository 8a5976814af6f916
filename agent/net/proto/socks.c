/* SPDX-License-Identifier: Apache-2.0 */
/* socks: where a client asks a proxy to take it: SOCKS 4, 4A (the protocol's memos) and 5 (RFC 1928,
 * RFC 1929). After the proxy's yes the stream is what goes through it.
 *
 * Record "socks":
 *   version           4 or 5
 *   command           connect, bind, udp
 *   target, port      a name or an address
 *   user              of SOCKS 4, or of the log-in
 *   reply             the proxy's code (0 or 90: yes); absent where none came
 * Log-ins: user and password of SOCKS 5. */
#include "agent/net/engine.h"
#include "agent/net/proto/framed.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/proto/words.h"
#include "agent/net/record.h"

enum {
    VERSION_4 = 4,
    VERSION_5 = 5,
    METHOD_PASSWORD = 2,
    METHODS_MAX = 10,
    ADDRESS_4 = 1,
    ADDRESS_NAME = 3,
    ADDRESS_6 = 4,
    GRANTED_4 = 90,
    TEXT_MAX = 128,
    MESSAGE_MAX = 4096, /* or what the client says too early */
};

/* What the next message of the client, and then the answer to it, is. */
enum stage { STAGE_METHODS, STAGE_LOGIN, STAGE_REQUEST };

struct socks {
    struct framed side[2];
    unsigned client;
    enum stage stage;
    bool told, asked;
    uint8_t version, command;
    uint16_t port;
    int reply; /* -1: none */
    char target[TEXT_MAX], user[TEXT_MAX];
};

static void
tell(struct socks *s, const struct protocol_call *call)
{
    static const char *const COMMANDS[] = {"", "connect", "bind", "udp"};
    struct record r = {.type = "socks"};

    record_number(&r, "version", s->version);
    if (s->command < VG_ARRAY_LEN(COMMANDS))
        record_text_opt(&r, "command", str_of(COMMANDS[s->command]));
    record_text_opt(&r, "target", str_of(s->target));
    if (s->asked)
        record_number(&r, "port", s->port);
    record_text_opt(&r, "user", str_of(s->user));
    if (s->reply >= 0)
        record_number(&r, "reply", s->reply);
    record_tell(&r, call, s->client);
    s->told = true;
}

/* ---- the client ---- */

static struct slice
take_counted(struct slice *in)
{
    uint8_t n = slice_u8(in);

    return slice_sub(in, n);
}

static enum vg_err
take_address(struct socks *s, struct slice *in, uint8_t kind, bool keep)
{
    struct net_addr addr = {0};
    struct slice name;
    char text[NET_ADDR_TEXT_MAX];

    if (kind == ADDRESS_NAME) {
        name = take_counted(in);
        if (keep && !in->bad)
            (void)words_keep(s->target, sizeof(s->target), str_n(name.at, name.left));
        return VG_OK;
    }
    if (kind != ADDRESS_4 && kind != ADDRESS_6)
        return VG_ERR_FORMAT;
    addr.family = kind == ADDRESS_4 ? 4 : 6;
    (void)slice_copy(in, addr.bytes, kind == ADDRESS_4 ? 4 : 16);
    if (keep && !in->bad)
        (void)words_keep(s->target, sizeof(s->target), str_of(net_addr_format(&addr, text)));
    return VG_OK;
}

/* The bytes up to a NUL; false where there is none yet. */
static bool
take_text(struct slice *in, struct str *out)
{
    const uint8_t *nul = in->left > 0 ? memchr(in->at, 0, in->left) : NULL;
    struct slice text;

    if (nul == NULL)
        return false;
    text = slice_sub(in, (size_t)(nul - in->at));
    slice_skip(in, 1);
    *out = str_n(text.at, text.left);
    return true;
}

static enum vg_err
take_request_4(struct socks *s, struct slice *in)
{
    struct str user, name = str_of(NULL);
    struct slice addr;

    slice_skip(in, 1);
    s->command = slice_u8(in);
    s->port = slice_be16(in);
    addr = *in;
    if (take_address(s, in, ADDRESS_4, true) != VG_OK || in->bad || !take_text(in, &user))
        return VG_AGAIN;
    /* 4A: 0.0.0.x stands for a name behind the user */
    if (slice_be24(&addr) == 0 && slice_u8(&addr) != 0) {
        if (!take_text(in, &name))
            return VG_AGAIN;
        (void)words_keep(s->target, sizeof(s->target), name);
    }
    (void)words_keep(s->user, sizeof(s->user), user);
    s->asked = true;
    return VG_OK;
}

static enum vg_err
take_request_5(struct socks *s, struct slice *in)
{
    uint8_t version = slice_u8(in), command = slice_u8(in), kind;
    enum vg_err err;

    slice_skip(in, 1);
    kind = slice_u8(in);
    if (in->bad)
        return VG_AGAIN;
    if (version != VERSION_5)
        return VG_ERR_FORMAT;
    err = take_address(s, in, kind, true);
    s->port = slice_be16(in);
    s->command = command;
    if (err == VG_OK && in->bad)
        return VG_AGAIN;
    s->asked = err == VG_OK;
    return err;
}

/* RFC 1929: version, name, password. */
static enum vg_err
take_login(struct socks *s, struct slice *in)
{
    uint8_t version = slice_u8(in);
    struct slice user = take_counted(in);

    (void)take_counted(in);
    if (in->bad)
        return VG_AGAIN;
    (void)words_keep(s->user, sizeof(s->user), str_n(user.at, user.left));
    return version == 1 ? VG_OK : VG_ERR_FORMAT;
}

static enum vg_err
take_asked(void *self, const struct protocol_call *call, struct slice *in)
{
    struct socks *s = self;
    struct slice peek = *in;

    (void)call;
    if (s->version == 0) {
        s->version = slice_u8(&peek);
        if (s->version == VERSION_4)
            s->stage = STAGE_REQUEST;
    }
    if (s->asked)
        return VG_AGAIN; /* it goes on before it was told that it may: kept until then */
    if (s->version == VERSION_4)
        return take_request_4(s, in);
    if (s->version != VERSION_5)
        return VG_ERR_FORMAT;
    switch (s->stage) {
    case STAGE_METHODS:
        slice_skip(in, 1);
        (void)take_counted(in);
        return in->bad ? VG_AGAIN : VG_OK;
    case STAGE_LOGIN:
        return take_login(s, in);
    case STAGE_REQUEST:
        return take_request_5(s, in);
    }
    return VG_ERR_FORMAT;
}

/* ---- the proxy ---- */

static enum vg_err
on_reply(struct socks *s, const struct protocol_call *call, int code, int granted)
{
    s->reply = code;
    tell(s, call);
    if (code != granted)
        return VG_END;
    net_flow_handover(call->flow);
    net_handover_early(call, &s->side[s->client].part);
    return VG_OK;
}

static enum vg_err
on_login_answer(struct socks *s, const struct protocol_call *call, uint8_t status)
{
    struct login_view login = {.service = "socks",
                               .user = str_of(s->user),
                               .result = status == 0 ? LOGIN_SUCCEEDED : LOGIN_FAILED,
                               .cleartext = true};

    login_tell(&login, call, s->client);
    s->stage = STAGE_REQUEST;
    return status == 0 ? VG_OK : VG_END;
}

static enum vg_err
take_answer(void *self, const struct protocol_call *call, struct slice *in)
{
    struct socks *s = self;
    uint8_t first = slice_u8(in), second = slice_u8(in), kind;
    enum vg_err err;

    if (in->bad)
        return VG_AGAIN;
    if (s->version == VERSION_4) {
        slice_skip(in, 6);
        return in->bad ? VG_AGAIN : on_reply(s, call, second, GRANTED_4);
    }
    if (s->stage == STAGE_METHODS) {
        s->stage = second == METHOD_PASSWORD ? STAGE_LOGIN : STAGE_REQUEST;
        return first == VERSION_5 && (second == 0 || second == METHOD_PASSWORD) ? VG_OK : VG_END;
    }
    if (s->stage == STAGE_LOGIN)
        return on_login_answer(s, call, second);
    slice_skip(in, 1);
    kind = slice_u8(in);
    if (in->bad)
        return VG_AGAIN;
    err = take_address(s, in, kind, false);
    slice_skip(in, 2);
    if (err == VG_OK && in->bad)
        return VG_AGAIN;
    return err == VG_OK ? on_reply(s, call, second, 0) : err;
}

/* ---- life ---- */

static enum vg_err
socks_bytes(void *self, const struct protocol_call *call, struct slice bytes)
{
    struct socks *s = self;

    return framed_bytes(&s->side[call->dir], call, bytes,
                        call->dir == s->client ? take_asked : take_answer, s);
}

static enum vg_err
socks_gap(void *self, const struct protocol_call *call, uint32_t bytes)
{
    (void)self;
    (void)call;
    (void)bytes;
    return VG_END;
}

/* The methods that the client offers, and nothing more. */
static enum probe
look_at_5(struct slice in)
{
    uint8_t count;

    slice_skip(&in, 1);
    count = slice_u8(&in);
    if (in.bad)
        return PROBE_MORE;
    if (count == 0 || count > METHODS_MAX || in.left > count)
        return PROBE_NO;
    for (; in.left > 0; count--) {
        uint8_t method = slice_u8(&in);

        if (method > 9 && method < 0x80)
            return PROBE_NO;
    }
    return count == 0 ? PROBE_YES : PROBE_MORE;
}

/* Command, port, address, and a printable user that ends in NUL, with a name behind for 4A. */
static enum probe
look_at_4(struct slice in)
{
    uint8_t command;
    uint16_t port;
    uint32_t addr;
    struct str user, name;

    slice_skip(&in, 1);
    command = slice_u8(&in);
    if (!in.bad && command != 1 && command != 2)
        return PROBE_NO;
    port = slice_be16(&in);
    addr = slice_be32(&in);
    if (in.bad)
        return PROBE_MORE;
    if (port == 0 || addr == 0)
        return PROBE_NO;
    for (struct slice text = in; text.left > 0;) {
        uint8_t c = slice_u8(&text);

        if (c != 0 && (c < 0x20 || c >= 0x7f))
            return PROBE_NO;
    }
    if (!take_text(&in, &user) || (addr < 256 && !take_text(&in, &name)))
        return PROBE_MORE;
    return in.left == 0 ? PROBE_YES : PROBE_NO;
}

static enum probe
socks_probe(struct slice head, uint16_t sport, uint16_t dport)
{
    struct slice peek = head;
    uint8_t version = slice_u8(&peek);

    (void)sport;
    (void)dport;
    if (version == VERSION_5)
        return look_at_5(head);
    return version == VERSION_4 ? look_at_4(head) : PROBE_NO;
}

static void *
socks_open(const struct protocol_call *call)
{
    struct socks *s = net_parser_alloc(call->engine, sizeof(*s));

    if (s == NULL)
        return NULL;
    s->client = call->dir;
    s->reply = -1;
    framed_init(&s->side[0], MESSAGE_MAX + 65536);
    framed_init(&s->side[1], MESSAGE_MAX + 65536);
    return s;
}

static void
socks_close(void *self, const struct protocol_call *call)
{
    struct socks *s = self;

    if (!s->told)
        tell(s, call);
    framed_done(&s->side[0], call);
    framed_done(&s->side[1], call);
    net_parser_free(call->engine, s, sizeof(*s));
}

const struct protocol PROTOCOL_SOCKS = {
    .name = "socks",
    .probe = socks_probe,
    .open = socks_open,
    .bytes = socks_bytes,
    .gap = socks_gap,
    .close = socks_close,
};
