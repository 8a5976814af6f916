/* SPDX-License-Identifier: Apache-2.0 */
/* imap: mail that is read where it lies (RFC 9051, RFC 3501).
 *
 * Record "imap", one for each whole mail that is fetched or appended, or one at the end of a session
 * without:
 *   user                       who logged in, or tried
 *   from, to, subject, message_id, user_agent, files   as in smtp.c
 *   upload                     true: the client put it there (APPEND)
 * Log-ins: LOGIN and AUTHENTICATE. After STARTTLS the stream is TLS's, after COMPRESS nobody's. */
#include "agent/net/engine.h"
#include "agent/net/proto/mime.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/proto/sasl.h"
#include "agent/net/proto/words.h"
#include "agent/net/record.h"

enum { PORT = 143, TAG_MAX = 24 };

enum command {
    COMMAND_NONE,
    COMMAND_LOGIN,
    COMMAND_AUTHENTICATE,
    COMMAND_STARTTLS,
    COMMAND_COMPRESS
};

/* What the bytes of a literal ("{12}" at the end of a line) are. */
enum literal { LITERAL_SKIP, LITERAL_USER, LITERAL_MAIL };

struct imap_side {
    struct lines lines;
    uint64_t left; /* of a literal */
    enum literal literal;
    bool continued; /* the line at hand began before a literal */
};

struct imap {
    struct imap_side side[2];
    unsigned client;
    enum command asked; /* what waits for the answer with this tag */
    char tag[TAG_MAX];
    bool proving; /* the client's lines answer challenges */
    bool told, upload, append;
    uint64_t fetched; /* bytes of the mail at hand */
    struct mime *mail;
    struct sasl sasl;
};

/* ---- what is told ---- */

static void
tell(struct imap *m, const struct protocol_call *call)
{
    struct record r = {.type = "imap"};

    record_text_opt(&r, "user", str_of(m->sasl.user));
    mime_put(m->mail, &r);
    if (m->mail != NULL && m->upload)
        record_bool(&r, "upload", true);
    if (r.count > 0)
        record_tell(&r, call, m->client);
    m->told = true;
}

static void
end_mail(struct imap *m, const struct protocol_call *call, bool whole)
{
    if (m->mail == NULL)
        return;
    mime_finish(m->mail, call, whole);
    tell(m, call);
    mime_free(m->mail, call);
    m->mail = NULL;
}

static void
begin_mail(struct imap *m, const struct protocol_call *call, bool upload)
{
    struct mime_about about = {.service = "imap", .from_server = !upload, .client = m->client};

    end_mail(m, call, true);
    m->upload = upload;
    m->fetched = 0;
    m->mail = mime_begin(call, &about);
}

static void
tell_login(struct imap *m, const struct protocol_call *call, struct str answer)
{
    struct login_view login = {.service = "imap",
                               .user = str_of(m->sasl.user),
                               .result = words_is(answer, "OK")   ? LOGIN_SUCCEEDED
                                         : words_is(answer, "NO") ? LOGIN_FAILED
                                                                  : LOGIN_UNKNOWN,
                               .cleartext = m->sasl.cleartext};

    login_tell(&login, call, m->client);
}

/* ---- lines ---- */

/* "...{12}" or "...{12+}": what stands before goes to *before. */
static bool
ends_in_literal(struct str line, struct str *before, uint64_t *bytes)
{
    size_t n = line.len;
    struct str number;

    if (n < 3 || line.at[n - 1] != '}')
        return false;
    while (n > 0 && line.at[n - 1] != '{' && line.len - n < 24)
        n--;
    if (n == 0 || line.at[n - 1] != '{')
        return false;
    number = words_skip(line, n);
    number.len--;
    if (number.len > 0 && number.at[number.len - 1] == '+')
        number.len--;
    *before = words_trim(str_n(line.at, n - 1));
    return words_number(number, bytes);
}

static bool
ends_with(struct str s, const char *end)
{
    size_t n = strlen(end);

    return s.len >= n && words_is(words_skip(s, s.len - n), end);
}

/* The first argument: a word, or in quotes. */
static struct str
argument(struct str rest)
{
    if (rest.len > 0 && rest.at[0] == '"') {
        rest = words_skip(rest, 1);
        return words_until(&rest, '"');
    }
    return words_next(&rest);
}

/* ---- the client ---- */

