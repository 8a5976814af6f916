/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/geo_owner.h"

#include <stdlib.h>
#include <string.h>

#include "agent/platform/platform.h"
#include "common/utf8.h"

enum {
    HEAD_BYTES = 32,
    OWNER_INDEX_BYTES = 4,
    OWNER_BYTES = 9,
    NAME_BYTES_MAX = 255,
    KEY_BYTES_MAX = 8,
};

struct rows { /* of one family */
    uint64_t at;
    uint32_t count;
    size_t key_bytes; /* of an address; the owner follows */
    uint8_t *index;
    size_t index_bytes;
};

struct geo_owner {
    platform_file file;
    struct rows v4, v6;
    uint64_t owners_at, names_at;
    uint32_t owners, name_bytes;
};

/* Exactly `size` bytes. */
static bool
read_at(const struct geo_owner *o, uint64_t at, void *to, size_t size)
{
    size_t got;

    return platform_file_read(o->file, at, to, size, &got) == VG_OK && got == size;
}

/* Where it lies; returns the end of it. */
static uint64_t
set_rows(struct rows *rows, uint64_t at)
{
    rows->at = at;
    return at + (uint64_t)rows->count * (rows->key_bytes + OWNER_INDEX_BYTES);
}

static enum vg_err
read_index(struct geo_owner *o, struct rows *rows, uint64_t *at)
{
    rows->index = malloc(rows->index_bytes > 0 ? rows->index_bytes : 1);
    if (rows->index == NULL)
        return VG_ERR_NOMEM;
    if (!read_at(o, *at, rows->index, rows->index_bytes))
        return VG_ERR_SYS;
    *at += rows->index_bytes;
    return VG_OK;
}

static struct rows
rows_of(uint32_t count, size_t key_bytes)
{
    size_t blocks = ((size_t)count + GEO_OWNER_BLOCK - 1) / GEO_OWNER_BLOCK;

    return (struct rows){.count = count, .key_bytes = key_bytes, .index_bytes = blocks * key_bytes};
}

static enum vg_err
read_head(struct geo_owner *o)
{
    uint8_t head[HEAD_BYTES];
    struct slice in = slice_of(head, sizeof head), magic;
    struct platform_stat stat;
    uint64_t at = HEAD_BYTES;
    uint32_t version;
    enum vg_err err;

    if (platform_file_stat(o->file, &stat) != VG_OK)
        return VG_ERR_SYS;
    if (!stat.regular || !read_at(o, 0, head, sizeof head))
        return VG_ERR_FORMAT;
    magic = slice_sub(&in, 8);
    version = slice_be32(&in);
    o->v4 = rows_of(slice_be32(&in), 4);
    o->v6 = rows_of(slice_be32(&in), 8);
    o->owners = slice_be32(&in);
    o->name_bytes = slice_be32(&in);
    if (memcmp(magic.at, "vigiaown", 8) != 0 || version != 1 || slice_be32(&in) != 0 ||
        o->v4.count > GEO_OWNER_ROWS_MAX || o->v6.count > GEO_OWNER_ROWS_MAX ||
        o->owners > GEO_OWNER_OWNERS_MAX || o->name_bytes > GEO_OWNER_NAMES_MAX)
        return VG_ERR_FORMAT;
    o->owners_at = set_rows(&o->v6, set_rows(&o->v4, at + o->v4.index_bytes + o->v6.index_bytes));
    o->names_at = o->owners_at + (uint64_t)o->owners * OWNER_BYTES;
    if (stat.size != o->names_at + o->name_bytes)
        return VG_ERR_FORMAT;
    err = read_index(o, &o->v4, &at);
    return err == VG_OK ? read_index(o, &o->v6, &at) : err;
}

enum vg_err
geo_owner_open(const char *path, struct geo_owner **out)
{
    struct geo_owner *o = calloc(1, sizeof *o);
    enum vg_err err;

    if (o == NULL)
        return VG_ERR_NOMEM;
    o->file = PLATFORM_NO_HANDLE;
    err = platform_file_open(path, &o->file);
    if (err == VG_OK)
        err = read_head(o);
    if (err != VG_OK) {
        geo_owner_free(o);
        return err;
    }
    *out = o;
    return VG_OK;
}

void
geo_owner_free(struct geo_owner *o)
{
    if (o == NULL)
        return;
    if (o->file != PLATFORM_NO_HANDLE)
        platform_file_close(o->file);
    free(o->v4.index);
    free(o->v6.index);
    free(o);
}

/* How many of the sorted rows do not begin behind `key`. */
static size_t
count_before(struct slice all, size_t row_bytes, const uint8_t *key, size_t key_bytes)
{
    size_t low = 0, high = all.left / row_bytes;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        struct slice row = all;

        slice_skip(&row, mid * row_bytes);
        if (memcmp(slice_sub(&row, key_bytes).at, key, key_bytes) > 0)
            high = mid;
        else
            low = mid + 1;
    }
    return low;
}

/* The owner of the last row that does not begin behind `key`; 0: nobody. */
static uint32_t
search(const struct geo_owner *o, const struct rows *rows, const uint8_t *key)
{
    uint8_t block[GEO_OWNER_BLOCK * (KEY_BYTES_MAX + OWNER_INDEX_BYTES)];
    size_t row_bytes = rows->key_bytes + OWNER_INDEX_BYTES, first, count;
    struct slice in;

    first = count_before(slice_of(rows->index, rows->index_bytes), rows->key_bytes, key,
                         rows->key_bytes);
    if (first == 0)
        return 0;
    first = (first - 1) * GEO_OWNER_BLOCK;
    count = rows->count - first < GEO_OWNER_BLOCK ? rows->count - first : GEO_OWNER_BLOCK;
    if (!read_at(o, rows->at + first * row_bytes, block, count * row_bytes))
        return 0;
    in = slice_of(block, count * row_bytes);
    count = count_before(in, row_bytes, key, rows->key_bytes);
    if (count == 0)
        return 0;
    slice_skip(&in, (count - 1) * row_bytes + rows->key_bytes);
    return slice_be32(&in);
}

/* As much of the name as fits, without bytes that are no UTF-8 and without control characters. */
static void
put_name(struct slice name, char *out, size_t size)
{
    size_t len = 0;

    while (name.left > 0) {
        size_t n = utf8_len(name);
        struct slice one = slice_sub(&name, n > 0 ? n : 1);

        struct slice again = one;
        uint8_t first = slice_u8(&again);

        if (n == 0 || first < ' ' || first == 0x7f)
            continue;
        if (n >= size - len)
            break;
        (void)slice_copy(&one, out + len, n);
        len += n;
    }
    out[len] = '\0';
}

bool
geo_owner_find(const struct geo_owner *o, const struct net_addr *a, struct geo_place *out)
{
    uint32_t n = search(o, a->family == 4 ? &o->v4 : &o->v6, a->bytes), asn, at;
    uint8_t row[OWNER_BYTES], name[NAME_BYTES_MAX];
    struct slice in = slice_of(row, sizeof row);
    uint8_t bytes;

    if (n == 0 || n > o->owners ||
        !read_at(o, o->owners_at + (uint64_t)(n - 1) * OWNER_BYTES, row, sizeof row))
        return false;
    asn = slice_be32(&in);
    at = slice_be32(&in);
    bytes = slice_u8(&in);
    if ((uint64_t)at + bytes > o->name_bytes || !read_at(o, o->names_at + at, name, bytes))
        return false;
    out->asn = asn;
    put_name(slice_of(name, bytes), out->owner, sizeof out->owner);
    return true;
}
