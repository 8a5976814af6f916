/* SPDX-License-Identifier: Apache-2.0 */
/* kerberos_message: what is readable in one Kerberos message (RFC 4120, section 5). Nothing of it
 * is deciphered. Pure; texts borrow from the input. */
#pragma once

#include "common/slice.h"
#include "common/str.h"

enum kerberos_type {
    KERBEROS_AS_REQ = 10,
    KERBEROS_AS_REP = 11,
    KERBEROS_TGS_REQ = 12,
    KERBEROS_TGS_REP = 13,
    KERBEROS_AP_REQ = 14,
    KERBEROS_AP_REP = 15,
    KERBEROS_ERROR = 30,
};
enum { KERBEROS_PARTS_MAX = 4, KERBEROS_ETYPES_MAX = 16, KERBEROS_NAME_MAX = 256 };

/* PrincipalName: its parts are joined with '/' by kerberos_name_text(). */
struct kerberos_name {
    struct str part[KERBEROS_PARTS_MAX];
    size_t count;
};

struct kerberos_message {
    enum kerberos_type type;
    struct str realm; /* of the client in replies, asked for in requests */
    struct kerberos_name client, service;
    int32_t etypes[KERBEROS_ETYPES_MAX]; /* that a request offers, best first */
    size_t etype_count;
    bool preauth;         /* AS-REQ: an encrypted timestamp (or more) came along */
    int32_t ticket_etype; /* of a reply's or AP-REQ's ticket; 0: none */
    int32_t reply_etype;  /* of a reply's own part: the client's key; 0: none */
    int32_t error;        /* KERBEROS_ERROR */
};

/* The beginning of one: its outer tag and message type fit. */
bool kerberos_message_looks(struct slice in);
/* `in`: the message, perhaps with bytes behind it. VG_ERR_SHORT, VG_ERR_FORMAT. */
enum vg_err kerberos_message_read(struct slice in, struct kerberos_message *out) VG_MUST_CHECK;

/* Joined into `out`, cut to KERBEROS_NAME_MAX. */
struct str kerberos_name_text(const struct kerberos_name *name, char out[KERBEROS_NAME_MAX]);
/* "rc4-hmac"; "" where we know none. IANA, Kerberos Encryption Type Numbers. Static. */
const char *kerberos_etype_name(int32_t etype);
/* "KDC_ERR_PREAUTH_FAILED"; "" where we know none. RFC 4120, 7.5.9. Static. */
const char *kerberos_error_name(int32_t error);
