/* SPDX-License-Identifier: Apache-2.0 */
#include "common/pki.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/vtime.h"

/* Puts what a memory BIO holds into `out`. */
static enum vg_err
take_bio(BIO *bio, struct buf *out)
{
    char *text = NULL;
    long n = BIO_get_mem_data(bio, &text);

    if (n <= 0)
        return VG_ERR_NOMEM;
    buf_put(out, text, (size_t)n);
    return out->bad ? VG_ERR_NOMEM : VG_OK;
}

static BIO *
bio_of(struct slice pem)
{
    if (pem.left == 0 || pem.left > PKI_PEM_MAX)
        return NULL;
    return BIO_new_mem_buf(pem.at, (int)pem.left);
}

/* Keys are never encrypted here; without this OpenSSL would ask the terminal. */
static int
no_password(char *to, int size, int writing, void *ctx)
{
    (void)to, (void)size, (void)writing, (void)ctx;
    return 0;
}

static EVP_PKEY *
key_read(struct slice pem)
{
    BIO *bio = bio_of(pem);
    EVP_PKEY *key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;

    BIO_free(bio);
    ERR_clear_error();
    return key;
}

static X509 *
cert_read(struct slice pem)
{
    BIO *bio = bio_of(pem);
    X509 *cert = bio != NULL ? PEM_read_bio_X509(bio, NULL, no_password, NULL) : NULL;

    BIO_free(bio);
    ERR_clear_error();
    return cert;
}

static bool
key_is_p256(EVP_PKEY *key)
{
    char group[32];

    return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
           EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1 &&
           strcmp(group, "prime256v1") == 0;
}

enum vg_err
pki_key_new(struct buf *out)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    BIO *bio = BIO_new(BIO_s_mem());
    enum vg_err err = VG_ERR_SYS;

    if (key != NULL && bio != NULL &&
        PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1)
        err = take_bio(bio, out);
    BIO_free(bio);
    EVP_PKEY_free(key);
    return err;
}

static bool
set_name(X509_NAME *name, const char *text)
{
    return strlen(text) <= PKI_NAME_MAX &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)text, -1,
                                      -1, 0) == 1;
}

enum vg_err
pki_csr_new(struct slice key_pem, const char *name, struct buf *out)
{
    EVP_PKEY *key = key_read(key_pem);
    X509_REQ *req = X509_REQ_new();
    BIO *bio = BIO_new(BIO_s_mem());
    enum vg_err err = VG_ERR_NOMEM;

    if (key == NULL) {
        err = VG_ERR_FORMAT;
        goto done;
    }
    if (req == NULL || bio == NULL)
        goto done;
    if (X509_REQ_set_version(req, 0) == 1 && set_name(X509_REQ_get_subject_name(req), name) &&
        X509_REQ_set_pubkey(req, key) == 1 && X509_REQ_sign(req, key, EVP_sha256()) > 0 &&
        PEM_write_bio_X509_REQ(bio, req) == 1)
        err = take_bio(bio, out);
done:
    BIO_free(bio);
    X509_REQ_free(req);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return err;
}

static bool
add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *ext;
    bool ok;

    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    ok = ext != NULL && X509_add_ext(cert, ext, -1) == 1;
    X509_EXTENSION_free(ext);
    return ok;
}

/* Serial numbers are 127 random bits: positive, unique without a register. */
static bool
set_serial(X509 *cert)
{
    uint8_t bytes[16];
    BIGNUM *n;
    bool ok;

    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return false;
    bytes[0] &= 0x7f;
    bytes[15] |= 1;
    n = BN_bin2bn(bytes, sizeof bytes, NULL);
    ok = n != NULL && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert)) != NULL;
    BN_free(n);
    return ok;
}

static bool
set_times(X509 *cert, int64_t from_ns, int64_t until_ns)
{
    return ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)(from_ns / VG_SEC_NS)) != NULL &&
           ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)(until_ns / VG_SEC_NS)) != NULL;
}

