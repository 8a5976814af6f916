/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/amount.h"

static bool
is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

unsigned
amount_decimals(const char currency[4])
{
    static const char zero[] =
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF ";
    static const char three[] = "BHD IQD JOD KWD LYD OMR TND ";

    if (strlen(currency) != 3)
        return 2;
    for (const char *at = zero; *at != '\0'; at += 4)
        if (memcmp(at, currency, 3) == 0)
            return 0;
    for (const char *at = three; *at != '\0'; at += 4)
        if (memcmp(at, currency, 3) == 0)
            return 3;
    return 2;
}

bool
amount_currency(struct slice text, char out[4])
{
    char code[4] = "";

    text = bytes_trim(text);
    if (text.left != 3)
        return false;
    for (size_t i = 0; i < 3; i++) {
        uint8_t c = byte_at(text, i);

        if (c >= 'a' && c <= 'z')
            c = (uint8_t)(c - 'a' + 'A');
        if (c < 'A' || c > 'Z')
            return false;
        code[i] = (char)c;
    }
    memcpy(out, code, sizeof code);
    return true;
}

struct number {
    int64_t value;   /* kept digits as one integer */
    unsigned behind; /* digits kept behind the decimal mark */
    bool any, marked, round_up, cut, negative;
};

static enum vg_err
number_digit(struct number *n, uint8_t c, unsigned decimals)
{
    n->any = true;
    if (n->marked && n->behind == decimals) {
        if (!n->cut)
            n->round_up = c >= '5';
        n->cut = true;
        return VG_OK;
    }
    n->value = n->value * 10 + (c - '0');
    n->behind += n->marked;
    return n->value > AMOUNT_MAX ? VG_ERR_LIMIT : VG_OK;
}

/* Signs, currency marks and spaces around and thousands marks within are passed over. */
static bool
number_other(struct number *n, uint8_t c, uint8_t mark, uint8_t group)
{
    if (c == mark) {
        if (n->marked)
            return false;
        n->marked = true;
        return true;
    }
    if (c == '-' || c == '(') {
        if (n->any && c == '(')
            return false;
        n->negative = true;
        return true;
    }
    if (c == group || c == '\'')
        return !n->marked;
    return c == '+' || c == ')' || c == ' ' || c == '$' || c >= 0x80 || (c >= 'A' && c <= 'Z') ||
           (c >= 'a' && c <= 'z' && c != 'e');
}

enum vg_err
amount_parse(struct slice text, enum amount_style style, unsigned decimals, bool minor,
             int64_t *out)
{
    uint8_t mark = style == AMOUNT_DOT ? '.' : ',', group = style == AMOUNT_DOT ? ',' : '.';
    struct number n = {0};

    text = bytes_trim(text);
    if (minor)
        decimals = 0;
    if (text.left > 64)
        return VG_ERR_FORMAT;
    for (size_t i = 0; i < text.left; i++) {
        uint8_t c = byte_at(text, i);

        if (is_digit(c)) {
            enum vg_err err = number_digit(&n, c, decimals);

            if (err != VG_OK)
                return err;
        } else if (!number_other(&n, c, mark, group)) {
            return VG_ERR_FORMAT;
        }
    }
    if (!n.any)
        return VG_ERR_FORMAT;
    for (; n.behind < decimals; n.behind++) {
        n.value *= 10;
        if (n.value > AMOUNT_MAX)
            return VG_ERR_LIMIT;
    }
    n.value += n.round_up;
    if (n.value > AMOUNT_MAX)
        return VG_ERR_LIMIT;
    *out = n.negative ? -n.value : n.value;
    return VG_OK;
}

void
amount_look(struct amount_evidence *e, struct slice text)
{
    unsigned dots = 0, commas = 0, behind = 0;
    uint8_t last = 0;

    text = bytes_trim(text);
    for (size_t i = 0; i < text.left && i < 64; i++) {
        uint8_t c = byte_at(text, i);

        if (c == '.' || c == ',') {
            dots += c == '.';
            commas += c == ',';
            last = c;
            behind = 0;
        } else if (is_digit(c)) {
            behind++;
        }
    }
    if (last == 0)
        return;
    if (dots > 0 && commas > 0) { /* both: the last one is the decimal mark */
        e->dot += last == '.';
        e->comma += last == ',';
    } else if (dots > 1) {
        e->comma++;
    } else if (commas > 1) {
        e->dot++;
    } else if (behind != 3) {
        e->dot += last == '.';
        e->comma += last == ',';
    } else {
        e->dot_group += last == '.';
        e->comma_group += last == ',';
    }
}

enum amount_style
amount_decide(const struct amount_evidence *e)
{
    if (e->dot != e->comma)
        return e->dot > e->comma ? AMOUNT_DOT : AMOUNT_COMMA;
    return e->dot_group > e->comma_group ? AMOUNT_COMMA : AMOUNT_DOT;
}
