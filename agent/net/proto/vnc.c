/* SPDX-License-Identifier: Apache-2.0 */
/* vnc: a screen that others can see and steer (RFB, RFC 6143), as far as the log-in.
 *
 * Record "vnc", one for each connection that came so far: version (of the server, "3.8"), security (the
 * kind that was chosen: "none", "vnc", "tls", "vencrypt", "ra2", "apple", or its number), result
 * ("succeeded", "failed", "unknown"). Challenge and response of kind "vnc" make a log-in, service
 * "vnc"; where the kind is "none" nobody had to log in, and that is the news. */
#include "agent/net/engine.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/proto/pull.h"
#include "agent/net/record.h"

enum { VERSION_BYTES = 12, CHALLENGE_BYTES = 16, VNC_PEEK_MAX = 256 };
enum { SECURITY_INVALID = 0, SECURITY_NONE = 1, SECURITY_VNC = 2 };

enum phase { SERVER_VERSION, CLIENT_VERSION, OFFER, CHOICE, CHALLENGE, RESPONSE, RESULT };

struct vnc {
    struct pull in[2];
    uint8_t server, phase, security;
    uint16_t minor; /* what both speak, of version 3 */
    uint16_t offered;
    bool chosen, refused;
    enum login_result result;
};

static const struct {
    uint8_t number;
    const char *name;
} SECURITIES[] = {{1, "none"}, {2, "vnc"},       {5, "ra2"},    {6, "ra2ne"},  {16, "tight"},
                  {18, "tls"}, {19, "vencrypt"}, {30, "apple"}, {33, "apple"}, {35, "apple"}};

/* "RFB 003.008\n": the minor version, or -1. Apple says 003.889, RealVNC 004.001 and 005.000. */
static int
read_version(struct slice in)
{
    static const char start[] = "RFB 00";
    unsigned major, minor = 0;

    for (const char *p = start; *p != '\0'; p++)
        if (slice_u8(&in) != (uint8_t)*p)
            return -1;
    major = slice_u8(&in) - (unsigned)'0';
    if (slice_u8(&in) != '.')
        return -1;
    for (unsigned i = 0; i < 3; i++) {
        unsigned digit = slice_u8(&in) - (unsigned)'0';

        if (digit > 9)
            return -1;
        minor = minor * 10 + digit;
    }
    if (slice_u8(&in) != '\n' || in.bad || major < 3 || major > 5)
        return -1;
    return major > 3 ? 8 : (int)minor;
}

static void
tell(struct vnc *v, const struct protocol_call *call)
{
    struct login_view login = {.service = "vnc", .user = str_of(""), .result = v->result};
    struct record r = {.type = "vnc"};
    char version[8], number[8];
    const char *security = number;

    snprintf(version, sizeof(version), "3.%u", v->minor);
    snprintf(number, sizeof(number), "%u", v->security);
    for (size_t i = 0; i < VG_ARRAY_LEN(SECURITIES); i++)
        if (SECURITIES[i].number == v->security)
            security = SECURITIES[i].name;
    record_text_put(&r, "version", str_of(version));
    record_text_opt(&r, "security", str_of(v->chosen ? security : NULL));
    record_text_put(&r, "result", str_of(login_result_name(v->result)));
    record_tell(&r, call, 1U - v->server);
    if (v->refused || (v->chosen && v->security == SECURITY_VNC))
        login_tell(&login, call, 1U - v->server);
}

/* How many bytes the message of this phase has, as far as is known. */
static size_t
wanted(const struct vnc *v)
{
    switch ((enum phase)v->phase) {
    case SERVER_VERSION:
    case CLIENT_VERSION:
        return VERSION_BYTES;
    case OFFER:
        return v->minor < 7 ? 4 : 1U + v->offered;
    case CHOICE:
        return 1;
    case CHALLENGE:
    case RESPONSE:
        return CHALLENGE_BYTES;
    case RESULT:
        return 4;
    }
    return 1;
}

static uint8_t
speaker(const struct vnc *v)
{
    bool client = v->phase == CLIENT_VERSION || v->phase == CHOICE || v->phase == RESPONSE;

    return client ? (uint8_t)(1 - v->server) : v->server;
}

/* A kind was chosen. VG_END: the rest is not RFB's own log-in. */
static enum vg_err
choose(struct vnc *v, uint8_t security)
{
    v->chosen = true;
    v->security = security;
    if (security == SECURITY_VNC)
        v->phase = CHALLENGE;
    else if (security == SECURITY_NONE && v->minor >= 8)
        v->phase = RESULT;
    else
        return VG_END;
    return VG_OK;
}

