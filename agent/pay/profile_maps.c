/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/profile_inside.h"

#include <stdio.h>

static enum vg_err
source_read(struct profile_maker *m, const json_t *list, struct map_source *out)
{
    size_t i;
    const json_t *text;

    json_array_foreach(list, i, text)
    {
        enum vg_err err;

        if (out->count == PROFILE_ALTERNATIVES_MAX)
            break;
        err = profile_slot(m, text, &out->slot[out->count]);
        if (err != VG_OK)
            return err;
        out->count++;
    }
    return VG_OK;
}

enum vg_err
profile_sources(struct profile_maker *m, const json_t *map, struct map_source out[MAP_COUNT])
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
value_add(struct profile_maker *m, struct map_values *out, const char *text, int value)
{
    if (out->count == PROFILE_VALUES_MAX)
        return profile_wrong(m, "more than %d values", PROFILE_VALUES_MAX);
    out->row[out->count].text = str_of(text);
    out->row[out->count].pattern = strpbrk(text, "*?") != NULL;
    out->row[out->count++].value = value;
    return VG_OK;
}

static enum vg_err
values_read(struct profile_maker *m, const json_t *map, int (*parse)(const char *),
            struct map_values *out)
{
    json_t *values = json_object_get(map, "values"), *value;
    const char *text;

    out->otherwise = parse(vg_json_str(map, "otherwise", ""));
    json_object_foreach(values, text, value)
    {
        enum vg_err err = value_add(m, out, text, parse(json_string_value(value)));

        if (err != VG_OK)
            return err;
    }
    return VG_OK;
}

enum vg_err
profile_only(struct profile_maker *m)
{
    const json_t *list = json_object_get(m->p->tree, "only"), *row, *text;
    size_t i, k;

    json_array_foreach(list, i, row)
    {
        struct map_only *only = &m->p->only[m->p->only_count++];
        enum vg_err err = source_read(m, json_object_get(row, "field"), &only->field);

        json_array_foreach(json_object_get(row, "values"), k, text)
        {
            if (err == VG_OK)
                err = value_add(m, &only->values, json_string_value(text), 1);
        }
        if (err != VG_OK)
            return err;
    }
    return VG_OK;
}

/* "+05:30", "-08:00". */
static bool
offset_parse(const char *text, int *out)
{
    unsigned hours, minutes;
    char sign, rest;

    if (sscanf(text, "%c%2u:%2u%c", &sign, &hours, &minutes, &rest) != 3 || hours > 14 ||
        minutes > 59 || (sign != '+' && sign != '-'))
        return false;
    *out = (int)(hours * 3600 + minutes * 60) * (sign == '-' ? -1 : 1);
    return true;
}

enum vg_err
profile_zones(struct profile_maker *m)
{
    const json_t *time = json_object_get(m->p->tree, "time");
    struct map_zones *zones = &m->p->zones;
    json_t *map = json_object_get(time, "zones"), *value;
    enum vg_err err = source_read(m, json_object_get(time, "zone_field"), &zones->field);
    const char *name;

    m->p->day_hour = (unsigned)vg_json_int(time, "hour", 0);
    json_object_foreach(map, name, value)
    {
        const char *zone = json_string_value(value);
        int offset = 0;

        if (err == VG_OK && zones->names.count == PROFILE_ZONES_MAX)
            err = profile_wrong(m, "more than %d zones", PROFILE_ZONES_MAX);
        if (err == VG_OK && !offset_parse(zone, &offset) &&
            zone_load(zone, &zones->zone[zones->names.count]) != VG_OK)
            err = profile_wrong(m, "time.zones: %.60s is neither a time zone nor like \"-08:00\"",
                                zone);
        if (err == VG_OK)
            err = value_add(m, &zones->names, name, offset);
        if (err != VG_OK)
            return err;
    }
    return err;
}

enum vg_err
profile_constants(struct profile_maker *m)
{
    json_t *constants = json_object_get(m->p->tree, "constants"), *value;
    const char *key;

    json_object_foreach(constants, key, value)
    {
        int field = profile_field(key);

        if (field < MAP_ID)
            return profile_wrong(m, "constants.%.40s: no field that can be constant", key);
        m->p->base[field].constant = str_of(json_string_value(value));
    }
    return VG_OK;
}

enum vg_err
profile_by_kind(struct profile_maker *m)
{
    json_t *all = json_object_get(m->p->tree, "by_kind"), *map;
    const char *key;

    json_object_foreach(all, key, map)
    {
        int kind = kind_parse(key);
        enum vg_err err;

        if (kind == PROFILE_SKIP)
            return profile_wrong(m,
                                 "by_kind.%.40s: no kind; write one of sale, refund, void, auth, "
                                 "chargeback, payout, login, settings",
                                 key);
        err = profile_sources(m, map, m->p->by_kind[kind]);
        if (err != VG_OK)
            return err;
    }
    return VG_OK;
}

enum vg_err
profile_also(struct profile_maker *m)
{
    const json_t *list = json_object_get(m->p->tree, "also"), *row;
    size_t i;

    json_array_foreach(list, i, row)
    {
        struct map_also *also = &m->p->also[m->p->also_count++];
        enum vg_err err;

        also->kind = kind_parse(vg_json_str(row, "kind", ""));
        if (also->kind == PROFILE_SKIP)
            return profile_wrong(m, "also[%zu].kind: skip makes no sense here", i);
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

enum vg_err
profile_time(struct profile_maker *m)
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
        return profile_wrong(
            m, "time.zone: %.60s is no time zone; write for example: America/Mexico_City", zone);
    return VG_OK;
}

enum vg_err
profile_amount(struct profile_maker *m)
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

enum vg_err
profile_kinds(struct profile_maker *m)
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
    kind = json_object_get(kind, "sales");
    if (err == VG_OK)
        err = source_read(m, json_object_get(kind, "field"), &m->p->sales.field);
    if (err == VG_OK)
        err = values_read(m, kind, kind_parse, &m->p->sales.values);
    m->p->sales.values.otherwise = TXN_SALE;
    return err;
}
