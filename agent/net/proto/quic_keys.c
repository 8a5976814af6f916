/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/quic_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

enum { SECRET_BYTES = 32, SALT_BYTES = 20, CHUNK_BYTES = 2048 };

struct quic_scheme {
    uint8_t salt[SALT_BYTES];
    const char *key, *iv, *hp; /* labels */
};

struct quic_crypto {
    EVP_CIPHER *gcm, *ecb;
    EVP_CIPHER_CTX *open, *mask;
};

enum salt { SALT_1, SALT_2, SALT_29, SALT_23, SALT_22, SALT_T051, SALT_T050, SALT_Q050 };

#define LABELS_V1 "quic key", "quic iv", "quic hp" /* RFC 9001, 5.1; the drafts before it too */

static const struct quic_scheme SCHEMES[] = {
    [SALT_1] = {{0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
                 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a},
                LABELS_V1},
    [SALT_2] = {{0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
                 0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9},
                "quicv2 key",
                "quicv2 iv",
                "quicv2 hp"},
    [SALT_29] = {{0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97,
                  0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99},
                 LABELS_V1},
    [SALT_23] = {{0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7,
                  0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5, 0x02},
                 LABELS_V1},
    [SALT_22] = {{0x7f, 0xbc, 0xdb, 0x0e, 0x7c, 0x66, 0xbb, 0xe9, 0x19, 0x3a,
                  0x96, 0xcd, 0x21, 0x51, 0x9e, 0xbd, 0x7a, 0x02, 0x64, 0x4a},
                 LABELS_V1},
    [SALT_T051] = {{0x7a, 0x4e, 0xde, 0xf4, 0xe7, 0xcc, 0xee, 0x5f, 0xa4, 0x50,
                    0x6c, 0x19, 0x12, 0x4f, 0xc8, 0xcc, 0xda, 0x6e, 0x03, 0x3d},
                   LABELS_V1},
    [SALT_T050] = {{0x7f, 0xf5, 0x79, 0xe5, 0xac, 0xd0, 0x72, 0x91, 0x55, 0x80,
                    0x30, 0x4c, 0x43, 0xa2, 0x36, 0x7c, 0x60, 0x48, 0x83, 0x10},
                   LABELS_V1},
    [SALT_Q050] = {{0x50, 0x45, 0x74, 0xef, 0xd0, 0x66, 0xfe, 0x2f, 0x9d, 0x94,
                    0x5c, 0xfc, 0xdb, 0xd3, 0xa7, 0xf0, 0xd3, 0xb5, 0x6b, 0x45},
                   LABELS_V1},
};

#undef LABELS_V1

static const struct {
    uint32_t first, last;
    enum salt salt;
} VERSIONS[] = {
    {0x00000001, 0x00000001, SALT_1},    {0x6b3343cf, 0x6b3343cf, SALT_2},
    {0xff000021, 0xff000022, SALT_1},    {0xff00001d, 0xff000020, SALT_29},
    {0xff000017, 0xff00001c, SALT_23},   {0xff000016, 0xff000016, SALT_22},
    {0x54303531, 0x54303531, SALT_T051}, {0x54303530, 0x54303530, SALT_T050},
    {0x51303530, 0x51303530, SALT_Q050}, {0xfaceb001, 0xfaceb001, SALT_22},
    {0xfaceb002, 0xfaceb002, SALT_23},   {0xfaceb00e, 0xfaceb00e, SALT_23},
};

enum {
    VERSION_2 = 0x6b3343cf,
    VERSION_Q050 = 0x51303530,
    VERSION_T050 = 0x54303530,
    VERSION_T051 = 0x54303531
};

/* ---- versions ---- */

bool
quic_version_known(uint32_t version)
{
    for (size_t i = 0; i < VG_ARRAY_LEN(VERSIONS); i++)
        if (version >= VERSIONS[i].first && version <= VERSIONS[i].last)
            return true;
    return false;
}

bool
quic_version_forces_negotiation(uint32_t version)
{
    return (version & 0x0f0f0f0f) == 0x0a0a0a0a;
}

bool
quic_version_is_2(uint32_t version)
{
    return version == VERSION_2;
}

