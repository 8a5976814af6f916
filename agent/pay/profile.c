/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/profile_inside.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/pay/textlog.h"

enum vg_err
profile_wrong(struct profile_maker *m, const char *fmt, ...)
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
enum vg_err
profile_slot(struct profile_maker *m, const json_t *text, uint8_t *slot)
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
        return profile_wrong(m, "more than %d different names", NAMES_MAX);
    return VG_OK;
}

static enum vg_err
recognise_read(struct profile_maker *m)
{
    const json_t *text;
    uint8_t slot;
    size_t i;

    json_array_foreach(json_object_get(m->p->tree, "recognise"), i, text)
    {
        enum vg_err err = profile_slot(m, text, &slot);

        if (err != VG_OK)
            return err;
        m->p->recognise[m->p->recognise_count++] = slot;
    }
    json_array_foreach(json_object_get(m->p->tree, "columns"), i, text)
    {
        enum vg_err err = profile_slot(m, text, &slot);

        if (err != VG_OK)
            return err;
        m->p->columns[m->p->column_count++] = m->p->names.name[slot];
    }
    return VG_OK;
}

static size_t
strings_read(const json_t *list, struct str out[PROFILE_INSIDE_MAX])
{
    const json_t *text;
    size_t i, n = 0;

    json_array_foreach(list, i, text)
    {
        out[n++] = str_of(json_string_value(text));
    }
    return n;
}

/* Where the records lie in what has more than records. */
static enum vg_err
inside_read(struct profile_maker *m)
{
    struct profile *p = m->p;
    bool tags = p->reader == PROFILE_XML || p->reader == PROFILE_SGML;
    const json_t *text;
    size_t i;

    p->inside_count = strings_read(json_object_get(p->tree, "inside"), p->inside);
    p->record_count = strings_read(json_object_get(p->tree, "record"), p->record);
    p->magic_count = strings_read(json_object_get(p->tree, "magic"), p->magic);
    p->key_count = strings_read(json_object_get(p->tree, "keys"), p->keys);
    json_array_foreach(json_object_get(p->tree, "context"), i, text)
    {
        enum vg_err err = profile_slot(m, text, &p->context[i]);

        if (err != VG_OK)
            return err;
        p->context_count++;
    }
    if (p->inside_count > 0 && p->reader != PROFILE_JSON)
        return profile_wrong(m, "inside belongs to reader: json");
    if (!tags && p->record_count + p->magic_count + p->key_count + p->context_count > 0)
        return profile_wrong(m, "record, magic, keys and context belong to reader: xml or sgml");
    if (tags && (p->record_count == 0 || p->magic_count == 0))
        return profile_wrong(m, "reader: xml and sgml need record: [...] and magic: [...]");
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
patterns_read(struct profile_maker *m)
{
    const char *patterns[PROFILE_PATTERNS_MAX], *ignored[PROFILE_PATTERNS_MAX];
    size_t pattern_count = texts_of(json_object_get(m->p->tree, "patterns"), patterns);
    size_t ignored_count = texts_of(json_object_get(m->p->tree, "ignore"), ignored);
    char why[TEXTLOG_WHY_MAX];
    enum vg_err err;

    if (m->p->reader != PROFILE_TEXT)
        return pattern_count + ignored_count == 0
                   ? VG_OK
                   : profile_wrong(m, "patterns and ignore belong to reader: text");
    if (pattern_count == 0)
        return profile_wrong(m, "reader: text needs patterns: [\"^(?<time>...) ...\"]");
    err = textlog_new(patterns, pattern_count, ignored, ignored_count, &m->p->names, &m->p->text,
                      why);
    return err == VG_ERR_CONFIG ? profile_wrong(m, "%s", why) : err;
}

static enum vg_err
head_read(struct profile_maker *m)
{
    static const struct {
        const char *name;
        uint8_t byte;
    } delimiters[] = {{"auto", 0}, {",", ','}, {";", ';'}, {"tab", '\t'}, {"|", '|'}};
    static const char *const readers[] = {"csv", "json", "text", "xml", "sgml", "listing", "dump"};
    const char *reader = vg_json_str(m->p->tree, "reader", "csv");
    const char *delimiter = vg_json_str(m->p->tree, "delimiter", "auto");

    m->p->name = vg_json_str(m->p->tree, "format", "");
    m->p->family = vg_json_str(m->p->tree, "family", m->p->name);
    m->p->about = vg_json_str(m->p->tree, "about", "");
    m->p->preamble = (unsigned)vg_json_int(m->p->tree, "preamble", 0);
    for (size_t i = 0; i < VG_ARRAY_LEN(readers); i++)
        if (strcmp(readers[i], reader) == 0)
            m->p->reader = (enum profile_reader)i;
    for (size_t i = 0; i < VG_ARRAY_LEN(delimiters); i++)
        if (strcmp(delimiters[i].name, delimiter) == 0)
            m->p->delimiter = delimiters[i].byte;
    /* Texts that the names borrow live here, as long as the tree. */
    return json_object_set_new(m->p->tree, "_names", json_array()) == 0 ? VG_OK : VG_ERR_NOMEM;
}

/* Takes `tree`. */
static enum vg_err
profile_make(const char *path, json_t *tree, struct profile **out, struct conf_error *err)
{
    static enum vg_err (*const steps[])(struct profile_maker *) = {
        head_read,     patterns_read,     inside_read,     recognise_read,
        profile_time,  profile_zones,     profile_only,    profile_amount,
        profile_kinds, profile_constants, profile_by_kind, profile_also,
    };
    struct profile *p = calloc(1, sizeof *p);
    struct profile_maker m = {.p = p, .path = path, .err = err};
    enum vg_err result;

    if (p == NULL) {
        json_decref(tree);
        return VG_ERR_NOMEM;
    }
    p->tree = tree;
    result = VG_OK;
    for (size_t i = 0; result == VG_OK && i < VG_ARRAY_LEN(steps); i++)
        result = steps[i](&m);
    if (result == VG_OK)
        result = profile_sources(&m, json_object_get(p->tree, "fields"), p->base);
    if (result == VG_OK && (p->reader == PROFILE_CSV || p->reader == PROFILE_JSON) &&
        p->recognise_count + p->column_count == 0)
        result = profile_wrong(&m, "recognise: which names are always there? write for example: "
                                   "recognise: [id, time, amount]");
    if (result != VG_OK) {
        profile_free(p);
        return result;
    }
    *out = p;
    return VG_OK;
}

enum vg_err
profile_load(const char *path, struct profile **out, struct conf_error *err)
{
    json_t *tree;
    enum vg_err result = conf_load(path, PROFILE_SCHEMA, &tree, err);

    return result == VG_OK ? profile_make(path, tree, out, err) : result;
}

enum vg_err
profile_parse(const char *label, struct slice yaml, struct profile **out, struct conf_error *err)
{
    json_t *tree;
    enum vg_err result = conf_parse(label, yaml, PROFILE_SCHEMA, &tree, err);

    return result == VG_OK ? profile_make(label, tree, out, err) : result;
}

void
profile_free(struct profile *p)
{
    if (p == NULL)
        return;
    textlog_free(p->text);
    zone_free(p->zone);
    for (size_t i = 0; i < PROFILE_ZONES_MAX; i++)
        zone_free(p->zones.zone[i]);
    json_decref(p->tree);
    free(p);
}
