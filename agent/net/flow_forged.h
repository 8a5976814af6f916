/* SPDX-License-Identifier: Apache-2.0 */
/* flow_forged: RSTs that came from another machine than the one in whose name they were sent.
 *
 * Whoever hangs up a connection of others sends an RST from elsewhere: with another hop limit, or from
 * another station. It shows when the one in whose name it came goes on as if nothing had been, and is
 * still answered. A firewall that ends a connection on the way lets nothing more pass, and what was
 * under way is answered by an RST. One that is believed at once, and ends the connection, is not told
 * from an ordinary end. */
#pragma once

#include "agent/net/flow.h"

void flow_forged_look(struct flow *f, const struct packet *pkt, unsigned dir);

/* Each TCP packet that counts, after it was counted. */
static inline void
flow_forged_follow(struct flow *f, const struct packet *pkt, unsigned dir)
{
    if (f->forging == 0 && (pkt->flags & TCP_RST) == 0)
        f->hops[dir] = pkt->hop_limit;
    else
        flow_forged_look(f, pkt, dir);
}
