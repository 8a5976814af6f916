/* SPDX-License-Identifier: Apache-2.0 */
/* tls_prints: JA3 and JA4 of a ClientHello, JA3S of a ServerHello. */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/net/proto/tls_server.h"

/* The numbers are written by hand: with printf they were most of the work of a handshake. */
static void
put_decimal(struct buf *out, uint16_t v)
{
    char text[5];
    size_t at = sizeof(text);

    do {
        text[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    buf_put(out, text + at, sizeof(text) - at);
}

static void
put_decimals(struct buf *out, const uint16_t *v, size_t n)
{
    buf_put_u8(out, ',');
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_put_u8(out, '-');
        put_decimal(out, v[i]);
    }
}

static const char HEX[] = "0123456789abcdef";

/* `before` it, unless that is NUL. */
static void
put_hex(struct buf *out, char before, uint16_t v)
{
    const char text[5] = {before, HEX[v >> 12], HEX[v >> 8 & 15], HEX[v >> 4 & 15], HEX[v & 15]};
    size_t from = before == '\0' ? 1 : 0;

    buf_put(out, text + from, sizeof(text) - from);
}

static enum vg_err
digest_hex(const struct buf *in, const EVP_MD *md, size_t hex, char *out)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (in->bad)
        return VG_ERR_LIMIT;
    if (EVP_Digest(in->data, in->len, digest, &len, md, NULL) != 1 || len * 2 < hex)
        return VG_ERR_SYS;
    for (size_t i = 0; i < hex; i++)
        out[i] = HEX[i % 2 == 0 ? digest[i / 2] >> 4 : digest[i / 2] & 15];
    out[hex] = '\0';
    return VG_OK;
}

enum vg_err
tls_hello_ja3(const struct tls_hello *h, struct buf *scratch, char out[TLS_JA3_SIZE])
{
    buf_clear(scratch);
    put_decimal(scratch, h->legacy_version);
    put_decimals(scratch, h->ciphers, h->cipher_count);
    put_decimals(scratch, h->extensions, h->extension_count);
    put_decimals(scratch, h->groups, h->group_count);
    buf_put_u8(scratch, ',');
    for (size_t i = 0; i < h->format_count; i++)
        buf_printf(scratch, i == 0 ? "%u" : "-%u", h->formats[i]);
    return digest_hex(scratch, EVP_md5(), TLS_JA3_SIZE - 1, out);
}

enum vg_err
tls_server_ja3s(const struct tls_server_hello *h, struct buf *scratch, char out[TLS_JA3_SIZE])
{
    buf_clear(scratch);
    buf_printf(scratch, "%u,%u", h->legacy_version, h->cipher);
    put_decimals(scratch, h->extensions, h->extension_count);
    return digest_hex(scratch, EVP_md5(), TLS_JA3_SIZE - 1, out);
}

static int
by_value(const void *a, const void *b)
{
    uint16_t x = *(const uint16_t *)a, y = *(const uint16_t *)b;

    return (x > y) - (x < y);
}

static const char *
version_text(uint16_t version)
{
    switch (version) {
    case 0x0304:
        return "13";
    case 0x0303:
        return "12";
    case 0x0302:
        return "11";
    case 0x0301:
        return "10";
    case 0x0300:
        return "s3";
    case 0x0002:
        return "s2";
    case 0xfeff:
        return "d1";
    case 0xfefd:
        return "d2";
    case 0xfefc:
        return "d3";
    default:
        return "00";
    }
}

static bool
is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* First and last character of the first protocol, or of its hex form where one is no letter or
 * digit. */
static void
alpn_text(struct str alpn, char out[3])
{
    char first = '0', last = '0';

    if (alpn.len > 0) {
        first = alpn.at[0];
        last = alpn.at[alpn.len - 1];
        if (!is_alnum(first) || !is_alnum(last)) {
            first = HEX[(uint8_t)first >> 4];
            last = HEX[(uint8_t)last & 15];
        }
    }
    out[0] = first;
    out[1] = last;
    out[2] = '\0';
}

static size_t
put_sorted(struct buf *out, const uint16_t *v, size_t n, bool without_names)
{
    uint16_t sorted[TLS_CIPHERS_MAX];
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        if (!without_names || (v[i] != 0x0000 && v[i] != 0x0010))
            sorted[count++] = v[i];
    qsort(sorted, count, sizeof(sorted[0]), by_value);
    for (size_t i = 0; i < count; i++)
        put_hex(out, i == 0 ? '\0' : ',', sorted[i]);
    return count;
}

enum vg_err
tls_hello_ja4(const struct tls_hello *h, char transport, struct buf *scratch,
              char out[TLS_JA4_SIZE])
{
    char alpn[3], ciphers[13] = "000000000000", extensions[13] = "000000000000";
    enum vg_err err = VG_OK;
    size_t count;

    buf_clear(scratch);
    if (put_sorted(scratch, h->ciphers, h->cipher_count, false) > 0)
        err = digest_hex(scratch, EVP_sha256(), 12, ciphers);
    if (err != VG_OK)
        return err;
    buf_clear(scratch);
    count = put_sorted(scratch, h->extensions, h->extension_count, true);
    for (size_t i = 0; i < h->signature_count; i++)
        put_hex(scratch, i == 0 ? '_' : ',', h->signatures[i]);
    if (count > 0)
        err = digest_hex(scratch, EVP_sha256(), 12, extensions);
    if (err != VG_OK)
        return err;
    alpn_text(h->alpn_first, alpn);
    snprintf(out, TLS_JA4_SIZE, "%c%s%c%02u%02u%s_%s_%s", transport, version_text(h->version),
             h->has_sni ? 'd' : 'i', (unsigned)(h->cipher_count < 99 ? h->cipher_count : 99),
             (unsigned)(h->extension_count < 99 ? h->extension_count : 99), alpn, ciphers,
             extensions);
    return VG_OK;
}
