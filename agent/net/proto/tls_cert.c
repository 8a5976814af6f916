/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/tls_cert.h"

#include <stdio.h>
#include <time.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "agent/net/ber.h"
#include "common/hex.h"
#include "common/vtime.h"

enum { YEAR_FIRST = 1970, YEAR_AFTER_LAST = 2262 }; /* what nanoseconds in 64 bits hold */

static enum vg_err
put_name(const X509_NAME *name, char out[TLS_CERT_NAME_MAX])
{
    BIO *bio = BIO_new(BIO_s_mem());
    const char *text = NULL;
    long len;

    if (bio == NULL)
        return VG_ERR_NOMEM;
    if (X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) <
        0) {
        BIO_free(bio);
        return VG_ERR_FORMAT;
    }
    len = BIO_get_mem_data(bio, &text);
    snprintf(out, TLS_CERT_NAME_MAX, "%.*s", len > 0 ? (int)len : 0, len > 0 ? text : "");
    BIO_free(bio);
    return VG_OK;
}

static enum vg_err
put_time(const ASN1_TIME *t, int64_t *out)
{
    struct tm tm;
    int year;

    if (t == NULL || ASN1_TIME_to_tm(t, &tm) != 1)
        return VG_ERR_FORMAT;
    year = tm.tm_year + 1900;
    if (year < YEAR_FIRST || year >= YEAR_AFTER_LAST) {
        *out = year < YEAR_FIRST ? 0 : vtime_days_from_civil(YEAR_AFTER_LAST, 1, 1) * VG_DAY_NS;
        return VG_OK;
    }
    *out = vtime_days_from_civil(year, (unsigned)tm.tm_mon + 1, (unsigned)tm.tm_mday) * VG_DAY_NS +
           tm.tm_hour * VG_HOUR_NS + tm.tm_min * VG_MIN_NS + tm.tm_sec * VG_SEC_NS;
    return VG_OK;
}

static void
put_serial(const ASN1_INTEGER *serial, char out[TLS_CERT_SERIAL_MAX])
{
    BIGNUM *n = ASN1_INTEGER_to_BN(serial, NULL);
    char *hex = n != NULL ? BN_bn2hex(n) : NULL;

    if (hex != NULL)
        snprintf(out, TLS_CERT_SERIAL_MAX, "%s", hex);
    OPENSSL_free(hex);
    BN_free(n);
}

static void
put_host(const GENERAL_NAME *name, char out[TLS_CERT_HOST_MAX])
{
    const ASN1_STRING *text = NULL;

    switch (name->type) {
    case GEN_DNS:
    case GEN_EMAIL:
    case GEN_URI:
        text = name->d.ia5;
        snprintf(out, TLS_CERT_HOST_MAX, "%.*s", ASN1_STRING_length(text),
                 (const char *)ASN1_STRING_get0_data(text));
        break;
    case GEN_IPADD: {
        struct slice in =
            slice_of(ASN1_STRING_get0_data(name->d.ip), (size_t)ASN1_STRING_length(name->d.ip));
        int used = 0;

        if (in.left == 4) {
            uint32_t a = slice_be32(&in);

            snprintf(out, TLS_CERT_HOST_MAX, "%u.%u.%u.%u", a >> 24, a >> 16 & 255, a >> 8 & 255,
                     a & 255);
        } else if (in.left == 16) {
            while (in.left > 0)
                used += snprintf(out + used, (size_t)(TLS_CERT_HOST_MAX - used), "%s%x",
                                 used > 0 ? ":" : "", slice_be16(&in));
        }
        break;
    }
    default:
        break;
    }
}

static void
put_hosts(struct slice der, struct tls_cert *out)
{
    const uint8_t *at = der.at;
    GENERAL_NAMES *names = d2i_GENERAL_NAMES(NULL, &at, (long)der.left);
    int n = names != NULL ? sk_GENERAL_NAME_num(names) : 0;

    out->hosts_total = n > 0 ? (size_t)n : 0;
    for (int i = 0; i < n && out->host_count < TLS_CERT_HOSTS_MAX; i++) {
        char *host = out->hosts[out->host_count];

        put_host(sk_GENERAL_NAME_value(names, i), host);
        out->host_count += host[0] != '\0';
    }
    GENERAL_NAMES_free(names);
}

/* ---- the parts of a certificate (RFC 5280, 4.1), one after another ----
 *
 * Not d2i_X509(): it also decodes the public key, which costs more than all that we read. */

enum { DER_VERSION = 0xa0, DER_EXTENSIONS = 0xa3 };

/* The next element if it has this tag, with its identifier and length. */
static struct slice
whole(struct slice *in, uint32_t tag)
{
    struct slice rest = *in;
    struct ber part;

    if (ber_next(in, &part) != VG_OK || part.tag != tag)
        return (struct slice){.at = rest.at, .bad = true};
    return slice_sub(&rest, (size_t)part.head + part.len);
}

