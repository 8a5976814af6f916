/* SPDX-License-Identifier: Apache-2.0 */
/* tds: start and log-in of SQL Server (MS-TDS).
 *
 * Record "tds", when the log-in is through or hidden, or at the end:
 *   version                       of the server ("16.0.1000")
 *   user, host, application, server, database   of LOGIN7, where it is readable
 *   tls       "off" (nothing), "login" (only the log-in is hidden), "on"
 *   error     number of the server's error ("18456": log-in failed)
 * Log-ins: the answer; where only the log-in is hidden, without the name. The password is scrambled
 * with a known pattern, which is as good as readable. Where what comes after can be read: statements that
 * make a tool of the server (sql.h). */
#include "agent/net/engine.h"
#include "agent/net/proto/framed.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/proto/sql.h"
#include "agent/net/proto/utf16.h"
#include "agent/net/record.h"

#include <stdio.h>

enum {
    PORT = 1433,
    PACKET_BATCH = 0x01,
    PACKET_CALL = 0x03,
    PACKET_LOGIN = 0x10,
    PACKET_PRELOGIN = 0x12,
    PACKET_ANSWER = 0x04,
    PACKET_HEAD = 8,
    PACKET_MAX = 32 * 1024,
    OPTION_VERSION = 0,
    OPTION_ENCRYPTION = 1,
    OPTION_END = 0xff,
    OPTIONS_MAX = 16,
    ENCRYPT_OFF = 0, /* only the log-in */
    ENCRYPT_NONE = 2,
    LOGIN_OFFSETS = 36, /* of LOGIN7's table */
    TOKENS_MAX = 64,
    TOKEN_ERROR = 0xaa,
    TOKEN_INFO = 0xab,
    TOKEN_ACK = 0xad,
    TOKEN_ENVIRONMENT = 0xe3,
    TOKEN_SSPI = 0xed,
    TEXT_MAX = 80,
};

struct tds {
    struct framed side[2];
    unsigned client;
    bool agreed, asked, told, readable, in;
    struct sql sql;
    uint8_t encryption;
    int64_t error;
    char version[16];
    char user[TEXT_MAX], host[TEXT_MAX], application[TEXT_MAX], server[TEXT_MAX],
        database[TEXT_MAX];
};

static void
tell(struct tds *t, const struct protocol_call *call)
{
    struct record r = {.type = "tds"};

    record_text_opt(&r, "version", str_of(t->version));
    record_text_opt(&r, "user", str_of(t->user));
    record_text_opt(&r, "host", str_of(t->host));
    record_text_opt(&r, "application", str_of(t->application));
    record_text_opt(&r, "server", str_of(t->server));
    record_text_opt(&r, "database", str_of(t->database));
    if (t->agreed)
        record_text_put(&r, "tls",
                        str_of(t->encryption == ENCRYPT_NONE  ? "off"
                               : t->encryption == ENCRYPT_OFF ? "login"
                                                              : "on"));
    if (t->error != 0)
        record_number(&r, "error", t->error);
    t->told = true;
    if (r.count > 0)
        record_tell(&r, call, t->client);
}

static enum vg_err
finish(struct tds *t, const struct protocol_call *call, enum login_result result)
{
    struct login_view login = {
        .service = "tds", .user = str_of(t->user), .result = result, .cleartext = t->readable};

    tell(t, call);
    if (t->asked)
        login_tell(&login, call, t->client);
    return VG_END;
}

/* ---- before the log-in ---- */

static void
on_option(struct tds *t, uint8_t option, struct slice value)
{
    uint8_t major, minor;

    if (option == OPTION_ENCRYPTION && value.left > 0) {
        t->encryption = slice_u8(&value);
        t->agreed = true;
    }
    if (option == OPTION_VERSION && value.left >= 4) {
        major = slice_u8(&value);
        minor = slice_u8(&value);
        snprintf(t->version, sizeof(t->version), "%u.%u.%u", major, minor, slice_be16(&value));
    }
}

