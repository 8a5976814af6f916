/* SPDX-License-Identifier: Apache-2.0 */
/* token: keyed names for what must not be stored: cards, e-mail addresses, payout accounts.
 *
 * HMAC-SHA256 (RFC 2104, FIPS 198-1) under a key that the provider gives, cut to 128 bits and
 * written as "card_", "mail_" or "acct_" and 32 letters from a to p. Letters only, so that a token
 * can never look like a card number itself. The same value gives the same token in every shop that
 * has the key, and nobody without the key can try out card numbers against it.
 *
 * Tokens that were made lately are remembered in memory alone (1 MiB), each by a SipHash of
 * its value under a key that is derived from the token key, never by the value: who can read them
 * reads the key beside them, and learns nothing more. That hash has as many bits as a token, so
 * that it mistakes two values for one no sooner than the token itself would. */
#pragma once

#include "common/base.h"
#include "common/slice.h"

enum { TOKEN_KEY_SIZE = 32, TOKEN_PREFIX = 5, TOKEN_LETTERS = 32 };
enum { TOKEN_LEN = TOKEN_PREFIX + TOKEN_LETTERS, TOKEN_TEXT_MAX = TOKEN_LEN + 1 };

enum token_kind { TOKEN_CARD, TOKEN_MAIL, TOKEN_ACCOUNT, TOKEN_NAME };

struct tokens;

enum vg_err tokens_new(const uint8_t key[TOKEN_KEY_SIZE], struct tokens **out) VG_MUST_CHECK;
void tokens_free(struct tokens *t);

/* `value` is normalised by the caller (digits only, lower case). VG_ERR_SYS, VG_ERR_NOMEM. */
enum vg_err tokens_make(struct tokens *t, enum token_kind kind, struct slice value,
                        char out[TOKEN_TEXT_MAX]) VG_MUST_CHECK;

/* Another key from this one, for tables whose keys a peer chooses. VG_ERR_SYS. */
enum vg_err tokens_derive(struct tokens *t, const char *label, uint64_t out[2]) VG_MUST_CHECK;

/* The key of a back-test without a store: derived from a fixed public label, so that two runs give
 * the same tokens. It hides nothing from somebody who reads this source: never for `run`. VG_ERR_SYS. */
enum vg_err token_key_public(uint8_t out[TOKEN_KEY_SIZE]) VG_MUST_CHECK;
/* 64 hexadecimal digits, white space around them is fine. VG_ERR_FORMAT. */
enum vg_err token_key_parse(struct slice text, uint8_t out[TOKEN_KEY_SIZE]) VG_MUST_CHECK;
