/* SPDX-License-Identifier: Apache-2.0 */
/* quic_keys: the protection of a client's Initial packets (RFC 9001, 5.2; RFC 9369, 3.3; the drafts
 * before them). Its keys follow from the packet itself: whoever sees it may read it. */
#pragma once

#include "common/buf.h"
#include "common/slice.h"

enum {
    QUIC_CID_MAX = 20,
    QUIC_SCHEMES_MAX = 4, /* that may be tried for a version that we do not know */
    QUIC_VERSION_TEXT_MAX = 16,
    QUIC_TAG_BYTES = 16,
    QUIC_SAMPLE_BYTES = 16,
};

/* A salt and its labels. Opaque. */
struct quic_scheme;

struct quic_keys {
    uint8_t key[16], iv[12], hp[16];
};

/* Contexts of OpenSSL, used again for each packet. */
struct quic_crypto;
/* NULL without memory. */
struct quic_crypto *quic_crypto_new(void);
void quic_crypto_free(struct quic_crypto *c); /* NULL is fine */

/* Versions that we know by name: RFCs, drafts 22 to 34, Google's T050, T051 and Q050, Facebook's. */
bool quic_version_known(uint32_t version);
/* 0x?a?a?a?a: asks for version negotiation (RFC 9000, 15). */
bool quic_version_forces_negotiation(uint32_t version);
/* "1", "2", "draft-29", "T051", else "0x0a1a2a3a". Returns `out`. */
const char *quic_version_name(uint32_t version, char out[QUIC_VERSION_TEXT_MAX]);
/* Types of long header packets turned by one (RFC 9369, 3.2). */
bool quic_version_is_2(uint32_t version);
/* Google's own frames in IETF packets: Q050, T050, T051; of them the first has Google's own
 * handshake (CHLO) too. */
bool quic_version_has_google_frames(uint32_t version);
bool quic_version_has_google_hello(uint32_t version);

/* Those to try for a version, the likeliest first; at least one. */
size_t quic_schemes(uint32_t version, const struct quic_scheme *out[QUIC_SCHEMES_MAX]);

/* `dcid`: the destination connection id of the client's first Initial. VG_ERR_SYS. */
enum vg_err quic_keys_derive(const struct quic_scheme *scheme, struct slice dcid,
                             struct quic_keys *out) VG_MUST_CHECK;

/* One packet from its first byte to the end that its length field tells; `number_at`: where its
 * packet number begins. The payload is appended to `plain` (which may hold refuse after an error).
 * VG_ERR_SHORT, VG_ERR_DENIED (not protected with these keys), VG_ERR_LIMIT, VG_ERR_SYS. */
enum vg_err quic_open(struct quic_crypto *c, const struct quic_keys *keys, struct slice packet,
                      size_t number_at, struct buf *plain) VG_MUST_CHECK;
