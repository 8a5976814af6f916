/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/http_session.h"

static bool
has(struct str s, const char *word)
{
    size_t n = strlen(word);

    for (size_t i = 0; i + n <= s.len; i++)
        if (str_eq_nocase(str_n(s.at + i, n), str_of(word)))
            return true;
    return false;
}

/* PHPSESSID, JSESSIONID, ASP.NET_SessionId, laravel_session, connect.sid, .ASPXAUTH,
 * wordpress_logged_in_... */
static bool
keeps_login(struct str name)
{
    static const char *const parts[] = {"sess",        "logged_in", "aspxauth",
                                        "connect.sid", "authtoken", "auth_token"};

    for (size_t i = 0; i < VG_ARRAY_LEN(parts); i++)
        if (has(name, parts[i]))
            return true;
    return str_eq_nocase(name, str_of("sid"));
}

uint64_t
http_session_of(struct str cookie, struct str host)
{
    while (cookie.len > 0) {
        const char *end = memchr(cookie.at, ';', cookie.len);
        struct str pair = str_n(cookie.at, end != NULL ? (size_t)(end - cookie.at) : cookie.len);
        const char *equals = pair.len > 0 ? memchr(pair.at, '=', pair.len) : NULL;
        size_t n = equals != NULL ? (size_t)(equals - pair.at) : 0;

        if (n > 0 && pair.len - n - 1 >= HTTP_SESSION_BYTES_MIN && keeps_login(str_n(pair.at, n)))
            return str_hash(&STR_HASH_STORED, pair.at, pair.len) ^
                   (str_hash(&STR_HASH_STORED, host.at, host.len) | 1);
        cookie = str_n(cookie.at + pair.len, cookie.len - pair.len);
        while (cookie.len > 0 && (cookie.at[0] == ';' || cookie.at[0] == ' '))
            cookie = str_n(cookie.at + 1, cookie.len - 1);
    }
    return 0;
}
