/* SPDX-License-Identifier: Apache-2.0 */
/* when: times as logs write them, to an instant.
 *
 * A format is "iso" (2026-11-22T13:05:09.123-06:00; the T may be a space, seconds, fraction and
 * offset may be missing), "unix", "unix_ms", or a pattern: %Y %y %m %d %H %I %M %S, %f (1 to 9
 * digits of a fraction), %p (AM, PM), %z (Z, +hh:mm, -hhmm), %b (Jan, ene), %a and %Z
 * (letters that are passed over), %% and anything else as it stands; numbers may lack leading zeros.
 * "ofx" is OFX's 20260302170501.000[-6:CST], all behind the day may be missing (OFX 2.2, 3.2.8.2). Without an offset in the text the zone says it. */
#pragma once

#include "agent/pay/bytes.h"
#include "common/zone.h"

enum { WHEN_FORMAT_MAX = 48 };

/* An "iso" time that was read: one of the same hour, written the same way, is this and its minutes. */
enum { WHEN_HOUR_BYTES = 14, WHEN_REST_BYTES = 6 };
struct when_memo {
    uint8_t hour[WHEN_HOUR_BYTES], rest[WHEN_REST_BYTES]; /* "2026-11-22T13:", "-06:00" */
    uint8_t rest_len;
    int64_t hour_ns; /* 0: none */
};

/* The zone and the last hour looked up in it: logs ask for the same one again and again. */
struct when_zone {
    const struct zone *zone; /* NULL: offset_s from UTC */
    int32_t offset_s;        /* local minus UTC */
    unsigned day_hour;       /* what hour a date without a time of day means */
    int64_t latest_ns;       /* a date without a year is the last one up to a day behind this */
    int64_t hour_key, hour_ns;
    struct when_memo memo;
};

bool when_format_valid(const char *format);

/* A pattern with month and day, in front of it "utc:" where it alone is in UTC; without a year, see latest_ns.
 * VG_ERR_FORMAT (does not match), VG_ERR_LIMIT (outside 1970 to 2200). */
enum vg_err when_parse(struct slice text, const char *format, struct when_zone *zone,
                       int64_t *t_ns) VG_MUST_CHECK;
