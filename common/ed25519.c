/* SPDX-License-Identifier: Apache-2.0 */
#include "common/ed25519.h"

#include <openssl/evp.h>
#include <openssl/pem.h>

static EVP_PKEY *
read_key(struct slice pem)
{
    BIO *bio = pem.left <= 8192 ? BIO_new_mem_buf(pem.at, (int)pem.left) : NULL;
    EVP_PKEY *key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;

    (void)BIO_free(bio);
    if (key != NULL && EVP_PKEY_get_base_id(key) != EVP_PKEY_ED25519) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    return key;
}

enum vg_err
ed25519_new(struct buf *pem)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    BIO *bio = BIO_new(BIO_s_secmem());
    enum vg_err err = VG_ERR_SYS;
    char *text;
    long n;

    if (key != NULL && bio != NULL &&
        PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1 &&
        (n = BIO_get_mem_data(bio, &text)) > 0) {
        buf_put(pem, text, (size_t)n);
        err = pem->bad ? VG_ERR_NOMEM : VG_OK;
    }
    (void)BIO_free(bio);
    EVP_PKEY_free(key);
    return err;
}

enum vg_err
ed25519_public(struct slice pem, uint8_t out[ED25519_KEY])
{
    EVP_PKEY *key = read_key(pem);
    size_t n = ED25519_KEY;
    enum vg_err err = VG_ERR_FORMAT;

    if (key != NULL && EVP_PKEY_get_raw_public_key(key, out, &n) == 1 && n == ED25519_KEY)
        err = VG_OK;
    EVP_PKEY_free(key);
    return err;
}

enum vg_err
ed25519_sign(struct slice pem, struct slice text, uint8_t out[ED25519_SIGNATURE])
{
    EVP_PKEY *key = read_key(pem);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t n = ED25519_SIGNATURE;
    enum vg_err err = key != NULL ? VG_OK : VG_ERR_FORMAT;

    if (err == VG_OK &&
        (ctx == NULL || EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) != 1 ||
         EVP_DigestSign(ctx, out, &n, text.at, text.left) != 1 || n != ED25519_SIGNATURE))
        err = VG_ERR_SYS;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    return err;
}

bool
ed25519_verify(const uint8_t key[ED25519_KEY], struct slice text, struct slice signature)
{
    EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, ED25519_KEY);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = pkey != NULL && ctx != NULL &&
                EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
                EVP_DigestVerify(ctx, signature.at, signature.left, text.at, text.left) == 1;

    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return good;
}
