/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/indicator_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/domain.h"
#include "agent/detect/mask.h"
#include "agent/platform/platform.h"

enum {
    LIST_BYTES_MAX = 256 * 1024 * 1024,
    FILES_MAX = 256,
    LABELS_MAX = 8,
    V4_LENGTH_MIN = 8,
    V6_LENGTH_MIN = 16,
    JA4_LEN = 36,
    WORD_MAX = 300,
};

static bool
blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == ',' || c == ';';
}

/* The next word of the line; "" at its end or where a comment begins. */
static struct str
next_word(struct str *line)
{
    size_t n = 0;
    struct str word;

    while (line->len > 0 && blank(line->at[0]))
        *line = str_n(line->at + 1, line->len - 1);
    while (n < line->len && !blank(line->at[n]) && line->at[n] != '#')
        n++;
    word = str_n(line->at, n);
    *line = str_n(line->at + n, line->len - n);
    return word;
}

static bool
all_hex(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (strchr("0123456789abcdefABCDEF", s.at[i]) == NULL || s.at[i] == '\0')
            return false;
    }
    return true;
}

/* a_b_c as FoxIO writes it: 10 characters, 12 and 12 hex digits. */
static bool
is_ja4(struct str s)
{
    return s.len == JA4_LEN && (s.at[0] == 't' || s.at[0] == 'q' || s.at[0] == 'd') &&
           s.at[10] == '_' && s.at[23] == '_' && all_hex(str_n(s.at + 11, 12)) &&
           all_hex(str_n(s.at + 24, 12));
}

static bool
is_domain(struct str s)
{
    bool dot = false;

    for (size_t i = 0; i < s.len; i++) {
        char c = s.at[i];
        bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '-' || c == '_' || c == '.';

        if (!fine || (c == '.' && (i == 0 || s.at[i - 1] == '.')))
            return false;
        dot |= c == '.' && i + 1 < s.len;
    }
    return dot && s.len <= DOMAIN_NAME_MAX;
}

/* ---- addresses ---- */

static struct net_addr
cut(const struct net_addr *a, unsigned length)
{
    struct net_addr out = *a;

    for (unsigned i = 0; i < sizeof(out.bytes); i++) {
        unsigned keep = length > 8 * i ? length - 8 * i : 0;

        if (keep < 8)
            out.bytes[i] &= (uint8_t)(0xff00 >> keep);
    }
    return out;
}

static uint64_t
network_hash(const struct net_addr *a, unsigned length)
{
    struct net_addr n = cut(a, length);
    uint8_t key[18] = {n.family, (uint8_t)length};

    memcpy(key + 2, n.bytes, sizeof(n.bytes));
    return indicator_hash(INDICATOR_ADDRESS, key, sizeof(key));
}

/* "ADDRESS" or "ADDRESS/LENGTH". */
static bool
parse_network(struct str word, struct net_addr *a, unsigned *length)
{
    const char *bar = memchr(word.at, '/', word.len);
    struct str text = bar != NULL ? str_n(word.at, (size_t)(bar - word.at)) : word;
    unsigned value = 0;

    if (!net_addr_parse(text, a))
        return false;
    *length = a->family == 4 ? 32 : 128;
    if (bar == NULL)
        return true;
    for (const char *p = bar + 1; p < word.at + word.len; p++) {
        if (*p < '0' || *p > '9' || value > 128)
            return false;
        value = value * 10 + (unsigned)(*p - '0');
    }
    if (value > *length || value < (a->family == 4 ? V4_LENGTH_MIN : V6_LENGTH_MIN))
        return false;
    *length = value;
    return true;
}

/* ---- lines ---- */

static enum vg_err
add(struct indicators *in, struct indicator_list *list, uint64_t hash)
{
    list->entries++;
    return indicator_set_add(in->set, hash, (uint8_t)(list - in->list));
}

static void
print_lower(struct str text, char out[WORD_MAX])
{
    for (size_t i = 0; i < text.len && i < WORD_MAX; i++)
        out[i] = text.at[i] >= 'A' && text.at[i] <= 'Z' ? (char)(text.at[i] + 32) : text.at[i];
}

static enum vg_err
add_print(struct indicators *in, struct indicator_list *list, enum indicator_kind kind,
          struct str word, bool *has)
{
    char text[WORD_MAX];

