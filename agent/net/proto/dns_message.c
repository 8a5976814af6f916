/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/dns_message.h"

#include "agent/detect/obs.h"
#include "agent/net/proto/dns_names.h"

enum { DNS_HEX_MAX = 64 };

struct head {
    uint16_t id, flags, questions, answers, authority, additional;
};

static struct head
read_head(struct slice *in)
{
    struct head h;

    h.id = slice_be16(in);
    h.flags = slice_be16(in);
    h.questions = slice_be16(in);
    h.answers = slice_be16(in);
    h.authority = slice_be16(in);
    h.additional = slice_be16(in);
    return h;
}

static void
put_addr(struct slice data, uint8_t family, struct buf *text)
{
    struct net_addr a = {.family = family};
    char out[NET_ADDR_TEXT_MAX];

    if (slice_copy(&data, a.bytes, family == 4 ? 4 : 16))
        buf_put_str(text, net_addr_format(&a, out));
}

static void
put_strings(struct slice data, struct buf *text)
{
    bool first = true;

    while (data.left > 0) {
        struct slice s = slice_sub(&data, slice_u8(&data));

        if (data.bad)
            return;
        if (!first)
            buf_put_u8(text, ' ');
        first = false;
        buf_put(text, s.at, s.left);
    }
}

/* RFC 3597, 5. */
static void
put_unknown(struct slice data, struct buf *text)
{
    buf_printf(text, "\\# %zu ", data.left);
    for (size_t i = 0; data.left > 0 && i < DNS_HEX_MAX; i++)
        buf_printf(text, "%02x", slice_u8(&data));
}

static enum vg_err
put_data(struct slice message, uint16_t type, struct slice data, struct buf *text)
{
    struct slice all = data;
    enum vg_err err = VG_OK;

    switch (type) {
    case 1:
        put_addr(data, 4, text);
        break;
    case 28:
        put_addr(data, 6, text);
        break;
    case 2:
    case 5:
    case 12:
    case 39:
        err = dns_name_read(message, &data, text);
        break;
    case 6:
        err = dns_name_read(message, &data, text);
        buf_put_u8(text, ' ');
        if (err == VG_OK)
            err = dns_name_read(message, &data, text);
        break;
    case 15:
    case 64:
    case 65:
        buf_printf(text, "%u ", slice_be16(&data));
        err = dns_name_read(message, &data, text);
        break;
    case 33: {
        unsigned priority = slice_be16(&data), weight = slice_be16(&data), port = slice_be16(&data);

        buf_printf(text, "%u %u %u ", priority, weight, port);
        err = dns_name_read(message, &data, text);
        break;
    }
    case 16:
    case 99:
        put_strings(data, text);
        break;
    default:
        put_unknown(all, text);
    }
    return err;
}

/* Answers are told by offset while `text` may still move. */
struct span {
    size_t at, len;
};

static size_t
read_answers(struct slice message, struct slice in, unsigned count, struct buf *text,
             struct span spans[DNS_ANSWERS_MAX], bool *cut)
{
    size_t n = 0, before = text->len;

    for (unsigned i = 0; i < count; i++) {
        struct slice data;
        uint16_t type;

        if (n == DNS_ANSWERS_MAX)
            break;
        before = text->len;
        if (dns_name_read(message, &in, text) != VG_OK)
            break;
        text->len = before; /* the owner's name is not told */
        type = slice_be16(&in);
        slice_skip(&in, 2 + 4);
        data = slice_sub(&in, slice_be16(&in));
        if (in.bad || put_data(message, type, data, text) != VG_OK || text->bad)
            break;
        spans[n++] = (struct span){before, text->len - before};
        if (i + 1 == count) {
            *cut = false;
            return n;
        }
    }
    *cut = count > 0;
    return n;
}

enum vg_err
dns_message_read(struct slice in, struct buf *text, struct dns_message *out)
{
    struct slice message = in;
    struct head h = read_head(&in);
    struct span spans[DNS_ANSWERS_MAX];
    size_t query_len = 0;
    enum vg_err err;

    buf_clear(text);
    if (in.bad)
        return VG_ERR_SHORT;
    *out = (struct dns_message){
        .id = h.id,
        .response = h.flags >> 15,
        .opcode = h.flags >> 11 & 15,
        .rcode = h.flags & 15,
        .questions = h.questions,
    };
    for (unsigned i = 0; i < h.questions; i++) {
        err = dns_name_read(message, &in, text);
        if (err != VG_OK)
            return err;
        if (i == 0) {
            query_len = text->len;
            out->qtype = slice_be16(&in);
            out->qclass = slice_be16(&in);
        } else {
            text->len = query_len;
            slice_skip(&in, 4);
        }
        if (in.bad)
            return VG_ERR_SHORT;
    }
    if (out->response)
        out->answer_count = read_answers(message, in, h.answers, text, spans, &out->cut);
    out->query = str_n(text->data, query_len);
    for (size_t i = 0; i < out->answer_count; i++) {
        struct slice s = buf_slice(text);

        slice_skip(&s, spans[i].at);
        out->answers[i] = str_n(slice_take(&s, spans[i].len), spans[i].len);
    }
    return VG_OK;
}

bool
dns_message_certain(struct slice in, struct buf *text)
{
    struct slice message = in;
    struct head h = read_head(&in);
    char number[DNS_TYPE_TEXT_MAX];
    uint16_t type, class;

    buf_clear(text);
    if (in.bad || h.questions != 1 || (h.flags & 0x7800) != 0 || (h.flags & 0x0040) != 0)
        return false;
    if ((h.flags & 0x8000) == 0 && (h.answers != 0 || h.authority != 0 || h.additional > 2))
        return false;
    if (dns_name_read(message, &in, text) != VG_OK || text->len < 3 ||
        memchr(text->data, '\\', text->len) != NULL || memchr(text->data, '.', text->len) == NULL)
        return false;
    type = slice_be16(&in);
    class = slice_be16(&in);
    if (in.bad || class != 1 || dns_type_name(type, number) == number)
        return false;
    /* A query ends here or with the record of EDNS; a response has something more to say. */
    return (h.answers | h.authority | h.additional) == 0 ? in.left == 0 : in.left >= 11;
}
