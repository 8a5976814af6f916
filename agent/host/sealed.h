/* SPDX-License-Identifier: Apache-2.0 */
/* sealed: one file kept so that nobody opens it by mistake or changes it unseen: a head (JSON) and a
 * content, encrypted in pieces as they come, so that memory does not grow with the file.
 *
 * On disk: "vigiaq1\n", 32 random bytes of salt, then pieces: be32 length, u8 1 for the last, that many
 * bytes under AES-256-GCM, 16 bytes of tag. Piece 0 is the head. Each file has a key of its own,
 * HMAC-SHA-256(key, "vigia quarantine 1" || salt); the nonce is the number of the piece; length and mark
 * of the last are authenticated: no piece can be left out, exchanged or cut off. */
#pragma once

#include "agent/platform/platform.h"

enum { SEALED_KEY = 32, SEALED_PIECE = 64 * 1024, SEALED_HEAD_MAX = 32 * 1024 };

struct sealed;

/* A new file: its head is written. VG_ERR_LIMIT (disk), VG_ERR_NOMEM, VG_ERR_SYS. */
enum vg_err sealed_begin(const uint8_t key[SEALED_KEY], platform_file file, struct slice head,
                         struct sealed **out) VG_MUST_CHECK;
/* Up to SEALED_PIECE bytes; `last` exactly once, at the end (also of an empty content). */
enum vg_err sealed_put(struct sealed *s, struct slice piece, bool last) VG_MUST_CHECK;

/* An existing one: *head is made here and the caller's. VG_ERR_DENIED: another key, or changed bytes;
 * VG_ERR_FORMAT: none of ours. */
enum vg_err sealed_open(const uint8_t key[SEALED_KEY], platform_file file, struct buf *head,
                        struct sealed **out) VG_MUST_CHECK;
/* The next piece, borrowed until the next call; VG_END after the last. */
enum vg_err sealed_next(struct sealed *s, struct slice *piece) VG_MUST_CHECK;

void sealed_free(struct sealed *s); /* the file stays the caller's */
