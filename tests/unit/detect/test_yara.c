/* SPDX-License-Identifier: Apache-2.0 */
#include "yara_kit.h"

#include <openssl/evp.h>
#include <yara.h>

#include "agent/detect/yara_probe.h"

static char scratch[64]; /* a folder of this run alone */

static int
setup(void **state)
{
    snprintf(scratch, sizeof(scratch), "/tmp/vigia-test-yara-%lld",
             (long long)platform_clock_monotonic());
    return shipped_load(state);
}

static int
teardown(void **state)
{
    (void)remove(scratch);
    return shipped_free(state);
}

static void
put_file(const char *name, const char *text)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/%s", scratch, name);
    assert_int_equal(platform_folder_make(scratch, false), VG_OK);
    assert_int_equal(platform_file_replace(path, slice_of(text, strlen(text)), false), VG_OK);
}

static void
remove_file(const char *name)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/%s", scratch, name);
    assert_int_equal(platform_file_remove(path), VG_OK);
}

/* A match anywhere, also across the borders of blocks, is found at its place, and only once. */
static void
test_long_source(void **state)
{
    static const uint64_t places[] = {0,
                                      1000,
                                      YARA_BLOCK - 7,
                                      YARA_BLOCK,
                                      YARA_BLOCK + YARA_OVERLAP - 9,
                                      2 * YARA_BLOCK - 20,
                                      3 * YARA_BLOCK + 5};
    const size_t len = 3 * YARA_BLOCK + 1000;
    uint8_t *bytes = malloc(len);
    struct yara_rules *rules;
    struct yara_report report;
    static const char rule[] = "rule r { strings: $a = \"needle-in-the-hay\" condition: #a == 1 }";

    assert_non_null(bytes);
    put_file("r.yar", rule);
    assert_int_equal(yara_load(scratch, &rules, &report), VG_OK);
    for (size_t i = 0; i < VG_ARRAY_LEN(places); i++) {
        struct memory memory = {.bytes = bytes, .len = len};
        struct yara_source source = {.read = memory_read, .ctx = &memory, .size = len};
        struct yara_result result;

        memset(bytes, 'h', len);
        memcpy(bytes + places[i], "needle-in-the-hay", 17);
        assert_int_equal(yara_scan_source(rules, &source, 60, &result), VG_OK);
        assert_int_equal(result.count, 1);
        assert_int_equal(result.match[0].string[0].offset, places[i]);
        assert_true(memory.most <= YARA_BLOCK + YARA_OVERLAP);
    }
    yara_free(rules);
    remove_file("r.yar");
    free(bytes);
}

static void
test_one_bad_file_is_told_and_the_rest_work(void **state)
{
    static const char *const files[][2] = {
        {"a.yar", "rule ok_a { strings: $a = \"alpha-word\" condition: $a }"},
        {"b.yar", "rule broken {\n condition: nonsense and }"},
        {"c.yar", "include \"/etc/passwd\"\nrule c { condition: true }"},
        {"d.yar", "rule ok_a { strings: $a = \"delta-word\" condition: $a }"},
    };
    struct yara_rules *rules;
    struct yara_report report;
    struct yara_result result;

    for (size_t i = 0; i < VG_ARRAY_LEN(files); i++)
        put_file(files[i][0], files[i][1]);
    assert_int_equal(yara_load(scratch, &rules, &report), VG_OK);
    assert_int_equal(report.files, 4);
    assert_int_equal(report.bad, 2);
    assert_int_equal(report.rules, 2);
    assert_non_null(strstr(report.why, "b.yar:2"));
    assert_int_equal(yara_scan(rules, slice_of("a delta-word", 12), 5, &result), VG_OK);
    assert_int_equal(result.count, 1);
    assert_string_equal(result.match[0].file, "d");
    assert_int_equal(result.match[0].string[0].offset, 2);
    yara_free(rules);
    for (size_t i = 0; i < VG_ARRAY_LEN(files); i++)
        remove_file(files[i][0]);
    assert_int_equal(yara_load(scratch, &rules, &report), VG_ERR_NOENT);
    assert_int_equal(yara_load("/tmp/vigia-test-no-such-folder", &rules, &report), VG_ERR_NOENT);
}

/* A foreign file that does not say what it needs is looked for in all bytes; the others keep their
 * gate, and both find theirs, also in pieces and beside a bad file. */
