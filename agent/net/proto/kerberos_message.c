/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/kerberos_message.h"

#include <string.h>

#include "agent/net/ber.h"

/* Context tags, [0] to [12], and PA-DATA types whose presence means that the client proves itself. */
enum { CTX = 0xa0, APPLICATION = 0x60, GENERAL_STRING = 0x1b };
enum { PA_ENC_TIMESTAMP = 2, PA_PK_AS_REQ = 16, PA_ENCRYPTED_CHALLENGE = 138 };

static bool
known_type(unsigned type)
{
    return (type >= KERBEROS_AS_REQ && type <= KERBEROS_AP_REP) || type == KERBEROS_ERROR;
}

bool
kerberos_message_looks(struct slice in)
{
    struct ber outer, sequence, version, type;
    int64_t n;

    if (ber_next_cut(&in, &outer) != VG_OK || (outer.tag & 0xe0) != APPLICATION ||
        !known_type(outer.tag & 0x1f) || ber_next_cut(&outer.value, &sequence) != VG_OK ||
        sequence.tag != BER_SEQUENCE)
        return false;
    /* KDC-REQ counts from [1], all others from [0] */
    if (ber_next(&sequence.value, &version) != VG_OK ||
        (version.tag != CTX && version.tag != CTX + 1) || !ber_take_int(&version.value, &n) ||
        n != 5)
        return false;
    return ber_next(&sequence.value, &type) == VG_OK && type.tag == version.tag + 1 &&
           ber_take_int(&type.value, &n) && n == (int64_t)(outer.tag & 0x1f);
}

static void
read_name(struct slice in, struct kerberos_name *out)
{
    struct slice name, list, parts, part;

    out->count = 0;
    if (!ber_take(&in, BER_SEQUENCE, &name) || !ber_find(&name, CTX + 1, &list) ||
        !ber_take(&list, BER_SEQUENCE, &parts))
        return;
    while (out->count < KERBEROS_PARTS_MAX && ber_take(&parts, GENERAL_STRING, &part))
        out->part[out->count++] = ber_str(part);
}

static struct str
read_string(struct slice in)
{
    struct slice value;

    return ber_take(&in, GENERAL_STRING, &value) ? ber_str(value) : str_of(NULL);
}

static int32_t
read_number(struct slice in)
{
    int64_t n;

    return ber_take_int(&in, &n) && n >= INT32_MIN && n <= INT32_MAX ? (int32_t)n : 0;
}

/* EncryptedData: [0] etype. */
static int32_t
read_etype(struct slice in)
{
    struct slice data, etype;

    if (!ber_take(&in, BER_SEQUENCE, &data) || !ber_find(&data, CTX, &etype))
        return 0;
    return read_number(etype);
}

/* Ticket: [1] realm, [2] sname, [3] enc-part. */
static void
read_ticket(struct slice in, struct kerberos_message *m)
{
    struct slice ticket, sequence;
    struct ber b;

    if (!ber_take(&in, APPLICATION + 1, &ticket) || !ber_take(&ticket, BER_SEQUENCE, &sequence))
        return;
    while (ber_next(&sequence, &b) == VG_OK)
        switch (b.tag) {
        case CTX + 1:
            if (m->realm.len == 0)
                m->realm = read_string(b.value);
            break;
        case CTX + 2:
            read_name(b.value, &m->service);
            break;
        case CTX + 3:
            m->ticket_etype = read_etype(b.value);
            break;
        default:
            break;
        }
}

static void
read_padata(struct slice in, struct kerberos_message *m)
{
    struct slice list, one, type;

    if (!ber_take(&in, BER_SEQUENCE, &list))
        return;
    while (ber_take(&list, BER_SEQUENCE, &one))
        if (ber_take(&one, CTX + 1, &type)) {
            int32_t n = read_number(type);

            m->preauth |= n == PA_ENC_TIMESTAMP || n == PA_PK_AS_REQ || n == PA_ENCRYPTED_CHALLENGE;
        }
}

