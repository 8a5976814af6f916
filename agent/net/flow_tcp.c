/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/flow_tcp.h"

bool
flow_tcp_begins_anew(const struct flow *f, const struct packet *pkt)
{
    if (pkt->proto != IPPROTO_NUM_TCP || (pkt->flags & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_SYN)
        return false;
    if (pkt->distrusted)
        return false;
    if (f->state != FLOW_NEW && f->state != FLOW_ESTABLISHED)
        return true;
    if (f->reset_doubt) /* it was no forgery */
        return pkt->seq != f->isn;
    return f->state == FLOW_ESTABLISHED && pkt->seq != f->isn &&
           (f->fin[0] || f->fin[1] || pkt->time_ns - f->last_ns > FLOW_UNANSWERED_NS);
}

static int32_t
seq_diff(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

/* What both sides have sent, as far as segments and acknowledgements tell. Segments from nowhere
 * near do not count. */
static void
follow_sequence(struct flow *f, const struct packet *pkt, unsigned dir)
{
    uint32_t end = pkt->seq + pkt->payload_wire + ((pkt->flags & (TCP_SYN | TCP_FIN)) != 0);
    int32_t more = seq_diff(end, f->sent[dir]);
    bool begins = (pkt->flags & TCP_SYN) != 0 && f->state == FLOW_NEW;

    if (f->packets[dir] == 1 || begins || (more > 0 && more <= FLOW_AHEAD_MAX))
        f->sent[dir] = end;
    if (begins && dir == f->client)
        f->isn = pkt->seq;
    if ((pkt->flags & TCP_ACK) == 0)
        return;
    more = seq_diff(pkt->ack, f->sent[1 - dir]);
    if (f->packets[1 - dir] == 0 || (more > 0 && more <= FLOW_AHEAD_MAX))
        f->sent[1 - dir] = pkt->ack;
}

/* RFC 9293, 3.10.7.3: the answer to a SYN must acknowledge it. */
static bool
answers_syn(const struct flow *f, const struct packet *pkt)
{
    return (pkt->flags & TCP_ACK) != 0 && seq_diff(pkt->ack, f->isn) > 0 &&
           seq_diff(pkt->ack, f->sent[f->client]) <= 0;
}

/* RFC 5961, 3.2: what lies outside of the window counts for nothing; exactly where the receiver
 * waits, which is somewhere in what the sender sent last, it is believed; else the receiver asks
 * back, and silence means that it was meant. */
static void
reset(struct net_counters *counters, struct flow *f, const struct packet *pkt, unsigned dir)
{
    int32_t beyond = seq_diff(pkt->seq, f->sent[dir]);
    bool known = f->packets[dir] > 1 || f->sent[dir] != 0;

    if (f->state == FLOW_NEW && dir != f->client) {
        if ((f->first_flags & (TCP_SYN | TCP_ACK)) != TCP_SYN || answers_syn(f, pkt))
            f->state = FLOW_REFUSED;
        else
            counters->tcp_refused++;
    } else if (f->state == FLOW_NEW && f->midstream) {
        f->state = FLOW_RESET;
    } else if (f->state == FLOW_ESTABLISHED) {
        if (!known || (beyond >= -FLOW_UNACKED_MAX && beyond <= 1))
            f->state = FLOW_RESET;
        else if (beyond >= -FLOW_AHEAD_MAX && beyond <= FLOW_AHEAD_MAX)
            f->reset_doubt = true;
        else
            counters->tcp_refused++;
    }
}

/* A FIN comes after all that was sent before it, or again. */
static bool
may_end(const struct flow *f, const struct packet *pkt, unsigned dir)
{
    int32_t more = seq_diff(pkt->seq + pkt->payload_wire + 1, f->sent[dir]);

    return f->packets[dir] == 1 || (more >= 0 && more <= FLOW_AHEAD_MAX);
}

void
flow_tcp_advance(struct net_counters *counters, struct flow *f, const struct packet *pkt,
                 unsigned dir)
{
    bool from_client = dir == f->client;

    if (pkt->flags & TCP_RST) {
        reset(counters, f, pkt, dir);
        return;
    }
    f->reset_doubt = false; /* the connection lives */
    if ((pkt->flags & TCP_FIN) != 0 && !may_end(f, pkt, dir)) {
        counters->tcp_refused++;
        return;
    }
    follow_sequence(f, pkt, dir);
    if (f->state == FLOW_NEW && (!from_client || f->midstream) && f->packets[0] > 0 &&
        f->packets[1] > 0)
        f->state = FLOW_ESTABLISHED;
    if (pkt->flags & TCP_FIN)
        f->fin[dir] = true;
    if (f->fin[0] && f->fin[1] && f->state == FLOW_ESTABLISHED)
        f->state = FLOW_CLOSED;
}
