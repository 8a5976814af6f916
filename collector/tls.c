/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>

static SSL_CTX *
context(void)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

    if (ctx == NULL)
        return NULL;
    (void)SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    (void)SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                       SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_TICKET);
    (void)SSL_CTX_set_num_tickets(ctx, 0);
    (void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    /* An idle connection keeps no buffers: 34 KB less for each agent. */
    (void)SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    if (SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1) {
        SSL_CTX_free(ctx);
        return NULL;
    }
    return ctx;
}

static X509 *
read_cert(const struct buf *pem)
{
    BIO *bio = BIO_new_mem_buf(pem->data, (int)pem->len);
    X509 *cert = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

    BIO_free(bio);
    return cert;
}

/* The collector's own certificate, its key, and the CA behind it. */
static enum vg_err
use_own(SSL_CTX *ctx, const struct authority *a)
{
    X509 *cert = read_cert(&a->server), *ca = read_cert(&a->ca);
    BIO *bio = BIO_new_mem_buf(a->server_key.data, (int)a->server_key.len);
    EVP_PKEY *key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
    enum vg_err err = VG_ERR_FORMAT;

    if (cert != NULL && ca != NULL && key != NULL && SSL_CTX_use_certificate(ctx, cert) == 1 &&
        SSL_CTX_use_PrivateKey(ctx, key) == 1 && SSL_CTX_add1_chain_cert(ctx, ca) == 1)
        err = VG_OK;
    EVP_PKEY_free(key);
    BIO_free(bio);
    X509_free(ca);
    X509_free(cert);
    return err;
}

static int
on_verify(int ok, X509_STORE_CTX *store)
{
    if (!ok && X509_STORE_CTX_get_error_depth(store) == 0 &&
        X509_STORE_CTX_get_error(store) == X509_V_ERR_CERT_HAS_EXPIRED) {
        X509_STORE_CTX_set_error(store, X509_V_OK);
        return 1;
    }
    return ok;
}

enum vg_err
tls_agents(const struct authority *authority, SSL_CTX **out)
{
    SSL_CTX *ctx = context();
    X509 *ca = read_cert(&authority->ca);
    enum vg_err err = VG_ERR_NOMEM;

    if (ctx == NULL || ca == NULL)
        goto fail;
    err = use_own(ctx, authority);
    if (err != VG_OK)
        goto fail;
    err = VG_ERR_SYS;
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), ca) != 1 ||
        SSL_CTX_add_client_CA(ctx, ca) != 1)
        goto fail;
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, on_verify);
    SSL_CTX_set_verify_depth(ctx, 1);
    X509_free(ca);
    *out = ctx;
    return VG_OK;
fail:
    X509_free(ca);
    SSL_CTX_free(ctx);
    ERR_clear_error();
    return err;
}

enum vg_err
tls_web(const struct authority *authority, const struct collector_config *config, SSL_CTX **out)
{
    SSL_CTX *ctx = context();
    enum vg_err err = VG_OK;

    if (ctx == NULL)
        return VG_ERR_NOMEM;
    if (config->tls_cert == NULL)
        err = use_own(ctx, authority);
    else if (SSL_CTX_use_certificate_chain_file(ctx, config->tls_cert) != 1 ||
             SSL_CTX_use_PrivateKey_file(ctx, config->tls_key, SSL_FILETYPE_PEM) != 1 ||
             SSL_CTX_check_private_key(ctx) != 1)
        err = VG_ERR_FORMAT;
    if (err != VG_OK) {
        SSL_CTX_free(ctx);
        ERR_clear_error();
        return err;
    }
    *out = ctx;
    return VG_OK;
}
