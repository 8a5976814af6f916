/* SPDX-License-Identifier: Apache-2.0 */
/* TCP payload of one connection through detection and parsers: each piece has a byte of control
 * (bit 0: from the server; bit 1: a hole before it; bit 2: said again), a byte of length. */
#include <string.h>

#include "net_fuzz.h"

struct tcp {
    uint32_t seq[2];
};

static void
put_be(uint8_t *to, uint32_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        to[i] = (uint8_t)(v >> 8 * (bytes - 1 - i));
}

static void
segment(struct net_engine *e, struct tcp *tcp, unsigned side, uint8_t flags, struct slice bytes,
        int64_t t)
{
    uint8_t packet[40 + 256] = {0x45};
    size_t len = bytes.left;

    put_be(packet + 2, (uint32_t)(40 + len), 2);
    packet[8] = 64;
    packet[9] = 6;
    packet[12] = packet[16] = 10;
    packet[15] = side == 0 ? 1 : 2;
    packet[19] = side == 0 ? 2 : 1;
    put_be(packet + 20, side == 0 ? 40000 : 53, 2);
    put_be(packet + 22, side == 0 ? 53 : 40000, 2);
    put_be(packet + 24, tcp->seq[side], 4);
    put_be(packet + 28, tcp->seq[1 - side], 4);
    packet[32] = 0x50;
    packet[33] = flags;
    (void)slice_copy(&bytes, packet + 40, len);
    fuzz_frame(e, 12, t, slice_of(packet, 40 + len));
    tcp->seq[side] += (uint32_t)len + ((flags & 3) != 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = slice_of(data, size), none = slice_of(NULL, 0);
    struct fuzz_run run = {0};
    struct net_engine *e = fuzz_engine(&run);
    struct tcp tcp = {{100, 200}};
    int64_t t = 1;

    segment(e, &tcp, 0, TCP_SYN, none, t++);
    segment(e, &tcp, 1, TCP_SYN | TCP_ACK, none, t++);
    while (in.left > 2) {
        uint8_t control = slice_u8(&in);
        size_t len = slice_u8(&in);
        struct slice bytes;

        bytes = slice_sub(&in, len < in.left ? len : in.left);
        if (control & 2)
            tcp.seq[control & 1] += 7;
        segment(e, &tcp, control & 1, TCP_ACK, bytes, t++);
        if (control & 4) {
            tcp.seq[control & 1] -= (uint32_t)bytes.left;
            segment(e, &tcp, control & 1, TCP_ACK, bytes, t++);
        }
    }
    segment(e, &tcp, 0, TCP_FIN | TCP_ACK, none, t++);
    segment(e, &tcp, 1, TCP_FIN | TCP_ACK, none, t++);
    fuzz_done(&run, e);
    return 0;
}
