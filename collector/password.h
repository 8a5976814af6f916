/* SPDX-License-Identifier: Apache-2.0 */
/* password: argon2id (RFC 9106) of what people type, and secrets that the collector makes. */
#pragma once

#include "common/base.h"

enum {
    PASSWORD_LEN_MIN = 10,
    PASSWORD_LEN_MAX = 256,
    PASSWORD_ENCODED_SIZE = 256,
    SECRET_SIZE = 32,
    SECRET_TEXT = 44, /* base64url without padding, and NUL */
    PASSWORD_MADE_SIZE = 24,
};

/* Takes about 50 ms and 19 MiB (OWASP's second choice: m=19456, t=2, p=1): never on the loop.
 * VG_ERR_LIMIT: too long; VG_ERR_SYS; VG_ERR_NOMEM. */
enum vg_err password_encode(const char *password, char out[PASSWORD_ENCODED_SIZE]) VG_MUST_CHECK;
/* `encoded` NULL: works as long and says no, so that time does not tell which names exist. */
bool password_matches(const char *encoded, const char *password);

/* A password that can be read aloud: four groups of four letters and digits, about 77 bits. */
enum vg_err password_make(char out[PASSWORD_MADE_SIZE]) VG_MUST_CHECK;

/* 256 random bits as text (session cookies, CSRF and enrolment tokens). */
enum vg_err secret_make(char out[SECRET_TEXT]) VG_MUST_CHECK;
/* What is stored of it: its SHA-256. */
enum vg_err secret_hash(const char *secret, uint8_t out[32]) VG_MUST_CHECK;
/* Compares without telling by time how much fits. */
bool secret_equal(const char *a, const char *b);
