/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/second_factor.h"

#include <ctype.h>
#include <liboath/oath.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <qrencode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NONCE = 12, TAG = 16, STEP_S = 30, DIGITS = 6, WINDOW = 1, CODE_SIGNS = 10 };

static const char SIGNS[] = "abcdefghjkmnpqrstuvwxyz23456789"; /* none that looks like another */

/* ---- the secret at rest ---- */

static bool
crypt_secret(bool seal, const uint8_t key[FACTOR_KEY], const char *user, uint8_t *nonce,
             const uint8_t *in, uint8_t *out, uint8_t *tag)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int n = 0;
    bool ok = c != NULL &&
              EVP_CipherInit_ex(c, EVP_aes_256_gcm(), NULL, key, nonce, seal ? 1 : 0) == 1 &&
              EVP_CipherUpdate(c, NULL, &n, (const uint8_t *)user, (int)strlen(user)) == 1 &&
              EVP_CipherUpdate(c, out, &n, in, FACTOR_SECRET) == 1 && n == FACTOR_SECRET;

    if (ok && !seal)
        ok = EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG, tag) == 1;
    ok = ok && EVP_CipherFinal_ex(c, out + FACTOR_SECRET, &n) == 1 && n == 0;
    if (ok && seal)
        ok = EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG, tag) == 1;
    EVP_CIPHER_CTX_free(c);
    return ok;
}

enum vg_err
factor_make(const uint8_t key[FACTOR_KEY], const char *user, uint8_t secret[FACTOR_SECRET],
            uint8_t sealed[STORAGE_FACTOR_SIZE])
{
    _Static_assert(STORAGE_FACTOR_SIZE == NONCE + FACTOR_SECRET + TAG, "nonce, secret, tag");
    uint8_t *text = sealed + NONCE;

    if (RAND_bytes(secret, FACTOR_SECRET) != 1 || RAND_bytes(sealed, NONCE) != 1 ||
        !crypt_secret(true, key, user, sealed, secret, text, text + FACTOR_SECRET))
        return VG_ERR_SYS;
    return VG_OK;
}

enum vg_err
factor_open(const uint8_t key[FACTOR_KEY], const char *user,
            const uint8_t sealed[STORAGE_FACTOR_SIZE], uint8_t secret[FACTOR_SECRET])
{
    uint8_t copy[STORAGE_FACTOR_SIZE];

    memcpy(copy, sealed, sizeof copy);
    if (crypt_secret(false, key, user, copy, copy + NONCE, secret, copy + NONCE + FACTOR_SECRET))
        return VG_OK;
    OPENSSL_cleanse(secret, FACTOR_SECRET);
    return VG_ERR_DENIED;
}

/* ---- codes ---- */

enum vg_err
factor_check(const uint8_t secret[FACTOR_SECRET], const char *typed, int64_t now_s, int64_t *step)
{
    char code[DIGITS + 1];
    size_t n = 0;
    int where = 0, found;

    for (const char *p = typed; *p != '\0'; p++) {
        if (*p == ' ')
            continue;
        if (!isdigit((unsigned char)*p) || n == DIGITS)
            return VG_ERR_DENIED;
        code[n++] = *p;
    }
    if (n != DIGITS || now_s < STEP_S * (WINDOW + 1))
        return VG_ERR_DENIED;
    code[n] = '\0';
    if (oath_init() != OATH_OK)
        return VG_ERR_SYS;
    found = oath_totp_validate2((const char *)secret, FACTOR_SECRET, (time_t)now_s, STEP_S, 0,
                                WINDOW, &where, code);
    if (found < 0)
        return found == OATH_INVALID_OTP ? VG_ERR_DENIED : VG_ERR_SYS;
    *step = now_s / STEP_S + where;
    return VG_OK;
}