enum vg_err
pki_ca_new(struct slice key_pem, const char *name, int64_t now_ns, struct buf *out)
{
    EVP_PKEY *key = key_read(key_pem);
    X509 *cert = X509_new();
    BIO *bio = BIO_new(BIO_s_mem());
    enum vg_err err = VG_ERR_NOMEM;

    if (key == NULL) {
        err = VG_ERR_FORMAT;
        goto done;
    }
    if (cert == NULL || bio == NULL)
        goto done;
    /* An hour back: a shop's PC whose clock is a little behind must not refuse a new CA. */
    if (X509_set_version(cert, 2) == 1 && set_serial(cert) &&
        set_times(cert, now_ns - VG_HOUR_NS, now_ns + PKI_CA_DAYS * VG_DAY_NS) &&
        set_name(X509_get_subject_name(cert), name) &&
        X509_set_issuer_name(cert, X509_get_subject_name(cert)) == 1 &&
        X509_set_pubkey(cert, key) == 1 &&
        add_extension(cert, cert, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
        add_extension(cert, cert, NID_key_usage, "critical,keyCertSign,cRLSign") &&
        add_extension(cert, cert, NID_subject_key_identifier, "hash") &&
        X509_sign(cert, key, EVP_sha256()) > 0 && PEM_write_bio_X509(bio, cert) == 1)
        err = take_bio(bio, out);
done:
    BIO_free(bio);
    X509_free(cert);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return err;
}

/* The hosts as subject alternative names; addresses are told from names by their form. */
static bool
add_hosts(X509 *cert, const struct pki_wish *wish)
{
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    bool ok = names != NULL;

    for (size_t i = 0; ok && i < wish->host_count && i < PKI_HOSTS_MAX; i++) {
        ASN1_OCTET_STRING *ip = a2i_IPADDRESS(wish->hosts[i]);
        GENERAL_NAME *name = GENERAL_NAME_new();
        ASN1_IA5STRING *dns = ip == NULL ? ASN1_IA5STRING_new() : NULL;

        ok = name != NULL &&
             (ip != NULL || (dns != NULL && ASN1_STRING_set(dns, wish->hosts[i], -1) == 1));
        if (ok)
            GENERAL_NAME_set0_value(name, ip != NULL ? GEN_IPADD : GEN_DNS,
                                    ip != NULL ? (void *)ip : (void *)dns);
        ok = ok && sk_GENERAL_NAME_push(names, name) > 0;
    }
    ok = ok && X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, 0) == 1;
    sk_GENERAL_NAME_pop_free(names, GENERAL_NAME_free);
    return ok;
}

static bool
add_use(X509 *cert, X509 *ca, const struct pki_wish *wish)
{
    char uri[16 + PKI_NAME_MAX];

    if (wish->use == PKI_SERVER)
        return add_extension(cert, ca, NID_ext_key_usage, "serverAuth") && add_hosts(cert, wish);
    (void)snprintf(uri, sizeof uri, "URI:urn:uuid:%s", wish->name);
    return add_extension(cert, ca, NID_ext_key_usage, "clientAuth") &&
           add_extension(cert, ca, NID_subject_alt_name, uri);
}

/* The request's public key, once its signature shows that the asker holds the private one. */
static enum vg_err
csr_key(struct slice csr_pem, EVP_PKEY **out)
{
    BIO *bio = bio_of(csr_pem);
    X509_REQ *req = bio != NULL ? PEM_read_bio_X509_REQ(bio, NULL, no_password, NULL) : NULL;
    EVP_PKEY *key = req != NULL ? X509_REQ_get0_pubkey(req) : NULL;
    enum vg_err err = VG_OK;

    if (key == NULL)
        err = VG_ERR_FORMAT;
    else if (!key_is_p256(key))
        err = VG_ERR_DENIED;
    else if (X509_REQ_verify(req, key) != 1)
        err = VG_ERR_FORMAT;
    else if (EVP_PKEY_up_ref(key) == 1)
        *out = key;
    else
        err = VG_ERR_NOMEM;
    X509_REQ_free(req);
    BIO_free(bio);
    ERR_clear_error();
    return err;
}

