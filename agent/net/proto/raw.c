/* SPDX-License-Identifier: Apache-2.0 */
/* raw: record "raw", one for each connection of no known protocol in which something was recognised:
 * shell ("unix", "cmd", "powershell": prompts or banners of one were seen), by_client (whose they
 * are), prompts, commands (lines of the other side that are commands), outputs (texts that commands
 * print), staged (the first bytes are a length and a program of about that length), executable (the
 * first bytes are a program), pushed_by_client (who sent it), greeting (a remote-control tool
 * introduces its machine: "fields", "njrat", "gh0st"), greeting_by_client, tunnel (a tool that joins
 * machines to a way through for others: "venom"), sealed (raw_sealed.h: both sides speak as if drawn by
 * lot from the first byte on), attack (raw_attack.h), attack_by_client. A card number in a text is a
 * record "card" (card_seen.h). */
#include "agent/net/proto/raw.h"

#include "agent/detect/card_number.h"
#include "agent/net/engine.h"
#include "agent/net/proto/card_seen.h"
#include "agent/net/proto/raw_attack.h"
#include "agent/net/proto/raw_sealed.h"
#include "agent/net/proto/words.h"
#include "agent/net/record.h"

enum {
    LINE_MAX_LEN = 160,
    HEAD_BYTES = 86,
    STAGE_LEAST = 512, /* bytes */
    STAGE_MOST = 32 * 1024 * 1024,
    FIELDS_LEAST = 4,
};

enum shell { SHELL_NONE, SHELL_UNIX, SHELL_CMD, SHELL_POWERSHELL };
static const char *const SHELLS[] = {"", "unix", "cmd", "powershell"};
enum greeting { GREETING_NONE, GREETING_FIELDS, GREETING_NJRAT, GREETING_GH0ST };
static const char *const GREETINGS[] = {"", "fields", "njrat", "gh0st"};

struct raw_side {
    char line[LINE_MAX_LEN]; /* the current one, as far as it fits */
    uint8_t line_len, head_len;
    uint8_t head[HEAD_BYTES];
    uint32_t bytes;
    uint16_t prompts, commands, outputs;
    uint8_t shell, greeting;
    bool staged, executable, venom;
    struct raw_attack attack;
};

struct raw {
    struct raw_side side[2];
    bool told, binary, card;
};

/* ---- a line of text ---- */

static bool
ends_with(struct str s, const char *end)
{
    size_t n = strlen(end);

    return s.len >= n && memcmp(s.at + s.len - n, end, n) == 0;
}

/* C:\Users\ana> */
static bool
dos_prompt(struct str s)
{
    return s.len >= 4 && s.at[0] >= 'A' && s.at[0] <= 'Z' && s.at[1] == ':' && s.at[2] == '\\' &&
           s.at[s.len - 1] == '>';
}

/* What a shell writes and then waits, without an end of line. */
static enum shell
prompt_of(struct str s)
{
    if (s.len >= 3 && memcmp(s.at, "PS ", 3) == 0 && (ends_with(s, "> ") || ends_with(s, ">")))
        return SHELL_POWERSHELL;
    if (dos_prompt(s))
        return SHELL_CMD;
    if (!ends_with(s, "$ ") && !ends_with(s, "# "))
        return SHELL_NONE;
    if (s.len == 2 || words_find(s, "@") || words_begin(s, "sh-") || words_begin(s, "bash-") ||
        s.at[0] == '/' || s.at[0] == '~')
        return SHELL_UNIX;
    return SHELL_NONE;
}

/* What a shell says when it begins without a terminal. */
static enum shell
banner_of(struct str s)
{
    if (words_find(s, "no job control in this shell") || words_find(s, "job control turned off") ||
        words_find(s, "cannot set terminal process group"))
        return SHELL_UNIX;
    if (words_find(s, "microsoft windows [vers"))
        return SHELL_CMD;
    if (words_begin(s, "windows powershell"))
        return SHELL_POWERSHELL;
    return SHELL_NONE;
}

