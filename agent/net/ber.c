/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/ber.h"

enum { TAG_OCTETS_MAX = 4, LENGTH_OCTETS_MAX = 4 };

/* X.690, 8.1.2: five ones say that the number follows, seven bits an octet. */
static enum vg_err
read_tag(struct slice *in, uint32_t *out)
{
    uint32_t tag = slice_u8(in);

    if ((tag & 0x1f) == 0x1f) {
        uint8_t octet;
        unsigned octets = 1;

        do {
            octet = slice_u8(in);
            if (octets++ == TAG_OCTETS_MAX)
                return VG_ERR_FORMAT;
            tag = tag << 8 | octet;
        } while ((octet & 0x80) != 0);
    }
    *out = tag;
    return in->bad ? VG_ERR_SHORT : VG_OK;
}

/* X.690, 8.1.3. */
static enum vg_err
read_length(struct slice *in, uint32_t *out)
{
    uint8_t first = slice_u8(in), octets = first & 0x7f;
    uint32_t len = first;

    if ((first & 0x80) != 0) {
        if (octets == 0 || octets > LENGTH_OCTETS_MAX)
            return VG_ERR_FORMAT;
        for (len = 0; octets > 0; octets--)
            len = len << 8 | slice_u8(in);
    }
    *out = len;
    return in->bad ? VG_ERR_SHORT : VG_OK;
}

static enum vg_err
next(struct slice *in, bool cut, struct ber *out)
{
    struct slice at = *in;
    struct ber b = {0};
    enum vg_err err;

    if (at.left == 0)
        return at.bad ? VG_ERR_SHORT : VG_END;
    err = read_tag(&at, &b.tag);
    if (err == VG_OK)
        err = read_length(&at, &b.len);
    if (err != VG_OK)
        return err;
    if (b.len > at.left && !cut)
        return VG_ERR_SHORT;
    b.head = (uint32_t)(in->left - at.left);
    b.value = slice_sub(&at, b.len < at.left ? b.len : at.left);
    *in = at;
    *out = b;
    return VG_OK;
}

enum vg_err
ber_next(struct slice *in, struct ber *out)
{
    return next(in, false, out);
}

enum vg_err
ber_next_cut(struct slice *in, struct ber *out)
{
    return next(in, true, out);
}

bool
ber_take(struct slice *in, uint32_t tag, struct slice *value)
{
    struct slice at = *in;
    struct ber b;

    if (ber_next(&at, &b) != VG_OK || b.tag != tag)
        return false;
    *in = at;
    if (value != NULL)
        *value = b.value;
    return true;
}

bool
ber_find(struct slice *in, uint32_t tag, struct slice *value)
{
    struct ber b;

    while (ber_next(in, &b) == VG_OK)
        if (b.tag == tag) {
            if (value != NULL)
                *value = b.value;
            return true;
        }
    return false;
}

bool
ber_int(struct slice value, int64_t *out)
{
    struct slice first = value;
    uint64_t n;

    if (value.left == 0 || value.left > sizeof(n))
        return false;
    n = (slice_u8(&first) & 0x80) != 0 ? UINT64_MAX : 0; /* two's complement */
    while (value.left > 0)
        n = n << 8 | slice_u8(&value);
    *out = (int64_t)n;
    return true;
}

bool
ber_take_int(struct slice *in, int64_t *out)
{
    struct slice at = *in;
    struct ber b;

    if (ber_next(&at, &b) != VG_OK || (b.tag != BER_INTEGER && b.tag != BER_ENUMERATED) ||
        !ber_int(b.value, out))
        return false;
    *in = at;
    return true;
}

bool
ber_put_oid(struct slice value, struct buf *out)
{
    size_t start = out->len;
    bool first = true;

    if (value.left == 0)
        return false;
    while (value.left > 0) {
        uint64_t part = 0;
        uint8_t octet;

        do {
            octet = slice_u8(&value);
            part = part << 7 | (octet & 0x7f);
            if (value.bad || part > UINT32_MAX) {
                out->len = start;
                return false;
            }
        } while ((octet & 0x80) != 0);
        if (first) { /* X.690, 8.19.4: the first two parts share one number */
            uint64_t top = part < 80 ? part / 40 : 2;

            buf_printf(out, "%u.%u", (unsigned)top, (unsigned)(part - top * 40));
        } else {
            buf_printf(out, ".%u", (unsigned)part);
        }
        first = false;
    }
    return !out->bad;
}

struct str
ber_str(struct slice value)
{
    return str_n(value.at, value.left);
}
