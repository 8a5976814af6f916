/* SPDX-License-Identifier: Apache-2.0 */
/* redis: commands that matter, of Redis and what speaks like it (RESP 2 and 3, inline commands).
 *
 * Record "redis", one for each command that turns a server into a tool, with its answer:
 *   command    CONFIG SET, SLAVEOF, REPLICAOF, MODULE LOAD, EVAL, SCRIPT LOAD, FUNCTION LOAD, MIGRATE,
 *              FLUSHALL, FLUSHDB, DEBUG, SHUTDOWN, ACL SETUSER, BGSAVE, SAVE
 *   argument   a setting's name, a host, a path
 *   value      of CONFIG SET, where it is no password; a port
 *   error      the server's word for it ("NOAUTH", "ERR"); absent where it did as told
 * and one at the end: commands (their number), names (the different ones, at most NAMES_MAX),
 * unauthenticated (it answered without a log-in).
 * Log-ins: AUTH and HELLO with AUTH. Passwords are passed over where they lie. */
#include <stdio.h>

#include "agent/net/engine.h"
#include "agent/net/proto/lines.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/proto/words.h"
#include "agent/net/record.h"

enum {
    PORT = 6379,
    TEXT_MAX = 96,
    ARGUMENTS_KEPT = 4, /* of a command: its name and what may matter */
    NAMES_MAX = 12,
    NAME_MAX = 16,
    ITEMS_MAX = 1024 * 1024,
};

/* `second` NULL: any. argument, value: which words of the command they are; 0: none. */
static const struct tool {
    const char *first, *second;
    uint8_t argument, value;
} TOOLS[] = {
    {"CONFIG", "SET", 2, 3},  {"SLAVEOF", NULL, 1, 2},    {"REPLICAOF", NULL, 1, 2},
    {"MODULE", "LOAD", 2, 0}, {"MODULE", "LOADEX", 2, 0}, {"EVAL", NULL, 0, 0},
    {"SCRIPT", "LOAD", 0, 0}, {"FUNCTION", "LOAD", 0, 0}, {"MIGRATE", NULL, 1, 2},
    {"FLUSHALL", NULL, 0, 0}, {"FLUSHDB", NULL, 0, 0},    {"DEBUG", NULL, 1, 0},
    {"ACL", "SETUSER", 2, 0}, {"SHUTDOWN", NULL, 0, 0},   {"BGSAVE", NULL, 0, 0},
    {"SAVE", NULL, 0, 0},
};

struct redis_side {
    struct lines lines;
    uint64_t items; /* of the command or answer at hand, still to come */
    uint64_t skip;  /* bytes of a string that nobody wants, and its end */
};

/* The command that waits for its answer. */
struct redis_asked {
    const struct tool *tool; /* NULL: none */
    bool login;
    uint64_t number; /* answers before it */
    char argument[TEXT_MAX], value[TEXT_MAX];
};

struct redis {
    struct redis_side side[2];
    unsigned client;
    uint64_t sent, answered;
    bool auth_sent, open, push; /* open: it answered without a log-in */
    uint64_t left;              /* bytes of the client's argument at hand */
    uint64_t total;             /* arguments of the command at hand */
    unsigned taken;             /* of them so far */
    size_t used;                /* bytes of kept[taken] */
    struct redis_asked asked;
    char user[TEXT_MAX];
    char kept[ARGUMENTS_KEPT][TEXT_MAX];
    char names[NAMES_MAX][NAME_MAX];
    unsigned name_count;
};

/* ---- what is told ---- */

static void
tell_tool(struct redis *r, const struct protocol_call *call, struct str error)
{
    const struct tool *t = r->asked.tool;
    struct record rec = {.type = "redis"};
    char name[2 * NAME_MAX];

    snprintf(name, sizeof(name), t->second != NULL ? "%s %s" : "%s", t->first,
             t->second != NULL ? t->second : "");
    record_text_put(&rec, "command", str_of(name));
    record_text_opt(&rec, "argument", str_of(r->asked.argument));
    record_text_opt(&rec, "value", str_of(r->asked.value));
    record_text_opt(&rec, "error", error);
    record_tell(&rec, call, r->client);
}

