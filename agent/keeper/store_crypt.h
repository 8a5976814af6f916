/* SPDX-License-Identifier: Apache-2.0 */
/* store_crypt: bodies under AES-256-GCM: 12 random bytes of nonce, text, 16 bytes of tag. The row
 * that a body belongs to is authenticated with it, so that rows cannot be exchanged. */
#pragma once

#include "common/buf.h"

enum { STORE_KEY_SIZE = 32, STORE_CRYPT_OVERHEAD = 28 };

struct store_crypt;

enum vg_err store_crypt_new(const uint8_t key[STORE_KEY_SIZE],
                            struct store_crypt **out) VG_MUST_CHECK;
void store_crypt_free(struct store_crypt *crypt);
/* Appends the sealed body of row `number` of table `table` to `out`. */
enum vg_err store_crypt_close(struct store_crypt *crypt, char table, int64_t number,
                              struct slice text, struct buf *out) VG_MUST_CHECK;
/* Appends the text. VG_ERR_DENIED: another key, another row, or changed bytes. */
enum vg_err store_crypt_open(struct store_crypt *crypt, char table, int64_t number,
                             struct slice body, struct buf *out) VG_MUST_CHECK;
