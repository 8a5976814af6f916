/* SPDX-License-Identifier: Apache-2.0 */
#include "common/event.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/uuid.h"
#include "common/vtime.h"

enum { DETECTOR_MAX = 64, ATTACK_MAX = 16, TEXT_FACT_MAX = 1024 };

static const char *const SEVERITIES[] = {"info", "low", "medium", "high", "critical"};

const char *
severity_name(enum severity s)
{
    return (size_t)s < VG_ARRAY_LEN(SEVERITIES) ? SEVERITIES[s] : "info";
}

enum vg_err
severity_parse(const char *name, enum severity *out)
{
    for (size_t i = 0; i < VG_ARRAY_LEN(SEVERITIES); i++) {
        if (strcmp(name, SEVERITIES[i]) == 0) {
            *out = (enum severity)i;
            return VG_OK;
        }
    }
    return VG_ERR_FORMAT;
}

/* Copies what fits and never ends inside a UTF-8 sequence. */
static void
copy_text(char *dst, size_t size, const char *src)
{
    size_t n = strlen(src);

    if (n >= size) {
        n = size - 1;
        while (n > 0 && ((unsigned char)src[n] & 0xc0) == 0x80)
            n--;
    }
    memcpy(dst, src, n);
    dst[n] = '\0';
}

void
party_set(struct party *p, const char *kind, const char *id, const char *label)
{
    copy_text(p->kind, sizeof p->kind, kind);
    copy_text(p->id, sizeof p->id, id);
    copy_text(p->label, sizeof p->label, label != NULL ? label : id);
}

struct str
event_family(const char *detector)
{
    const char *dot = strchr(detector, '.');
    struct str family;

    if (dot != NULL)
        dot = strchr(dot + 1, '.');
    family = str_n(detector, dot != NULL ? (size_t)(dot - detector) : strlen(detector));
    return str_is(family, "net.remote_shell") ? str_of("net.lateral") : family;
}

/* ---- the check of an event from an untrusted side ---- */

struct checker {
    char *why;
    bool stamped;
};

static enum vg_err VG_PRINTF(2, 3) wrong(const struct checker *c, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(c->why, EVENT_WHY_MAX, fmt, args);
    va_end(args);
    return VG_ERR_FORMAT;
}

static bool
one_of(const char *text, const char *const *words)
{
    for (; *words != NULL; words++)
        if (strcmp(text, *words) == 0)
            return true;
    return false;
}

bool
event_detector_valid(const char *text)
{
    size_t n = strlen(text);

    return n >= 3 && n <= DETECTOR_MAX && text[0] != '.' && text[n - 1] != '.' &&
           strchr(text, '.') != NULL && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_.") == n;
}

static enum vg_err
check_instant(const struct checker *c, const char *key, const json_t *v)
{
    int64_t t;

    if (!json_is_string(v) || vtime_parse(json_string_value(v), json_string_length(v), &t) != VG_OK)
        return wrong(c, "%s is not a time", key);
    return VG_OK;
}

static enum vg_err
check_uuid(const struct checker *c, const char *key, const json_t *v)
{
    return uuid_valid(json_string_value(v)) ? VG_OK : wrong(c, "%s is not a UUID", key);
}

static enum vg_err
check_version(const struct checker *c, const char *key, const json_t *v)
{
    return json_is_integer(v) && json_integer_value(v) == 1 ? VG_OK : wrong(c, "%s is not 1", key);
}

static enum vg_err
check_counter(const struct checker *c, const char *key, const json_t *v)
{
    return json_is_integer(v) && json_integer_value(v) >= 1 ? VG_OK
                                                            : wrong(c, "%s is no count", key);
}

static enum vg_err
check_class(const struct checker *c, const char *key, const json_t *v)
{
    static const char *const words[] = {"alert", "health", NULL};

    return json_is_string(v) && one_of(json_string_value(v), words)
               ? VG_OK
               : wrong(c, "%s is not alert or health", key);
}

static enum vg_err
check_sensor(const struct checker *c, const char *key, const json_t *v)
{
    static const char *const words[] = {"net", "pay", "file", "agent", NULL};

    return json_is_string(v) && one_of(json_string_value(v), words)
               ? VG_OK
               : wrong(c, "%s is unknown", key);
}

static enum vg_err
check_detector(const struct checker *c, const char *key, const json_t *v)
{
    return json_is_string(v) && event_detector_valid(json_string_value(v))
               ? VG_OK
               : wrong(c, "%s is not a dotted name", key);
}

static enum vg_err
check_severity(const struct checker *c, const char *key, const json_t *v)
{
    enum severity s;

    return json_is_string(v) && severity_parse(json_string_value(v), &s) == VG_OK
               ? VG_OK
               : wrong(c, "%s is unknown", key);
}

static enum vg_err
check_score(const struct checker *c, const char *key, const json_t *v)
{
    double s = json_number_value(v);

    return json_is_number(v) && s >= 0 && s <= 100 ? VG_OK : wrong(c, "%s is not 0 to 100", key);
}

static enum vg_err
check_p(const struct checker *c, const char *key, const json_t *v)
{
    double p = json_number_value(v);

    return json_is_number(v) && p >= 0 && p <= 1 ? VG_OK : wrong(c, "%s is not 0 to 1", key);
}

