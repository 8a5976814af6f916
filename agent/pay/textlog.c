/* SPDX-License-Identifier: Apache-2.0 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "agent/pay/textlog.h"

#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>

enum { PATTERNS_MAX = 32, GROUPS_MAX = 40 };

struct pattern {
    pcre2_code *code;
    bool ignored;
    size_t group_count;
    struct {
        uint32_t number;
        uint8_t slot;
    } group[GROUPS_MAX];
};

struct textlog {
    struct pattern pattern[PATTERNS_MAX];
    size_t count;
    pcre2_match_context *limits;
    pcre2_match_data *match;
};

void
textlog_free(struct textlog *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; i < t->count; i++)
        pcre2_code_free(t->pattern[i].code);
    pcre2_match_data_free(t->match);
    pcre2_match_context_free(t->limits);
    free(t);
}

/* The name table of a pattern: entries of `size` bytes, a big-endian group number and the name. */
static enum vg_err
groups_name(struct pattern *p, struct names *names)
{
    uint32_t count = 0, size = 0;
    PCRE2_SPTR table = NULL;
    struct slice rows;

    (void)pcre2_pattern_info(p->code, PCRE2_INFO_NAMECOUNT, &count);
    (void)pcre2_pattern_info(p->code, PCRE2_INFO_NAMEENTRYSIZE, &size);
    (void)pcre2_pattern_info(p->code, PCRE2_INFO_NAMETABLE, &table);
    if (count > GROUPS_MAX)
        return VG_ERR_LIMIT;
    rows = slice_of(table, (size_t)count * size);
    for (uint32_t i = 0; i < count; i++) {
        struct slice row = slice_sub(&rows, size);
        uint16_t number = slice_be16(&row);
        enum vg_err err = names_add(names, str_of((const char *)row.at), &p->group[i].slot);

        if (err != VG_OK)
            return err;
        p->group[i].number = number;
    }
    p->group_count = count;
    return VG_OK;
}

static enum vg_err
pattern_add(struct textlog *t, const char *text, bool ignored, struct names *names,
            char why[TEXTLOG_WHY_MAX])
{
    struct pattern *p = &t->pattern[t->count];
    PCRE2_SIZE at = 0;
    int code = 0;

    if (t->count == PATTERNS_MAX) {
        (void)snprintf(why, TEXTLOG_WHY_MAX, "more than %d patterns", PATTERNS_MAX);
        return VG_ERR_CONFIG;
    }
    p->code =
        pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
                      PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C, &code, &at, NULL);
    if (p->code == NULL) {
        PCRE2_UCHAR message[100] = {0};

        (void)pcre2_get_error_message(code, message, sizeof message);
        (void)snprintf(why, TEXTLOG_WHY_MAX, "pattern, character %zu: %s", (size_t)at + 1,
                       (const char *)message);
        return VG_ERR_CONFIG;
    }
    t->count++;
    p->ignored = ignored;
    if (!ignored && groups_name(p, names) != VG_OK) {
        (void)snprintf(why, TEXTLOG_WHY_MAX, "too many named groups in a pattern");
        return VG_ERR_CONFIG;
    }
    return VG_OK;
}

enum vg_err
textlog_new(const char *const *patterns, size_t pattern_count, const char *const *ignored,
            size_t ignored_count, struct names *names, struct textlog **out,
            char why[TEXTLOG_WHY_MAX])
{
    struct textlog *t = calloc(1, sizeof *t);
    enum vg_err err = VG_ERR_NOMEM;

    why[0] = '\0';
    if (t == NULL)
        return err;
    t->limits = pcre2_match_context_create(NULL);
    t->match = pcre2_match_data_create(GROUPS_MAX + 1, NULL);
    if (t->limits == NULL || t->match == NULL)
        goto fail;
    (void)pcre2_set_match_limit(t->limits, TEXTLOG_STEPS_MAX);
    (void)pcre2_set_depth_limit(t->limits, TEXTLOG_DEPTH_MAX);
    (void)pcre2_set_heap_limit(t->limits, TEXTLOG_HEAP_KIB);
    for (size_t i = 0; i < ignored_count; i++) {
        err = pattern_add(t, ignored[i], true, names, why);
        if (err != VG_OK)
            goto fail;
    }
    for (size_t i = 0; i < pattern_count; i++) {
        err = pattern_add(t, patterns[i], false, names, why);
        if (err != VG_OK)
            goto fail;
    }
    *out = t;
    return VG_OK;
fail:
    textlog_free(t);
    return err;
}

static void
groups_read(const struct pattern *p, pcre2_match_data *match, struct slice line, int count,
            struct values *out)
{
    const PCRE2_SIZE *pair = pcre2_get_ovector_pointer(match);

    for (size_t i = 0; i < p->group_count; i++) {
        uint32_t n = p->group[i].number;

        if ((int)n >= count || pair[2 * n] == PCRE2_UNSET)
            continue;
        out->value[p->group[i].slot] = bytes_part(line, pair[2 * n], pair[2 * n + 1]);
        out->present[p->group[i].slot] = true;
    }
}

enum vg_err
textlog_read(struct textlog *t, struct slice line, struct values *out)
{
    for (size_t i = 0; i < t->count; i++) {
        const struct pattern *p = &t->pattern[i];
        int count = pcre2_match(p->code, (PCRE2_SPTR)line.at, line.left, 0, 0, t->match, t->limits);

        if (count == PCRE2_ERROR_NOMATCH)
            continue;
        if (count == PCRE2_ERROR_MATCHLIMIT || count == PCRE2_ERROR_DEPTHLIMIT ||
            count == PCRE2_ERROR_HEAPLIMIT)
            return VG_ERR_LIMIT;
        if (count < 0)
            return VG_ERR_FORMAT;
        if (p->ignored)
            return VG_END;
        if (count == 0)
            count = GROUPS_MAX + 1;
        groups_read(p, t->match, line, count, out);
        return VG_OK;
    }
    return VG_ERR_FORMAT;
}
