/* SPDX-License-Identifier: Apache-2.0 */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
/* clang-format on */

#include "tests/unit/common/bundle_kit.h"

struct kit {
    struct buf pem, other;
    uint8_t key[1][BUNDLE_KEY];
};

static int
setup(void **state)
{
    struct kit *k = calloc(1, sizeof *k);

    buf_init(&k->pem, 4096);
    buf_init(&k->other, 4096);
    assert_int_equal(ed25519_new(&k->pem), VG_OK);
    assert_int_equal(ed25519_new(&k->other), VG_OK);
    assert_int_equal(ed25519_public(buf_slice(&k->pem), k->key[0]), VG_OK);
    *state = k;
    return 0;
}

static int
teardown(void **state)
{
    struct kit *k = *state;

    buf_done(&k->pem);
    buf_done(&k->other);
    free(k);
    return 0;
}

/* As an agent does: verify, read, look at the times. The word of the refusal, "" when it is taken. */
static const char *
taken(const struct kit *k, struct slice whole, struct bundle_error *why)
{
    struct bundle b;

    *why = (struct bundle_error){.word = ""};
    if (bundle_verify(whole, (const uint8_t(*)[BUNDLE_KEY])k->key, 1, why) != VG_OK ||
        bundle_read(whole, &b, why) != VG_OK)
        return why->word;
    if (bundle_fresh(&b, 0, KIT_NOW, why) == VG_OK)
        why->word[0] = '\0';
    bundle_done(&b);
    return why->word;
}

static void
expect(const struct kit *k, const char *manifest, const struct kit_entry *entry, const char *word)
{
    struct bundle_error why;
    struct buf whole;

    kit_bundle(&whole, buf_slice(&k->pem), manifest, 7, KIT_NOW, KIT_NOW + VG_DAY_NS, entry);
    assert_string_equal(taken(k, buf_slice(&whole), &why), word);
    if (word[0] != '\0')
        assert_true(why.why[0] != '\0');
    buf_done(&whole);
}

static const struct kit_entry GOOD[] = {
    {.path = "detectors/net.scan.yaml", .bytes = "a: 1\n"},
    {.path = "tests/yara/quiet/x", .bytes = "quiet"},
    {.path = "yara/a.yar", .bytes = "rule a { condition: true }"},
    {.path = "yara/withdrawn.yar", .bytes = ""},
    {.path = NULL}};

static void
test_there_and_back(void **state)
{
    const struct kit *k = *state;
    struct bundle_source source[] = {
        {.path = "yara/b.yar", .bytes = slice_of("rule b { condition: false }", 27)},
        {.path = "formats/caja.yaml", .bytes = slice_of("x", 1)},
        {.path = "yara/a.yar", .bytes = slice_of("", 0)},
    };
    struct bundle_wish wish = {.version = 202611301200,
                               .created_ns = KIT_NOW,
                               .expires_ns = KIT_NOW + 30 * VG_DAY_NS,
                               .note = "más reglas",
                               .source = source,
                               .count = 3};
    struct bundle_error why = {.word = ""};
    struct buf one, two;
    struct bundle b;

    buf_init(&one, BUNDLE_BYTES_MAX);
    buf_init(&two, BUNDLE_BYTES_MAX);
    assert_int_equal(bundle_make(&wish, &one, &why), VG_OK);
    assert_int_equal(bundle_make(&wish, &two, &why), VG_OK);
    assert_int_equal(one.len, two.len);
    assert_memory_equal(one.data, two.data, one.len); /* the same bytes each time */
    assert_string_equal(taken(k, buf_slice(&one), &why), "signature"); /* not yet */
    assert_int_equal(bundle_sign(buf_slice(&k->pem), &one), VG_OK);
    assert_string_equal(taken(k, buf_slice(&one), &why), "");
    assert_int_equal(bundle_read(buf_slice(&one), &b, &why), VG_OK);
    assert_int_equal(b.version, 202611301200);
    assert_int_equal(b.created_ns, KIT_NOW);
    assert_string_equal(b.note, "más reglas");
    assert_int_equal(b.count, 3);
    assert_string_equal(b.file[0].path, "formats/caja.yaml");
    assert_int_equal(bundle_find(&b, "yara/b.yar")->bytes.left, 27);
    assert_memory_equal(bundle_find(&b, "yara/b.yar")->bytes.at, "rule b", 6);
    assert_int_equal(bundle_find(&b, "yara/a.yar")->bytes.left, 0);
    assert_null(bundle_find(&b, "yara/c.yar"));
    bundle_done(&b);
    buf_done(&one);
    buf_done(&two);
}

