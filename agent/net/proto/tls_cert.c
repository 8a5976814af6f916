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
put_hosts(const X509 *x, struct tls_cert *out)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
    int n = names != NULL ? sk_GENERAL_NAME_num(names) : 0;

    out->hosts_total = n > 0 ? (size_t)n : 0;
    for (int i = 0; i < n && out->host_count < TLS_CERT_HOSTS_MAX; i++) {
        char *host = out->hosts[out->host_count];

        put_host(sk_GENERAL_NAME_value(names, i), host);
        out->host_count += host[0] != '\0';
    }
    GENERAL_NAMES_free(names);
}

static enum vg_err
read_fields(const X509 *x, struct tls_cert *out)
{
    const X509_NAME *issuer = X509_get_issuer_name(x), *subject = X509_get_subject_name(x);
    enum vg_err err = put_name(issuer, out->issuer);

    if (err == VG_OK)
        err = put_name(subject, out->subject);
    if (err == VG_OK)
        err = put_time(X509_get0_notBefore(x), &out->not_before_ns);
    if (err == VG_OK)
        err = put_time(X509_get0_notAfter(x), &out->not_after_ns);
    if (err != VG_OK)
        return err;
    out->self_signed = X509_NAME_cmp(issuer, subject) == 0;
    put_serial(X509_get0_serialNumber(x), out->serial);
    put_hosts(x, out);
    return VG_OK;
}

enum vg_err
tls_cert_read(struct slice der, struct tls_cert *out)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    const uint8_t *at = der.at;
    unsigned len = 0;
    enum vg_err err = VG_ERR_FORMAT;
    X509 *x;

    memset(out, 0, sizeof(*out));
    if (der.left > TLS_CERT_BYTES_MAX)
        return VG_ERR_LIMIT;
    x = d2i_X509(NULL, &at, (long)der.left);
    if (x != NULL)
        err = read_fields(x, out);
    X509_free(x);
    if (err == VG_OK && EVP_Digest(der.at, der.left, digest, &len, EVP_sha1(), NULL) == 1)
        hex_put(digest, (TLS_CERT_SHA1_SIZE - 1) / 2, out->sha1);
    ERR_clear_error(); /* what was wrong with it nobody asks */
    return err;
}
