/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/loss.h"

#include <stddef.h>
#include <string.h>

#include "common/vtime.h"

/* What counts as loss, and from how many within one look on: a hole or a stray fragment now and
 * then is how networks are, a packet that the kernel dropped or a table that is full is not. */
static const struct row {
    const char *name;
    size_t at;
    uint64_t least;
} ROWS[] = {
#define ROW(counter, least)                                                                        \
    {                                                                                              \
#counter, offsetof(struct net_counters, counter), least                                    \
    }
    ROW(kernel_drops, 1),    ROW(flows_evicted, 1), ROW(parser_refused, 1),
    ROW(inflate_limit, 1),   ROW(dns_refused, 64),  ROW(fragments_dropped, 64),
    ROW(stream_refused, 64), ROW(stream_gaps, 64),  ROW(transfers_refused, 1),
#undef ROW
};
enum { CALM = 4 }; /* an episode goes on while a quarter of what began it comes */

static uint64_t
counter(const struct net_counters *c, const struct row *row)
{
    uint64_t value;

    memcpy(&value, (const char *)c + row->at, sizeof(value));
    return value;
}

/* Whether any counter rose by its row's least, divided. */
static bool
rose(const struct net_counters *from, const struct net_counters *to, uint64_t divisor)
{
    for (size_t i = 0; i < VG_ARRAY_LEN(ROWS); i++) {
        uint64_t least = ROWS[i].least / divisor;

        if (counter(to, &ROWS[i]) - counter(from, &ROWS[i]) >= (least > 0 ? least : 1))
            return true;
    }
    return false;
}

void
net_loss_begin(struct net_loss *loss, const struct net_counters *now)
{
    *loss = (struct net_loss){.looked = *now};
}

static void
tell(struct net_loss *loss, const struct net_counters *now, bool ongoing,
     struct net_loss_episode *out)
{
#define RISE(name) out->rose.name = now->name - loss->began.name;
    NET_COUNTERS(RISE)
#undef RISE
    out->began_ns = loss->began_ns;
    out->ended_ns = loss->lost_ns;
    out->ongoing = ongoing;
}

void
net_loss_clock_back(struct net_loss *loss, int64_t back_ns)
{
    loss->looked_ns -= back_ns;
    loss->next_ns -= back_ns;
    loss->began_ns -= back_ns;
    loss->lost_ns -= back_ns;
}

bool
net_loss_look(struct net_loss *loss, const struct net_counters *now, int64_t now_ns,
              struct net_loss_episode *out)
{
    bool told = false;

    if (!loss->open && rose(&loss->looked, now, 1)) {
        loss->open = true;
        loss->began = loss->looked;
        loss->began_ns = loss->looked_ns > 0 ? loss->looked_ns : now_ns;
        loss->lost_ns = now_ns;
        loss->patience_ns = NET_LOSS_PATIENCE_NS;
    } else if (loss->open && rose(&loss->looked, now, CALM)) {
        loss->lost_ns = now_ns;
    }
    if (loss->open && now_ns - loss->lost_ns >= NET_LOSS_QUIET_NS) {
        tell(loss, now, false, out);
        loss->open = false;
        told = true;
    } else if (loss->open && now_ns - loss->began_ns >= loss->patience_ns) {
        tell(loss, now, true, out);
        loss->began = *now;
        loss->began_ns = now_ns;
        loss->patience_ns *= 2;
        told = true;
    }
    loss->looked = *now;
    loss->looked_ns = now_ns;
    loss->next_ns = now_ns + NET_LOSS_LOOK_NS;
    return told;
}

bool
net_loss_end(struct net_loss *loss, const struct net_counters *now, struct net_loss_episode *out)
{
    bool told = net_loss_look(loss, now, loss->looked_ns, out);

    if (loss->open) {
        tell(loss, now, false, out);
        told = true;
    }
    net_loss_begin(loss, now);
    return told;
}

json_t *
net_loss_event(const struct net_loss_episode *episode)
{
    char time[VTIME_TEXT_MAX], began[VTIME_TEXT_MAX];
    int64_t seconds = (episode->ended_ns - episode->began_ns) / VG_SEC_NS;
    json_t *facts =
        json_pack("{s:s, s:I, s:b, s:I}", "began", vtime_format(episode->began_ns, began),
                  "seconds", (json_int_t)seconds, "ongoing", (int)episode->ongoing, "packets",
                  (json_int_t)episode->rose.packets);

    if (facts == NULL)
        return NULL;
    for (size_t i = 0; i < VG_ARRAY_LEN(ROWS); i++) {
        uint64_t value = counter(&episode->rose, &ROWS[i]);

        if (value > 0)
            (void)json_object_set_new(facts, ROWS[i].name, json_integer((json_int_t)value));
    }
    return json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:i, s:{s:s, s:s, s:s}, s:o}", "v", 1, "time",
                     vtime_format(episode->ended_ns, time), "class", "health", "sensor", "net",
                     "detector", "net.loss", "severity", severity_name(SEVERITY_LOW), "score", 0,
                     "subject", "kind", "agent", "id", "net", "label", "net", "facts", facts);
}
