/* SPDX-License-Identifier: Apache-2.0 */
/* TZif files (RFC 8536): the 64-bit block, and the rule in the footer for instants after it. */
#include "common/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/str.h"
#include "common/vtime.h"
#include "common/zone_rule.h"

enum {
    ZONE_FILE_MAX = 64 * 1024,
    ZONE_TRANSITIONS_MAX = 2000,
    ZONE_TYPES_MAX = 64,
    ZONE_NAME_MAX = 64
};

struct type {
    int32_t offset_s;
    char abbrev[8];
};

struct zone {
    char name[ZONE_NAME_MAX];
    size_t transition_count, type_count;
    int64_t at_s[ZONE_TRANSITIONS_MAX]; /* ascending */
    uint8_t type_of[ZONE_TRANSITIONS_MAX];
    struct type types[ZONE_TYPES_MAX];
    bool has_rule;
    struct zone_rule rule;
};

struct header {
    uint8_t version;
    uint32_t isutcnt, isstdcnt, leapcnt, timecnt, typecnt, charcnt;
};

static enum vg_err
read_header(struct slice *in, struct header *h)
{
    const uint8_t *magic = slice_take(in, 4);

    if (magic == NULL || memcmp(magic, "TZif", 4) != 0)
        return VG_ERR_FORMAT;
    h->version = slice_u8(in);
    slice_skip(in, 15);
    h->isutcnt = slice_be32(in);
    h->isstdcnt = slice_be32(in);
    h->leapcnt = slice_be32(in);
    h->timecnt = slice_be32(in);
    h->typecnt = slice_be32(in);
    h->charcnt = slice_be32(in);
    if (in->bad)
        return VG_ERR_SHORT;
    if (h->timecnt > ZONE_TRANSITIONS_MAX || h->typecnt > ZONE_TYPES_MAX || h->charcnt > 256 ||
        h->leapcnt > 64 || h->isutcnt > 256 || h->isstdcnt > 256)
        return VG_ERR_LIMIT;
    return h->typecnt > 0 ? VG_OK : VG_ERR_FORMAT;
}

static void
read_abbrev(struct slice names, uint8_t index, char out[8])
{
    size_t n = 0;

    slice_skip(&names, index);
    while (names.left > 0 && n < 7) {
        char c = (char)slice_u8(&names);

        if (c == '\0')
            break;
        out[n++] = c;
    }
    out[n] = '\0';
}

/* The block of the second header: 8-byte times. */
static enum vg_err
read_block(struct slice *in, const struct header *h, struct zone *z)
{
    struct slice types, names;

    for (uint32_t i = 0; i < h->timecnt; i++) {
        z->at_s[i] = (int64_t)slice_be64(in);
        if (i > 0 && !in->bad && z->at_s[i] <= z->at_s[i - 1])
            return VG_ERR_FORMAT;
    }
    for (uint32_t i = 0; i < h->timecnt; i++) {
        z->type_of[i] = slice_u8(in);
        if (z->type_of[i] >= h->typecnt)
            return VG_ERR_FORMAT;
    }
    types = slice_sub(in, 6 * (size_t)h->typecnt);
    names = slice_sub(in, h->charcnt);
    slice_skip(in, 12 * (size_t)h->leapcnt + h->isstdcnt + h->isutcnt);
    if (in->bad)
        return VG_ERR_SHORT;
    for (uint32_t i = 0; i < h->typecnt; i++) {
        z->types[i].offset_s = (int32_t)slice_be32(&types);
        slice_skip(&types, 1);
        read_abbrev(names, slice_u8(&types), z->types[i].abbrev);
        if (z->types[i].offset_s < -93600 || z->types[i].offset_s > 93600)
            return VG_ERR_FORMAT;
    }
    z->transition_count = h->timecnt;
    z->type_count = h->typecnt;
    return VG_OK;
}

static void
read_footer(struct slice in, struct zone *z)
{
    struct slice text;
    size_t n = 0;

    if (slice_u8(&in) != '\n')
        return;
    text = in;
    while (in.left > 0 && slice_u8(&in) != '\n')
        n++;
    z->has_rule = zone_rule_parse((const char *)text.at, n, &z->rule) == VG_OK;
}

static enum vg_err
parse(struct slice in, struct zone *z)
{
    struct header h;
    enum vg_err err = read_header(&in, &h);

    if (err != VG_OK)
        return err;
    if (h.version < '2')
        return VG_ERR_FORMAT; /* every tzdata of the last fifteen years has the 64-bit block */
    slice_skip(&in, (size_t)h.timecnt * 5 + (size_t)h.typecnt * 6 + h.charcnt +
                        (size_t)h.leapcnt * 8 + h.isstdcnt + h.isutcnt);
    err = read_header(&in, &h);
    if (err == VG_OK)
        err = read_block(&in, &h, z);
    if (err == VG_OK)
        read_footer(in, z);
    return err;
}