    print_lower(word, text);
    *has = true;
    return add(in, list, indicator_hash(kind, text, word.len));
}

static bool
own_network(const struct net_addr *a)
{
    return net_addr_is_local(a) || net_addr_is_group(a);
}

/* VG_ERR_FORMAT: a bad line. */
static enum vg_err
take_word(struct indicators *in, struct indicator_list *list, struct str word)
{
    struct net_addr a;
    unsigned length;

    if (parse_network(word, &a, &length)) {
        if (own_network(&a))
            return VG_ERR_FORMAT;
        if (a.family == 4)
            in->v4_lengths |= UINT64_C(1) << length;
        else
            in->v6_lengths[length / 64] |= UINT64_C(1) << length % 64;
        return add(in, list, network_hash(&a, length));
    }
    if (is_ja4(word))
        return add_print(in, list, INDICATOR_JA4, word, &in->ja4);
    if (word.len == 32 && all_hex(word))
        return add_print(in, list, INDICATOR_JA3, word, &in->ja3);
    if (word.len == 40 && all_hex(word))
        return add_print(in, list, INDICATOR_CERT, word, &in->certs);
    if (word.len == 64 && all_hex(word))
        return add_print(in, list, INDICATOR_FILE, word, &in->files);
    if (word.len > 2 && word.at[0] == '*' && word.at[1] == '.')
        word = str_n(word.at + 2, word.len - 2);
    if (!is_domain(word) || domain_is_suffix(word))
        return VG_ERR_FORMAT;
    in->domains = true;
    return add(in, list, domain_hash(word));
}

static void
take_header(struct indicator_list *list, struct str line)
{
    static const char *const keys[] = {"severity:", "description_es:", "description_en:"};
    size_t key = 0;
    char text[128];

    while (line.len > 0 && (blank(line.at[0]) || line.at[0] == '#' || line.at[0] == '!'))
        line = str_n(line.at + 1, line.len - 1);
    while (key < VG_ARRAY_LEN(keys) &&
           (line.len < strlen(keys[key]) || memcmp(line.at, keys[key], strlen(keys[key])) != 0))
        key++;
    if (key == VG_ARRAY_LEN(keys))
        return;
    line = str_n(line.at + strlen(keys[key]), line.len - strlen(keys[key]));
    while (line.len > 0 && blank(line.at[0]))
        line = str_n(line.at + 1, line.len - 1);
    while (line.len > 0 && blank(line.at[line.len - 1]))
        line.len--;
    mask_text(text, sizeof(text), line.at, line.len);
    if (key == 0)
        (void)(severity_parse(text, &list->severity) == VG_OK);
    else
        (void)vg_strcpy(key == 1 ? list->description_es : list->description_en, sizeof(text), text);
}

static enum vg_err
take_line(struct indicators *in, struct indicator_list *list, struct str line, size_t number)
{
    struct str word, second, rest = line;
    struct net_addr a;
    enum vg_err err;

    if (line.len > 1 && line.at[0] == '#' && line.at[1] == '!') {
        if (list->entries == 0)
            take_header(list, line);
        return VG_OK;
    }
    word = next_word(&rest);
    if (word.len == 0)
        return VG_OK;
    second = next_word(&rest);
    /* hosts files: an address that leads nowhere, then the name */
    if (second.len > 0 && net_addr_parse(word, &a) && own_network(&a))
        word = second;
    err = word.len < WORD_MAX ? take_word(in, list, word) : VG_ERR_FORMAT;
    if (err != VG_ERR_FORMAT)
        return err;
    if (list->bad++ == 0)
        list->bad_line = number;
    return VG_OK;
}

enum vg_err
indicators_parse(struct indicators *in, const char *name, struct slice text)
{
    struct indicator_list *list;
    enum vg_err err = VG_OK;
    struct str all = str_n(text.at, text.left);

    if (in->lists == INDICATOR_LISTS_MAX)
        return VG_ERR_LIMIT;
    list = &in->list[in->lists++];
    *list = (struct indicator_list){.severity = SEVERITY_HIGH};
    mask_text(list->name, sizeof(list->name), name, strlen(name));
    for (size_t number = 1; all.len > 0 && err == VG_OK; number++) {
        const char *end = memchr(all.at, '\n', all.len);
        size_t n = end != NULL ? (size_t)(end - all.at) : all.len;

        err = take_line(in, list, str_n(all.at, n), number);
        n += end != NULL;
        all = str_n(all.at + n, all.len - n);
    }
    return err;
}

