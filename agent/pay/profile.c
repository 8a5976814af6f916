/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/profile.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/pay/textlog.h"

/* Compiling one file. */
struct maker {
    struct profile *p;
    const char *path;
    struct conf_error *err;
};

static enum vg_err VG_PRINTF(2, 3) wrong(struct maker *m, const char *fmt, ...)
{
    char what[400];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    (void)snprintf(m->err->text, sizeof m->err->text, "%.100s: %s", m->path, what);
    return VG_ERR_CONFIG;
}

/* Column names are compared in lower case: the tree's own texts are lowered in place of a copy. */
static enum vg_err
name_slot(struct maker *m, const json_t *text, uint8_t *slot)
{
    char low[NAME_BYTES_MAX + 1];
    const char *name = json_string_value(text);
    json_t *kept;

    if (m->p->reader != PROFILE_CSV) {
        kept = json_string(name);
    } else {
        size_t i = 0;

        for (; name[i] != '\0' && i < NAME_BYTES_MAX; i++)
            low[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] - 'A' + 'a' : name[i]);
        low[i] = '\0';
        kept = json_string(low);
    }
    if (kept == NULL || json_array_append_new(json_object_get(m->p->tree, "_names"), kept) != 0)
        return VG_ERR_NOMEM;
    if (names_add(&m->p->names, str_of(json_string_value(kept)), slot) != VG_OK)
        return wrong(m, "more than %d different names", NAMES_MAX);
    return VG_OK;
}

static enum vg_err
source_read(struct maker *m, const json_t *list, struct map_source *out)
{
    size_t i;
    const json_t *text;

    json_array_foreach(list, i, text)
    {
        enum vg_err err;

        if (out->count == PROFILE_ALTERNATIVES_MAX)
            break;
        err = name_slot(m, text, &out->slot[out->count]);
        if (err != VG_OK)
            return err;
        out->count++;
    }
    return VG_OK;
}

static enum vg_err
sources_read(struct maker *m, const json_t *map, struct map_source out[MAP_COUNT])
{
    const char *key;
    json_t *list;

    json_object_foreach((json_t *)(uintptr_t)map, key, list)
    {
        int field = profile_field(key);
        enum vg_err err = field >= 0 ? source_read(m, list, &out[field]) : VG_OK;

        if (err != VG_OK)
            return err;
    }
    return VG_OK;
}

static int
kind_parse(const char *name)
{
    for (int k = 0; k < PROFILE_KINDS; k++)
        if (strcmp(txn_kind_name((enum txn_kind)k), name) == 0)
            return k;
    return PROFILE_SKIP;
}

static int
outcome_parse(const char *name)
{
    for (int o = TXN_APPROVED; o <= TXN_PENDING; o++)
        if (strcmp(txn_outcome_name((enum txn_outcome)o), name) == 0)
            return o;
    return TXN_APPROVED;
}

static enum vg_err
values_read(struct maker *m, const json_t *map, int (*parse)(const char *), struct map_values *out)
{
    json_t *values = json_object_get(map, "values"), *value;
    const char *text;

    out->otherwise = parse(vg_json_str(map, "otherwise", ""));
    json_object_foreach(values, text, value)
    {
        size_t len = strlen(text);
        bool prefix = len > 0 && text[len - 1] == '*';

        if (out->count == PROFILE_VALUES_MAX)
            return wrong(m, "more than %d values", PROFILE_VALUES_MAX);
        out->row[out->count].text = str_n(text, len - prefix);
        out->row[out->count].prefix = prefix;
        out->row[out->count++].value = parse(json_string_value(value));
    }
    return VG_OK;
}

static enum vg_err
constants_read(struct maker *m)
{
    json_t *constants = json_object_get(m->p->tree, "constants"), *value;
    const char *key;

    json_object_foreach(constants, key, value)
    {
        int field = profile_field(key);

        if (field < MAP_ID)
            return wrong(m, "constants.%.40s: no field that can be constant", key);
        m->p->base[field].constant = str_of(json_string_value(value));
    }
    return VG_OK;
}