static enum vg_err
read_file(const char *path, struct buf *out)
{
    FILE *f = fopen(path, "rb");
    uint8_t chunk[4096];
    size_t n;

    if (f == NULL)
        return VG_ERR_NOENT;
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
        buf_put(out, chunk, n);
    n = ferror(f) != 0;
    (void)fclose(f);
    if (n != 0)
        return VG_ERR_NOENT;
    return out->bad ? VG_ERR_LIMIT : VG_OK;
}

/* Letters, digits and _ + - / only, no "..", not absolute: a name never leaves the database. */
static bool
name_is_safe(const char *name)
{
    if (name[0] == '/' || strlen(name) >= ZONE_NAME_MAX)
        return false;
    return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") ==
           strlen(name);
}

enum vg_err
zone_parse(const char *name, struct slice tzif, struct zone **out)
{
    struct zone *z = calloc(1, sizeof *z);
    enum vg_err err = z != NULL ? parse(tzif, z) : VG_ERR_NOMEM;

    if (err != VG_OK) {
        free(z);
        return err;
    }
    (void)vg_strcpy(z->name, sizeof z->name, name);
    *out = z;
    return VG_OK;
}

enum vg_err
zone_load(const char *name, struct zone **out)
{
    static const char *const folders[] = {"/usr/share/zoneinfo", "/usr/share/lib/zoneinfo"};
    bool system = name == NULL || name[0] == '\0' || strcmp(name, "system") == 0;
    enum vg_err err = VG_ERR_NOENT;
    char path[128];
    struct buf file;

    if (!system && strcmp(name, "UTC") == 0) {
        *out = zone_utc();
        return *out != NULL ? VG_OK : VG_ERR_NOMEM;
    }
    if (!system && !name_is_safe(name))
        return VG_ERR_NOENT;
    buf_init(&file, ZONE_FILE_MAX);
    if (system)
        err = read_file("/etc/localtime", &file);
    for (size_t i = 0; !system && err == VG_ERR_NOENT && i < VG_ARRAY_LEN(folders); i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folders[i], name);
        err = read_file(path, &file);
    }
    if (err == VG_OK)
        err = zone_parse(system ? "system" : name, buf_slice(&file), out);
    buf_done(&file);
    return err;
}

struct zone *
zone_utc(void)
{
    struct zone *z = calloc(1, sizeof *z);

    if (z == NULL)
        return NULL;
    z->type_count = 1;
    (void)vg_strcpy(z->types[0].abbrev, sizeof z->types[0].abbrev, "UTC");
    (void)vg_strcpy(z->name, sizeof z->name, "UTC");
    return z;
}

void
zone_free(struct zone *zone)
{
    free(zone);
}

const char *
zone_name(const struct zone *zone)
{
    return zone->name;
}

/* Index of the first transition after t, by bisection. */
static size_t
after(const struct zone *z, int64_t t_s)
{
    size_t low = 0, high = z->transition_count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (z->at_s[mid] <= t_s)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static int32_t
offset_at(const struct zone *z, int64_t t_s, const char **abbrev)
{
    size_t i = after(z, t_s);
    const struct type *type;

    if (i == z->transition_count && z->has_rule)
        return zone_rule_offset(&z->rule, t_s, abbrev);
    type = &z->types[i == 0 ? 0 : z->type_of[i - 1]];
    *abbrev = type->abbrev;
    return type->offset_s;
}

static int64_t
floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

void
zone_to_local(const struct zone *zone, int64_t t_ns, struct zone_local *out)
{
    int64_t t_s = floor_div(t_ns, VG_SEC_NS);
    const char *abbrev = "";
    int32_t east = offset_at(zone, t_s, &abbrev);
    int64_t local = t_s + east;
    int64_t days = floor_div(local, 86400);
    int64_t rest = local - days * 86400;

    vtime_civil_from_days(days, &out->year, &out->month, &out->day);
    out->hour = (unsigned)(rest / 3600);
    out->min = (unsigned)(rest / 60 % 60);
    out->sec = (unsigned)(rest % 60);
    out->weekday = (unsigned)(((days + 3) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
    out->day_number = days;
    out->offset_s = east;
    (void)vg_strcpy(out->abbrev, sizeof out->abbrev, abbrev);
}

int64_t
zone_from_local(const struct zone *zone, int year, unsigned month, unsigned day, unsigned hour,
                unsigned min, unsigned sec)
{
    int64_t wall = vtime_days_from_civil(year, month, day) * 86400 + (int64_t)hour * 3600 +
                   (int64_t)min * 60 + sec;
    const char *abbrev;
    int32_t before = offset_at(zone, wall - 86400, &abbrev);
    int32_t later = offset_at(zone, wall + 86400, &abbrev);

    /* The earlier of two readings first; where neither fits, the time fell into a gap, and the
     * offset from before it moves the time forward by that gap. */
    if (offset_at(zone, wall - before, &abbrev) == before)
        return (wall - before) * VG_SEC_NS;
    if (offset_at(zone, wall - later, &abbrev) == later)
        return (wall - later) * VG_SEC_NS;
    return (wall - before) * VG_SEC_NS;
}
