/* SPDX-License-Identifier: Apache-2.0 */
/* ldap_request: what a request of LDAP asks for (RFC 4511, 4.2 to 4.12). Pure. */
#pragma once

#include "agent/net/ber.h"
#include "agent/net/proto/ntlm.h"
#include "common/buf.h"

enum {
    LDAP_BIND_REQUEST = 0x60,
    LDAP_BIND_RESPONSE = 0x61,
    LDAP_UNBIND_REQUEST = 0x42,
    LDAP_SEARCH_REQUEST = 0x63,
    LDAP_SEARCH_ENTRY = 0x64,
    LDAP_SEARCH_DONE = 0x65,
    LDAP_DELETE_REQUEST = 0x4a,
    LDAP_ABANDON_REQUEST = 0x50,
    LDAP_SEARCH_REFERENCE = 0x73,
    LDAP_EXTENDED_REQUEST = 0x77,
    LDAP_EXTENDED_RESPONSE = 0x78,
    LDAP_INTERMEDIATE = 0x79,
};
enum { LDAP_AUTH_SIMPLE = 0x80, LDAP_AUTH_SASL = 0xa3 };

struct ldap_request {
    struct str dn, detail; /* detail: filter, SASL mechanism, or OID; borrowed */
    uint8_t auth;          /* tag, 0: anonymous */
    int8_t scope;          /* -1: none */
    struct ntlm_text user; /* of the NTLM message in a SASL bind; else empty */
};

/* `text` is for the filter's words, which out->detail then points into. */
void ldap_request_read(const struct ber *op, struct buf *text, struct ldap_request *out);