static enum vg_err
by_kind_read(struct maker *m)
{
    json_t *all = json_object_get(m->p->tree, "by_kind"), *map;
    const char *key;

    json_object_foreach(all, key, map)
    {
        int kind = kind_parse(key);
        enum vg_err err;

        if (kind == PROFILE_SKIP)
            return wrong(m,
                         "by_kind.%.40s: no kind; write one of sale, refund, void, auth, "
                         "chargeback, payout, login, settings",
                         key);
        err = sources_read(m, map, m->p->by_kind[kind]);
        if (err != VG_OK)
            return err;
    }
    return VG_OK;
}

static enum vg_err
also_read(struct maker *m)
{
    const json_t *list = json_object_get(m->p->tree, "also"), *row;
    size_t i;

    json_array_foreach(list, i, row)
    {
        struct map_also *also = &m->p->also[m->p->also_count++];
        enum vg_err err;

        also->kind = kind_parse(vg_json_str(row, "kind", ""));
        if (also->kind == PROFILE_SKIP)
            return wrong(m, "also[%zu].kind: skip makes no sense here", i);
        also->suffix = str_of(vg_json_str(row, "suffix", ""));
        err = source_read(m, json_object_get(row, "amount"), &also->amount);
        if (err == VG_OK)
            err = source_read(m, json_object_get(row, "time"), &also->time);
        if (err == VG_OK)
            err = source_read(m, json_object_get(row, "reason"), &also->reason);
        if (err != VG_OK)
            return err;
    }
    return VG_OK;
}

static enum vg_err
time_read(struct maker *m)
{
    const json_t *time = json_object_get(m->p->tree, "time"), *format;
    const char *zone = vg_json_str(time, "zone", "shop");
    enum vg_err err;
    size_t i;

    err = source_read(m, json_object_get(time, "field"), &m->p->base[MAP_TIME]);
    if (err == VG_OK)
        err = source_read(m, json_object_get(time, "clock"), &m->p->base[MAP_CLOCK]);
    if (err != VG_OK)
        return err;
    json_array_foreach(json_object_get(time, "formats"), i, format)
    {
        m->p->formats[m->p->format_count++] = json_string_value(format);
    }
    m->p->zone_utc = strcmp(zone, "UTC") == 0;
    if (m->p->zone_utc || strcmp(zone, "shop") == 0)
        return VG_OK;
    if (zone_load(zone, &m->p->zone) != VG_OK)
        return wrong(m, "time.zone: %.60s is no time zone; write for example: America/Mexico_City",
                     zone);
    return VG_OK;
}

static enum vg_err
amount_read(struct maker *m)
{
    const json_t *amount = json_object_get(m->p->tree, "amount");
    const char *style = vg_json_str(amount, "style", "auto");
    enum vg_err err = source_read(m, json_object_get(amount, "field"), &m->p->base[MAP_AMOUNT]);

    if (err == VG_OK)
        err = source_read(m, json_object_get(amount, "debit"), &m->p->base[MAP_DEBIT]);
    m->p->minor = strcmp(vg_json_str(amount, "units", "major"), "minor") == 0;
    m->p->style_auto = strcmp(style, "auto") == 0;
    m->p->style = strcmp(style, "comma") == 0 ? AMOUNT_COMMA : AMOUNT_DOT;
    m->p->negative = kind_parse(vg_json_str(amount, "negative", "refund"));
    return err;
}

static enum vg_err
recognise_read(struct maker *m)
{
    const json_t *text;
    uint8_t slot;
    size_t i;

    json_array_foreach(json_object_get(m->p->tree, "recognise"), i, text)
    {
        enum vg_err err = name_slot(m, text, &slot);

        if (err != VG_OK)
            return err;
        m->p->recognise[m->p->recognise_count++] = slot;
    }
    json_array_foreach(json_object_get(m->p->tree, "columns"), i, text)
    {
        enum vg_err err = name_slot(m, text, &slot);

        if (err != VG_OK)
            return err;
        m->p->columns[m->p->column_count++] = m->p->names.name[slot];
    }
    return VG_OK;
}

static size_t
texts_of(const json_t *list, const char *out[PROFILE_PATTERNS_MAX])
{
    const json_t *text;
    size_t i, n = 0;

    json_array_foreach(list, i, text)
    {
        out[n++] = json_string_value(text);
    }
    return n;
}