static bool
is_command(struct str s)
{
    static const char *const commands[] = {
        "whoami",  "id",       "ipconfig",   "ifconfig", "ls",       "dir",      "cd",
        "pwd",     "uname",    "cat",        "type",     "net",      "netstat",  "hostname",
        "ps",      "tasklist", "systeminfo", "sudo",     "wget",     "curl",     "python",
        "python3", "perl",     "powershell", "cmd",      "cmd.exe",  "ip",       "arp",
        "echo",    "exit",     "reg",        "sc",       "certutil", "schtasks", "wmic",
        "find",    "chmod",    "nc",         "w",        "export",   "bash",     "sh",
        "su",      "mkdir",    "rm",         "del",      "copy",     "cp",
    };
    size_t n = 0;

    while (n < s.len && s.at[n] != ' ' && s.at[n] != '\t')
        n++;
    for (size_t i = 0; i < VG_ARRAY_LEN(commands); i++)
        if (n == strlen(commands[i]) && words_begin(s, commands[i]))
            return true;
    return false;
}

static bool
is_output(struct str s)
{
    return (words_begin(s, "uid=") && words_find(s, "gid=")) || words_begin(s, "drwx") ||
           words_begin(s, "-rw-r") || words_find(s, "windows ip configuration") ||
           words_find(s, "n ip de windows") || words_find(s, "volume serial number") ||
           words_find(s, "<loopback,up") || words_begin(s, "nt authority\\");
}

/* "…|…|Windows 10 Pro|…": the victim tells its owner where the tool runs. */
static bool
is_greeting(struct str s)
{
    static const char separators[] = "|;~#\x1f\x01*";

    if (!words_find(s, "windows ") && !words_find(s, "win xp") && !words_find(s, "win 7") &&
        !words_find(s, "win 10") && !words_find(s, "win 8"))
        return false;
    for (const char *c = separators; *c != '\0'; c++) {
        size_t n = 0;

        for (size_t i = 0; i < s.len; i++)
            n += s.at[i] == *c;
        if (n >= FIELDS_LEAST)
            return true;
    }
    return false;
}

static void
line_begun(struct raw_side *s)
{
    s->line_len = 0;
}

/* The line so far, whole (`ended`) or waiting. */
static void
look_at_line(struct raw_side *s, bool ended)
{
    struct str line = str_n(s->line, s->line_len);
    enum shell shell = ended ? banner_of(line) : prompt_of(line);

    if (line.len == 0)
        return;
    if (shell != SHELL_NONE) {
        s->prompts++;
        s->shell = (uint8_t)shell;
    }
    if (s->greeting == GREETING_NONE && words_find(line, "|'|'|"))
        s->greeting = GREETING_NJRAT; /* njRAT's separator: reported by all who took it apart */
    if (s->greeting == GREETING_NONE && is_greeting(line))
        s->greeting = GREETING_FIELDS;
    if (!ended)
        return;
    s->commands += is_command(line);
    s->outputs += is_output(line);
}

static void
read_text(struct raw_side *s, struct slice bytes)
{
    while (bytes.left > 0) {
        char c = (char)slice_u8(&bytes);

        if (c == '\n' || c == '\r') {
            look_at_line(s, true);
            line_begun(s);
        } else if (s->line_len < LINE_MAX_LEN) {
            s->line[s->line_len++] = c;
        }
    }
    look_at_line(s, false);
}

/* A piece of text, as programs send it: a line, a message. */
static void
look_for_card(struct raw *raw, const struct protocol_call *call, struct slice bytes)
{
    struct slice in = bytes;

    while (in.left > 0) {
        uint8_t c = slice_u8(&in);

        if (c < ' ' && c != '\t' && c != '\r' && c != '\n')
            return;
    }
    raw->card = card_seen(call, str_n(bytes.at, bytes.left), "raw");
}

/* ---- the first bytes ---- */

