/* SPDX-License-Identifier: Apache-2.0 */
/* telnet: a terminal in clear text (RFC 854), as far as its log-ins: cameras, registers and routers
 * are still asked this way, and worms try their passwords.
 *
 * No record of its own: each try is a log-in, service "telnet", cleartext; user as typed after a
 * prompt for it. The result is concluded from what the server says next. The password is not even
 * gathered: what the client types after its prompt is passed by up to the end of the line. A card
 * number on the screen is a record "card" (card_seen.h). */
#include "agent/detect/mask.h"
#include "agent/net/engine.h"
#include "agent/net/proto/card_seen.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/proto/words.h"
#include "agent/net/record.h"

enum {
    SAID_MAX = 96, /* of the server's current line: prompts are short */
    USER_MAX = 64,
    ANSWER_MAX = 600, /* bytes after a password: whoever says so much let him in */
    TRIES_TOLD_MAX = 2000,
    PORT_TELNET = 23,
};
enum { IAC = 255, IAC_SB = 250, IAC_SE = 240, IAC_WILL = 251, IAC_DONT = 254 };

enum typing { TYPING_NOTHING, TYPING_USER, TYPING_PASSWORD };
enum command { COMMAND_NONE, COMMAND_IAC, COMMAND_OPTION, COMMAND_SUB, COMMAND_SUB_IAC };

struct telnet {
    char said[SAID_MAX], user[USER_MAX]; /* no NULs */
    uint8_t said_len, user_len;
    uint8_t looked_len; /* of `said`, when it was last looked at */
    uint8_t typing;     /* enum typing */
    uint8_t command[2]; /* enum command, of each direction */
    bool card;          /* one was told */
    bool waiting;       /* a password was typed: what does the server say? */
    uint16_t answered, tries;
};

/* ---- what is told ---- */

static void
tell(struct telnet *t, const struct protocol_call *call, enum login_result result)
{
    char user[USER_MAX + 1];
    struct login_view login = {
        .service = "telnet", .result = result, .cleartext = true, .inferred = true};

    t->waiting = false;
    mask_text(user, sizeof(user), t->user, t->user_len);
    login.user = str_of(user);
    t->user_len = 0;
    t->tries++;
    login_tell(&login, call, call->flow->client);
}

/* ---- what the server says ---- */

static bool
ends_with(struct str s, const char *end)
{
    size_t n = strlen(end);

    return s.len >= n && words_is(str_n(s.at + s.len - n, n), end);
}

static bool
one_of(struct str s, const char *const *ends)
{
    for (; *ends != NULL; ends++)
        if (ends_with(s, *ends))
            return true;
    return false;
}

static bool
says(struct str s, const char *const *parts)
{
    for (; *parts != NULL; parts++)
        if (words_find(s, *parts))
            return true;
    return false;
}

static const char *const USER_PROMPTS[] = {
    "login:", "username:", "user:", "user name:", "usuario:", "account:", NULL};
static const char *const PASSWORD_PROMPTS[] = {"password:",
                                               "passwd:",
                                               "pass:",
                                               "passcode:",
                                               "contrase\xc3\xb1"
                                               "a:",
                                               "contrasena:",
                                               "clave:",
                                               NULL};
static const char *const REFUSALS[] = {"incorrect",      "failed",   "failure", "denied",
                                       "invalid",        "bad pass", "wrong",   "err",
                                       "inv\xc3\xa1lid", NULL};
static const char *const SHELLS[] = {"$", "#", ">", "%", NULL};

/* The server's line so far, whole or not: a prompt has no end of line. */
static void
look_at_line(struct telnet *t, const struct protocol_call *call)
{
    struct str line = words_trim(str_n(t->said, t->said_len));

    if (t->said_len == t->looked_len) /* a command came, no text */
        return;
    t->looked_len = t->said_len;
    if (t->waiting && says(line, REFUSALS))
        tell(t, call, LOGIN_FAILED);
    if (words_begin(line, "last login")) /* no prompt */
        return;
    if (one_of(line, PASSWORD_PROMPTS)) {
        if (t->waiting) /* asked again */
            tell(t, call, LOGIN_FAILED);
        t->typing = TYPING_PASSWORD;
    } else if (one_of(line, USER_PROMPTS)) {
        if (t->waiting)
            tell(t, call, LOGIN_FAILED);
        t->typing = TYPING_USER;
        t->user_len = 0;
    } else if (t->waiting && one_of(line, SHELLS)) {
        tell(t, call, LOGIN_SUCCEEDED);
    }
}

