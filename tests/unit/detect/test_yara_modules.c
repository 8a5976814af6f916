/* SPDX-License-Identifier: Apache-2.0 */
/* The modules that this libyara has are on for rules from elsewhere: each with a rule that needs it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/yara.h"
#include "agent/platform/platform.h"
#include "tests/unit/detect/fake_judge.h"

/* A program for Windows, of one section, as little of it as the module asks for. */
static size_t
small_pe(uint8_t out[1024])
{
    static const struct {
        size_t at;
        uint32_t value, size;
    } field[] = {
        {0, 0x5a4d, 2},     {0x3c, 0x40, 4},     {0x40, 0x4550, 4}, {0x44, 0x14c, 2},
        {0x46, 1, 2},       {0x54, 0xe0, 2},     {0x56, 0x102, 2},  {0x58, 0x10b, 2},
        {0x68, 0x1000, 4},  {0x74, 0x400000, 4}, {0x78, 0x1000, 4}, {0x7c, 0x200, 4},
        {0x90, 0x3000, 4},  {0x94, 0x200, 4},    {0x9c, 3, 2},      {0xb4, 16, 4},
        {0x140, 0x1000, 4}, {0x144, 0x1000, 4},  {0x148, 0x200, 4}, {0x14c, 0x200, 4},
    };

    memset(out, 0, 1024);
    for (size_t i = 0; i < VG_ARRAY_LEN(field); i++)
        for (size_t k = 0; k < field[i].size; k++)
            out[field[i].at + k] = (uint8_t)(field[i].value >> (8 * k));
    memcpy(out + 0x138, ".text", 5);
    return 1024;
}

static size_t
small_elf(uint8_t out[1024])
{
    static const uint8_t head[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};

    memset(out, 0, 1024);
    memcpy(out, head, sizeof(head));
    out[16] = 2;  /* executable */
    out[18] = 62; /* x86-64 */
    out[20] = 1;
    out[52] = 64;
    return 1024;
}

struct module {
    const char *name, *condition;
    bool always; /* Debian's library has it */
    enum { TEXT, PE, ELF } sample;
};

static const struct module MODULES[] = {
    {"pe", "pe.machine == pe.MACHINE_I386 and pe.number_of_sections == 1", true, PE},
    {"elf", "elf.type == elf.ET_EXEC and elf.machine == elf.EM_X86_64", true, ELF},
    {"math", "math.entropy(0, filesize) < 6.0 and math.in_range(2.0, 1.0, 3.0)", true, TEXT},
    {"hash",
     "hash.sha256(0, 3) == "
     "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"",
     true, TEXT},
    {"time", "time.now() > 1600000000", true, TEXT},
    {"dotnet", "not defined dotnet.version", true, PE},
    {"string", "string.to_int(\"42\") == 42", false, TEXT},
    {"console", "console.log(\"x\") and filesize > 0", false, TEXT},
    {"macho", "not defined macho.magic", false, TEXT},
    {"dex", "not defined dex.header.magic", false, TEXT},
};

static char folder[96];

static void
put_rule(const char *name, const char *text)
{
    char path[200];

    snprintf(path, sizeof(path), "%s/%s.yar", folder, name);
    assert_int_equal(platform_file_replace(path, slice_of(text, strlen(text)), false), VG_OK);
}

static void
drop_rule(const char *name)
{
    char path[200];

    snprintf(path, sizeof(path), "%s/%s.yar", folder, name);
    assert_int_equal(platform_file_remove(path), VG_OK);
}

static size_t
sample_of(const struct module *m, uint8_t out[1024])
{
    if (m->sample == PE)
        return small_pe(out);
    if (m->sample == ELF)
        return small_elf(out);
    memset(out, '.', 1024);
    memcpy(out, "abc", 3);
    return 1024;
}

static enum vg_err
read_sample(void *ctx, uint64_t offset, void *to, size_t size, size_t *got)
{
    *got = offset < 1024 ? (size < 1024 - offset ? size : (size_t)(1024 - offset)) : 0;
    memcpy(to, (const uint8_t *)ctx + offset, *got);
    return VG_OK;
}

/* In memory, as streams and members of archives are, and from a source, as files are. */
static void
check_matches(struct yara_rules *rules, const struct module *m)
{
    uint8_t bytes[1024];
    size_t size = sample_of(m, bytes);
    struct yara_source source = {.read = read_sample, .ctx = bytes, .size = size};
    struct yara_result *r = calloc(1, sizeof(*r));

    assert_int_equal(yara_scan(rules, slice_of(bytes, size), 5, r), VG_OK);
    if (r->count != 1)
        fail_msg("%s: in memory the rule does not match", m->name);
    assert_int_equal(yara_scan_source(rules, &source, 5, r), VG_OK);
    if (r->count != 1)
        fail_msg("%s: in a file the rule does not match", m->name);
    assert_string_equal(r->match[0].file, m->name);
    free(r);
}

static void
test_modules(void **state)
{
    size_t there = 0;

    for (size_t i = 0; i < VG_ARRAY_LEN(MODULES); i++) {
        const struct module *m = &MODULES[i];
        struct yara_report report = {0};
        struct yara_rules *rules;
        char text[512];
        enum vg_err err;

        snprintf(text, sizeof(text), "import \"%s\"\nrule R { condition: %s }\n", m->name,
                 m->condition);
        put_rule(m->name, text);
        err = yara_load(folder, &rules, &report);
        if (err == VG_OK) {
            there++;
            check_matches(rules, m);
            yara_free(rules);
        } else {
            print_message("module %s: %s\n", m->name, report.why);
            assert_false(m->always);
        }
        drop_rule(m->name);
    }
    assert_true(there >= 6);
}

/* Dropped in beside each other, one of them bad, one of a module that there is not: the rest work. */
static void
test_a_set_from_elsewhere(void **state)
{
    struct yara_report report = {0};
    struct yara_rules *rules;

    put_rule("a_bad", "rule A { condition: nonsense }");
    put_rule("b_unknown", "import \"nosuchmodule\" rule B { condition: true }");
    put_rule("c_include", "include \"a_bad.yar\" rule C { condition: true }");
    put_rule("pe", "import \"pe\" rule R { condition: pe.number_of_sections == 1 }");
    assert_int_equal(yara_load(folder, &rules, &report), VG_OK);
    assert_int_equal(report.files, 4);
    assert_int_equal(report.bad, 3);
    assert_non_null(strstr(report.why, "a_bad"));
    check_matches(rules, &MODULES[0]);
    yara_free(rules);
    drop_rule("a_bad");
    drop_rule("b_unknown");
    drop_rule("c_include");
    drop_rule("pe");
}

static int
setup(void **state)
{
    snprintf(folder, sizeof(folder), "/tmp/vigia-test-modules-%lld",
             (long long)platform_clock_monotonic());
    return platform_folder_make(folder, true) == VG_OK ? 0 : 1;
}

static int
teardown(void **state)
{
    return remove(folder);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_modules),
        cmocka_unit_test(test_a_set_from_elsewhere),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
