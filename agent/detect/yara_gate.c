/* SPDX-License-Identifier: Apache-2.0 */
/* A gate from what the rules say that they need. */
#include "agent/detect/yara_gate_private.h"

#include <stdlib.h>
#include <string.h>

enum {
    PAIRS = 1 << 16,
    TEXTS_BYTES_MAX = YARA_NEEDS_TEXTS_MAX * 2 * YARA_NEEDS_TEXT_MAX,
};

static bool
text_put(struct yara_gate *g, struct slice from, bool wide, size_t rule, uint8_t clause)
{
    bool exact = from.left < LONG_TEXT;
    struct text *t = &g->text[g->text_count];

    if (g->text_count == YARA_NEEDS_TEXTS_MAX)
        return false;
    *t = (struct text){
        .start = g->bytes.len, .rule = (uint16_t)rule, .clause = clause, .wide = wide};
    while (from.left > 0) {
        uint8_t c = slice_u8(&from);

        buf_put_u8(&g->bytes, exact && (c < 'A' || c > 'Z') ? c : c | FOLD);
        if (wide && from.left > 0)
            buf_put_u8(&g->bytes, FOLD);
    }
    t->len = (uint16_t)(g->bytes.len - t->start);
    g->text_count++;
    return !g->bytes.bad;
}

/* One "a|b|c": whether each text has a length that can be looked for. */
static bool
clause_usable(const char *list)
{
    for (;;) {
        size_t len = strcspn(list, "|");

        if (len < YARA_NEEDS_TEXT_MIN || len > YARA_NEEDS_TEXT_MAX)
            return false;
        if (list[len] == '\0')
            return true;
        list += len + 1;
    }
}

/* False where there is no room. */
static bool
clause_put(struct yara_gate *g, const char *list, size_t rule, uint8_t clause)
{
    for (;;) {
        size_t len = strcspn(list, "|");

        if (!text_put(g, slice_of(list, len), false, rule, clause))
            return false;
        if (len >= LONG_TEXT) {
            if (!text_put(g, slice_of(list, len), true, rule, clause))
                return false;
            if (len - LONG_TEXT + 2 < g->stride)
                g->stride = len - LONG_TEXT + 2;
        }
        if (list[len] == '\0')
            return true;
        list += len + 1;
    }
}

/* A meta as a part of what its rule needs; NULL: it is none. */
static const char *
needs_of(const YR_META *meta, bool *begins)
{
    if (meta->type != META_TYPE_STRING)
        return NULL;
    *begins = strcmp(meta->identifier, "needs") == 0;
    return *begins || strcmp(meta->identifier, "or_needs") == 0 ? meta->string : NULL;
}

static bool
rule_asks(YR_RULE *rule)
{
    unsigned clauses = 0;
    YR_META *meta;

    yr_rule_metas_foreach(rule, meta)
    {
        bool begins;
        const char *list = needs_of(meta, &begins);

        if (list == NULL)
            continue;
        clauses += begins;
        if (clauses == 0 || clauses > YARA_NEEDS_CLAUSES_MAX || !clause_usable(list))
            return false;
    }
    return clauses > 0;
}

bool
yara_gate_asked(YR_RULES *rules)
{
    YR_RULE *rule;

    yr_rules_foreach(rules, rule)
    {
        if (!rule_asks(rule))
            return false;
    }
    return true;
}

/* False: the rule says nothing usable, or there is no room. */
static bool
rule_put(struct yara_gate *g, YR_RULE *rule, size_t number)
{
    uint8_t clauses = 0;
    YR_META *meta;

    if (number > UINT16_MAX || !rule_asks(rule))
        return false;
    yr_rule_metas_foreach(rule, meta)
    {
        bool begins;
        const char *list = needs_of(meta, &begins);

        if (list == NULL)
            continue;
        clauses = (uint8_t)(clauses + begins);
        if (!clause_put(g, list, number, clauses - 1))
            return false;
    }
    g->asked[number] = (uint8_t)((1u << clauses) - 1);
    return true;
}

static void
short_put(struct yara_gate *g, size_t i)
{
    const struct text *t = &g->text[i];
    uint32_t pair = pair_at(t->at);

    g->pairs[pair / 8] |= (uint8_t)(1u << pair % 8);
    g->short_next[i] = g->short_head[pair & 0xff];
    g->short_head[pair & 0xff] = (uint16_t)(i + 1);
}

