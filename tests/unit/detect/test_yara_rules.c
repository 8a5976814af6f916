/* SPDX-License-Identifier: Apache-2.0 */
/* The shipped rules: what each finds and does not, what it says of itself. */
#include "yara_kit.h"

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fixtures),
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_each_rule_is_documented),
        cmocka_unit_test(test_sizes_agree),
    };

    return cmocka_run_group_tests(tests, shipped_load, shipped_free);
}
