/* SPDX-License-Identifier: Apache-2.0 */
/* vtime: instants as int64 nanoseconds UTC since 1970, and their text forms. */
#pragma once

#include "common/base.h"

#define VG_US_NS   INT64_C(1000)
#define VG_MS_NS   INT64_C(1000000)
#define VG_SEC_NS  INT64_C(1000000000)
#define VG_MIN_NS  (60 * VG_SEC_NS)
#define VG_HOUR_NS (60 * VG_MIN_NS)
#define VG_DAY_NS  (24 * VG_HOUR_NS)
#define VG_WEEK_NS (7 * VG_DAY_NS)

/* The wall clock. Only programs call it; detectors and parsers get time from their input. */
int64_t vtime_now(void);

/* RFC 3339 in UTC with `Z`; nine, six, three or no decimals, as few as keep the value.
 * `out` takes VTIME_TEXT_MAX bytes. Returns `out`. */
enum { VTIME_TEXT_MAX = 40 };
const char *vtime_format(int64_t t_ns, char out[VTIME_TEXT_MAX]);

/* RFC 3339 with `Z` or an offset, `T` or a space, up to nine decimals (more are cut).
 * Without an offset: VG_ERR_FORMAT. Years 1970 to 2200, else VG_ERR_LIMIT. */
enum vg_err vtime_parse(const char *text, size_t len, int64_t *t_ns) VG_MUST_CHECK;

/* Proleptic Gregorian: days since 1970-01-01 of a date, and back. month 1..12, day 1..31. */
int64_t vtime_days_from_civil(int year, unsigned month, unsigned day);
void vtime_civil_from_days(int64_t days, int *year, unsigned *month, unsigned *day);

/* "90s", "15m", "6h", "7d", "2w" to nanoseconds; VG_ERR_FORMAT, VG_ERR_LIMIT (over 100 years). */
enum vg_err vtime_parse_duration(const char *text, int64_t *ns) VG_MUST_CHECK;
