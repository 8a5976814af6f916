/* SPDX-License-Identifier: Apache-2.0 */
/* tls_server: a ServerHello (RFC 8446, 4.1.3 and RFC 5246, 7.4.1.3), and its JA3S
 * (github.com/salesforce/ja3). */
#pragma once

#include "agent/net/proto/tls_hello.h"

enum { TLS_SERVER_EXTENSIONS_MAX = 64 };

struct tls_server_hello {
    uint16_t legacy_version, version; /* version: that which is chosen */
    uint16_t cipher;
    bool retry;      /* a HelloRetryRequest: the client shall say hello again */
    bool pre_shared; /* TLS 1.3: goes on with an earlier session */
    struct str alpn; /* borrowed from the input; "" */
    uint16_t extensions[TLS_SERVER_EXTENSIONS_MAX];
    size_t extension_count;
};

/* `in`: the body of the handshake message. VG_ERR_SHORT, VG_ERR_LIMIT. */
enum vg_err tls_server_read(struct slice in, struct tls_server_hello *out) VG_MUST_CHECK;
/* MD5 in hex. `scratch` is cleared and used. VG_ERR_LIMIT, VG_ERR_SYS. */
enum vg_err tls_server_ja3s(const struct tls_server_hello *h, struct buf *scratch,
                            char out[TLS_JA3_SIZE]) VG_MUST_CHECK;