static enum vg_err
check_party(const struct checker *c, const char *key, const json_t *v)
{
    static const char *const kinds[] = {"device",   "host",     "domain",  "card", "customer",
                                        "terminal", "employee", "account", "file", "program",
                                        "log",      "agent",    NULL};
    const char *kind = vg_json_str(v, "kind", NULL), *id = vg_json_str(v, "id", NULL);
    const char *label = vg_json_str(v, "label", NULL);

    if (!json_is_object(v) || kind == NULL || id == NULL || label == NULL ||
        json_object_size(v) != 3)
        return wrong(c, "%s is not {kind, id, label}", key);
    if (!one_of(kind, kinds))
        return wrong(c, "%s.kind is unknown", key);
    if (strlen(id) >= PARTY_ID_MAX || strlen(label) >= PARTY_LABEL_MAX || id[0] == '\0')
        return wrong(c, "%s.id or label is empty or too long", key);
    return VG_OK;
}

static enum vg_err
check_facts(const struct checker *c, const char *key, const json_t *v)
{
    const char *name;
    json_t *fact;

    if (!json_is_object(v) || json_object_size(v) > EVENT_FACTS_MAX)
        return wrong(c, "%s is no object of at most %d values", key, EVENT_FACTS_MAX);
    json_object_foreach((json_t *)v, name, fact)
    {
        if (strlen(name) > 64)
            return wrong(c, "a name in %s is too long", key);
        if (json_is_string(fact) && json_string_length(fact) > TEXT_FACT_MAX)
            return wrong(c, "%s.%s is too long", key, name);
        if (json_is_object(fact) || (json_is_array(fact) && json_array_size(fact) > 50))
            return wrong(c, "%s.%s is not flat", key, name);
    }
    return VG_OK;
}

static enum vg_err
check_evidence(const struct checker *c, const char *key, const json_t *v)
{
    return json_is_array(v) && json_array_size(v) <= EVENT_EVIDENCE_MAX
               ? VG_OK
               : wrong(c, "%s is no array of at most %d", key, EVENT_EVIDENCE_MAX);
}

static enum vg_err
check_attack(const struct checker *c, const char *key, const json_t *v)
{
    if (!json_is_array(v) || json_array_size(v) > ATTACK_MAX)
        return wrong(c, "%s is no array of at most %d", key, ATTACK_MAX);
    for (size_t i = 0; i < json_array_size(v); i++) {
        const char *id = json_string_value(json_array_get(v, i));

        if (id == NULL || id[0] != 'T' || strlen(id) < 5 || strlen(id) > 9 ||
            strspn(id + 1, "0123456789.") != strlen(id) - 1)
            return wrong(c, "%s holds no technique id", key);
    }
    return VG_OK;
}

enum presence { ALWAYS, MAYBE, STAMPED, STAMPED_MAYBE };

static const struct field {
    const char *key;
    enum presence presence;
    enum vg_err (*check)(const struct checker *c, const char *key, const json_t *v);
} FIELDS[] = {
    {"v", ALWAYS, check_version},         {"id", STAMPED, check_uuid},
    {"store", STAMPED, check_uuid},       {"seq", STAMPED, check_counter},
    {"time", ALWAYS, check_instant},      {"recorded", STAMPED, check_instant},
    {"class", ALWAYS, check_class},       {"sensor", ALWAYS, check_sensor},
    {"detector", ALWAYS, check_detector}, {"severity", ALWAYS, check_severity},
    {"score", MAYBE, check_score},        {"p", MAYBE, check_p},
    {"subject", ALWAYS, check_party},     {"peer", MAYBE, check_party},
    {"facts", ALWAYS, check_facts},       {"evidence", MAYBE, check_evidence},
    {"attack", MAYBE, check_attack},      {"incident", STAMPED_MAYBE, check_uuid},
    {"count", MAYBE, check_counter},      {"first", MAYBE, check_instant},
    {"last", MAYBE, check_instant},
};

static const struct field *
field_named(const char *key)
{
    for (size_t i = 0; i < VG_ARRAY_LEN(FIELDS); i++)
        if (strcmp(FIELDS[i].key, key) == 0)
            return &FIELDS[i];
    return NULL;
}

static bool
allowed(const struct field *f, bool stamped)
{
    return stamped || f->presence == ALWAYS || f->presence == MAYBE;
}

enum vg_err
event_check(const json_t *event, bool stamped, char why[EVENT_WHY_MAX])
{
    const struct checker c = {.why = why, .stamped = stamped};
    const char *key;
    json_t *value;

    why[0] = '\0';
    if (!json_is_object(event))
        return wrong(&c, "is no object");
    json_object_foreach((json_t *)event, key, value)
    {
        const struct field *f = field_named(key);

        if (f == NULL || !allowed(f, stamped))
            return wrong(&c, "has an unknown key of %zu bytes", strlen(key));
        if (f->check(&c, key, value) != VG_OK)
            return VG_ERR_FORMAT;
    }
    for (size_t i = 0; i < VG_ARRAY_LEN(FIELDS); i++) {
        const struct field *f = &FIELDS[i];
        bool needed = f->presence == ALWAYS || (stamped && f->presence == STAMPED);

        if (needed && json_object_get(event, f->key) == NULL)
            return wrong(&c, "%s is missing", f->key);
    }
    return VG_OK;
}

char *
event_canonical(const json_t *event)
{
    static const char *const stamps[] = {"id", "store", "seq", "incident", "recorded"};
    json_t *copy = json_copy((json_t *)event);
    char *text;

    if (copy == NULL)
        return NULL;
    for (size_t i = 0; i < VG_ARRAY_LEN(stamps); i++)
        (void)json_object_del(copy, stamps[i]);
    text = json_dumps(copy, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(copy);
    return text;
}
