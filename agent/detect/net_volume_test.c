/* SPDX-License-Identifier: Apache-2.0 */
/* The tests of net.volume: how rare a sum is, and what makes it less so. */
#include "agent/detect/net_volume_private.h"

#include <math.h>

#include "agent/detect/domain.h"
#include "agent/detect/net_common.h"
#include "agent/detect/net_tell.h"

enum {
    FAMILIAR_DAYS = 3,   /* a place that the shop called on so many days */
    FAMILIAR_TIMES = 10, /* there so many times the floor tells by itself */
};
/* A place is usual after three days, of which some may have been forgotten in part. */
#define USUAL_DAYS 2.2
/* The spread of ordinary hours in natural logarithms is hardly ever less than this; that of the days
 * of a backup, of which one in a few weeks is a full one, than e. */
#define SPREAD_MIN       1.0
#define USUAL_SPREAD_MIN 1.0
/* As if so many of any hour had been seen before those of this time of day. */
#define HOUR_PRIOR     1.0
#define LITTLE_BYTES   1e5
#define BESIDE_P       2e-3
#define FAMILIAR_P_MIN 2e-3

/* What is tested. */
struct sum {
    const char *span;
    uint64_t bytes;
    double usual, p;
    int64_t seconds;
};

double
volume_scale(uint64_t bytes)
{
    return log(LITTLE_BYTES + (double)bytes);
}

static double
unscale(double x)
{
    return fmax(exp(x) - LITTLE_BYTES, 0);
}

/* ---- reports ---- */

static json_t *
facts_of(const struct volume *v, const struct flow_view *f, const struct sum *sum,
         uint64_t site_bytes)
{
    json_t *facts = net_tell_flow(v->scene, f, f->server_name);

    (void)json_object_update_missing_new(
        facts, json_pack("{s:s, s:I, s:I, s:I, s:I}", "span", sum->span, "seconds",
                         (json_int_t)sum->seconds, "bytes", (json_int_t)sum->bytes, "usual_bytes",
                         (json_int_t)sum->usual, "site_bytes", (json_int_t)site_bytes));
    return facts;
}

/* Reports the sum; the share at which what it was about may be learned. */
static double
report(struct volume *v, const struct net_addr *who, const struct volume_top *top,
       const struct sum *sum, int64_t now_ns)
{
    struct flow_view f = {.src = *who,
                          .dst = top->addr,
                          .dport = top->port,
                          .proto = top->proto,
                          .server_name = str_of(top->name)};
    struct party subject, peer;
    struct test test = {.detector = "net.volume",
                        .time_ns = now_ns,
                        .subject = &subject,
                        .peer = &peer,
                        .p = sum->p};

    v->tested++;
    net_tell_party(v->scene, &subject, who);
    net_tell_peer(v->scene, &peer, domain_registered(f.server_name), &top->addr);
    if (judge_wants(v->judge, sum->p)) {
        char host[NET_ADDR_TEXT_MAX], server[NET_ADDR_TEXT_MAX];

        test.facts = facts_of(v, &f, sum, top->bytes);
        test.evidence = json_pack(
            "[{s:s, s:s, s:s, s:I}]", "type", "volume", "src", net_addr_format(who, host), "dst",
            net_addr_format(&top->addr, server), "bytes_out", (json_int_t)top->bytes);
    }
    judge_test(v->judge, &test);
    return judge_learn_share(v->judge, test.detector, &subject, &peer, now_ns);
}

static double
upper_p(struct moments_expect e, double spread_min, double x)
{
    e.variance = fmax(e.variance, spread_min * spread_min);
    return fmin(1, fmax(moments_upper_p(&e, x), 1e-300));
}

/* ---- places ---- */

bool
volume_usual(const struct volume *v, const struct volume_place *p, int64_t now_ns)
{
    struct moments days = p->days;
    /* the last day is learned when the place is called again */
    double last = p->day != v->clock.day_number && p->bytes >= volume_bulk_floor(v);

    moments_forget(&days, now_ns, VOLUME_MEMORY_NS);
    return days.weight + last >= USUAL_DAYS;
}

/* One day's bytes to a usual place. */
void
volume_test_usual(struct volume *v, const struct net_addr *who, struct volume_top *here,
                  struct volume_place *p, int64_t now_ns)
{
    struct moments_expect e = moments_plain(&p->days);
    struct sum sum = {.span = "day",
                      .bytes = p->bytes,
                      .usual = unscale(e.mean),
                      .seconds = VG_DAY_NS / VG_SEC_NS,
                      .p = upper_p(e, USUAL_SPREAD_MIN, volume_scale(p->bytes))};

    if (p->bytes < v->day_floor || p->bytes < p->next)
        return;
    p->next = 2 * p->bytes;
    here->bytes = p->bytes;
    (void)report(v, who, here, &sum, now_ns);
}

/* ---- bulk to places that are not usual ---- */

struct volume_bulk *
volume_bulk_of(struct volume_device *d, uint64_t place, int64_t day)
{
    for (size_t i = 0; i < VOLUME_BULKS; i++)
        if (d->bulk[i].bytes > 0 && d->bulk[i].place == place && d->bulk[i].day == day)
            return &d->bulk[i];
    return NULL;
}

