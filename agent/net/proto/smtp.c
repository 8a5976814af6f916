/* SPDX-License-Identifier: Apache-2.0 */
/* smtp: mail on its way (RFC 5321; BDAT: RFC 3030; pipelining: RFC 2920; LMTP: RFC 2033).
 *
 * Record "smtp", one for each mail when the server answered for it; one without a mail at the end
 * of a session that had none:
 *   helo                      the name that the client gave itself
 *   mail_from, rcpt_to        of the envelope; rcpt_to is a list (at most RECIPIENTS_MAX)
 *   from, to, subject, message_id, user_agent   of the head, decoded
 *   files                     number of attachments; each goes through transfer.h
 *   reply                     the server's code; absent where it did not show
 * Log-ins: AUTH, see sasl.h. After STARTTLS the stream is TLS's. */
#include "agent/net/engine.h"
#include "agent/net/proto/mime.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/proto/sasl.h"
#include "agent/net/proto/words.h"
#include "agent/net/record.h"

enum {
    ADDRESS_MAX = 128,
    RECIPIENTS_MAX = 8,
    RECIPIENTS_BYTES = 384,
    PENDING_MAX = 64, /* commands without an answer yet */
};

enum command {
    COMMAND_OTHER,
    COMMAND_HELLO,
    COMMAND_AUTH,
    COMMAND_MAIL,
    COMMAND_RCPT,
    COMMAND_DATA,
    COMMAND_CONTENT, /* the mail itself is over */
    COMMAND_BDAT,
    COMMAND_RESET,
    COMMAND_STARTTLS,
};

enum mode { MODE_COMMANDS, MODE_AUTH, MODE_DATA, MODE_CHUNK };

struct smtp {
    struct lines lines[2];
    unsigned client;
    enum mode mode; /* of what the client sends */
    bool many;      /* within an answer of several lines */
    bool greeted, told, last_chunk;
    uint8_t pending[PENDING_MAX]; /* a ring */
    unsigned first, count;
    uint64_t chunk; /* bytes of BDAT to come */
    struct mime *mail;
    struct sasl sasl;
    char helo[ADDRESS_MAX], from[ADDRESS_MAX];
    char to[RECIPIENTS_BYTES]; /* each with a NUL */
    size_t to_used, to_count;
};

/* ---- what is told ---- */

static void
tell_mail(struct smtp *s, const struct protocol_call *call, int reply)
{
    struct record r = {.type = "smtp"};
    struct str to[RECIPIENTS_MAX], all = str_n(s->to, s->to_used);

    record_text_opt(&r, "helo", str_of(s->helo));
    record_text_opt(&r, "mail_from", str_of(s->from));
    for (size_t i = 0; i < s->to_count; i++)
        to[i] = words_until(&all, '\0');
    if (s->to_count > 0)
        record_list(&r, "rcpt_to", to, s->to_count);
    mime_put(s->mail, &r);
    if (reply != 0)
        record_number(&r, "reply", reply);
    record_tell(&r, call, s->client);
    s->told = true;
}

static void
end_mail(struct smtp *s, const struct protocol_call *call, int reply)
{
    if (s->mail != NULL)
        tell_mail(s, call, reply);
    mime_free(s->mail, call);
    s->mail = NULL;
    s->from[0] = '\0';
    s->to_used = s->to_count = 0;
}

static void
tell_login(struct smtp *s, const struct protocol_call *call, int reply)
{
    struct login_view login = {.service = "smtp",
                               .user = str_of(s->sasl.user),
                               .result = reply == 235                   ? LOGIN_SUCCEEDED
                                         : reply == 535 || reply == 525 ? LOGIN_FAILED
                                                                        : LOGIN_UNKNOWN,
                               .cleartext = s->sasl.cleartext};

    if (reply < 500 || reply >= 525) /* 500 to 504: the server knows no such command */
        login_tell(&login, call, s->client);
}

/* ---- the client ---- */

static void
push(struct smtp *s, enum command c)
{
    if (s->count < PENDING_MAX)
        s->pending[(s->first + s->count++) % PENDING_MAX] = (uint8_t)c;
}

/* "<ana@x.mx> SIZE=..." */
static struct str
path_of(struct str text)
{
    text = words_trim(text);
    if (text.len > 0 && text.at[0] == '<') {
        text = words_skip(text, 1);
        return words_until(&text, '>');
    }
    return words_next(&text);
}

static void
begin_mail(struct smtp *s, const struct protocol_call *call)
{
    struct mime_about about = {.service = "smtp", .client = s->client};

    if (s->mail == NULL)
        s->mail = mime_begin(call, &about);
}

