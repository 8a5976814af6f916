/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/tls_server.h"

enum { EXT_ALPN = 16, EXT_PRE_SHARED_KEY = 41, EXT_VERSIONS = 43 };

/* RFC 8446, 4.1.3: SHA-256 of "HelloRetryRequest" where the random stands. */
static const uint8_t RETRY[32] = {
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
};

static void
read_extension(uint16_t type, struct slice body, struct tls_server_hello *out)
{
    struct slice list, name;

    switch (type) {
    case EXT_VERSIONS:
        if (body.left == 2)
            out->version = slice_be16(&body);
        break;
    case EXT_PRE_SHARED_KEY:
        out->pre_shared = true;
        break;
    case EXT_ALPN:
        list = slice_sub(&body, slice_be16(&body));
        name = slice_sub(&list, slice_u8(&list));
        if (!name.bad)
            out->alpn = str_n(name.at, name.left);
        break;
    default:
        break;
    }
}

enum vg_err
tls_server_read(struct slice in, struct tls_server_hello *out)
{
    const uint8_t *random;
    struct slice extensions;

    memset(out, 0, sizeof(*out));
    out->alpn = str_of("");
    out->legacy_version = out->version = slice_be16(&in);
    random = slice_take(&in, sizeof(RETRY));
    if (out->legacy_version >> 8 != 0x7f) /* the first drafts of 1.3 left the session out */
        slice_skip(&in, slice_u8(&in));
    out->cipher = slice_be16(&in);
    if (out->legacy_version >> 8 != 0x7f)
        slice_skip(&in, 1); /* compression method */
    if (in.bad || random == NULL)
        return VG_ERR_SHORT;
    out->retry = memcmp(random, RETRY, sizeof(RETRY)) == 0;
    if (in.left == 0)
        return VG_OK;
    extensions = slice_sub(&in, slice_be16(&in));
    while (extensions.left > 0) {
        uint16_t type = slice_be16(&extensions);
        struct slice body = slice_sub(&extensions, slice_be16(&extensions));

        if (extensions.bad)
            break;
        if (out->extension_count == TLS_SERVER_EXTENSIONS_MAX)
            return VG_ERR_LIMIT;
        out->extensions[out->extension_count++] = type;
        read_extension(type, body, out);
    }
    return in.bad || extensions.bad ? VG_ERR_SHORT : VG_OK;
}
