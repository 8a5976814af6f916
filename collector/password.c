/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/password.h"

#include <argon2.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

enum { PASSES = 2, MEMORY_KIB = 19456, LANES = 1, SALT_SIZE = 16, HASH_SIZE = 32 };

enum vg_err
password_encode(const char *password, char out[PASSWORD_ENCODED_SIZE])
{
    uint8_t salt[SALT_SIZE];
    size_t n = strlen(password);
    int code;

    if (n > PASSWORD_LEN_MAX)
        return VG_ERR_LIMIT;
    if (RAND_bytes(salt, sizeof salt) != 1)
        return VG_ERR_SYS;
    code = argon2id_hash_encoded(PASSES, MEMORY_KIB, LANES, password, n, salt, sizeof salt,
                                 HASH_SIZE, out, PASSWORD_ENCODED_SIZE);
    if (code == ARGON2_MEMORY_ALLOCATION_ERROR)
        return VG_ERR_NOMEM;
    return code == ARGON2_OK ? VG_OK : VG_ERR_SYS;
}

bool
password_matches(const char *encoded, const char *password)
{
    size_t n = strlen(password);
    char scratch[PASSWORD_ENCODED_SIZE];

    if (n > PASSWORD_LEN_MAX)
        return false;
    if (encoded == NULL) {
        (void)!password_encode(password, scratch);
        return false;
    }
    return argon2id_verify(encoded, password, n) == ARGON2_OK;
}

enum vg_err
password_make(char out[PASSWORD_MADE_SIZE])
{
    /* 30 signs that are not mistaken for one another; bytes over 239 are drawn again. */
    static const char signs[] = "abcdefghjkmnpqrstuvwxyz2345679";
    size_t n = 0;

    while (n < 19) {
        uint8_t byte;

        if (n % 5 == 4) {
            out[n++] = '-';
            continue;
        }
        if (RAND_bytes(&byte, 1) != 1)
            return VG_ERR_SYS;
        if (byte < 240)
            out[n++] = signs[byte % 30];
    }
    out[n] = '\0';
    return VG_OK;
}

enum vg_err
secret_make(char out[SECRET_TEXT])
{
    uint8_t bytes[SECRET_SIZE + 1] = {0};
    unsigned char text[4 * ((SECRET_SIZE + 2) / 3) + 1];

    if (RAND_bytes(bytes, SECRET_SIZE) != 1)
        return VG_ERR_SYS;
    (void)EVP_EncodeBlock(text, bytes, SECRET_SIZE);
    for (size_t i = 0; i < SECRET_TEXT - 1; i++)
        out[i] = (char)(text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i]);
    out[SECRET_TEXT - 1] = '\0';
    OPENSSL_cleanse(bytes, sizeof bytes);
    return VG_OK;
}

enum vg_err
secret_hash(const char *secret, uint8_t out[32])
{
    unsigned n = 32;

    return EVP_Digest(secret, strlen(secret), out, &n, EVP_sha256(), NULL) == 1 ? VG_OK
                                                                                : VG_ERR_SYS;
}

bool
secret_equal(const char *a, const char *b)
{
    size_t n = strlen(a);

    return n == strlen(b) && CRYPTO_memcmp(a, b, n) == 0;
}
