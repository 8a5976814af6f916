/* SPDX-License-Identifier: Apache-2.0 */
/* tls: the TLS settings of the two listeners (TLS 1.2 and 1.3, no renegotiation, no resumption). */
#pragma once

#include <openssl/ssl.h>

#include "collector/authority.h"

/* Agents: a client certificate of our CA is mandatory. One that has run out passes too: what it may
 * still do (renew) is decided at each request, by its dates. */
enum vg_err tls_agents(const struct authority *authority, SSL_CTX **out) VG_MUST_CHECK;
/* People and enrolment: the configured certificate, or the collector's own with its CA.
 * VG_ERR_NOENT, VG_ERR_FORMAT: the configured files are not there, or no certificate with its key. */
enum vg_err tls_web(const struct authority *authority, const struct collector_config *config,
                    SSL_CTX **out) VG_MUST_CHECK;
