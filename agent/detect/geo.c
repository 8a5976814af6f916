/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/geo.h"

#include <maxminddb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/geo_mmdb.h"
#include "agent/detect/geo_owner.h"
#include "agent/platform/platform.h"

/* Addresses come in runs: one conversation is many observations. A slot a hash, the later one wins. */
enum { CACHE_SLOTS = 128 };

struct cached {
    struct net_addr a; /* family 0: free */
    bool known;
    struct geo_place place;
};

struct geo {
    bool has_countries;
    MMDB_s countries;
    struct geo_owner *owners; /* NULL: none */
    struct cached *cache;     /* CACHE_SLOTS; changes no answer */
};

/* ---- opening ---- */

static enum vg_err
check_countries(const char *path)
{
    uint8_t tail[GEO_MMDB_TAIL];
    struct platform_stat stat;
    platform_file file;
    uint64_t from;
    size_t got = 0;
    enum vg_err err = platform_file_open(path, &file);

    if (err != VG_OK)
        return err;
    err = platform_file_stat(file, &stat);
    if (err == VG_OK && !stat.regular)
        err = VG_ERR_FORMAT;
    if (err == VG_OK) {
        from = stat.size > sizeof tail ? stat.size - sizeof tail : 0;
        err = platform_file_read(file, from, tail, sizeof tail, &got);
    }
    platform_file_close(file);
    return err == VG_OK ? geo_mmdb_check(slice_of(tail, got), stat.size) : err;
}

static enum vg_err
open_countries(struct geo *geo, const char *path)
{
    enum vg_err err = check_countries(path);

    if (err != VG_OK)
        return err;
    switch (MMDB_open(path, MMDB_MODE_MMAP, &geo->countries)) {
    case MMDB_SUCCESS:
        geo->has_countries = true;
        return VG_OK;
    case MMDB_OUT_OF_MEMORY_ERROR:
        return VG_ERR_NOMEM;
    case MMDB_FILE_OPEN_ERROR:
    case MMDB_IO_ERROR:
        return VG_ERR_SYS;
    default:
        return VG_ERR_FORMAT;
    }
}

enum vg_err
geo_open(const char *dir, struct geo **out)
{
    struct geo *geo = calloc(1, sizeof *geo);
    char path[1100];
    enum vg_err err;

    if (geo == NULL)
        return VG_ERR_NOMEM;
    geo->cache = calloc(CACHE_SLOTS, sizeof *geo->cache);
    if (geo->cache == NULL) {
        geo_free(geo);
        return VG_ERR_NOMEM;
    }
    (void)snprintf(path, sizeof path, "%.1024s/country.mmdb", dir);
    err = open_countries(geo, path);
    if (err == VG_OK || err == VG_ERR_NOENT) {
        (void)snprintf(path, sizeof path, "%.1024s/owner.table", dir);
        err = geo_owner_open(path, &geo->owners);
    }
    if (err != VG_OK && err != VG_ERR_NOENT) {
        geo_free(geo);
        return err;
    }
    *out = geo;
    return VG_OK;
}

void
geo_free(struct geo *geo)
{
    if (geo == NULL)
        return;
    if (geo->has_countries)
        MMDB_close(&geo->countries);
    geo_owner_free(geo->owners);
    free(geo->cache);
    free(geo);
}

bool
geo_has_countries(const struct geo *geo)
{
    return geo != NULL && geo->has_countries;
}

bool
geo_has_owners(const struct geo *geo)
{
    return geo != NULL && geo->owners != NULL;
}

/* ---- answers ---- */

/* The IPv4 address that is meant by an IPv6 one, where there is one. */
static struct net_addr
as_meant(const struct net_addr *a)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};
    struct net_addr v4 = {.family = 4};

    if (a->family != 6 || (memcmp(a->bytes, mapped, sizeof mapped) != 0 &&
                           memcmp(a->bytes, nat64, sizeof nat64) != 0))
        return *a;
    memcpy(v4.bytes, a->bytes + 12, 4);
    return v4;
}

/* Two capitals; false, and *out untouched, for anything else. */
static bool
take_code(struct slice text, char out[3])
{
    char first = (char)slice_u8(&text), second = (char)slice_u8(&text);

    if (text.bad || text.left > 0 || first < 'A' || first > 'Z' || second < 'A' || second > 'Z')
        return false;
    out[0] = first;
    out[1] = second;
    out[2] = '\0';
    return true;
}

/* "country_code" in the database that comes with us, country: {iso_code} in MaxMind's own. */
static bool
find_country(const struct geo *geo, const struct net_addr *a, struct geo_place *out)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    const struct sockaddr *asked = a->family == 4 ? (const void *)&v4 : (const void *)&v6;
    const MMDB_s *db = &geo->countries;
    MMDB_lookup_result_s found;
    struct slice data;
    int failed = 0;

    memcpy(&v4.sin_addr, a->bytes, 4);
    memcpy(&v6.sin6_addr, a->bytes, 16);
    found = MMDB_lookup_sockaddr(db, asked, &failed);
    if (failed != MMDB_SUCCESS || !found.found_entry)
        return false;
    data = slice_of(db->data_section, db->data_section_size);
    return take_code(geo_mmdb_text(data, found.entry.offset, "country_code", ""), out->country) ||
           take_code(geo_mmdb_text(data, found.entry.offset, "country", "iso_code"), out->country);
}

bool
geo_find(const struct geo *geo, const struct net_addr *a, struct geo_place *out)
{
    struct net_addr meant = as_meant(a);
    struct cached *slot;
    bool country, owner;

    *out = (struct geo_place){.asn = 0};
    if (geo == NULL || (meant.family != 4 && meant.family != 6) || net_addr_is_local(&meant))
        return false;
    slot = &geo->cache[str_hash(&STR_HASH_STORED, meant.bytes, sizeof meant.bytes) % CACHE_SLOTS];
    if (!net_addr_eq(&slot->a, &meant)) {
        struct cached fresh = {.a = meant};

        country = geo->has_countries && find_country(geo, &meant, &fresh.place);
        owner = geo->owners != NULL && geo_owner_find(geo->owners, &meant, &fresh.place);
        fresh.known = country || owner;
        *slot = fresh;
    }
    *out = slot->place;
    return slot->known;
}

bool
geo_same_owner(const struct geo_place *a, const struct geo_place *b)
{
    size_t n = 0;

    if (a->asn == b->asn)
        return true;
    while ((a->owner[n] | 0x20) >= 'a' && (a->owner[n] | 0x20) <= 'z')
        n++;
    return n >= 3 && strlen(b->owner) >= n && str_eq_nocase(str_n(a->owner, n), str_n(b->owner, n));
}
