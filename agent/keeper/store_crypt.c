/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keeper/store_crypt.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "agent/keeper/seal.h"

enum { NONCE_SIZE = 12, TAG_SIZE = 16, LABEL_SIZE = 9 };

struct store_crypt {
    EVP_CIPHER_CTX *in, *out; /* keyed once: a new nonce for each body */
    struct buf work;
};

enum vg_err
store_crypt_new(const uint8_t key[STORE_KEY_SIZE], struct store_crypt **out)
{
    struct store_crypt *c = calloc(1, sizeof(*c));

    if (c == NULL)
        return VG_ERR_NOMEM;
    buf_init(&c->work, 2 * 1024 * 1024);
    c->in = EVP_CIPHER_CTX_new();
    c->out = EVP_CIPHER_CTX_new();
    if (c->in == NULL || c->out == NULL ||
        EVP_EncryptInit_ex(c->out, EVP_aes_256_gcm(), NULL, key, NULL) != 1 ||
        EVP_DecryptInit_ex(c->in, EVP_aes_256_gcm(), NULL, key, NULL) != 1) {
        store_crypt_free(c);
        return VG_ERR_NOMEM;
    }
    *out = c;
    return VG_OK;
}

void
store_crypt_free(struct store_crypt *crypt)
{
    if (crypt == NULL)
        return;
    EVP_CIPHER_CTX_free(crypt->in);
    EVP_CIPHER_CTX_free(crypt->out);
    buf_done(&crypt->work);
    free(crypt);
}

static void
label_of(char table, int64_t number, uint8_t out[LABEL_SIZE])
{
    uint64_t n = (uint64_t)number;

    out[0] = (uint8_t)table;
    for (size_t i = 0; i < 8; i++)
        out[1 + i] = (uint8_t)(n >> (56 - 8 * i));
}

/* Room for n bytes in the work buffer; NULL without memory. */
static uint8_t *
work_room(struct store_crypt *c, size_t n)
{
    buf_clear(&c->work);
    for (size_t done = 0; done < n;) {
        static const uint8_t zeros[4096];
        size_t piece = n - done < sizeof(zeros) ? n - done : sizeof(zeros);

        buf_put(&c->work, zeros, piece);
        done += piece;
    }
    buf_put_u8(&c->work, 0);
    return c->work.bad ? NULL : c->work.data;
}

enum vg_err
store_crypt_close(struct store_crypt *crypt, char table, int64_t number, struct slice text,
                  struct buf *out)
{
    uint8_t nonce[NONCE_SIZE], label[LABEL_SIZE], tag[TAG_SIZE], *work;
    int n;
    enum vg_err err = seal_random(nonce, sizeof(nonce));

    if (err != VG_OK)
        return err;
    work = work_room(crypt, text.left);
    if (work == NULL)
        return VG_ERR_NOMEM;
    label_of(table, number, label);
    if (EVP_EncryptInit_ex(crypt->out, NULL, NULL, NULL, nonce) != 1 ||
        EVP_EncryptUpdate(crypt->out, NULL, &n, label, sizeof(label)) != 1 ||
        EVP_EncryptUpdate(crypt->out, work, &n, text.at, (int)text.left) != 1 ||
        (size_t)n != text.left || EVP_EncryptFinal_ex(crypt->out, tag, &n) != 1 ||
        EVP_CIPHER_CTX_ctrl(crypt->out, EVP_CTRL_GCM_GET_TAG, sizeof(tag), tag) != 1)
        return VG_ERR_NOMEM;
    buf_put(out, nonce, sizeof(nonce));
    buf_put(out, work, text.left);
    buf_put(out, tag, sizeof(tag));
    return out->bad ? VG_ERR_LIMIT : VG_OK;
}

enum vg_err
store_crypt_open(struct store_crypt *crypt, char table, int64_t number, struct slice body,
                 struct buf *out)
{
    uint8_t label[LABEL_SIZE], tag[TAG_SIZE], *work;
    const uint8_t *nonce, *text;
    size_t len;
    int n;

    if (body.left < STORE_CRYPT_OVERHEAD)
        return VG_ERR_DENIED;
    len = body.left - STORE_CRYPT_OVERHEAD;
    nonce = slice_take(&body, NONCE_SIZE);
    text = slice_take(&body, len);
    if (!slice_copy(&body, tag, TAG_SIZE))
        return VG_ERR_DENIED;
    work = work_room(crypt, len);
    if (work == NULL)
        return VG_ERR_NOMEM;
    label_of(table, number, label);
    if (EVP_DecryptInit_ex(crypt->in, NULL, NULL, NULL, nonce) != 1 ||
        EVP_DecryptUpdate(crypt->in, NULL, &n, label, sizeof(label)) != 1 ||
        EVP_DecryptUpdate(crypt->in, work, &n, text, (int)len) != 1 ||
        EVP_CIPHER_CTX_ctrl(crypt->in, EVP_CTRL_GCM_SET_TAG, sizeof(tag), tag) != 1 ||
        EVP_DecryptFinal_ex(crypt->in, work + len, &n) != 1)
        return VG_ERR_DENIED;
    buf_put(out, work, len);
    return out->bad ? VG_ERR_LIMIT : VG_OK;
}
