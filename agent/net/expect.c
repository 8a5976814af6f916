/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/expect.h"

#include <stdlib.h>

#include "agent/net/proto/words.h"

void
expect_init(struct expect *x)
{
    *x = (struct expect){0};
}

void
expect_done(struct expect *x)
{
    free(x->places);
    expect_init(x);
}

void
expect_reset(struct expect *x)
{
    if (x->places != NULL)
        memset(x->places, 0, EXPECT_MAX * sizeof(x->places[0]));
    x->waiting = 0;
}

static bool
is_place(const struct expectation *p, const struct flow_key *key, unsigned dir, uint16_t port)
{
    return p->id != 0 && p->port == port && p->family == key->family &&
           memcmp(p->addr, key->addr[dir], sizeof(p->addr)) == 0;
}

/* The place of this end if it is announced again, else a free one or the oldest. */
static struct expectation *
place_for(struct expect *x, int64_t now_ns, const struct flow_key *key, unsigned dir, uint16_t port)
{
    struct expectation *best = &x->places[0];

    for (unsigned i = 0; i < EXPECT_MAX; i++) {
        struct expectation *p = &x->places[i];

        if (p->id != 0 && p->until_ns < now_ns) {
            p->id = 0;
            x->waiting--;
        }
        if (is_place(p, key, dir, port))
            return p;
        if (p->id < best->id)
            best = p;
    }
    return best;
}

uint64_t
expect_add(struct expect *x, int64_t now_ns, const struct flow *flow, unsigned dir, uint16_t port,
           bool serves, const struct protocol *protocol)
{
    struct expectation *p;

    if (x->places == NULL)
        x->places = calloc(EXPECT_MAX, sizeof(x->places[0]));
    if (x->places == NULL)
        return 0;
    p = place_for(x, now_ns, &flow->key, dir, port);
    if (p->id == 0)
        x->waiting++;
    *p = (struct expectation){.id = ++x->made,
                              .port = port,
                              .family = flow->key.family,
                              .serves = serves,
                              .until_ns = now_ns + EXPECT_NS,
                              .protocol = protocol};
    memcpy(p->addr, flow->key.addr[dir], sizeof(p->addr));
    return p->id;
}

void
expect_name(struct expect *x, uint64_t id, struct str name, bool up)
{
    for (unsigned i = 0; x->places != NULL && id != 0 && i < EXPECT_MAX; i++)
        if (x->places[i].id == id) {
            x->places[i].file = true;
            x->places[i].up = up;
            (void)words_keep(x->places[i].name, sizeof(x->places[i].name), name);
            return;
        }
}

bool
expect_take(struct expect *x, int64_t now_ns, const struct flow *flow)
{
    if (x->waiting == 0)
        return false;
    for (unsigned i = 0; i < EXPECT_MAX; i++)
        for (unsigned dir = 0; dir < 2; dir++) {
            struct expectation *p = &x->places[i];

            if (!is_place(p, &flow->key, dir, flow->key.port[dir]) || p->until_ns < now_ns)
                continue;
            x->came = *p;
            x->came.end = dir;
            p->id = 0;
            x->waiting--;
            return true;
        }
    return false;
}
