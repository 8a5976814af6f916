/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/ldap_request.h"

#include "agent/net/proto/ldap_filter.h"

static void
read_bind(struct slice in, struct ldap_request *out)
{
    struct slice name, sasl, mechanism;
    struct ber auth;
    struct ntlm ntlm;
    int64_t version;

    if (!ber_take_int(&in, &version) || !ber_take(&in, BER_OCTETS, &name))
        return;
    out->dn = ber_str(name);
    if (ber_next_cut(&in, &auth) != VG_OK)
        return;
    if (auth.tag == LDAP_AUTH_SIMPLE) {
        out->auth = auth.len == 0 ? 0 : LDAP_AUTH_SIMPLE; /* RFC 4513, 5.1.2: no password, nobody */
        return;
    }
    out->auth = LDAP_AUTH_SASL;
    if (auth.tag !=
        LDAP_AUTH_SASL) { /* Microsoft's own: [9], [10], [11] carry NTLM (MS-ADTS, 5.1.1.1) */
        sasl = auth.value;
        out->detail = str_of("NTLM");
    } else {
        sasl = auth.value;
        if (ber_take(&sasl, BER_OCTETS, &mechanism))
            out->detail = ber_str(mechanism);
    }
    if (ntlm_read(sasl, &ntlm) && ntlm.type == NTLM_AUTHENTICATE)
        out->user = ntlm.user;
}

static void
read_search(struct slice in, struct buf *text, struct ldap_request *out)
{
    struct slice base, skipped;
    int64_t scope, n;

    if (!ber_take(&in, BER_OCTETS, &base))
        return;
    out->dn = ber_str(base);
    if (!ber_take_int(&in, &scope) || !ber_take_int(&in, &n) || !ber_take_int(&in, &n) ||
        !ber_take_int(&in, &n) || !ber_take(&in, BER_BOOLEAN, &skipped))
        return;
    out->scope = scope >= 0 && scope < 4 ? (int8_t)scope : -1;
    (void)ldap_filter_put(&in, text);
    out->detail = str_n(text->data, text->len);
}

void
ldap_request_read(const struct ber *op, struct buf *text, struct ldap_request *out)
{
    struct slice in = op->value, name;

    *out = (struct ldap_request){.dn = str_of(NULL), .detail = str_of(NULL), .scope = -1};
    switch (op->tag) {
    case LDAP_BIND_REQUEST:
        read_bind(in, out);
        break;
    case LDAP_SEARCH_REQUEST:
        read_search(in, text, out);
        break;
    case LDAP_DELETE_REQUEST:
        out->dn = ber_str(in);
        break;
    case LDAP_EXTENDED_REQUEST:
        if (ber_take(&in, 0x80, &name))
            out->detail = ber_str(name);
        break;
    default:
        if (ber_take(&in, BER_OCTETS, &name))
            out->dn = ber_str(name);
        break;
    }
}