static void
server_says(struct telnet *t, const struct protocol_call *call, uint8_t c)
{
    if (t->waiting && ++t->answered > ANSWER_MAX)
        tell(t, call, LOGIN_SUCCEEDED);
    if (c == '\n') {
        if (!t->card)
            t->card = card_seen(call, str_n(t->said, t->said_len), "telnet");
        if (t->waiting)
            look_at_line(t, call);
        t->said_len = t->looked_len = 0;
    } else if (c >= ' ' && t->said_len < SAID_MAX) {
        t->said[t->said_len++] = (char)c;
    }
}

/* ---- what the client types ---- */

static void
client_types(struct telnet *t, uint8_t c)
{
    bool end = c == '\r' || c == '\n' || c == 0;

    if (t->typing == TYPING_USER) {
        if (end && t->user_len > 0)
            t->typing = TYPING_NOTHING;
        else if ((c == 8 || c == 127) && t->user_len > 0)
            t->user_len--;
        else if (c >= ' ' && t->user_len < USER_MAX)
            t->user[t->user_len++] = (char)c;
    } else if (t->typing == TYPING_PASSWORD && end) {
        t->typing = TYPING_NOTHING;
        t->waiting = true;
        t->answered = 0;
        t->said_len = t->looked_len = 0;
    }
}

/* ---- bytes ---- */

/* True: `c` belongs to a command (RFC 854 and 855), not to the text. */
static bool
within_command(uint8_t *state, uint8_t c)
{
    switch ((enum command) * state) {
    case COMMAND_NONE:
        if (c == IAC)
            *state = COMMAND_IAC;
        return c == IAC;
    case COMMAND_IAC:
        *state = c == IAC_SB                      ? COMMAND_SUB
                 : c >= IAC_WILL && c <= IAC_DONT ? COMMAND_OPTION
                                                  : COMMAND_NONE;
        return true;
    case COMMAND_OPTION:
        *state = COMMAND_NONE;
        return true;
    case COMMAND_SUB:
        if (c == IAC)
            *state = COMMAND_SUB_IAC;
        return true;
    case COMMAND_SUB_IAC:
        *state = c == IAC_SE ? COMMAND_NONE : COMMAND_SUB;
        return true;
    }
    return true;
}

static enum vg_err
telnet_bytes(void *self, const struct protocol_call *call, struct slice bytes)
{
    struct telnet *t = self;
    bool client = call->dir == call->flow->client;

    while (bytes.left > 0) {
        uint8_t c = slice_u8(&bytes);

        if (within_command(&t->command[call->dir], c))
            continue;
        if (client)
            client_types(t, c);
        else
            server_says(t, call, c);
    }
    if (!client)
        look_at_line(t, call);
    return t->tries < TRIES_TOLD_MAX ? VG_OK : VG_END;
}

static enum vg_err
telnet_gap(void *self, const struct protocol_call *call, uint32_t bytes)
{
    struct telnet *t = self;

    (void)bytes;
    t->said_len = t->looked_len = 0;
    t->command[call->dir] = COMMAND_NONE;
    if (call->dir == call->flow->client && t->typing == TYPING_PASSWORD)
        t->typing = TYPING_NOTHING;
    return VG_OK;
}

/* An option that somebody asks for or offers. */
static bool
negotiates(struct slice *in)
{
    uint8_t iac = slice_u8(in), verb = slice_u8(in), option = slice_u8(in);

    return !in->bad && iac == IAC && verb >= IAC_WILL && verb <= IAC_DONT &&
           (option <= 49 || option == IAC);
}

/* One negotiation on the port, or two in a row elsewhere; without any, a prompt on the port. */
static enum probe
telnet_probe(struct slice head, uint16_t sport, uint16_t dport)
{
    bool on_port = sport == PORT_TELNET || dport == PORT_TELNET;
    struct slice in = head;
    struct str text = str_n(head.at, head.left < SAID_MAX ? head.left : SAID_MAX);

    if (negotiates(&in))
        return on_port || negotiates(&in) ? PROBE_YES : PROBE_NO;
    if (sport == PORT_TELNET &&
        (one_of(words_trim(text), USER_PROMPTS) || one_of(words_trim(text), PASSWORD_PROMPTS)))
        return PROBE_YES;
    return PROBE_NO;
}

static void *
telnet_open(const struct protocol_call *call)
{
    return net_parser_alloc(call->engine, sizeof(struct telnet));
}

static void
telnet_close(void *self, const struct protocol_call *call)
{
    struct telnet *t = self;

    if (t->waiting) /* he hung up, or was hung up on, without a word */
        tell(t, call, LOGIN_UNKNOWN);
    net_parser_free(call->engine, t, sizeof(*t));
}

const struct protocol PROTOCOL_TELNET = {
    .name = "telnet",
    .probe = telnet_probe,
    .open = telnet_open,
    .bytes = telnet_bytes,
    .gap = telnet_gap,
    .close = telnet_close,
};
