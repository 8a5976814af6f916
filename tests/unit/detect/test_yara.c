/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <yara.h>

#include "agent/detect/yara.h"
#include "agent/detect/yara_probe.h"
#include "agent/platform/platform.h"

#define FIXTURES "tests/fixtures/yara"

static struct yara_rules *shipped;
static char scratch[64]; /* a folder of this run alone */

static int
setup(void **state)
{
    struct yara_report report;
    enum vg_err err = yara_load("rules/yara", &shipped, &report);

    snprintf(scratch, sizeof(scratch), "/tmp/vigia-test-yara-%lld",
             (long long)platform_clock_monotonic());

    if (err != VG_OK || report.bad != 0) {
        print_error("%s\n", report.why);
        return 1;
    }
    assert_true(report.files >= 10 && report.rules >= 10);
    assert_int_equal(report.without_needs, 0);
    return 0;
}

static int
teardown(void **state)
{
    yara_free(shipped);
    (void)remove(scratch);
    return 0;
}

static void
slurp(const char *folder, const char *name, struct buf *out)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    buf_done(out);
    if (platform_file_slurp(path, 1024 * 1024, out) != VG_OK)
        fail_msg("%s: cannot be read", path);
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

static bool
ends_with(const char *name, const char *suffix)
{
    size_t n = strlen(name), s = strlen(suffix);

    return n >= s && strcmp(name + n - s, suffix) == 0;
}

/* Every .hit is found by the rule file that its name begins with, every .miss by none. */
static void
test_fixtures(void **state)
{
    struct platform_names names;
    struct buf text;
    size_t hits = 0, misses = 0;

    buf_init(&text, 1024 * 1024);
    assert_int_equal(platform_folder_list(FIXTURES, 1000, &names), VG_OK);
    for (size_t i = 0; i < names.count; i++) {
        const char *name = names.name[i];
        struct yara_result result;
        bool found = false;

        slurp(FIXTURES, name, &text);
        assert_int_equal(yara_scan(shipped, buf_slice(&text), 10, &result), VG_OK);
        for (size_t m = 0; m < result.count; m++)
            found |= strncmp(name, result.match[m].file, strlen(result.match[m].file)) == 0;
        if (ends_with(name, ".hit") && !found)
            fail_msg("%s: its rule does not find it", name);
        if (ends_with(name, ".miss") && result.count > 0)
            fail_msg("%s: %s finds it", name, result.match[0].rule);
        hits += ends_with(name, ".hit");
        misses += ends_with(name, ".miss");
    }
    platform_names_free(&names);
    buf_done(&text);
    assert_true(hits >= 10 && hits == misses);
}

/* ---- cases: several in a file ----
 *
 * A line "#### hit RULE" or "#### miss RULE" begins the bytes that RULE must, or no rule may, find;
 * "#### hit RULE SIZE" is followed by so many bytes of zeros. "@@" stands for nothing, so that nothing
 * in the tree reads as the real thing does; "@[4c00]" for bytes in hexadecimal. */

enum { CASE_MAX = 64 * 1024, RULES_MAX = 400 };

struct tally {
    char rule[64];
    bool hit, miss;
};

static struct tally *
tally_of(struct tally *tallies, const char *rule)
{
    for (size_t i = 0; i < RULES_MAX; i++) {
        if (tallies[i].rule[0] == '\0')
            (void)vg_strcpy(tallies[i].rule, sizeof(tallies[i].rule), rule);
        if (strcmp(tallies[i].rule, rule) == 0)
            return &tallies[i];
    }
    fail_msg("more than %d rules", RULES_MAX);
    return NULL;
}

static bool
result_has(const struct yara_result *result, const char *rule)
{
    for (size_t i = 0; i < result->count; i++)
        if (strcmp(result->match[i].rule, rule) == 0)
            return true;
    return false;
}

/* The text of a case as bytes. */
static void
unfold(const char *text, size_t len, struct buf *out)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '@' && i + 1 < len && text[i + 1] == '@') {
            i++;
        } else if (text[i] == '@' && i + 1 < len && text[i + 1] == '[') {
            unsigned byte;

            for (i += 2; i + 1 < len && sscanf(text + i, "%2x", &byte) == 1; i += 2)
                buf_put_u8(out, (uint8_t)byte);
            assert_true(text[i] == ']');
        } else {
            buf_put_u8(out, (uint8_t)text[i]);
        }
    }
}