static void
add_recipient(struct smtp *s, struct str path)
{
    size_t room = sizeof(s->to) - s->to_used;

    if (s->to_count == RECIPIENTS_MAX || room < 2)
        return;
    if (room > ADDRESS_MAX)
        room = ADDRESS_MAX;
    s->to_used += words_keep(s->to + s->to_used, room, path).len + 1;
    s->to_count++;
}

static enum command
on_bdat(struct smtp *s, const struct protocol_call *call, struct str rest)
{
    uint64_t bytes;

    if (!words_number(words_next(&rest), &bytes))
        return COMMAND_OTHER;
    s->last_chunk = words_is(words_next(&rest), "LAST");
    s->chunk = bytes;
    begin_mail(s, call);
    s->mode = MODE_CHUNK;
    return s->last_chunk ? COMMAND_CONTENT : COMMAND_BDAT;
}

static void
on_command(struct smtp *s, const struct protocol_call *call, struct str line)
{
    struct str rest = line, name = words_next(&rest);
    enum command c = COMMAND_OTHER;

    if (words_is(name, "EHLO") || words_is(name, "HELO") || words_is(name, "LHLO")) {
        c = COMMAND_HELLO;
        (void)words_keep(s->helo, sizeof(s->helo), rest);
    } else if (words_is(name, "AUTH")) {
        c = COMMAND_AUTH;
        sasl_begin(&s->sasl, rest);
        s->mode = MODE_AUTH;
    } else if (words_begin(line, "MAIL FROM:")) {
        c = COMMAND_MAIL;
        (void)words_keep(s->from, sizeof(s->from), path_of(words_skip(line, 10)));
    } else if (words_begin(line, "RCPT TO:")) {
        c = COMMAND_RCPT;
        add_recipient(s, path_of(words_skip(line, 8)));
    } else if (words_is(name, "DATA")) {
        c = COMMAND_DATA;
        begin_mail(s, call);
        s->mode = MODE_DATA;
    } else if (words_is(name, "BDAT")) {
        c = on_bdat(s, call, rest);
    } else if (words_is(name, "RSET")) {
        c = COMMAND_RESET;
    } else if (words_is(name, "STARTTLS")) {
        c = COMMAND_STARTTLS;
    }
    push(s, c);
}

static void
on_content(struct smtp *s, const struct protocol_call *call, struct line_piece *line)
{
    if (line->begins && line->text.len > 0 && line->text.at[0] == '.') {
        if (line->ends && line->text.len == 1) {
            mime_finish(s->mail, call, true);
            s->mode = MODE_COMMANDS;
            push(s, COMMAND_CONTENT);
            return;
        }
        line->text = words_skip(line->text, 1);
    }
    mime_line(s->mail, call, line);
}

static void
on_client_line(struct smtp *s, const struct protocol_call *call, struct line_piece *line)
{
    if (s->mode == MODE_DATA) {
        on_content(s, call, line);
    } else if (line->begins && s->mode == MODE_AUTH && !words_begin(line->text, "MAIL FROM:")) {
        sasl_line(&s->sasl, line->text);
    } else if (line->begins) {
        s->mode = MODE_COMMANDS;
        on_command(s, call, line->text);
    }
}

static void
on_chunk(struct smtp *s, const struct protocol_call *call, struct slice *bytes)
{
    struct slice part = slice_sub(bytes, bytes->left < s->chunk ? bytes->left : (size_t)s->chunk);

    s->chunk -= part.left;
    mime_bytes(s->mail, call, part);
    if (s->chunk > 0)
        return;
    if (s->last_chunk)
        mime_finish(s->mail, call, true);
    s->mode = MODE_COMMANDS;
}

/* ---- the server ---- */

static void
on_reply(struct smtp *s, const struct protocol_call *call, int code)
{
    enum command c;

    if (!s->greeted && s->count == 0) {
        s->greeted = true;
        return;
    }
    if (s->count == 0)
        return;
    c = (enum command)s->pending[s->first];
    if (c == COMMAND_AUTH && code == 334)
        return;
    s->first = (s->first + 1) % PENDING_MAX;
    s->count--;
    switch (c) {
    case COMMAND_AUTH:
        tell_login(s, call, code);
        if (s->mode == MODE_AUTH)
            s->mode = MODE_COMMANDS;
        break;
    case COMMAND_DATA:
        if (code >= 400 && s->mode == MODE_DATA) {
            s->mode = MODE_COMMANDS;
            end_mail(s, call, code);
        }
        break;
    case COMMAND_CONTENT:
        if (s->mode != MODE_DATA) /* else it is the next one's already */
            end_mail(s, call, code);
        break;
    case COMMAND_RESET:
        if (s->mode == MODE_COMMANDS)
            end_mail(s, call, 0);
        break;
    case COMMAND_STARTTLS:
        if (code == 220)
            net_flow_handover(call->flow);
        break;
    default:
        break;
    }
}

