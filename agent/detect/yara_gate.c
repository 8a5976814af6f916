/* SPDX-License-Identifier: Apache-2.0 */
/* A gate from what the rules say that they need. */
#include "agent/detect/yara_gate_private.h"

#include <stdlib.h>
#include <string.h>

enum {
    WIDE_TEXT = 4, /* a shorter one is not looked for wide */
    PAIRS = 1 << 16,
    TEXTS_BYTES_MAX = YARA_NEEDS_TEXTS_MAX * 2 * YARA_NEEDS_TEXT_MAX,
};

static bool
text_put(struct yara_gate *g, struct slice from, bool wide, size_t rule, uint8_t clause)
{
    bool exact = !wide && from.left < LONG_TEXT;
    struct text *t = &g->text[g->text_count];

    if (g->text_count == YARA_NEEDS_TEXTS_MAX)
        return false;
    *t = (struct text){.start = g->bytes.len,
                       .rule = (uint16_t)rule,
                       .clause = clause,
                       .wide = wide,
                       .later = from.left * (1 + wide) < LONG_TEXT &&
                                (g->first[rule] >> clause & 1) == 0};
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

/* Whether anything that the rule looks for can be wide: a hexadecimal string may spell it out. */
static bool
rule_is_wide(YR_RULE *rule)
{
    YR_STRING *string;

    yr_rule_strings_foreach(rule, string)
    {
        if (STRING_IS_WIDE(string) || STRING_IS_HEX(string))
            return true;
    }
    return rule->strings == NULL; /* its condition looks at bytes itself */
}

/* False where there is no room. */
static bool
clause_put(struct yara_gate *g, const char *list, size_t rule, bool wide, uint8_t clause)
{
    for (;;) {
        size_t len = strcspn(list, "|");

        if (!text_put(g, slice_of(list, len), false, rule, clause))
            return false;
        if (wide && len >= WIDE_TEXT && !text_put(g, slice_of(list, len), true, rule, clause))
            return false;
        if (len >= LONG_TEXT && len - QUAD + 1 < g->stride)
            g->stride = len - QUAD + 1;
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
holds_short(const char *list)
{
    for (;; list++) {
        size_t len = strcspn(list, "|");

        if (len < LONG_TEXT)
            return true;
        list += len;
        if (*list == '\0')
            return false;
    }
}

/* As bits: the clauses of a rule, and those with a short text. */
static bool
rule_asks(YR_RULE *rule, uint8_t *asked, uint8_t *shorts)
{
    unsigned clauses = 0;
    YR_META *meta;

    *shorts = 0;
    yr_rule_metas_foreach(rule, meta)
    {
        bool begins;
        const char *list = needs_of(meta, &begins);

        if (list == NULL)
            continue;
        clauses += begins;
        if (clauses == 0 || clauses > YARA_NEEDS_CLAUSES_MAX || !clause_usable(list))
            return false;
        if (holds_short(list))
            *shorts |= (uint8_t)(1u << (clauses - 1));
    }
    *asked = (uint8_t)((1u << clauses) - 1);
    return clauses > 0;
}

bool
yara_gate_asked(YR_RULES *rules)
{
    uint8_t asked, shorts;
    YR_RULE *rule;

    yr_rules_foreach(rules, rule)
    {
        if (!rule_asks(rule, &asked, &shorts))
            return false;
    }
    return true;
}

/* False: the rule says nothing usable, or there is no room. */
static bool
rule_put(struct yara_gate *g, YR_RULE *rule, size_t number)
{
    bool wide = rule_is_wide(rule);
    uint8_t clauses = 0, asked, shorts;
    YR_META *meta;

    g->most[number] = UINT64_MAX;
    if (number > UINT16_MAX || !rule_asks(rule, &asked, &shorts))
        return false;
    g->asked[number] = asked;
    g->first[number] = asked & (uint8_t)~shorts;
    if (g->first[number] == 0)
        g->first[number] = asked; /* nothing comes before its short ones */
    yr_rule_metas_foreach(rule, meta)
    {
        bool begins;
        const char *list = needs_of(meta, &begins);

        if (meta->type == META_TYPE_INTEGER && strcmp(meta->identifier, "max_bytes") == 0)
            g->most[number] = meta->integer > 0 ? (uint64_t)meta->integer : 0;
        if (list == NULL)
            continue;
        clauses = (uint8_t)(clauses + begins);
        if (!clause_put(g, list, number, wide, clauses - 1))
            return false;
    }
    return true;
}

static void
short_put(struct yara_gate *g, size_t i)
{
    const struct text *t = &g->text[i];
    uint32_t pair = pair_at(t->at);
    uint16_t *head = &g->short_head[pair_hash(pair)];

    g->pairs[pair / 8] |= (uint8_t)(1u << pair % 8);
    g->short_next[i] = *head;
    *head = (uint16_t)(i + 1);
}

/* How seldom four folded bytes stand in pages and programs: higher is rarer. The letters by their order
 * in Spanish and English, with what markup and code are full of; a NUL is a space here. Bytes that are
 * not ASCII are in no rare ones: all that is not of text can then be passed over. */
static unsigned
rarity(const uint8_t *at)
{
    static const char common[] = " eatoinsrlcdpmu=\"-./hg:fb0v;,1<>w2x3'(y";
    unsigned sum = 1;

    for (size_t i = 0; i < QUAD; i++)
        if (!is_of_text(at[i]))
            return 0;
    for (size_t i = 0; i < QUAD; i++) {
        const char *place = memchr(common, at[i], sizeof(common) - 1);

        sum += (unsigned)(place != NULL ? place - common : (ptrdiff_t)sizeof(common));
    }
    return sum;
}

static void
gram_put(struct yara_gate *g, size_t text, size_t back)
{
    const struct text *t = &g->text[text];
    uint32_t quad = quad_at(t->at + back), hash = quad_hash(quad);
    uint16_t *head = &g->head[hash % HEADS];

    g->gram[g->gram_count] =
        (struct gram){.quad = quad, .next = *head, .text = (uint16_t)text, .back = (uint8_t)back};
    *head = (uint16_t)++g->gram_count;
    g->odd |= rarity(t->at + back) == 0;
    g->bits[hash / 8] |= (uint8_t)(1u << hash % 8);
    hash = more_hash(quad);
    g->more[hash / 8] |= (uint8_t)(1u << hash % 8);
}

/* Wherever the text stands, one of its grams is looked up: the rarest of each remainder. */
static void
grams_put(struct yara_gate *g)
{
    for (size_t i = 0; i < g->text_count; i++) {
        struct text *t = &g->text[i];

        t->at = g->bytes.data + t->start;
        if (t->len < LONG_TEXT) {
            if (!t->later)
                short_put(g, i);
            continue;
        }
        for (size_t first = 0; first < g->stride; first++) {
            size_t best = first;

            for (size_t back = first + g->stride; back + QUAD <= t->len; back += g->stride)
                if (rarity(t->at + back) > rarity(t->at + best))
                    best = back;
            gram_put(g, i, best);
        }
    }
}

/* Room for them, where there are any. */
static bool
shorts_ready(struct yara_gate *g)
{
    for (size_t i = 0; i < g->text_count; i++) {
        if (g->text[i].len >= LONG_TEXT || g->text[i].later)
            continue;
        g->pairs = calloc(PAIRS / 8, 1);
        g->short_next = calloc(g->text_count, sizeof(*g->short_next));
        return g->pairs != NULL && g->short_next != NULL;
    }
    return true;
}

enum vg_err
yara_gate_new(struct yara_gate **out)
{
    struct yara_gate *g = calloc(1, sizeof(*g));

    if (g == NULL)
        return VG_ERR_NOMEM;
    buf_init(&g->bytes, TEXTS_BYTES_MAX);
    g->stride = STRIDE_MAX;
    g->text = calloc(YARA_NEEDS_TEXTS_MAX, sizeof(*g->text));
    if (g->text == NULL) {
        yara_gate_free(g);
        return VG_ERR_NOMEM;
    }
    *out = g;
    return VG_OK;
}

static bool
grow(void *array, size_t count, size_t size)
{
    void **at = array, *more = reallocarray(*at, count, size);

    if (more != NULL)
        *at = more;
    return more != NULL;
}

enum vg_err
yara_gate_add(struct yara_gate *g, YR_RULES *rules)
{
    size_t count = g->rule_count + rules->num_rules, set = g->set_count++;
    YR_RULE *rule;

    /* One more than there are: a set may be without rules. */
    if (!grow(&g->asked, count + 1, sizeof(*g->asked)) ||
        !grow(&g->first, count + 1, sizeof(*g->first)) ||
        !grow(&g->seen, count + 1, sizeof(*g->seen)) ||
        !grow(&g->set, count + 1, sizeof(*g->set)) || !grow(&g->most, count + 1, sizeof(*g->most)))
        return VG_ERR_NOMEM;
    g->all |= UINT64_C(1) << set;
    yr_rules_foreach(rules, rule)
    {
        size_t number = g->rule_count++;

        g->set[number] = (uint8_t)set;
        if (!rule_put(g, rule, number)) {
            g->asked[number] = 0xff; /* texts that found room do not speak for the rest */
            g->without_needs++;
            g->always |= UINT64_C(1) << set;
        }
    }
    return g->bytes.bad ? VG_ERR_NOMEM : VG_OK;
}

enum vg_err
yara_gate_ready(struct yara_gate *g)
{
    g->gram = calloc(g->text_count * g->stride + 1, sizeof(*g->gram));
    if (g->gram == NULL || !shorts_ready(g))
        return VG_ERR_NOMEM;
    grams_put(g);
    return VG_OK;
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
        free(g->first);
        free(g->set);
        free(g->most);
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
