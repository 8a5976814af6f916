/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/yara_compile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/yara_pack.h"
#include "agent/detect/yara_ready.h"
#include "agent/platform/platform.h"

struct told {
    char *why;
    const char *name;
};

static void
on_compile(int level, const char *file, int line, const YR_RULE *rule, const char *text, void *ctx)
{
    struct told *told = ctx;

    (void)file;
    (void)rule;
    if (level == YARA_ERROR_LEVEL_ERROR && told->why[0] == '\0')
        snprintf(told->why, YARA_WHY_MAX, "%.60s:%d: %.110s", told->name, line, text);
}

static const char *
refuse_include(const char *name, const char *from, const char *ns, void *ctx)
{
    (void)name;
    (void)from;
    (void)ns;
    (void)ctx;
    return NULL;
}

static enum vg_err
compiler_new(struct told *told, YR_COMPILER **out)
{
    if (yr_compiler_create(out) != ERROR_SUCCESS)
        return VG_ERR_NOMEM;
    yr_compiler_set_callback(*out, on_compile, told);
    yr_compiler_set_include_callback(*out, refuse_include, NULL, NULL);
    return VG_OK;
}

bool
yara_is_file(const char *name)
{
    size_t len = strlen(name);

    return len > 4 && strcmp(name + len - 4, ".yar") == 0;
}

/* Of a file: its name without ".yar". */
static void
name_space(const char *name, char ns[64])
{
    snprintf(ns, 64, "%.*s", (int)(strlen(name) - 4), name);
}

/* Of several files one set: VG_ERR_NOENT where one is bad, and `why`, empty before, says what is wrong. */
static enum vg_err
compile(const char *folder, char *const *names, size_t count, char why[YARA_WHY_MAX],
        YR_RULES **out)
{
    struct told told = {.why = why};
    YR_COMPILER *compiler = NULL;
    enum vg_err err = compiler_new(&told, &compiler);

    for (size_t i = 0; err == VG_OK && i < count; i++) {
        char path[1024], ns[64];
        struct buf text;
        const char *str;

        told.name = names[i];
        name_space(names[i], ns);
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        buf_init(&text, YARA_FILE_BYTES_MAX);
        if (platform_file_slurp(path, YARA_FILE_BYTES_MAX, &text) != VG_OK ||
            (str = buf_str(&text)) == NULL || strlen(str) != text.len ||
            yr_compiler_add_string(compiler, str, ns) != 0)
            err = VG_ERR_NOENT;
        buf_done(&text);
        if (err != VG_OK && why[0] == '\0')
            snprintf(why, YARA_WHY_MAX, "%.100s: cannot be read as text up to 1 MiB", names[i]);
    }
    if (err == VG_OK && yr_compiler_get_rules(compiler, out) != ERROR_SUCCESS)
        err = VG_ERR_NOENT;
    if (compiler != NULL)
        yr_compiler_destroy(compiler);
    return err;
}

enum vg_err
yara_compile_file(const char *folder, const char *name, YR_RULES **out)
{
    char copy[256], *names = copy, why[YARA_WHY_MAX] = "";

    return vg_strcpy(copy, sizeof(copy), name) ? compile(folder, &names, 1, why, out)
                                               : VG_ERR_NOENT;
}

struct folder {
    const char *path;
    struct yara_report *report;
    struct buf *bytes; /* of all sets, packed */
    size_t end[YARA_SETS_MAX], count;
    char *rest[YARA_FILES_MAX]; /* names, borrowed: of the last set */
    size_t rest_count;
};

static enum vg_err
keep(struct folder *f, YR_RULES *rules)
{
    enum vg_err err = yara_pack(rules, f->bytes);

    f->end[f->count++] = f->bytes->len;
    return err;
}

static enum vg_err
take_file(struct folder *f, char *name)
{
    char why[YARA_WHY_MAX] = "";
    YR_RULES *rules = NULL;
    enum vg_err err = compile(f->path, &name, 1, why, &rules);

    f->report->files++;
    if (err == VG_ERR_NOENT) {
        f->report->bad++;
        if (f->report->why[0] == '\0')
            (void)vg_strcpy(f->report->why, YARA_WHY_MAX, why);
        return VG_OK;
    }
    if (err != VG_OK)
        return err;
    if (f->count < YARA_SETS_MAX - 1 && yara_gate_asked(rules))
        err = keep(f, rules);
    else
        f->rest[f->rest_count++] = name;
    yr_rules_destroy(rules);
    return err;
}