/* ---- folders ---- */

static enum vg_err
load_file(struct indicators *in, const char *folder, const char *file, char why[200])
{
    char path[1200], name[64];
    struct buf text;
    enum vg_err err;

    (void)snprintf(path, sizeof(path), "%.1000s/%.150s", folder, file);
    (void)snprintf(name, sizeof(name), "%.*s", (int)(strlen(file) - strlen(".txt")), file);
    err = platform_file_slurp(path, LIST_BYTES_MAX, &text);
    if (err == VG_OK) {
        err = indicators_parse(in, name, buf_slice(&text));
        buf_done(&text);
    }
    if (err == VG_OK || err == VG_ERR_NOMEM)
        return err;
    /* one list that cannot be read must not blind the rest */
    (void)snprintf(why, 200, "%.150s: %s", path, vg_err_name(err));
    in->unread++;
    return VG_OK;
}

static enum vg_err
load_folder(struct indicators *in, const char *folder, char why[200])
{
    struct platform_names names;
    enum vg_err err = platform_folder_list(folder, FILES_MAX, &names);

    if (err == VG_ERR_NOENT)
        return VG_OK;
    if (err != VG_OK) {
        (void)snprintf(why, 200, "%.150s: %s", folder, vg_err_name(err));
        return err == VG_ERR_NOMEM ? err : VG_ERR_SYS;
    }
    for (size_t i = 0; i < names.count && err == VG_OK; i++) {
        size_t len = strlen(names.name[i]);

        if (len > 4 && strcmp(names.name[i] + len - 4, ".txt") == 0)
            err = load_file(in, folder, names.name[i], why);
    }
    platform_names_free(&names);
    return err;
}

enum vg_err
indicators_load(const char *const *folders, size_t folder_count, size_t entries_max,
                struct indicators *out, char why[200])
{
    enum vg_err err;

    *out = (struct indicators){0};
    err = indicator_set_new(entries_max, &out->set);
    for (size_t i = 0; i < folder_count && err == VG_OK; i++)
        err = load_folder(out, folders[i], why);
    if (err == VG_OK)
        err = indicator_set_finish(out->set);
    if (err != VG_OK)
        indicators_done(out);
    return err;
}

void
indicators_done(struct indicators *in)
{
    indicator_set_free(in->set);
    in->set = NULL;
}

/* ---- look-ups ---- */

static const struct indicator_list *
found(const struct indicators *in, uint64_t hash)
{
    int at = indicator_set_find(in->set, hash);

    return at >= 0 && (size_t)at < in->lists ? &in->list[at] : NULL;
}

const struct indicator_list *
indicators_domain(const struct indicators *in, struct str name, struct str *which)
{
    const struct indicator_list *list;

    if (!in->domains || name.len == 0 || domain_is_address(name))
        return NULL;
    for (size_t i = 0; i < LABELS_MAX; i++) {
        const char *dot;

        list = found(in, domain_hash(name));
        if (list != NULL) {
            *which = name;
            return list;
        }
        dot = memchr(name.at, '.', name.len);
        if (dot == NULL)
            break;
        name = str_n(dot + 1, name.len - (size_t)(dot + 1 - name.at));
    }
    return NULL;
}

const struct indicator_list *
indicators_address(const struct indicators *in, const struct net_addr *a)
{
    const struct indicator_list *list = NULL;

    for (unsigned length = a->family == 4 ? 32 : 128; length > 0 && list == NULL; length--) {
        uint64_t lengths = a->family == 4 ? in->v4_lengths : in->v6_lengths[length / 64];

        if (lengths >> length % 64 & 1)
            list = found(in, network_hash(a, length));
    }
    return list;
}

const struct indicator_list *
indicators_print(const struct indicators *in, enum indicator_kind kind, struct str text)
{
    bool has = kind == INDICATOR_JA3    ? in->ja3
               : kind == INDICATOR_JA4  ? in->ja4
               : kind == INDICATOR_CERT ? in->certs
                                        : in->files;
    char lower[WORD_MAX];

    if (!has || text.len == 0 || text.len > 64)
        return NULL;
    print_lower(text, lower);
    return found(in, indicator_hash(kind, lower, text.len));
}
