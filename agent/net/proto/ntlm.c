/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/ntlm.h"

#include <string.h>

#include "agent/net/proto/utf16.h"

static const char SIGNATURE[8] = "NTLMSSP"; /* with its NUL */
enum { NEGOTIATE_UNICODE = 1, V1_RESPONSE_BYTES = 24 };

/* What lies from the signature on. */
static bool
find(struct slice in, struct slice *out)
{
    while (in.left >= sizeof(SIGNATURE)) {
        const uint8_t *hit = memchr(in.at, 'N', in.left);

        if (hit == NULL)
            return false;
        slice_skip(&in, (size_t)(hit - in.at));
        if (in.left >= sizeof(SIGNATURE) && memcmp(in.at, SIGNATURE, sizeof(SIGNATURE)) == 0) {
            *out = in;
            return true;
        }
        slice_skip(&in, 1);
    }
    return false;
}

/* A field of 8 bytes: length, room, offset from the signature. */
static struct slice
field(struct slice *in, struct slice message)
{
    uint16_t len = slice_le16(in);
    uint32_t offset;

    slice_skip(in, 2);
    offset = slice_le32(in);
    slice_skip(&message, offset);
    return slice_sub(&message, len);
}

static void
text(struct slice in, bool wide, struct ntlm_text *out)
{
    if (in.bad)
        return;
    out->len = (uint8_t)(wide ? utf16_read(in, out->at, NTLM_TEXT_MAX)
                              : oem_read(in, out->at, NTLM_TEXT_MAX));
}

bool
ntlm_read(struct slice in, struct ntlm *out)
{
    struct slice message = in, at;
    uint32_t type, flags;
    struct slice lm, nt, domain, user, workstation;

    if (!find(in, &message))
        return false;
    at = message;
    slice_skip(&at, sizeof(SIGNATURE));
    type = slice_le32(&at);
    if (at.bad || type < NTLM_NEGOTIATE || type > NTLM_AUTHENTICATE)
        return false;
    memset(out, 0, sizeof(*out));
    out->type = (enum ntlm_type)type;
    if (type == NTLM_CHALLENGE) {
        domain = field(&at, message);
        flags = slice_le32(&at);
        if (!at.bad)
            text(domain, (flags & NEGOTIATE_UNICODE) != 0, &out->domain);
    }
    if (type != NTLM_AUTHENTICATE)
        return true;
    lm = field(&at, message);
    nt = field(&at, message);
    domain = field(&at, message);
    user = field(&at, message);
    workstation = field(&at, message);
    slice_skip(&at, 8); /* session key */
    flags = slice_le32(&at);
    if (at.bad) /* the oldest clients leave the flags out and speak OEM */
        flags = 0;
    text(domain, (flags & NEGOTIATE_UNICODE) != 0, &out->domain);
    text(user, (flags & NEGOTIATE_UNICODE) != 0, &out->user);
    text(workstation, (flags & NEGOTIATE_UNICODE) != 0, &out->workstation);
    out->anonymous = !user.bad && user.left == 0;
    out->version1 = !out->anonymous && !nt.bad &&
                    (nt.left == V1_RESPONSE_BYTES || (nt.left == 0 && lm.left > 0));
    return true;
}
