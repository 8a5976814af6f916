/* SPDX-License-Identifier: Apache-2.0 */
/* ntlm: who logs in, as an NTLMSSP message says it in clear (MS-NLMP, section 2.2.1), wherever it is
 * wrapped: SPNEGO in SMB, RDP and LDAP, base64 of HTTP and SMTP once undone, DCE/RPC. Challenges
 * and responses are never handed out. Pure. */
#pragma once

#include "common/buf.h"
#include "common/slice.h"
#include "common/str.h"

enum ntlm_type { NTLM_NEGOTIATE = 1, NTLM_CHALLENGE = 2, NTLM_AUTHENTICATE = 3 };
enum { NTLM_TEXT_MAX = 128 }; /* bytes of UTF-8 of each name; longer ones are cut */

struct ntlm_text {
    uint8_t len;
    char at[NTLM_TEXT_MAX];
};

struct ntlm {
    enum ntlm_type type;
    /* AUTHENTICATE: of the client; CHALLENGE: `domain` is the target's name, the rest empty. */
    struct ntlm_text user, domain, workstation;
    bool anonymous; /* AUTHENTICATE without a user: a null session */
    bool version1;  /* AUTHENTICATE answers with NTLMv1 or LM: cheap to crack */
};

/* Finds the first NTLMSSP message in `in` (the wrapping is passed over) and reads it; names that are
 * cut off by the end of `in` are empty. False when there is none. */
bool ntlm_read(struct slice in, struct ntlm *out);

static inline struct str
ntlm_str(const struct ntlm_text *t)
{
    return (struct str){t->at, t->len};
}
