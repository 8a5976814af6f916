/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/name_look.h"

#include "agent/detect/name_model_table.h"

enum {
    SYMBOL_DIGIT = 26,
    SYMBOL_HYPHEN = 27,
    SYMBOL_BORDER = 28,
    CODED_HEX_MIN = 8,   /* shorter ones are words and numbers: "cafe", "2024" */
    CODED_LONG_MIN = 40, /* nobody types that */
    CODED_ODD_MIN = 12,
    CODED_CHARS_MIN = 7,
    CODED_CHARS_LONG = 10,
};
/* Bits from which a label is no word, short or long: names of ordinary traffic stay under them but
 * for one in some hundred. */
#define CODED_BITS_SHORT 6.3
#define CODED_BITS_LONG  5.6

static bool
digit(char c)
{
    return c >= '0' && c <= '9';
}

bool
name_label(struct str *rest, struct str *label)
{
    size_t n = 0;

    if (rest->len == 0)
        return false;
    while (n < rest->len && rest->at[n] != '.')
        n += rest->at[n] == '\\' && n + 1 < rest->len ? 2 : 1;
    *label = str_n(rest->at, n);
    if (n < rest->len)
        n++;
    *rest = str_n(rest->at + n, rest->len - n);
    return true;
}

/* One character as it went over the wire; -1 for a byte that no host name has. */
static int
next_char(struct str *text)
{
    char c = text->at[0];
    size_t used = 1;

    if (c == '\\') {
        used = text->len >= 4 && digit(text->at[1]) ? 4 : text->len >= 2 ? 2 : 1;
        c = '\0';
    }
    *text = str_n(text->at + used, text->len - used);
    if (c >= 'A' && c <= 'Z')
        c = (char)(c + ('a' - 'A'));
    return digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '_' ? c : -1;
}

static unsigned
symbol(int c)
{
    if (c >= 'a' && c <= 'z')
        return (unsigned)(c - 'a');
    return c >= '0' && c <= '9' ? SYMBOL_DIGIT : SYMBOL_HYPHEN;
}

void
name_look(struct str label, struct name_look *out)
{
    unsigned before = SYMBOL_BORDER, eighths = 0;
    bool was_digit = false;

    *out = (struct name_look){.hex = true};
    while (label.len > 0) {
        int c = next_char(&label);
        unsigned s = symbol(c);
        bool is_digit = s == SYMBOL_DIGIT;

        out->hex = out->hex && (is_digit || s <= 'f' - 'a');
        out->digits += is_digit;
        out->letters += s < SYMBOL_DIGIT;
        out->hyphens += c == '-' || c == '_';
        out->odd += c < 0;
        out->switches += out->chars > 0 && is_digit != was_digit;
        was_digit = is_digit;
        eighths += NAME_BITS[before][s];
        before = s;
        out->chars++;
    }
    eighths += NAME_BITS[before][SYMBOL_BORDER];
    out->bits = eighths / 8.0 / (double)(out->chars + 1);
}

bool
name_look_coded(const struct name_look *look)
{
    if (look->odd > 0 && look->chars >= CODED_ODD_MIN)
        return true;
    if (look->chars >= CODED_LONG_MIN)
        return true;
    if (look->hex && look->chars >= CODED_HEX_MIN)
        return look->digits >= 2 && (look->letters >= 1 || look->chars >= 12);
    if (look->chars >= CODED_CHARS_LONG)
        return look->bits >= CODED_BITS_LONG || look->switches >= 5;
    return look->chars >= CODED_CHARS_MIN && look->bits >= CODED_BITS_SHORT;
}

double
name_look_bytes(const struct name_look *look)
{
    /* hexadecimal digits carry 4 bits, base32 5, base64 6 */
    return (double)look->chars * (look->hex ? 4 : look->odd > 0 ? 6 : 5) / 8;
}