struct memory {
    const uint8_t *bytes;
    size_t len;
    uint64_t most; /* the largest read */
};

static enum vg_err
memory_read(void *ctx, uint64_t offset, void *to, size_t size, size_t *got)
{
    struct memory *m = ctx;
    size_t left = offset < m->len ? m->len - (size_t)offset : 0;

    *got = size < left ? size : left;
    memcpy(to, m->bytes + offset, *got);
    if (size > m->most)
        m->most = size;
    return VG_OK;
}

/* Both ways of looking agree: what rules say they need is true. */
static void
try_case(const char *file, const char *head, struct slice bytes, struct tally *tallies)
{
    struct memory memory = {.len = bytes.left};
    struct yara_source source = {.read = memory_read, .ctx = &memory};
    struct yara_result quick, whole;
    unsigned long size = 0;
    char kind[8], rule[64];

    assert_true(sscanf(head, "%7s %63s %lu", kind, rule, &size) >= 2);
    source.size = size > bytes.left ? size : bytes.left;
    assert_int_equal(yara_scan(shipped, bytes, 30, &quick), VG_OK);
    memory.bytes = slice_take(&bytes, bytes.left);
    if (yara_scan_source(shipped, &source, 60, &whole) != VG_OK)
        fail_msg("%s: %s is not scanned to its end", file, head);
    if (strcmp(kind, "miss") == 0) {
        if (whole.count > 0)
            fail_msg("%s: %s: %s finds it", file, head, whole.match[0].rule);
        tally_of(tallies, rule)->miss = true;
        return;
    }
    if (!result_has(&whole, rule))
        fail_msg("%s: %s does not find its case", file, rule);
    if (size == 0 && !result_has(&quick, rule))
        fail_msg("%s: %s matches without what it says it needs", file, rule);
    tally_of(tallies, rule)->hit = true;
}

static void
try_cases(const char *name, struct tally *tallies)
{
    struct buf text, bytes;
    const char *at;

    buf_init(&text, 1024 * 1024);
    slurp(FIXTURES, name, &text);
    for (at = strstr(buf_str(&text), "#### "); at != NULL;) {
        const char *body = strchr(at, '\n'), *next;
        char head[128];

        assert_non_null(body);
        next = strstr(body, "\n#### ");
        snprintf(head, sizeof(head), "%.*s", (int)(body - at - 5), at + 5);
        buf_init(&bytes, CASE_MAX);
        unfold(body + 1, next != NULL ? (size_t)(next - body) : strlen(body + 1), &bytes);
        assert_false(bytes.bad);
        try_case(name, head, buf_slice(&bytes), tallies);
        buf_done(&bytes);
        at = next != NULL ? next + 1 : NULL;
    }
    buf_done(&text);
}

/* A fixture of one file counts for each rule that finds it. */
static void
try_hit(const char *name, struct tally *tallies)
{
    struct yara_result result;
    struct buf text;

    buf_init(&text, 1024 * 1024);
    slurp(FIXTURES, name, &text);
    assert_int_equal(yara_scan(shipped, buf_slice(&text), 10, &result), VG_OK);
    for (size_t m = 0; m < result.count; m++)
        tally_of(tallies, result.match[m].rule)->hit = true;
    buf_done(&text);
}

/* Of a rule file: the names of its rules, each of which has been found and not found. */
static void
each_is_tallied(const char *name, struct tally *tallies, size_t *rules)
{
    struct platform_stat stat;
    struct buf text;
    char rule[64], miss[256];
    bool file_miss;

    snprintf(miss, sizeof(miss), "%s/%.*s.miss", FIXTURES, (int)strlen(name) - 4, name);
    file_miss = platform_path_stat(miss, &stat) == VG_OK;
    buf_init(&text, 1024 * 1024);
    slurp("rules/yara", name, &text);
    for (const char *at = buf_str(&text); (at = strstr(at, "\nrule ")) != NULL; at++) {
        assert_int_equal(sscanf(at, " rule %63s", rule), 1);
        if (!tally_of(tallies, rule)->hit || (!tally_of(tallies, rule)->miss && !file_miss))
            fail_msg("%s: %s needs a case that it finds and one that it must not", name, rule);
        ++*rules;
    }
    buf_done(&text);
}

