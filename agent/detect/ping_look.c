/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/ping_look.h"

#include "common/slice.h"

enum {
    STAMP_BYTES = 24,   /* ping's time stamps and counters come before its padding */
    IP_OFFSET_MAX = 28, /* a tunnel's own header before the packet */
};

/* An IPv4 header with a right checksum (RFC 791): by chance once in 65536. */
static bool
is_packet(struct slice in)
{
    struct slice head = in;
    uint8_t first = slice_u8(&head);
    size_t len = (size_t)(first & 15) * 4;
    uint32_t sum = 0;
    uint16_t total;

    slice_skip(&head, 1);
    total = slice_be16(&head);
    if (first >> 4 != 4 || len < 20 || total < len || total > 1600)
        return false;
    head = slice_sub(&in, len);
    while (head.left > 0)
        sum += slice_be16(&head);
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return !head.bad && sum == 0xffff;
}

static bool
holds_packet(struct slice in)
{
    for (size_t at = 0; at <= IP_OFFSET_MAX && in.left >= 20; at += 4, slice_skip(&in, 4))
        if (is_packet(in))
            return true;
    return false;
}

/* A ramp, one value, or up to four that repeat. */
static bool
is_padding(struct slice in)
{
    uint8_t last[4] = {0};
    size_t n = 0, regular = 0;

    for (; in.left > 0; n++) {
        uint8_t c = slice_u8(&in), before = last[(n + 3) % 4];

        regular +=
            n > 0 && (c == before || c == (uint8_t)(before + 1) || (c == 'a' && before == 'w') ||
                      (n >= 2 && c == last[(n + 2) % 4]) || (n >= 4 && c == last[n % 4]));
        last[n % 4] = c;
    }
    return n == 0 || regular * 10 >= (n - 1) * 9;
}

static bool
is_text(struct slice in)
{
    size_t n = in.left, plain = 0;

    while (in.left > 0) {
        uint8_t c = slice_u8(&in);

        plain += (c >= ' ' && c < 127) || c == '\n' || c == '\r' || c == '\t';
    }
    return n >= 4 && plain * 20 >= n * 19;
}

enum ping_look
ping_look(struct str data)
{
    struct slice in = slice_of(data.at, data.len), rest = in;

    if (data.len == 0 || is_padding(in))
        return PING_PADDING;
    if (holds_packet(in))
        return PING_PACKET;
    if (is_text(in))
        return PING_TEXT;
    if (data.len <= STAMP_BYTES)
        return PING_PADDING; /* time stamps alone */
    slice_skip(&rest, STAMP_BYTES);
    return is_padding(rest) ? PING_PADDING : PING_DATA;
}