static enum vg_err
on_prelogin(struct tds *t, struct slice in)
{
    struct slice table = in;

    for (unsigned i = 0; i < OPTIONS_MAX; i++) {
        uint8_t option = slice_u8(&table);
        struct slice value = in;
        uint16_t at, len;

        if (table.bad)
            return VG_ERR_FORMAT;
        if (option == OPTION_END)
            break;
        at = slice_be16(&table);
        len = slice_be16(&table);
        slice_skip(&value, at);
        value = slice_sub(&value, len);
        if (table.bad || value.bad)
            return VG_ERR_FORMAT;
        on_option(t, option, value);
    }
    return VG_OK;
}

/* ---- the log-in ---- */

/* One of LOGIN7's texts: where, and how many characters. */
static void
take_name(struct slice message, struct slice *table, char *out)
{
    uint16_t at = slice_le16(table), characters = slice_le16(table);

    slice_skip(&message, at);
    message = slice_sub(&message, (size_t)characters * 2);
    if (!message.bad)
        out[utf16_read(message, out, TEXT_MAX - 1)] = '\0';
}

static enum vg_err
on_login(struct tds *t, struct slice in)
{
    struct slice table = in;

    slice_skip(&table, LOGIN_OFFSETS);
    take_name(in, &table, t->host);
    take_name(in, &table, t->user);
    slice_skip(&table, 4); /* the password */
    take_name(in, &table, t->application);
    take_name(in, &table, t->server);
    slice_skip(&table, 4 * 3); /* extension, library, language */
    take_name(in, &table, t->database);
    t->asked = true;
    t->readable = t->user[0] != '\0'; /* else Windows proves itself, by NTLM or Kerberos */
    return table.bad ? VG_ERR_FORMAT : VG_OK;
}

/* ---- the answer ---- */

static enum vg_err
on_answer(struct tds *t, const struct protocol_call *call, struct slice in)
{
    for (unsigned i = 0; i < TOKENS_MAX && in.left > 0; i++) {
        uint8_t token = slice_u8(&in);
        struct slice value;

        if (token != TOKEN_ERROR && token != TOKEN_INFO && token != TOKEN_ACK &&
            token != TOKEN_ENVIRONMENT && token != TOKEN_SSPI)
            break;
        value = slice_sub(&in, slice_le16(&in));
        if (in.bad && token != TOKEN_ACK)
            break;
        if (token == TOKEN_ACK) {
            (void)finish(t, call, LOGIN_SUCCEEDED);
            t->in = true;
            t->side[t->client].skip = 0; /* only the log-in was hidden */
            t->side[1 - t->client].skip = UINT64_MAX;
            return VG_OK;
        }
        if (token == TOKEN_ERROR && t->error == 0)
            t->error = slice_le32(&value);
        if (token == TOKEN_SSPI)
            return VG_OK; /* a challenge; the answer to it follows */
    }
    return finish(t, call, t->error != 0 ? LOGIN_FAILED : LOGIN_UNKNOWN);
}

static enum vg_err
on_packet(struct tds *t, const struct protocol_call *call, uint8_t type, struct slice body)
{
    bool client = call->dir == t->client;
    enum vg_err err;

    if (client && type == PACKET_LOGIN && !t->asked)
        return on_login(t, body);
    if (client && t->in) {
        if (type == PACKET_BATCH || type == PACKET_CALL)
            sql_look(&t->sql, call, t->client, "tds", str_of(t->user), body);
        return VG_OK;
    }
    if (client)
        return type == PACKET_PRELOGIN || t->asked ? VG_OK : VG_END; /* it began before we looked */
    if (type == PACKET_ANSWER && !t->agreed) {
        err = on_prelogin(t, body);
        if (err != VG_OK || !t->agreed || t->encryption == ENCRYPT_NONE)
            return err;
        if (t->encryption != ENCRYPT_OFF)
            return finish(t, call, LOGIN_UNKNOWN);
        t->asked = true; /* hidden; the answer is readable */
        t->side[t->client].skip = UINT64_MAX;
        return VG_OK;
    }
    return type == PACKET_ANSWER && t->asked ? on_answer(t, call, body) : VG_OK;
}

