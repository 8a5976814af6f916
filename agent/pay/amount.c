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

/* Numbers of ISO 4217, as card messages carry them (ISO 8583, element 49). */
static const char *
currency_numbered(struct slice number)
{
    static const char known[] = "008ALL 012DZD 032ARS 036AUD 044BSD 048BHD 050BDT 052BBD 060BMD "
                                "068BOB 084BZD 124CAD 136KYD "
                                "144LKR 152CLP 156CNY 170COP 188CRC 192CUP 203CZK 208DKK 214DOP "
                                "230ETB 320GTQ 328GYD 332HTG "
                                "340HNL 344HKD 348HUF 352ISK 356INR 360IDR 368IQD 376ILS 388JMD "
                                "392JPY 398KZT 400JOD 404KES "
                                "410KRW 414KWD 422LBP 446MOP 458MYR 484MXN 504MAD 512OMR 533AWG "
                                "554NZD 558NIO 566NGN 578NOK "
                                "586PKR 590PAB 600PYG 604PEN 608PHP 634QAR 643RUB 682SAR 702SGD "
                                "704VND 710ZAR 752SEK 756CHF "
                                "764THB 780TTD 784AED 788TND 800UGX 818EGP 826GBP 834TZS 840USD "
                                "858UYU 901TWD 928VES 936GHS "
                                "941RSD 944AZN 946RON 949TRY 950XAF 951XCD 952XOF 953XPF 975BGN "
                                "978EUR 980UAH 985PLN 986BRL ";

    for (const char *at = known; *at != '\0'; at += 7)
        if (memcmp(at, number.at, 3) == 0)
            return at + 3;
    return NULL;
}

bool
amount_currency(struct slice text, char out[4])
{
    char code[4] = "";

    text = bytes_trim(text);
    if (text.left != 3)
        return false;
    if (is_digit(byte_at(text, 0))) {
        const char *named = currency_numbered(text);

        if (named != NULL)
            memcpy(out, named, 3);
        out[3] = '\0';
        return named != NULL;
    }
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
    unsigned dots = 0, commas = 0, behind = 0, lead = 0;
    bool zero = true; /* nothing but 0 before the mark: 0.600 has no thousands */
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
            lead += last == 0;
            zero &= last != 0 || c == '0';
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
    } else if (behind != 3 || (lead > 0 && zero)) {
        e->dot += last == '.';
        e->comma += last == ',';
    } else {
        e->dot_group += last == '.';
        e->comma_group += last == ',';
    }
}

enum amount_style
amount_decide(const struct amount_evidence *e, const struct amount_evidence *other)
{
    if (e->dot == e->comma && other != NULL && other->dot != other->comma)
        return other->dot > other->comma ? AMOUNT_DOT : AMOUNT_COMMA;
    if (e->dot != e->comma)
        return e->dot > e->comma ? AMOUNT_DOT : AMOUNT_COMMA;
    return e->dot_group > e->comma_group ? AMOUNT_COMMA : AMOUNT_DOT;
}