static void
grams_put(struct yara_gate *g)
{
    for (size_t i = 0; i < g->text_count; i++) {
        struct text *t = &g->text[i];

        t->at = g->bytes.data + t->start;
        if (t->len < LONG_TEXT) {
            short_put(g, i);
            continue;
        }
        for (size_t back = 0; back < g->stride; back++) {
            uint32_t hash = gram_hash(gram_at(t->at + back));
            uint16_t *head = t->wide ? &g->wide_head[hash % HEADS] : &g->head[hash % HEADS];

            g->gram[g->gram_count] = (struct gram){.begins = quad_at(t->at),
                                                   .next = *head,
                                                   .text = (uint16_t)i,
                                                   .back = (uint8_t)back};
            *head = (uint16_t)++g->gram_count;
            g->bits[hash / 8] |= (uint8_t)(1u << hash % 8);
        }
    }
}

/* Room for them, where there are any. */
static bool
shorts_ready(struct yara_gate *g)
{
    for (size_t i = 0; i < g->text_count; i++) {
        if (g->text[i].len >= LONG_TEXT)
            continue;
        g->pairs = calloc(PAIRS / 8, 1);
        g->short_next = calloc(g->text_count, sizeof(*g->short_next));
        return g->pairs != NULL && g->short_next != NULL;
    }
    return true;
}

static void
rules_put(struct yara_gate *g, YR_RULES *rules, unsigned set, size_t *number)
{
    YR_RULE *rule;

    yr_rules_foreach(rules, rule)
    {
        g->set[*number] = (uint8_t)set;
        if (!rule_put(g, rule, *number)) {
            g->asked[*number] = 0xff; /* texts that found room do not speak for the rest */
            g->without_needs++;
            g->always |= UINT64_C(1) << set;
        }
        (*number)++;
    }
}

enum vg_err
yara_gate_new(YR_RULES *const *sets, size_t count, struct yara_gate **out)
{
    struct yara_gate *g = calloc(1, sizeof(*g));
    size_t number = 0;

    if (g == NULL)
        return VG_ERR_NOMEM;
    buf_init(&g->bytes, TEXTS_BYTES_MAX);
    g->stride = STRIDE_MAX;
    for (size_t i = 0; i < count; i++) {
        g->rule_count += sets[i]->num_rules;
        g->all |= UINT64_C(1) << i;
    }
    g->text = calloc(YARA_NEEDS_TEXTS_MAX, sizeof(*g->text));
    g->asked = calloc(g->rule_count + 1, 1);
    g->seen = calloc(g->rule_count + 1, 1);
    g->set = calloc(g->rule_count + 1, 1);
    if (g->text == NULL || g->asked == NULL || g->seen == NULL || g->set == NULL)
        goto fail;
    for (size_t i = 0; i < count; i++)
        rules_put(g, sets[i], (unsigned)i, &number);
    g->gram = calloc(g->text_count * g->stride + 1, sizeof(*g->gram));
    if (g->gram == NULL || g->bytes.bad || !shorts_ready(g))
        goto fail;
    grams_put(g);
    *out = g;
    return VG_OK;
fail:
    yara_gate_free(g);
    return VG_ERR_NOMEM;
}

void
yara_gate_free(struct yara_gate *g)
{
    if (g == NULL)
        return;
    free(g->seen);
    if (!g->shared) {
        buf_done(&g->bytes);
        free(g->text);
        free(g->gram);
        free(g->asked);
        free(g->set);
        free(g->pairs);
        free(g->short_next);
    }
    free(g);
}

enum vg_err
yara_gate_share(const struct yara_gate *of, struct yara_gate **out)
{
    struct yara_gate *g = malloc(sizeof(*g));

    if (g == NULL)
        return VG_ERR_NOMEM;
    *g = *of;
    g->shared = true;
    g->seen = calloc(g->rule_count + 1, 1);
    if (g->seen == NULL) {
        yara_gate_free(g);
        return VG_ERR_NOMEM;
    }
    *out = g;
    return VG_OK;
}

size_t
yara_gate_without_needs(const struct yara_gate *g)
{
    return g->without_needs;
}
