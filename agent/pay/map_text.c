/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/map_inside.h"
#include "agent/pay/secret.h"

char *
map_arena(struct mapper *m, size_t n)
{
    char *p;

    if (n > sizeof m->arena - m->used)
        return NULL;
    p = m->arena + m->used;
    m->used += n;
    return p;
}

/* Cut to MAP_TEXT_MAX at a border between characters. */
struct slice
map_cut(struct slice s)
{
    size_t n = s.left;

    if (n <= MAP_TEXT_MAX)
        return s;
    n = MAP_TEXT_MAX;
    while (n > 0 && (byte_at(s, n) & 0xc0) == 0x80)
        n--;
    return bytes_part(s, 0, n);
}

static bool
is_mail_byte(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ||
           c == '_' || c == '%' || c == '+' || c == '-' || c >= 0x80;
}

enum vg_err
map_token(struct mapper *m, enum token_kind kind, struct slice value, struct str *out)
{
    char *to = map_arena(m, TOKEN_TEXT_MAX);
    enum vg_err err;

    if (to == NULL)
        return VG_ERR_LIMIT;
    err = tokens_make(m->tokens, kind, value, to);
    if (err == VG_OK)
        *out = str_n(to, TOKEN_LEN);
    return err;
}

struct slice
map_lowered(struct mapper *m, struct slice value, const char *drop)
{
    char *to = map_arena(m, value.left);
    size_t n = 0;

    if (to == NULL)
        return slice_of(NULL, 0);
    for (size_t i = 0; i < value.left; i++) {
        uint8_t c = byte_at(value, i);

        if (c >= 'A' && c <= 'Z')
            c = (uint8_t)(c - 'A' + 'a');
        if ((c < '0' || c == '_') && c != 0 && strchr(drop, c) != NULL)
            continue;
        to[n++] = (char)c;
    }
    return slice_of(to, n);
}

bool
map_is_name(struct str customer)
{
    bool words = false;

    for (size_t i = 0; i < customer.len; i++) {
        uint8_t c = (uint8_t)customer.at[i];

        if ((c >= '0' && c <= '9') || c == '_' || c == '@')
            return false;
        words |= c == ' ' || c >= 0x80;
    }
    return words;
}

enum vg_err
map_name(struct mapper *m, struct slice value, struct str *out)
{
    return map_token(m, TOKEN_NAME, map_lowered(m, map_cut(value), " .,"), out);
}

/* What a text has that makes it more than a plain one. */
enum look { LOOK_WORDS = 1, LOOK_MAIL = 2 };

static unsigned
look_at(struct slice value)
{
    static const uint8_t looks[256] = {
        [' '] = LOOK_WORDS, [':'] = LOOK_WORDS, ['='] = LOOK_WORDS, ['@'] = LOOK_MAIL};
    unsigned all = 0;

    for (size_t i = 0; i < value.left; i++)
        all |= looks[byte_at(value, i)];
    return all;
}

/* A text of several words may tell a security code: the copy without it, else the text itself. */
static struct slice
codes_out(struct mapper *m, struct slice value)
{
    char text[MAP_TEXT_MAX], *own;

    memcpy(text, value.at, value.left);
    if (!secret_mask(text, value.left))
        return value;
    own = map_arena(m, value.left);
    if (own == NULL)
        return slice_of(NULL, 0);
    memcpy(own, text, value.left);
    return slice_of(own, value.left);
}

static bool
is_letter(uint8_t b)
{
    return (b >= 'a' && b <= 'z') || b >= 0x80;
}

/* Of a lowered address; "" of what is none. */
static enum vg_err
mail_shape(struct mapper *m, struct slice s, struct str *out)
{
    size_t at = bytes_find(s, 0, '@'), n = 0;
    char *shape;

    if (at >= s.left)
        return VG_OK;
    shape = map_arena(m, s.left);
    if (shape == NULL)
        return VG_ERR_LIMIT;
    for (size_t i = 0; i < at; i++) {
        uint8_t b = byte_at(s, i);
        char c = is_letter(b) ? 'a' : b >= '0' && b <= '9' ? '0' : (char)b;

        if (n == 0 || (c != 'a' && c != '0') || shape[n - 1] != c)
            shape[n++] = c;
    }
    memcpy(shape + n, s.at + at, s.left - at);
    *out = str_n(shape, n + s.left - at);
    return VG_OK;
}

/* Whether dots before the @ of this domain mean nothing: Google's ("Dots don't matter in Gmail
 * addresses", support.google.com/mail/answer/7436150). */
static bool
is_dotless(struct slice domain)
{
    static const char *const domains[] = {"@gmail.com", "@googlemail.com"};

    for (size_t i = 0; i < VG_ARRAY_LEN(domains); i++)
        if (domain.left == strlen(domains[i]) && memcmp(domain.at, domains[i], domain.left) == 0)
            return true;
    return false;
}

/* Of a lowered address whose token is `email`: that, or one of its own. Tags: RFC 5233, "+" as nearly
 * all services have it. */
static enum vg_err
mailbox_of(struct mapper *m, struct slice s, struct str email, struct str *out)
{
    size_t at = bytes_find(s, 0, '@'), n = 0;
    struct slice domain = bytes_part(s, at, s.left);
    bool dotless = is_dotless(domain);
    char *to;

    *out = email;
    if (at >= s.left || (!dotless && bytes_find(s, 0, '+') >= at))
        return VG_OK;
    to = map_arena(m, s.left);
    if (to == NULL)
        return VG_OK; /* no room for more than the address itself */
    for (size_t i = 0; i < at && byte_at(s, i) != '+'; i++)
        if (byte_at(s, i) != '.' || !dotless)
            to[n++] = (char)byte_at(s, i);
    memcpy(to + n, domain.at, domain.left);
    n += domain.left;
    return n < s.left ? map_token(m, TOKEN_MAIL, slice_of(to, n), out) : VG_OK;
}

