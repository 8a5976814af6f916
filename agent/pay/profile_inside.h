/* SPDX-License-Identifier: Apache-2.0 */
/* profile_inside: compiling one file: profile.c says what kind of file it reads and where its records
 * lie, profile_maps.c what their columns mean. Each step takes its part of the tree. */
#pragma once

#include "agent/pay/profile.h"

struct profile_maker {
    struct profile *p;
    const char *path;
    struct conf_error *err;
};

/* VG_ERR_CONFIG, after telling file and mistake in err->text. */
enum vg_err profile_wrong(struct profile_maker *m, const char *fmt, ...) VG_PRINTF(2, 3);
/* The slot of a column's name. */
enum vg_err profile_slot(struct profile_maker *m, const json_t *text, uint8_t *slot) VG_MUST_CHECK;

/* ---- profile_maps.c ---- */

enum vg_err profile_only(struct profile_maker *m) VG_MUST_CHECK;
enum vg_err profile_zones(struct profile_maker *m) VG_MUST_CHECK;
enum vg_err profile_constants(struct profile_maker *m) VG_MUST_CHECK;
enum vg_err profile_by_kind(struct profile_maker *m) VG_MUST_CHECK;
enum vg_err profile_also(struct profile_maker *m) VG_MUST_CHECK;
enum vg_err profile_time(struct profile_maker *m) VG_MUST_CHECK;
enum vg_err profile_amount(struct profile_maker *m) VG_MUST_CHECK;
enum vg_err profile_kinds(struct profile_maker *m) VG_MUST_CHECK;
enum vg_err profile_sources(struct profile_maker *m, const json_t *map,
                            struct map_source out[MAP_COUNT]) VG_MUST_CHECK;
