/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/utf16.h"

#include "common/utf8.h"

static uint32_t
next(struct slice *in)
{
    uint32_t c = slice_le16(in);
    struct slice after = *in;
    uint32_t low;

    if (c < 0xd800 || c > 0xdfff)
        return c;
    low = slice_le16(&after);
    if (c > 0xdbff || after.bad || low < 0xdc00 || low > 0xdfff)
        return UTF8_REPLACEMENT;
    *in = after;
    return 0x10000 + ((c & 0x3ff) << 10 | (low & 0x3ff));
}

size_t
utf16_read(struct slice in, char *out, size_t size)
{
    size_t len = 0;

    while (in.left >= 2) {
        uint8_t bytes[UTF8_MAX];
        uint32_t c = next(&in);
        size_t n = utf8_encode(c, bytes);

        if (c == 0 || n > size - len)
            break;
        for (size_t i = 0; i < n; i++)
            out[len++] = (char)bytes[i];
    }
    return len;
}

size_t
oem_read(struct slice in, char *out, size_t size)
{
    size_t len = 0;

    while (in.left > 0 && len < size) {
        uint8_t c = slice_u8(&in);

        if (c == 0)
            break;
        out[len++] = (char)(c < 0x80 ? c : '?');
    }
    return len;
}

struct slice
utf16_until_zero(struct slice *in, bool wide)
{
    struct slice start = *in;
    size_t len = 0, step = wide ? 2 : 1;

    while (in->left >= step) {
        uint32_t c = wide ? slice_le16(in) : slice_u8(in);

        if (c == 0)
            return slice_sub(&start, len);
        len += step;
    }
    slice_skip(in, in->left);
    return slice_sub(&start, len);
}
