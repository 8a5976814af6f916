/* SPDX-License-Identifier: Apache-2.0 */
/* tls_names: versions, cipher suites and alerts of TLS as text (IANA's registries). */
#pragma once

#include "common/base.h"

enum { TLS_NAME_MAX = 48 };

/* A TLS 1.3, or one of its drafts: everything after the ServerHello is encrypted. */
bool tls_version_hides_certificate(uint16_t version);
/* "1.3", "SSL 3.0", "1.3-draft28", "DTLS 1.2"; "" for 0 and what nobody registered. `out` is used
 * where the text is not constant. Returns a text that lives as long as `out`. */
const char *tls_version_name(uint16_t version, char out[TLS_NAME_MAX]);
/* "TLS_AES_128_GCM_SHA256"; "0x1a2b" for those that are not in our table. */
const char *tls_cipher_name(uint16_t cipher, char out[TLS_NAME_MAX]);
/* "handshake_failure"; its number for those that are not in our table. */
const char *tls_alert_name(uint8_t alert, char out[TLS_NAME_MAX]);
