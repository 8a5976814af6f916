/* SPDX-License-Identifier: Apache-2.0 */
/* pki: keys, certificate requests and certificates as PEM text, by OpenSSL 3.
 *
 * Keys are EC P-256 (every TLS library of the last fifteen years has it), signatures ECDSA with
 * SHA-256. The collector's own CA signs its server certificate and the agents' client certificates;
 * what an agent asks for in its request is not believed: only the public key is taken from it. */
#pragma once

#include <openssl/x509.h>

#include "common/buf.h"

enum {
    PKI_PEM_MAX = 16 * 1024, /* one key, request or certificate */
    PKI_NAME_MAX = 64,       /* a common name (RFC 5280, ub-common-name) */
    PKI_HOSTS_MAX = 32,
    PKI_FINGERPRINT_SIZE = 32, /* SHA-256 over the DER form */
    PKI_FINGERPRINT_TEXT = 65, /* lower-case hex and NUL */
};

#define PKI_CLIENT_DAYS 90
#define PKI_SERVER_DAYS 365
#define PKI_CA_DAYS     (20 * 365)
#define PKI_GRACE_DAYS  365 /* an expired, unrevoked client certificate may still renew */

struct pki_info {
    uint8_t fingerprint[PKI_FINGERPRINT_SIZE];
    int64_t from_ns, until_ns;
    char name[PKI_NAME_MAX + 1];
};

enum pki_use { PKI_SERVER, PKI_CLIENT };

struct pki_wish {
    enum pki_use use;
    const char *name;         /* common name; for a client also the URI urn:uuid:NAME */
    const char *const *hosts; /* server: DNS names and IP addresses */
    size_t host_count;
    int64_t from_ns, until_ns;
};

/* All append PEM to `out`, whose cap should be PKI_PEM_MAX or more. VG_ERR_FORMAT: the given PEM is
 * none, or a request's own signature is wrong; VG_ERR_DENIED: a key that is not P-256; VG_ERR_NOMEM;
 * VG_ERR_SYS: OpenSSL has no randomness. */
enum vg_err pki_key_new(struct buf *out) VG_MUST_CHECK;
enum vg_err pki_csr_new(struct slice key_pem, const char *name, struct buf *out) VG_MUST_CHECK;
enum vg_err pki_ca_new(struct slice key_pem, const char *name, int64_t now_ns,
                       struct buf *out) VG_MUST_CHECK;
enum vg_err pki_issue(struct slice ca_pem, struct slice ca_key_pem, struct slice csr_pem,
                      const struct pki_wish *wish, struct buf *out) VG_MUST_CHECK;

enum vg_err pki_info(struct slice cert_pem, struct pki_info *out) VG_MUST_CHECK;
/* The same of a certificate that a TLS connection gave. */
enum vg_err pki_info_x509(X509 *cert, struct pki_info *out) VG_MUST_CHECK;
/* VG_OK: the certificate is signed by the CA, belongs to the key, and is valid at now_ns.
 * VG_ERR_DENIED otherwise. */
enum vg_err pki_check(struct slice cert_pem, struct slice key_pem, struct slice ca_pem,
                      int64_t now_ns) VG_MUST_CHECK;
/* True when every one of the hosts is among the certificate's alternative names. */
bool pki_covers(struct slice cert_pem, const char *const *hosts, size_t count);

/* Two thirds of its life are over. */
bool pki_renew_due(const struct pki_info *info, int64_t now_ns);
