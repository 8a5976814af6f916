/* SPDX-License-Identifier: Apache-2.0 */
/* mysql: greeting and log-in of MySQL and MariaDB (MySQL Internals, Client/Server Protocol,
 * Connection Phase).
 *
 * Record "mysql", when the server answered the log-in, or at the end:
 *   version          of the server
 *   user, database   that the client asks for
 *   plugin           how it proves itself ("caching_sha2_password")
 *   error            the server's error number, where it refused
 *   tls              true: the client switched to TLS, which follows
 * Log-ins: the answer. Of what comes after, statements that make a tool of the server (sql.h). */
#include "agent/net/engine.h"
#include "agent/net/proto/framed.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/proto/sql.h"
#include "agent/net/proto/words.h"
#include "agent/net/record.h"

enum {
    PORT = 3306,
    MESSAGE_MAX = 16 * 1024,
    STATEMENT_MAX = 64 * 1024, /* a longer one is passed over */
    COM_QUERY = 3,
    COM_PREPARE = 22,
    TEXT_MAX = 80,
    PROTOCOL_VERSION = 10,
    CAP_DATABASE = 0x8,
    CAP_COMPRESS = 0x20,
    CAP_41 = 0x200,
    CAP_SSL = 0x800,
    CAP_SECURE = 0x8000,
    CAP_PLUGIN = 0x80000,
    CAP_LENENC = 0x200000,
    SSL_REQUEST_BYTES = 32,
    REPLY_OK = 0,
    REPLY_MORE = 1,
    REPLY_SWITCH = 0xfe,
    REPLY_ERROR = 0xff,
};

struct mysql {
    struct framed side[2];
    unsigned client;
    bool greeted, asked, told, tls, compressed, in;
    struct sql sql;
    int error; /* 0: none */
    char version[TEXT_MAX], user[TEXT_MAX], database[TEXT_MAX], plugin[TEXT_MAX];
};

static void
tell(struct mysql *m, const struct protocol_call *call)
{
    struct record r = {.type = "mysql"};

    record_text_opt(&r, "version", str_of(m->version));
    record_text_opt(&r, "user", str_of(m->user));
    record_text_opt(&r, "database", str_of(m->database));
    record_text_opt(&r, "plugin", str_of(m->plugin));
    if (m->error != 0)
        record_number(&r, "error", m->error);
    if (m->tls)
        record_bool(&r, "tls", true);
    m->told = true;
    if (r.count > 0)
        record_tell(&r, call, m->client);
}

static enum vg_err
finish(struct mysql *m, const struct protocol_call *call, enum login_result result)
{
    struct login_view login = {.service = "mysql",
                               .user = str_of(m->user),
                               .result = result,
                               .cleartext = str_is(str_of(m->plugin), "mysql_clear_password")};

    tell(m, call);
    if (m->asked)
        login_tell(&login, call, m->client);
    return VG_END;
}

/* Up to a NUL, or to the end. */
static struct str
take_text(struct slice *in)
{
    const uint8_t *nul = in->left > 0 ? memchr(in->at, 0, in->left) : NULL;
    size_t n = nul != NULL ? (size_t)(nul - in->at) : in->left;
    struct slice text = slice_sub(in, n);

    if (nul != NULL)
        slice_skip(in, 1);
    return str_n(text.at, text.left);
}

/* ---- the server ---- */

static enum vg_err
on_greeting(struct mysql *m, const struct protocol_call *call, struct slice in)
{
    uint8_t first = slice_u8(&in);

    if (first == REPLY_ERROR) { /* it talks to nobody from there */
        m->error = slice_le16(&in);
        return finish(m, call, LOGIN_UNKNOWN);
    }
    if (first != PROTOCOL_VERSION)
        return VG_ERR_FORMAT;
    (void)words_keep(m->version, sizeof(m->version), take_text(&in));
    m->greeted = true;
    return VG_OK;
}

static enum vg_err
on_answer(struct mysql *m, const struct protocol_call *call, struct slice in)
{
    struct str plugin;

    switch (slice_u8(&in)) {
    case REPLY_OK:
        (void)finish(m, call, LOGIN_SUCCEEDED);
        m->in = true;
        m->side[1 - m->client].skip = UINT64_MAX; /* what it answers is not read */
        return m->compressed ? VG_END : VG_OK;
    case REPLY_ERROR:
        m->error = slice_le16(&in);
        return finish(m, call, LOGIN_FAILED);
    case REPLY_SWITCH:
        plugin = take_text(&in);
        if (plugin.len > 0)
            (void)words_keep(m->plugin, sizeof(m->plugin), plugin);
        return VG_OK;
    case REPLY_MORE:
        return VG_OK;
    default:
        return VG_ERR_FORMAT;
    }
}

/* ---- the client ---- */

/* What proves the user: its length is read, it is not. */
static void
skip_proof(struct slice *in, uint32_t caps)
{
    uint8_t n;

    if ((caps & (CAP_LENENC | CAP_SECURE)) == 0) {
        (void)take_text(in);
        return;
    }
    n = slice_u8(in);
    slice_skip(in, (caps & CAP_LENENC) != 0 && n == 0xfc ? slice_le16(in) : n);
}

