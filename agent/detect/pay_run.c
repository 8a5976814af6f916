/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/pay_run.h"

#include <math.h>

#include "agent/detect/codec.h"
#include "common/vtime.h"

/* How many are in a run at any time, and how long runs last, before anything is known. */
#define STATE_PRIOR 3e-4
#define LAST_DAYS   30.0
/* The share of a run's payments that are fraud and called so, as if IN_RUN_PRIOR had been seen. */
#define CALLED_PRIOR 0.8
#define IN_RUN_PRIOR 20.0
/* Observations that each cell of the table starts from. */
#define CELL_PRIOR 6.0
/* A run begins with the first fraud of one that was not thought to be in a run. */
#define STATE_BEGIN 0.02
/* States are kept away from certainty, which no later label could mend. */
#define STATE_LOW  (STATE_PRIOR / 3)
#define STATE_HIGH 0.9995
/* Something else never explains a fraud with less than this. */
#define OTHER_LEAST 1e-5

/* The table's axes: a state in logits of 2 from -8 on; ages by eighths of a doubling of 1 + days. */
#define LOGIT_LOW  8.0
#define LOGIT_STEP 2.0
#define AGE_STEPS  8.0
#define STATE_FINE 32.0
#define AGE_FINE   4.0

struct pay_run_place
pay_run_place(const struct pay_run *r, int64_t now_ns)
{
    double p = (double)r->state, state, age = 0;

    if (r->at_ns == 0)
        return (struct pay_run_place){0, 0};
    state = (log(p / (1 - p)) + LOGIT_LOW) / LOGIT_STEP;

    if (r->start_ns != 0 && now_ns > r->start_ns)
        age = log2(1 + (double)(now_ns - r->start_ns) / (double)VG_DAY_NS) * AGE_STEPS;
    state = fmin(fmax(state, 0), PAY_RUN_STATES - 1);
    age = fmin(age, PAY_RUN_AGES - 1);
    return (struct pay_run_place){(uint8_t)(state * STATE_FINE), (uint8_t)(age * AGE_FINE)};
}

/* The four cells around a place and their shares. */
struct corners {
    unsigned state, age;
    double share[2][2];
};

static struct corners
corners_of(struct pay_run_place at)
{
    double state = fmin(at.state / STATE_FINE, PAY_RUN_STATES - 1);
    double age = fmin(at.age / AGE_FINE, PAY_RUN_AGES - 1), s, a;
    struct corners c;

    c.state = state >= PAY_RUN_STATES - 1 ? PAY_RUN_STATES - 2 : (unsigned)state;
    c.age = age >= PAY_RUN_AGES - 1 ? PAY_RUN_AGES - 2 : (unsigned)age;
    s = state - c.state;
    a = age - c.age;
    c.share[0][0] = (1 - s) * (1 - a);
    c.share[0][1] = (1 - s) * a;
    c.share[1][0] = s * (1 - a);
    c.share[1][1] = s * a;
    return c;
}

static double
called(const struct pay_runs *all)
{
    return (all->called_fraud + CALLED_PRIOR * IN_RUN_PRIOR) / (all->in_run + IN_RUN_PRIOR);
}

/* Being in a run, in a cell that nothing is known of: the state's probability, falling with age. */
void
pay_runs_init(struct pay_runs *all)
{
    *all = (struct pay_runs){.in_run = 0};
    for (unsigned state = 0; state < PAY_RUN_STATES; state++)
        for (unsigned age = 0; age < PAY_RUN_AGES; age++) {
            double logit = state * LOGIT_STEP - LOGIT_LOW, days = exp2(age / AGE_STEPS) - 1;

            all->prior[state][age] = exp(-days / LAST_DAYS) / (1 + exp(-logit));
        }
}

static double
prior_odds(const struct pay_runs *all, unsigned state, unsigned age, double share)
{
    double p = share * all->prior[state][age];

    return p / (1 - p);
}

double
pay_runs_p(const struct pay_runs *all, struct pay_run_place at)
{
    struct corners c = corners_of(at);
    double frauds = 0, others = 0, share = called(all), odds;

    for (unsigned i = 0; i < 2; i++)
        for (unsigned j = 0; j < 2; j++) {
            unsigned s = c.state + i, a = c.age + j;

            if (!(c.share[i][j] > 0))
                continue;
            frauds +=
                c.share[i][j] * (all->frauds[s][a] + CELL_PRIOR * prior_odds(all, s, a, share));
            others += c.share[i][j] * (all->others[s][a] + CELL_PRIOR);
        }
    odds = frauds / others;
    return odds / (1 + odds);
}

