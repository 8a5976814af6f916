/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/raw_sealed.h"

enum { FIRST = 6, RUN_MAX = 20 };
/* Set bits of each byte, in tenths: nearly all texts have fewer, or more. */
enum { BITS_LEAST = 34, BITS_MOST = 46 };
/* Of 64 bytes drawn by lot 57 are different, of 86 73: a fifth less is no chance. */
enum { DIFFERENT_TENTHS = 7 };

struct look {
    unsigned bits, printable, run, longest, different, first;
};

static struct look
look_at(struct slice head)
{
    uint64_t seen[4] = {0};
    struct look l = {0};

    for (unsigned i = 0; head.left > 0; i++) {
        uint8_t c = slice_u8(&head);
        bool printable = c >= ' ' && c < 0x7f, fresh = (seen[c / 64] >> c % 64 & 1) == 0;

        l.bits += (unsigned)__builtin_popcount(c);
        l.printable += printable;
        l.first += printable && i < FIRST;
        l.run = printable ? l.run + 1 : 0;
        if (l.run > l.longest)
            l.longest = l.run;
        l.different += fresh;
        seen[c / 64] |= UINT64_C(1) << c % 64;
    }
    return l;
}

bool
raw_sealed(struct slice head)
{
    unsigned n = (unsigned)head.left;
    struct look l;

    if (n < RAW_SEALED_MIN)
        return false;
    l = look_at(head);
    return 10 * l.bits > BITS_LEAST * n && 10 * l.bits < BITS_MOST * n && l.first < FIRST &&
           2 * l.printable < n && l.longest <= RUN_MAX && 10 * l.different >= DIFFERENT_TENTHS * n;
}
