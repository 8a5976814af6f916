/* SPDX-License-Identifier: Apache-2.0 */
/* seal: a chain of HMACs over the events under a key that only moves forward.
 *
 *   seal_n    = HMAC-SHA-256(key_n, SHA-256(body_n) || seal_{n-1})      seal_0 = SHA-256(store id)
 *   key_{n+1} = SHA-256("vigia seal step 1" || key_n)
 *
 * Whoever takes the machine learns today's key and can forge from here on, never backwards (Bellare
 * and Yee, 1997; Schneier and Kelsey, 1998). The chain goes over hashes, so a body can be removed
 * and the rest still verifies. Retention leaves a checkpoint: seal_n under the key of its moment. */
#pragma once

#include "common/slice.h"
#include "common/uuid.h"

enum { SEAL_SIZE = 32 };

/* VG_ERR_NOMEM when the library fails, in all of these. */
enum vg_err seal_hash(struct slice body, uint8_t out[SEAL_SIZE]) VG_MUST_CHECK;
enum vg_err seal_first(const char *store_id, uint8_t out[SEAL_SIZE]) VG_MUST_CHECK; /* seal_0 */
enum vg_err seal_make(const uint8_t key[SEAL_SIZE], const uint8_t hash[SEAL_SIZE],
                      const uint8_t previous[SEAL_SIZE], uint8_t out[SEAL_SIZE]) VG_MUST_CHECK;
/* Moves the key `steps` forward in place; the old one is gone. */
enum vg_err seal_step(uint8_t key[SEAL_SIZE], int64_t steps) VG_MUST_CHECK;
/* Events up to `seq` were removed when `key` (that of event `at_seq`) was the current one. */
enum vg_err seal_checkpoint(const uint8_t key[SEAL_SIZE], int64_t seq,
                            const uint8_t seal[SEAL_SIZE], int64_t at_seq,
                            uint8_t out[SEAL_SIZE]) VG_MUST_CHECK;
bool seal_equal(const uint8_t a[SEAL_SIZE], const uint8_t b[SEAL_SIZE]); /* constant time */
enum vg_err seal_random(uint8_t *out, size_t size) VG_MUST_CHECK;

/* A key in a file of its own: "vigia-seal-1 STORE SEQ HEX\n"; it seals event `seq`. */
struct seal_key {
    char store[UUID_TEXT_SIZE];
    int64_t seq;
    uint8_t key[SEAL_SIZE];
};
/* VG_ERR_NOENT, VG_ERR_FORMAT, VG_ERR_SYS. */
enum vg_err seal_key_read(const char *path, struct seal_key *out) VG_MUST_CHECK;
/* Durable on return, readable by this user alone. */
enum vg_err seal_key_write(const char *path, const struct seal_key *key) VG_MUST_CHECK;

/* 64 hex digits, and back; white space around them is fine. VG_ERR_FORMAT. */
enum { SEAL_HEX_SIZE = 65 };
void seal_to_hex(const uint8_t key[SEAL_SIZE], char out[SEAL_HEX_SIZE]);
enum vg_err seal_from_hex(struct slice text, uint8_t out[SEAL_SIZE]) VG_MUST_CHECK;
