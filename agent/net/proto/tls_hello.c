/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/tls_hello.h"

enum {
    EXT_SERVER_NAME = 0,
    EXT_GROUPS = 10,
    EXT_FORMATS = 11,
    EXT_SIGNATURES = 13,
    EXT_ALPN = 16,
    EXT_EARLY_DATA = 42,
    EXT_VERSIONS = 43,
};

/* RFC 8701: 0x0a0a, 0x1a1a, ... 0xfafa. */
static bool
is_grease(uint16_t v)
{
    return (v & 0x0f0f) == 0x0a0a && v >> 8 == (v & 0xff);
}

static enum vg_err
read_list(struct slice in, uint16_t *to, size_t max, size_t *count)
{
    *count = 0;
    while (in.left >= 2) {
        uint16_t v = slice_be16(&in);

        if (is_grease(v))
            continue;
        if (*count == max)
            return VG_ERR_LIMIT;
        to[(*count)++] = v;
    }
    return VG_OK; /* half a value at the end says nothing */
}

static void
read_sni(struct slice in, struct tls_hello *out)
{
    struct slice list = slice_sub(&in, slice_be16(&in));

    out->has_sni = true;
    while (list.left > 0 && !list.bad) {
        uint8_t type = slice_u8(&list);
        struct slice name = slice_sub(&list, slice_be16(&list));

        if (type == 0 && !name.bad && out->sni.len == 0)
            out->sni = str_n(name.at, name.left);
    }
}

static void
read_alpn(struct slice in, struct tls_hello *out)
{
    struct slice list = slice_sub(&in, slice_be16(&in));
    size_t used = 0;

    out->has_alpn = true;
    while (list.left > 0) {
        struct slice name = slice_sub(&list, slice_u8(&list));
        size_t comma = used > 0;

        if (list.bad)
            return;
        if (out->alpn_first.len == 0)
            out->alpn_first = str_n(name.at, name.left);
        if (used + comma + name.left >= sizeof(out->alpn))
            continue;
        if (comma)
            out->alpn[used++] = ',';
        while (name.left > 0)
            out->alpn[used++] = (char)slice_u8(&name);
        out->alpn[used] = '\0';
    }
}

/* DTLS counts down (RFC 9147, 5.3). */
static bool
is_newer(uint16_t a, uint16_t b)
{
    if (b == 0)
        return true;
    return a >> 8 == 0xfe && b >> 8 == 0xfe ? a < b : a > b;
}

static void
read_versions(struct slice in, struct tls_hello *out)
{
    struct slice list = slice_sub(&in, slice_u8(&in));
    uint16_t highest = 0;

    while (list.left >= 2) {
        uint16_t v = slice_be16(&list);

        if (!is_grease(v) && is_newer(v, highest))
            highest = v;
    }
    if (highest != 0)
        out->version = highest;
}

static void
read_formats(struct slice in, struct tls_hello *out)
{
    struct slice list = slice_sub(&in, slice_u8(&in));

    out->format_count = 0;
    while (list.left > 0 && out->format_count < TLS_FORMATS_MAX)
        out->formats[out->format_count++] = slice_u8(&list);
}

static enum vg_err
read_extension(uint16_t type, struct slice body, struct tls_hello *out)
{
    switch (type) {
    case EXT_SERVER_NAME:
        read_sni(body, out);
        return VG_OK;
    case EXT_GROUPS:
        return read_list(slice_sub(&body, slice_be16(&body)), out->groups, TLS_GROUPS_MAX,
                         &out->group_count);
    case EXT_SIGNATURES:
        return read_list(slice_sub(&body, slice_be16(&body)), out->signatures, TLS_SIGNATURES_MAX,
                         &out->signature_count);
    case EXT_FORMATS:
        read_formats(body, out);
        return VG_OK;
    case EXT_ALPN:
        read_alpn(body, out);
        return VG_OK;
    case EXT_VERSIONS:
        read_versions(body, out);
        return VG_OK;
    case EXT_EARLY_DATA:
        out->early_data = true;
        return VG_OK;
    default:
        return VG_OK;
    }
}

static enum vg_err
read_extensions(struct slice in, struct tls_hello *out)
{
    while (in.left > 0) {
        uint16_t type = slice_be16(&in);
        struct slice body = slice_sub(&in, slice_be16(&in));
        enum vg_err err;

        if (in.bad)
            return VG_ERR_SHORT;
        if (is_grease(type))
            continue;
        if (out->extension_count == TLS_EXTENSIONS_MAX)
            return VG_ERR_LIMIT;
        out->extensions[out->extension_count++] = type;
        err = read_extension(type, body, out);
        if (err != VG_OK)
            return err;
    }
    return VG_OK;
}

static enum vg_err
read_hello(struct slice in, bool datagram, struct tls_hello *out)
{
    struct slice ciphers, extensions;
    enum vg_err err;

    memset(out, 0, sizeof(*out));
    out->sni = out->alpn_first = str_of("");
    out->legacy_version = out->version = slice_be16(&in);
    slice_skip(&in, 32);
    slice_skip(&in, slice_u8(&in)); /* session */
    if (datagram)
        slice_skip(&in, slice_u8(&in)); /* cookie */
    ciphers = slice_sub(&in, slice_be16(&in));
    slice_skip(&in, slice_u8(&in)); /* compression methods */
    if (in.bad)
        return VG_ERR_SHORT;
    err = read_list(ciphers, out->ciphers, TLS_CIPHERS_MAX, &out->cipher_count);
    if (err != VG_OK || in.left == 0) /* SSL 3.0 and early TLS 1.0 have no extensions */
        return err;
    extensions = slice_sub(&in, slice_be16(&in));
    if (in.bad)
        return VG_ERR_SHORT;
    return read_extensions(extensions, out);
}

enum vg_err
tls_hello_read(struct slice in, struct tls_hello *out)
{
    return read_hello(in, false, out);
}

enum vg_err
tls_hello_read_datagram(struct slice in, struct tls_hello *out)
{
    return read_hello(in, true, out);
}

enum vg_err
tls_hello_read_v2(struct slice in, struct tls_hello *out)
{
    uint16_t ciphers_len, session_len, challenge_len;
    struct slice ciphers;

    memset(out, 0, sizeof(*out));
    out->sni = out->alpn_first = str_of("");
    out->v2_form = true;
    out->legacy_version = out->version = slice_be16(&in);
    ciphers_len = slice_be16(&in);
    session_len = slice_be16(&in);
    challenge_len = slice_be16(&in);
    ciphers = slice_sub(&in, ciphers_len);
    slice_skip(&in, (size_t)session_len + challenge_len);
    if (in.bad)
        return VG_ERR_SHORT;
    if (ciphers_len % 3 != 0 || in.left > 0)
        return VG_ERR_FORMAT;
    while (ciphers.left > 0) {
        uint32_t cipher = slice_be24(&ciphers);

        if (cipher > 0xffff) /* a suite of SSL 2.0 itself */
            continue;
        if (out->cipher_count == TLS_CIPHERS_MAX)
            return VG_ERR_LIMIT;
        out->ciphers[out->cipher_count++] = (uint16_t)cipher;
    }
    return VG_OK;
}
