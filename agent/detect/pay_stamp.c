/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/pay_stamp.h"

#include "agent/detect/codec.h"

struct stamp {
    int64_t at_ns;
};

static void
stamp_put(const void *cell, struct buf *out)
{
    codec_put_i64(out, ((const struct stamp *)cell)->at_ns);
}

static void
stamp_get(void *cell, struct slice *in)
{
    ((struct stamp *)cell)->at_ns = codec_time(in);
}

enum vg_err
pay_stamps_new(char name, uint16_t version, size_t cells_max, struct keytab **out)
{
    const struct keytab_options options = {.cell_bytes = sizeof(struct stamp),
                                           .cells_max = cells_max,
                                           .row_bits = 5,
                                           .name = name,
                                           .version = version,
                                           .put = stamp_put,
                                           .get = stamp_get};

    return keytab_new(&options, out);
}

bool
pay_stamp(struct keytab *stamps, uint64_t key, int64_t now_ns, int64_t window_ns)
{
    bool fresh = true, before;
    struct stamp *s = key != 0 ? keytab_touch(stamps, key, &fresh) : NULL;

    if (s == NULL)
        return false;
    before = !fresh && now_ns - s->at_ns < window_ns;
    s->at_ns = now_ns;
    return before;
}
