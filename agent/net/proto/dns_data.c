/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/dns_data.h"

#include "agent/detect/obs.h"
#include "agent/net/proto/dns_names.h"

typedef enum vg_err put_fn(struct slice message, struct slice data, struct buf *text);

static enum vg_err
checked(const struct slice *data, const struct buf *text)
{
    return data->bad ? VG_ERR_SHORT : text->bad ? VG_ERR_LIMIT : VG_OK;
}

static void
put_hex(struct slice data, struct buf *text)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; data.left > 0 && i < DNS_HEX_MAX; i++) {
        uint8_t c = slice_u8(&data);

        buf_put_u8(text, (uint8_t)digits[c >> 4]);
        buf_put_u8(text, (uint8_t)digits[c & 15]);
    }
}

static enum vg_err
put_addr(uint8_t family, struct slice data, struct buf *text)
{
    struct net_addr a = {.family = family};
    char out[NET_ADDR_TEXT_MAX];

    if (!slice_copy(&data, a.bytes, family == 4 ? 4 : 16))
        return VG_ERR_SHORT;
    buf_put_str(text, net_addr_format(&a, out));
    return checked(&data, text);
}

static enum vg_err
put_a(struct slice message, struct slice data, struct buf *text)
{
    (void)message;
    return put_addr(4, data, text);
}

static enum vg_err
put_aaaa(struct slice message, struct slice data, struct buf *text)
{
    (void)message;
    return put_addr(6, data, text);
}

/* The name at `data`, the root as a dot: nothing would be no target at all. */
static enum vg_err
put_target(struct slice message, struct slice *data, struct buf *text)
{
    size_t from = text->len;
    enum vg_err err = dns_name_read(message, data, text);

    if (err == VG_OK && text->len == from)
        buf_put_u8(text, '.');
    return err;
}

static enum vg_err
put_name(struct slice message, struct slice data, struct buf *text)
{
    return put_target(message, &data, text);
}

/* RP: two names. */
static enum vg_err
put_two_names(struct slice message, struct slice data, struct buf *text)
{
    enum vg_err err = dns_name_read(message, &data, text);

    buf_put_u8(text, ' ');
    return err == VG_OK ? dns_name_read(message, &data, text) : err;
}

static enum vg_err
put_soa(struct slice message, struct slice data, struct buf *text)
{
    enum vg_err err = dns_name_read(message, &data, text);

    buf_put_u8(text, ' ');
    if (err == VG_OK)
        err = dns_name_read(message, &data, text);
    for (int i = 0; i < 5; i++) /* serial, refresh, retry, expire, minimum */
        buf_printf(text, " %u", slice_be32(&data));
    return err == VG_OK ? checked(&data, text) : err;
}

static enum vg_err
put_number_name(struct slice message, struct slice data, struct buf *text)
{
    buf_printf(text, "%u ", slice_be16(&data));
    return put_target(message, &data, text);
}

static enum vg_err
put_srv(struct slice message, struct slice data, struct buf *text)
{
    unsigned priority = slice_be16(&data), weight = slice_be16(&data), port = slice_be16(&data);

    buf_printf(text, "%u %u %u ", priority, weight, port);
    return put_target(message, &data, text);
}

static void
put_string(struct slice *data, struct buf *text)
{
    struct slice s = slice_sub(data, slice_u8(data));
    size_t len = s.left;

    if (len > 0)
        buf_put(text, slice_take(&s, len), len);
}

/* Character strings as they are, a space between them. */
static enum vg_err
put_strings(struct slice message, struct slice data, struct buf *text)
{
    (void)message;
    for (bool first = true; data.left > 0; first = false) {
        if (!first)
            buf_put_u8(text, ' ');
        put_string(&data, text);
    }
    return checked(&data, text);
}

static enum vg_err
put_naptr(struct slice message, struct slice data, struct buf *text)
{
    unsigned order = slice_be16(&data), preference = slice_be16(&data);

    buf_printf(text, "%u %u", order, preference);
    for (int i = 0; i < 3; i++) { /* flags, services, expression */
        buf_put_str(text, " \"");
        put_string(&data, text);
        buf_put_u8(text, '"');
    }
    buf_put_u8(text, ' ');
    return data.bad ? VG_ERR_SHORT : put_target(message, &data, text);
}

static enum vg_err
put_caa(struct slice message, struct slice data, struct buf *text)
{
    (void)message;
    buf_printf(text, "%u ", slice_u8(&data));
    put_string(&data, text);
    buf_put_str(text, " \"");
    if (data.left > 0) {
        size_t len = data.left;

        buf_put(text, slice_take(&data, len), len);
    }
    buf_put_u8(text, '"');
    return checked(&data, text);
}

/* ---- SVCB and HTTPS (RFC 9460) ---- */

static void
put_hints(const char *key, uint8_t family, struct slice value, struct buf *text)
{
    buf_printf(text, " %s=", key);
    for (bool first = true; value.left >= (family == 4 ? 4u : 16u); first = false) {
        if (!first)
            buf_put_u8(text, ',');
        (void)put_addr(family, slice_sub(&value, family == 4 ? 4 : 16), text);
    }
}

static void
put_alpn(struct slice value, struct buf *text)
{
    buf_put_str(text, " alpn=");
    for (bool first = true; value.left > 0 && !value.bad; first = false) {
        if (!first)
            buf_put_u8(text, ',');
        put_string(&value, text);
    }
}

