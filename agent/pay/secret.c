/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/secret.h"

enum { WORDS_MAX = 16, WORD_MAX = 24, CODE_MIN = 3, CODE_MAX = 6, BETWEEN_MAX = 4 };

/* One word that says it alone. What the networks call the code: CVV2 (Visa), CVC2 (Mastercard), CSC
 * and CID (American Express), CAV2 (JCB), CVN2 (UnionPay), CVE (Elo). */
static const char *const ALONE[] = {"cvv",          "cvv2",         "cvc",
                                    "cvc2",         "csc",          "cav2",
                                    "cvn",          "cvn2",         "cve2",
                                    "ccv",          "ccv2",         "cvvnumber",
                                    "cvvcode",      "cvccode",      "cardcvv",
                                    "cardcvc",      "cardcode",     "securitycode",
                                    "cardsecurity", "codseguridad", "codigoseguridad",
                                    "pin",          "nip",          "pinblock",
                                    "track1",       "track2",       "trackdata",
                                    "track2data",   "magstripe"};
/* Two words, those between passed over: "código de seguridad". */
static const char *const PAIRS[][2] = {{"security", "code"},     {"codigo", "seguridad"},
                                       {"cod", "seguridad"},     {"clave", "seguridad"},
                                       {"num", "seguridad"},     {"numero", "seguridad"},
                                       {"digitos", "seguridad"}, {"verification", "value"},
                                       {"verification", "code"}, {"codigo", "verificacion"},
                                       {"card", "cid"},          {"card", "code"},
                                       {"pin", "block"},         {"track", "data"},
                                       {"track", "1"},           {"track", "2"},
                                       {"pista", "1"},           {"pista", "2"},
                                       {"banda", "magnetica"}};
/* The outcome of a check, not the code. */
static const char *const RESULTS[] = {
    "check",  "checks",    "results",   "status", "match",      "matched",  "response", "resp",
    "result", "resultado", "respuesta", "estado", "validation", "presence", "present",  "indicator",
    "entry",  "type",      "tipo",      "try",    "verified",   "required", "failure",  "reason"};

struct words {
    size_t count;
    char word[WORDS_MAX][WORD_MAX];
};

static bool
is_word_in(const char *word, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(word, list[i]) == 0)
            return true;
    return false;
}

/* The lower-case letter of á, é, í, ó, ú, ñ in UTF-8 after 0xc3; 0 for others. */
static char
unaccented(uint8_t second)
{
    switch (second | 0x20) {
    case 0xa1:
        return 'a';
    case 0xa9:
        return 'e';
    case 0xad:
        return 'i';
    case 0xb3:
        return 'o';
    case 0xba:
        return 'u';
    case 0xb1:
        return 'n';
    default:
        return 0;
    }
}

/* One letter or digit in lower case without accent, and how many bytes it takes; 0 for what parts
 * words. */
static char
letter_at(struct slice s, size_t at, size_t *len)
{
    uint8_t c = byte_at(s, at);

    *len = 1;
    if (c == 0xc3) {
        *len = 2;
        return unaccented(byte_at(s, at + 1));
    }
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? (char)c : 0;
}

static bool
is_capital(uint8_t c)
{
    return c >= 'A' && c <= 'Z';
}

/* Words end at what is no letter, and before a capital behind a small letter (securityCode). */
static void
words_of(struct slice s, struct words *w)
{
    size_t n = 0, len;

    w->count = 0;
    for (size_t at = 0; at < s.left && w->count < WORDS_MAX; at += len) {
        char c = letter_at(s, at, &len);
        bool small_before = at > 0 && byte_at(s, at - 1) >= 'a' && byte_at(s, at - 1) <= 'z';

        if (n > 0 && (c == 0 || (is_capital(byte_at(s, at)) && small_before))) {
            w->word[w->count++][n] = '\0';
            n = 0;
        }
        if (c != 0 && n + 1 < WORD_MAX && w->count < WORDS_MAX)
            w->word[w->count][n++] = c;
    }
    if (n > 0 && w->count < WORDS_MAX)
        w->word[w->count++][n] = '\0';
}

static bool
holds_pair(const struct words *w)
{
    for (size_t i = 0; i < w->count; i++)
        for (size_t k = i + 1; k < w->count && k <= i + 3; k++)
            for (size_t p = 0; p < VG_ARRAY_LEN(PAIRS); p++)
                if (strcmp(w->word[i], PAIRS[p][0]) == 0 && strcmp(w->word[k], PAIRS[p][1]) == 0)
                    return true;
    return false;
}

/* A pair of words alone: of "cvv mismatch 2026" the number is none. */
static bool
pair_name(struct str name)
{
    struct words w;

    words_of(slice_of(name.at, name.len), &w);
    return holds_pair(&w);
}

bool
secret_name(struct str name)
{
    struct words w;
    bool alone = false;

    words_of(slice_of(name.at, name.len), &w);
    for (size_t i = 0; i < w.count; i++) {
        if (is_word_in(w.word[i], RESULTS, VG_ARRAY_LEN(RESULTS)))
            return false;
        alone |= is_word_in(w.word[i], ALONE, VG_ARRAY_LEN(ALONE));
    }
    return alone || holds_pair(&w);
}

/* ---- in running text ---- */

static bool
is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* A whole group of CODE_MIN to CODE_MAX digits a few signs behind `at`: where it begins, its length;
 * 0: none. A dash makes an id ("PIN-1234"), no code. */
static size_t
code_behind(struct slice s, size_t at, size_t *from)
{
    size_t n = 0, len, end = at + BETWEEN_MAX;

    while (at < end && at < s.left && memchr(" \t:=\"'>(", byte_at(s, at), 8) != NULL)
        at++;
    while (n <= CODE_MAX && is_digit(byte_at(s, at + n)))
        n++;
    *from = at;
    return n >= CODE_MIN && n <= CODE_MAX && letter_at(s, at + n, &len) == 0 ? n : 0;
}

static size_t
word_end(struct slice s, size_t at)
{
    size_t len;

    while (at < s.left && letter_at(s, at, &len) != 0)
        at += len;
    return at;
}

bool
secret_mask(char *text, size_t len)
{
    struct slice s = slice_of(text, len);
    size_t before = 0, first = 0; /* where the words one and two before this one begin */
    bool any = false;

    for (size_t at = 0, end; at < len; at = end) {
        size_t from, n;

        end = word_end(s, at);
        if (end == at) {
            end = at + 1;
            continue;
        }
        n = code_behind(s, end, &from);
        if (n > 0 && (secret_name(str_n(text + at, end - at)) ||
                      pair_name(str_n(text + first, end - first)))) {
            memset(text + from, '*', n);
            any = true;
            end = from + n;
        }
        first = before;
        before = at;
    }
    return any;
}
