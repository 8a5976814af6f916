/* SPDX-License-Identifier: Apache-2.0 */
/* authority: the collector's own CA and server certificate, in STATE/pki/{ca,server}.{pem,key}.
 *
 * The CA is made at the first start; the server certificate again when two thirds of its life are
 * over or a host name is new. Several collectors behind one address share the folder's ca files. */
#pragma once

#include "collector/config.h"
#include "common/pki.h"

struct authority {
    struct buf ca, ca_key;                     /* PEM */
    struct buf server, server_key;             /* PEM */
    uint8_t fingerprint[PKI_FINGERPRINT_SIZE]; /* of the CA: what enrolment URLs carry */
};

/* VG_ERR_SYS: the folder cannot be written; VG_ERR_FORMAT: a file is damaged. */
enum vg_err authority_open(const struct collector_config *config, int64_t now_ns,
                           struct authority *out) VG_MUST_CHECK;
void authority_done(struct authority *a);

/* A client certificate for `agent` from its request, 90 days. Errors as pki_issue(). */
enum vg_err authority_sign(const struct authority *a, const char *agent, struct slice csr_pem,
                           int64_t now_ns, struct buf *cert, struct pki_info *info) VG_MUST_CHECK;
