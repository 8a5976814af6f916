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

static enum vg_err
read_head(struct geo_owner *o)
{
    uint8_t head[HEAD_BYTES];
    struct slice in = slice_of(head, sizeof head), magic;
    struct platform_stat stat;
    uint32_t version;

    if (platform_file_stat(o->file, &stat) != VG_OK)
        return VG_ERR_SYS;
    if (!stat.regular || !read_at(o, 0, head, sizeof head))
        return VG_ERR_FORMAT;
    magic = slice_sub(&in, 8);
    version = slice_be32(&in);
    o->v4 = (struct rows){.at = HEAD_BYTES, .count = slice_be32(&in), .key_bytes = 4};
    o->v6 = (struct rows){.count = slice_be32(&in), .key_bytes = 8};
    o->owners = slice_be32(&in);
    o->name_bytes = slice_be32(&in);
    if (memcmp(magic.at, "vigiaown", 8) != 0 || version != 1 || slice_be32(&in) != 0 ||
        o->v4.count > GEO_OWNER_ROWS_MAX || o->v6.count > GEO_OWNER_ROWS_MAX ||
        o->owners > GEO_OWNER_OWNERS_MAX || o->name_bytes > GEO_OWNER_NAMES_MAX)
        return VG_ERR_FORMAT;
    o->v6.at = o->v4.at + (uint64_t)o->v4.count * (o->v4.key_bytes + OWNER_INDEX_BYTES);
    o->owners_at = o->v6.at + (uint64_t)o->v6.count * (o->v6.key_bytes + OWNER_INDEX_BYTES);
    o->names_at = o->owners_at + (uint64_t)o->owners * OWNER_BYTES;
    return stat.size == o->names_at + o->name_bytes ? VG_OK : VG_ERR_FORMAT;
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
    free(o);
}

/* The owner of the last row that does not begin behind `key`; 0: nobody. */
static uint32_t
search(const struct geo_owner *o, const struct rows *rows, const uint8_t *key)
{
    size_t row_bytes = rows->key_bytes + OWNER_INDEX_BYTES;
    uint32_t low = 0, high = rows->count, owner = 0;
    uint8_t row[KEY_BYTES_MAX + OWNER_INDEX_BYTES];

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        struct slice in = slice_of(row, row_bytes), first;

        if (!read_at(o, rows->at + (uint64_t)mid * row_bytes, row, row_bytes))
            return 0;
        first = slice_sub(&in, rows->key_bytes);
        if (memcmp(first.at, key, rows->key_bytes) > 0) {
            high = mid;
            continue;
        }
        owner = slice_be32(&in);
        low = mid + 1;
    }
    return owner;
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
