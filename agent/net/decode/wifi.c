/* SPDX-License-Identifier: Apache-2.0 */
/* wifi: IEEE 802.11 data frames that nobody encrypted, and the heads that monitors put before
 * them: radiotap (radiotap.org), Prism, AVS, PPI. */
#include <pcap/dlt.h>

#include "agent/net/decode/decode.h"

enum {
    TYPE_DATA = 2,
    NO_DATA = 4, /* subtype bits */
    QOS = 8,
    TO_DS = 0x0100, /* of the frame control field */
    FROM_DS = 0x0200,
    PROTECTED = 0x4000,
    ORDER = 0x8000,
    AGGREGATE = 0x80, /* of the QoS field: an A-MSDU */
};

/* Subframes of an A-MSDU: destination, source, length, LLC, padded to four bytes. The first is
 * decoded now, the rest is left as pkt->inner. */
enum decode_result
decode_aggregate(struct decoder *d, struct slice in, struct packet *pkt, unsigned depth)
{
    uint16_t len;
    struct slice one;
    enum decode_result result;

    slice_skip(&in, 12);
    len = slice_be16(&in);
    if (in.bad)
        return decode_malformed(d);
    one = slice_sub(&in, in.left < len ? in.left : len);
    slice_skip(&in, in.left < (4 - (14u + len) % 4) % 4 ? in.left : (4 - (14u + len) % 4) % 4);
    result = decode_llc(d, one, pkt, depth);
    if (result == DECODE_PACKET && pkt->inner.left == 0 && in.left > 14) {
        pkt->inner = in;
        pkt->inner_type = INNER_AGGREGATE;
        pkt->depth = (uint8_t)depth;
    }
    return result;
}

/* `padded`: the head is padded to four bytes (radiotap says so). */
static enum decode_result
frame(struct decoder *d, struct slice in, bool padded, struct packet *pkt, unsigned depth)
{
    uint16_t control = slice_le16(&in), sequence, qos = 0;
    uint8_t address[4][6] = {{0}};
    unsigned to, from, head = 24, subtype = control >> 4 & 15;

    if ((control & 3) != 0 || (control >> 2 & 3) != TYPE_DATA || (subtype & NO_DATA) != 0)
        return in.bad ? decode_malformed(d) : decode_unknown(d);
    slice_skip(&in, 2); /* duration */
    for (unsigned i = 0; i < 3; i++)
        (void)slice_copy(&in, address[i], 6);
    sequence = slice_le16(&in);
    if ((control & TO_DS) != 0 && (control & FROM_DS) != 0) {
        (void)slice_copy(&in, address[3], 6);
        head += 6;
    }
    if (subtype & QOS) {
        qos = slice_le16(&in);
        head += 2;
        if (control & ORDER) { /* HT control */
            slice_skip(&in, 4);
            head += 4;
        }
    }
    if (padded)
        slice_skip(&in, (4 - head % 4) % 4);
    if (in.bad)
        return decode_malformed(d);
    if ((control & PROTECTED) != 0 || (sequence & 15) != 0)
        return decode_unknown(d);
    to = control & TO_DS ? 2 : 0;
    from = control & FROM_DS ? (control & TO_DS ? 3 : 2) : 1;
    if (depth == 0) {
        pkt->has_mac = true;
        memcpy(pkt->dst_mac, address[to], 6);
        memcpy(pkt->src_mac, address[from], 6);
    }
    if (qos & AGGREGATE)
        return decode_aggregate(d, in, pkt, depth);
    return decode_llc(d, in, pkt, depth);
}

enum decode_result
decode_wifi(struct decoder *d, struct slice in, struct packet *pkt, unsigned depth)
{
    return frame(d, in, false, pkt, depth);
}

/* Version, length, then bits that say which fields follow; of these only the flags matter. */
enum decode_result
decode_radiotap(struct decoder *d, struct slice in, struct packet *pkt, unsigned depth)
{
    enum { TSFT = 1, FLAGS = 2, MORE = 31, FLAG_PADDED = 0x20, FLAG_BAD_FCS = 0x40 };
    struct slice head, all = in;
    uint8_t version = slice_u8(&in), flags = 0;
    uint32_t present, more;
    uint16_t len;
    unsigned words = 1;

    slice_skip(&in, 1);
    len = slice_le16(&in);
    if (in.bad || version != 0)
        return decode_malformed(d);
    head = slice_sub(&all, len);
    slice_skip(&head, 4);
    present = more = slice_le32(&head);
    while (more >> MORE != 0 && !head.bad) {
        more = slice_le32(&head);
        words++;
    }
    if (present & TSFT)
        slice_skip(&head, 8 + (words % 2 == 0 ? 4 : 0)); /* aligned to eight */
    if (present & FLAGS)
        flags = slice_u8(&head);
    if (head.bad || all.bad)
        return decode_malformed(d);
    if (flags & FLAG_BAD_FCS)
        return decode_unknown(d); /* the receiver did not take it either */
    return frame(d, all, (flags & FLAG_PADDED) != 0, pkt, depth);
}

/* AVS: a magic number and the length of the head, big-endian. Prism: 144 bytes. Both under one
 * link type, as drivers liked. */
enum decode_result
decode_avs(struct decoder *d, struct slice in, struct packet *pkt, unsigned depth)
{
    struct slice peek = in;
    uint32_t magic = slice_be32(&peek), len = slice_be32(&peek);

    if (peek.bad || magic >> 12 != 0x80211)
        return decode_malformed(d);
    slice_skip(&in, len);
    return in.bad ? decode_malformed(d) : frame(d, in, false, pkt, depth);
}

enum decode_result
decode_prism(struct decoder *d, struct slice in, struct packet *pkt, unsigned depth)
{
    struct slice peek = in;

    if (slice_be32(&peek) >> 12 == 0x80211)
        return decode_avs(d, in, pkt, depth);
    slice_skip(&in, 144);
    return in.bad ? decode_malformed(d) : frame(d, in, false, pkt, depth);
}

enum decode_result
decode_ppi(struct decoder *d, struct slice in, struct packet *pkt, unsigned depth)
{
    struct slice peek = in;
    uint16_t len;
    uint32_t link;

    slice_skip(&peek, 2); /* version, flags */
    len = slice_le16(&peek);
    link = slice_le32(&peek);
    slice_skip(&in, len);
    if (peek.bad || in.bad || len < 8 || link == DLT_PPI)
        return decode_malformed(d);
    return link > 0xffff ? decode_unknown(d) : decode_link(d, (int)link, in, pkt, depth + 1);
}
