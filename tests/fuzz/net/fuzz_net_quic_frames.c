/* SPDX-License-Identifier: Apache-2.0 */
/* The frames of Initial packets, opened: a byte of control (bit 0: as Google numbered them; the
 * rest: length / 8), then the payload of a packet, and again. */
#include "agent/net/proto/quic_packet.h"
#include "agent/net/proto/tls_hello.h"
#include "net_fuzz.h"

static void
read_hello(struct slice in)
{
    struct tls_hello hello;

    slice_skip(&in, 4);
    if (!in.bad && tls_hello_read(in, &hello) == VG_OK)
        FUZZ_HOLDS(hello.sni.len <= in.left);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_run run = {0};
    struct net_engine *e = fuzz_engine(&run);
    struct slice in = slice_of(data, size);
    struct pieces crypto;

    pieces_init(&crypto);
    while (in.left > 1) {
        uint8_t control = slice_u8(&in), *copy;
        size_t len = (size_t)(control >> 1) * 8 + 1, before = pieces_start(&crypto).left;
        struct slice part = slice_sub(&in, len < in.left ? len : in.left);

        len = part.left;
        copy = malloc(len > 0 ? len : 1);
        FUZZ_HOLDS(copy != NULL);
        (void)slice_copy(&part, copy, len);
        if (quic_frames_read(e, slice_of(copy, len), control & 1, &crypto) == VG_ERR_NOMEM)
            FUZZ_HOLDS(false);
        free(copy);
        FUZZ_HOLDS(pieces_start(&crypto).left >= before);
        FUZZ_HOLDS(crypto.bytes.len <= PIECES_BYTES_MAX && crypto.count <= PIECES_RANGES_MAX);
        for (unsigned i = 0; i < crypto.count; i++) {
            FUZZ_HOLDS(crypto.range[i].from < crypto.range[i].to);
            FUZZ_HOLDS(crypto.range[i].to <= crypto.bytes.len);
            FUZZ_HOLDS(i == 0 || crypto.range[i - 1].to < crypto.range[i].from);
        }
    }
    read_hello(pieces_start(&crypto));
    pieces_done(e, &crypto);
    fuzz_done(&run, e);
    return 0;
}
