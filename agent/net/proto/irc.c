/* SPDX-License-Identifier: Apache-2.0 */
/* irc: who meets where (RFC 2812): people, and programs that take orders there.
 *
 * Record "irc", one for each channel that is joined, or one at the end of a session without:
 *   nick, user, real_name   as the client names itself
 *   server                  the server's name for itself
 *   channel                 absent where none was joined
 *   messages                at the end: how many the client sent
 * Log-ins: PASS, with the server's answer. What is said is not looked at. */
#include "agent/net/engine.h"
#include "agent/net/proto/lines.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/proto/words.h"
#include "agent/net/record.h"

enum { TEXT_MAX = 64, CHANNELS_MAX = 32 };

struct irc {
    struct lines lines[2];
    unsigned client;
    bool pass; /* sent, its answer is awaited */
    unsigned channels;
    uint32_t messages;
    char nick[TEXT_MAX], user[TEXT_MAX], real_name[TEXT_MAX], server[TEXT_MAX];
};

static void
tell(struct irc *irc, const struct protocol_call *call, struct str channel)
{
    struct record r = {.type = "irc"};

    record_text_opt(&r, "nick", str_of(irc->nick));
    record_text_opt(&r, "user", str_of(irc->user));
    record_text_opt(&r, "real_name", str_of(irc->real_name));
    record_text_opt(&r, "server", str_of(irc->server));
    record_text_opt(&r, "channel", channel);
    if (channel.len == 0)
        record_number(&r, "messages", irc->messages);
    record_tell(&r, call, irc->client);
}

static void
on_join(struct irc *irc, const struct protocol_call *call, struct str list)
{
    while (list.len > 0 && irc->channels < CHANNELS_MAX) {
        struct str channel = words_until(&list, ',');

        irc->channels++;
        tell(irc, call, words_cut(channel, TEXT_MAX));
    }
}

/* USER name mode unused :real name */
static void
on_user(struct irc *irc, struct str rest)
{
    (void)words_keep(irc->user, sizeof(irc->user), words_next(&rest));
    (void)words_next(&rest);
    (void)words_next(&rest);
    if (rest.len > 0 && rest.at[0] == ':')
        rest = words_skip(rest, 1);
    (void)words_keep(irc->real_name, sizeof(irc->real_name), rest);
}

static void
on_client_line(struct irc *irc, const struct protocol_call *call, struct str line)
{
    struct str name = words_next(&line);

    if (words_is(name, "NICK")) {
        if (line.len > 0 && line.at[0] == ':')
            line = words_skip(line, 1);
        (void)words_keep(irc->nick, sizeof(irc->nick), words_next(&line));
    } else if (words_is(name, "USER")) {
        on_user(irc, line);
    } else if (words_is(name, "PASS")) {
        irc->pass = true;
    } else if (words_is(name, "JOIN")) {
        if (line.len > 0 && line.at[0] == ':')
            line = words_skip(line, 1);
        on_join(irc, call, words_next(&line));
    } else if (words_is(name, "PRIVMSG") || words_is(name, "NOTICE")) {
        irc->messages++;
    }
}

static void
on_server_line(struct irc *irc, const struct protocol_call *call, struct str line)
{
    struct str from = words_next(&line), code = words_next(&line);
    bool welcome = words_is(code, "001"), refused = words_is(code, "464");
    struct login_view login = {.service = "irc",
                               .user = str_of(irc->nick),
                               .result = welcome ? LOGIN_SUCCEEDED : LOGIN_FAILED,
                               .cleartext = true};

    if (from.len < 2 || from.at[0] != ':')
        return;
    if (irc->server[0] == '\0' && memchr(from.at, '!', from.len) == NULL)
        (void)words_keep(irc->server, sizeof(irc->server), words_skip(from, 1));
    if (irc->pass && (welcome || refused)) {
        irc->pass = false;
        login_tell(&login, call, irc->client);
    }
}

static enum vg_err
irc_bytes(void *self, const struct protocol_call *call, struct slice bytes)
{
    struct irc *irc = self;
    struct line_piece line;

    while (lines_next(&irc->lines[call->dir], call, &bytes, &line)) {
        if (!line.begins)
            continue;
        if (call->dir == irc->client)
            on_client_line(irc, call, line.text);
        else
            on_server_line(irc, call, line.text);
    }
    return VG_OK;
}

static enum vg_err
irc_gap(void *self, const struct protocol_call *call, uint32_t bytes)
{
    struct irc *irc = self;

    (void)bytes;
    lines_gap(&irc->lines[call->dir]);
    return VG_OK;
}

/* ":server NOTICE ..." or ":server 001 ...". */
static bool
is_server_line(struct str line)
{
    struct str from = words_next(&line), code = words_next(&line);

    return from.len > 1 && from.at[0] == ':' &&
           (words_is(code, "NOTICE") || words_is(code, "001") || words_is(code, "020"));
}

static bool
is_client_line(struct str line)
{
    struct str name = words_next(&line), first = words_next(&line);

    if (words_is(name, "NICK") || words_is(name, "JOIN"))
        return first.len > 0 && first.len <= TEXT_MAX && line.len < TEXT_MAX;
    if (words_is(name, "USER")) { /* FTP's and POP3's have one word */
        (void)words_next(&line);
        return words_next(&line).len > 0 && line.len > 0;
    }
    return words_is(name, "CAP") && (words_is(first, "LS") || words_is(first, "REQ"));
}

static enum probe
irc_probe(struct slice head, uint16_t sport, uint16_t dport)
{
    static const char *const BEGINNINGS[] = {"NICK ",  "USER ", "PASS ",       "CAP ",
                                             "JOIN #", ":",     "NOTICE AUTH "};
    struct str line, rest = str_n(head.at, head.left);
    bool begins = false;

    (void)sport;
    (void)dport;
    for (size_t i = 0; i < VG_ARRAY_LEN(BEGINNINGS); i++)
        begins = begins || words_looks(head, BEGINNINGS[i]) != 0;
    if (!begins)
        return PROBE_NO;
    if (!words_line(head, &line))
        return head.left < 256 ? PROBE_MORE : PROBE_NO;
    if (words_begin(line, "PASS ")) { /* IRC's is followed by the nick */
        (void)words_until(&rest, '\n');
        head = slice_of(rest.at, rest.len);
        if (!words_line(head, &line))
            return words_looks(head, "NICK ") != 0 || words_looks(head, "USER ") != 0 ? PROBE_MORE
                                                                                      : PROBE_NO;
    }
    return is_client_line(line) || is_server_line(line) || words_begin(line, "NOTICE AUTH ")
               ? PROBE_YES
               : PROBE_NO;
}

static void *
irc_open(const struct protocol_call *call)
{
    struct irc *irc = net_parser_alloc(call->engine, sizeof(*irc));

    if (irc == NULL)
        return NULL;
    irc->client = call->flow->client;
    lines_init(&irc->lines[0]);
    lines_init(&irc->lines[1]);
    return irc;
}

static void
irc_close(void *self, const struct protocol_call *call)
{
    struct irc *irc = self;

    if (irc->channels == 0 || irc->messages > 0)
        tell(irc, call, str_of(NULL));
    lines_done(&irc->lines[0], call);
    lines_done(&irc->lines[1], call);
    net_parser_free(call->engine, irc, sizeof(*irc));
}

const struct protocol PROTOCOL_IRC = {
    .name = "irc",
    .probe = irc_probe,
    .open = irc_open,
    .bytes = irc_bytes,
    .gap = irc_gap,
    .close = irc_close,
};