enum vg_err
map_mail(struct mapper *m, struct slice value, struct str *token, struct str *shape,
         struct str *mailbox)
{
    enum vg_err err = VG_OK;

    value = map_lowered(m, map_cut(value), " ");
    if (value.left > 0)
        err = map_token(m, TOKEN_MAIL, value, token);
    if (err == VG_OK && shape != NULL)
        err = mail_shape(m, value, shape);
    return err == VG_OK && mailbox != NULL ? mailbox_of(m, value, *token, mailbox) : err;
}

/* Any other text: borrowed as it stands, unless an address or a security code is in it. */
enum vg_err
map_plain(struct mapper *m, struct slice value, struct str *out)
{
    unsigned look;
    size_t at, from, to;
    struct slice head, tail;
    struct str token = str_of("");
    enum vg_err err;
    char *joined;

    value = map_cut(value);
    look = look_at(value);
    if (look & LOOK_WORDS)
        value = codes_out(m, value);
    if ((look & LOOK_MAIL) == 0) {
        *out = bytes_str(value);
        return VG_OK;
    }
    at = from = bytes_find(value, 0, '@');
    to = at + 1;
    while (from > 0 && is_mail_byte(byte_at(value, from - 1)))
        from--;
    while (is_mail_byte(byte_at(value, to)))
        to++;
    err = map_mail(m, bytes_part(value, from, to), &token, NULL, NULL);
    if (err != VG_OK)
        return err;
    head = bytes_part(value, 0, from);
    tail = bytes_part(value, to, value.left);
    if (bytes_find(tail, 0, '@') < tail.left)
        tail = slice_of(NULL, 0); /* a second one: the rest is not kept */
    joined = map_arena(m, head.left + token.len + tail.left);
    if (joined == NULL)
        return VG_ERR_LIMIT;
    memcpy(joined, head.at, head.left);
    memcpy(joined + head.left, token.at, token.len);
    memcpy(joined + head.left + token.len, tail.at, tail.left);
    *out = str_n(joined, head.left + token.len + tail.left);
    return VG_OK;
}

/* ---- cards ---- */

/* The token that card.h put where a number stood, also within a longer text ("pan=..."); empty: none. */
static struct slice
token_in(struct slice value)
{
    for (size_t at = bytes_find(value, 0, 'c'); at + TOKEN_LEN <= value.left;
         at = bytes_find(value, at + 1, 'c')) {
        size_t n = TOKEN_PREFIX;

        if (memcmp(value.at + at, "card_", TOKEN_PREFIX) != 0)
            continue;
        while (n < TOKEN_LEN && byte_at(value, at + n) >= 'a' && byte_at(value, at + n) <= 'p')
            n++;
        if (n == TOKEN_LEN)
            return bytes_part(value, at, at + TOKEN_LEN);
    }
    return slice_of(NULL, 0);
}

void
map_digits(char *to, struct slice from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (char)byte_at(from, i);
    to[n] = '\0';
}

/* First six and last four digits of a number that is written in part: 411111XXXXXX1111, ****1111. */
void
map_masked(struct slice value, struct txn_view *t)
{
    size_t lead = 0, trail = 0;

    while (lead < value.left && byte_at(value, lead) >= '0' && byte_at(value, lead) <= '9')
        lead++;
    while (trail < value.left && byte_at(value, value.left - 1 - trail) >= '0' &&
           byte_at(value, value.left - 1 - trail) <= '9')
        trail++;
    if (lead >= 6 && lead < value.left && t->bin[0] == '\0')
        map_digits(t->bin, value, 6);
    if (trail >= 4 && t->last4[0] == '\0')
        map_digits(t->last4, bytes_part(value, value.left - 4, value.left), 4);
}

enum vg_err
map_card(const struct record *r, struct slice value, struct txn_view *t)
{
    struct slice digits, own = token_in(value);
    uint8_t number[CARD_DIGITS_MAX];
    size_t n = 0;

    if (own.left > 0) {
        t->card = bytes_str(own);
        for (size_t i = 0; i < r->hits->count; i++) {
            const struct card_hit *h = &r->hits->hit[i];
            struct slice token = bytes_part(r->clean, h->at, h->at + TOKEN_LEN);

            if (token.left == TOKEN_LEN && memcmp(token.at, own.at, TOKEN_LEN) == 0) {
                memcpy(t->bin, h->bin, sizeof t->bin);
                memcpy(t->last4, h->last4, sizeof t->last4);
                break;
            }
        }
        return VG_OK;
    }
    value = map_cut(value);
    digits = map_lowered(r->m, value, " -./_\t");
    for (; n < digits.left && n < CARD_DIGITS_MAX; n++) {
        uint8_t c = byte_at(digits, n);

        if (c < '0' || c > '9')
            break;
        number[n] = (uint8_t)(c - '0');
    }
    /* A number written with other separators than card.h knows: the same card all the same. */
    if (n == digits.left && card_valid(number, n)) {
        map_digits(t->bin, digits, 6);
        map_digits(t->last4, bytes_part(digits, n - 4, n), 4);
        return map_token(r->m, TOKEN_CARD, digits, &t->card);
    }
    map_masked(value, t);
    /* A network's or processor's own name of the card (a fingerprint): case counts in it. */
    return map_token(r->m, TOKEN_CARD, value, &t->card);
}
