/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/lookalike.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/domain.h"
#include "agent/detect/name_skeleton.h"

/* A near miss of a short label is another word; two letters differ only in long ones. */
enum { NEAR_LEN_MIN = 6, NEAR_TWO_LEN_MIN = 11, WITHIN_LEN_MIN = 4, PARTS_MAX = 8 };

struct lookalikes {
    json_t *tree; /* owned */
    const json_t *words, *hosts;
    struct lookalike_brand brand[LOOKALIKE_BRANDS_MAX];
    size_t count;
};

/* ---- the file ---- */

static const char *const KINDS[] = {"bank",   "government", "marketplace", "payments",
                                    "social", "parcel",     "software",    NULL};
static const char *const EXACT[] = {"only", NULL};
static const struct conf_field NAME_ITEM = {.type = CONF_TEXT, .min = 2, .max = DOMAIN_NAME_MAX};
static const struct conf_field BRAND_FIELDS[] = {
    {.key = "brand", .type = CONF_TEXT, .required = true, .min = 1, .max = 64},
    {.key = "label", .type = CONF_TEXT, .required = true, .min = 3, .max = 40},
    {.key = "kind", .type = CONF_CHOICE, .required = true, .choices = KINDS},
    {.key = "exact", .type = CONF_CHOICE, .choices = EXACT},
    {.key = "countries", .type = CONF_BOOL},
    {.key = "domains",
     .type = CONF_LIST,
     .required = true,
     .min = 1,
     .max = 100,
     .item = &NAME_ITEM},
    {.key = NULL},
};
static const struct conf_field BRAND_ITEM = {
    .type = CONF_MAP,
    .fields = BRAND_FIELDS,
    .example = "{brand: BBVA, label: bbva, kind: bank, domains: [bbva.mx]}"};
static const struct conf_field SCHEMA[] = {
    {.key = "brands",
     .type = CONF_LIST,
     .required = true,
     .max = LOOKALIKE_BRANDS_MAX,
     .item = &BRAND_ITEM,
     .example = "brands: [{brand: BBVA, label: bbva, kind: bank, ...}]"},
    {.key = "words", .type = CONF_LIST, .max = 1000, .item = &NAME_ITEM},
    {.key = "hosts", .type = CONF_LIST, .max = 1000, .item = &NAME_ITEM},
    {.key = NULL},
};

static void
fill(struct lookalikes *l)
{
    const json_t *entry;
    size_t i;

    l->words = json_object_get(l->tree, "words");
    l->hosts = json_object_get(l->tree, "hosts");
    json_array_foreach(json_object_get(l->tree, "brands"), i, entry)
    {
        struct lookalike_brand *b = &l->brand[l->count++];

        b->name = vg_json_str(entry, "brand", "");
        b->label = vg_json_str(entry, "label", "");
        b->kind = vg_json_str(entry, "kind", "");
        b->only_exact = json_object_get(entry, "exact") != NULL;
        b->countries = json_is_true(json_object_get(entry, "countries"));
        b->domains = json_object_get(entry, "domains");
        skeleton_of(b->label, b->skeleton);
    }
}

enum vg_err
lookalikes_load(const char *rules_dir, struct lookalikes **out, struct conf_error *err)
{
    struct lookalikes *l = calloc(1, sizeof(*l));
    char path[1200];
    enum vg_err result = VG_OK;

    if (l == NULL)
        return VG_ERR_NOMEM;
    (void)snprintf(path, sizeof(path), "%.1100s/indicators/brands.yaml",
                   rules_dir != NULL ? rules_dir : "/nonexistent");
    result = conf_load(path, SCHEMA, &l->tree, err);
    if (result == VG_OK)
        fill(l);
    else if (result != VG_ERR_NOENT) {
        free(l);
        return result;
    }
    *out = l;
    return VG_OK;
}

void
lookalikes_free(struct lookalikes *l)
{
    if (l == NULL)
        return;
    json_decref(l->tree);
    free(l);
}

size_t
lookalikes_count(const struct lookalikes *l)
{
    return l->count;
}

const char *
lookalike_how_name(enum lookalike_how how)
{
    static const char *const names[] = {"none", "letters", "within", "word", "near", "ending"};

    return names[how];
}

/* ---- one name ---- */

static bool
under_any(struct str name, const json_t *domains)
{
    const json_t *d;
    size_t i;

    json_array_foreach(domains, i, d)
    {
        if (domain_under(name, str_n(json_string_value(d), json_string_length(d))))
            return true;
    }
    return false;
}

static bool
is_word(const struct lookalikes *l, const char *text, size_t len)
{
    const json_t *w;
    size_t i;

    json_array_foreach(l->words, i, w)
    {
        if (json_string_length(w) == len && memcmp(json_string_value(w), text, len) == 0)
            return true;
    }
    return false;
}

/* Parts between hyphens and digits are all words, and there is at least one. */
static bool
all_words(const struct lookalikes *l, const char *text, size_t len)
{
    bool any = false;

    for (size_t at = 0; at < len;) {
        size_t n = 0;

        while (at + n < len && text[at + n] >= 'a' && text[at + n] <= 'z')
            n++;
        if (n > 0 && !is_word(l, text + at, n))
            return false;
        any |= n > 0;
        at += n > 0 ? n : 1;
    }
    return any;
}

