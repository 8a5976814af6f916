/* SPDX-License-Identifier: Apache-2.0 */
/* ed25519: keys, signing, verifying (RFC 8032), by OpenSSL. Who signs puts a word of its own before the
 * text, so that a signature for one thing is none for another. */
#pragma once

#include "common/buf.h"

enum { ED25519_KEY = 32, ED25519_SIGNATURE = 64 };

/* A private key as PEM (PKCS #8, as `openssl genpkey -algorithm ed25519` makes it), appended. VG_ERR_SYS,
 * VG_ERR_NOMEM. */
enum vg_err ed25519_new(struct buf *pem) VG_MUST_CHECK;
/* VG_ERR_FORMAT: no Ed25519 key. */
enum vg_err ed25519_public(struct slice pem, uint8_t out[ED25519_KEY]) VG_MUST_CHECK;
/* VG_ERR_FORMAT: no Ed25519 key; VG_ERR_SYS. */
enum vg_err ed25519_sign(struct slice pem, struct slice text,
                         uint8_t out[ED25519_SIGNATURE]) VG_MUST_CHECK;
bool ed25519_verify(const uint8_t key[ED25519_KEY], struct slice text, struct slice signature);