/* What was asked is answered, or never will be (`answered` false). */
static void
settle(struct redis *r, const struct protocol_call *call, bool answered, struct str error)
{
    struct login_view login = {.service = "redis",
                               .user = str_of(r->user),
                               .result = !answered        ? LOGIN_UNKNOWN
                                         : error.len == 0 ? LOGIN_SUCCEEDED
                                                          : LOGIN_FAILED,
                               .cleartext = true};

    if (r->asked.login)
        login_tell(&login, call, r->client);
    if (r->asked.tool != NULL)
        tell_tool(r, call, error);
    r->asked.login = false;
    r->asked.tool = NULL;
}

static void
tell_session(struct redis *r, const struct protocol_call *call)
{
    struct record rec = {.type = "redis"};
    struct str names[NAMES_MAX];

    if (r->sent == 0)
        return;
    for (unsigned i = 0; i < r->name_count; i++)
        names[i] = str_of(r->names[i]);
    record_number(&rec, "commands", (int64_t)r->sent);
    record_list(&rec, "names", names, r->name_count);
    if (r->open)
        record_bool(&rec, "unauthenticated", true);
    record_tell(&rec, call, r->client);
}

/* ---- the client ---- */

static void
note_name(struct redis *r, const char *name)
{
    for (unsigned i = 0; i < r->name_count; i++)
        if (words_is(str_of(r->names[i]), name))
            return;
    if (r->name_count == NAMES_MAX)
        return;
    (void)words_keep(r->names[r->name_count], NAME_MAX, str_of(name));
    for (char *c = r->names[r->name_count]; *c != '\0'; c++)
        if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 32);
    r->name_count++;
}

/* Whether the word with this number may be looked at: no password, no data. */
static bool
wanted(const struct redis *r, unsigned number)
{
    struct str name = str_of(r->kept[0]), second = str_of(r->kept[1]);

    if (number == 0)
        return true;
    if (number >= ARGUMENTS_KEPT)
        return false;
    if (words_is(name, "AUTH"))
        return number == 1 && r->total == 3; /* AUTH user password; else it is the password */
    if (words_is(name, "HELLO"))
        return true; /* HELLO 3 AUTH user password: the last is the fifth */
    if (words_is(name, "CONFIG") && number == 3)
        return words_is(second, "SET") && !words_find(str_of(r->kept[2]), "pass") &&
               !words_find(str_of(r->kept[2]), "auth");
    for (size_t i = 0; i < VG_ARRAY_LEN(TOOLS); i++)
        if (words_is(name, TOOLS[i].first) &&
            ((number == 1 && TOOLS[i].second != NULL) || number == TOOLS[i].argument ||
             number == TOOLS[i].value))
            return true;
    return false;
}

static const char *
word_of(const struct redis *r, unsigned number)
{
    return number > 0 && number < r->taken && number < ARGUMENTS_KEPT ? r->kept[number] : "";
}

static void
on_command(struct redis *r, const struct protocol_call *call)
{
    struct str name = str_of(r->kept[0]);
    bool login = words_is(name, "AUTH") ||
                 (words_is(name, "HELLO") && words_is(str_of(word_of(r, 2)), "AUTH"));
    const struct tool *tool = NULL;

    if (name.len == 0)
        return;
    note_name(r, r->kept[0]);
    for (size_t i = 0; i < VG_ARRAY_LEN(TOOLS) && tool == NULL; i++)
        if (words_is(name, TOOLS[i].first) &&
            (TOOLS[i].second == NULL || words_is(str_of(word_of(r, 1)), TOOLS[i].second)))
            tool = &TOOLS[i];
    if (login || tool != NULL) {
        settle(r, call, false, str_of(NULL));
        r->asked.login = login;
        r->asked.tool = tool;
        r->asked.number = r->sent;
    }
    if (login) {
        r->auth_sent = true;
        (void)words_keep(r->user, TEXT_MAX,
                         str_of(words_is(name, "AUTH") ? word_of(r, 1) : word_of(r, 3)));
    }
    if (tool != NULL) {
        (void)words_keep(r->asked.argument, TEXT_MAX, str_of(word_of(r, tool->argument)));
        (void)words_keep(r->asked.value, TEXT_MAX, str_of(word_of(r, tool->value)));
    }
    r->sent++;
}