static enum vg_err
read_names(struct slice issuer_der, struct slice subject_der, struct tls_cert *out)
{
    const uint8_t *at = issuer_der.at;
    X509_NAME *issuer = d2i_X509_NAME(NULL, &at, (long)issuer_der.left), *subject;
    enum vg_err err = VG_ERR_FORMAT;

    at = subject_der.at;
    subject = d2i_X509_NAME(NULL, &at, (long)subject_der.left);
    if (issuer != NULL && subject != NULL) {
        err = put_name(issuer, out->issuer);
        if (err == VG_OK)
            err = put_name(subject, out->subject);
        out->self_signed = X509_NAME_cmp(issuer, subject) == 0;
    }
    X509_NAME_free(issuer);
    X509_NAME_free(subject);
    return err;
}

static enum vg_err
read_time(struct slice *in, int64_t *out)
{
    struct slice rest = *in;
    struct ber part;
    ASN1_TIME *time;
    const uint8_t *at;
    enum vg_err err;

    if (ber_next(in, &part) != VG_OK)
        return VG_ERR_FORMAT;
    at = rest.at;
    time = d2i_ASN1_TIME(NULL, &at, (long)(part.head + part.len));
    err = put_time(time, out);
    ASN1_TIME_free(time);
    return err;
}

static enum vg_err
read_serial(struct slice der, struct tls_cert *out)
{
    const uint8_t *at = der.at;
    ASN1_INTEGER *serial = d2i_ASN1_INTEGER(NULL, &at, (long)der.left);

    if (serial == NULL)
        return VG_ERR_FORMAT;
    put_serial(serial, out->serial);
    ASN1_INTEGER_free(serial);
    return VG_OK;
}

/* The extension with the names of hosts (RFC 5280, 4.2.1.6): 2.5.29.17. */
static void
read_extensions(struct slice in, struct tls_cert *out)
{
    struct slice list, one, oid, value;

    if (!ber_take(&in, BER_SEQUENCE, &list))
        return;
    while (ber_take(&list, BER_SEQUENCE, &one)) {
        if (!ber_take(&one, BER_OID, &oid) || oid.left != 3 || slice_be24(&oid) != 0x551d11)
            continue;
        (void)ber_take(&one, BER_BOOLEAN, NULL);
        if (ber_take(&one, BER_OCTETS, &value))
            put_hosts(value, out);
        return;
    }
}

/* SubjectPublicKeyInfo: { { ecPublicKey, parameters }, key }: the parameters are an OID, or, where the
 * curve is written out, a SEQUENCE. */
static bool
explicit_curve(struct slice key)
{
    struct slice algorithm, oid;

    return ber_take(&key, BER_SEQUENCE, &algorithm) && ber_take(&algorithm, BER_OID, &oid) &&
           oid.left == 7 && slice_be32(&oid) == 0x2a8648ce && slice_be24(&oid) == 0x3d0201 &&
           ber_take(&algorithm, BER_SEQUENCE, NULL);
}

static enum vg_err
read_fields(struct slice in, struct tls_cert *out)
{
    struct slice cert, tbs, serial, issuer, subject, validity, key, extensions;
    enum vg_err err;

    if (!ber_take(&in, BER_SEQUENCE, &cert) || !ber_take(&cert, BER_SEQUENCE, &tbs))
        return VG_ERR_FORMAT;
    (void)ber_take(&tbs, DER_VERSION, NULL);
    serial = whole(&tbs, BER_INTEGER);
    if (serial.bad || !ber_take(&tbs, BER_SEQUENCE, NULL)) /* how it is signed */
        return VG_ERR_FORMAT;
    issuer = whole(&tbs, BER_SEQUENCE);
    if (issuer.bad || !ber_take(&tbs, BER_SEQUENCE, &validity))
        return VG_ERR_FORMAT;
    subject = whole(&tbs, BER_SEQUENCE);
    if (subject.bad || !ber_take(&tbs, BER_SEQUENCE, &key))
        return VG_ERR_FORMAT;
    out->explicit_curve = explicit_curve(key);
    err = read_serial(serial, out);
    if (err == VG_OK)
        err = read_names(issuer, subject, out);
    if (err == VG_OK)
        err = read_time(&validity, &out->not_before_ns);
    if (err == VG_OK)
        err = read_time(&validity, &out->not_after_ns);
    if (err == VG_OK && ber_find(&tbs, DER_EXTENSIONS, &extensions))
        read_extensions(extensions, out);
    return err;
}

enum vg_err
tls_cert_read(struct slice der, struct tls_cert *out)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    enum vg_err err;

    memset(out, 0, sizeof(*out));
    if (der.left > TLS_CERT_BYTES_MAX)
        return VG_ERR_LIMIT;
    err = read_fields(der, out);
    if (err == VG_OK && EVP_Digest(der.at, der.left, digest, &len, EVP_sha1(), NULL) == 1)
        hex_put(digest, (TLS_CERT_SHA1_SIZE - 1) / 2, out->sha1);
    ERR_clear_error(); /* what was wrong with it nobody asks */
    return err;
}
