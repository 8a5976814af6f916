/* SPDX-License-Identifier: Apache-2.0 */
/* app_load: rules/indicators/apps.yaml, checked against its schema, into the table. */
#include <stdio.h>
#include <stdlib.h>

#include <openssl/rand.h>

#include "agent/net/app_table.h"
#include "agent/platform/platform.h"

enum { FILE_BYTES_MAX = CONF_BYTES_MAX };

static const char *const CATEGORIES[] = {
    "advertising", "ai",          "bank",     "cdn",         "cloud_storage", "crypto",
    "delivery",    "developer",   "dns",      "dynamic_dns", "file_sharing",  "games",
    "government",  "hosting",     "mail",     "marketplace", "meetings",      "messaging",
    "mining",      "music",       "office",   "own_address", "paste",         "payments",
    "pos",         "remote_help", "security", "short_links", "social",        "tor",
    "tunnel",      "updates",     "video",    "vpn",         "web",           NULL};
static const char *const SNI_LOOKS[] = {"any", "random", NULL};

static bool
all_of(const char *text, const char *allowed)
{
    return text[0] != '\0' && text[strspn(text, allowed)] == '\0';
}

static bool
check_name(const char *text, char why[160])
{
    if (all_of(text, "abcdefghijklmnopqrstuvwxyz0123456789_"))
        return true;
    (void)snprintf(why, 160, "is no name: write small letters, digits and _");
    return false;
}

static bool
check_domain(const char *text, char why[160])
{
    unsigned dots = 0;
    bool good = all_of(text, "abcdefghijklmnopqrstuvwxyz0123456789-.") && text[0] != '.';

    for (const char *p = text; *p != '\0'; p++)
        if (*p == '.') {
            dots++;
            good = good && p[1] != '.' && p[1] != '\0';
        }
    if (good && dots >= 1 && dots < APP_LABELS_MAX)
        return true;
    (void)snprintf(why, 160,
                   "is no domain: write it in small letters with 2 to %d parts, as in example.com",
                   APP_LABELS_MAX);
    return false;
}

static bool
check_ja4(const char *text, char why[160])
{
    /* a_b_c: 10 characters, 12 hex digits, 12 hex digits (FoxIO, JA4). */
    if (strlen(text) == 36 && text[10] == '_' && text[23] == '_' &&
        strchr("tqd", text[0]) != NULL && strspn(text + 11, "0123456789abcdef") == 12 &&
        strspn(text + 24, "0123456789abcdef") == 12)
        return true;
    (void)snprintf(why, 160, "is no JA4: write it as in t13d1516h2_8daaf6152771_02713d6af862");
    return false;
}

static bool
check_port(const char *text, char why[160])
{
    const char *digits = text + 4;
    bool good = strncmp(text, "tcp/", 4) == 0 || strncmp(text, "udp/", 4) == 0;

    good = good && all_of(digits, "0123456789") && digits[0] != '0' && strlen(digits) <= 5 &&
           strtol(digits, NULL, 10) <= UINT16_MAX;
    if (!good)
        (void)snprintf(why, 160, "is no port: write tcp/ or udp/ and a number of 1 to 65535");
    return good;
}

static const struct conf_field DOMAIN_ITEM = {
    .type = CONF_TEXT, .min = 3, .max = APP_DOMAIN_MAX, .check = check_domain};
static const struct conf_field JA4_ITEM = {.type = CONF_TEXT, .check = check_ja4};
static const struct conf_field ALPN_ITEM = {.type = CONF_TEXT, .min = 1, .max = 32};
static const struct conf_field PROTOCOL_ITEM = {
    .type = CONF_TEXT, .min = 1, .max = APP_NAME_MAX, .check = check_name};
static const struct conf_field PORT_ITEM = {
    .type = CONF_TEXT, .min = 5, .max = 9, .check = check_port};

#define KEYS_FIELD(name, one)                                                                      \
    {                                                                                              \
        .key = (name), .type = CONF_LIST, .min = 1, .max = APP_KEYS_MAX, .item = &(one)            \
    }

static const struct conf_field APP_FIELDS[] = {
    {.key = "app",
     .type = CONF_TEXT,
     .required = true,
     .min = 1,
     .max = APP_NAME_MAX,
     .check = check_name},
    {.key = "category", .type = CONF_CHOICE, .required = true, .choices = CATEGORIES},
    KEYS_FIELD("domains", DOMAIN_ITEM),
    KEYS_FIELD("ja4", JA4_ITEM),
    KEYS_FIELD("alpn", ALPN_ITEM),
    KEYS_FIELD("protocols", PROTOCOL_ITEM),
    KEYS_FIELD("ports", PORT_ITEM),
    {.key = "sni", .type = CONF_CHOICE, .fallback = "any", .choices = SNI_LOOKS},
    {.key = NULL},
};
static const struct conf_field APP_ITEM = {
    .type = CONF_MAP,
    .fields = APP_FIELDS,
    .example = "{app: openai, category: ai, domains: [openai.com]}"};
static const struct conf_field SCHEMA[] = {
    {.key = "apps",
     .type = CONF_LIST,
     .required = true,
     .max = APP_MAX,
     .item = &APP_ITEM,
     .example = "apps: [{app: openai, category: ai, domains: [openai.com]}]"},
    {.key = NULL},
};

static const struct {
    const char *key;
    enum app_key kind;
} KINDS[] = {{"domains", APP_DOMAIN},
             {"ja4", APP_JA4},
             {"alpn", APP_ALPN},
             {"protocols", APP_PROTOCOL},
             {"ports", APP_PORT}};

