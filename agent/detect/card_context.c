/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/card_context.h"

#include "agent/detect/card_number.h"

enum {
    BEFORE_MAX = 40,  /* bytes before a number in which its name is looked for */
    BESIDE_MAX = 100, /* bytes around it in which date and code are looked for */
    GROUPED_MANY = 3,
    FOUND_MAX = 1000,
};

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
is_letter(char c)
{
    return lower(c) >= 'a' && lower(c) <= 'z';
}

static bool
is_word(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_';
}

/* `word` in lower case; `whole`: no letter before and behind. */
static bool
holds(struct str s, const char *word, bool whole)
{
    size_t n = strlen(word);

    for (size_t i = 0; i + n <= s.len; i++)
        if (str_eq_nocase(str_n(s.at + i, n), str_of(word)) &&
            (!whole ||
             ((i == 0 || !is_letter(s.at[i - 1])) && (i + n == s.len || !is_letter(s.at[i + n])))))
            return true;
    return false;
}

static struct str
around(struct str text, size_t from, size_t to)
{
    return str_n(text.at + from, to - from);
}

/* The last name in the text before a number: of "...&cardNumber=", "\"pan\": \"", "<PAN>". */
static struct str
last_name(struct str before)
{
    size_t end = before.len, from;

    while (end > 0 && !is_letter(before.at[end - 1]))
        end--;
    from = end;
    while (from > 0 && (is_word(before.at[from - 1]) || before.at[from - 1] == '-'))
        from--;
    return around(before, from, end);
}

static bool
ends_with(struct str s, const char *end)
{
    size_t n = strlen(end);

    return s.len >= n && str_eq_nocase(str_n(s.at + (s.len - n), n), str_of(end));
}

/* Ids of pages' "cards", of gift and loyalty cards, and what was made from a card. */
static bool
is_other_card(struct str name)
{
    static const char *const ends[] = {"id", "hash", "token", "time", "ts", "ref", "key"};

    for (size_t i = 0; i < VG_ARRAY_LEN(ends); i++)
        if (ends_with(name, ends[i]))
            return true;
    return holds(name, "gift", false) || holds(name, "loyal", false) || holds(name, "sim", true);
}

static bool
is_named(struct str before)
{
    static const char *const parts[] = {"card", "tarjeta", "ccnum", "cc_num", "cc-num", "ccno"};
    static const char *const words[] = {"cc", "pan", "visa", "mastercard", "amex", "tdc"};
    struct str name = last_name(before);

    if (is_other_card(name))
        return false;
    for (size_t i = 0; i < VG_ARRAY_LEN(parts); i++)
        if (holds(name, parts[i], false))
            return true;
    for (size_t i = 0; i < VG_ARRAY_LEN(words); i++)
        if (holds(name, words[i], true))
            return true;
    /* "tarjeta numero 4111..." */
    return holds(before, "tarjeta", true) || holds(before, "card number", false) ||
           holds(before, "credit card", false);
}

static bool
has_code_or_date(struct str beside)
{
    static const char *const words[] = {"cvv",   "cvv2",   "cvc",    "cvc2",        "exp",
                                        "vence", "expiry", "expira", "vencimiento", "expiration"};

    for (size_t i = 0; i < VG_ARRAY_LEN(words); i++)
        if (holds(beside, words[i], true))
            return true;
    return holds(beside, "expmonth", false) || holds(beside, "exp_", false) ||
           holds(beside, "expdate", false) || holds(beside, "security_code", false) ||
           holds(beside, "securitycode", false);
}

/* Not a part of a longer token, a path or a decimal number. */
static bool
stands_alone(struct str text, const struct card_place *p)
{
    char before = p->at > 0 ? text.at[p->at - 1] : ' ';
    char behind = p->end < text.len ? text.at[p->end] : ' ';

    /* "%20" and "%3D" end in what looks like a word */
    if (p->at >= 3 && text.at[p->at - 3] == '%')
        before = ' ';
    return !is_word(before) && memchr("-./", before, 3) == NULL && !is_word(behind) &&
           memchr("-/", behind, 2) == NULL;
}

/* 2 and more: a card. */
static unsigned
weigh(struct str text, const struct card_place *p)
{
    size_t from = p->at > BEFORE_MAX ? p->at - BEFORE_MAX : 0;
    size_t wide = p->at > BESIDE_MAX ? p->at - BESIDE_MAX : 0;
    size_t to = text.len - p->end > BESIDE_MAX ? p->end + BESIDE_MAX : text.len;

    return 2u * is_named(around(text, from, p->at)) + (p->groups > 1) +
           has_code_or_date(around(text, wide, to));
}

static void
last_four(struct str text, const struct card_place *p, char out[5])
{
    size_t n = 4;

    out[4] = '\0';
    for (size_t i = p->end; n > 0 && i > p->at; i--)
        if (text.at[i - 1] >= '0' && text.at[i - 1] <= '9')
            out[--n] = text.at[i - 1];
}

bool
card_in_context(struct str text, struct card_context *out)
{
    struct card_place p = {.at = 0};
    char last4[5], before[5] = "", grouped_first[5] = "";
    uint32_t grouped = 0;

    *out = (struct card_context){.last4 = ""};
    for (unsigned i = 0; i < FOUND_MAX && card_find(text.at, text.len, p.end, &p); i++) {
        if (!stands_alone(text, &p))
            continue;
        last_four(text, &p, last4);
        if (strcmp(last4, before) == 0)
            continue;
        memcpy(before, last4, sizeof(before));
        if (weigh(text, &p) >= 2) {
            if (out->count++ == 0)
                memcpy(out->last4, last4, sizeof(last4));
        } else if (p.groups == 4) {
            if (grouped++ == 0)
                memcpy(grouped_first, last4, sizeof(last4));
        }
    }
    if (out->count == 0 && grouped >= GROUPED_MANY) {
        out->count = grouped;
        memcpy(out->last4, grouped_first, sizeof(out->last4));
    }
    return out->count > 0;
}
