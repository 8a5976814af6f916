/* SPDX-License-Identifier: Apache-2.0 */
/* geo_mmdb: what we read of a MaxMind DB ourselves, because a file may be damaged or hostile.
 *
 * libmaxminddb opens, maps and walks the tree. Before it sees the file, its metadata is read here:
 * the library builds lists of all that is in there, follows pointers in it (a few hundred bytes can
 * name billions of values) and, up to 1.9, multiplies the tree's size in 32 bits. And an entry is read
 * here, because the library's reader goes as deep as the nesting does.
 * Format: MaxMind DB File Format Specification 2.0. */
#pragma once

#include "common/slice.h"

enum {
    GEO_MMDB_TAIL = 8192, /* metadata lies within the last bytes; real ones have 200 to 1000 */
    GEO_MMDB_DEPTH = 8,   /* nesting of maps and arrays */
};
#define GEO_MMDB_BYTES_MAX (UINT64_C(256) * 1024 * 1024)

/* `tail`: the file's last bytes, up to GEO_MMDB_TAIL; `size`: of the whole file. VG_ERR_FORMAT when
 * it is no database of version 2, its metadata points, nests too deep or is longer than that, or its
 * tree does not fit into the file. */
enum vg_err geo_mmdb_check(struct slice tail, uint64_t size) VG_MUST_CHECK;

/* The text under `key`, and if that is a map under `inner` in it, of the map at `offset` of a data
 * section; bad: there is none. Borrows. */
struct slice geo_mmdb_text(struct slice data, uint64_t offset, const char *key, const char *inner);
