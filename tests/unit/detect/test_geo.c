/* SPDX-License-Identifier: Apache-2.0 */
/* The databases of tests/fixtures/geo (make.py there writes them), whole, missing, and damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/detect/geo.h"
#include "agent/detect/geo_mmdb.h"
#include "agent/platform/platform.h"

#define FIXTURES "tests/fixtures/geo"

static char scratch[64]; /* a folder of this run alone */
static const char *const FILES[] = {"country.mmdb", "owner.table"};

static struct net_addr
v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
    return (struct net_addr){.family = 4, .bytes = {a, b, c, d}};
}

static int
setup(void **state)
{
    (void)state;
    snprintf(scratch, sizeof scratch, "/tmp/vigia-test-geo-%lld",
             (long long)platform_clock_monotonic());
    return platform_folder_make(scratch, false) == VG_OK ? 0 : 1;
}

static void
path_of(const char *name, char path[128])
{
    snprintf(path, 128, "%s/%s", scratch, name);
}

static void
forget(void)
{
    char path[128];

    for (size_t i = 0; i < VG_ARRAY_LEN(FILES); i++) {
        path_of(FILES[i], path);
        (void)remove(path);
    }
}

static int
teardown(void **state)
{
    (void)state;
    forget();
    (void)remove(scratch);
    return 0;
}

static void
put_file(const char *name, struct slice bytes)
{
    char path[128];
    FILE *f;

    path_of(name, path);
    (void)remove(path); /* a file that is emptied first is written to the disk at once */
    f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes.at, 1, bytes.left, f), bytes.left);
    assert_int_equal(fclose(f), 0);
}

static void
put_byte(const char *name, size_t at, uint8_t byte)
{
    char path[128];
    FILE *f;

    path_of(name, path);
    f = fopen(path, "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, (long)at, SEEK_SET), 0);
    assert_int_equal(fputc(byte, f), byte);
    assert_int_equal(fclose(f), 0);
}

static struct buf
slurp(const char *name)
{
    struct buf b;
    char path[128];

    snprintf(path, sizeof path, FIXTURES "/%s", name);
    assert_int_equal(platform_file_slurp(path, 1 << 20, &b), VG_OK);
    return b;
}

static void
check(const struct geo *geo, struct net_addr a, const char *country, uint32_t asn,
      const char *owner)
{
    struct geo_place place;

    for (int twice = 0; twice < 2; twice++) { /* the second time out of the cache */
        memset(&place, 'x', sizeof place);
        assert_int_equal(geo_find(geo, &a, &place), country[0] != '\0' || asn != 0);
        assert_string_equal(place.country, country);
        assert_int_equal(place.asn, asn);
        assert_string_equal(place.owner, owner);
    }
}

static void
places(void **state)
{
    struct geo *geo;

    (void)state;
    assert_int_equal(geo_open(FIXTURES, &geo), VG_OK);
    assert_true(geo_has_countries(geo) && geo_has_owners(geo));
    check(geo, v4(192, 0, 2, 0), "US", 64496, "Example Hosting, Inc.");
    check(geo, v4(192, 0, 2, 255), "US", 64496, "Example Hosting, Inc.");
    check(geo, v4(192, 0, 3, 0), "", 0, "");
    check(geo, v4(192, 0, 1, 255), "", 0, "");
    check(geo, v4(198, 51, 100, 127), "MX", 64497, "Ejemplo Telecomunicaciones, S.A. de C.V.");
    check(geo, v4(198, 51, 100, 128), "BR", 64498, "Exemplo Provedor de Acesso à Internet Ltda");
    check(geo, v4(203, 0, 113, 9), "NL", 65536, "Example Bulletproof B.V.");
    check(geo, v4(1, 1, 1, 1), "", 0, "");
    check(geo, v4(223, 255, 255, 254), "", 0, "");
    geo_free(geo);
}

static void
places_of_ipv6(void **state)
{
    struct net_addr in_de = {.family = 6, .bytes = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}};
    struct net_addr no_country = {.family = 6, .bytes = {0x20, 0x01, 0x0d, 0xb8, 0x80, [15] = 1}};
    struct net_addr nobody = {.family = 6, .bytes = {0x20, 0x01, 0x0d, 0xb8, 0xc0, [15] = 1}};
    struct net_addr no_owner = {.family = 6, .bytes = {0x3f, 0xff, 0x0f, 0xff}};
    struct net_addr mapped = {.family = 6, .bytes = {[10] = 0xff, 0xff, 203, 0, 113, 9}};
    struct net_addr nat64 = {.family = 6, .bytes = {0, 0x64, 0xff, 0x9b, [12] = 203, 0, 113, 9}};
    struct net_addr none = {.family = 0};
    struct geo *geo;

    (void)state;
    assert_int_equal(geo_open(FIXTURES, &geo), VG_OK);
    check(geo, in_de, "DE", 65537, "Beispiel GmbH");
    check(geo, no_country, "", 64496, "Example Hosting, Inc.");
    check(geo, nobody, "", 0, "");
    check(geo, no_owner, "JP", 0, "");
    check(geo, mapped, "NL", 65536, "Example Bulletproof B.V.");
    check(geo, nat64, "NL", 65536, "Example Bulletproof B.V.");
    check(geo, none, "", 0, "");
    geo_free(geo);
}