static void
put_service_parameter(unsigned key, struct slice value, struct buf *text)
{
    switch (key) {
    case 1:
        put_alpn(value, text);
        break;
    case 2:
        buf_put_str(text, " no-default-alpn");
        break;
    case 3:
        buf_printf(text, " port=%u", slice_be16(&value));
        break;
    case 4:
        put_hints("ipv4hint", 4, value, text);
        break;
    case 5:
        buf_put_str(text, " ech");
        break;
    case 6:
        put_hints("ipv6hint", 6, value, text);
        break;
    default:
        buf_printf(text, " key%u", key);
    }
}

static enum vg_err
put_service(struct slice message, struct slice data, struct buf *text)
{
    enum vg_err err;

    buf_printf(text, "%u ", slice_be16(&data));
    err = put_target(message, &data, text);
    if (err != VG_OK)
        return err;
    while (data.left > 0) {
        unsigned key = slice_be16(&data);
        struct slice value = slice_sub(&data, slice_be16(&data));

        if (!data.bad)
            put_service_parameter(key, value, text);
    }
    return checked(&data, text);
}

/* ---- DNSSEC (RFC 4034) and fingerprints ---- */

static enum vg_err
put_ds(struct slice message, struct slice data, struct buf *text)
{
    unsigned tag = slice_be16(&data), algorithm = slice_u8(&data), digest = slice_u8(&data);

    (void)message;
    buf_printf(text, "%u %u %u ", tag, algorithm, digest);
    put_hex(data, text);
    return checked(&data, text);
}

static enum vg_err
put_sshfp(struct slice message, struct slice data, struct buf *text)
{
    unsigned algorithm = slice_u8(&data), kind = slice_u8(&data);

    (void)message;
    buf_printf(text, "%u %u ", algorithm, kind);
    put_hex(data, text);
    return checked(&data, text);
}

static enum vg_err
put_tlsa(struct slice message, struct slice data, struct buf *text)
{
    unsigned usage = slice_u8(&data), selector = slice_u8(&data), match = slice_u8(&data);

    (void)message;
    buf_printf(text, "%u %u %u ", usage, selector, match);
    put_hex(data, text);
    return checked(&data, text);
}

/* The key itself is as long as dull. */
static enum vg_err
put_dnskey(struct slice message, struct slice data, struct buf *text)
{
    unsigned flags = slice_be16(&data), protocol = slice_u8(&data), algorithm = slice_u8(&data);

    (void)message;
    buf_printf(text, "%u %u %u", flags, protocol, algorithm);
    return checked(&data, text);
}

static enum vg_err
put_rrsig(struct slice message, struct slice data, struct buf *text)
{
    char number[DNS_TYPE_TEXT_MAX];
    uint16_t covered = slice_be16(&data);
    unsigned algorithm = slice_u8(&data), labels = slice_u8(&data);
    unsigned tag;

    slice_skip(&data, 4 + 4 + 4); /* TTL, expiration, inception */
    tag = slice_be16(&data);
    buf_printf(text, "%s %u %u %u ", dns_type_name(covered, number), algorithm, labels, tag);
    return data.bad ? VG_ERR_SHORT : dns_name_read(message, &data, text);
}

/* ---- LOC (RFC 1876) ---- */

static void
put_angle(uint32_t value, char plus, char minus, struct buf *text)
{
    int64_t thousandths = (int64_t)value - (INT64_C(1) << 31);
    char side = thousandths < 0 ? minus : plus;
    unsigned ms = (unsigned)(thousandths < 0 ? -thousandths : thousandths);

    buf_printf(text, "%u %u %u.%03u %c ", ms / 3600000, ms / 60000 % 60, ms / 1000 % 60, ms % 1000,
               side);
}

static enum vg_err
put_loc(struct slice message, struct slice data, struct buf *text)
{
    uint32_t latitude, longitude;
    int64_t centimetres;

    (void)message;
    slice_skip(&data, 4); /* version, size, precisions */
    latitude = slice_be32(&data);
    longitude = slice_be32(&data);
    centimetres = (int64_t)slice_be32(&data) - 10000000;
    put_angle(latitude, 'N', 'S', text);
    put_angle(longitude, 'E', 'W', text);
    buf_printf(text, "%lldm", (long long)(centimetres / 100));
    return checked(&data, text);
}

/* RFC 3597, 5. */
static enum vg_err
put_unknown(struct slice message, struct slice data, struct buf *text)
{
    (void)message;
    buf_printf(text, "\\# %zu ", data.left);
    put_hex(data, text);
    return checked(&data, text);
}

static const struct {
    uint16_t type;
    put_fn *put;
} FORMS[] = {
    {1, put_a},
    {28, put_aaaa},
    {5, put_name},
    {12, put_name},
    {2, put_name},
    {65, put_service},
    {16, put_strings},
    {6, put_soa},
    {15, put_number_name},
    {33, put_srv},
    {64, put_service},
    {46, put_rrsig},
    {3, put_name},
    {4, put_name},
    {7, put_name},
    {8, put_name},
    {9, put_name},
    {39, put_name},
    {47, put_name},
    {17, put_two_names},
    {18, put_number_name},
    {21, put_number_name},
    {36, put_number_name},
    {13, put_strings},
    {99, put_strings},
    {35, put_naptr},
    {257, put_caa},
    {43, put_ds},
    {59, put_ds},
    {44, put_sshfp},
    {52, put_tlsa},
    {48, put_dnskey},
    {60, put_dnskey},
    {29, put_loc},
};

enum vg_err
dns_data_put(struct slice message, uint16_t type, struct slice data, struct buf *text)
{
    for (size_t i = 0; i < VG_ARRAY_LEN(FORMS); i++)
        if (FORMS[i].type == type)
            return FORMS[i].put(message, data, text);
    return put_unknown(message, data, text);
}
