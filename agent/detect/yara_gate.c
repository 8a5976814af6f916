/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/yara_gate.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"

enum {
    GRAM = 3,
    HASH_BITS = 16,
    HEADS = 4096,
    STRIDE_MAX = 4,
    LONG_TEXT = 4, /* a shorter text is looked for at each byte */
    PAIRS = 1 << 16,
    TEXTS_BYTES_MAX = YARA_NEEDS_TEXTS_MAX * 2 * YARA_NEEDS_TEXT_MAX,
    FOLD = 0x20, /* makes small letters of capitals; what else falls together only costs a scan */
};

struct text { /* one that a rule needs, folded; a short one only small letters */
    const uint8_t *at;
    size_t start; /* in `bytes` */
    uint16_t len, rule;
    uint8_t clause;
    bool wide; /* NUL after each letter */
};

struct gram {            /* three bytes of a text */
    uint32_t begins;     /* the text's first four: most others of the chain differ in them */
    uint16_t next, text; /* next: 1 + its number, 0: the last of its chain */
    uint8_t back;        /* where they stand in the text */
};

struct yara_gate {
    uint8_t bits[(1 << HASH_BITS) / 8]; /* which hashes any gram has */
    /* Chains of grams. Folded, those of wide texts are letters and spaces, of which all texts are full: they
     * are looked through only where there are NULs. */
    uint16_t head[HEADS], wide_head[HEADS];
    struct buf bytes; /* all texts */
    struct text *text;
    struct gram *gram;
    size_t text_count, gram_count, rule_count, without_needs, stride;
    bool shared;              /* all but `seen` and `open` is another's */
    uint8_t *asked, *seen;    /* clauses of each rule, as bits */
    uint8_t *set;             /* of each rule */
    uint64_t all, always;     /* sets; those with a rule that says nothing */
    uint64_t open;            /* sets of which a rule has all that it needs */
    uint8_t *pairs;           /* which two bytes a short text begins with; NULL: none is short */
    uint16_t short_head[256]; /* short texts by their first byte, folded: 1 + number, 0: none */
    uint16_t *short_next;     /* of each text */
};

/* Of the three lowest bytes, folded. */
static inline uint32_t
gram_hash(uint32_t gram)
{
    return ((gram & 0xffffffu) * 0x9e3779b1u) >> (32 - HASH_BITS);
}

