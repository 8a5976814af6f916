/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/sql.h"

#include <string.h>

#include "agent/net/record.h"

enum { TEXT_MAX = 2048, END_BYTES = 1024 };

/* All of `all`, in small letters and with single spaces; of `any`, one where it has some. */
static const struct sign {
    const char *act;
    const char *all[2], *any[6];
} SIGNS[] = {
    {"enable_programs",
     {"sp_configure", NULL},
     {"xp_cmdshell", "ole automation", "clr enabled", "external scripts"}},
    {"run_program", {"xp_cmdshell", NULL}, {NULL}},
    {"run_program", {"sp_oamethod", NULL}, {NULL}},
    {"run_program", {"sp_execute_external_script", NULL}, {"system(", "popen", "subprocess"}},
    {"run_program", {"sys_exec(", NULL}, {NULL}},
    {"run_program", {"sys_eval(", NULL}, {NULL}},
    {"run_program", {"copy ", " program "}, {"from program ", "to program "}},
    {"load_library", {"create ", " soname "}, {NULL}},
    {"load_library", {"create ", "language c"}, {"as '/", "as \"/", "as e'/", "as $$/", "as 'c:"}},
    {"load_library", {"create assembly", "from 0x"}, {NULL}},
    {"write_file", {"into dumpfile ", NULL}, {NULL}},
    {"write_file",
     {"into outfile ", NULL},
     {".php", ".jsp", ".asp", "<?", "authorized_keys", "/cron"}},
    {"write_file", {"set global ", "_log_file"}, {".php", ".jsp", ".asp"}},
    {"write_file", {"backup ", " to disk"}, {".php", ".jsp", ".asp", ".hta", "startup"}},
    {"write_file", {"lo_export(", NULL}, {NULL}},
    {"write_file", {"sp_makewebtask", NULL}, {NULL}},
    {"read_system_file", {"load_file(", NULL}, {"'/etc/", "'c:", "\"/etc/", "'/root", "'/proc/"}},
    {"read_system_file", {"pg_read_file(", NULL}, {"'/etc/", "'/root", "'/proc/", "'/home"}},
};

/* Acts by their bits in struct sql. */
static unsigned
bit_of(const char *act)
{
    unsigned bit = 0;

    for (size_t i = 1; i < VG_ARRAY_LEN(SIGNS) && strcmp(SIGNS[i - 1].act, act) != 0; i++)
        bit += strcmp(SIGNS[i].act, SIGNS[i - 1].act) != 0;
    return bit;
}

struct plain {
    char text[TEXT_MAX];
    size_t len;
    char before; /* what stood before, for comments */
    bool comment;
};

static void
plain_put(struct plain *p, uint8_t c)
{
    char small = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    bool space = c == ' ' || (c >= '\t' && c <= '\r');

    if (p->comment) {
        p->comment = !(p->before == '*' && c == '/');
        p->before = (char)c;
        return;
    }
    if (p->before == '/' && c == '*' && p->len > 0) { /* hides a word from who looks for two */
        p->comment = true;
        p->before = 0;
        p->text[p->len - 1] = ' ';
        return;
    }
    p->before = (char)c;
    if (c == 0 || p->len == TEXT_MAX - 1)
        return; /* half of a UTF-16 unit */
    if (!space)
        p->text[p->len++] = small;
    else if (p->len > 0 && p->text[p->len - 1] != ' ')
        p->text[p->len++] = ' ';
}

static void
plain_make(struct plain *p, struct slice in)
{
    size_t head = in.left > TEXT_MAX + END_BYTES ? (size_t)TEXT_MAX : in.left;

    p->len = 0;
    p->before = 0;
    p->comment = false;
    for (size_t i = 0; i < head && p->len < TEXT_MAX - END_BYTES; i++)
        plain_put(p, slice_u8(&in));
    if (in.left > END_BYTES)
        slice_skip(&in, in.left - END_BYTES);
    p->comment = false;
    plain_put(p, ' ');
    while (in.left > 0)
        plain_put(p, slice_u8(&in));
    p->text[p->len] = '\0';
}

static bool
sign_in(const struct sign *s, const char *text)
{
    bool any = s->any[0] == NULL;

    for (size_t i = 0; i < VG_ARRAY_LEN(s->all) && s->all[i] != NULL; i++)
        if (strstr(text, s->all[i]) == NULL)
            return false;
    for (size_t i = 0; !any && i < VG_ARRAY_LEN(s->any) && s->any[i] != NULL; i++)
        any = strstr(text, s->any[i]) != NULL;
    return any;
}

void
sql_look(struct sql *sql, const struct protocol_call *call, unsigned client, const char *service,
         struct str user, struct slice statement)
{
    struct plain plain;

    plain_make(&plain, statement);
    for (size_t i = 0; i < VG_ARRAY_LEN(SIGNS); i++) {
        struct record r = {.type = "sql"};
        unsigned bit = 1u << bit_of(SIGNS[i].act);

        if ((sql->told & bit) != 0 || !sign_in(&SIGNS[i], plain.text))
            continue;
        sql->told |= (uint8_t)bit;
        record_text_put(&r, "service", str_of(service));
        record_text_put(&r, "act", str_of(SIGNS[i].act));
        record_text_opt(&r, "user", user);
        record_tell(&r, call, client);
        if (i == 0)
            return; /* that xp_cmdshell is named there does not run it */
    }
}
