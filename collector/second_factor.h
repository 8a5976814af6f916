/* SPDX-License-Identifier: Apache-2.0 */
/* second_factor: time-based one-time codes (RFC 6238: SHA-1, 30 s, six digits, as every app on a phone
 * reads them) and the recovery codes for the day on which the phone is gone.
 *
 * A secret is kept under AES-256-GCM, bound to its user, and recovery codes under HMAC-SHA-256, both
 * with a key that is not in the database (token_keys_purpose()): whoever copies that has no codes.
 * Codes come from liboath, pictures from libqrencode. Pure but for randomness. */
#pragma once

#include "collector/store/store.h"

enum {
    FACTOR_KEY = 32,
    FACTOR_SECRET = 20, /* RFC 4226, R6: 160 bits */
    FACTOR_TEXT = 33,   /* of the secret in Base32, and NUL */
    FACTOR_URI = 1024,  /* a name of 128 bytes and a host of 253, all of them escaped */
    RECOVERY_CODES = 10,
    RECOVERY_TEXT = 12,   /* "abcde-fghjk", about 49 bits, and NUL */
    FACTOR_CODE_MAX = 32, /* what people type: digits, spaces, a recovery code */
};

/* A new secret of `user` (an id). VG_ERR_SYS. */
enum vg_err factor_make(const uint8_t key[FACTOR_KEY], const char *user,
                        uint8_t secret[FACTOR_SECRET],
                        uint8_t sealed[STORAGE_FACTOR_SIZE]) VG_MUST_CHECK;
/* VG_ERR_DENIED: another key, another user's, or changed. */
enum vg_err factor_open(const uint8_t key[FACTOR_KEY], const char *user,
                        const uint8_t sealed[STORAGE_FACTOR_SIZE],
                        uint8_t secret[FACTOR_SECRET]) VG_MUST_CHECK;

/* Whether `typed` (spaces are left out) is the code of now_s, of the 30 s before or after it: clocks
 * differ. *step: whose time step it is, for refusing a code that was used. VG_ERR_DENIED: it is not. */
enum vg_err factor_check(const uint8_t secret[FACTOR_SECRET], const char *typed, int64_t now_s,
                         int64_t *step) VG_MUST_CHECK;

void factor_text(const uint8_t secret[FACTOR_SECRET], char out[FACTOR_TEXT]);
/* otpauth://totp/… for the app, of `name` (STORAGE_NAME_MAX) at `host`. VG_ERR_LIMIT. */
enum vg_err factor_uri(const uint8_t secret[FACTOR_SECRET], const char *name, const char *host,
                       char out[FACTOR_URI]) VG_MUST_CHECK;
/* {"size": n, "rows": ["0110…"]}: the modules of its QR code. NULL: no memory, or too long. */
json_t *factor_picture(const char *uri);

enum vg_err recovery_make(char out[RECOVERY_CODES][RECOVERY_TEXT]) VG_MUST_CHECK;
/* What is kept of a code as it was typed: case, spaces and dashes do not count. VG_ERR_FORMAT: it
 * cannot be one. */
enum vg_err recovery_hash(const uint8_t key[FACTOR_KEY], const char *user, const char *typed,
                          uint8_t out[STORAGE_HASH_SIZE]) VG_MUST_CHECK;