/* Written out so that compilers make one load of it. */
static inline uint32_t
gram_at(const uint8_t *at)
{
    return ((uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16) | FOLD * 0x10101u;
}

static inline uint32_t
pair_at(const uint8_t *at)
{
    return ((uint32_t)at[0] | (uint32_t)at[1] << 8) | FOLD * 0x101u;
}

static inline uint32_t
quad_at(const uint8_t *at)
{
    return ((uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
            (uint32_t)at[3] << 24) |
           FOLD * 0x01010101u;
}

static inline uint64_t
word_at(const uint8_t *at)
{
    return ((uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24 |
            (uint64_t)at[4] << 32 | (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48 |
            (uint64_t)at[7] << 56) |
           UINT64_C(0x0101010101010101) * FOLD;
}

static inline bool
hash_known(const struct yara_gate *g, uint32_t hash)
{
    return (g->bits[hash / 8] >> hash % 8 & 1) != 0;
}

/* ---- building ---- */

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

/* ---- looking ---- */

static bool
text_at(const struct text *t, const uint8_t *at)
{
    for (size_t i = 0; i < t->len; i++)
        if ((at[i] | FOLD) != t->at[i])
            return false;
    return true;
}

/* Exactly but for the case of letters: "{{" is not "[{", which stands in all JSON. */
static bool
short_at(const struct text *t, const uint8_t *at)
{
    for (size_t i = 0; i < t->len; i++) {
        uint8_t c = (uint8_t)(at[i] >= 'A' && at[i] <= 'Z' ? at[i] | FOLD : at[i]);

        if (c != t->at[i] && (c != '|' || t->at[i] != '\\'))
            return false;
    }
    return true;
}

/* Whether there is nothing more to learn from the text: it, or its rule's set, was there before. */
static inline bool
noted(const struct yara_gate *g, const struct text *t)
{
    return (g->seen[t->rule] >> t->clause & 1) != 0 || (g->open >> g->set[t->rule] & 1) != 0;
}

/* Whether all sets are open now. */
static bool
note(struct yara_gate *g, const struct text *t)
{
    g->seen[t->rule] |= (uint8_t)(1u << t->clause);
    if (g->seen[t->rule] == g->asked[t->rule])
        g->open |= UINT64_C(1) << g->set[t->rule];
    return g->open == g->all;
}

/* Notes the texts around the gram at `at`, of which `before` and `after` bytes may be read; whether
 * all sets are open now. */
static bool
look_along(struct yara_gate *g, const uint8_t *at, size_t before, size_t after, uint16_t chain)
{
    for (uint16_t n = chain; n > 0; n = g->gram[n - 1].next) {
        const struct gram *gram = &g->gram[n - 1];
        const struct text *t;

        if (gram->back > before || LONG_TEXT - (size_t)gram->back > after ||
            quad_at(at - gram->back) != gram->begins)
            continue;
        t = &g->text[gram->text];
        if ((size_t)(t->len - gram->back) <= after && !noted(g, t) && text_at(t, at - gram->back) &&
            note(g, t))
            return true;
    }
    return false;
}

static bool
look_closer(struct yara_gate *g, const uint8_t *at, size_t before, size_t after, uint32_t hash)
{
    bool wide = at[1] == 0 || (at[0] == 0 && at[2] == 0);

    return look_along(g, at, before, after, g->head[hash % HEADS]) ||
           (wide && look_along(g, at, before, after, g->wide_head[hash % HEADS]));
}

/* From `i` on, each word with as many grams as it has; compiled for each stride by itself. */
static inline bool
look_by_words(struct yara_gate *g, const uint8_t *at, size_t len, size_t stride)
{
    enum { WORD = sizeof(uint64_t) };
    const size_t grams = (WORD - GRAM) / stride + 1;
    size_t i = 0;

    for (; i + WORD <= len; i += grams * stride) {
        uint64_t word = word_at(at + i);

        for (size_t k = 0; k < grams; k++) {
            uint32_t hash = gram_hash((uint32_t)(word >> 8 * k * stride));
            size_t place = i + k * stride;

            if (hash_known(g, hash) && look_closer(g, at + place, place, len - place, hash))
                return true;
        }
    }
    for (; i + GRAM <= len; i += stride) {
        uint32_t hash = gram_hash(gram_at(at + i));

        if (hash_known(g, hash) && look_closer(g, at + i, i, len - i, hash))
            return true;
    }
    return false;
}

static bool
look_for_shorts(struct yara_gate *g, const uint8_t *at, size_t len)
{
    for (size_t i = 0; i + 1 < len; i++) {
        uint32_t pair = pair_at(at + i);

        if ((g->pairs[pair / 8] >> pair % 8 & 1) == 0)
            continue;
        for (uint16_t n = g->short_head[pair & 0xff]; n > 0; n = g->short_next[n - 1]) {
            const struct text *t = &g->text[n - 1];

            if (t->len <= len - i && !noted(g, t) && short_at(t, at + i) && note(g, t))
                return true;
        }
    }
    return false;
}

void
yara_gate_begin(struct yara_gate *g)
{
    memset(g->seen, 0, g->rule_count);
    g->open = g->always;
}

uint64_t
yara_gate_open(const struct yara_gate *g)
{
    return g->open;
}

uint64_t
yara_gate_lets(struct yara_gate *g, struct slice bytes)
{
    yara_gate_begin(g);
    (void)yara_gate_more(g, bytes);
    return g->open;
}

bool
yara_gate_more(struct yara_gate *g, struct slice bytes)
{
    size_t len = bytes.left;
    const uint8_t *at = slice_take(&bytes, len);

    if (g->open == g->all)
        return true;
    if (g->pairs != NULL && look_for_shorts(g, at, len))
        return true;
    switch (g->stride) {
    case 2:
        return look_by_words(g, at, len, 2);
    case 3:
        return look_by_words(g, at, len, 3);
    default:
        return look_by_words(g, at, len, STRIDE_MAX);
    }
}