static void
test_every_truncation_and_every_flip(void **state)
{
    const struct kit *k = *state;
    struct bundle_error why;
    struct buf whole;
    struct bundle b;

    kit_bundle(&whole, buf_slice(&k->pem), NULL, 7, KIT_NOW, KIT_NOW + VG_DAY_NS, GOOD);
    assert_string_equal(taken(k, buf_slice(&whole), &why), "");
    for (size_t n = 0; n < whole.len; n++) {
        struct slice cut = slice_of(whole.data, n);

        assert_string_not_equal(taken(k, cut, &why), "");
        /* Also without the guard of the signature. Only the zeroes at the end of a tar say nothing. */
        if (bundle_read(cut, &b, &why) == VG_OK) {
            assert_true(n + 1024 >= whole.len);
            bundle_done(&b);
        }
    }
    for (size_t n = 0; n < whole.len; n++) {
        whole.data[n] ^= 0x20;
        if (n % 7 == 0) /* each costs a verification */
            assert_string_not_equal(taken(k, buf_slice(&whole), &why), "");
        if (bundle_read(buf_slice(&whole), &b, &why) == VG_OK)
            bundle_done(&b);
        whole.data[n] ^= 0x20;
    }
    buf_done(&whole);
}

static void
test_wrong_key(void **state)
{
    const struct kit *k = *state;
    struct bundle_error why;
    struct buf whole;
    uint8_t both[2][BUNDLE_KEY];

    kit_bundle(&whole, buf_slice(&k->other), NULL, 7, KIT_NOW, KIT_NOW + VG_DAY_NS, GOOD);
    assert_string_equal(taken(k, buf_slice(&whole), &why), "signature");
    assert_int_equal(bundle_verify(buf_slice(&whole), NULL, 0, &why), VG_ERR_DENIED);
    memcpy(both[0], k->key[0], BUNDLE_KEY);
    assert_int_equal(ed25519_public(buf_slice(&k->other), both[1]), VG_OK);
    assert_int_equal(bundle_verify(buf_slice(&whole), (const uint8_t(*)[BUNDLE_KEY])both, 2, &why),
                     VG_OK);
    buf_done(&whole);
}

static void
test_times_and_versions(void **state)
{
    struct bundle b = {.version = 7, .created_ns = KIT_NOW, .expires_ns = KIT_NOW + VG_DAY_NS};
    struct bundle_error why;

    (void)state;
    assert_int_equal(bundle_fresh(&b, 6, KIT_NOW, &why), VG_OK);
    assert_int_equal(bundle_fresh(&b, 7, KIT_NOW, &why), VG_ERR_DENIED);
    assert_string_equal(why.word, "old");
    assert_int_equal(bundle_fresh(&b, 8, KIT_NOW, &why), VG_ERR_DENIED);
    assert_int_equal(bundle_fresh(&b, 6, KIT_NOW + VG_DAY_NS, &why), VG_OK);
    assert_int_equal(bundle_fresh(&b, 6, KIT_NOW + VG_DAY_NS + 1, &why), VG_ERR_DENIED);
    assert_string_equal(why.word, "expired");
    /* A clock that fell back to the day of the mainboard. */
    assert_int_equal(bundle_fresh(&b, 6, INT64_C(1262304000) * VG_SEC_NS, &why), VG_ERR_DENIED);
    assert_string_equal(why.word, "future");
    assert_int_equal(bundle_fresh(&b, 6, KIT_NOW - VG_HOUR_NS, &why), VG_OK);
}

static void
test_paths(void **state)
{
    static const char *const bad[] = {
        "",
        "/etc/passwd",
        "yara/../x.yar",
        "../yara/x.yar",
        "yara//x.yar",
        "yara/",
        "yara/.x.yar",
        "yara/x.yar/",
        "yara\\x.yar",
        "yara/x.exe",
        "bin/x.yar",
        "yara/x\n.yar",
        "yara/ñ.yar",
        "c:/x.yar",
        "yara",
        "yara/.yar",
        "tests/1/2/3/4/5",
        "./yara/x.yar",
        "yara/x.yar.",
        "detectors/x.yar",
        "manifest.json",
        "YARA/x.yar",
        "tests/",
        "yara/./x.yar",
    };
    static const char *const good[] = {"yara/x.yar", "indicators/email/a.txt",
                                       "indicators/apps.yaml", "tests/yara/fires/Rule_1/a.bin",
                                       "formats/clip.yaml"};
    char long_one[BUNDLE_PATH_MAX + 8];

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(bad); i++)
        if (bundle_path_wrong(bad[i]) == NULL)
            fail_msg("\"%s\" is let in", bad[i]);
    for (size_t i = 0; i < VG_ARRAY_LEN(good); i++)
        assert_null(bundle_path_wrong(good[i]));
    memset(long_one, 'a', sizeof long_one);
    memcpy(long_one, "yara/", 5);
    memcpy(long_one + BUNDLE_PATH_MAX - 4, ".yar", 5);
    assert_non_null(bundle_path_wrong(long_one));
}

