/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/ber.h"
#include "agent/net/proto/rdp.h"
#include "agent/net/proto/utf16.h"

enum {
    TPKT_HEADER = 4,
    X224_REQUEST = 0xe0,
    X224_CONFIRM = 0xd0,
    X224_DATA = 0xf0,
    NEGOTIATE_REQUEST = 1,
    NEGOTIATE_RESPONSE = 2,
    NEGOTIATE_FAILURE = 3,
    NEGOTIATE_BYTES = 8,
};
enum { MCS_CONNECT_INITIAL = 0x7f65, CLIENT_CORE = 0xc001, CLIENT_NET = 0xc003, BLOCKS_MAX = 16 };

/* The variable part of an X.224 connection TPDU. */
static bool
x224(struct slice *in, uint8_t type)
{
    uint8_t version = slice_u8(in), len;

    slice_skip(in, TPKT_HEADER - 1);
    len = slice_u8(in);
    if (version != 3 || (slice_u8(in) & 0xf0) != type || len < 6)
        return false;
    slice_skip(in, 5); /* references, class */
    return !in->bad;
}

/* A line that ends with CR LF: taken without its end. */
static bool
take_line(struct slice *in, struct str *out)
{
    struct slice at = *in;
    size_t len = 0;

    while (at.left > 0) {
        if (slice_u8(&at) == '\r' && at.left > 0) {
            struct slice text = *in;

            if (slice_u8(&at) != '\n')
                return false;
            *out = str_n(slice_sub(&text, len).at, len);
            *in = at;
            return true;
        }
        len++;
    }
    return false;
}

static bool
starts(struct str s, const char *prefix)
{
    size_t n = strlen(prefix);

    return s.len >= n && memcmp(s.at, prefix, n) == 0;
}

/* MS-RDPBCGR, 2.2.1.1. */
enum vg_err
rdp_request_read(struct slice in, struct rdp_request *out)
{
    struct rdp_request r = {.cookie = str_of(NULL)};
    struct str line;

    if (!x224(&in, X224_REQUEST))
        return VG_ERR_FORMAT;
    if (take_line(&in, &line)) {
        if (starts(line, "Cookie: mstshash="))
            r.cookie = str_n(line.at + 17, line.len - 17);
        else
            r.routed = true;
    }
    if (in.left >= NEGOTIATE_BYTES && slice_u8(&in) == NEGOTIATE_REQUEST) {
        slice_skip(&in, 3);
        r.requested = slice_le32(&in);
        r.negotiates = true;
    }
    *out = r;
    return VG_OK;
}

/* MS-RDPBCGR, 2.2.1.2. */
enum vg_err
rdp_confirm_read(struct slice in, struct rdp_confirm *out)
{
    struct rdp_confirm c = {0};
    uint8_t type;

    if (!x224(&in, X224_CONFIRM))
        return VG_ERR_FORMAT;
    type = slice_u8(&in);
    if (in.left >= NEGOTIATE_BYTES - 1 &&
        (type == NEGOTIATE_RESPONSE || type == NEGOTIATE_FAILURE)) {
        slice_skip(&in, 3);
        c.selected = slice_le32(&in);
        c.negotiates = true;
        c.failed = type == NEGOTIATE_FAILURE;
    }
    *out = c;
    return VG_OK;
}

/* MS-RDPBCGR, 2.2.1.3.2. */
static bool
read_core(struct slice in, struct rdp_client *out)
{
    struct slice name;

    slice_skip(&in, 4); /* version */
    out->width = slice_le16(&in);
    out->height = slice_le16(&in);
    slice_skip(&in, 8); /* colours, keys, layout */
    out->build = slice_le32(&in);
    name = slice_sub(&in, 32);
    if (in.bad)
        return false;
    out->name_len = utf16_read(name, out->name, RDP_NAME_MAX);
    return true;
}

/* MS-RDPBCGR, 2.2.1.3.4 and 2.2.1.3.4.1: a name of eight bytes with NULs behind it, and options. */
static void
read_channels(struct slice in, struct rdp_client *out)
{
    uint32_t count = slice_le32(&in);

    for (uint32_t i = 0; i < count && out->channels < RDP_CHANNELS_MAX && in.left > 0; i++) {
        char *name = out->channel[out->channels];

        if (!slice_copy(&in, name, RDP_CHANNEL_BYTES))
            return;
        name[RDP_CHANNEL_BYTES] = '\0';
        slice_skip(&in, 4);
        out->channels++;
    }
}

/* MCS Connect Initial (T.125) with a GCC conference request (T.124) as its last part; there, behind
 * the key "Duca", the client's blocks: type, length, content. */
enum vg_err
rdp_client_read(struct slice in, struct rdp_client *out)
{
    struct slice data = {0};
    struct ber mcs, part;
    bool core = false;

    slice_skip(&in, TPKT_HEADER + 1);
    if (slice_u8(&in) != X224_DATA)
        return VG_ERR_FORMAT;
    slice_skip(&in, 1);
    if (ber_next_cut(&in, &mcs) != VG_OK || mcs.tag != MCS_CONNECT_INITIAL)
        return VG_ERR_FORMAT;
    while (ber_next_cut(&mcs.value, &part) == VG_OK)
        data = part.value;
    while (data.left >= 8) {
        struct slice at = data;

        if (slice_be32(&at) == 0x44756361) { /* "Duca" */
            data = at;
            slice_skip(&data, (slice_u8(&at) & 0x80) != 0 ? 2 : 1);
            break;
        }
        slice_skip(&data, 1);
    }
    out->channels = 0;
    for (unsigned i = 0; i < BLOCKS_MAX && data.left >= 4; i++) {
        uint16_t type = slice_le16(&data), len = slice_le16(&data);
        struct slice block;

        if (len < 4)
            break;
        block = data;
        if (len - 4U < block.left)
            block = slice_sub(&block, len - 4U);
        if (type == CLIENT_CORE)
            core = read_core(block, out);
        else if (type == CLIENT_NET)
            read_channels(block, out);
        slice_skip(&data, len - 4U);
    }
    return core ? VG_OK : VG_ERR_FORMAT;
}

const char *
rdp_failure_name(uint32_t code)
{
    static const char *const names[] = {
        "",
        "ssl-required-by-server",
        "ssl-not-allowed-by-server",
        "ssl-certificate-not-on-server",
        "inconsistent-flags",
        "hybrid-required-by-server",
        "ssl-with-user-auth-required-by-server",
    };

    return code < VG_ARRAY_LEN(names) ? names[code] : "";
}

const char *
rdp_security_name(uint32_t protocol)
{
    switch (protocol) {
    case 0:
        return "rdp";
    case RDP_SECURITY_TLS:
        return "tls";
    case RDP_SECURITY_NLA:
        return "nla";
    case RDP_SECURITY_RDSTLS:
        return "rdstls";
    case RDP_SECURITY_NLA_EX:
        return "nla-ex";
    case RDP_SECURITY_AAD:
        return "aad";
    default:
        return "";
    }
}
