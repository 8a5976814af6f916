/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql: start and log-in (PostgreSQL documentation, Frontend/Backend Protocol, version 3).
 *
 * Record "postgresql", when the log-in is through, or at the end:
 *   user, database, application   what the client says of itself
 *   auth       how it proves itself: none, password, md5, sasl, gss, sspi, other
 *   version    of the server, once it lets the client in
 *   error      SQLSTATE of the refusal ("28P01")
 *   tls        true: the client switched to TLS, which follows
 * Log-ins: the answer. Of what comes after, statements that make a tool of the server (sql.h). */
#include "agent/net/engine.h"
#include "agent/net/proto/framed.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/proto/sql.h"
#include "agent/net/proto/words.h"
#include "agent/net/record.h"

enum {
    VERSION_3 = 3 << 16,
    CODE_CANCEL = 80877102,
    CODE_SSL = 80877103,
    CODE_GSS = 80877104,
    STARTUP_MAX = 10000, /* MAX_STARTUP_PACKET_LENGTH of the server */
    MESSAGE_MAX = 16 * 1024,
    STATEMENT_MAX = 64 * 1024, /* a longer one is passed over */
    TEXT_MAX = 64,
    PARAMETERS_MAX = 64,
};

enum stage { STAGE_BEGIN, STAGE_ENCRYPTION, STAGE_PROVING, STAGE_IN };

struct postgresql {
    struct framed side[2];
    unsigned client;
    enum stage stage;
    bool told, tls, cleartext;
    struct sql sql;
    const char *auth; /* static */
    char user[TEXT_MAX], database[TEXT_MAX], application[TEXT_MAX], version[TEXT_MAX], error[8];
};

static void
tell(struct postgresql *p, const struct protocol_call *call)
{
    struct record r = {.type = "postgresql"};

    record_text_opt(&r, "user", str_of(p->user));
    record_text_opt(&r, "database", str_of(p->database));
    record_text_opt(&r, "application", str_of(p->application));
    record_text_opt(&r, "auth", str_of(p->auth));
    record_text_opt(&r, "version", str_of(p->version));
    record_text_opt(&r, "error", str_of(p->error));
    if (p->tls)
        record_bool(&r, "tls", true);
    p->told = true;
    if (r.count > 0)
        record_tell(&r, call, p->client);
}

static void
tell_login(struct postgresql *p, const struct protocol_call *call, enum login_result result)
{
    struct login_view login = {.service = "postgresql",
                               .user = str_of(p->user),
                               .result = result,
                               .cleartext = p->cleartext};

    login_tell(&login, call, p->client);
}

static struct str
take_text(struct slice *in)
{
    const uint8_t *nul = in->left > 0 ? memchr(in->at, 0, in->left) : NULL;
    struct slice text;

    if (nul == NULL) {
        slice_skip(in, in->left + 1);
        return str_of(NULL);
    }
    text = slice_sub(in, (size_t)(nul - in->at));
    slice_skip(in, 1);
    return str_n(text.at, text.left);
}

/* ---- the client ---- */

static void
on_parameters(struct postgresql *p, struct slice in)
{
    for (unsigned i = 0; i < PARAMETERS_MAX && in.left > 1; i++) {
        struct str name = take_text(&in), value = take_text(&in);

        if (in.bad)
            return;
        if (str_is(name, "user"))
            (void)words_keep(p->user, sizeof(p->user), value);
        else if (str_is(name, "database"))
            (void)words_keep(p->database, sizeof(p->database), value);
        else if (str_is(name, "application_name"))
            (void)words_keep(p->application, sizeof(p->application), value);
    }
}

static enum vg_err
take_startup(void *self, const struct protocol_call *call, struct slice *in)
{
    struct postgresql *p = self;
    uint32_t len = slice_be32(in), code = slice_be32(in);
    struct slice body;

    (void)call;
    if (in->bad)
        return VG_AGAIN;
    if (len < 8 || len > STARTUP_MAX)
        return VG_ERR_FORMAT;
    body = slice_sub(in, len - 8);
    if (in->bad)
        return VG_AGAIN;
    if (code == CODE_SSL || code == CODE_GSS) {
        p->stage = STAGE_ENCRYPTION;
        return VG_OK;
    }
    if (code >> 16 != VERSION_3 >> 16)
        return VG_END;
    on_parameters(p, body);
    p->stage = STAGE_PROVING;
    p->side[call->dir].skip = UINT64_MAX; /* passwords and questions are not read */
    return VG_OK;
}

/* Query, and Parse of the extended protocol, whose text stands behind a name. */
static enum vg_err
take_question(void *self, const struct protocol_call *call, struct slice *in)
{
    struct postgresql *p = self;
    uint8_t type = slice_u8(in);
    uint32_t len = slice_be32(in);
    struct slice body;

    if (in->bad)
        return VG_AGAIN;
    if (len < 4)
        return VG_ERR_FORMAT;
    if (len > STATEMENT_MAX || (type != 'Q' && type != 'P')) {
        p->side[call->dir].skip = len - 4;
        return VG_OK;
    }
    body = slice_sub(in, len - 4);
    if (in->bad)
        return VG_AGAIN;
    sql_look(&p->sql, call, p->client, "postgresql", str_of(p->user), body);
    return VG_OK;
}

/* ---- the server ---- */