/* ---- the table ---- */

struct loading {
    const char *label;
    struct slice text;
    struct conf_error *err;
};

static bool
part_of_word(char c)
{
    return c != '\0' && strchr("abcdefghijklmnopqrstuvwxyz0123456789-._/", c) != NULL;
}

/* The line where `word` stands the second time, comments left out; 0: not found. */
static unsigned
second_line(struct slice in, const char *word)
{
    size_t len = strlen(word);
    unsigned line = 1, seen = 0;
    char before = '\n';
    bool comment = false;

    while (in.left > 0) {
        struct slice ahead = in;
        const uint8_t *here = slice_take(&ahead, len);

        if (!comment && here != NULL && memcmp(here, word, len) == 0 && !part_of_word(before) &&
            !part_of_word((char)slice_u8(&ahead)) && ++seen == 2)
            return line;
        before = (char)slice_u8(&in);
        if (before == '\n') {
            line++;
            comment = false;
        } else if (before == '#') {
            comment = true;
        }
    }
    return 0;
}

static enum vg_err
twice(const struct loading *l, const char *what, const char *key)
{
    l->err->line = second_line(l->text, key);
    (void)snprintf(l->err->text, sizeof(l->err->text),
                   "%.200s:%u: %s: %.200s stands twice; write it in one entry only", l->label,
                   l->err->line, what, key);
    return VG_ERR_CONFIG;
}

static enum vg_err
add_keys(const struct loading *l, struct app_list *list, const json_t *entry, const struct app *app)
{
    for (size_t k = 0; k < VG_ARRAY_LEN(KINDS); k++) {
        const json_t *all = json_object_get(entry, KINDS[k].key), *one;
        size_t i;

        json_array_foreach(all, i, one)
        {
            const char *key = json_string_value(one);

            if (app_table_add(list, KINDS[k].kind, key, app) != VG_OK)
                return twice(l, KINDS[k].key, key);
        }
    }
    return VG_OK;
}

static size_t
count_keys(const json_t *apps)
{
    size_t i, n = 0;
    const json_t *entry;

    json_array_foreach(apps, i, entry) for (size_t k = 0; k < VG_ARRAY_LEN(KINDS); k++) n +=
        json_array_size(json_object_get(entry, KINDS[k].key));
    return n;
}

static enum vg_err
make_room(const struct loading *l, struct app_list *list, const json_t *apps)
{
    size_t keys = count_keys(apps), room = 16;

    if (keys > APP_KEYS_MAX) {
        (void)snprintf(l->err->text, sizeof(l->err->text), "%.200s:1: more than %d names and ports",
                       l->label, APP_KEYS_MAX);
        return VG_ERR_CONFIG;
    }
    while (room < keys * 2)
        room *= 2;
    list->mask = (uint32_t)(room - 1);
    list->slot = calloc(room, sizeof(list->slot[0]));
    list->app = calloc(json_array_size(apps) + 1, sizeof(list->app[0]));
    if (list->slot == NULL || list->app == NULL)
        return VG_ERR_NOMEM;
    return VG_OK;
}

static enum vg_err
fill(const struct loading *l, struct app_list *list)
{
    const json_t *apps = json_object_get(list->tree, "apps"), *entry;
    enum vg_err err = make_room(l, list, apps);
    size_t i;

    json_array_foreach(apps, i, entry)
    {
        struct app *app;

        if (err != VG_OK)
            break;
        app = &list->app[list->count++];
        *app = (struct app){
            .name = vg_json_str(entry, "app", ""),
            .category = vg_json_str(entry, "category", ""),
            .random_name = strcmp(vg_json_str(entry, "sni", "any"), "random") == 0,
        };
        err = add_keys(l, list, entry, app);
    }
    return err;
}

enum vg_err
app_list_parse(const char *label, struct slice text, struct app_list **out, struct conf_error *err)
{
    struct loading l = {.label = label, .text = text, .err = err};
    struct app_list *list = calloc(1, sizeof(*list));
    enum vg_err result;

    if (list == NULL)
        return VG_ERR_NOMEM;
    if (RAND_bytes((unsigned char *)&list->secret, sizeof(list->secret)) != 1)
        list->secret = STR_HASH_STORED; /* names come from peers; results are the same */
    result = conf_parse(label, text, SCHEMA, &list->tree, err);
    if (result == VG_OK)
        result = fill(&l, list);
    if (result != VG_OK) {
        app_list_free(list);
        return result;
    }
    *out = list;
    return VG_OK;
}

enum vg_err
app_list_load(const char *path, struct app_list **out, struct conf_error *err)
{
    struct buf text;
    enum vg_err result = platform_file_slurp(path, FILE_BYTES_MAX, &text);

    if (result != VG_OK) {
        (void)snprintf(err->text, sizeof(err->text), "%.300s: cannot be read: %s", path,
                       vg_err_name(result));
        return result;
    }
    result = app_list_parse(path, buf_slice(&text), out, err);
    buf_done(&text);
    return result;
}

enum vg_err
app_list_load_rules(const char *rules_dir, struct app_list **out, struct conf_error *err)
{
    char path[2200];

    (void)snprintf(path, sizeof(path), "%.2000s/indicators/apps.yaml", rules_dir);
    return app_list_load(path, out, err);
}

void
app_list_free(struct app_list *list)
{
    if (list == NULL)
        return;
    free(list->slot);
    free(list->app);
    json_decref(list->tree);
    free(list);
}
