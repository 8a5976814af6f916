/* SPDX-License-Identifier: Apache-2.0 */
/* geo_owner: the table of networks and their owners, a file that packaging/geo/make.mjs writes.
 *
 * Read where it lies: the table is 8 MiB, and nothing of it but an index of 13 KiB is to stay in the
 * memory of a sensor. An answer takes three small reads. Every number is big-endian.
 *
 *   "vigiaown", u32 version (1), u32 rows of IPv4, u32 rows of IPv6, u32 owners, u32 bytes of names,
 *   u32 zero
 *   index of IPv4: u32 first address of every GEO_OWNER_BLOCK-th row, the first one included
 *   index of IPv6: u64 the same
 *   rows of IPv4:  u32 first address; u32 owner
 *   rows of IPv6:  u64 first address, upper half; u32 owner
 *   owners:        u32 AS number; u32 where its name begins; u8 bytes of it
 *   names:         UTF-8
 *
 * Rows are sorted; each holds up to the next one. Owner 0 is nobody, n the n-th of the owners. */
#pragma once

#include "agent/detect/geo.h"

enum {
    GEO_OWNER_BLOCK = 256,
    GEO_OWNER_ROWS_MAX = 8 * 1024 * 1024,
    GEO_OWNER_OWNERS_MAX = 1024 * 1024,
    GEO_OWNER_NAMES_MAX = 64 * 1024 * 1024,
};

struct geo_owner; /* opaque */

/* VG_ERR_NOENT, VG_ERR_SYS, VG_ERR_NOMEM; VG_ERR_FORMAT when it is no such table or not of the size
 * that it says. */
enum vg_err geo_owner_open(const char *path, struct geo_owner **out) VG_MUST_CHECK;
void geo_owner_free(struct geo_owner *o); /* NULL is fine */
/* Fills asn and owner of *out; false (and *out untouched) when nobody is known. */
bool geo_owner_find(const struct geo_owner *o, const struct net_addr *a, struct geo_place *out);
