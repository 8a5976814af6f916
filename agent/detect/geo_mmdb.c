/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/geo_mmdb.h"

#include <string.h>

/* "Data types" of the specification. */
enum {
    MMDB_POINTER = 1,
    MMDB_TEXT = 2,
    MMDB_UINT16 = 5,
    MMDB_UINT32 = 6,
    MMDB_MAP = 7,
    MMDB_ARRAY = 11,
    MMDB_CACHE = 12,
    MMDB_END = 13,
    MMDB_BOOLEAN = 14,
    MMDB_TYPES = 16,
};
enum { MMDB_SEPARATOR = 16 }; /* bytes between tree and data */

/* One value's head. Its bytes, pairs or elements come next in the slice. */
struct value {
    unsigned type;
    uint32_t size; /* bytes; pairs of a map; elements of an array; a pointer's target */
};

static const struct slice NOTHING = {.at = (const uint8_t *)"", .bad = true};

static uint32_t
take_pointer(struct slice *in, uint8_t control)
{
    uint32_t high = control & 7u;

    switch (control >> 3 & 3) {
    case 0:
        return high << 8 | slice_u8(in);
    case 1:
        return (high << 16 | slice_be16(in)) + 2048;
    case 2:
        return (high << 24 | slice_be24(in)) + 526336;
    default:
        return slice_be32(in);
    }
}

/* Sticky: `in` is bad when there is no sound value. */
static struct value
take_head(struct slice *in)
{
    uint8_t control = slice_u8(in);
    struct value v = {.type = control >> 5, .size = control & 31u};

    if (v.type == MMDB_POINTER) {
        v.size = take_pointer(in, control);
        return v;
    }
    if (v.type == 0)
        v.type = 7u + slice_u8(in);
    if (v.size == 29)
        v.size = 29u + slice_u8(in);
    else if (v.size == 30)
        v.size = 285u + slice_be16(in);
    else if (v.size == 31)
        v.size = 65821u + slice_be24(in);
    if (v.type >= MMDB_TYPES || v.type == MMDB_CACHE || v.type == MMDB_END ||
        v.type == MMDB_POINTER || v.type == 0)
        slice_skip(in, SIZE_MAX);
    return v;
}

/* Reads over one value; false when it is not sound, or points and must not. Each turn of a loop takes
 * at least one byte, so that a size that lies ends it. */
static bool
skip_value(struct slice *in, bool may_point, unsigned depth)
{
    struct value v = take_head(in);
    uint64_t inside = v.type == MMDB_MAP ? 2 * (uint64_t)v.size : v.size;

    if (v.type == MMDB_POINTER)
        return may_point && !in->bad;
    if (v.type == MMDB_BOOLEAN)
        return !in->bad;
    if (v.type != MMDB_MAP && v.type != MMDB_ARRAY) {
        slice_skip(in, v.size);
        return !in->bad;
    }
    if (depth == 0)
        return false;
    for (uint64_t i = 0; i < inside && !in->bad; i++)
        if (!skip_value(in, may_point, depth - 1))
            return false;
    return !in->bad;
}

static bool
take_uint(struct slice *in, uint32_t *out)
{
    struct value v = take_head(in);

    if ((v.type != MMDB_UINT16 && v.type != MMDB_UINT32) || v.size > 4)
        return false;
    *out = 0;
    for (uint32_t i = 0; i < v.size; i++)
        *out = *out << 8 | slice_u8(in);
    return !in->bad;
}

/* ---- metadata ---- */

static bool
slice_is(struct slice s, const char *text)
{
    return !s.bad && s.left == strlen(text) && memcmp(s.at, text, s.left) == 0;
}

/* What follows the last marker. */
static struct slice
find_metadata(struct slice tail)
{
    static const char marker[] = "\xab\xcd\xefMaxMind.com";
    struct slice found = NOTHING;

    while (tail.left >= sizeof marker - 1) {
        struct slice here = tail, name = slice_sub(&here, sizeof marker - 1);

        if (slice_is(name, marker))
            found = here;
        slice_skip(&tail, 1);
    }
    return found;
}

enum vg_err
geo_mmdb_check(struct slice tail, uint64_t size)
{
    struct slice in = find_metadata(tail);
    struct value map = take_head(&in);
    uint32_t nodes = 0, bits = 0, version = 0, format = 0;
    uint64_t data_at;

    if (in.bad || map.type != MMDB_MAP)
        return VG_ERR_FORMAT;
    for (uint32_t i = 0; i < map.size; i++) {
        struct value key = take_head(&in);
        struct slice name = slice_sub(&in, key.type == MMDB_TEXT ? key.size : SIZE_MAX);
        uint32_t *into = slice_is(name, "node_count")                    ? &nodes
                         : slice_is(name, "record_size")                 ? &bits
                         : slice_is(name, "ip_version")                  ? &version
                         : slice_is(name, "binary_format_major_version") ? &format
                                                                         : NULL;

        if (in.bad ||
            !(into != NULL ? take_uint(&in, into) : skip_value(&in, false, GEO_MMDB_DEPTH)))
            return VG_ERR_FORMAT;
    }
    if (nodes == 0 || (bits != 24 && bits != 28 && bits != 32) || format != 2 ||
        (version != 4 && version != 6))
        return VG_ERR_FORMAT;
    data_at = (uint64_t)nodes * (bits / 4) + MMDB_SEPARATOR;
    return data_at < size && size <= GEO_MMDB_BYTES_MAX ? VG_OK : VG_ERR_FORMAT;
}

/* ---- entries ---- */

/* The rest of the data section from `offset` on. */
static struct slice
at_offset(struct slice data, uint64_t offset)
{
    slice_skip(&data, offset <= data.left ? (size_t)offset : SIZE_MAX);
    return data;
}

/* The value at `in`, or behind its pointer (which may not lead to another). `in` moves on over what
 * stands there; *inside is behind the head that was found. */
static struct value
follow(struct slice data, struct slice *in, struct slice *inside)
{
    struct value v = take_head(in);

    *inside = *in;
    if (v.type != MMDB_POINTER || in->bad)
        return v;
    *inside = at_offset(data, v.size);
    v = take_head(inside);
    if (v.type == MMDB_POINTER)
        *inside = NOTHING;
    return v;
}

/* Leaves `map` at the value under `key`. */
static bool
seek(struct slice data, struct slice *map, uint32_t pairs, const char *key)
{
    for (uint32_t i = 0; i < pairs && !map->bad; i++) {
        struct slice before = *map, inside;
        struct value v = follow(data, map, &inside);

        if (v.type != MMDB_TEXT)
            return false;
        if (slice_is(slice_sub(&inside, v.size), key)) {
            *map = before;
            return skip_value(map, true, 1);
        }
        *map = before;
        if (!skip_value(map, true, 1) || !skip_value(map, true, GEO_MMDB_DEPTH))
            return false;
    }
    return false;
}

struct slice
geo_mmdb_text(struct slice data, uint64_t offset, const char *key, const char *inner)
{
    struct slice map = at_offset(data, offset), inside;
    struct value v = take_head(&map);

    if (map.bad || v.type != MMDB_MAP || !seek(data, &map, v.size, key))
        return NOTHING;
    v = follow(data, &map, &inside);
    if (v.type == MMDB_MAP && !inside.bad) {
        map = inside;
        if (!seek(data, &map, v.size, inner))
            return NOTHING;
        v = follow(data, &map, &inside);
    }
    return v.type == MMDB_TEXT ? slice_sub(&inside, v.size) : NOTHING;
}