static void
read_request_body(struct slice in, struct kerberos_message *m)
{
    struct slice body, list;
    struct ber b;

    if (!ber_take(&in, BER_SEQUENCE, &body))
        return;
    while (ber_next(&body, &b) == VG_OK)
        switch (b.tag) {
        case CTX + 1:
            read_name(b.value, &m->client);
            break;
        case CTX + 2:
            m->realm = read_string(b.value);
            break;
        case CTX + 3:
            read_name(b.value, &m->service);
            break;
        case CTX + 8: {
            int64_t n;

            if (ber_take(&b.value, BER_SEQUENCE, &list))
                while (m->etype_count < KERBEROS_ETYPES_MAX && ber_take_int(&list, &n))
                    m->etypes[m->etype_count++] = n >= INT32_MIN && n <= INT32_MAX ? (int32_t)n : 0;
            break;
        }
        default:
            break;
        }
}

static void
read_request_field(const struct ber *b, struct kerberos_message *m)
{
    if (b->tag == CTX + 3)
        read_padata(b->value, m);
    else if (b->tag == CTX + 4)
        read_request_body(b->value, m);
}

static void
read_reply_field(const struct ber *b, struct kerberos_message *m)
{
    if (b->tag == CTX + 3)
        m->realm = read_string(b->value);
    else if (b->tag == CTX + 4)
        read_name(b->value, &m->client);
    else if (b->tag == CTX + 5)
        read_ticket(b->value, m);
    else if (b->tag == CTX + 6)
        m->reply_etype = read_etype(b->value);
}

static void
read_error_field(const struct ber *b, struct kerberos_message *m)
{
    if (b->tag == CTX + 6)
        m->error = read_number(b->value);
    else if (b->tag == CTX + 8)
        read_name(b->value, &m->client);
    else if (b->tag == CTX + 9)
        m->realm = read_string(b->value);
    else if (b->tag == CTX + 10)
        read_name(b->value, &m->service);
}

enum vg_err
kerberos_message_read(struct slice in, struct kerberos_message *out)
{
    struct kerberos_message m = {.realm = str_of(NULL)};
    struct ber outer, b;
    struct slice fields;
    enum vg_err err = ber_next(&in, &outer);

    if (err != VG_OK)
        return err == VG_END ? VG_ERR_SHORT : err;
    if ((outer.tag & 0xe0) != APPLICATION || !known_type(outer.tag & 0x1f) ||
        !ber_take(&outer.value, BER_SEQUENCE, &fields))
        return VG_ERR_FORMAT;
    m.type = (enum kerberos_type)(outer.tag & 0x1f);
    while (ber_next(&fields, &b) == VG_OK)
        switch (m.type) {
        case KERBEROS_AS_REQ:
        case KERBEROS_TGS_REQ:
            read_request_field(&b, &m);
            break;
        case KERBEROS_AS_REP:
        case KERBEROS_TGS_REP:
            read_reply_field(&b, &m);
            break;
        case KERBEROS_ERROR:
            read_error_field(&b, &m);
            break;
        case KERBEROS_AP_REQ:
            if (b.tag == CTX + 3)
                read_ticket(b.value, &m);
            break;
        case KERBEROS_AP_REP:
            break;
        }
    *out = m;
    return VG_OK;
}

struct str
kerberos_name_text(const struct kerberos_name *name, char out[KERBEROS_NAME_MAX])
{
    size_t len = 0;

    for (size_t i = 0; i < name->count; i++) {
        size_t n = name->part[i].len;

        if (i > 0 && len < KERBEROS_NAME_MAX)
            out[len++] = '/';
        if (n > KERBEROS_NAME_MAX - len)
            n = KERBEROS_NAME_MAX - len;
        memcpy(out + len, name->part[i].at, n);
        len += n;
    }
    return str_n(out, len);
}

struct number_name {
    int32_t number;
    const char *name;
};

static const char *
name_of(const struct number_name *table, size_t count, int32_t number)
{
    for (size_t i = 0; i < count; i++)
        if (table[i].number == number)
            return table[i].name;
    return "";
}

