/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/host/sealed.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#define MAGIC "vigiaq1\n"
#define LABEL "vigia quarantine 1"
enum { MAGIC_LEN = 8, SALT = 32, TAG = 16, NONCE = 12, MARK = 5 };

struct sealed {
    EVP_CIPHER_CTX *ctx;
    platform_file file;
    uint64_t at;     /* in the file */
    uint64_t number; /* of the next piece */
    bool ended;
    uint8_t key[SEALED_KEY];
    uint8_t in[MARK + SEALED_PIECE + TAG], text[SEALED_PIECE];
};

static enum vg_err
make(const uint8_t key[SEALED_KEY], const uint8_t salt[SALT], platform_file file,
     struct sealed **out)
{
    uint8_t about[sizeof(LABEL) - 1 + SALT];
    struct sealed *s = calloc(1, sizeof *s);
    unsigned len = 0;

    if (s == NULL)
        return VG_ERR_NOMEM;
    memcpy(about, LABEL, sizeof(LABEL) - 1);
    memcpy(about + sizeof(LABEL) - 1, salt, SALT);
    s->file = file;
    s->at = MAGIC_LEN + SALT;
    s->ctx = EVP_CIPHER_CTX_new();
    if (s->ctx == NULL ||
        HMAC(EVP_sha256(), key, SEALED_KEY, about, sizeof about, s->key, &len) == NULL ||
        len != SEALED_KEY) {
        sealed_free(s);
        return VG_ERR_NOMEM;
    }
    *out = s;
    return VG_OK;
}

void
sealed_free(struct sealed *s)
{
    if (s == NULL)
        return;
    EVP_CIPHER_CTX_free(s->ctx);
    OPENSSL_cleanse(s, sizeof *s);
    free(s);
}

static void
nonce_of(uint64_t number, uint8_t out[NONCE])
{
    memset(out, 0, NONCE);
    for (size_t i = 0; i < 8; i++)
        out[NONCE - 1 - i] = (uint8_t)(number >> (8 * i));
}

static void
mark_of(size_t len, bool last, uint8_t out[MARK])
{
    for (size_t i = 0; i < 4; i++)
        out[3 - i] = (uint8_t)(len >> (8 * i));
    out[4] = last ? 1 : 0;
}

/* ---- writing ---- */

enum vg_err
sealed_begin(const uint8_t key[SEALED_KEY], platform_file file, struct slice head,
             struct sealed **out)
{
    uint8_t top[MAGIC_LEN + SALT];
    struct sealed *s;
    enum vg_err err;

    memcpy(top, MAGIC, MAGIC_LEN);
    if (head.left > SEALED_HEAD_MAX)
        return VG_ERR_LIMIT;
    if (RAND_bytes(top + MAGIC_LEN, SALT) != 1)
        return VG_ERR_SYS;
    err = make(key, top + MAGIC_LEN, file, &s);
    if (err != VG_OK)
        return err;
    err = platform_file_write(file, 0, slice_of(top, sizeof top));
    if (err == VG_OK)
        err = sealed_put(s, head, false);
    if (err == VG_OK)
        *out = s;
    else
        sealed_free(s);
    return err;
}

enum vg_err
sealed_put(struct sealed *s, struct slice piece, bool last)
{
    uint8_t nonce[NONCE];
    int n = 0, len = (int)piece.left;
    enum vg_err err;

    if (piece.bad || piece.left > SEALED_PIECE || s->ended)
        return VG_ERR_LIMIT;
    mark_of(piece.left, last, s->in);
    nonce_of(s->number, nonce);
    if (EVP_EncryptInit_ex(s->ctx, EVP_aes_256_gcm(), NULL, s->key, nonce) != 1 ||
        EVP_EncryptUpdate(s->ctx, NULL, &n, s->in, MARK) != 1 ||
        (len > 0 && EVP_EncryptUpdate(s->ctx, s->in + MARK, &n, piece.at, len) != 1) ||
        EVP_EncryptFinal_ex(s->ctx, s->in + MARK + len, &n) != 1 ||
        EVP_CIPHER_CTX_ctrl(s->ctx, EVP_CTRL_GCM_GET_TAG, TAG, s->in + MARK + len) != 1)
        return VG_ERR_NOMEM;
    err = platform_file_write(s->file, s->at, slice_of(s->in, MARK + (size_t)len + TAG));
    s->at += MARK + (uint64_t)len + TAG;
    s->number++;
    s->ended = last;
    return err;
}

/* ---- reading ---- */

static enum vg_err
read_whole(struct sealed *s, void *to, size_t size)
{
    size_t got = 0;
    enum vg_err err = platform_file_read(s->file, s->at, to, size, &got);

    s->at += size;
    return err != VG_OK ? err : got == size ? VG_OK : VG_ERR_DENIED;
}

enum vg_err
sealed_next(struct sealed *s, struct slice *piece)
{
    uint8_t nonce[NONCE];
    struct slice mark = slice_of(s->in, MARK);
    int n = 0;
    size_t len;
    enum vg_err err;

    if (s->ended)
        return VG_END;
    err = read_whole(s, s->in, MARK);
    if (err != VG_OK)
        return err;
    len = slice_be32(&mark);
    if (len > SEALED_PIECE)
        return VG_ERR_DENIED;
    err = read_whole(s, s->in + MARK, len + TAG);
    if (err != VG_OK)
        return err;
    nonce_of(s->number, nonce);
    if (EVP_DecryptInit_ex(s->ctx, EVP_aes_256_gcm(), NULL, s->key, nonce) != 1 ||
        EVP_DecryptUpdate(s->ctx, NULL, &n, s->in, MARK) != 1 ||
        (len > 0 && EVP_DecryptUpdate(s->ctx, s->text, &n, s->in + MARK, (int)len) != 1) ||
        EVP_CIPHER_CTX_ctrl(s->ctx, EVP_CTRL_GCM_SET_TAG, TAG, s->in + MARK + len) != 1 ||
        EVP_DecryptFinal_ex(s->ctx, s->text + len, &n) != 1)
        return VG_ERR_DENIED;
    s->number++;
    s->ended = slice_u8(&mark) == 1;
    *piece = slice_of(s->text, len);
    return VG_OK;
}

enum vg_err
sealed_open(const uint8_t key[SEALED_KEY], platform_file file, struct buf *head,
            struct sealed **out)
{
    uint8_t top[MAGIC_LEN + SALT];
    struct slice piece;
    struct sealed *s;
    size_t got = 0;
    enum vg_err err = platform_file_read(file, 0, top, sizeof top, &got);

    if (err != VG_OK)
        return err;
    if (got < sizeof top || memcmp(top, MAGIC, MAGIC_LEN) != 0)
        return VG_ERR_FORMAT;
    err = make(key, top + MAGIC_LEN, file, &s);
    if (err != VG_OK)
        return err;
    err = sealed_next(s, &piece);
    if (err == VG_OK && (s->ended || piece.left > SEALED_HEAD_MAX))
        err = VG_ERR_DENIED;
    buf_init(head, SEALED_HEAD_MAX);
    if (err == VG_OK) {
        buf_put(head, piece.at, piece.left);
        err = head->bad ? VG_ERR_NOMEM : VG_OK;
    }
    if (err != VG_OK) {
        buf_done(head);
        sealed_free(s);
        return err == VG_END ? VG_ERR_DENIED : err;
    }
    *out = s;
    return VG_OK;
}