static enum vg_err
on_server_line(struct smtp *s, const struct protocol_call *call, struct str line)
{
    bool last = true;
    int code = words_reply(line, &last);

    if (code == 0)
        return s->many ? VG_OK : VG_ERR_FORMAT;
    s->many = !last;
    if (last)
        on_reply(s, call, code);
    return VG_OK;
}

/* ---- life ---- */

static enum vg_err
smtp_bytes(void *self, const struct protocol_call *call, struct slice bytes)
{
    struct smtp *s = self;
    struct line_piece line;
    enum vg_err err = VG_OK;
    bool client = call->dir == s->client;

    while (err == VG_OK && !call->flow->handover && bytes.left > 0) {
        if (client && s->mode == MODE_CHUNK) {
            on_chunk(s, call, &bytes);
            continue;
        }
        if (!lines_next(&s->lines[call->dir], call, &bytes, &line))
            break;
        if (client)
            on_client_line(s, call, &line);
        else if (line.begins)
            err = on_server_line(s, call, line.text);
    }
    if (call->flow->handover)
        net_handover_rest(call, bytes.left);
    return err;
}

static enum vg_err
smtp_gap(void *self, const struct protocol_call *call, uint32_t bytes)
{
    struct smtp *s = self;

    lines_gap(&s->lines[call->dir]);
    if (call->dir != s->client) {
        s->many = false;
        s->count = 0; /* answers no longer match */
        return VG_OK;
    }
    if (s->mode == MODE_CHUNK && bytes > s->chunk)
        return VG_END;
    if (s->mode == MODE_CHUNK)
        s->chunk -= bytes;
    if (s->mode == MODE_CHUNK || s->mode == MODE_DATA)
        mime_gap(s->mail, call, bytes);
    return VG_OK;
}

static bool
mail_port(uint16_t port)
{
    return port == 25 || port == 26 || port == 465 || port == 587 || port == 2525;
}

static enum probe
smtp_probe(struct slice head, uint16_t sport, uint16_t dport)
{
    static const char *const HELLOS[] = {"EHLO ", "HELO ", "LHLO "};
    enum probe answer = PROBE_NO;
    int greeting = words_looks(head, "220");

    (void)dport;
    if (greeting == 1 && (mail_port(sport) || words_find(str_n(head.at, head.left), "SMTP")))
        return PROBE_YES;
    if (mail_port(sport) && (words_looks(head, "554") == 1 || words_looks(head, "421") == 1))
        return PROBE_YES;
    if (greeting != 0) { /* "SMTP" may stand in the rest of the line */
        struct str line;

        return words_line(head, &line) ? PROBE_NO : PROBE_MORE;
    }
    for (size_t i = 0; i < VG_ARRAY_LEN(HELLOS) && answer != PROBE_YES; i++) {
        int looks = words_looks(head, HELLOS[i]);

        if (looks != 0)
            answer = looks == 1 ? PROBE_YES : PROBE_MORE;
    }
    return answer;
}

static void *
smtp_open(const struct protocol_call *call)
{
    struct smtp *s = net_parser_alloc(call->engine, sizeof(*s));
    const struct flow *flow = call->flow;

    if (s == NULL)
        return NULL;
    s->client = flow->client;
    if (flow->midstream && mail_port(flow->key.port[flow->client]))
        s->client = 1u - flow->client;
    s->greeted = call->dir == s->client;
    lines_init(&s->lines[0]);
    lines_init(&s->lines[1]);
    return s;
}

static void
smtp_close(void *self, const struct protocol_call *call)
{
    struct smtp *s = self;

    if (s->mail == NULL && !s->told && s->helo[0] != '\0')
        tell_mail(s, call, 0);
    mime_finish(s->mail, call, false);
    end_mail(s, call, 0);
    lines_done(&s->lines[0], call);
    lines_done(&s->lines[1], call);
    net_parser_free(call->engine, s, sizeof(*s));
}

const struct protocol PROTOCOL_SMTP = {
    .name = "smtp",
    .probe = smtp_probe,
    .open = smtp_open,
    .bytes = smtp_bytes,
    .gap = smtp_gap,
    .close = smtp_close,
};