static enum vg_err
on_login(struct mysql *m, const struct protocol_call *call, struct slice in)
{
    size_t len = in.left;
    uint32_t caps = slice_le16(&in);

    if ((caps & CAP_41) != 0) {
        caps |= (uint32_t)slice_le16(&in) << 16;
        slice_skip(&in, 4 + 1 + 23);
        if (in.bad)
            return VG_ERR_FORMAT;
        if ((caps & CAP_SSL) != 0 && len == SSL_REQUEST_BYTES) {
            m->tls = true;
            tell(m, call);
            net_flow_handover(call->flow);
            return VG_OK;
        }
    } else {
        slice_skip(&in, 3);
    }
    (void)words_keep(m->user, sizeof(m->user), take_text(&in));
    skip_proof(&in, caps);
    if ((caps & CAP_DATABASE) != 0)
        (void)words_keep(m->database, sizeof(m->database), take_text(&in));
    m->compressed = (caps & CAP_COMPRESS) != 0;
    if ((caps & CAP_PLUGIN) != 0)
        (void)words_keep(m->plugin, sizeof(m->plugin), take_text(&in));
    m->asked = true;
    return VG_OK;
}

/* ---- life ---- */

static void
on_command(struct mysql *m, const struct protocol_call *call, struct slice in)
{
    uint8_t command = slice_u8(&in);

    if (command == COM_QUERY || command == COM_PREPARE)
        sql_look(&m->sql, call, m->client, "mysql", str_of(m->user), in);
}

static enum vg_err
take_message(void *self, const struct protocol_call *call, struct slice *in)
{
    struct mysql *m = self;
    uint32_t len = slice_le16(in), most = m->in ? STATEMENT_MAX : MESSAGE_MAX;
    struct slice body;

    len |= (uint32_t)slice_u8(in) << 16;
    slice_skip(in, 1); /* its number */
    if (in->bad)
        return VG_AGAIN;
    if (len > most && m->in) {
        m->side[call->dir].skip = len;
        return VG_OK;
    }
    if (len == 0 || len > most)
        return len == 0 ? VG_OK : VG_ERR_LIMIT;
    body = slice_sub(in, len);
    if (in->bad)
        return VG_AGAIN;
    if (call->dir != m->client)
        return !m->greeted ? on_greeting(m, call, body)
               : m->asked  ? on_answer(m, call, body)
                           : VG_ERR_FORMAT;
    if (m->in)
        on_command(m, call, body);
    return m->asked ? VG_OK : on_login(m, call, body);
}

static enum vg_err
mysql_bytes(void *self, const struct protocol_call *call, struct slice bytes)
{
    struct mysql *m = self;

    return framed_bytes(&m->side[call->dir], call, bytes, take_message, m);
}

static enum vg_err
mysql_gap(void *self, const struct protocol_call *call, uint32_t bytes)
{
    struct mysql *m = self;

    return m->in && framed_gap(&m->side[call->dir], bytes) ? VG_OK : VG_END;
}

/* The greeting: a short first message (number 0) of protocol version 10 with a version that begins
 * with a digit; on the usual port also an error. */
static enum probe
mysql_probe(struct slice head, uint16_t sport, uint16_t dport)
{
    uint16_t len = slice_le16(&head);
    uint8_t high = slice_u8(&head), number = slice_u8(&head), first = slice_u8(&head),
            digit = slice_u8(&head);

    (void)dport;
    if (head.bad)
        return sport == PORT ? PROBE_MORE : PROBE_NO;
    if (high != 0 || number != 0 || len < 8 || len > 512)
        return PROBE_NO;
    if (sport == PORT && first == REPLY_ERROR)
        return PROBE_YES;
    return first == PROTOCOL_VERSION && digit >= '0' && digit <= '9' ? PROBE_YES : PROBE_NO;
}

static void *
mysql_open(const struct protocol_call *call)
{
    struct mysql *m = net_parser_alloc(call->engine, sizeof(*m));

    if (m == NULL)
        return NULL;
    m->client = 1 - call->dir; /* the greeting is what was recognised */
    framed_init(&m->side[0], STATEMENT_MAX + 65536);
    framed_init(&m->side[1], STATEMENT_MAX + 65536);
    return m;
}

static void
mysql_close(void *self, const struct protocol_call *call)
{
    struct mysql *m = self;

    if (!m->told)
        (void)finish(m, call, LOGIN_UNKNOWN);
    framed_done(&m->side[0], call);
    framed_done(&m->side[1], call);
    net_parser_free(call->engine, m, sizeof(*m));
}

const struct protocol PROTOCOL_MYSQL = {
    .name = "mysql",
    .probe = mysql_probe,
    .open = mysql_open,
    .bytes = mysql_bytes,
    .gap = mysql_gap,
    .close = mysql_close,
};
