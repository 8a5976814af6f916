/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/http_login.h"

#include "agent/net/proto/ntlm.h"
#include "agent/net/proto/words.h"
#include "agent/net/secrets.h"
#include "common/json.h"

enum { NTLM_TOKEN_MAX = 2048 };

static bool
scheme_is(struct str value, const char *scheme, struct str *rest)
{
    size_t n = strlen(scheme);

    if (value.len <= n || value.at[n] != ' ' || !str_eq_nocase(str_n(value.at, n), str_of(scheme)))
        return false;
    while (n < value.len && value.at[n] == ' ')
        n++;
    *rest = str_n(value.at + n, value.len - n);
    return true;
}

static int
six_bits(char c)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c != '\0' ? strchr(letters, c) : NULL;

    if (c == '-' || c == '_') /* RFC 4648, 5 */
        return c == '-' ? 62 : 63;
    return at != NULL ? (int)(at - letters) : -1;
}

/* base64 (RFC 4648) up to the first ':' that comes out: what is behind stays coded. */
static bool
user_of_basic(struct str coded, char user[HTTP_USER_MAX])
{
    uint32_t bits = 0;
    unsigned have = 0;
    size_t n = 0;

    for (size_t i = 0; i < coded.len; i++) {
        int six = six_bits(coded.at[i]);

        if (six < 0)
            return false;
        bits = bits << 6 | (unsigned)six;
        have += 6;
        if (have < 8)
            continue;
        have -= 8;
        if ((char)(bits >> have) == ':') {
            user[n] = '\0';
            return true;
        }
        if (n + 1 < HTTP_USER_MAX)
            user[n++] = (char)(bits >> have);
    }
    return false;
}

/* RFC 7616: Digest username="bob", realm=... */
static bool
user_of_digest(struct str fields, char user[HTTP_USER_MAX])
{
    static const char key[] = "username=\"";
    size_t k = sizeof(key) - 1, n = 0;

    for (size_t i = 0; i + k < fields.len; i++) {
        if (!str_eq_nocase(str_n(fields.at + i, k), str_of(key)))
            continue;
        for (i += k; i < fields.len && fields.at[i] != '"' && n + 1 < HTTP_USER_MAX; i++)
            user[n++] = fields.at[i];
        user[n] = '\0';
        return true;
    }
    return false;
}

/* RFC 4559, MS-NTHT: the last of the three messages names who it is. A token too long for NTLM is
 * Kerberos', which names nobody in the clear. */
static bool
user_of_ntlm(struct str coded, struct http_login *out)
{
    uint8_t token[NTLM_TOKEN_MAX];
    struct ntlm ntlm;
    size_t n = words_base64(coded, token, sizeof(token));

    if (!ntlm_read(slice_of(token, n), &ntlm) || ntlm.type != NTLM_AUTHENTICATE || ntlm.anonymous ||
        ntlm.user.len == 0)
        return false;
    (void)words_keep(out->user, sizeof(out->user), ntlm_str(&ntlm.user));
    (void)words_keep(out->domain, sizeof(out->domain), ntlm_str(&ntlm.domain));
    return true;
}

bool
http_login_of_field(struct str value, struct http_login *out)
{
    struct str rest;

    *out = (struct http_login){.cleartext = scheme_is(value, "Basic", &rest)};
    if (out->cleartext)
        return user_of_basic(rest, out->user);
    if (scheme_is(value, "Digest", &rest))
        return user_of_digest(rest, out->user);
    return (scheme_is(value, "NTLM", &rest) || scheme_is(value, "Negotiate", &rest)) &&
           user_of_ntlm(rest, out);
}

bool
http_login_of_form(struct str form, char user[HTTP_USER_MAX])
{
    struct secrets_field field;
    bool password = false;

    user[0] = '\0';
    while (secrets_next_field(&form, &field)) {
        if (field.value.len == 0)
            continue;
        if (secrets_is_password(field.name))
            password = true;
        else if (user[0] == '\0' && secrets_is_user(field.name))
            (void)secrets_decode(field.value, user, HTTP_USER_MAX);
    }
    return password;
}

bool
http_login_of_json(struct slice text, char user[HTTP_USER_MAX])
{
    bool password = false;
    const char *key;
    json_t *object, *value;

    user[0] = '\0';
    if (vg_json_parse(text, HTTP_FORM_MAX, &object) != VG_OK)
        return false;
    json_object_foreach(object, key, value)
    {
        if (!json_is_string(value) || json_string_length(value) == 0)
            continue;
        if (secrets_is_password(str_of(key)))
            password = true;
        else if (user[0] == '\0' && secrets_is_user(str_of(key)))
            (void)vg_strcpy(user, HTTP_USER_MAX, json_string_value(value));
    }
    json_decref(object);
    return password;
}