static void
local_addresses_have_no_place(void **state)
{
    static const uint8_t local[][4] = {{10, 0, 0, 1},    {192, 168, 1, 1}, {172, 16, 9, 9},
                                       {169, 254, 1, 1}, {127, 0, 0, 1},   {100, 64, 0, 1}};
    struct net_addr ula = {.family = 6, .bytes = {0xfd}};
    struct net_addr link = {.family = 6, .bytes = {0xfe, 0x80}};
    struct net_addr mapped = {.family = 6, .bytes = {[10] = 0xff, 0xff, 192, 168, 1, 1}};
    struct geo *geo;

    (void)state;
    assert_int_equal(geo_open(FIXTURES, &geo), VG_OK);
    for (size_t i = 0; i < VG_ARRAY_LEN(local); i++)
        check(geo, v4(local[i][0], local[i][1], local[i][2], local[i][3]), "", 0, "");
    check(geo, ula, "", 0, "");
    check(geo, link, "", 0, "");
    check(geo, mapped, "", 0, "");
    geo_free(geo);
    check(NULL, v4(192, 0, 2, 1), "", 0, "");
    assert_false(geo_has_countries(NULL) || geo_has_owners(NULL));
    geo_free(NULL);
}

static void
what_is_missing_answers_less(void **state)
{
    struct buf table = slurp("owner.table"), countries = slurp("country.mmdb");
    struct geo *geo;

    (void)state;
    forget();
    assert_int_equal(geo_open("/nowhere/at/all", &geo), VG_OK);
    check(geo, v4(192, 0, 2, 1), "", 0, "");
    geo_free(geo);

    put_file("owner.table", buf_slice(&table));
    assert_int_equal(geo_open(scratch, &geo), VG_OK);
    check(geo, v4(192, 0, 2, 1), "", 64496, "Example Hosting, Inc.");
    geo_free(geo);

    forget();
    put_file("country.mmdb", buf_slice(&countries));
    assert_int_equal(geo_open(scratch, &geo), VG_OK);
    check(geo, v4(192, 0, 2, 1), "US", 0, "");
    geo_free(geo);
    buf_done(&table);
    buf_done(&countries);
}

/* Each file alone, cut at every byte: never opened. */
static void
cut_files_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(FILES); i++) {
        struct buf whole = slurp(FILES[i]);
        struct slice bytes = buf_slice(&whole);

        forget();
        for (size_t n = 0; n < bytes.left; n++) {
            struct geo *geo = NULL;

            put_file(FILES[i], slice_of(bytes.at, n));
            assert_int_equal(geo_open(scratch, &geo), VG_ERR_FORMAT);
            assert_null(geo);
        }
        buf_done(&whole);
    }
}

