/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/flow_forged.h"

#include <string.h>

enum {
    HOPS_DIFFER = 3, /* fewer: two ways to the same machine */
    /* flow.forging */
    FORGING_DIR = 1,     /* direction index of the RST */
    FORGING_RST = 2,     /* it came from elsewhere */
    FORGING_WENT_ON = 4, /* and its sender went on */
};

static bool
from_elsewhere(const struct flow *f, const struct packet *pkt, unsigned dir)
{
    int more = (int)pkt->hop_limit - (int)f->hops[dir];

    return more >= HOPS_DIFFER || more <= -HOPS_DIFFER ||
           (f->has_mac && pkt->has_mac && memcmp(f->mac[dir], pkt->src_mac, 6) != 0);
}

void
flow_forged_look(struct flow *f, const struct packet *pkt, unsigned dir)
{
    bool named = (f->forging & FORGING_DIR) == dir;

    if ((pkt->flags & TCP_RST) != 0) {
        bool known = f->packets[0] > 1 && f->packets[1] > 1 && f->hops[dir] != 0;

        f->forging = known && from_elsewhere(f, pkt, dir) ? (uint8_t)(FORGING_RST | dir) : 0;
    } else if (named && from_elsewhere(f, pkt, dir)) {
        f->forging = 0; /* it goes another way now */
        f->hops[dir] = pkt->hop_limit;
    } else if (named && pkt->payload_wire > 0) {
        f->forging |= FORGING_WENT_ON;
    } else if (!named && (f->forging & FORGING_WENT_ON) != 0) {
        f->forging = 0;
        if (f->forged < UINT8_MAX)
            f->forged++;
    }
}
