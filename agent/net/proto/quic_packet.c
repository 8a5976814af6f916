/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/quic_packet.h"

enum {
    FRAME_PADDING = 0x00,
    FRAME_PING = 0x01,
    FRAME_ACK = 0x02,
    FRAME_ACK_ECN = 0x03,
    FRAME_CRYPTO = 0x06,
    FRAME_CLOSE = 0x1c,
    GOOGLE_PING = 0x07,
    GOOGLE_CRYPTO = 0x08,
    ACK_RANGES_MAX = 1024,
};

uint64_t
quic_varint(struct slice *in)
{
    uint8_t first = slice_u8(in);
    uint64_t v = first & 0x3f;

    for (unsigned more = (1u << (first >> 6)) - 1; more > 0; more--)
        v = v << 8 | slice_u8(in);
    return in->bad ? 0 : v;
}

static enum quic_packet_type
type_of(uint8_t first, uint32_t version)
{
    unsigned type = first >> 4 & 3;

    if (version == 0)
        return QUIC_NEGOTIATION;
    if (quic_version_is_2(version))
        type = (type + 3) & 3;
    return (enum quic_packet_type)type;
}

enum vg_err
quic_packet_take(struct slice *datagram, struct quic_packet *out)
{
    struct slice whole = *datagram, at = whole;
    uint8_t first = slice_u8(&at);
    uint64_t token, len;

    *out = (struct quic_packet){.version = slice_be32(&at)};
    if ((first & 0x80) == 0 || (out->version != 0 && (first & 0x40) == 0))
        return VG_ERR_FORMAT;
    out->type = type_of(first, out->version);
    out->dcid = slice_sub(&at, slice_u8(&at));
    out->scid = slice_sub(&at, slice_u8(&at));
    if (at.bad)
        return VG_ERR_SHORT;
    if (out->dcid.left > QUIC_CID_MAX || out->scid.left > QUIC_CID_MAX)
        return VG_ERR_FORMAT;
    if (out->type == QUIC_RETRY || out->type == QUIC_NEGOTIATION) {
        out->bytes = slice_sub(datagram, datagram->left);
        return VG_OK;
    }
    if (out->type == QUIC_INITIAL) {
        token = quic_varint(&at);
        if (token > at.left)
            return VG_ERR_SHORT;
        slice_skip(&at, (size_t)token);
    }
    len = quic_varint(&at);
    if (at.bad)
        return VG_ERR_SHORT;
    out->number_at = whole.left - at.left;
    out->cut = len > at.left;
    slice_skip(&at, out->cut ? at.left : (size_t)len);
    out->bytes = slice_sub(datagram, whole.left - at.left);
    return VG_OK;
}

static enum vg_err
skip_ack(struct slice *in, bool ecn)
{
    uint64_t ranges;

    (void)quic_varint(in); /* largest */
    (void)quic_varint(in); /* delay */
    ranges = quic_varint(in);
    if (ranges > ACK_RANGES_MAX)
        return VG_ERR_FORMAT;
    for (uint64_t i = 0; i < 1 + 2 * ranges + (ecn ? 3 : 0) && !in->bad; i++)
        (void)quic_varint(in);
    return in->bad ? VG_ERR_SHORT : VG_OK;
}

static enum vg_err
take_crypto(struct net_engine *e, struct slice *in, struct pieces *crypto)
{
    uint64_t offset = quic_varint(in), len = quic_varint(in);

    if (in->bad || len > in->left)
        return VG_ERR_SHORT;
    return pieces_put(e, crypto, offset, slice_sub(in, (size_t)len));
}

enum vg_err
quic_frames_read(struct net_engine *e, struct slice in, bool google, struct pieces *crypto)
{
    enum vg_err err = VG_OK;

    while (err == VG_OK && in.left > 0) {
        uint64_t type = quic_varint(&in);

        if (google && type == GOOGLE_CRYPTO)
            type = FRAME_CRYPTO;
        else if (google && type == GOOGLE_PING)
            type = FRAME_PING;
        switch (type) {
        case FRAME_PADDING:
        case FRAME_PING:
            break;
        case FRAME_ACK:
        case FRAME_ACK_ECN:
            err = skip_ack(&in, type == FRAME_ACK_ECN);
            break;
        case FRAME_CRYPTO:
            err = take_crypto(e, &in, crypto);
            break;
        case FRAME_CLOSE:
            return VG_OK;
        default:
            return VG_ERR_FORMAT;
        }
    }
    return err;
}
