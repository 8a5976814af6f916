/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/dns_message.h"

#include "agent/net/proto/dns_data.h"
#include "agent/net/proto/dns_names.h"

enum { TYPE_A = 1, TYPE_AAAA = 28, TYPE_OPT = 41 };

struct dns_head
dns_head_read(struct slice *in)
{
    struct dns_head h;

    h.id = slice_be16(in);
    h.flags = slice_be16(in);
    h.questions = slice_be16(in);
    h.answers = slice_be16(in);
    h.authority = slice_be16(in);
    h.additional = slice_be16(in);
    return h;
}

enum vg_err
dns_record_read(struct slice *in, struct dns_record *out)
{
    enum vg_err err;

    out->name = *in;
    err = dns_name_skip(in);
    out->type = slice_be16(in);
    out->class = slice_be16(in);
    out->ttl = slice_be32(in);
    out->data = slice_sub(in, slice_be16(in));
    return err != VG_OK ? err : in->bad ? VG_ERR_SHORT : VG_OK;
}

/* Answers are told by offset while `text` may still move. */
struct span {
    size_t at, len;
};

static void
keep_address(const struct dns_record *r, struct dns_message *out)
{
    struct net_addr *a = &out->addresses[out->address_count];
    struct slice data = r->data;

    *a = (struct net_addr){.family = r->type == TYPE_A ? 4 : 6};
    if (slice_copy(&data, a->bytes, r->type == TYPE_A ? 4 : 16))
        out->address_count++;
}

/* `in` stands behind the answers afterwards, unless they are cut. */
static void
read_answers(struct slice message, struct slice *in, unsigned count, struct buf *text,
             struct span spans[DNS_ANSWERS_MAX], struct dns_message *out)
{
    for (unsigned i = 0; i < count; i++) {
        struct dns_record r;
        size_t before = text->len;

        if (dns_record_read(in, &r) != VG_OK) {
            out->cut = true;
            return;
        }
        if (out->cut || out->answer_count == DNS_ANSWERS_MAX ||
            dns_data_put(message, r.type, r.data, text) != VG_OK) {
            out->cut = true; /* no more of them, but the rest of the message is still there */
            text->len = before;
            continue;
        }
        if (r.type == TYPE_A || r.type == TYPE_AAAA)
            keep_address(&r, out);
        if (out->answer_count == 0 || r.ttl < out->ttl_min)
            out->ttl_min = r.ttl;
        spans[out->answer_count++] = (struct span){before, text->len - before};
    }
}

/* The record of EDNS, wherever it stands among the additional ones (RFC 6891, 6.1). */
static void
read_edns(struct slice in, unsigned before, unsigned additional, struct dns_message *out)
{
    struct dns_record r;

    for (unsigned i = 0; i < before + additional; i++) {
        if (dns_record_read(&in, &r) != VG_OK)
            return;
        if (i >= before && r.type == TYPE_OPT) {
            out->edns = true;
            out->edns_payload = r.class;
            out->edns_do = (r.ttl & 0x8000) != 0;
            out->rcode = (uint16_t)((r.ttl >> 24) << 4 | out->rcode);
            return;
        }
    }
}

static enum vg_err
read_questions(struct slice message, struct slice *in, struct buf *text, struct dns_message *out)
{
    out->qtype = out->qclass = 0;
    for (unsigned i = 0; i < out->questions; i++) {
        enum vg_err err = i == 0 ? dns_name_read(message, in, text) : dns_name_skip(in);

        if (err != VG_OK)
            return err;
        if (i == 0) {
            out->qtype = slice_be16(in);
            out->qclass = slice_be16(in);
        } else {
            slice_skip(in, 4);
        }
        if (in->bad)
            return VG_ERR_SHORT;
    }
    return VG_OK;
}

/* Without its lists: they need no clearing. */
static void
begin(const struct dns_head *h, struct dns_message *out)
{
    out->id = h->id;
    out->response = h->flags >> 15;
    out->opcode = h->flags >> 11 & 15;
    out->aa = (h->flags & 0x0400) != 0;
    out->tc = (h->flags & 0x0200) != 0;
    out->rd = (h->flags & 0x0100) != 0;
    out->ra = (h->flags & 0x0080) != 0;
    out->rcode = h->flags & 15;
    out->questions = h->questions;
    out->cut = out->edns = out->edns_do = false;
    out->edns_payload = 0;
    out->ttl_min = 0;
    out->answer_count = out->address_count = 0;
}

enum vg_err
dns_message_read(struct slice in, struct buf *text, struct dns_message *out)
{
    struct slice message = in;
    struct dns_head h = dns_head_read(&in);
    struct span spans[DNS_ANSWERS_MAX];
    unsigned others = h.authority;
    size_t query_len;
    enum vg_err err;

    buf_clear(text);
    if (in.bad)
        return VG_ERR_SHORT;
    begin(&h, out);
    err = read_questions(message, &in, text, out);
    if (err != VG_OK)
        return err;
    query_len = text->len;
    if (out->response && out->opcode != DNS_OPCODE_UPDATE)
        read_answers(message, &in, h.answers, text, spans, out);
    else
        others += h.answers; /* walked over all the same */
    if (h.additional > 0 && !in.bad)
        read_edns(in, others, h.additional, out);
    out->query = str_n(text->data, query_len);
    for (size_t i = 0; i < out->answer_count; i++) {
        struct slice s = buf_slice(text);

        slice_skip(&s, spans[i].at);
        out->answers[i] = str_n(slice_take(&s, spans[i].len), spans[i].len);
    }
    return VG_OK;
}

/* A name of two or more labels, written out, of printable characters. */
static bool
plain_name(struct slice *in)
{
    unsigned labels = 0;

    for (size_t wire = 0; wire <= 254; labels++) {
        uint8_t len = slice_u8(in);
        struct slice label = slice_sub(in, len);

        if (in->bad || len > 63)
            return false;
        if (len == 0)
            return labels >= 2;
        wire += len + 1u;
        while (label.left > 0) {
            uint8_t c = slice_u8(&label);

            if (c <= 0x20 || c >= 0x7f || c == '.' || c == '\\')
                return false;
        }
    }
    return false;
}

bool
dns_message_certain(struct slice in)
{
    struct dns_head h = dns_head_read(&in);
    char number[DNS_TYPE_TEXT_MAX];
    uint16_t type, class;

    if (in.bad || h.questions != 1 || (h.flags & 0x7800) != 0 || (h.flags & 0x0040) != 0)
        return false;
    if ((h.flags & 0x8000) == 0 && (h.answers != 0 || h.authority != 0 || h.additional > 2))
        return false;
    if (!plain_name(&in))
        return false;
    type = slice_be16(&in);
    class = slice_be16(&in);
    if (in.bad || class != 1 || dns_type_name(type, number) == number)
        return false;
    /* A query ends here or with the record of EDNS; a response has something more to say. */
    return (h.answers | h.authority | h.additional) == 0 ? in.left == 0 : in.left >= 11;
}
