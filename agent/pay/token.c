/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/token.h"
#include "common/hex.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"

enum { DIGEST_SIZE = 32, TOKEN_BYTES = TOKEN_LETTERS / 2, MEMO_SETS = 16384, MEMO_WAYS = 2 };

/* A token that was made lately, by a digest of its value under a secret key, as long as the token: two
 * values are mistaken for one here no sooner than their tokens are the same anyway. A set lies in one
 * line of the cache. */
struct memo {
    uint64_t digest[2]; /* 0, 0: none */
    uint8_t bytes[TOKEN_BYTES];
};

struct tokens {
    EVP_MAC *mac;
    EVP_MAC_CTX *ctx;
    struct hash_key memo_key;
    struct memo (*memos)[MEMO_WAYS]; /* MEMO_SETS; the one used last first */
};

static const char *const PREFIX[] = {"card_", "mail_", "acct_", "name_"};

enum vg_err
tokens_new(const uint8_t key[TOKEN_KEY_SIZE], struct tokens **out)
{
    static char digest[] = "SHA256"; /* OSSL_PARAM wants it writable; nobody writes */
    OSSL_PARAM params[2];
    uint64_t words[2];
    struct tokens *t = calloc(1, sizeof *t);

    if (t == NULL)
        return VG_ERR_NOMEM;
    params[0] = OSSL_PARAM_construct_utf8_string("digest", digest, 0);
    params[1] = OSSL_PARAM_construct_end();
    t->mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    if (t->mac != NULL)
        t->ctx = EVP_MAC_CTX_new(t->mac);
    if (t->ctx == NULL || EVP_MAC_init(t->ctx, key, TOKEN_KEY_SIZE, params) != 1 ||
        tokens_derive(t, "tokens made lately", words) != VG_OK) {
        tokens_free(t);
        return VG_ERR_SYS;
    }
    t->memo_key = (struct hash_key){words[0], words[1]};
    OPENSSL_cleanse(words, sizeof words);
    *out = t;
    return VG_OK;
}

void
tokens_free(struct tokens *t)
{
    if (t == NULL)
        return;
    EVP_MAC_CTX_free(t->ctx);
    EVP_MAC_free(t->mac);
    free(t->memos);
    OPENSSL_cleanse(&t->memo_key, sizeof t->memo_key);
    free(t);
}

static enum vg_err
digest_of(struct tokens *t, const char *prefix, struct slice value, uint8_t out[DIGEST_SIZE])
{
    size_t len = 0;

    /* Without a key the context starts again under the one that it has. */
    if (EVP_MAC_init(t->ctx, NULL, 0, NULL) != 1 ||
        EVP_MAC_update(t->ctx, (const uint8_t *)prefix, strlen(prefix)) != 1 ||
        EVP_MAC_update(t->ctx, value.at, value.left) != 1 ||
        EVP_MAC_final(t->ctx, out, &len, DIGEST_SIZE) != 1 || len != DIGEST_SIZE)
        return VG_ERR_SYS;
    return VG_OK;
}

/* The memory is there once somebody asks: many processes only have the key. */
static bool
memos_make(struct tokens *t)
{
    const size_t bytes = MEMO_SETS * sizeof *t->memos;

    if (t->memos == NULL) {
        t->memos = aligned_alloc(sizeof *t->memos, bytes);
        if (t->memos != NULL)
            memset(t->memos, 0, bytes);
    }
    return t->memos != NULL;
}

static bool
is_memo(const struct memo *a, const struct memo *b)
{
    return a->digest[0] == b->digest[0] && a->digest[1] == b->digest[1];
}

/* The token's bytes, remembered or made. */
static enum vg_err
bytes_of(struct tokens *t, enum token_kind kind, struct slice value, const uint8_t **out)
{
    struct memo made, *memo;
    uint8_t mac[DIGEST_SIZE];
    enum vg_err err;

    if (!memos_make(t))
        return VG_ERR_NOMEM;
    str_hash_wide(&t->memo_key, value.at, value.left, made.digest);
    made.digest[0] += kind;
    made.digest[1] |= 1; /* never that of an empty place */
    memo = t->memos[made.digest[0] % MEMO_SETS];
    if (!is_memo(&memo[0], &made)) {
        if (is_memo(&memo[1], &made)) {
            made = memo[1];
        } else {
            err = digest_of(t, PREFIX[kind], value, mac);
            if (err != VG_OK)
                return err;
            memcpy(made.bytes, mac, sizeof made.bytes);
        }
        memo[1] = memo[0];
        memo[0] = made;
    }
    *out = memo[0].bytes;
    return VG_OK;
}

enum vg_err
tokens_make(struct tokens *t, enum token_kind kind, struct slice value, char out[TOKEN_TEXT_MAX])
{
    const uint8_t *bytes;
    enum vg_err err = bytes_of(t, kind, value, &bytes);

    if (err != VG_OK)
        return err;
    memcpy(out, PREFIX[kind], TOKEN_PREFIX);
    for (size_t i = 0; i < TOKEN_BYTES; i++) {
        out[TOKEN_PREFIX + 2 * i] = (char)('a' + (bytes[i] >> 4));
        out[TOKEN_PREFIX + 2 * i + 1] = (char)('a' + (bytes[i] & 15));
    }
    out[TOKEN_LEN] = '\0';
    return VG_OK;
}

enum vg_err
tokens_derive(struct tokens *t, const char *label, uint64_t out[2])
{
    uint8_t digest[DIGEST_SIZE];
    struct slice s = slice_of(digest, sizeof digest);
    enum vg_err err = digest_of(t, "key_", slice_of(label, strlen(label)), digest);

    if (err != VG_OK)
        return err;
    out[0] = slice_be64(&s);
    out[1] = slice_be64(&s);
    OPENSSL_cleanse(digest, sizeof digest);
    return VG_OK;
}

enum vg_err
token_key_public(uint8_t out[TOKEN_KEY_SIZE])
{
    static const char label[] = "vigia: tokens of a back-test without a store, version 1";
    unsigned len = 0;

    if (EVP_Digest(label, sizeof label - 1, out, &len, EVP_sha256(), NULL) != 1 ||
        len != TOKEN_KEY_SIZE)
        return VG_ERR_SYS;
    return VG_OK;
}

enum vg_err
token_key_parse(struct slice text, uint8_t out[TOKEN_KEY_SIZE])
{
    return hex_parse(text, out, TOKEN_KEY_SIZE);
}
