/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keeper/seal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/platform/platform.h"
#include "common/hex.h"
#include "common/str.h"

static const char STEP[] = "vigia seal step 1";
static const char CHECKPOINT[] = "vigia seal checkpoint 1";
static const char MAGIC[] = "vigia-seal-1";
enum { KEY_FILE_MAX = 256 };

enum vg_err
seal_hash(struct slice body, uint8_t out[SEAL_SIZE])
{
    return EVP_Digest(body.at, body.left, out, NULL, EVP_sha256(), NULL) == 1 ? VG_OK
                                                                              : VG_ERR_NOMEM;
}

enum vg_err
seal_first(const char *store_id, uint8_t out[SEAL_SIZE])
{
    return seal_hash(slice_of(store_id, strlen(store_id)), out);
}

static enum vg_err
mac(const uint8_t key[SEAL_SIZE], const struct buf *text, uint8_t out[SEAL_SIZE])
{
    if (text->bad)
        return VG_ERR_NOMEM;
    return HMAC(EVP_sha256(), key, SEAL_SIZE, text->data, text->len, out, NULL) != NULL
               ? VG_OK
               : VG_ERR_NOMEM;
}

enum vg_err
seal_make(const uint8_t key[SEAL_SIZE], const uint8_t hash[SEAL_SIZE],
          const uint8_t previous[SEAL_SIZE], uint8_t out[SEAL_SIZE])
{
    uint8_t text[2 * SEAL_SIZE];

    memcpy(text, hash, SEAL_SIZE);
    memcpy(text + SEAL_SIZE, previous, SEAL_SIZE);
    return HMAC(EVP_sha256(), key, SEAL_SIZE, text, sizeof(text), out, NULL) != NULL ? VG_OK
                                                                                     : VG_ERR_NOMEM;
}

enum vg_err
seal_step(uint8_t key[SEAL_SIZE], int64_t steps)
{
    uint8_t text[sizeof(STEP) - 1 + SEAL_SIZE];
    enum vg_err err = VG_OK;

    memcpy(text, STEP, sizeof(STEP) - 1);
    for (int64_t i = 0; i < steps && err == VG_OK; i++) {
        memcpy(text + sizeof(STEP) - 1, key, SEAL_SIZE);
        err = seal_hash(slice_of(text, sizeof(text)), key);
    }
    OPENSSL_cleanse(text, sizeof(text));
    return err;
}

enum vg_err
seal_checkpoint(const uint8_t key[SEAL_SIZE], int64_t seq, const uint8_t seal[SEAL_SIZE],
                int64_t at_seq, uint8_t out[SEAL_SIZE])
{
    struct buf text;
    enum vg_err err;

    buf_init(&text, KEY_FILE_MAX);
    buf_put_str(&text, CHECKPOINT);
    buf_put_be64(&text, (uint64_t)seq);
    buf_put(&text, seal, SEAL_SIZE);
    buf_put_be64(&text, (uint64_t)at_seq);
    err = mac(key, &text, out);
    buf_done(&text);
    return err;
}

bool
seal_equal(const uint8_t a[SEAL_SIZE], const uint8_t b[SEAL_SIZE])
{
    return CRYPTO_memcmp(a, b, SEAL_SIZE) == 0;
}

enum vg_err
seal_random(uint8_t *out, size_t size)
{
    return RAND_bytes(out, (int)size) == 1 ? VG_OK : VG_ERR_SYS;
}

void
seal_to_hex(const uint8_t key[SEAL_SIZE], char out[SEAL_HEX_SIZE])
{
    hex_put(key, SEAL_SIZE, out);
}

enum vg_err
seal_from_hex(struct slice text, uint8_t out[SEAL_SIZE])
{
    return hex_parse(text, out, SEAL_SIZE);
}

static enum vg_err
key_parse(const char *text, struct seal_key *out)
{
    struct seal_key key = {.store = ""};
    char hex[SEAL_HEX_SIZE] = "", magic[16] = "", seq[24] = "", *end;
    enum vg_err err;

    if (sscanf(text, "%15s %36s %20s %64s", magic, key.store, seq, hex) != 4 ||
        strcmp(magic, MAGIC) != 0 || !uuid_valid(key.store))
        return VG_ERR_FORMAT;
    key.seq = strtoll(seq, &end, 10);
    if (*end != '\0' || key.seq < 1)
        return VG_ERR_FORMAT;
    err = seal_from_hex(slice_of(hex, strlen(hex)), key.key);
    OPENSSL_cleanse(hex, sizeof(hex));
    if (err == VG_OK)
        *out = key;
    OPENSSL_cleanse(&key, sizeof(key));
    return err;
}

enum vg_err
seal_key_read(const char *path, struct seal_key *out)
{
    struct buf text = {0};
    const char *line;
    enum vg_err err = platform_file_slurp(path, KEY_FILE_MAX, &text);

    if (err == VG_OK) {
        line = buf_str(&text);
        err = line != NULL ? key_parse(line, out) : VG_ERR_FORMAT;
    } else if (err != VG_ERR_NOENT && err != VG_ERR_SYS) {
        err = VG_ERR_FORMAT;
    }
    if (text.data != NULL)
        OPENSSL_cleanse(text.data, text.len);
    buf_done(&text);
    return err;
}

enum vg_err
seal_key_write(const char *path, const struct seal_key *key)
{
    char hex[SEAL_HEX_SIZE], line[KEY_FILE_MAX];
    int n;
    enum vg_err err;

    seal_to_hex(key->key, hex);
    n = snprintf(line, sizeof(line), "%s %s %lld %s\n", MAGIC, key->store, (long long)key->seq,
                 hex);
    err = platform_file_replace(path, slice_of(line, (size_t)n), true);
    OPENSSL_cleanse(hex, sizeof(hex));
    OPENSSL_cleanse(line, sizeof(line));
    return err;
}
