/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/yara.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yara.h>

#include "agent/detect/yara_compile.h"
#include "agent/detect/yara_gate.h"

struct yara_rules {
    bool initialized, shared; /* shared: what is compiled is another's */
    struct yara_sets sets;
    YR_SCANNER *scanner[YARA_SETS_MAX]; /* made at the first scan; libyara clears it after each */
    uint8_t *block; /* YARA_BLOCK + YARA_OVERLAP bytes, made at the first long source */
};

enum vg_err
yara_load(const char *folder, struct yara_rules **out, struct yara_report *report)
{
    struct yara_rules *rules = calloc(1, sizeof(*rules));
    enum vg_err err = VG_ERR_NOMEM;

    *report = (struct yara_report){0};
    if (rules == NULL || yr_initialize() != ERROR_SUCCESS)
        goto fail;
    rules->initialized = true;
    /* No copies of matched bytes: they may hold what must not be kept. */
    if (yr_set_configuration_uint32(YR_CONFIG_MAX_MATCH_DATA, 0) != ERROR_SUCCESS)
        goto fail;
    err = yara_compile_folder(folder, &rules->sets, report);
    if (err != VG_OK)
        goto fail;
    *out = rules;
    return VG_OK;
fail:
    yara_free(rules);
    return err;
}

void
yara_free(struct yara_rules *rules)
{
    if (rules == NULL)
        return;
    for (size_t i = 0; i < rules->sets.packed.count; i++)
        if (rules->scanner[i] != NULL)
            yr_scanner_destroy(rules->scanner[i]);
    if (rules->shared)
        yara_gate_free(rules->sets.gate);
    else
        yara_sets_done(&rules->sets);
    if (rules->initialized)
        (void)yr_finalize();
    free(rules->block);
    free(rules);
}

enum vg_err
yara_share(struct yara_rules *of, struct yara_rules **out)
{
    struct yara_rules *rules = calloc(1, sizeof(*rules));
    enum vg_err err = rules != NULL ? VG_OK : VG_ERR_NOMEM;

    for (size_t i = 0; err == VG_OK && i < of->sets.packed.count; i++)
        err = yara_sets_open(&of->sets, i);
    if (err != VG_OK) {
        free(rules);
        return err;
    }
    rules->shared = true;
    rules->sets = of->sets;
    rules->sets.gate = NULL;
    err = yara_gate_share(of->sets.gate, &rules->sets.gate);
    if (err != VG_OK) {
        yara_free(rules);
        return err;
    }
    *out = rules;
    return VG_OK;
}

/* ---- matches ---- */

static void
take_metas(YR_RULE *rule, struct yara_match *m)
{
    YR_META *meta;

    yr_rule_metas_foreach(rule, meta)
    {
        if (meta->type != META_TYPE_STRING)
            continue;
        if (strcmp(meta->identifier, "severity") == 0)
            (void)(severity_parse(meta->string, &m->severity) == VG_OK);
        else if (strcmp(meta->identifier, "description_es") == 0)
            (void)vg_strcpy(m->description_es, sizeof(m->description_es), meta->string);
        else if (strcmp(meta->identifier, "description_en") == 0)
            (void)vg_strcpy(m->description_en, sizeof(m->description_en), meta->string);
        else if (strcmp(meta->identifier, "description") == 0 && m->description_en[0] == '\0')
            (void)vg_strcpy(m->description_en, sizeof(m->description_en), meta->string);
        else if (strcmp(meta->identifier, "reference") == 0)
            (void)vg_strcpy(m->reference, sizeof(m->reference), meta->string);
    }
    /* Rules from elsewhere have one description or none. */
    if (m->description_en[0] == '\0')
        (void)vg_strcpy(m->description_en, sizeof(m->description_en), rule->identifier);
    if (m->description_es[0] == '\0')
        (void)vg_strcpy(m->description_es, sizeof(m->description_es), m->description_en);
}

static void
take_strings(YR_SCAN_CONTEXT *context, YR_RULE *rule, struct yara_match *m)
{
    YR_STRING *string;

    yr_rule_strings_foreach(rule, string)
    {
        YR_MATCH *match = NULL;

        if (m->string_count == YARA_STRINGS_MAX)
            return;
        yr_string_matches_foreach(context, string, match)
        {
            struct yara_string *s = &m->string[m->string_count++];

            (void)vg_strcpy(s->id, sizeof(s->id), string->identifier);
            s->offset = (uint64_t)(match->base + match->offset);
            s->length = (uint32_t)match->match_length;
            break; /* the first place of each string is enough for a technician */
        }
    }
}