static enum vg_err
on_offer(struct vnc *v, struct slice message)
{
    uint32_t word;

    if (v->minor < 7) { /* the server decides (RFC 6143, A.1) */
        word = slice_be32(&message);
        v->refused = word == SECURITY_INVALID;
        if (v->refused)
            v->result = LOGIN_FAILED;
        return word > SECURITY_INVALID && word <= 255 ? choose(v, (uint8_t)word) : VG_END;
    }
    if (v->offered == 0) {
        v->offered = slice_u8(&message);
        v->refused = v->offered == 0; /* too many failures, mostly */
        if (v->refused)
            v->result = LOGIN_FAILED;
        return v->refused ? VG_END : VG_AGAIN;
    }
    v->phase = CHOICE;
    return VG_OK;
}

/* One whole message of the phase at hand. VG_END: no more is to be learned; VG_AGAIN: it is longer than
 * was known. */
static enum vg_err
on_message(struct vnc *v, struct slice message)
{
    int minor;

    switch ((enum phase)v->phase) {
    case SERVER_VERSION:
    case CLIENT_VERSION:
        minor = read_version(message);
        if (minor < 0)
            return VG_ERR_FORMAT;
        if (v->phase == SERVER_VERSION || minor < v->minor)
            v->minor = (uint16_t)minor;
        v->phase++;
        return VG_OK;
    case OFFER:
        return on_offer(v, message);
    case CHOICE:
        return choose(v, slice_u8(&message));
    case CHALLENGE:
    case RESPONSE:
        v->phase++;
        return VG_OK;
    case RESULT:
        v->result = slice_be32(&message) == 0 ? LOGIN_SUCCEEDED : LOGIN_FAILED;
        return VG_END;
    }
    return VG_END;
}

static enum probe
vnc_probe(struct slice head, uint16_t sport, uint16_t dport)
{
    static const char start[] = "RFB 00";
    struct slice in = head;

    (void)sport;
    (void)dport;
    for (const char *p = start; *p != '\0' && in.left > 0; p++)
        if (slice_u8(&in) != (uint8_t)*p)
            return PROBE_NO;
    if (head.left < VERSION_BYTES)
        return head.left > 0 ? PROBE_MORE : PROBE_NO;
    return read_version(head) >= 0 ? PROBE_YES : PROBE_NO;
}

/* The server greets first; where the greeting was seen of the client alone there is no log-in. */
static void *
vnc_open(const struct protocol_call *call)
{
    struct vnc *v = net_parser_alloc(call->engine, sizeof(*v));

    if (v == NULL)
        return NULL;
    pull_init(&v->in[0], VNC_PEEK_MAX);
    pull_init(&v->in[1], VNC_PEEK_MAX);
    v->server = (uint8_t)(1 - call->flow->client);
    return v;
}

static enum vg_err
vnc_bytes(void *self, const struct protocol_call *call, struct slice bytes)
{
    struct vnc *v = self;
    struct pull *in = &v->in[call->dir];
    struct slice message;
    enum vg_err err = VG_OK;

    while (speaker(v) == call->dir) {
        size_t n = wanted(v);

        err = pull_peek(in, call, &bytes, n, &message);
        if (err != VG_OK)
            return err == VG_AGAIN ? VG_OK : err;
        err = on_message(v, message);
        if (err == VG_OK)
            pull_done(in, call, &bytes, n);
        else if (err != VG_AGAIN)
            return err;
    }
    return bytes.left > 0 && speaker(v) != call->dir ? VG_END : VG_OK;
}

static enum vg_err
vnc_gap(void *self, const struct protocol_call *call, uint32_t bytes)
{
    (void)self;
    (void)call;
    (void)bytes;
    return VG_END;
}

static void
vnc_close(void *self, const struct protocol_call *call)
{
    struct vnc *v = self;

    if (v->phase > SERVER_VERSION)
        tell(v, call);
    pull_free(&v->in[0], call->engine);
    pull_free(&v->in[1], call->engine);
    net_parser_free(call->engine, v, sizeof(*v));
}

const struct protocol PROTOCOL_VNC = {
    .name = "vnc",
    .probe = vnc_probe,
    .open = vnc_open,
    .bytes = vnc_bytes,
    .gap = vnc_gap,
    .close = vnc_close,
};
