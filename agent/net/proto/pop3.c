/* SPDX-License-Identifier: Apache-2.0 */
/* pop3: mail that is fetched (RFC 1939; AUTH: RFC 5034; STLS: RFC 2595).
 *
 * Record "pop3", one for each mail that is fetched, or one at the end of a session without:
 *   user                       who logs in
 *   from, to, subject, message_id, user_agent, files   as in smtp.c
 * Log-ins: USER and PASS, APOP, AUTH. After STLS the stream is TLS's. */
#include "agent/net/engine.h"
#include "agent/net/proto/mime.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/proto/sasl.h"
#include "agent/net/proto/words.h"
#include "agent/net/record.h"

enum { PORT = 110, PENDING_MAX = 64 };

enum command {
    COMMAND_OTHER,
    COMMAND_PASS,
    COMMAND_APOP,
    COMMAND_AUTH,
    COMMAND_STLS,
    COMMAND_MAIL,  /* an answer of several lines: a mail */
    COMMAND_LINES, /* of several lines: something else */
};

enum mode { MODE_REPLIES, MODE_MAIL, MODE_LINES };

struct pop3 {
    struct lines lines[2];
    unsigned client;
    enum mode mode; /* of what the server sends */
    bool greeted, told, proving;
    uint8_t pending[PENDING_MAX]; /* a ring */
    unsigned first, count;
    struct mime *mail;
    struct sasl sasl;
};

static void
tell(struct pop3 *p, const struct protocol_call *call)
{
    struct record r = {.type = "pop3"};

    record_text_opt(&r, "user", str_of(p->sasl.user));
    mime_put(p->mail, &r);
    if (r.count > 0)
        record_tell(&r, call, p->client);
    p->told = true;
}

static void
end_mail(struct pop3 *p, const struct protocol_call *call, bool whole)
{
    if (p->mail == NULL)
        return;
    mime_finish(p->mail, call, whole);
    tell(p, call);
    mime_free(p->mail, call);
    p->mail = NULL;
}

static void
tell_login(struct pop3 *p, const struct protocol_call *call, bool ok, bool cleartext)
{
    struct login_view login = {.service = "pop3",
                               .user = str_of(p->sasl.user),
                               .result = ok ? LOGIN_SUCCEEDED : LOGIN_FAILED,
                               .cleartext = cleartext};

    login_tell(&login, call, p->client);
}

/* ---- the client ---- */

static enum command
command_of(struct pop3 *p, struct str line)
{
    struct str name = words_next(&line);

    if (words_is(name, "USER")) {
        (void)words_keep(p->sasl.user, sizeof(p->sasl.user), line);
        return COMMAND_OTHER;
    }
    if (words_is(name, "PASS"))
        return COMMAND_PASS;
    if (words_is(name, "APOP")) {
        (void)words_keep(p->sasl.user, sizeof(p->sasl.user), words_next(&line));
        return COMMAND_APOP;
    }
    if (words_is(name, "AUTH") && line.len > 0) {
        sasl_begin(&p->sasl, line);
        p->proving = true;
        return COMMAND_AUTH;
    }
    if (words_is(name, "STLS"))
        return COMMAND_STLS;
    if (words_is(name, "RETR") || words_is(name, "TOP"))
        return COMMAND_MAIL;
    if (words_is(name, "CAPA") || words_is(name, "AUTH") ||
        ((words_is(name, "LIST") || words_is(name, "UIDL")) && line.len == 0))
        return COMMAND_LINES;
    return COMMAND_OTHER;
}

static void
on_command(struct pop3 *p, struct str line)
{
    if (p->proving) {
        sasl_line(&p->sasl, line);
    } else if (p->count < PENDING_MAX) {
        p->pending[(p->first + p->count) % PENDING_MAX] = (uint8_t)command_of(p, line);
        p->count++;
    }
}

/* ---- the server ---- */

static void
on_answer(struct pop3 *p, const struct protocol_call *call, enum command c, bool ok)
{
    struct mime_about about = {.service = "pop3", .from_server = true, .client = p->client};

    switch (c) {
    case COMMAND_PASS:
        tell_login(p, call, ok, true);
        break;
    case COMMAND_APOP:
        tell_login(p, call, ok, false);
        break;
    case COMMAND_AUTH:
        p->proving = false;
        tell_login(p, call, ok, p->sasl.cleartext);
        break;
    case COMMAND_STLS:
        if (ok)
            net_flow_handover(call->flow);
        break;
    case COMMAND_MAIL:
        if (ok) {
            p->mode = MODE_MAIL;
            p->mail = mime_begin(call, &about);
        }
        break;
    case COMMAND_LINES:
        if (ok)
            p->mode = MODE_LINES;
        break;
    case COMMAND_OTHER:
        break;
    }
}

