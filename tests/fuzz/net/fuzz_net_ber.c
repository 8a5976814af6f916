/* SPDX-License-Identifier: Apache-2.0 */
/* ber: any bytes, walked as far as they nest. */
#include "agent/net/ber.h"
#include "net_fuzz.h"

static void
walk(struct slice in, unsigned depth)
{
    struct ber b;

    while (ber_next_cut(&in, &b) == VG_OK) {
        struct slice strict = b.value;
        struct ber inner;
        int64_t n;

        FUZZ_HOLDS(b.value.left <= b.len);
        (void)ber_int(b.value, &n);
        if (ber_next(&strict, &inner) == VG_OK)
            FUZZ_HOLDS(inner.value.left == inner.len);
        if (depth < 8)
            walk(b.value, depth + 1);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = slice_of(data, size), whole = in;
    struct buf out;

    walk(in, 0);
    buf_init(&out, 4096);
    (void)ber_put_oid(whole, &out);
    buf_done(&out);
    return 0;
}
