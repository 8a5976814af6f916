/* SPDX-License-Identifier: Apache-2.0 */
/* sasl: who logs in by AUTH of SMTP and POP3 or AUTHENTICATE of IMAP (RFC 4954, 5034, 9051): the
 * mechanisms PLAIN, LOGIN, CRAM-MD5 and XOAUTH2. What holds a password is decoded on the stack and
 * wiped; only the name stays. */
#pragma once

#include "common/slice.h"
#include "common/str.h"

enum { SASL_USER_MAX = 96 };

enum sasl_mechanism { SASL_OTHER, SASL_PLAIN, SASL_LOGIN, SASL_CRAM, SASL_BEARER };

struct sasl {
    enum sasl_mechanism mechanism;
    bool cleartext; /* the password, or a token that is as good, is readable */
    char user[SASL_USER_MAX];
};

/* `words`: the mechanism, perhaps with the first answer behind it. */
void sasl_begin(struct sasl *s, struct str words);
/* A line of the client's. */
void sasl_line(struct sasl *s, struct str line);