static void
on_login(struct imap *m, struct str rest, struct imap_side *s)
{
    m->asked = COMMAND_LOGIN;
    m->sasl = (struct sasl){.cleartext = true};
    if (rest.len > 0 && rest.at[0] == '{')
        s->literal = LITERAL_USER;
    else
        (void)words_keep(m->sasl.user, sizeof(m->sasl.user), argument(rest));
}

static void
on_command(struct imap *m, struct str line)
{
    struct imap_side *s = &m->side[m->client];
    struct str tag = words_next(&line), name = words_next(&line);
    enum command asked = m->asked;

    m->asked = COMMAND_NONE;
    m->append = false;
    if (words_is(name, "LOGIN")) {
        on_login(m, line, s);
    } else if (words_is(name, "AUTHENTICATE")) {
        m->asked = COMMAND_AUTHENTICATE;
        sasl_begin(&m->sasl, line);
        m->proving = true;
    } else if (words_is(name, "STARTTLS")) {
        m->asked = COMMAND_STARTTLS;
    } else if (words_is(name, "COMPRESS")) {
        m->asked = COMMAND_COMPRESS;
    } else if (words_is(name, "APPEND")) {
        m->append = true;
    }
    if (m->asked != COMMAND_NONE)
        (void)words_keep(m->tag, sizeof(m->tag), tag);
    else
        m->asked = asked; /* pipelined behind it */
}

static void
on_client_line(struct imap *m, const struct protocol_call *call, struct str line)
{
    struct imap_side *s = &m->side[m->client];
    bool continued = s->continued;
    struct str before;
    uint64_t bytes;

    s->continued = false;
    if (m->proving) {
        sasl_line(&m->sasl, line);
        return;
    }
    s->literal = LITERAL_SKIP;
    if (!continued)
        on_command(m, line);
    if (!ends_in_literal(line, &before, &bytes))
        return;
    s->left = bytes;
    s->continued = true;
    if (m->append && s->literal == LITERAL_SKIP) {
        s->literal = LITERAL_MAIL;
        begin_mail(m, call, true);
    }
}

/* ---- the server ---- */

/* What a FETCH is about to send: a whole mail, or a piece of one (Thunderbird asks so). */
static void
on_fetch(struct imap *m, const struct protocol_call *call, struct str before, uint64_t bytes)
{
    struct imap_side *s = &m->side[1 - m->client];
    bool whole = ends_with(before, "BODY[]") || ends_with(before, "RFC822");
    size_t at = before.len;
    uint64_t from;

    s->left = bytes;
    s->continued = true;
    s->literal = LITERAL_SKIP;
    if (!whole && ends_with(before, ">")) {
        while (at > 0 && before.at[at - 1] != '<')
            at--;
        if (at == 0 || !ends_with(str_n(before.at, at), "BODY[]<") ||
            !words_number(str_n(before.at + at, before.len - at - 1), &from))
            return;
        if (m->mail != NULL && from != 0 && from == m->fetched && !m->upload) {
            s->literal = LITERAL_MAIL;
            return;
        }
        whole = from == 0;
    }
    if (!whole)
        return;
    begin_mail(m, call, false);
    s->literal = LITERAL_MAIL;
}

static enum vg_err
on_tagged(struct imap *m, const struct protocol_call *call, struct str answer)
{
    enum command asked = m->asked;

    m->asked = COMMAND_NONE;
    switch (asked) {
    case COMMAND_LOGIN:
    case COMMAND_AUTHENTICATE:
        m->proving = false;
        tell_login(m, call, answer);
        break;
    case COMMAND_STARTTLS:
        if (words_is(answer, "OK"))
            net_flow_handover(call->flow);
        break;
    case COMMAND_COMPRESS:
        return words_is(answer, "OK") ? VG_END : VG_OK;
    case COMMAND_NONE:
        break;
    }
    return VG_OK;
}

static enum vg_err
on_server_line(struct imap *m, const struct protocol_call *call, struct str line)
{
    struct imap_side *s = &m->side[1 - m->client];
    bool continued = s->continued;
    struct str rest = line, tag = words_next(&rest), before;
    uint64_t bytes;

    s->continued = false;
    if (ends_in_literal(line, &before, &bytes)) {
        on_fetch(m, call, before, bytes);
        return VG_OK;
    }
    if (continued || m->asked == COMMAND_NONE || !str_is(tag, m->tag))
        return VG_OK;
    return on_tagged(m, call, words_next(&rest));
}