/* Gh0st and its many children: five letters, the length of all, the length unpacked, zlib. */
static bool
gh0st(struct slice head, size_t piece)
{
    uint32_t all, unpacked;

    for (unsigned i = 0; i < 5; i++) {
        uint8_t c = slice_u8(&head);

        if (c < '!' || c > '~')
            return false;
    }
    all = slice_le32(&head);
    unpacked = slice_le32(&head);
    return slice_u8(&head) == 0x78 && !head.bad && all == piece && unpacked > 0 &&
           unpacked < 1024 * 1024;
}

/* Venom's nodes introduce themselves (github.com/Dliv3/Venom, protocol/protocol.go): eight letters, four
 * more, command 0 from nobody (32 bytes) to nobody, and the 38 bytes of an InitPacketCmd. */
static bool
venom(struct slice head)
{
    uint8_t any = 0;

    for (unsigned i = 0; i < 12; i++) {
        uint8_t c = slice_u8(&head);

        if (c < '!' || c > '~')
            return false;
    }
    for (unsigned i = 0; i < 2 + 32 + 32; i++)
        any |= slice_u8(&head);
    return any == 0 && slice_be64(&head) == 4 + 2 + 32 && !head.bad;
}

static bool
is_program(struct slice in)
{
    uint16_t magic = slice_be16(&in);

    return magic == 0x4d5a /* MZ */ || (magic == 0x7f45 && slice_be16(&in) == 0x4c46 /* ELF */);
}

static void
read_head(struct raw *raw, const struct protocol_call *call, struct slice bytes)
{
    struct raw_side *s = &raw->side[call->dir], *other = &raw->side[1 - call->dir];
    struct slice peek = bytes, head;
    uint32_t len;

    if (call->flow->midstream || s->head_len == HEAD_BYTES)
        return;
    if (s->head_len == 0 && gh0st(bytes, bytes.left))
        s->greeting = GREETING_GH0ST;
    while (s->head_len < HEAD_BYTES && peek.left > 0)
        s->head[s->head_len++] = slice_u8(&peek);
    head = slice_of(s->head, s->head_len);
    s->venom = s->head_len == HEAD_BYTES && venom(head);
    if (s->head_len < 8 || other->bytes > 0)
        return;
    s->executable = is_program(head);
    len = slice_le32(&head);
    /* What Metasploit's stagers read first: the length of the stage (docs.metasploit.com, "how
     * payloads work"). */
    s->staged = len >= STAGE_LEAST && len <= STAGE_MOST && is_program(head);
    raw->binary = raw->binary || s->executable || s->staged;
}

/* ---- what is told ---- */

static bool
is_shell(const struct raw_side *s, const struct raw_side *other)
{
    return s->shell != SHELL_NONE && (s->prompts >= 2 || other->commands >= 1 || s->outputs >= 1);
}

static bool
sealed(const struct raw *raw)
{
    return raw_sealed(slice_of(raw->side[0].head, raw->side[0].head_len)) &&
           raw_sealed(slice_of(raw->side[1].head, raw->side[1].head_len));
}