static enum vg_err
take_rest(struct folder *f)
{
    char why[YARA_WHY_MAX] = "";
    YR_RULES *rules = NULL;
    enum vg_err err;

    if (f->rest_count == 0)
        return VG_OK;
    err = compile(f->path, f->rest, f->rest_count, why, &rules);
    if (err != VG_OK) /* each was good by itself: together they are too much */
        return VG_ERR_NOMEM;
    err = keep(f, rules);
    yr_rules_destroy(rules);
    return err;
}

static enum vg_err
take_files(struct folder *f, const struct platform_names *names)
{
    enum vg_err err = VG_OK;

    platform_memory_hold();
    for (size_t i = 0; err == VG_OK && i < names->count; i++)
        if (yara_is_file(names->name[i]))
            err = take_file(f, names->name[i]);
    if (err == VG_OK)
        err = take_rest(f);
    platform_memory_settle();
    return err;
}

static enum vg_err
compile_all(const char *path, struct yara_sets *out, struct yara_report *report)
{
    struct folder *f = calloc(1, sizeof(*f));
    struct platform_names names = {0};
    enum vg_err err = VG_ERR_NOMEM;

    if (f == NULL)
        return VG_ERR_NOMEM;
    buf_init(&out->bytes, YARA_PACKED_MAX);
    *f = (struct folder){.path = path, .report = report, .bytes = &out->bytes};
    err = platform_folder_list(path, YARA_FILES_MAX, &names) == VG_OK ? take_files(f, &names)
                                                                      : VG_ERR_NOENT;
    if (err == VG_OK && f->count == 0)
        err = VG_ERR_NOENT;
    if (err == VG_OK) {
        struct slice all = buf_slice(&out->bytes);

        for (size_t i = 0; i < f->count; i++)
            out->packed.set[i] = slice_sub(&all, f->end[i] - (i > 0 ? f->end[i - 1] : 0));
        out->packed.count = f->count;
        out->packed.files = report->files;
    }
    platform_names_free(&names);
    free(f);
    return err;
}

/* Over the sets, each unpacked for that and given back. */
static enum vg_err
make_gate(struct yara_sets *sets, struct yara_report *report)
{
    enum vg_err err = yara_gate_new(&sets->gate);

    report->rules = 0;
    platform_memory_hold();
    for (size_t i = 0; err == VG_OK && i < sets->packed.count; i++) {
        YR_RULES *rules;

        err = yara_unpack(sets->packed.set[i], &rules);
        if (err != VG_OK)
            break;
        report->rules += rules->num_rules;
        err = yara_gate_add(sets->gate, rules);
        yr_rules_destroy(rules);
    }
    platform_memory_settle();
    return err == VG_OK ? yara_gate_ready(sets->gate) : err;
}

/* What the program brings with it, if it is of this folder and of this libyara. */
static bool
take_ready(const char *folder, struct yara_sets *out, struct yara_report *report)
{
    uint8_t digest[YARA_DIGEST];

    if (yara_digest(folder, digest) != VG_OK || !yara_ready_find(digest, &out->packed))
        return false;
    report->ready = true;
    report->files = out->packed.files;
    if (make_gate(out, report) == VG_OK)
        return true;
    yara_sets_done(out);
    *report = (struct yara_report){0};
    return false;
}

enum vg_err
yara_compile_folder(const char *folder, struct yara_sets *out, struct yara_report *report)
{
    enum vg_err err = VG_OK;

    *report = (struct yara_report){0};
    if (!take_ready(folder, out, report)) {
        err = compile_all(folder, out, report);
        if (err == VG_OK)
            err = make_gate(out, report);
    }
    if (err == VG_OK)
        report->without_needs = yara_gate_without_needs(out->gate);
    return err;
}

enum vg_err
yara_sets_open(struct yara_sets *sets, size_t number)
{
    return sets->set[number] != NULL ? VG_OK
                                     : yara_unpack(sets->packed.set[number], &sets->set[number]);
}

void
yara_sets_done(struct yara_sets *sets)
{
    for (size_t i = 0; i < sets->packed.count; i++)
        if (sets->set[i] != NULL)
            yr_rules_destroy(sets->set[i]);
    yara_gate_free(sets->gate);
    buf_done(&sets->bytes);
    *sets = (struct yara_sets){.gate = NULL};
}
