/* SPDX-License-Identifier: Apache-2.0 */
/* Ed25519 by OpenSSL: keys, signing, verifying. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#include "common/bundle.h"
#include "common/bundle_private.h"

static const uint8_t MAGIC[BUNDLE_MAGIC] = "VIGIA-BUNDLE-1\n";

const uint8_t *
bundle_magic(void)
{
    return MAGIC;
}

/* What is signed: the magic, so that a signature for this is none for anything else, and the
 * archive. One piece of memory: Ed25519 wants the whole text. */
static enum vg_err
signed_text(struct slice whole, struct buf *out)
{
    buf_init(out, BUNDLE_BYTES_MAX);
    buf_put(out, MAGIC, sizeof MAGIC);
    slice_skip(&whole, BUNDLE_HEAD);
    if (whole.bad)
        return VG_ERR_SHORT;
    buf_put(out, whole.at, whole.left);
    return out->bad ? VG_ERR_NOMEM : VG_OK;
}

static bool
signed_by(const struct buf *text, struct slice signature, const uint8_t key[BUNDLE_KEY])
{
    EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, BUNDLE_KEY);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = pkey != NULL && ctx != NULL &&
                EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
                EVP_DigestVerify(ctx, signature.at, signature.left, text->data, text->len) == 1;

    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return good;
}

enum vg_err
bundle_verify(struct slice whole, const uint8_t (*keys)[BUNDLE_KEY], size_t count,
              struct bundle_error *error)
{
    struct slice head = whole, magic, signature;
    struct buf text;
    bool good = false;
    enum vg_err err;

    if (whole.left > BUNDLE_BYTES_MAX)
        return bundle_refuse(error, VG_ERR_LIMIT, "large", "it is larger than %d bytes",
                             BUNDLE_BYTES_MAX);
    magic = slice_sub(&head, BUNDLE_MAGIC);
    signature = slice_sub(&head, BUNDLE_SIGNATURE);
    if (signature.bad)
        return bundle_refuse(error, VG_ERR_SHORT, "short", "it is cut off");
    if (memcmp(magic.at, MAGIC, sizeof MAGIC) != 0)
        return bundle_refuse(error, VG_ERR_FORMAT, "format", "it is no bundle of Vigia's");
    err = signed_text(whole, &text);
    for (size_t i = 0; err == VG_OK && !good && i < count; i++)
        good = signed_by(&text, signature, keys[i]);
    buf_done(&text);
    if (err != VG_OK)
        return bundle_refuse(error, err, "memory", "no memory to look at it");
    if (!good)
        return bundle_refuse(error, VG_ERR_DENIED, "signature",
                             count == 0 ? "no key is known that may sign it"
                                        : "none of the keys that may sign it has signed it");
    return VG_OK;
}

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
bundle_key_new(struct buf *pem)
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
bundle_key_public(struct slice pem, uint8_t out[BUNDLE_KEY])
{
    EVP_PKEY *key = read_key(pem);
    size_t n = BUNDLE_KEY;
    enum vg_err err = VG_ERR_FORMAT;

    if (key != NULL && EVP_PKEY_get_raw_public_key(key, out, &n) == 1 && n == BUNDLE_KEY)
        err = VG_OK;
    EVP_PKEY_free(key);
    return err;
}

enum vg_err
bundle_sign(struct slice pem, struct buf *whole)
{
    EVP_PKEY *key = read_key(pem);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t n = BUNDLE_SIGNATURE;
    struct buf text = {.data = NULL};
    enum vg_err err = key != NULL ? signed_text(buf_slice(whole), &text) : VG_ERR_FORMAT;

    if (err == VG_OK &&
        (ctx == NULL || EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) != 1 ||
         EVP_DigestSign(ctx, whole->data + BUNDLE_MAGIC, &n, text.data, text.len) != 1 ||
         n != BUNDLE_SIGNATURE))
        err = VG_ERR_SYS;
    buf_done(&text);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    return err;
}