static void
tell(struct raw *raw, const struct protocol_call *call)
{
    struct record r = {.type = "raw"};
    unsigned client = call->flow->client;
    bool any = false;

    for (unsigned d = 0; d < 2 && !raw->told; d++) {
        const struct raw_side *s = &raw->side[d], *other = &raw->side[1 - d];

        if (is_shell(s, other)) {
            record_text_put(&r, "shell", str_of(SHELLS[s->shell]));
            record_bool(&r, "by_client", d == client);
            record_number(&r, "prompts", s->prompts);
            record_number(&r, "commands", other->commands);
            record_number(&r, "outputs", s->outputs);
            any = true;
            break;
        }
    }
    for (unsigned d = 0; d < 2 && !raw->told; d++) {
        const struct raw_side *s = &raw->side[d];

        if (s->staged || s->executable) {
            record_bool(&r, "staged", s->staged);
            record_bool(&r, "executable", s->executable);
            record_bool(&r, "pushed_by_client", d == client);
            any = true;
            break;
        }
    }
    for (unsigned d = 0; d < 2 && !raw->told; d++) {
        if (raw->side[d].greeting == GREETING_NONE)
            continue;
        record_text_put(&r, "greeting", str_of(GREETINGS[raw->side[d].greeting]));
        record_bool(&r, "greeting_by_client", d == client);
        any = true;
        break;
    }
    if (!raw->told && (raw->side[0].venom || raw->side[1].venom)) {
        record_text_put(&r, "tunnel", str_of("venom"));
        any = true;
    }
    for (unsigned d = 0; d < 2 && !raw->told; d++) {
        if (raw->side[d].attack.name == NULL)
            continue;
        record_text_put(&r, "attack", str_of(raw->side[d].attack.name));
        record_bool(&r, "attack_by_client", d == client);
        any = true;
        break;
    }
    if (!raw->told && sealed(raw)) {
        record_bool(&r, "sealed", true);
        any = true;
    }
    if (any) {
        record_tell(&r, call, client);
        raw->told = true;
    }
}

/* ---- life ---- */

struct raw *
raw_new(const struct protocol_call *call)
{
    return net_parser_alloc(call->engine, sizeof(struct raw));
}

void
raw_free(struct raw *raw, const struct protocol_call *call, bool quiet)
{
    if (raw != NULL && !quiet)
        tell(raw, call);
    net_parser_free(call->engine, raw, sizeof(*raw));
}

/* A late hello of TLS: what came before agreed on it. */
static bool
turns_to_tls(struct slice in)
{
    return slice_u8(&in) == 22 && slice_u8(&in) == 3 && slice_u8(&in) <= 4 && in.left > 4;
}

enum vg_err
raw_bytes(struct raw *raw, const struct protocol_call *call, struct slice bytes)
{
    struct raw_side *s = &raw->side[call->dir];

    read_head(raw, call, bytes);
    if (s->bytes < RAW_BYTES_MAX)
        raw_attack_look(&s->attack, s->bytes == 0, bytes);
    if (s->bytes < RAW_BYTES_MAX && !raw->binary)
        read_text(s, bytes);
    if (s->bytes < RAW_BYTES_MAX && !raw->card && bytes.left >= CARD_DIGITS_MIN)
        look_for_card(raw, call, bytes);
    s->bytes += (uint32_t)(bytes.left < RAW_BYTES_MAX ? bytes.left : RAW_BYTES_MAX);
    if (is_shell(s, &raw->side[1 - call->dir]) || is_shell(&raw->side[1 - call->dir], s)) {
        if (raw->side[0].commands + raw->side[1].commands >= 1 || s->prompts >= 3)
            tell(raw, call);
    } else if (s->staged || s->venom || s->greeting != GREETING_NONE || s->attack.name != NULL) {
        tell(raw, call);
    }
    return raw->told || raw->binary ||
                   (raw->side[0].bytes >= RAW_BYTES_MAX && raw->side[1].bytes >= RAW_BYTES_MAX)
               ? VG_END
               : VG_OK;
}

static enum vg_err
on_bytes(void *self, const struct protocol_call *call, struct slice bytes)
{
    if (turns_to_tls(bytes)) {
        net_handover_rest(call, bytes.left);
        net_flow_handover(call->flow);
        return VG_OK;
    }
    return raw_bytes(self, call, bytes);
}

static enum vg_err
on_gap(void *self, const struct protocol_call *call, uint32_t bytes)
{
    struct raw *raw = self;

    (void)bytes;
    line_begun(&raw->side[call->dir]);
    return VG_OK;
}

static void
on_close(void *self, const struct protocol_call *call)
{
    raw_free(self, call, false);
}

const struct protocol PROTOCOL_RAW = {
    .name = "", .bytes = on_bytes, .gap = on_gap, .close = on_close};