/* Asks all over the address space: an answer is well-formed, whatever the file says. */
static void
ask_around(const struct geo *geo)
{
    for (unsigned i = 0; i < 600; i++) {
        struct net_addr a = {.family = i % 3 == 0 ? 6 : 4};
        struct geo_place place;

        for (size_t b = 0; b < 16 && (a.family == 6 || b < 4); b++)
            a.bytes[b] = (uint8_t)(i * 2654435761u >> (b % 4 * 8));
        if (i % 4 == 0)
            a = v4(i % 8 == 0 ? 198 : 192, i % 8 == 0 ? 51 : 0, i % 8 == 0 ? 100 : 2, (uint8_t)i);
        if (i % 4 == 1)
            a = (struct net_addr){.family = 6, .bytes = {0x20, 0x01, 0x0d, 0xb8, (uint8_t)i}};
        (void)geo_find(geo, &a, &place);
        assert_true(strlen(place.country) == 0 || strlen(place.country) == 2);
        assert_true(strlen(place.owner) < sizeof place.owner);
    }
}

static void
changed_bytes_do_no_harm(void **state)
{
    static const uint8_t with[] = {0x00, 0xff, 0x80, 0x20, 0xe1, 0x1f, 0x5d};
    unsigned refused = 0, opened = 0;

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(FILES); i++) {
        struct buf whole = slurp(FILES[i]);

        forget();
        put_file(FILES[i], buf_slice(&whole));
        for (size_t at = 0; at < whole.len; at++) {
            /* The tree is long and every node alike: a part of it will do. */
            if (i == 0 && at > 400 && at + 700 < whole.len && at % 7 != 0)
                continue;
            for (size_t w = 0; w < VG_ARRAY_LEN(with); w++) {
                struct geo *geo = NULL;
                enum vg_err err;

                put_byte(FILES[i], at, with[w]);
                err = geo_open(scratch, &geo);
                assert_true(err == VG_OK || err == VG_ERR_FORMAT);
                if (err == VG_OK && w == at % VG_ARRAY_LEN(with))
                    ask_around(geo);
                geo_free(geo);
                refused += err != VG_OK;
                opened += err == VG_OK;
            }
            put_byte(FILES[i], at, whole.data[at]);
        }
        buf_done(&whole);
    }
    assert_true(refused > 100 && opened > 1000);
}

/* What libmaxminddb would take at its word: before it sees the file, it is refused. */
static void
hostile_metadata_is_refused(void **state)
{
#define MARK "\xab\xcd\xefMaxMind.com"
#define MAJOR                                                                                      \
    "\x5b"                                                                                         \
    "binary_format_major_version\xa1\x02"
#define REST                                                                                       \
    "\x4a"                                                                                         \
    "ip_version\xa1\x06\x4b"                                                                       \
    "record_size\xa1\x20\x4a"                                                                      \
    "node_count"
    static const struct {
        struct slice tail;
        uint64_t size;
        enum vg_err err;
    } rows[] = {
#define ROW(text) {(const uint8_t *)(text), sizeof(text) - 1, false}
        {ROW(MARK "\xe4" MAJOR REST "\xc1\x08"), 1000, VG_OK},
        /* the tree: 2^31 nodes of 8 bytes are 0 bytes in 32 bits */
        {ROW(MARK "\xe4" MAJOR REST "\xc4\x80\x00\x00\x00"), 1000, VG_ERR_FORMAT},
        {ROW(MARK "\xe4" MAJOR REST "\xc0"), 1000, VG_ERR_FORMAT},     /* no node */
        {ROW(MARK "\xe4" MAJOR REST "\xc1\x08"), 80, VG_ERR_FORMAT},   /* larger than the file */
        {ROW(MARK "\xe4" MAJOR REST "\x20\x00"), 1000, VG_ERR_FORMAT}, /* a pointer */
        {ROW(MARK "\xe5" MAJOR "\x41"
                  "d\x20\x00" REST "\xc1\x08"),
         1000, VG_ERR_FORMAT}, /* the same */
        {ROW(MARK "\xe5" MAJOR "\x41"
                  "d\x1f\x04\xff\xff\xff" REST "\xc1\x08"),
         1000, VG_ERR_FORMAT},
        {ROW(MARK "\xe5" MAJOR "\x41"
                  "d\xe1\x41"
                  "a\xe1\x41"
                  "a\xe1\x41"
                  "a\xe1\x41"
                  "a\xe1\x41"
                  "a\xe1\x41"
                  "a\xe1\x41"
                  "a\xe1\x41"
                  "a\xe1\x41"
                  "a\xe0" REST "\xc1\x08"),
         1000, VG_ERR_FORMAT},
        {ROW(MARK "\xe4" MAJOR REST "\xc1\x08"), GEO_MMDB_BYTES_MAX + 1, VG_ERR_FORMAT},
        {ROW("no mark"), 1000, VG_ERR_FORMAT},
    };

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(rows); i++)
        assert_int_equal(geo_mmdb_check(rows[i].tail, rows[i].size), rows[i].err);
}

