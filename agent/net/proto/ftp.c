/* SPDX-License-Identifier: Apache-2.0 */
/* ftp: the control connection of FTP (RFC 959, 2228, 2428).
 *
 * Record "ftp", one for each command that touches files, and for what else tells an attack:
 *   command   RETR, STOR, APPE, STOU, LIST, NLST, MLSD, DELE, RNFR, RNTO, MKD, RMD, SITE; PORT and
 *             EPRT only where they name somebody else's address
 *   argument  as sent; absent where there was none
 *   user      who was logged in
 *   reply     the code of the last answer; absent where none came
 * Log-ins: of USER and PASS; the password is never looked at. After AUTH TLS the stream is TLS's.
 * Files go through their data connections: expect.h, ftp_data.c. */
#include "agent/net/proto/ftp.h"

#include "agent/net/engine.h"
#include "agent/net/proto/lines.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/proto/words.h"
#include "agent/net/record.h"

enum { USER_MAX = 64, ARGUMENT_MAX = 256, PORT_CONTROL = 21 };

enum command {
    COMMAND_NONE, /* or one that tells nothing */
    COMMAND_USER,
    COMMAND_PASS,
    COMMAND_AUTH,
    COMMAND_PORT,
    COMMAND_PASSIVE,
    COMMAND_TOLD,
    COMMAND_DOWN,
    COMMAND_UP,
};

static const struct word {
    const char *name;
    enum command command;
} COMMANDS[] = {
    {"USER", COMMAND_USER},    {"PASS", COMMAND_PASS}, {"AUTH", COMMAND_AUTH},
    {"PORT", COMMAND_PORT},    {"EPRT", COMMAND_PORT}, {"PASV", COMMAND_PASSIVE},
    {"EPSV", COMMAND_PASSIVE}, {"RETR", COMMAND_DOWN}, {"STOR", COMMAND_UP},
    {"APPE", COMMAND_UP},      {"STOU", COMMAND_UP},   {"LIST", COMMAND_TOLD},
    {"NLST", COMMAND_TOLD},    {"MLSD", COMMAND_TOLD}, {"DELE", COMMAND_TOLD},
    {"RNFR", COMMAND_TOLD},    {"RNTO", COMMAND_TOLD}, {"MKD", COMMAND_TOLD},
    {"RMD", COMMAND_TOLD},     {"SITE", COMMAND_TOLD},
};

struct ftp {
    struct lines lines[2];
    unsigned client;
    const struct word *asked; /* the command that waits for its answer, or NULL */
    uint16_t many;            /* code of the answer of several lines that is under way */
    uint64_t expected;        /* data connection that the next transfer uses */
    bool bounce;              /* PORT named another address */
    char user[USER_MAX], argument[ARGUMENT_MAX];
};

/* ---- what is told ---- */

static void
tell_login(struct ftp *f, const struct protocol_call *call, enum login_result result)
{
    struct login_view login = {
        .service = "ftp", .user = str_of(f->user), .result = result, .cleartext = true};

    login_tell(&login, call, f->client);
}

static void
tell_command(struct ftp *f, const struct protocol_call *call, int reply)
{
    struct record r = {.type = "ftp"};

    record_text_put(&r, "command", str_of(f->asked->name));
    record_text_opt(&r, "argument", str_of(f->argument));
    record_text_opt(&r, "user", str_of(f->user));
    if (reply != 0)
        record_number(&r, "reply", reply);
    record_tell(&r, call, f->client);
}

static enum login_result
login_result_of(int reply)
{
    if (reply == 230 || reply == 232 || reply == 202)
        return LOGIN_SUCCEEDED;
    return reply == 530 || reply == 430 || reply == 535 ? LOGIN_FAILED : LOGIN_UNKNOWN;
}

/* ---- the client ---- */

