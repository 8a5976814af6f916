/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/dns_names.h"

#include <stdio.h>

static const struct {
    uint16_t type;
    const char *name;
} TYPES[] = {
    {1, "A"},      {28, "AAAA"},     {65, "HTTPS"},      {12, "PTR"},   {5, "CNAME"},
    {16, "TXT"},   {33, "SRV"},      {2, "NS"},          {6, "SOA"},    {15, "MX"},
    {10, "NULL"},  {13, "HINFO"},    {17, "RP"},         {18, "AFSDB"}, {24, "SIG"},
    {25, "KEY"},   {29, "LOC"},      {35, "NAPTR"},      {36, "KX"},    {37, "CERT"},
    {38, "A6"},    {39, "DNAME"},    {41, "OPT"},        {42, "APL"},   {43, "DS"},
    {44, "SSHFP"}, {45, "IPSECKEY"}, {46, "RRSIG"},      {47, "NSEC"},  {48, "DNSKEY"},
    {49, "DHCID"}, {50, "NSEC3"},    {51, "NSEC3PARAM"}, {52, "TLSA"},  {53, "SMIMEA"},
    {59, "CDS"},   {60, "CDNSKEY"},  {61, "OPENPGPKEY"}, {64, "SVCB"},  {99, "SPF"},
    {249, "TKEY"}, {250, "TSIG"},    {251, "IXFR"},      {252, "AXFR"}, {255, "ANY"},
    {256, "URI"},  {257, "CAA"},
};

const char *
dns_type_name(uint16_t type, char number[DNS_TYPE_TEXT_MAX])
{
    for (size_t i = 0; i < VG_ARRAY_LEN(TYPES); i++)
        if (TYPES[i].type == type)
            return TYPES[i].name;
    snprintf(number, DNS_TYPE_TEXT_MAX, "TYPE%u", type);
    return number;
}

static bool
is_plain(uint8_t c)
{
    return c > 0x20 && c < 0x7f && c != '.' && c != '\\';
}

static void
put_label(struct slice label, struct buf *out)
{
    while (label.left > 0) {
        struct slice ahead = label;
        size_t plain = 0;
        uint8_t c;

        while (ahead.left > 0 && is_plain(slice_u8(&ahead)))
            plain++;
        if (plain > 0) {
            buf_put(out, slice_take(&label, plain), plain);
            continue;
        }
        c = slice_u8(&label);
        if (c == '.' || c == '\\') { /* what would change the reading of the name */
            buf_put_u8(out, '\\');
            buf_put_u8(out, c);
        } else {
            buf_printf(out, "\\%03u", c);
        }
    }
}

enum vg_err
dns_name_read(struct slice message, struct slice *in, struct buf *out)
{
    struct slice at = *in;
    bool jumped = false;
    unsigned pointers = 0;
    size_t wire = 0, first = out->len;

    for (;;) {
        uint8_t len = slice_u8(&at);

        if (at.bad)
            return VG_ERR_SHORT;
        if (len >= 0xc0) {
            size_t to = (size_t)(len & 0x3f) << 8 | slice_u8(&at);

            if (at.bad)
                return VG_ERR_SHORT;
            if (!jumped)
                *in = at;
            jumped = true;
            if (++pointers > DNS_POINTERS_MAX)
                return VG_ERR_FORMAT;
            at = message;
            slice_skip(&at, to);
            continue;
        }
        if (len > 63)
            return VG_ERR_FORMAT;
        if (len == 0)
            break;
        wire += len + 1u;
        if (wire > 254) /* RFC 1035, 2.3.4 */
            return VG_ERR_FORMAT;
        if (out->len > first)
            buf_put_u8(out, '.');
        put_label(slice_sub(&at, len), out);
        if (at.bad)
            return VG_ERR_SHORT;
    }
    if (!jumped)
        *in = at;
    return out->bad ? VG_ERR_LIMIT : VG_OK;
}

enum vg_err
dns_name_skip(struct slice *in)
{
    for (size_t wire = 0; wire <= 254;) {
        uint8_t len = slice_u8(in);

        if (len >= 0xc0)
            slice_skip(in, 1);
        else if (len > 63)
            return VG_ERR_FORMAT;
        else
            slice_skip(in, len);
        if (in->bad)
            return VG_ERR_SHORT;
        if (len == 0 || len >= 0xc0)
            return VG_OK;
        wire += len + 1u;
    }
    return VG_ERR_FORMAT;
}
