/* SPDX-License-Identifier: Apache-2.0 */
#include "common/hex.h"

#include <string.h>

#include <openssl/crypto.h>

#include "common/buf.h"

void
hex_put(const uint8_t *bytes, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * n] = '\0';
}

static int
digit_of(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static void
skip_space(struct slice *text)
{
    struct slice ahead = *text;

    while (ahead.left > 0) {
        uint8_t c = slice_u8(&ahead);

        if (c != ' ' && c != '\n' && c != '\r' && c != '\t')
            return;
        *text = ahead;
    }
}

enum vg_err
hex_parse(struct slice text, uint8_t *out, size_t n)
{
    uint8_t bytes[HEX_BYTES_MAX];
    enum vg_err err = VG_OK;

    if (n > sizeof bytes)
        return VG_ERR_LIMIT;
    skip_space(&text);
    for (size_t i = 0; i < n && err == VG_OK; i++) {
        int high = digit_of(slice_u8(&text)), low = digit_of(slice_u8(&text));

        if (text.bad || high < 0 || low < 0)
            err = VG_ERR_FORMAT;
        else
            bytes[i] = (uint8_t)(high << 4 | low);
    }
    skip_space(&text);
    if (err == VG_OK && text.left > 0)
        err = VG_ERR_FORMAT;
    if (err == VG_OK)
        memcpy(out, bytes, n);
    OPENSSL_cleanse(bytes, sizeof bytes);
    return err;
}

void
hex_append(const void *bytes, size_t n, struct buf *out)
{
    struct slice in = slice_of(bytes, n);
    char digits[3];

    while (in.left > 0) {
        uint8_t byte = slice_u8(&in);

        hex_put(&byte, 1, digits);
        buf_put(out, digits, 2);
    }
}

enum vg_err
hex_text(const char *digits, char *out, size_t size)
{
    size_t n = strlen(digits) / 2;
    struct slice in = slice_of(digits, 2 * n);

    if (n >= size)
        return VG_ERR_LIMIT;
    if (digits[2 * n] != '\0')
        return VG_ERR_FORMAT;
    for (size_t i = 0; i < n; i++) {
        int high = digit_of(slice_u8(&in)), low = digit_of(slice_u8(&in));

        if (high < 0 || low < 0 || (high == 0 && low == 0))
            return VG_ERR_FORMAT;
        out[i] = (char)(high << 4 | low);
    }
    out[n] = '\0';
    return VG_OK;
}