static void
add(double table[PAY_RUN_STATES][PAY_RUN_AGES], struct pay_run_place at, double w)
{
    struct corners c = corners_of(at);

    for (unsigned i = 0; i < 2; i++)
        for (unsigned j = 0; j < 2; j++) {
            double *cell = &table[c.state + i][c.age + j];

            *cell = fmax(*cell + c.share[i][j] * w, 0);
        }
}

void
pay_runs_add_fraud(struct pay_runs *all, struct pay_run_place at, double w)
{
    add(all->frauds, at, w);
}

void
pay_runs_add_other(struct pay_runs *all, struct pay_run_place at, double w)
{
    add(all->others, at, w);
}

void
pay_run_handle(struct pay_run *r)
{
    r->handled += 1;
}

/* Of the payments since the last label, those that came before this one; they are used up. */
static double
handled_before(struct pay_run *r, const struct pay_run_label *l)
{
    double from = (double)(r->at_ns != 0 ? r->at_ns : l->since_ns);
    double all = (double)l->now_ns - from, part = (double)l->time_ns - from, n;

    n = (double)r->handled * (all > 0 ? fmin(fmax(part / all, 0), 1) : 0);
    r->handled = (float)((double)r->handled - n);
    return n > 1 ? n - 1 : 0; /* without the labelled one */
}

static double
bayes(double p, double ratio)
{
    return p * ratio / (p * ratio + 1 - p);
}

void
pay_run_label(struct pay_run *r, struct pay_runs *all, const struct pay_run_label *l)
{
    double share = called(all), state = STATE_PRIOR, in_run = 1 - (1 - share) * (1 - l->other);
    double dt = (double)(l->time_ns - r->at_ns) / (double)VG_DAY_NS;
    bool began;

    if (r->at_ns != 0) /* between labels it relaxes */
        state += ((double)r->state - STATE_PRIOR) * (dt > 0 ? exp(-dt / LAST_DAYS) : 1);
    /* What was handled in silence speaks against a run, but one may have begun since. */
    state = fmax(bayes(state, pow(1 - share, handled_before(r, l) * l->silence)),
                 fmin(state, STATE_PRIOR));
    began = l->fraud && state < STATE_BEGIN;
    state = bayes(state, l->fraud ? in_run / fmax(l->other, OTHER_LEAST) : 1 - share);
    state = fmin(fmax(state, STATE_LOW), STATE_HIGH);
    if (l->fraud)
        all->called_fraud += state * share / in_run;
    all->in_run += state;
    if (began)
        r->start_ns = l->time_ns;
    if (l->time_ns > r->at_ns)
        r->at_ns = l->time_ns;
    r->state = (float)state;
}

void
pay_runs_forget(struct pay_runs *all, double keep)
{
    for (unsigned i = 0; i < PAY_RUN_STATES; i++)
        for (unsigned j = 0; j < PAY_RUN_AGES; j++) {
            all->frauds[i][j] *= keep;
            all->others[i][j] *= keep;
        }
    all->called_fraud *= keep;
    all->in_run *= keep;
}

void
pay_runs_put(const struct pay_runs *all, struct buf *out)
{
    for (unsigned i = 0; i < PAY_RUN_STATES; i++)
        for (unsigned j = 0; j < PAY_RUN_AGES; j++) {
            codec_put_f64(out, all->frauds[i][j]);
            codec_put_f64(out, all->others[i][j]);
        }
    codec_put_f64(out, all->called_fraud);
    codec_put_f64(out, all->in_run);
}

void
pay_runs_get(struct pay_runs *all, struct slice *in)
{
    bool negative = false;

    for (unsigned i = 0; i < PAY_RUN_STATES; i++)
        for (unsigned j = 0; j < PAY_RUN_AGES; j++) {
            all->frauds[i][j] = codec_f64(in);
            all->others[i][j] = codec_f64(in);
            negative |= all->frauds[i][j] < 0 || all->others[i][j] < 0;
        }
    all->called_fraud = codec_f64(in);
    all->in_run = codec_f64(in);
    if (negative || all->called_fraud < 0 || all->in_run < all->called_fraud)
        in->bad = true;
}

void
pay_run_put(const void *run, struct buf *out)
{
    const struct pay_run *r = run;

    codec_put_i64(out, r->at_ns);
    codec_put_i64(out, r->start_ns);
    codec_put_f32(out, r->state);
    codec_put_f32(out, r->handled);
}

void
pay_run_get(void *run, struct slice *in)
{
    struct pay_run *r = run;

    r->at_ns = codec_time(in);
    r->start_ns = codec_time(in);
    r->state = codec_f32(in);
    r->handled = codec_f32(in);
    if (r->handled < 0 || (r->at_ns != 0 && !(r->state > 0 && r->state < 1)))
        in->bad = true;
}
