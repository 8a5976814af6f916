/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/ldap_filter.h"

#include "agent/net/ber.h"

enum {
    FILTER_AND = 0xa0,
    FILTER_OR = 0xa1,
    FILTER_NOT = 0xa2,
    FILTER_EQUAL = 0xa3,
    FILTER_SUBSTRINGS = 0xa4,
    FILTER_GREATER = 0xa5,
    FILTER_LESS = 0xa6,
    FILTER_PRESENT = 0x87,
    FILTER_APPROX = 0xa8,
    FILTER_EXTENSIBLE = 0xa9,
};

struct writer {
    struct buf *out;
    size_t start;
    bool full;
};

static void
put(struct writer *w, const char *text, size_t len)
{
    size_t used = w->out->len - w->start;

    if (w->full)
        return;
    if (len > LDAP_FILTER_TEXT_MAX - used) {
        buf_put_str(w->out, "...");
        w->full = true;
        return;
    }
    buf_put(w->out, text, len);
}

/* RFC 4515, section 3: what is no plain character of a value is escaped. */
static void
put_value(struct writer *w, struct slice value)
{
    static const char hex[] = "0123456789abcdef";

    while (value.left > 0 && !w->full) {
        uint8_t c = slice_u8(&value);

        if (c >= 0x20 && c < 0x7f && c != '(' && c != ')' && c != '*' && c != '\\') {
            put(w, (const char *)&c, 1);
        } else {
            const char escaped[3] = {'\\', hex[c >> 4], hex[c & 15]};

            put(w, escaped, sizeof(escaped));
        }
    }
}

static bool put_filter(struct writer *w, struct slice *in, unsigned depth);

static bool
put_pair(struct writer *w, struct slice in, const char *operator)
{
    struct slice name, value;

    if (!ber_take(&in, BER_OCTETS, &name) || !ber_take(&in, BER_OCTETS, &value))
        return false;
    put_value(w, name);
    put(w, operator, strlen(operator));
    put_value(w, value);
    return true;
}

/* SEQUENCE of [0] initial, [1] any, [2] final. */
static bool
put_substrings(struct writer *w, struct slice in)
{
    struct slice name, parts;
    struct ber part = {0};

    if (!ber_take(&in, BER_OCTETS, &name) || !ber_take(&in, BER_SEQUENCE, &parts))
        return false;
    put_value(w, name);
    put(w, "=", 1);
    while (!w->full && ber_next(&parts, &part) == VG_OK) {
        if (part.tag != 0x80)
            put(w, "*", 1);
        put_value(w, part.value);
    }
    if (part.tag != 0x82)
        put(w, "*", 1);
    return true;
}

/* [1] rule, [2] attribute, [3] value, [4] dnAttributes. */
static bool
put_extensible(struct writer *w, struct slice in)
{
    struct slice rule = {0}, name = {0}, value = {0};
    struct ber b;

    while (ber_next(&in, &b) == VG_OK) {
        if (b.tag == 0x81)
            rule = b.value;
        else if (b.tag == 0x82)
            name = b.value;
        else if (b.tag == 0x83)
            value = b.value;
    }
    put_value(w, name);
    if (rule.left > 0) {
        put(w, ":", 1);
        put_value(w, rule);
    }
    put(w, ":=", 2);
    put_value(w, value);
    return true;
}

static bool
put_list(struct writer *w, struct slice in, const char *operator, unsigned depth)
{
    put(w, operator, 1);
    while (in.left > 0 && !w->full)
        if (!put_filter(w, &in, depth + 1))
            return false;
    return true;
}

static bool
put_filter(struct writer *w, struct slice *in, unsigned depth)
{
    struct ber b;
    bool good = true;

    if (ber_next(in, &b) != VG_OK)
        return false;
    if (depth == LDAP_FILTER_DEPTH_MAX) {
        put(w, "...", 3);
        return true;
    }
    put(w, "(", 1);
    switch (b.tag) {
    case FILTER_AND:
        good = put_list(w, b.value, "&", depth);
        break;
    case FILTER_OR:
        good = put_list(w, b.value, "|", depth);
        break;
    case FILTER_NOT:
        good = put_list(w, b.value, "!", depth);
        break;
    case FILTER_EQUAL:
        good = put_pair(w, b.value, "=");
        break;
    case FILTER_GREATER:
        good = put_pair(w, b.value, ">=");
        break;
    case FILTER_LESS:
        good = put_pair(w, b.value, "<=");
        break;
    case FILTER_APPROX:
        good = put_pair(w, b.value, "~=");
        break;
    case FILTER_SUBSTRINGS:
        good = put_substrings(w, b.value);
        break;
    case FILTER_PRESENT:
        put_value(w, b.value);
        put(w, "=*", 2);
        break;
    case FILTER_EXTENSIBLE:
        good = put_extensible(w, b.value);
        break;
    default:
        return false;
    }
    put(w, ")", 1);
    return good;
}

bool
ldap_filter_put(struct slice *in, struct buf *out)
{
    struct writer w = {.out = out, .start = out->len};

    return put_filter(&w, in, 0);
}