static bool
edge(char c)
{
    return c < 'a' || c > 'z';
}

/* The brand's label beside official words: before, behind or both. A common word must be set off by
 * a hyphen or a digit. */
static bool
beside_words(const struct lookalikes *l, const struct lookalike_brand *b, const char *plain)
{
    size_t len = strlen(plain), n = strlen(b->label);
    const char *at = strstr(plain, b->label);
    size_t before, after;

    if (at == NULL || len == n)
        return false;
    before = (size_t)(at - plain);
    after = len - before - n;
    if (b->only_exact && ((before > 0 && !edge(at[-1])) || (after > 0 && !edge(at[n]))))
        return false;
    return (before == 0 || all_words(l, plain, before)) &&
           (after == 0 || all_words(l, at + n, after)) && before + after > 1;
}

/* One of the brand's own domains stands in front of a stranger's: as whole labels, and not where a
 * network carries its customers' names. */
static bool
within(const struct lookalike_brand *b, struct str prefix)
{
    const json_t *d;
    size_t i;

    json_array_foreach(b->domains, i, d)
    {
        struct str own = str_n(json_string_value(d), json_string_length(d));
        struct str rest = prefix;

        if (own.len < WITHIN_LEN_MIN)
            continue;
        while (rest.len >= own.len) {
            if (domain_under(rest, own))
                return true;
            rest.len--; /* labels behind it may go: bbva.mx.login */
            while (rest.len > 0 && rest.at[rest.len] != '.')
                rest.len--;
        }
    }
    return false;
}

/* The ending is a country's, or a firm's in a country: "il", "co.il", "com.mx". Five countries gave
 * theirs away for nothing for years (Freenom), to thieves above all: they do not count. */
static bool
of_a_country(struct str ending)
{
    static const char *const FREE[] = {"tk", "ml", "ga", "cf", "gq"};
    const char *dot = memchr(ending.at, '.', ending.len);
    struct str country = ending;

    if (dot != NULL) {
        struct str firm = str_n(ending.at, (size_t)(dot - ending.at));

        if (str_is(firm, "co") || str_is(firm, "com"))
            country = str_n(dot + 1, ending.len - firm.len - 1);
    }
    for (size_t i = 0; i < VG_ARRAY_LEN(FREE); i++)
        if (str_is(country, FREE[i]))
            return false;
    return country.len == 2;
}

static enum lookalike_how
held_against(const struct lookalikes *l, const struct lookalike_brand *b, const char *plain,
             const char *skeleton, bool foreign)
{
    size_t len = strlen(b->label);

    if (strcmp(plain, b->label) == 0)
        return foreign ? LOOKALIKE_LETTERS : b->only_exact ? LOOKALIKE_NONE : LOOKALIKE_ENDING;
    if (!b->only_exact && strcmp(skeleton, b->skeleton) == 0)
        return LOOKALIKE_LETTERS;
    if (beside_words(l, b, plain))
        return LOOKALIKE_WORD;
    if (b->only_exact || len < NEAR_LEN_MIN)
        return LOOKALIKE_NONE;
    if (skeleton_distance(skeleton, b->skeleton, len >= NEAR_TWO_LEN_MIN ? 2 : 1) <=
        (len >= NEAR_TWO_LEN_MIN ? 2u : 1u))
        return LOOKALIKE_NEAR;
    return LOOKALIKE_NONE;
}

struct lookalike_hit
lookalike_of(const struct lookalikes *l, struct str name)
{
    struct lookalike_hit hit = {LOOKALIKE_NONE, NULL};
    char plain[SKELETON_MAX], skeleton[SKELETON_MAX];
    struct str registered, prefix;
    const char *dot;
    bool foreign;

    if (name.len > 0 && name.at[name.len - 1] == '.')
        name.len--;
    registered = domain_registered(name);
    dot = memchr(registered.at, '.', registered.len);
    if (l->count == 0 || dot == NULL || domain_is_address(name) || under_any(name, l->hosts) ||
        !skeleton_plain(str_n(registered.at, (size_t)(dot - registered.at)), plain, &foreign))
        return hit;
    for (size_t i = 0; i < l->count; i++) {
        if (under_any(name, l->brand[i].domains))
            return hit;
    }
    skeleton_of(plain, skeleton);
    prefix = domain_prefix(name);
    for (size_t i = 0; i < l->count; i++) {
        enum lookalike_how how = held_against(l, &l->brand[i], plain, skeleton, foreign);

        if (how == LOOKALIKE_ENDING && l->brand[i].countries &&
            of_a_country(str_n(dot + 1, registered.len - (size_t)(dot + 1 - registered.at))))
            return hit; /* its own */
        if (how == LOOKALIKE_NONE && within(&l->brand[i], prefix))
            how = LOOKALIKE_WITHIN;
        if (how != LOOKALIKE_NONE && (hit.how == LOOKALIKE_NONE || how < hit.how))
            hit = (struct lookalike_hit){how, &l->brand[i]};
    }
    return hit;
}