/* On how many of its days the device sent at least half as much to such a place. */
static double
bulk_days(const struct volume *v, const struct volume_device *d, int64_t now_ns)
{
    double n = 0;

    for (size_t i = 0; i < VOLUME_BULKS; i++) {
        const struct volume_bulk *b = &d->bulk[i];
        const struct volume_place *p = keytab_find(v->places, b->place);

        if (b->bytes > 0 && 2 * b->bytes >= d->top.bytes && b->day != v->clock.day_number &&
            v->clock.day_number - b->day <= VOLUME_BULK_DAYS &&
            !(p != NULL && volume_usual(v, p, now_ns)))
            n += (double)b->weight;
    }
    return n;
}

/* ---- sums ---- */

/* The shop goes to the place on many days. */
static bool
familiar(const struct volume *v, const struct volume_top *top)
{
    struct net_place_view place;

    return net_scene_place(v->scene, str_of(top->name), &top->addr, &place) &&
           place.days >= FAMILIAR_DAYS;
}

/* Bulk to one place that is new to the shop is what net.exfiltration tells of: then this is a reason
 * beside it, in the same alert. Of places made for bulk it only gives a hint: those count in full, but
 * for sites where anybody leaves files for anybody, which it tells of in any case. */
static bool
told_elsewhere(const struct volume *v, const struct volume_top *top, int64_t now_ns)
{
    struct net_place_view place;

    return top->bytes >= v->hour_floor &&
           (!top->listed || domain_in_list(str_of(top->name), v->drop_sites)) &&
           net_scene_place(v->scene, str_of(top->name), &top->addr, &place) &&
           now_ns - place.first_ns < VG_DAY_NS;
}

static void
test_sum(struct volume *v, const struct net_addr *who, struct volume_device *d, struct sum *sum,
         int64_t now_ns)
{
    double before = bulk_days(v, d, now_ns), share;
    double known = (double)(now_ns - d->first_ns) / (double)VG_DAY_NS;
    struct volume_bulk *b = volume_bulk_of(d, d->top.place, v->clock.day_number);

    if (before > 0)
        sum->p = fmin(1, fmax(sum->p, before / (known + 1)));
    if (familiar(v, &d->top) && sum->bytes < FAMILIAR_TIMES * v->hour_floor)
        sum->p = fmin(1, fmax(10 * sum->p, FAMILIAR_P_MIN));
    else if (2 * d->top.bytes >= sum->bytes && told_elsewhere(v, &d->top, now_ns))
        sum->p = fmin(1, fmax(sum->p, BESIDE_P));
    share = report(v, who, &d->top, sum, now_ns);
    if (b != NULL)
        b->weight = (float)share;
    d->hour_share = fminf(d->hour_share, (float)share);
    d->day_share = fminf(d->day_share, (float)share);
}

size_t
volume_slot_of(struct season_slot s)
{
    bool rest = s.coarse / 24 == SEASON_SATURDAY || s.coarse / 24 == SEASON_SUNDAY;

    return (size_t)(s.coarse % 24 + (rest ? 24 : 0));
}

static void
add(struct moments *to, const struct moments *m)
{
    double weight = to->weight + m->weight, step = m->mean - to->mean;

    if (!(m->weight > 0))
        return;
    to->squares += m->squares + step * step * to->weight * m->weight / weight;
    to->mean += step * m->weight / weight;
    to->weight = weight;
}

/* This hour of this kind of day, with the hours around it: whoever comes early is no news. */
static struct moments_expect
expect_hour(struct volume *v, const struct volume_device *d, int64_t now_ns)
{
    size_t slot = volume_slot_of(season_at(&v->clock, now_ns)), first = slot / 24 * 24;
    struct moments near = {0}, all = d->all;
    struct moments_expect above;

    for (size_t i = 23; i <= 25; i++) {
        struct moments m = d->slots[first + (slot - first + i) % 24];

        moments_forget(&m, now_ns, VOLUME_MEMORY_NS);
        add(&near, &m);
    }
    moments_forget(&all, now_ns, VOLUME_MEMORY_NS);
    above = moments_plain(&all);
    return moments_shrink(&near, &above, HOUR_PRIOR);
}

void
volume_test_sums(struct volume *v, const struct net_addr *who, struct volume_device *d,
                 int64_t now_ns)
{
    struct moments_expect e;

    if (now_ns - d->first_ns < v->learn_ns)
        return;
    if (d->hour >= v->hour_floor && d->hour >= d->hour_next) {
        e = expect_hour(v, d, now_ns);
        test_sum(v, who, d,
                 &(struct sum){.span = "hour",
                               .bytes = d->hour,
                               .usual = unscale(e.mean),
                               .seconds = VG_HOUR_NS / VG_SEC_NS,
                               .p = upper_p(e, SPREAD_MIN, volume_scale(d->hour))},
                 now_ns);
        d->hour_next = 2 * d->hour;
    }
    e = moments_plain(&d->days);
    if (d->day >= v->day_floor && d->day >= d->day_next && e.weight >= 3) {
        test_sum(v, who, d,
                 &(struct sum){.span = "day",
                               .bytes = d->day,
                               .usual = unscale(e.mean),
                               .seconds = VG_DAY_NS / VG_SEC_NS,
                               .p = upper_p(e, SPREAD_MIN, volume_scale(d->day))},
                 now_ns);
        d->day_next = 2 * d->day;
    }
}