static enum vg_err
on_auth(struct postgresql *p, const struct protocol_call *call, struct slice in)
{
    static const struct {
        uint32_t code;
        const char *name;
    } NAMES[] = {{3, "password"}, {5, "md5"}, {7, "gss"}, {9, "sspi"}, {10, "sasl"}};
    uint32_t code = slice_be32(&in);

    if (in.bad)
        return VG_ERR_FORMAT;
    if (code == 0) {
        if (p->auth == NULL)
            p->auth = "none";
        tell_login(p, call, LOGIN_SUCCEEDED);
        p->stage = STAGE_IN;
        return VG_OK;
    }
    if (code == 3)
        p->cleartext = true;
    for (size_t i = 0; i < VG_ARRAY_LEN(NAMES); i++)
        if (NAMES[i].code == code)
            p->auth = NAMES[i].name;
    if (p->auth == NULL)
        p->auth = "other";
    return VG_OK;
}

/* Fields: a letter and a text; 'C' is the SQLSTATE. Class 28: invalid authorization. */
static enum vg_err
on_error(struct postgresql *p, const struct protocol_call *call, struct slice in)
{
    for (unsigned i = 0; i < PARAMETERS_MAX && in.left > 1; i++) {
        uint8_t field = slice_u8(&in);
        struct str text = take_text(&in);

        if (field == 'C')
            (void)words_keep(p->error, sizeof(p->error), text);
    }
    if (p->stage == STAGE_PROVING && words_begin(str_of(p->error), "28"))
        tell_login(p, call, LOGIN_FAILED);
    return VG_END;
}

static enum vg_err
on_message(struct postgresql *p, const struct protocol_call *call, uint8_t type, struct slice body)
{
    switch (type) {
    case 'R':
        return p->stage == STAGE_PROVING ? on_auth(p, call, body) : VG_END;
    case 'E':
        return on_error(p, call, body);
    case 'S':
        if (str_is(take_text(&body), "server_version"))
            (void)words_keep(p->version, sizeof(p->version), take_text(&body));
        return VG_OK;
    case 'N':
    case 'K':
    case 'v':
        return VG_OK;
    case 'Z': /* ready for questions */
        if (p->stage != STAGE_IN)
            return VG_END;
        tell(p, call);
        p->side[p->client].skip = 0;
        p->side[1 - p->client].skip = UINT64_MAX;
        return VG_OK;
    default:
        return VG_END;
    }
}

static enum vg_err
take_answer(void *self, const struct protocol_call *call, struct slice *in)
{
    struct postgresql *p = self;
    uint8_t type = slice_u8(in);
    struct slice body;
    uint32_t len;

    if (p->stage == STAGE_ENCRYPTION && type != 'E') {
        p->stage = STAGE_BEGIN;
        if (type == 'S') {
            p->tls = true;
            net_flow_handover(call->flow);
        }
        return type == 'G' ? VG_END : VG_OK;
    }
    len = slice_be32(in);
    if (in->bad)
        return VG_AGAIN;
    if (len < 4 || len > MESSAGE_MAX)
        return VG_ERR_FORMAT;
    body = slice_sub(in, len - 4);
    return in->bad ? VG_AGAIN : on_message(p, call, type, body);
}

/* ---- life ---- */

static enum vg_err
postgresql_bytes(void *self, const struct protocol_call *call, struct slice bytes)
{
    struct postgresql *p = self;

    framed_fn *take = call->dir != p->client ? take_answer : p->told ? take_question : take_startup;

    return framed_bytes(&p->side[call->dir], call, bytes, take, p);
}

static enum vg_err
postgresql_gap(void *self, const struct protocol_call *call, uint32_t bytes)
{
    struct postgresql *p = self;

    return framed_gap(&p->side[call->dir], bytes) ? VG_OK : VG_END;
}

/* The client's first message: its length, and one of four codes. */
static enum probe
postgresql_probe(struct slice head, uint16_t sport, uint16_t dport)
{
    size_t bytes = head.left, zeros = 0;
    struct slice begin = head;
    uint32_t len = slice_be32(&head), code = slice_be32(&head);

    (void)sport;
    (void)dport;
    while (begin.left > 0 && zeros < 2 && slice_u8(&begin) == 0)
        zeros++;
    if (head.bad)
        return zeros == bytes || zeros >= 2 ? PROBE_MORE : PROBE_NO;
    if (code == VERSION_3)
        return len >= 13 && len <= STARTUP_MAX && slice_u8(&head) >= 'a' ? PROBE_YES : PROBE_NO;
    if (code == CODE_SSL || code == CODE_GSS)
        return len == 8 && bytes == 8 ? PROBE_YES : PROBE_NO;
    return code == CODE_CANCEL && len == 16 ? PROBE_YES : PROBE_NO;
}

static void *
postgresql_open(const struct protocol_call *call)
{
    struct postgresql *p = net_parser_alloc(call->engine, sizeof(*p));

    if (p == NULL)
        return NULL;
    p->client = call->dir;
    framed_init(&p->side[0], STATEMENT_MAX + 65536);
    framed_init(&p->side[1], STATEMENT_MAX + 65536);
    return p;
}

static void
postgresql_close(void *self, const struct protocol_call *call)
{
    struct postgresql *p = self;

    if (p->stage == STAGE_PROVING && p->error[0] == '\0')
        tell_login(p, call, LOGIN_UNKNOWN);
    if (!p->told)
        tell(p, call);
    framed_done(&p->side[0], call);
    framed_done(&p->side[1], call);
    net_parser_free(call->engine, p, sizeof(*p));
}

const struct protocol PROTOCOL_POSTGRESQL = {
    .name = "postgresql",
    .probe = postgresql_probe,
    .open = postgresql_open,
    .bytes = postgresql_bytes,
    .gap = postgresql_gap,
    .close = postgresql_close,
};
