/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/secrets.h"

#include "agent/detect/card_number.h"

enum { FIELD_NAME_MAX = 64 };

static bool
letter(char c)
{
    return c >= 'a' && c <= 'z';
}

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* The field's name in lower case without the digits and brackets at its end. */
static struct str
plain_name(struct str field, char out[FIELD_NAME_MAX])
{
    size_t n = field.len < FIELD_NAME_MAX ? field.len : FIELD_NAME_MAX;

    for (size_t i = 0; i < n; i++)
        out[i] = lower(field.at[i]);
    while (n > 0 && (out[n - 1] == ']' || (out[n - 1] >= '0' && out[n - 1] <= '9')))
        n--;
    return str_n(out, n);
}

/* `word` is the name or its last part: "pass", "user_pass", "form[pass]", never "compass". */
static bool
ends_with_word(struct str s, const char *word)
{
    size_t n = strlen(word);

    return s.len >= n && memcmp(s.at + (s.len - n), word, n) == 0 &&
           (s.len == n || !letter(s.at[s.len - n - 1]));
}

static bool
any_ends(struct str name, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (ends_with_word(name, words[i]))
            return true;
    return false;
}

bool
secrets_is_password(struct str field)
{
    static const char *const parts[] = {"passw", "pwd", "contrase", "passphrase", "userpass"};
    static const char *const words[] = {"pass", "pw", "psw", "clave", "senha", "passwort", "mdp"};
    char lowered[FIELD_NAME_MAX];
    struct str name = plain_name(field, lowered);

    for (size_t i = 0; i < VG_ARRAY_LEN(parts); i++)
        if (str_has(name, str_of(parts[i])))
            return true;
    return any_ends(name, words, VG_ARRAY_LEN(words));
}

bool
secrets_is_user(struct str field)
{
    static const char *const words[] = {"user",    "username", "usr",     "uname",     "login",
                                        "email",   "mail",     "userid",  "uid",       "usuario",
                                        "account", "log",      "correo",  "loginname", "loginid",
                                        "name",    "nombre",   "user_id", "user_name"};
    char lowered[FIELD_NAME_MAX];
    struct str name = plain_name(field, lowered);

    return str_has(name, str_of("username")) || any_ends(name, words, VG_ARRAY_LEN(words));
}

/* ---- fields ---- */

static struct str
cut(struct str s, size_t from, size_t to)
{
    return str_n(s.at + from, to - from);
}

bool
secrets_next_field(struct str *rest, struct secrets_field *out)
{
    const char *end, *equals;
    struct str field;

    if (rest->len == 0)
        return false;
    end = memchr(rest->at, '&', rest->len);
    field = cut(*rest, 0, end != NULL ? (size_t)(end - rest->at) : rest->len);
    *rest = cut(*rest, end != NULL ? field.len + 1 : field.len, rest->len);
    equals = field.len > 0 ? memchr(field.at, '=', field.len) : NULL;
    if (equals == NULL) {
        *out = (struct secrets_field){.name = field, .value = str_of("")};
        return true;
    }
    out->name = cut(field, 0, (size_t)(equals - field.at));
    out->value = cut(field, out->name.len + 1, field.len);
    return true;
}

static int
hex_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t
secrets_decode(struct str value, char *out, size_t size)
{
    size_t n = 0;

    for (size_t i = 0; i < value.len && n + 1 < size; i++) {
        char c = value.at[i];

        if (c == '%' && value.len - i > 2 && hex_of(value.at[i + 1]) >= 0 &&
            hex_of(value.at[i + 2]) >= 0) {
            c = (char)(hex_of(value.at[i + 1]) << 4 | hex_of(value.at[i + 2]));
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        out[n++] = c;
    }
    out[n] = '\0';
    return n;
}

/* ---- URIs ---- */

/* Moves what stands from `from` on to `to`, behind a single "*". */
static size_t
star_out(char *uri, size_t len, size_t to, size_t from)
{
    uri[to] = '*';
    memmove(uri + to + 1, uri + from, len - from);
    return len - (from - to) + 1;
}

/* RFC 3986, 3.2.1: "scheme://user:password@host". */
static size_t
mask_userinfo(char *uri, size_t len)
{
    size_t start = 0, at = 0;

    while (start + 3 <= len && letter(lower(uri[start])))
        start++;
    if (start == 0 || start + 3 > len || memcmp(uri + start, "://", 3) != 0)
        return len;
    start += 3;
    for (size_t i = start; i < len && uri[i] != '/' && uri[i] != '?' && uri[i] != '#'; i++)
        if (uri[i] == '@')
            at = i;
    return at > start ? star_out(uri, len, start, at) : len;
}

static size_t
mask_query(char *uri, size_t len)
{
    const char *mark = len > 0 ? memchr(uri, '?', len) : NULL;
    size_t at = mark != NULL ? (size_t)(mark - uri) + 1 : len;

    while (at < len) {
        struct str rest = str_n(uri + at, len - at);
        struct secrets_field field;
        size_t value, next;

        if (!secrets_next_field(&rest, &field))
            break;
        next = len - rest.len;
        value = at + field.name.len + 1;
        if (field.value.len > 0 && secrets_is_password(field.name)) {
            size_t before = len;

            len = star_out(uri, len, value, value + field.value.len);
            next -= before - len;
        }
        at = next;
    }
    return len;
}

size_t
secrets_mask_uri(char *uri, size_t len)
{
    len = mask_userinfo(uri, len);
    len = mask_query(uri, len);
    card_mask(uri, len);
    return len;
}