static enum vg_err
patterns_read(struct maker *m)
{
    const char *patterns[PROFILE_PATTERNS_MAX], *ignored[PROFILE_PATTERNS_MAX];
    size_t pattern_count = texts_of(json_object_get(m->p->tree, "patterns"), patterns);
    size_t ignored_count = texts_of(json_object_get(m->p->tree, "ignore"), ignored);
    char why[TEXTLOG_WHY_MAX];
    enum vg_err err;

    if (m->p->reader != PROFILE_TEXT)
        return pattern_count + ignored_count == 0
                   ? VG_OK
                   : wrong(m, "patterns and ignore belong to reader: text");
    if (pattern_count == 0)
        return wrong(m, "reader: text needs patterns: [\"^(?<time>...) ...\"]");
    err = textlog_new(patterns, pattern_count, ignored, ignored_count, &m->p->names, &m->p->text,
                      why);
    return err == VG_ERR_CONFIG ? wrong(m, "%s", why) : err;
}

static enum vg_err
head_read(struct maker *m)
{
    static const struct {
        const char *name;
        uint8_t byte;
    } delimiters[] = {{"auto", 0}, {",", ','}, {";", ';'}, {"tab", '\t'}, {"|", '|'}};
    const char *reader = vg_json_str(m->p->tree, "reader", "csv");
    const char *delimiter = vg_json_str(m->p->tree, "delimiter", "auto");

    m->p->name = vg_json_str(m->p->tree, "format", "");
    m->p->family = vg_json_str(m->p->tree, "family", m->p->name);
    m->p->about = vg_json_str(m->p->tree, "about", "");
    m->p->reader = strcmp(reader, "csv") == 0    ? PROFILE_CSV
                   : strcmp(reader, "json") == 0 ? PROFILE_JSON
                                                 : PROFILE_TEXT;
    for (size_t i = 0; i < VG_ARRAY_LEN(delimiters); i++)
        if (strcmp(delimiters[i].name, delimiter) == 0)
            m->p->delimiter = delimiters[i].byte;
    /* Texts that the names borrow live here, as long as the tree. */
    return json_object_set_new(m->p->tree, "_names", json_array()) == 0 ? VG_OK : VG_ERR_NOMEM;
}

static enum vg_err
kinds_read(struct maker *m)
{
    const json_t *kind = json_object_get(m->p->tree, "kind");
    const json_t *outcome = json_object_get(m->p->tree, "outcome");
    enum vg_err err = source_read(m, json_object_get(kind, "field"), &m->p->base[MAP_KIND]);

    if (err == VG_OK)
        err = source_read(m, json_object_get(outcome, "field"), &m->p->base[MAP_OUTCOME]);
    if (err == VG_OK)
        err = values_read(m, kind, kind_parse, &m->p->kinds);
    if (err == VG_OK)
        err = values_read(m, outcome, outcome_parse, &m->p->outcomes);
    return err;
}

enum vg_err
profile_load(const char *path, struct profile **out, struct conf_error *err)
{
    static enum vg_err (*const steps[])(struct maker *) = {
        head_read,  patterns_read,  recognise_read, time_read, amount_read,
        kinds_read, constants_read, by_kind_read,   also_read,
    };
    struct profile *p = calloc(1, sizeof *p);
    struct maker m = {.p = p, .path = path, .err = err};
    enum vg_err result;

    if (p == NULL)
        return VG_ERR_NOMEM;
    result = conf_load(path, PROFILE_SCHEMA, &p->tree, err);
    for (size_t i = 0; result == VG_OK && i < VG_ARRAY_LEN(steps); i++)
        result = steps[i](&m);
    if (result == VG_OK)
        result = sources_read(&m, json_object_get(p->tree, "fields"), p->base);
    if (result == VG_OK && p->reader != PROFILE_TEXT && p->recognise_count + p->column_count == 0)
        result = wrong(&m, "recognise: which names are always there? write for example: "
                           "recognise: [id, time, amount]");
    if (result != VG_OK) {
        profile_free(p);
        return result;
    }
    *out = p;
    return VG_OK;
}

void
profile_free(struct profile *p)
{
    if (p == NULL)
        return;
    textlog_free(p->text);
    zone_free(p->zone);
    json_decref(p->tree);
    free(p);
}