/* The answer to what was asked before: `reply` 0: none came. */
static void
settle(struct ftp *f, const struct protocol_call *call, int reply)
{
    const struct word *asked = f->asked;

    if (asked == NULL)
        return;
    switch (asked->command) {
    case COMMAND_USER: /* some let in, or turn away, without a password */
        if (login_result_of(reply) != LOGIN_UNKNOWN)
            tell_login(f, call, login_result_of(reply));
        break;
    case COMMAND_PASS:
        tell_login(f, call, login_result_of(reply));
        break;
    case COMMAND_TOLD:
    case COMMAND_DOWN:
    case COMMAND_UP:
        tell_command(f, call, reply);
        break;
    case COMMAND_PORT:
        if (f->bounce)
            tell_command(f, call, reply);
        break;
    default:
        break;
    }
    f->asked = NULL;
}

static void
expect_data(struct ftp *f, const struct protocol_call *call, unsigned dir, uint16_t port)
{
    if (port != 0)
        f->expected = expect_add(net_expect(call->engine), call->time_ns, call->flow, dir, port,
                                 dir != f->client, &PROTOCOL_FTP_DATA);
}

static void
on_port(struct ftp *f, const struct protocol_call *call, struct str argument)
{
    const struct flow_key *key = &call->flow->key;
    uint8_t addr[4] = {0};
    uint16_t port;

    f->bounce = false;
    if (argument.len > 0 && argument.at[0] == '|') {
        port = ftp_port_extended(argument);
    } else {
        port = ftp_port_of_six(argument, addr);
        f->bounce =
            port != 0 && key->family == 4 && memcmp(addr, key->addr[f->client], sizeof(addr)) != 0;
    }
    expect_data(f, call, f->client, port);
}

static void
on_command(struct ftp *f, const struct protocol_call *call, struct str line)
{
    struct str name = words_next(&line);

    settle(f, call, 0);
    for (size_t i = 0; i < VG_ARRAY_LEN(COMMANDS) && f->asked == NULL; i++)
        if (words_is(name, COMMANDS[i].name))
            f->asked = &COMMANDS[i];
    if (f->asked == NULL)
        return;
    f->argument[0] = '\0';
    switch (f->asked->command) {
    case COMMAND_PASS:
        break;
    case COMMAND_USER:
        (void)words_keep(f->user, sizeof(f->user), line);
        break;
    case COMMAND_PORT:
        on_port(f, call, line);
        (void)words_keep(f->argument, sizeof(f->argument), line);
        break;
    case COMMAND_DOWN:
    case COMMAND_UP:
        expect_name(net_expect(call->engine), f->expected, line, f->asked->command == COMMAND_UP);
        f->expected = 0;
        (void)words_keep(f->argument, sizeof(f->argument), line);
        break;
    default:
        (void)words_keep(f->argument, sizeof(f->argument), line);
        break;
    }
}

/* ---- the server ---- */

static void
on_reply(struct ftp *f, const struct protocol_call *call, int code, struct str line)
{
    uint8_t addr[4];

    if (code < 200 || f->asked == NULL)
        return; /* a transfer begins; the final answer follows */
    if (f->asked->command == COMMAND_PASSIVE && (code == 227 || code == 229)) {
        struct str text = words_skip(line, 4);

        expect_data(f, call, 1 - f->client,
                    code == 227 ? ftp_port_of_six(text, addr) : ftp_port_extended(text));
    }
    if (f->asked->command == COMMAND_AUTH && (code == 234 || code == 334))
        net_flow_handover(call->flow);
    settle(f, call, code);
}

static enum vg_err
on_server_line(struct ftp *f, const struct protocol_call *call, struct str line)
{
    bool last = true;
    int code = words_reply(line, &last);

    if (f->many != 0) { /* RFC 959, 4.2: up to a line with the same code and a space */
        if (code != f->many || !last)
            return VG_OK;
    } else if (code == 0) {
        return VG_ERR_FORMAT;
    }
    f->many = last ? 0 : (uint16_t)code;
    if (last)
        on_reply(f, call, code, line);
    return VG_OK;
}