static void
begin_command(struct redis *r, uint64_t total)
{
    for (unsigned i = 0; i < ARGUMENTS_KEPT; i++)
        r->kept[i][0] = '\0';
    r->total = total;
    r->taken = 0;
    r->used = 0;
}

static void
on_inline(struct redis *r, const struct protocol_call *call, struct str line)
{
    struct str count = line;
    uint64_t total = 0;

    while (words_next(&count).len > 0)
        total++;
    begin_command(r, total);
    for (unsigned i = 0; i < ARGUMENTS_KEPT && i < total; i++) {
        struct str word = words_next(&line);

        r->taken = i;
        if (wanted(r, i))
            (void)words_keep(r->kept[i], TEXT_MAX, word);
    }
    r->taken = (unsigned)(total < ARGUMENTS_KEPT ? total : ARGUMENTS_KEPT);
    on_command(r, call);
}

static void
end_argument(struct redis *r, const struct protocol_call *call)
{
    struct redis_side *s = &r->side[r->client];

    s->skip = 2;
    r->used = 0;
    r->taken++;
    if (--s->items == 0)
        on_command(r, call);
}

/* Bytes of an argument. */
static void
on_argument(struct redis *r, const struct protocol_call *call, struct slice *in)
{
    struct slice part = slice_sub(in, in->left < r->left ? in->left : (size_t)r->left);

    r->left -= part.left;
    if (r->used + 1 < TEXT_MAX && wanted(r, r->taken))
        r->used +=
            words_keep(r->kept[r->taken] + r->used, TEXT_MAX - r->used, str_n(part.at, part.left))
                .len;
    if (r->left == 0)
        end_argument(r, call);
}

/* "*3" or "$5": the number behind the first character; *null: it is negative. */
static bool
count_of(struct str line, uint64_t *out, bool *null)
{
    struct str number = words_skip(line, 1);

    *null = number.len > 0 && number.at[0] == '-';
    *out = 0;
    return *null || words_number(number, out);
}

static enum vg_err
on_client_line(struct redis *r, const struct protocol_call *call, struct str line)
{
    struct redis_side *s = &r->side[r->client];
    uint64_t n;
    bool null;

    if (s->items == 0 && (line.len == 0 || line.at[0] != '*')) {
        on_inline(r, call, line);
        return VG_OK;
    }
    if (!count_of(line, &n, &null))
        return VG_ERR_FORMAT;
    if (s->items == 0) {
        if (n > ITEMS_MAX)
            return VG_ERR_FORMAT;
        s->items = n;
        begin_command(r, n);
        return VG_OK;
    }
    if (line.at[0] != '$' || null)
        return VG_ERR_FORMAT;
    r->left = n;
    if (n == 0)
        end_argument(r, call);
    return VG_OK;
}

/* ---- the server ---- */

static void
begin_answer(struct redis *r, const struct protocol_call *call, struct str line)
{
    struct redis_side *s = &r->side[1 - r->client];
    bool error = line.at[0] == '-' || line.at[0] == '!';
    struct str rest = words_skip(line, 1);

    s->items = 1;
    r->push = line.at[0] == '>';
    if (r->push)
        return;
    if (!error && !r->auth_sent && r->sent > 0)
        r->open = true;
    if ((r->asked.login || r->asked.tool != NULL) && r->asked.number == r->answered)
        settle(r, call, true, error ? words_next(&rest) : str_of(NULL));
}

static enum vg_err
on_server_line(struct redis *r, const struct protocol_call *call, struct str line)
{
    struct redis_side *s = &r->side[1 - r->client];
    uint64_t n = 0;
    bool null = false;

    if (line.len == 0)
        return VG_ERR_FORMAT;
    if (s->items == 0)
        begin_answer(r, call, line);
    switch (line.at[0]) {
    case '$':
    case '=':
    case '!':
        if (!count_of(line, &n, &null))
            return VG_ERR_FORMAT;
        s->skip = null ? 0 : n + 2;
        break;
    case '*':
    case '~':
    case '>':
    case '%':
    case '|':
        if (!count_of(line, &n, &null) || n > ITEMS_MAX || s->items > ITEMS_MAX)
            return VG_ERR_FORMAT;
        s->items += line.at[0] == '%' || line.at[0] == '|' ? 2 * n : n;
        break;
    default: /* simple: '+', '-', ':', and what version 3 adds */
        break;
    }
    if (--s->items == 0 && !r->push)
        r->answered++;
    return VG_OK;
}

