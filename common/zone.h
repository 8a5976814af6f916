/* SPDX-License-Identifier: Apache-2.0 */
/* zone: local hours and days of one time zone, from its TZif file (RFC 8536), without the process's
 * own zone: a collector serves shops in several zones at once. Reads the file once, at load. */
#pragma once

#include "common/slice.h"

struct zone;

/* `name` as in the IANA database ("America/Mexico_City"); NULL or "" or "system": the machine's
 * (/etc/localtime). Path components like ".." are refused. VG_ERR_NOENT, VG_ERR_FORMAT, _NOMEM. */
enum vg_err zone_load(const char *name, struct zone **out) VG_MUST_CHECK;
/* The same from the bytes of a TZif file. VG_ERR_SHORT, VG_ERR_FORMAT, VG_ERR_LIMIT, VG_ERR_NOMEM. */
enum vg_err zone_parse(const char *name, struct slice tzif, struct zone **out) VG_MUST_CHECK;
/* Always works; for tests and as the last resort. NULL only without memory. */
struct zone *zone_utc(void);
void zone_free(struct zone *zone);
const char *zone_name(const struct zone *zone);

struct zone_local {
    int year;
    unsigned month, day;     /* 1.. */
    unsigned hour, min, sec; /* sec 0..59 */
    unsigned weekday;        /* 0 Monday .. 6 Sunday */
    int64_t day_number;      /* local days since 1970-01-01 */
    int32_t offset_s;        /* local minus UTC */
    char abbrev[8];          /* "CST" */
};
void zone_to_local(const struct zone *zone, int64_t t_ns, struct zone_local *out);

/* Local civil time to an instant. A time that does not exist (spring forward) moves forward by the
 * gap; one that exists twice is the first. */
int64_t zone_from_local(const struct zone *zone, int year, unsigned month, unsigned day,
                        unsigned hour, unsigned min, unsigned sec);