/* ---- life ---- */

static enum vg_err
ftp_bytes(void *self, const struct protocol_call *call, struct slice bytes)
{
    struct ftp *f = self;
    struct line_piece line;
    enum vg_err err = VG_OK;

    while (err == VG_OK && !call->flow->handover &&
           lines_next(&f->lines[call->dir], call, &bytes, &line)) {
        if (!line.begins)
            continue;
        if (call->dir == f->client)
            on_command(f, call, line.text);
        else
            err = on_server_line(f, call, line.text);
    }
    if (call->flow->handover)
        net_handover_rest(call, bytes.left);
    return err;
}

static enum vg_err
ftp_gap(void *self, const struct protocol_call *call, uint32_t bytes)
{
    struct ftp *f = self;

    (void)bytes;
    lines_gap(&f->lines[call->dir]);
    f->many = 0;
    return VG_OK;
}

static bool
mail_port(uint16_t port)
{
    return port == 25 || port == 26 || port == 465 || port == 587 || port == 2525;
}

/* "220": FTP, or mail; the words of the greeting tell, or else the client's answer. */
static enum probe
look_at_greeting(struct slice head, uint16_t sport)
{
    struct str text = str_n(head.at, head.left), line;
    bool last = false;

    if (mail_port(sport) || words_find(text, "SMTP"))
        return PROBE_NO;
    if (sport == PORT_CONTROL || words_find(text, "FTP"))
        return PROBE_YES;
    while (words_line(head, &line)) {
        if (words_reply(line, &last) != 0 && last)
            return PROBE_NO;
        (void)words_until(&text, '\n');
        head = slice_of(text.at, text.len);
    }
    return PROBE_MORE;
}

static enum probe
look_at_command(struct slice head, uint16_t dport)
{
    int user = words_looks(head, "USER "), auth = words_looks(head, "AUTH ");
    struct str line;

    if (dport == 110 || mail_port(dport) || (user == 0 && auth == 0))
        return PROBE_NO;
    if (!words_line(head, &line))
        return PROBE_MORE;
    (void)words_next(&line);
    if (auth == 1)
        return words_is(line, "TLS") || words_is(line, "SSL") ? PROBE_YES : PROBE_NO;
    /* IRC's has four arguments */
    return words_next(&line).len > 0 && line.len == 0 ? PROBE_YES : PROBE_NO;
}

static enum probe
ftp_probe(struct slice head, uint16_t sport, uint16_t dport)
{
    int greeting = words_looks(head, "220");

    if (greeting == 1)
        return look_at_greeting(head, sport);
    if (sport == PORT_CONTROL && (words_looks(head, "120 ") == 1 ||
                                  words_looks(head, "421 ") == 1 || words_looks(head, "530 ") == 1))
        return PROBE_YES;
    return greeting == -1 ? PROBE_MORE : look_at_command(head, dport);
}

static void *
ftp_open(const struct protocol_call *call)
{
    struct ftp *f = net_parser_alloc(call->engine, sizeof(*f));
    const struct flow *flow = call->flow;

    if (f == NULL)
        return NULL;
    f->client = flow->client;
    if (flow->midstream && flow->key.port[flow->client] == PORT_CONTROL)
        f->client = 1u - flow->client;
    lines_init(&f->lines[0]);
    lines_init(&f->lines[1]);
    return f;
}

static void
ftp_close(void *self, const struct protocol_call *call)
{
    struct ftp *f = self;

    settle(f, call, 0);
    lines_done(&f->lines[0], call);
    lines_done(&f->lines[1], call);
    net_parser_free(call->engine, f, sizeof(*f));
}

const struct protocol PROTOCOL_FTP = {
    .name = "ftp",
    .probe = ftp_probe,
    .open = ftp_open,
    .bytes = ftp_bytes,
    .gap = ftp_gap,
    .close = ftp_close,
};