static void
test_cases(void **state)
{
    struct tally *tallies = calloc(RULES_MAX, sizeof(*tallies));
    struct platform_names names;
    size_t rules = 0;

    assert_non_null(tallies);
    assert_int_equal(platform_folder_list(FIXTURES, 1000, &names), VG_OK);
    for (size_t i = 0; i < names.count; i++)
        if (ends_with(names.name[i], ".cases"))
            try_cases(names.name[i], tallies);
        else if (ends_with(names.name[i], ".hit"))
            try_hit(names.name[i], tallies);
    platform_names_free(&names);
    assert_int_equal(platform_folder_list("rules/yara", 1000, &names), VG_OK);
    for (size_t i = 0; i < names.count; i++)
        if (ends_with(names.name[i], ".yar"))
            each_is_tallied(names.name[i], tallies, &rules);
    platform_names_free(&names);
    free(tallies);
    assert_true(rules >= 60);
}

static size_t
times_in(const char *text, const char *word)
{
    size_t n = 0;

    for (; (text = strstr(text, word)) != NULL; text++)
        n++;
    return n;
}

/* Every rule says what it is in both languages. */
static void
test_each_rule_is_documented(void **state)
{
    struct platform_names names;
    struct buf text;

    buf_init(&text, 1024 * 1024);
    assert_int_equal(platform_folder_list("rules/yara", 1000, &names), VG_OK);
    for (size_t i = 0; i < names.count; i++) {
        size_t rules = 0;

        if (!ends_with(names.name[i], ".yar"))
            continue;
        slurp("rules/yara", names.name[i], &text);
        rules = times_in(buf_str(&text), "\nrule ");
        assert_true(rules > 0);
        for (const char *const *meta =
                 (const char *const[]){"author = \"Vigia\"", " description_es = ",
                                       " description_en = ", " reference = \"http",
                                       " severity = ", " false_positives = ", NULL};
             *meta != NULL; meta++)
            assert_int_equal(times_in(buf_str(&text), *meta), rules);
    }
    platform_names_free(&names);
    buf_done(&text);
}

/* What a rule says that it matches in is what its condition says: `max_bytes` for the gate is a copy. */
static void
sizes_agree(const char *name, const char *text)
{
    static const char word[] = "max_bytes = ";

    for (const char *at = text; (at = strstr(at, word)) != NULL; at++) {
        unsigned long most = strtoul(at + strlen(word), NULL, 10), bytes;
        const char *condition = strstr(at, "condition:");
        char *unit;

        assert_non_null(condition);
        condition += strcspn(condition, "\n");
        condition += strspn(condition, " \n");
        if (strncmp(condition, "filesize < ", 11) != 0)
            fail_msg("%s: max_bytes, but no filesize at the head of: %.60s", name, condition);
        bytes = strtoul(condition + 11, &unit, 10);
        bytes *= strncmp(unit, "KB", 2) == 0 ? 1024 : strncmp(unit, "MB", 2) == 0 ? 1024 * 1024 : 1;
        if (most != bytes - 1)
            fail_msg("%s: max_bytes %lu, but filesize < %lu", name, most, bytes);
    }
}

static void
test_sizes_agree(void **state)
{
    struct platform_names names;
    struct buf text;

    buf_init(&text, 1024 * 1024);
    assert_int_equal(platform_folder_list("rules/yara", 1000, &names), VG_OK);
    for (size_t i = 0; i < names.count; i++)
        if (ends_with(names.name[i], ".yar")) {
            slurp("rules/yara", names.name[i], &text);
            sizes_agree(names.name[i], buf_str(&text));
        }
    platform_names_free(&names);
    buf_done(&text);
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
        cmocka_unit_test(test_fixtures),
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_each_rule_is_documented),
        cmocka_unit_test(test_sizes_agree),
        cmocka_unit_test(test_long_source),
        cmocka_unit_test(test_one_bad_file_is_told_and_the_rest_work),
        cmocka_unit_test(test_files_without_needs_are_a_set_of_their_own),
        cmocka_unit_test(test_slow_files_are_found),
        cmocka_unit_test(test_no_matched_bytes),
        cmocka_unit_test(test_digest_is_of_the_program_too),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
