/* SPDX-License-Identifier: Apache-2.0 */
/* tls_cert: what an X.509 certificate (RFC 5280) says of itself, read by OpenSSL. Nothing is
 * verified: no chain, no signature, no clock. */
#pragma once

#include "common/slice.h"
#include "common/str.h"

enum {
    TLS_CERT_BYTES_MAX = 16 * 1024, /* larger ones are never shown to OpenSSL */
    TLS_CERT_NAME_MAX = 384,        /* longer names are cut */
    TLS_CERT_HOST_MAX = 254,
    TLS_CERT_HOSTS_MAX = 8,
    TLS_CERT_SERIAL_MAX = 81, /* 40 bytes; RFC 5280 allows 20 */
    TLS_CERT_SHA1_SIZE = 41,
};

struct tls_cert {
    char issuer[TLS_CERT_NAME_MAX], subject[TLS_CERT_NAME_MAX]; /* RFC 4514, UTF-8 */
    char serial[TLS_CERT_SERIAL_MAX];
    char sha1[TLS_CERT_SHA1_SIZE];
    char hosts[TLS_CERT_HOSTS_MAX][TLS_CERT_HOST_MAX]; /* names and addresses it is for */
    size_t host_count, hosts_total;
    int64_t not_before_ns, not_after_ns; /* within 1970 and 2262 */
    bool self_signed;
    bool explicit_curve; /* its key brings the parameters of a curve of its own (RFC 5480, 2.1.1
                          * forbids it in certificates of the Internet) */
};

/* VG_ERR_LIMIT over TLS_CERT_BYTES_MAX; VG_ERR_FORMAT where it is no certificate. */
enum vg_err tls_cert_read(struct slice der, struct tls_cert *out) VG_MUST_CHECK;