static enum vg_err
on_reply(struct pop3 *p, const struct protocol_call *call, struct str line)
{
    bool ok = words_begin(line, "+OK");
    enum command c;

    if (!ok && !words_begin(line, "-ERR"))
        return line.len > 0 && line.at[0] == '+' ? VG_OK : VG_ERR_FORMAT; /* "+ ": go on proving */
    if (!p->greeted) {
        p->greeted = true;
        return VG_OK;
    }
    if (p->count == 0)
        return VG_OK;
    c = (enum command)p->pending[p->first];
    p->first = (p->first + 1) % PENDING_MAX;
    p->count--;
    on_answer(p, call, c, ok);
    return VG_OK;
}

/* A line of an answer of several lines; dots as in SMTP. */
static void
on_content(struct pop3 *p, const struct protocol_call *call, struct line_piece *line)
{
    if (line->begins && line->text.len > 0 && line->text.at[0] == '.') {
        if (line->ends && line->text.len == 1) {
            end_mail(p, call, true);
            p->mode = MODE_REPLIES;
            return;
        }
        line->text = words_skip(line->text, 1);
    }
    if (p->mode == MODE_MAIL)
        mime_line(p->mail, call, line);
}

/* ---- life ---- */

static enum vg_err
pop3_bytes(void *self, const struct protocol_call *call, struct slice bytes)
{
    struct pop3 *p = self;
    struct line_piece line;
    enum vg_err err = VG_OK;

    while (err == VG_OK && !call->flow->handover &&
           lines_next(&p->lines[call->dir], call, &bytes, &line)) {
        if (call->dir != p->client && p->mode != MODE_REPLIES)
            on_content(p, call, &line);
        else if (!line.begins)
            continue;
        else if (call->dir == p->client)
            on_command(p, line.text);
        else
            err = on_reply(p, call, line.text);
    }
    if (call->flow->handover)
        net_handover_rest(call, bytes.left);
    return err;
}

static enum vg_err
pop3_gap(void *self, const struct protocol_call *call, uint32_t bytes)
{
    struct pop3 *p = self;

    lines_gap(&p->lines[call->dir]);
    if (call->dir == p->client)
        return VG_OK;
    if (p->mode == MODE_REPLIES)
        p->count = 0; /* answers no longer match */
    mime_gap(p->mail, call, bytes);
    return VG_OK;
}

static enum probe
pop3_probe(struct slice head, uint16_t sport, uint16_t dport)
{
    int ok = words_looks(head, "+OK "), user = words_looks(head, "USER ");
    struct str line;

    if (sport == PORT && (ok == 1 || words_looks(head, "-ERR") == 1))
        return PROBE_YES;
    if (ok == 1) {
        if (!words_line(head, &line))
            return PROBE_MORE;
        /* Redis says "+OK" alone; a time stamp in angle brackets is APOP's */
        return words_find(line, "POP") || words_find(line, "dovecot") ||
                       (words_find(line, "<") && words_find(line, "@"))
                   ? PROBE_YES
                   : PROBE_NO;
    }
    if (dport == PORT && (user == 1 || words_looks(head, "CAPA") == 1))
        return PROBE_YES;
    return ok == -1 || (dport == PORT && user == -1) ? PROBE_MORE : PROBE_NO;
}

static void *
pop3_open(const struct protocol_call *call)
{
    struct pop3 *p = net_parser_alloc(call->engine, sizeof(*p));
    const struct flow *flow = call->flow;

    if (p == NULL)
        return NULL;
    p->client = flow->client;
    if (flow->midstream && flow->key.port[flow->client] == PORT)
        p->client = 1u - flow->client;
    p->greeted = call->dir == p->client;
    lines_init(&p->lines[0]);
    lines_init(&p->lines[1]);
    return p;
}

static void
pop3_close(void *self, const struct protocol_call *call)
{
    struct pop3 *p = self;

    end_mail(p, call, false);
    if (!p->told)
        tell(p, call);
    lines_done(&p->lines[0], call);
    lines_done(&p->lines[1], call);
    net_parser_free(call->engine, p, sizeof(*p));
}

const struct protocol PROTOCOL_POP3 = {
    .name = "pop3",
    .probe = pop3_probe,
    .open = pop3_open,
    .bytes = pop3_bytes,
    .gap = pop3_gap,
    .close = pop3_close,
};