static int
on_scan(YR_SCAN_CONTEXT *context, int message, void *data, void *user)
{
    struct yara_result *out = user;
    YR_RULE *rule = data;
    struct yara_match *m;

    if (message != CALLBACK_MSG_RULE_MATCHING)
        return CALLBACK_CONTINUE;
    if (out->count == YARA_MATCHES_MAX) {
        out->more++;
        return CALLBACK_CONTINUE;
    }
    m = &out->match[out->count++];
    memset(m, 0, sizeof(*m));
    m->severity = SEVERITY_MEDIUM;
    (void)vg_strcpy(m->rule, sizeof(m->rule), rule->identifier);
    (void)vg_strcpy(m->file, sizeof(m->file), rule->ns->name);
    take_metas(rule, m);
    take_strings(context, rule, m);
    return CALLBACK_CONTINUE;
}

/* ---- scanning ---- */

/* Not the matches: they are many bytes, and those that are told are cleared one by one. */
static void
result_clear(struct yara_result *out)
{
    out->count = out->more = 0;
    out->timeout = out->scanned = false;
}

/* The scanner of a set, made ready; NULL without memory. */
static YR_SCANNER *
scanner_ready(struct yara_rules *rules, size_t set, int timeout_s, struct yara_result *out)
{
    YR_SCANNER **scanner = &rules->scanner[set];

    out->scanned = true;
    if (*scanner == NULL && (yara_sets_open(&rules->sets, set) != VG_OK ||
                             yr_scanner_create(rules->sets.set[set], scanner) != ERROR_SUCCESS)) {
        *scanner = NULL;
        return NULL;
    }
    yr_scanner_set_callback(*scanner, on_scan, out);
    yr_scanner_set_timeout(*scanner, timeout_s);
    /* Fast: of a string that the condition only asks for, the first place is enough, for us too. */
    yr_scanner_set_flags(*scanner, SCAN_FLAGS_NO_TRYCATCH | SCAN_FLAGS_FAST_MODE |
                                       SCAN_FLAGS_REPORT_RULES_MATCHING);
    return *scanner;
}

static enum vg_err
scan_result(int rc, struct yara_result *out)
{
    switch (rc) {
    case ERROR_SUCCESS:
        return VG_OK;
    case ERROR_SCAN_TIMEOUT:
    case ERROR_TOO_MANY_MATCHES:
        out->timeout = true;
        return VG_ERR_LIMIT;
    case ERROR_INSUFFICIENT_MEMORY:
        return VG_ERR_NOMEM;
    default:
        return VG_ERR_SYS;
    }
}

enum vg_err
yara_scan(struct yara_rules *rules, struct slice bytes, int timeout_s, struct yara_result *out)
{
    struct slice left = bytes;
    const uint8_t *at = slice_take(&left, bytes.left);
    uint64_t open = yara_gate_lets(rules->sets.gate, bytes);
    enum vg_err err = VG_OK;

    result_clear(out);
    for (size_t i = 0; i < rules->sets.packed.count && err == VG_OK; i++) {
        YR_SCANNER *scanner;

        if ((open >> i & 1) == 0)
            continue;
        scanner = scanner_ready(rules, i, timeout_s, out);
        if (scanner == NULL)
            err = VG_ERR_NOMEM;
        else if (at != NULL)
            err = scan_result(yr_scanner_scan_mem(scanner, at, bytes.left), out);
    }
    return err;
}

struct blocks {
    const struct yara_source *source;
    uint8_t *buffer;
    uint64_t next;
    YR_MEMORY_BLOCK block;
    uint64_t loaded; /* what the buffer holds; UINT64_MAX: nothing */
    enum vg_err failed;
};

static const uint8_t *
block_fetch(YR_MEMORY_BLOCK *block)
{
    struct blocks *b = block->context;
    size_t got = 0;

    if (b->loaded != block->base) {
        b->failed = b->source->read(b->source->ctx, block->base, b->buffer, block->size, &got);
        if (b->failed != VG_OK)
            return NULL;
        memset(b->buffer + got, 0, block->size - got); /* the file became shorter meanwhile */
        b->loaded = block->base;
    }
    return b->buffer;
}

static YR_MEMORY_BLOCK *
block_next(YR_MEMORY_BLOCK_ITERATOR *iterator)
{
    struct blocks *b = iterator->context;
    uint64_t left;

    iterator->last_error = ERROR_SUCCESS;
    if (b->next >= b->source->size || b->failed != VG_OK)
        return NULL;
    left = b->source->size - b->next;
    b->block.base = b->next;
    b->block.size = left < YARA_BLOCK + YARA_OVERLAP ? (size_t)left : YARA_BLOCK + YARA_OVERLAP;
    b->next += b->block.size == left ? left : YARA_BLOCK;
    return &b->block;
}