/* ---- life ---- */

static enum vg_err
take_packet(void *self, const struct protocol_call *call, struct slice *in)
{
    uint8_t type = slice_u8(in);
    uint16_t len;
    struct slice body;

    slice_skip(in, 1);
    len = slice_be16(in);
    slice_skip(in, 4);
    if (in->bad)
        return VG_AGAIN;
    if (len < PACKET_HEAD || len > PACKET_MAX)
        return VG_ERR_FORMAT;
    body = slice_sub(in, len - PACKET_HEAD);
    return in->bad ? VG_AGAIN : on_packet(self, call, type, body);
}

static enum vg_err
tds_bytes(void *self, const struct protocol_call *call, struct slice bytes)
{
    struct tds *t = self;

    return framed_bytes(&t->side[call->dir], call, bytes, take_packet, t);
}

static enum vg_err
tds_gap(void *self, const struct protocol_call *call, uint32_t bytes)
{
    struct tds *t = self;

    return framed_gap(&t->side[call->dir], bytes) ? VG_OK : VG_END;
}

/* PRELOGIN: its type, the last packet of its message, a length that fits, and the version as the
 * first option; or LOGIN7 with the length that it gives itself. */
static enum probe
tds_probe(struct slice head, uint16_t sport, uint16_t dport)
{
    uint8_t type = slice_u8(&head), status = slice_u8(&head), option;
    uint16_t len = slice_be16(&head), at, bytes;
    bool on_port = sport == PORT || dport == PORT; /* also questions and answers */
    uint32_t own;

    if (on_port && type > 0 && type < 16 && status < 16) {
        slice_skip(&head, 3);
        return slice_u8(&head) == 0 && !head.bad && len >= PACKET_HEAD ? PROBE_YES : PROBE_NO;
    }
    if ((type != PACKET_PRELOGIN && type != PACKET_LOGIN) || (!head.bad && status > 1))
        return PROBE_NO;
    slice_skip(&head, 4);
    if (type == PACKET_LOGIN) {
        own = slice_le32(&head);
        if (head.bad)
            return PROBE_MORE;
        return status == 1 && own == (uint32_t)len - PACKET_HEAD && len > 94 ? PROBE_YES : PROBE_NO;
    }
    option = slice_u8(&head);
    at = slice_be16(&head);
    bytes = slice_be16(&head);
    if (head.bad)
        return PROBE_MORE;
    return option == OPTION_VERSION && bytes == 6 && at >= 6 && len > PACKET_HEAD + at ? PROBE_YES
                                                                                       : PROBE_NO;
}

static void *
tds_open(const struct protocol_call *call)
{
    struct tds *t = net_parser_alloc(call->engine, sizeof(*t));

    if (t == NULL)
        return NULL;
    t->client = call->flow->key.port[call->dir] == PORT ? 1 - call->dir : call->dir;
    framed_init(&t->side[0], PACKET_MAX + 65536);
    framed_init(&t->side[1], PACKET_MAX + 65536);
    return t;
}

static void
tds_close(void *self, const struct protocol_call *call)
{
    struct tds *t = self;

    if (!t->told)
        (void)finish(t, call, LOGIN_UNKNOWN);
    framed_done(&t->side[0], call);
    framed_done(&t->side[1], call);
    net_parser_free(call->engine, t, sizeof(*t));
}

const struct protocol PROTOCOL_TDS = {
    .name = "tds",
    .probe = tds_probe,
    .open = tds_open,
    .bytes = tds_bytes,
    .gap = tds_gap,
    .close = tds_close,
};