void
factor_text(const uint8_t secret[FACTOR_SECRET], char out[FACTOR_TEXT])
{
    static const char signs[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"; /* RFC 4648, 6 */

    /* 160 bits are 32 signs of five: no padding, no rest. */
    for (size_t i = 0; i < FACTOR_TEXT - 1; i++) {
        size_t bit = 5 * i, at = bit / 8;
        unsigned two = (unsigned)secret[at] << 8 | (at + 1 < FACTOR_SECRET ? secret[at + 1] : 0);

        out[i] = signs[(two >> (11 - bit % 8)) & 31];
    }
    out[FACTOR_TEXT - 1] = '\0';
}

/* RFC 3986, 2.1: all but unreserved signs are escaped. */
static void
escape(struct buf *out, const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (isalnum((unsigned char)*p) || strchr("-._~", *p) != NULL)
            buf_put_u8(out, (uint8_t)*p);
        else
            buf_printf(out, "%%%02X", (unsigned char)*p);
    }
}

enum vg_err
factor_uri(const uint8_t secret[FACTOR_SECRET], const char *name, const char *host,
           char out[FACTOR_URI])
{
    char text[FACTOR_TEXT];
    struct buf uri;
    bool fits;

    buf_init(&uri, FACTOR_URI - 1);
    factor_text(secret, text);
    buf_printf(&uri, "otpauth://totp/");
    escape(&uri, "Vigía");
    buf_printf(&uri, ":");
    escape(&uri, name);
    buf_printf(&uri, "%%40");
    escape(&uri, host);
    buf_printf(&uri, "?secret=%s&issuer=", text);
    escape(&uri, "Vigía");
    fits = !uri.bad;
    if (fits) {
        memcpy(out, uri.data, uri.len);
        out[uri.len] = '\0';
    }
    OPENSSL_cleanse(text, sizeof text);
    buf_done(&uri);
    return fits ? VG_OK : VG_ERR_LIMIT;
}

json_t *
factor_picture(const char *uri)
{
    QRcode *qr = QRcode_encodeString8bit(uri, 0, QR_ECLEVEL_M);
    json_t *rows = json_array();
    char row[180]; /* QR codes have at most 177 modules in a row */

    if (qr == NULL || (size_t)qr->width >= sizeof row) {
        QRcode_free(qr);
        json_decref(rows);
        return NULL;
    }
    for (int y = 0; y < qr->width; y++) {
        for (int x = 0; x < qr->width; x++)
            row[x] = (qr->data[y * qr->width + x] & 1) != 0 ? '1' : '0';
        row[qr->width] = '\0';
        (void)json_array_append_new(rows, json_string(row));
    }
    rows = json_pack("{si so}", "size", qr->width, "rows", rows);
    QRcode_free(qr);
    return rows;
}

/* ---- recovery codes ---- */

enum vg_err
recovery_make(char out[RECOVERY_CODES][RECOVERY_TEXT])
{
    for (size_t i = 0; i < RECOVERY_CODES; i++) {
        size_t n = 0;

        while (n < RECOVERY_TEXT - 1) {
            uint8_t byte;

            if (n == 5) {
                out[i][n++] = '-';
                continue;
            }
            if (RAND_bytes(&byte, 1) != 1)
                return VG_ERR_SYS;
            if (byte < 248) /* 8 * 31: no sign is likelier than another */
                out[i][n++] = SIGNS[byte % 31];
        }
        out[i][n] = '\0';
    }
    return VG_OK;
}

enum vg_err
recovery_hash(const uint8_t key[FACTOR_KEY], const char *user, const char *typed,
              uint8_t out[STORAGE_HASH_SIZE])
{
    char text[UUID_TEXT_SIZE + CODE_SIGNS + 2], code[CODE_SIGNS + 1];
    unsigned size = 0;
    size_t n = 0;

    for (const char *p = typed; *p != '\0'; p++) {
        char c = (char)tolower((unsigned char)*p);

        if (c == '-' || c == ' ')
            continue;
        if (n == CODE_SIGNS || strchr(SIGNS, c) == NULL)
            return VG_ERR_FORMAT;
        code[n++] = c;
    }
    code[n] = '\0';
    if (n != CODE_SIGNS)
        return VG_ERR_FORMAT;
    n = (size_t)snprintf(text, sizeof text, "%s %s", user, code);
    if (n >= sizeof text ||
        HMAC(EVP_sha256(), key, FACTOR_KEY, (const uint8_t *)text, n, out, &size) == NULL ||
        size != STORAGE_HASH_SIZE)
        return VG_ERR_SYS;
    return VG_OK;
}
