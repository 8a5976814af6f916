/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/gquic_hello.h"

enum {
    TAG_CHLO = 0x43484c4f, /* as bytes on the wire: "CHLO" */
    TAG_SNI = 0x534e4900,
    TAG_UAID = 0x55414944,
    TAGS_MAX = 128,
};

enum vg_err
gquic_hello_read(struct slice in, struct gquic_hello *out)
{
    struct slice tags, values;
    uint32_t from = 0;
    size_t count;

    *out = (struct gquic_hello){.sni = str_of(""), .user_agent = str_of("")};
    if (slice_be32(&in) != TAG_CHLO)
        return VG_ERR_FORMAT;
    count = slice_le16(&in);
    slice_skip(&in, 2);
    if (in.bad || count > TAGS_MAX)
        return in.bad ? VG_ERR_SHORT : VG_ERR_FORMAT;
    tags = slice_sub(&in, count * 8);
    values = in;
    while (tags.left > 0) {
        uint32_t tag = slice_be32(&tags), to = slice_le32(&tags);
        struct slice value;

        if (to < from)
            return VG_ERR_FORMAT;
        value = slice_sub(&values, to - from);
        if (value.bad)
            return VG_ERR_SHORT;
        if (tag == TAG_SNI)
            out->sni = str_n(value.at, value.left);
        else if (tag == TAG_UAID)
            out->user_agent = str_n(value.at, value.left);
        from = to;
    }
    return in.bad ? VG_ERR_SHORT : VG_OK;
}
