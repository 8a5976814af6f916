/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/yara_compile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/yara_pack.h"
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

/* One file by itself: whether it is good. */
static bool
trial(const char *text, struct told *told)
{
    YR_COMPILER *compiler = NULL;
    YR_RULES *rules = NULL;
    bool good;

    if (compiler_new(told, &compiler) != VG_OK)
        return false;
    good = yr_compiler_add_string(compiler, text, "trial") == 0 &&
           yr_compiler_get_rules(compiler, &rules) == ERROR_SUCCESS;
    if (rules != NULL)
        yr_rules_destroy(rules);
    yr_compiler_destroy(compiler);
    return good;
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

/* `careful`: tried by itself first, so that a bad file spoils nothing but itself. */
static void
add_file(YR_COMPILER *all, const char *folder, const char *name, bool careful,
         struct yara_report *report)
{
    char path[1024], ns[64];
    struct told told = {.why = report->why, .name = name};
    struct buf text;
    const char *str = NULL;
    bool good = false;

    buf_init(&text, YARA_FILE_BYTES_MAX);
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    report->files++;
    if (platform_file_slurp(path, YARA_FILE_BYTES_MAX, &text) == VG_OK &&
        (str = buf_str(&text)) != NULL && strlen(str) == text.len)
        good = !careful || trial(str, &told);
    if (good) {
        name_space(name, ns);
        good = yr_compiler_add_string(all, str, ns) == 0;
    }
    if (!good) {
        report->bad++;
        if (report->why[0] == '\0')
            snprintf(report->why, YARA_WHY_MAX, "%.100s: cannot be read as text up to 1 MiB", name);
    }
    buf_done(&text);
}

/* VG_ERR_CONFIG: a file is bad and the compiler's state with it. */
static enum vg_err
compile_files(const struct platform_names *names, const char *folder, bool careful,
              struct yara_report *report, YR_RULES **out)
{
    struct told told = {.why = report->why, .name = folder};
    YR_COMPILER *all = NULL;
    enum vg_err err = compiler_new(&told, &all);

    *report = (struct yara_report){0};
    for (size_t i = 0; err == VG_OK && i < names->count; i++) {
        if (yara_is_file(names->name[i]))
            add_file(all, folder, names->name[i], careful, report);
        if (!careful && report->bad > 0)
            err = VG_ERR_CONFIG;
    }
    if (err == VG_OK && report->files == report->bad)
        err = VG_ERR_NOENT;
    if (err == VG_OK && yr_compiler_get_rules(all, out) != ERROR_SUCCESS)
        err = careful ? VG_ERR_NOMEM : VG_ERR_CONFIG;
    if (all != NULL)
        yr_compiler_destroy(all);
    return err;
}

/* All are good but for a rare time, and then each trial would be waste: a compiler's first pages cost
 * more than what it compiles. */
static enum vg_err
compile_set(const struct platform_names *names, const char *folder, struct yara_report *report,
            struct yara_set *out)
{
    enum vg_err err = compile_files(names, folder, false, report, &out->compiled);

    if (err == VG_ERR_CONFIG)
        err = compile_files(names, folder, true, report, &out->compiled);
    if (err == VG_OK)
        err = yara_pack(&out->compiled);
    if (err == VG_OK)
        err = yara_gate_new(out->compiled, &out->gate);
    return err;
}

void
yara_set_done(struct yara_set *set)
{
    if (set->compiled != NULL)
        yr_rules_destroy(set->compiled);
    yara_gate_free(set->gate);
    *set = (struct yara_set){.gate = NULL};
}

/* Whether a rule of the file does not say what it needs. */
static bool
lacks_needs(const struct yara_set *all, const char *name)
{
    size_t number = 0;
    YR_RULE *rule;
    char ns[64];

    name_space(name, ns);
    yr_rules_foreach(all->compiled, rule)
    {
        if (!yara_gate_asks(all->gate, number++) && strcmp(rule->ns->name, ns) == 0)
            return true;
    }
    return false;
}

/* Compiles the files of `all` again, as two sets; where they are all of one kind it stays one. */
static enum vg_err
split_sets(const struct platform_names *names, const char *folder, struct yara_set set[YARA_SETS])
{
    struct yara_set *all = &set[YARA_SET_GATED], both[YARA_SETS] = {0};
    struct platform_names part[YARA_SETS] = {0};
    struct yara_report report; /* what is bad has been told */
    enum vg_err err = VG_OK;

    for (int i = 0; i < YARA_SETS; i++)
        if ((part[i].name = calloc(names->count + 1, sizeof(part[i].name[0]))) == NULL)
            err = VG_ERR_NOMEM;
    for (size_t i = 0; err == VG_OK && i < names->count; i++) {
        struct platform_names *p;

        if (!yara_is_file(names->name[i]))
            continue;
        p = &part[lacks_needs(all, names->name[i]) ? YARA_SET_OPEN : YARA_SET_GATED];
        p->name[p->count++] = names->name[i];
    }
    for (int i = 0; i < YARA_SETS && err == VG_OK; i++) {
        err = compile_set(&part[i], folder, &report, &both[i]);
        if (err == VG_ERR_NOENT) /* none of this kind, or only bad ones */
            err = VG_OK;
    }
    for (int i = 0; i < YARA_SETS; i++) {
        if (err == VG_OK) {
            yara_set_done(&set[i]);
            set[i] = both[i];
        } else {
            yara_set_done(&both[i]);
        }
        free(part[i].name); /* the names are borrowed */
    }
    return err;
}

enum vg_err
yara_compile_folder(const char *folder, struct yara_set out[YARA_SETS], struct yara_report *report)
{
    struct yara_set *all = &out[YARA_SET_GATED];
    struct platform_names names = {0};
    YR_RULE *rule;
    enum vg_err err = platform_folder_list(folder, YARA_FILES_MAX, &names);

    if (err != VG_OK)
        return VG_ERR_NOENT;
    err = compile_set(&names, folder, report, all);
    if (err == VG_OK) {
        yr_rules_foreach(all->compiled, rule)
        {
            report->rules++;
        }
        report->without_needs = yara_gate_without_needs(all->gate);
        if (report->without_needs > 0)
            err = split_sets(&names, folder, out);
    }
    platform_names_free(&names);
    return err;
}

enum vg_err
yara_compile_file(const char *folder, const char *name, YR_RULES **out)
{
    char copy[256], *one = copy;
    struct platform_names names = {.name = &one, .count = 1};
    struct yara_report report;

    return vg_strcpy(copy, sizeof(copy), name) ? compile_files(&names, folder, true, &report, out)
                                               : VG_ERR_NOENT;
}