bool
quic_version_has_google_frames(uint32_t version)
{
    return version == VERSION_Q050 || version == VERSION_T050 || version == VERSION_T051;
}

bool
quic_version_has_google_hello(uint32_t version)
{
    return version == VERSION_Q050;
}

const char *
quic_version_name(uint32_t version, char out[QUIC_VERSION_TEXT_MAX])
{
    if (version == 1 || version == VERSION_2)
        snprintf(out, QUIC_VERSION_TEXT_MAX, "%d", version == 1 ? 1 : 2);
    else if (version >> 8 == 0xff0000)
        snprintf(out, QUIC_VERSION_TEXT_MAX, "draft-%u", (unsigned)(version & 0xff));
    else if ((version >> 24 == 'T' || version >> 24 == 'Q') &&
             (version & 0xf0f0f0) == 0x303030) /* Google's: a letter and three digits */
        snprintf(out, QUIC_VERSION_TEXT_MAX, "%c%x%x%x", (int)(version >> 24),
                 (unsigned)(version >> 16 & 15), (unsigned)(version >> 8 & 15),
                 (unsigned)(version & 15));
    else
        snprintf(out, QUIC_VERSION_TEXT_MAX, "0x%08x", (unsigned)version);
    return out;
}

size_t
quic_schemes(uint32_t version, const struct quic_scheme *out[QUIC_SCHEMES_MAX])
{
    for (size_t i = 0; i < VG_ARRAY_LEN(VERSIONS); i++)
        if (version >= VERSIONS[i].first && version <= VERSIONS[i].last) {
            out[0] = &SCHEMES[VERSIONS[i].salt];
            return 1;
        }
    out[0] = &SCHEMES[SALT_1];
    out[1] = &SCHEMES[SALT_29];
    out[2] = &SCHEMES[SALT_23];
    out[3] = &SCHEMES[SALT_2];
    return 4;
}

/* ---- keys ---- */

static enum vg_err
hmac(const uint8_t *key, size_t key_len, const uint8_t *text, size_t len, uint8_t out[SECRET_BYTES])
{
    unsigned n = 0;

    return HMAC(EVP_sha256(), key, (int)key_len, text, len, out, &n) != NULL && n == SECRET_BYTES
               ? VG_OK
               : VG_ERR_SYS;
}

/* HKDF-Expand-Label of TLS 1.3 (RFC 8446, 7.1) without context; one block is enough. */
static enum vg_err
expand(const uint8_t secret[SECRET_BYTES], const char *label, uint8_t *out, size_t len)
{
    uint8_t info[64], block[SECRET_BYTES];
    int n = snprintf((char *)info + 3, sizeof(info) - 5, "tls13 %s", label);
    enum vg_err err;

    info[0] = 0;
    info[1] = (uint8_t)len;
    info[2] = (uint8_t)n;
    info[3 + n] = 0;
    info[4 + n] = 1; /* the number of the block */
    err = hmac(secret, SECRET_BYTES, info, (size_t)n + 5, block);
    if (err == VG_OK)
        memcpy(out, block, len);
    return err;
}

enum vg_err
quic_keys_derive(const struct quic_scheme *scheme, struct slice dcid, struct quic_keys *out)
{
    uint8_t initial[SECRET_BYTES], client[SECRET_BYTES];
    struct quic_keys keys;
    enum vg_err err = hmac(scheme->salt, SALT_BYTES, dcid.at, dcid.left, initial);

    if (err == VG_OK)
        err = expand(initial, "client in", client, sizeof(client));
    if (err == VG_OK)
        err = expand(client, scheme->key, keys.key, sizeof(keys.key));
    if (err == VG_OK)
        err = expand(client, scheme->iv, keys.iv, sizeof(keys.iv));
    if (err == VG_OK)
        err = expand(client, scheme->hp, keys.hp, sizeof(keys.hp));
    if (err == VG_OK)
        *out = keys;
    return err;
}

/* ---- packets ---- */

