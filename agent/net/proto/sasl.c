/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/sasl.h"

#include <openssl/crypto.h>

#include "agent/net/proto/words.h"

enum { DECODED_MAX = 768 };

static void
keep(struct sasl *s, struct str user)
{
    if (s->user[0] == '\0')
        (void)words_keep(s->user, sizeof(s->user), user);
}

/* RFC 4616: authorization identity, NUL, user, NUL, password. */
static void
on_plain(struct sasl *s, struct str text)
{
    if (text.len == 0)
        return;
    (void)words_until(&text, '\0');
    keep(s, words_until(&text, '\0'));
}

/* RFC 2195: the user, a space, the digest; users may hold spaces. */
static void
on_cram(struct sasl *s, struct str text)
{
    size_t n = text.len;

    while (n > 0 && text.at[n - 1] != ' ')
        n--;
    if (n > 0)
        keep(s, str_n(text.at, n - 1));
}

/* "user=name^Aauth=Bearer token^A^A" */
static void
on_bearer(struct sasl *s, struct str text)
{
    struct str user = words_skip(text, 5);

    if (words_begin(text, "user="))
        keep(s, words_until(&user, '\1'));
}

void
sasl_line(struct sasl *s, struct str line)
{
    char text[DECODED_MAX];
    size_t n = words_base64(words_trim(line), text, sizeof(text));
    struct str in = str_n(text, n);

    switch (s->mechanism) {
    case SASL_PLAIN:
        on_plain(s, in);
        break;
    case SASL_LOGIN: /* the name is the first answer */
        if (n > 0)
            keep(s, in);
        break;
    case SASL_CRAM:
        on_cram(s, in);
        break;
    case SASL_BEARER:
        on_bearer(s, in);
        break;
    case SASL_OTHER:
        break;
    }
    OPENSSL_cleanse(text, sizeof(text));
}

void
sasl_begin(struct sasl *s, struct str words)
{
    static const struct {
        const char *name;
        enum sasl_mechanism mechanism;
        bool cleartext;
    } NAMES[] = {{"PLAIN", SASL_PLAIN, true},
                 {"LOGIN", SASL_LOGIN, true},
                 {"CRAM-MD5", SASL_CRAM, false},
                 {"XOAUTH2", SASL_BEARER, true}};
    struct str name = words_next(&words);

    *s = (struct sasl){.mechanism = SASL_OTHER};
    for (size_t i = 0; i < VG_ARRAY_LEN(NAMES); i++)
        if (words_is(name, NAMES[i].name)) {
            s->mechanism = NAMES[i].mechanism;
            s->cleartext = NAMES[i].cleartext;
        }
    if (words.len > 0 && !words_is(words, "="))
        sasl_line(s, words);
}