const char *
kerberos_etype_name(int32_t etype)
{
    static const struct number_name names[] = {
        {1, "des-cbc-crc"},
        {3, "des-cbc-md5"},
        {16, "des3-cbc-sha1"},
        {17, "aes128-cts-hmac-sha1-96"},
        {18, "aes256-cts-hmac-sha1-96"},
        {19, "aes128-cts-hmac-sha256-128"},
        {20, "aes256-cts-hmac-sha384-192"},
        {23, "rc4-hmac"},
        {24, "rc4-hmac-exp"},
        {25, "camellia128-cts-cmac"},
        {26, "camellia256-cts-cmac"},
        {-133, "rc4-hmac-old"},
        {-135, "rc4-hmac-old-exp"},
    };

    return name_of(names, VG_ARRAY_LEN(names), etype);
}

const char *
kerberos_error_name(int32_t error)
{
    static const struct number_name names[] = {
        {0, "KDC_ERR_NONE"},
        {1, "KDC_ERR_NAME_EXP"},
        {2, "KDC_ERR_SERVICE_EXP"},
        {3, "KDC_ERR_BAD_PVNO"},
        {6, "KDC_ERR_C_PRINCIPAL_UNKNOWN"},
        {7, "KDC_ERR_S_PRINCIPAL_UNKNOWN"},
        {8, "KDC_ERR_PRINCIPAL_NOT_UNIQUE"},
        {9, "KDC_ERR_NULL_KEY"},
        {10, "KDC_ERR_CANNOT_POSTDATE"},
        {11, "KDC_ERR_NEVER_VALID"},
        {12, "KDC_ERR_POLICY"},
        {13, "KDC_ERR_BADOPTION"},
        {14, "KDC_ERR_ETYPE_NOSUPP"},
        {15, "KDC_ERR_SUMTYPE_NOSUPP"},
        {16, "KDC_ERR_PADATA_TYPE_NOSUPP"},
        {17, "KDC_ERR_TRTYPE_NOSUPP"},
        {18, "KDC_ERR_CLIENT_REVOKED"},
        {19, "KDC_ERR_SERVICE_REVOKED"},
        {20, "KDC_ERR_TGT_REVOKED"},
        {21, "KDC_ERR_CLIENT_NOTYET"},
        {22, "KDC_ERR_SERVICE_NOTYET"},
        {23, "KDC_ERR_KEY_EXPIRED"},
        {24, "KDC_ERR_PREAUTH_FAILED"},
        {25, "KDC_ERR_PREAUTH_REQUIRED"},
        {26, "KDC_ERR_SERVER_NOMATCH"},
        {27, "KDC_ERR_MUST_USE_USER2USER"},
        {28, "KDC_ERR_PATH_NOT_ACCEPTED"},
        {29, "KDC_ERR_SVC_UNAVAILABLE"},
        {31, "KRB_AP_ERR_BAD_INTEGRITY"},
        {32, "KRB_AP_ERR_TKT_EXPIRED"},
        {33, "KRB_AP_ERR_TKT_NYV"},
        {34, "KRB_AP_ERR_REPEAT"},
        {35, "KRB_AP_ERR_NOT_US"},
        {36, "KRB_AP_ERR_BADMATCH"},
        {37, "KRB_AP_ERR_SKEW"},
        {38, "KRB_AP_ERR_BADADDR"},
        {39, "KRB_AP_ERR_BADVERSION"},
        {40, "KRB_AP_ERR_MSG_TYPE"},
        {41, "KRB_AP_ERR_MODIFIED"},
        {42, "KRB_AP_ERR_BADORDER"},
        {44, "KRB_AP_ERR_BADKEYVER"},
        {45, "KRB_AP_ERR_NOKEY"},
        {46, "KRB_AP_ERR_MUT_FAIL"},
        {48, "KRB_AP_ERR_METHOD"},
        {52, "KRB_ERR_RESPONSE_TOO_BIG"},
        {60, "KRB_ERR_GENERIC"},
        {61, "KRB_ERR_FIELD_TOOLONG"},
        {62, "KDC_ERR_CLIENT_NOT_TRUSTED"},
        {64, "KDC_ERR_INVALID_SIG"},
        {68, "KDC_ERR_WRONG_REALM"},
        {70, "KDC_ERR_CANT_VERIFY_CERTIFICATE"},
    };

    return name_of(names, VG_ARRAY_LEN(names), error);
}