enum vg_err
pki_issue(struct slice ca_pem, struct slice ca_key_pem, struct slice csr_pem,
          const struct pki_wish *wish, struct buf *out)
{
    EVP_PKEY *key = NULL, *ca_key = key_read(ca_key_pem);
    X509 *ca = cert_read(ca_pem), *cert = X509_new();
    BIO *bio = BIO_new(BIO_s_mem());
    enum vg_err err = csr_key(csr_pem, &key);

    if (err != VG_OK)
        goto done;
    if (ca == NULL || ca_key == NULL) {
        err = VG_ERR_FORMAT;
        goto done;
    }
    err = VG_ERR_NOMEM;
    if (cert == NULL || bio == NULL)
        goto done;
    if (X509_set_version(cert, 2) == 1 && set_serial(cert) &&
        set_times(cert, wish->from_ns, wish->until_ns) &&
        set_name(X509_get_subject_name(cert), wish->name) &&
        X509_set_issuer_name(cert, X509_get_subject_name(ca)) == 1 &&
        X509_set_pubkey(cert, key) == 1 &&
        add_extension(cert, ca, NID_basic_constraints, "critical,CA:FALSE") &&
        add_extension(cert, ca, NID_key_usage, "critical,digitalSignature") &&
        add_extension(cert, ca, NID_subject_key_identifier, "hash") &&
        add_extension(cert, ca, NID_authority_key_identifier, "keyid:always") &&
        add_use(cert, ca, wish) && X509_sign(cert, ca_key, EVP_sha256()) > 0 &&
        PEM_write_bio_X509(bio, cert) == 1)
        err = take_bio(bio, out);
done:
    BIO_free(bio);
    X509_free(cert);
    X509_free(ca);
    EVP_PKEY_free(ca_key);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return err;
}

static bool
time_ns(const ASN1_TIME *time, int64_t *out)
{
    struct tm tm;

    if (ASN1_TIME_to_tm(time, &tm) != 1)
        return false;
    *out =
        (vtime_days_from_civil(tm.tm_year + 1900, (unsigned)tm.tm_mon + 1, (unsigned)tm.tm_mday) *
             86400 +
         tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec) *
        VG_SEC_NS;
    return true;
}

enum vg_err
pki_info_x509(X509 *cert, struct pki_info *out)
{
    struct pki_info info = {.name = ""};
    unsigned n = 0;

    if (X509_digest(cert, EVP_sha256(), info.fingerprint, &n) != 1 || n != sizeof info.fingerprint)
        return VG_ERR_FORMAT;
    if (!time_ns(X509_get0_notBefore(cert), &info.from_ns) ||
        !time_ns(X509_get0_notAfter(cert), &info.until_ns))
        return VG_ERR_FORMAT;
    (void)X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, info.name,
                                    sizeof info.name);
    *out = info;
    return VG_OK;
}

enum vg_err
pki_info(struct slice cert_pem, struct pki_info *out)
{
    X509 *cert = cert_read(cert_pem);
    enum vg_err err = cert != NULL ? pki_info_x509(cert, out) : VG_ERR_FORMAT;

    X509_free(cert);
    return err;
}

enum vg_err
pki_check(struct slice cert_pem, struct slice key_pem, struct slice ca_pem, int64_t now_ns)
{
    X509 *cert = cert_read(cert_pem), *ca = cert_read(ca_pem);
    EVP_PKEY *key = key_read(key_pem);
    struct pki_info info;
    enum vg_err err = VG_ERR_DENIED;

    if (cert != NULL && ca != NULL && key != NULL && X509_check_private_key(cert, key) == 1 &&
        X509_verify(cert, X509_get0_pubkey(ca)) == 1 && pki_info_x509(cert, &info) == VG_OK &&
        now_ns >= info.from_ns && now_ns < info.until_ns)
        err = VG_OK;
    EVP_PKEY_free(key);
    X509_free(ca);
    X509_free(cert);
    ERR_clear_error();
    return err;
}

bool
pki_covers(struct slice cert_pem, const char *const *hosts, size_t count)
{
    X509 *cert = cert_read(cert_pem);
    bool all = cert != NULL;

    for (size_t i = 0; all && i < count; i++)
        all = X509_check_ip_asc(cert, hosts[i], 0) == 1 ||
              X509_check_host(cert, hosts[i], 0, 0, NULL) == 1;
    X509_free(cert);
    ERR_clear_error();
    return all;
}

bool
pki_renew_due(const struct pki_info *info, int64_t now_ns)
{
    return now_ns >= info->from_ns + (info->until_ns - info->from_ns) / 3 * 2;
}