/* Signed by the right key, and still not what it should be. */
static void
test_hostile_archives(void **state)
{
    const struct kit *k = *state;
    const char *rule = "rule a { condition: true }";
    static char large[BUNDLE_FILE_MAX + 2];
    char *manifest;

    expect(k, NULL, GOOD, "");
    expect(k, NULL,
           (struct kit_entry[]){{.path = "yara/../../x.yar", .bytes = rule}, {.path = NULL}},
           "path");
    expect(k, NULL, (struct kit_entry[]){{.path = "/etc/cron.d/x", .bytes = rule}, {.path = NULL}},
           "path");
    expect(k, NULL,
           (struct kit_entry[]){{.path = "yara/a.yar", .in_tar = "../a.yar", .bytes = rule},
                                {.path = NULL}},
           "path");
    expect(k, NULL,
           (struct kit_entry[]){{.path = "yara/a.yar", .symlink = "/etc/shadow", .bytes = ""},
                                {.path = NULL}},
           "link");
    expect(k, NULL,
           (struct kit_entry[]){{.path = "yara/a.yar", .bytes = rule, .hash_of = "another"},
                                {.path = NULL}},
           "hash");
    expect(k, NULL,
           (struct kit_entry[]){{.path = "yara/a.yar", .bytes = rule, .more = 5}, {.path = NULL}},
           "hash");
    expect(k, NULL,
           (struct kit_entry[]){{.path = "yara/a.yar", .bytes = rule},
                                {.path = "yara/b.yar", .bytes = rule, .unlisted = true},
                                {.path = NULL}},
           "path");
    expect(k, NULL,
           (struct kit_entry[]){{.path = "yara/b.yar", .bytes = rule},
                                {.path = "yara/a.yar", .bytes = rule},
                                {.path = NULL}},
           "manifest");
    expect(k, NULL,
           (struct kit_entry[]){{.path = "yara/a.yar", .bytes = rule},
                                {.path = "yara/a.yar", .bytes = rule},
                                {.path = NULL}},
           "manifest");
    expect(k, NULL,
           (struct kit_entry[]){{.path = "yara/a.yar", .bytes = rule},
                                {.path = "yara/a.yar/b.yar", .bytes = rule},
                                {.path = NULL}},
           "path");
    memset(large, 'a', sizeof large - 1);
    expect(k, NULL, (struct kit_entry[]){{.path = "yara/a.yar", .bytes = large}, {.path = NULL}},
           "large");
    expect(k, "{}", GOOD, "manifest");
    expect(k, "not JSON", GOOD, "manifest");
    expect(k, "[]", GOOD, "manifest");
    manifest = kit_manifest(7, KIT_NOW, KIT_NOW - 1, GOOD); /* ran out before it was made */
    expect(k, manifest, GOOD, "manifest");
    free(manifest);
    manifest = kit_manifest(-1, KIT_NOW, KIT_NOW + VG_DAY_NS, GOOD);
    expect(k, manifest, GOOD, "manifest");
    free(manifest);
}

static void
test_caps(void **state)
{
    const struct kit *k = *state;
    static char names[BUNDLE_FILES_MAX + 1][32], piece[BUNDLE_FILE_MAX];
    static struct kit_entry many[BUNDLE_FILES_MAX + 2];
    struct kit_entry heavy[12] = {{.path = NULL}};

    for (int i = 0; i <= BUNDLE_FILES_MAX; i++) {
        (void)snprintf(names[i], sizeof names[i], "yara/%06d.yar", i);
        many[i] = (struct kit_entry){.path = names[i], .bytes = ""};
    }
    expect(k, NULL, many, "large");
    many[BUNDLE_FILES_MAX].path = NULL;
    expect(k, NULL, many, "");
    memset(piece, 'x', sizeof piece - 1);
    for (int i = 0; i < 9; i++)
        heavy[i] = (struct kit_entry){.path = names[i], .bytes = piece};
    expect(k, NULL, heavy, "large");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_there_and_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_truncation_and_every_flip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_key, setup, teardown),
        cmocka_unit_test(test_times_and_versions),
        cmocka_unit_test(test_paths),
        cmocka_unit_test_setup_teardown(test_hostile_archives, setup, teardown),
        cmocka_unit_test_setup_teardown(test_caps, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