static void
hostile_entries_have_no_text(void **state)
{
    static const struct {
        struct slice data;
        const char *text; /* NULL: none */
    } rows[] = {
        {ROW("\xe1\x41"
             "k\x42"
             "MX"),
         "MX"},
        {ROW("\xe2\x41"
             "a\xc1\x07\x41"
             "k\x42"
             "MX"),
         "MX"}, /* behind another */
        {ROW("\xe1\x20\x05\x20\x07\x41"
             "k\x42"
             "MX"),
         "MX"}, /* key and value by pointers */
        {ROW("\xe1\x41"
             "k\xe1\x41"
             "i\x42"
             "MX"),
         "MX"}, /* a map within */
        {ROW("\xe1\x41"
             "k\x20\x05\xe1\x41"
             "i\x42"
             "MX"),
         "MX"}, /* behind a pointer */
        {ROW("\xe1\x41"
             "k\x20\x03"),
         NULL}, /* a pointer to itself */
        {ROW("\xe1\x41"
             "k\x20\x06\x00\x20\x03"),
         NULL}, /* to a pointer */
        {ROW("\xe1\x41"
             "k\x38\xff\xff\xff\xff"),
         NULL}, /* out of the section */
        {ROW("\xe1\x41"
             "k\xe1\x41"
             "j\x42"
             "MX"),
         NULL},
        {ROW("\xe1\x41"
             "k\xc1\x07"),
         NULL}, /* a number */
        {ROW("\xff\xff\xff\xff\x41"
             "k"),
         NULL}, /* sixteen million pairs */
        {ROW("\xe1\x41"), NULL},
        {ROW("\xe1\x5f\xff\xff\xff"
             "k"),
         NULL},
        {ROW(""), NULL},
    };

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(rows); i++) {
        struct slice got = geo_mmdb_text(rows[i].data, 0, "k", "i");

        assert_int_equal(got.bad, rows[i].text == NULL);
        if (rows[i].text != NULL)
            assert_memory_equal(got.at, rows[i].text, got.left);
        assert_true(geo_mmdb_text(rows[i].data, UINT64_MAX, "k", "i").bad);
    }
}

/* Those that the build fetched, where it could. */
static void
the_real_ones(void **state)
{
    struct geo *geo;
    struct geo_place place;
    struct net_addr google = v4(8, 8, 8, 8), telmex = v4(200, 33, 146, 1);

    (void)state;
    assert_int_equal(geo_open(GEO_BUILT, &geo), VG_OK);
    if (!geo_has_countries(geo)) {
        geo_free(geo);
        skip();
    }
    assert_true(geo_has_owners(geo));
    check(geo, google, "US", 15169, "Google LLC");
    assert_true(geo_find(geo, &telmex, &place));
    assert_string_equal(place.country, "MX");
    assert_int_equal(place.asn, 8151);
    check(geo, v4(240, 0, 0, 1), "", 0, "");
    ask_around(geo);
    geo_free(geo);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places),
        cmocka_unit_test(places_of_ipv6),
        cmocka_unit_test(local_addresses_have_no_place),
        cmocka_unit_test(what_is_missing_answers_less),
        cmocka_unit_test(cut_files_are_refused),
        cmocka_unit_test(changed_bytes_do_no_harm),
        cmocka_unit_test(hostile_metadata_is_refused),
        cmocka_unit_test(hostile_entries_have_no_text),
        cmocka_unit_test(the_real_ones),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