/* ---- life ---- */

static void
on_literal(struct imap *m, const struct protocol_call *call, struct slice *bytes)
{
    struct imap_side *s = &m->side[call->dir];
    struct slice part = slice_sub(bytes, bytes->left < s->left ? bytes->left : (size_t)s->left);
    size_t used = strlen(m->sasl.user);

    s->left -= part.left;
    if (s->literal == LITERAL_USER && part.left < sizeof(m->sasl.user) - used)
        (void)words_keep(m->sasl.user + used, sizeof(m->sasl.user) - used,
                         str_n(part.at, part.left));
    if (s->literal == LITERAL_MAIL) {
        m->fetched += part.left;
        mime_bytes(m->mail, call, part);
        if (s->left == 0 && m->upload)
            end_mail(m, call, true);
    }
}

static enum vg_err
imap_bytes(void *self, const struct protocol_call *call, struct slice bytes)
{
    struct imap *m = self;
    struct imap_side *s = &m->side[call->dir];
    struct line_piece line;
    enum vg_err err = VG_OK;

    while (err == VG_OK && !call->flow->handover && bytes.left > 0) {
        if (s->left > 0) {
            on_literal(m, call, &bytes);
            continue;
        }
        if (!lines_next(&s->lines, call, &bytes, &line))
            break;
        if (!line.begins)
            continue;
        if (call->dir == m->client)
            on_client_line(m, call, line.text);
        else
            err = on_server_line(m, call, line.text);
    }
    if (call->flow->handover)
        net_handover_rest(call, bytes.left);
    return err;
}

static enum vg_err
imap_gap(void *self, const struct protocol_call *call, uint32_t bytes)
{
    struct imap *m = self;
    struct imap_side *s = &m->side[call->dir];

    if (s->left >= bytes) {
        s->left -= bytes;
        if (s->literal == LITERAL_MAIL) {
            m->fetched += bytes;
            mime_gap(m->mail, call, bytes);
        }
        return VG_OK;
    }
    s->left = 0;
    s->continued = false;
    lines_gap(&s->lines);
    return VG_OK;
}

static enum probe
imap_probe(struct slice head, uint16_t sport, uint16_t dport)
{
    static const char *const GREETINGS[] = {"* OK", "* PREAUTH", "* BYE"};
    struct str line, name;
    bool more = false;

    for (size_t i = 0; i < VG_ARRAY_LEN(GREETINGS); i++) {
        int looks = words_looks(head, GREETINGS[i]);

        if (looks == 1 && (sport == PORT || words_find(str_n(head.at, head.left), "IMAP")))
            return PROBE_YES;
        if (looks != 0 && (looks == -1 || !words_line(head, &line)))
            more = true;
    }
    if (dport == PORT && words_line(head, &line)) {
        (void)words_next(&line);
        name = words_next(&line);
        if (words_is(name, "LOGIN") || words_is(name, "CAPABILITY") || words_is(name, "FETCH") ||
            words_is(name, "AUTHENTICATE") || words_is(name, "STARTTLS") || words_is(name, "NOOP"))
            return PROBE_YES;
    }
    return more ? PROBE_MORE : PROBE_NO;
}

static void *
imap_open(const struct protocol_call *call)
{
    struct imap *m = net_parser_alloc(call->engine, sizeof(*m));
    const struct flow *flow = call->flow;

    if (m == NULL)
        return NULL;
    m->client = flow->client;
    if (flow->midstream && flow->key.port[flow->client] == PORT)
        m->client = 1u - flow->client;
    lines_init(&m->side[0].lines);
    lines_init(&m->side[1].lines);
    return m;
}

static void
imap_close(void *self, const struct protocol_call *call)
{
    struct imap *m = self;

    end_mail(m, call, m->side[0].left == 0 && m->side[1].left == 0);
    if (!m->told)
        tell(m, call);
    lines_done(&m->side[0].lines, call);
    lines_done(&m->side[1].lines, call);
    net_parser_free(call->engine, m, sizeof(*m));
}

const struct protocol PROTOCOL_IMAP = {
    .name = "imap",
    .probe = imap_probe,
    .open = imap_open,
    .bytes = imap_bytes,
    .gap = imap_gap,
    .close = imap_close,
};