struct quic_crypto *
quic_crypto_new(void)
{
    struct quic_crypto *c = calloc(1, sizeof(*c));

    if (c == NULL)
        return NULL;
    c->gcm = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
    c->ecb = EVP_CIPHER_fetch(NULL, "AES-128-ECB", NULL);
    c->open = EVP_CIPHER_CTX_new();
    c->mask = EVP_CIPHER_CTX_new();
    if (c->gcm == NULL || c->ecb == NULL || c->open == NULL || c->mask == NULL) {
        quic_crypto_free(c);
        return NULL;
    }
    return c;
}

void
quic_crypto_free(struct quic_crypto *c)
{
    if (c == NULL)
        return;
    EVP_CIPHER_CTX_free(c->open);
    EVP_CIPHER_CTX_free(c->mask);
    EVP_CIPHER_free(c->gcm);
    EVP_CIPHER_free(c->ecb);
    free(c);
}

static enum vg_err
header_mask(struct quic_crypto *c, const struct quic_keys *keys, struct slice sample,
            uint8_t mask[QUIC_SAMPLE_BYTES])
{
    int n = 0;

    if (EVP_EncryptInit_ex2(c->mask, c->ecb, keys->hp, NULL, NULL) != 1 ||
        EVP_EncryptUpdate(c->mask, mask, &n, sample.at, QUIC_SAMPLE_BYTES) != 1 ||
        n != QUIC_SAMPLE_BYTES)
        return VG_ERR_SYS;
    return VG_OK;
}

/* The seal over what was given to c->open, in pieces that fit a stack. */
static enum vg_err
open_payload(struct quic_crypto *c, struct slice in, struct buf *plain)
{
    uint8_t chunk[CHUNK_BYTES], tag[QUIC_TAG_BYTES];
    int n = 0;

    if (in.left < QUIC_TAG_BYTES)
        return VG_ERR_SHORT;
    while (in.left > QUIC_TAG_BYTES) {
        size_t len = in.left - QUIC_TAG_BYTES;

        if (len > sizeof(chunk))
            len = sizeof(chunk);
        if (EVP_DecryptUpdate(c->open, chunk, &n, slice_take(&in, len), (int)len) != 1)
            return VG_ERR_SYS;
        buf_put(plain, chunk, (size_t)n);
    }
    if (!slice_copy(&in, tag, sizeof(tag)) ||
        EVP_CIPHER_CTX_ctrl(c->open, EVP_CTRL_AEAD_SET_TAG, sizeof(tag), tag) != 1)
        return VG_ERR_SYS;
    if (EVP_DecryptFinal_ex(c->open, chunk, &n) != 1)
        return VG_ERR_DENIED;
    return plain->bad ? VG_ERR_LIMIT : VG_OK;
}

enum vg_err
quic_open(struct quic_crypto *c, const struct quic_keys *keys, struct slice packet,
          size_t number_at, struct buf *plain)
{
    uint8_t mask[QUIC_SAMPLE_BYTES], nonce[sizeof(keys->iv)], head, number[4];
    struct slice at = packet, header, sample;
    size_t number_len;
    enum vg_err err;
    int n = 0;

    head = slice_u8(&at);
    header = slice_sub(&at, number_at > 0 ? number_at - 1 : 0);
    sample = at;
    slice_skip(&sample, 4);
    sample = slice_sub(&sample, QUIC_SAMPLE_BYTES);
    if (at.bad || sample.bad)
        return VG_ERR_SHORT;
    err = header_mask(c, keys, sample, mask);
    if (err != VG_OK)
        return err;
    head ^= mask[0] & 0x0f;
    number_len = (head & 3u) + 1;
    memcpy(nonce, keys->iv, sizeof(nonce));
    for (size_t i = 0; i < number_len; i++) {
        number[i] = slice_u8(&at) ^ mask[1 + i];
        nonce[sizeof(nonce) - number_len + i] ^= number[i];
    }
    if (EVP_DecryptInit_ex2(c->open, c->gcm, keys->key, nonce, NULL) != 1 ||
        EVP_DecryptUpdate(c->open, NULL, &n, &head, 1) != 1 ||
        EVP_DecryptUpdate(c->open, NULL, &n, header.at, (int)header.left) != 1 ||
        EVP_DecryptUpdate(c->open, NULL, &n, number, (int)number_len) != 1)
        return VG_ERR_SYS;
    return open_payload(c, at, plain);
}
