/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/search.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/str.h"

enum { DAY_TEXT = 10 }; /* 2026-11-01 */
enum { FIELD_AFTER = SEARCH_ASSIGNEE + 1, FIELD_BEFORE, FIELD_NONE };

struct named {
    const char *name;
    int is;
};

static const struct named FIELDS[] = {
    {"device", SEARCH_DEVICE},      {"subject", SEARCH_DEVICE},    {"equipo", SEARCH_DEVICE},
    {"dispositivo", SEARCH_DEVICE}, {"peer", SEARCH_PEER},         {"with", SEARCH_PEER},
    {"con", SEARCH_PEER},           {"destino", SEARCH_PEER},      {"destination", SEARCH_PEER},
    {"detector", SEARCH_DETECTOR},  {"site", SEARCH_SITE},         {"shop", SEARCH_SITE},
    {"tienda", SEARCH_SITE},        {"tenant", SEARCH_TENANT},     {"customer", SEARCH_TENANT},
    {"cliente", SEARCH_TENANT},     {"fact", SEARCH_FACT},         {"dato", SEARCH_FACT},
    {"note", SEARCH_NOTE},          {"nota", SEARCH_NOTE},         {"severity", SEARCH_SEVERITY},
    {"gravedad", SEARCH_SEVERITY},  {"state", SEARCH_STATE},       {"estado", SEARCH_STATE},
    {"assignee", SEARCH_ASSIGNEE},  {"asignado", SEARCH_ASSIGNEE}, {"after", FIELD_AFTER},
    {"desde", FIELD_AFTER},         {"before", FIELD_BEFORE},      {"antes", FIELD_BEFORE},
};

/* Other words for values: what stands on the right is looked for. */
static const struct {
    enum search_field field;
    const char *typed, *means;
} VALUES[] = {
    {SEARCH_SEVERITY, "critica", "critical"},
    {SEARCH_SEVERITY, "crítica", "critical"},
    {SEARCH_SEVERITY, "alta", "high"},
    {SEARCH_SEVERITY, "media", "medium"},
    {SEARCH_SEVERITY, "baja", "low"},
    {SEARCH_STATE, "abierto", "open"},
    {SEARCH_STATE, "resuelto", "resolved"},
    {SEARCH_STATE, "nuevo", "new"},
    {SEARCH_STATE, "visto", "acknowledged"},
    {SEARCH_STATE, "en_curso", "in_progress"},
    {SEARCH_STATE, "real", "resolved_true"},
    {SEARCH_STATE, "true", "resolved_true"},
    {SEARCH_STATE, "falsa", "resolved_false"},
    {SEARCH_STATE, "false", "resolved_false"},
    {SEARCH_STATE, "esperado", "resolved_expected"},
    {SEARCH_STATE, "expected", "resolved_expected"},
    {SEARCH_ASSIGNEE, "yo", "me"},
    {SEARCH_ASSIGNEE, "nadie", "none"},
};

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Whether a word has anything that the index could hold. */
static bool
says_something(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (isalnum((unsigned char)s.at[i]) || (unsigned char)s.at[i] >= 0x80)
            return true;
    return false;
}

static int
field_of(struct str name)
{
    for (size_t i = 0; i < VG_ARRAY_LEN(FIELDS); i++)
        if (str_eq_nocase(name, str_of(FIELDS[i].name)))
            return FIELDS[i].is;
    return FIELD_NONE;
}

static struct str
value_of(enum search_field field, struct str typed)
{
    for (size_t i = 0; i < VG_ARRAY_LEN(VALUES); i++)
        if (VALUES[i].field == field && str_eq_nocase(typed, str_of(VALUES[i].typed)))
            return str_of(VALUES[i].means);
    return typed;
}

/* The local midnight that begins a day "2026-11-01" (or that of its month, "2026-11"); false for others. */
static bool
day_of(struct str text, const struct zone *zone, int64_t *out)
{
    char copy[DAY_TEXT + 1];
    unsigned year, month, day = 1;
    int used = 0;

    if (text.len > DAY_TEXT)
        return false;
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    if ((sscanf(copy, "%4u-%2u-%2u%n", &year, &month, &day, &used) < 3 || copy[used] != '\0') &&
        (sscanf(copy, "%4u-%2u%n", &year, &month, &used) < 2 || copy[used] != '\0'))
        return false;
    if (year < 1970 || year > 2200 || month < 1 || month > 12 || day < 1 || day > 31)
        return false;
    *out = zone_from_local(zone, (int)year, month, day, 0, 0, 0);
    return true;
}

struct reader {
    struct search *out;
    size_t used; /* of out->text */
    const struct zone *zone;
};

static void
add(struct reader *r, int field, struct str text, bool without, bool whole)
{
    struct search *s = r->out;
    enum severity severity;

    if (field == SEARCH_SEVERITY || field == SEARCH_STATE || field == SEARCH_ASSIGNEE)
        text = value_of((enum search_field)field, text);
    if (!says_something(text) || s->count == SEARCH_WORDS_MAX ||
        text.len + 1 > sizeof s->text - r->used)
        return;
    memcpy(s->text + r->used, text.at, text.len);
    s->text[r->used + text.len] = '\0';
    s->word[s->count] = (struct search_word){.field = (enum search_field)field,
                                             .without = without,
                                             .whole = whole,
                                             .text = s->text + r->used};
    if (field == SEARCH_SEVERITY && severity_parse(s->word[s->count].text, &severity) != VG_OK)
        s->word[s->count].field = SEARCH_ANYWHERE;
    s->has_state = s->has_state || field == SEARCH_STATE;
    s->count++;
    r->used += text.len + 1;
}

/* One piece: [-][field:]value, the value quoted or up to the next space. */
static const char *
take(struct reader *r, const char *at)
{
    bool without = *at == '-', whole = false;
    const char *start = at + without, *end = start, *value;
    int64_t time_ns;
    int field = FIELD_NONE;

    while (*end != '\0' && *end != ':' && *end != '"' && !is_space(*end))
        end++;
    value = start;
    if (*end == ':' && end > start &&
        (field = field_of(str_n(start, (size_t)(end - start)))) != FIELD_NONE)
        value = end + 1;
    if (*value == '"') {
        whole = true;
        value++;
        for (end = value; *end != '\0' && *end != '"';)
            end++;
    } else {
        for (end = value; *end != '\0' && !is_space(*end);)
            end++;
    }
    if (field == FIELD_AFTER || field == FIELD_BEFORE) {
        if (day_of(str_n(value, (size_t)(end - value)), r->zone, &time_ns))
            *(field == FIELD_AFTER ? &r->out->after_ns : &r->out->before_ns) = time_ns;
    } else {
        add(r, field == FIELD_NONE ? SEARCH_ANYWHERE : field, str_n(value, (size_t)(end - value)),
            without, whole);
    }
    return whole && *end == '"' ? end + 1 : end;
}

void
search_parse(const char *typed, const struct zone *zone, struct search *out)
{
    struct reader r = {.out = out, .zone = zone};
    const char *at = typed, *limit = typed + strlen(typed);

    memset(out, 0, sizeof *out);
    out->before_ns = INT64_MAX;
    if (limit - typed > SEARCH_TEXT_MAX)
        return;
    while (at < limit) {
        while (is_space(*at))
            at++;
        if (*at != '\0')
            at = take(&r, at);
    }
}
