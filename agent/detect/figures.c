/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/figures.h"

#include <string.h>

#include "common/json.h"
#include "common/vtime.h"

static struct figures_cell *
cell_of(struct figures *f, int64_t hour, const char *unit)
{
    struct figures_cell *oldest = &f->cell[0];

    for (size_t i = 0; i < FIGURES_CELLS; i++) {
        struct figures_cell *c = &f->cell[i];

        if (c->hour == hour && strcmp(c->unit, unit) == 0)
            return c;
        if (c->stamp < oldest->stamp)
            oldest = c;
    }
    *oldest = (struct figures_cell){.hour = hour};
    (void)vg_strcpy(oldest->unit, sizeof oldest->unit, unit);
    return oldest;
}

static void
add(struct figures *f, int64_t time_ns, const char *unit, uint64_t a, uint64_t b)
{
    struct figures_cell *c;

    if (time_ns <= 0)
        return;
    c = cell_of(f, time_ns / VG_HOUR_NS, unit);
    c->a += a;
    c->b += b;
    c->stamp = ++f->stamp;
}

/* A long flow is counted as it goes on; one whose place is taken by another is counted at its end. */
static void
on_flow(struct figures *f, const struct flow_view *v, bool end, int64_t now_ns)
{
    bool out = net_addr_is_local(&v->src) && !net_addr_is_local(&v->dst);
    bool in = !net_addr_is_local(&v->src) && net_addr_is_local(&v->dst);
    uint64_t sent = out ? v->bytes_out : v->bytes_in, got = out ? v->bytes_in : v->bytes_out;
    struct figures_flow *known = &f->flow[v->id % FIGURES_FLOWS];

    if ((!out && !in) || net_addr_is_group(&v->dst))
        return;
    if (known->id == v->id) {
        uint64_t sent_now = sent > known->out ? sent - known->out : 0;
        uint64_t got_now = got > known->in ? got - known->in : 0;

        add(f, now_ns, "", got_now, sent_now);
        known->in = got;
        known->out = sent;
        if (end)
            known->id = 0;
    } else if (end) {
        add(f, now_ns, "", got, sent);
    } else if (known->id == 0) {
        add(f, now_ns, "", got, sent);
        *known = (struct figures_flow){.id = v->id, .in = got, .out = sent};
    }
}

static void
on_txn(struct figures *f, const struct txn_view *t)
{
    if (t->kind == TXN_SALE && t->outcome == TXN_APPROVED && t->currency[0] != '\0')
        add(f, t->time_ns, t->currency, 1,
            t->has_amount && t->amount > 0 ? (uint64_t)t->amount : 0);
}

void
figures_observe(struct figures *f, const struct obs *obs)
{
    if (obs->kind == OBS_TXN)
        on_txn(f, obs->txn);
    else if (obs->kind == OBS_FLOW_UPDATE || obs->kind == OBS_FLOW_END)
        on_flow(f, obs->flow, obs->kind == OBS_FLOW_END, obs->time_ns);
}

/* How many cells changed after this one. */
static size_t
rank(const struct figures *f, const struct figures_cell *c)
{
    size_t n = 0;

    for (size_t i = 0; i < FIGURES_CELLS; i++)
        n += f->cell[i].stamp > c->stamp;
    return n;
}

void
figures_health(const struct figures *f, json_t *health)
{
    json_t *list = json_array();

    for (size_t i = 0; i < FIGURES_CELLS; i++) {
        const struct figures_cell *c = &f->cell[i];

        if (c->hour != 0 && rank(f, c) < FIGURES_TOLD)
            (void)json_array_append_new(list, json_pack("[I s I I]", (json_int_t)c->hour, c->unit,
                                                        (json_int_t)c->a, (json_int_t)c->b));
    }
    (void)json_object_set_new(health, "figures", list);
}