static void
test_files_without_needs_are_a_set_of_their_own(void **state)
{
    static const char *const files[][2] = {
        {"a.yar", "rule own { meta: needs = \"alpha-word\" strings: $a = \"alpha-word\" "
                  "condition: $a }"},
        {"ab.yar", "rule own { meta: needs = \"other-word\" strings: $a = \"other-word\" "
                   "condition: $a }"},
        {"b.yar", "rule foreign { strings: $a = \"beta-word\" condition: $a }\n"
                  "rule open { meta: needs = \"x\" condition: filesize < 3 }"},
        {"c.yar", "rule broken { condition: nonsense and }"},
    };
    struct memory memory = {.bytes = (const uint8_t *)"beta-word, alpha-word", .len = 21};
    struct yara_source source = {.read = memory_read, .ctx = &memory, .size = 21};
    struct yara_rules *rules;
    struct yara_report report;
    struct yara_result result;

    for (size_t i = 0; i < VG_ARRAY_LEN(files); i++)
        put_file(files[i][0], files[i][1]);
    assert_int_equal(yara_load(scratch, &rules, &report), VG_OK);
    assert_int_equal(report.files, 4);
    assert_int_equal(report.bad, 1);
    assert_int_equal(report.rules, 4);
    assert_int_equal(report.without_needs, 2);
    assert_int_equal(yara_scan(rules, slice_of("an alpha-word", 13), 5, &result), VG_OK);
    assert_int_equal(result.count, 1);
    assert_string_equal(result.match[0].file, "a");
    assert_int_equal(yara_scan(rules, slice_of("a beta-word", 11), 5, &result), VG_OK);
    assert_int_equal(result.count, 1);
    assert_string_equal(result.match[0].rule, "foreign");
    assert_int_equal(yara_scan_source(rules, &source, 5, &result), VG_OK);
    assert_int_equal(result.count, 2);
    assert_string_equal(result.match[0].rule, "own");
    assert_string_equal(result.match[1].rule, "foreign");
    yara_free(rules);
    for (size_t i = 0; i < VG_ARRAY_LEN(files); i++)
        remove_file(files[i][0]);
}

/* Of shipped files none is slow; one that looks at each byte is, and is named. */
static void
test_slow_files_are_found(void **state)
{
    static const char slow[] =
        "rule slow { strings: $a = /[a-zA-Z ]{10,200}[0-9]{9}/ condition: $a }";
    static const char quick[] = "rule quick { strings: $a = \"some long text\" condition: $a }";
    struct yara_probe probe;

    assert_int_equal(yara_probe_folder("rules/yara", &probe), VG_OK);
    assert_true(probe.files >= 30);
    if (probe.slow_count > 0)
        fail_msg("%s is slow", probe.slow[0].file);
    put_file("a.yar", quick);
    put_file("b.yar", slow);
    put_file("c.yar", quick);
    assert_int_equal(yara_probe_folder(scratch, &probe), VG_OK);
    assert_int_equal(probe.files, 3);
    assert_int_equal(probe.slow_count, 1);
    assert_string_equal(probe.slow[0].file, "b");
    remove_file("a.yar");
    remove_file("b.yar");
    remove_file("c.yar");
    assert_int_equal(yara_probe_folder(scratch, &probe), VG_ERR_NOENT);
}

/* What is told of a match holds none of the matched bytes. */
static void
test_no_matched_bytes(void **state)
{
    struct yara_result result;
    struct buf text;
    char *json;
    json_t *facts = json_object(), *evidence;

    buf_init(&text, 1024 * 1024);
    slurp(FIXTURES, "phishing_kit.hit", &text);
    assert_int_equal(yara_scan(shipped, buf_slice(&text), 10, &result), VG_OK);
    assert_true(result.count >= 1);
    yara_put_facts(&result.match[0], facts);
    evidence = yara_evidence(&result.match[0], 1000);
    json = json_dumps(evidence, 0);
    assert_null(strstr(json, "TEST-ONLY"));
    assert_null(strstr(json, "tarjeta"));
    assert_non_null(strstr(json, "\"offset\": 1"));
    assert_non_null(json_object_get(facts, "description_es"));
    free(json);
    json_decref(facts);
    json_decref(evidence);
    buf_done(&text);
}

/* Files that an older program found harmless are not known to one that sees more. */
static void
test_digest_is_of_the_program_too(void **state)
{
    static const char version[] = VIGIA_VERSION " " YR_VERSION;
    uint8_t got[YARA_DIGEST], expected[YARA_DIGEST];
    char folder[96];

    snprintf(folder, sizeof(folder), "/tmp/vigia-test-digest-%lld",
             (long long)platform_clock_monotonic());
    assert_int_equal(platform_folder_make(folder, false), VG_OK);
    assert_int_equal(yara_digest(folder, got), VG_OK);
    assert_int_equal(EVP_Digest(version, sizeof(version), expected, NULL, EVP_sha256(), NULL), 1);
    assert_memory_equal(got, expected, sizeof(got));
    assert_int_equal(remove(folder), 0);
    assert_int_equal(yara_digest(folder, got), VG_ERR_NOENT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_long_source),
        cmocka_unit_test(test_one_bad_file_is_told_and_the_rest_work),
        cmocka_unit_test(test_files_without_needs_are_a_set_of_their_own),
        cmocka_unit_test(test_slow_files_are_found),
        cmocka_unit_test(test_no_matched_bytes),
        cmocka_unit_test(test_digest_is_of_the_program_too),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