static YR_MEMORY_BLOCK *
block_first(YR_MEMORY_BLOCK_ITERATOR *iterator)
{
    ((struct blocks *)iterator->context)->next = 0;
    return block_next(iterator);
}

static uint64_t
blocks_size(YR_MEMORY_BLOCK_ITERATOR *iterator)
{
    return ((struct blocks *)iterator->context)->source->size;
}

static enum vg_err
scan_blocks(struct yara_rules *rules, size_t set, const struct yara_source *source, int timeout_s,
            struct yara_result *out)
{
    YR_SCANNER *scanner = scanner_ready(rules, set, timeout_s, out);
    struct blocks blocks = {.source = source, .loaded = UINT64_MAX};
    YR_MEMORY_BLOCK_ITERATOR iterator = {
        .context = &blocks, .first = block_first, .next = block_next, .file_size = blocks_size};
    enum vg_err err;

    if (scanner == NULL)
        return VG_ERR_NOMEM;
    blocks.buffer = rules->block;
    blocks.block.context = &blocks;
    blocks.block.fetch_data = block_fetch;
    err = scan_result(yr_scanner_scan_mem_blocks(scanner, &iterator), out);
    return blocks.failed != VG_OK ? blocks.failed : err;
}

/* One that fits into the buffer: read once. */
static enum vg_err
scan_short(struct yara_rules *rules, const struct yara_source *source, int timeout_s,
           struct yara_result *out)
{
    size_t got = 0;
    enum vg_err err = source->read(source->ctx, 0, rules->block, (size_t)source->size, &got);

    return err == VG_OK ? yara_scan(rules, slice_of(rules->block, got), timeout_s, out) : err;
}

/* The sets that the gate lets look at a long source; in pieces that stay in the processor's cache
 * between being read and looked at. */
static enum vg_err
look_at_pieces(struct yara_rules *rules, const struct yara_source *source, uint64_t *open)
{
    enum { PIECE = 256 * 1024 };
    struct yara_gate *gate = rules->sets.gate;
    enum vg_err err = VG_OK;
    bool all = false;

    yara_gate_begin(gate, source->size);
    for (uint64_t at = 0; !all && at < source->size && err == VG_OK; at += PIECE) {
        uint64_t left = source->size - at;
        size_t want = PIECE + YARA_NEEDS_OVERLAP, got = 0;

        if (left < want)
            want = (size_t)left;
        err = source->read(source->ctx, at, rules->block, want, &got);
        if (err == VG_OK)
            all = yara_gate_more(gate, slice_of(rules->block, got));
        if (got < want)
            break;
    }
    *open = yara_gate_open(gate);
    return err;
}

enum vg_err
yara_scan_source(struct yara_rules *rules, const struct yara_source *source, int timeout_s,
                 struct yara_result *out)
{
    uint64_t open = 0;
    enum vg_err err;

    result_clear(out);
    if (rules->block == NULL && (rules->block = malloc(YARA_BLOCK + YARA_OVERLAP)) == NULL)
        return VG_ERR_NOMEM;
    if (source->size <= YARA_BLOCK + YARA_OVERLAP)
        return scan_short(rules, source, timeout_s, out);
    err = look_at_pieces(rules, source, &open);
    for (size_t i = 0; i < rules->sets.packed.count && err == VG_OK; i++)
        if ((open >> i & 1) != 0)
            err = scan_blocks(rules, i, source, timeout_s, out);
    return err;
}

/* ---- records ---- */

void
yara_put_facts(const struct yara_match *match, json_t *facts)
{
    (void)json_object_set_new(facts, "rule", json_string(match->rule));
    (void)json_object_set_new(facts, "rules_file", json_string(match->file));
    (void)json_object_set_new(facts, "description_es", json_string(match->description_es));
    (void)json_object_set_new(facts, "description_en", json_string(match->description_en));
    (void)json_object_set_new(facts, "reference", json_string(match->reference));
    (void)json_object_set_new(facts, "strings", json_integer((json_int_t)match->string_count));
}

json_t *
yara_evidence(const struct yara_match *match, uint64_t base)
{
    json_t *strings = json_array();

    for (size_t i = 0; i < match->string_count; i++)
        (void)json_array_append_new(strings,
                                    json_pack("{s:s, s:I}", "id", match->string[i].id, "offset",
                                              (json_int_t)(base + match->string[i].offset)));
    return json_pack("{s:s, s:s, s:s, s:o}", "type", "yara", "rule", match->rule, "file",
                     match->file, "strings", strings);
}
