/* SPDX-License-Identifier: Apache-2.0 */
/* tls_hello: a ClientHello (RFC 8446, 4.1.2 and RFC 5246, 7.4.1.2), and its fingerprints.
 *
 * JA3: github.com/salesforce/ja3. JA4: github.com/FoxIO-LLC/ja4, technical details of JA4 (BSD
 * 3-clause part). Both leave GREASE (RFC 8701) out. */
#pragma once

#include "common/buf.h"
#include "common/slice.h"
#include "common/str.h"

enum {
    TLS_CIPHERS_MAX = 1024,
    TLS_EXTENSIONS_MAX = 256,
    TLS_GROUPS_MAX = 256,
    TLS_SIGNATURES_MAX = 256,
    TLS_FORMATS_MAX = 64,
    TLS_ALPN_MAX = 256,
    TLS_JA3_SIZE = 33,
    TLS_JA4_SIZE = 37,
};

struct tls_hello {
    uint16_t legacy_version, version; /* version: the highest that is offered */
    bool has_sni, has_alpn, early_data;
    bool v2_form;            /* the form of SSL 2.0, offering what came after it */
    struct str sni;          /* borrowed from the input; "" */
    struct str alpn_first;   /* borrowed from the input; "" */
    char alpn[TLS_ALPN_MAX]; /* all, with commas */
    uint16_t ciphers[TLS_CIPHERS_MAX], extensions[TLS_EXTENSIONS_MAX], groups[TLS_GROUPS_MAX],
        signatures[TLS_SIGNATURES_MAX];
    uint8_t formats[TLS_FORMATS_MAX];
    size_t cipher_count, extension_count, group_count, signature_count, format_count;
};

/* `in`: the body of the handshake message. Lists are without GREASE. VG_ERR_SHORT,
 * VG_ERR_FORMAT, VG_ERR_LIMIT. */
enum vg_err tls_hello_read(struct slice in, struct tls_hello *out) VG_MUST_CHECK;
/* The same of DTLS (RFC 6347, 4.2.1): a cookie stands behind the session. */
enum vg_err tls_hello_read_datagram(struct slice in, struct tls_hello *out) VG_MUST_CHECK;
/* The form of SSL 2.0 (RFC 5246, E.2), from its version on. Suites of SSL 2.0 itself are left
 * out. */
enum vg_err tls_hello_read_v2(struct slice in, struct tls_hello *out) VG_MUST_CHECK;
/* MD5 in hex. `scratch` is cleared and used. VG_ERR_LIMIT, VG_ERR_SYS. */
enum vg_err tls_hello_ja3(const struct tls_hello *h, struct buf *scratch,
                          char out[TLS_JA3_SIZE]) VG_MUST_CHECK;
/* `transport`: 't' TCP, 'q' QUIC, 'd' DTLS. */
enum vg_err tls_hello_ja4(const struct tls_hello *h, char transport, struct buf *scratch,
                          char out[TLS_JA4_SIZE]) VG_MUST_CHECK;
