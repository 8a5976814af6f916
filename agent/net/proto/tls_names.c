/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/tls_names.h"

#include <stdio.h>

struct name {
    uint16_t number;
    const char *text;
};

static const struct name VERSIONS[] = {
    {0x0002, "SSL 2.0"},  {0x0300, "SSL 3.0"},  {0x0301, "1.0"},      {0x0302, "1.1"},
    {0x0303, "1.2"},      {0x0304, "1.3"},      {0x0100, "DTLS 0.9"}, {0xfeff, "DTLS 1.0"},
    {0xfefd, "DTLS 1.2"}, {0xfefc, "DTLS 1.3"},
};

/* Those that servers choose. */
static const struct name CIPHERS[] = {
    {0x0004, "TLS_RSA_WITH_RC4_128_MD5"},
    {0x0005, "TLS_RSA_WITH_RC4_128_SHA"},
    {0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA"},
    {0x0016, "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA"},
    {0x0018, "TLS_DH_anon_WITH_RC4_128_MD5"},
    {0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA"},
    {0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"},
    {0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA"},
    {0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA"},
    {0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256"},
    {0x003d, "TLS_RSA_WITH_AES_256_CBC_SHA256"},
    {0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256"},
    {0x006b, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256"},
    {0x0088, "TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA"},
    {0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256"},
    {0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384"},
    {0x009e, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"},
    {0x009f, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"},
    {0x1301, "TLS_AES_128_GCM_SHA256"},
    {0x1302, "TLS_AES_256_GCM_SHA384"},
    {0x1303, "TLS_CHACHA20_POLY1305_SHA256"},
    {0xc007, "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA"},
    {0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"},
    {0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"},
    {0xc011, "TLS_ECDHE_RSA_WITH_RC4_128_SHA"},
    {0xc012, "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA"},
    {0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"},
    {0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"},
    {0xc018, "TLS_ECDH_anon_WITH_AES_128_CBC_SHA"},
    {0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"},
    {0xc024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"},
    {0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"},
    {0xc028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"},
    {0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
    {0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"},
    {0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
    {0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"},
    {0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
    {0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"},
    {0xccaa, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
};

static const struct name ALERTS[] = {
    {10, "unexpected_message"},
    {20, "bad_record_mac"},
    {22, "record_overflow"},
    {40, "handshake_failure"},
    {41, "no_certificate"},
    {42, "bad_certificate"},
    {43, "unsupported_certificate"},
    {44, "certificate_revoked"},
    {45, "certificate_expired"},
    {46, "certificate_unknown"},
    {47, "illegal_parameter"},
    {48, "unknown_ca"},
    {49, "access_denied"},
    {50, "decode_error"},
    {51, "decrypt_error"},
    {70, "protocol_version"},
    {71, "insufficient_security"},
    {80, "internal_error"},
    {86, "inappropriate_fallback"},
    {90, "user_canceled"},
    {109, "missing_extension"},
    {110, "unsupported_extension"},
    {112, "unrecognized_name"},
    {113, "bad_certificate_status_response"},
    {115, "unknown_psk_identity"},
    {116, "certificate_required"},
    {120, "no_application_protocol"},
    {121, "ech_required"},
};

static const char *
look_up(const struct name *table, size_t count, uint16_t number)
{
    for (size_t i = 0; i < count; i++)
        if (table[i].number == number)
            return table[i].text;
    return NULL;
}

/* RFC 8446, 4.2.1: drafts said 0x7f and their number; Facebook's own said 0xfb. */
static bool
is_draft(uint16_t version)
{
    return version >> 8 == 0x7f || version >> 8 == 0xfb;
}

bool
tls_version_hides_certificate(uint16_t version)
{
    return version == 0x0304 || is_draft(version);
}

const char *
tls_version_name(uint16_t version, char out[TLS_NAME_MAX])
{
    const char *name = look_up(VERSIONS, VG_ARRAY_LEN(VERSIONS), version);

    if (name != NULL)
        return name;
    if (!is_draft(version))
        return "";
    snprintf(out, TLS_NAME_MAX, "1.3-%s%u", version >> 8 == 0x7f ? "draft" : "fb",
             (unsigned)(version & 0xff));
    return out;
}

const char *
tls_cipher_name(uint16_t cipher, char out[TLS_NAME_MAX])
{
    const char *name = look_up(CIPHERS, VG_ARRAY_LEN(CIPHERS), cipher);

    if (name != NULL)
        return name;
    snprintf(out, TLS_NAME_MAX, "0x%04x", cipher);
    return out;
}

const char *
tls_alert_name(uint8_t alert, char out[TLS_NAME_MAX])
{
    const char *name = look_up(ALERTS, VG_ARRAY_LEN(ALERTS), alert);

    if (name != NULL)
        return name;
    snprintf(out, TLS_NAME_MAX, "%u", alert);
    return out;
}