/* ---- life ---- */

static enum vg_err
redis_bytes(void *self, const struct protocol_call *call, struct slice bytes)
{
    struct redis *r = self;
    struct redis_side *s = &r->side[call->dir];
    bool client = call->dir == r->client;
    struct line_piece line;
    enum vg_err err = VG_OK;

    while (err == VG_OK && bytes.left > 0) {
        if (s->skip > 0) {
            size_t n = s->skip < bytes.left ? (size_t)s->skip : bytes.left;

            slice_skip(&bytes, n);
            s->skip -= n;
        } else if (client && r->left > 0) {
            on_argument(r, call, &bytes);
        } else if (!lines_next(&s->lines, call, &bytes, &line)) {
            break;
        } else if (line.begins) {
            err = client ? on_client_line(r, call, line.text) : on_server_line(r, call, line.text);
        }
    }
    return err;
}

static enum vg_err
redis_gap(void *self, const struct protocol_call *call, uint32_t bytes)
{
    struct redis *r = self;
    struct redis_side *s = &r->side[call->dir];

    if (bytes <= s->skip && s->lines.part.len == 0) {
        s->skip -= bytes;
        return VG_OK;
    }
    return VG_END; /* where the next command begins is not known */
}

static bool
known_inline(struct str line)
{
    static const char *const WORDS[] = {"PING", "INFO",    "AUTH",   "CONFIG", "SLAVEOF",  "KEYS",
                                        "SET",  "COMMAND", "CLIENT", "SELECT", "FLUSHALL", "QUIT"};
    struct str name = words_next(&line);

    for (size_t i = 0; i < VG_ARRAY_LEN(WORDS); i++)
        if (words_is(name, WORDS[i]))
            return true;
    return false;
}

/* "*12" without its end. */
static bool
is_count_begun(struct slice in)
{
    bool fine = in.left < 9;

    slice_skip(&in, 1);
    while (fine && in.left > 0) {
        uint8_t c = slice_u8(&in);

        fine = (c >= '0' && c <= '9') || c == '\r';
    }
    return fine;
}

/* The client's: an array of strings; on the usual port also a plain command. */
static enum probe
redis_probe(struct slice head, uint16_t sport, uint16_t dport)
{
    struct str line;
    uint64_t n;
    bool null;

    (void)sport;
    if (head.left > 0 && words_looks(head, "*") == 1) {
        if (!words_line(head, &line))
            return is_count_begun(head) ? PROBE_MORE : PROBE_NO;
        if (!count_of(line, &n, &null) || null || n == 0 || n > ITEMS_MAX)
            return PROBE_NO;
        slice_skip(&head, line.len + 2);
        return head.left == 0 && !head.bad ? PROBE_MORE
               : slice_u8(&head) == '$'    ? PROBE_YES
                                           : PROBE_NO;
    }
    return dport == PORT && words_line(head, &line) && known_inline(line) ? PROBE_YES : PROBE_NO;
}

static void *
redis_open(const struct protocol_call *call)
{
    struct redis *r = net_parser_alloc(call->engine, sizeof(*r));

    if (r == NULL)
        return NULL;
    r->client = call->dir;
    lines_init(&r->side[0].lines);
    lines_init(&r->side[1].lines);
    return r;
}

static void
redis_close(void *self, const struct protocol_call *call)
{
    struct redis *r = self;

    settle(r, call, false, str_of(NULL));
    tell_session(r, call);
    lines_done(&r->side[0].lines, call);
    lines_done(&r->side[1].lines, call);
    net_parser_free(call->engine, r, sizeof(*r));
}

const struct protocol PROTOCOL_REDIS = {
    .name = "redis",
    .probe = redis_probe,
    .open = redis_open,
    .bytes = redis_bytes,
    .gap = redis_gap,
    .close = redis_close,
};
