/* SPDX-License-Identifier: Apache-2.0 */
/* sensor: from records of logs to observations for the detectors: counts each transaction once, holds
 * back what cannot be (more than a day ahead of the keeper's clock), tells of card numbers.
 *
 * A few records wait in a queue (queue.h) while what the detectors know of them is fetched: whoever
 * looks at what came of the records (a commit, the end of a log), or gives the panel something
 * else, lets them go on first (pay_sensor_settle). */
#pragma once

#include "agent/detect/detector.h"
#include "agent/pay/logfile.h"
#include "agent/pay/queue.h"
#include "agent/pay/seen.h"

struct pay_sensor {
    struct panel *panel;     /* borrowed; NULL: transactions only */
    struct seen *seen;       /* owned */
    struct pay_queue *queue; /* owned */
    int64_t latest_ns;       /* event time of the last transaction */
    int64_t clock_ns;        /* the keeper's; 0: a back-test, any time is fine */
    uint64_t transactions, duplicates, future, cards, cards_untimed;
    /* Called for each transaction that counts; before_ns is called before it is observed. May be
     * NULL. `score` is what the judge says, 0 without a panel. */
    void (*before)(void *ctx, int64_t time_ns);
    void (*scored)(void *ctx, const struct txn_view *t, double score);
    void *ctx;
};

/* `tokens` gives the key of the set of what was seen. */
enum vg_err pay_sensor_init(struct pay_sensor *s, struct panel *panel,
                            struct tokens *tokens) VG_MUST_CHECK;
void pay_sensor_done(struct pay_sensor *s);

/* The pay sensor's share of the site's budget (half) and what its thresholds aim at (DESIGN, Budget). */
struct judge_settings pay_sensor_judge(double budget_per_week);

/* What the last logfile_next() gave. `recent` belongs to that file. VG_ERR_NOMEM. */
enum vg_err pay_sensor_take(struct pay_sensor *s, const struct logfile *f,
                            struct seen_recent *recent) VG_MUST_CHECK;

/* Observes what still waits. VG_ERR_NOMEM. */
enum vg_err pay_sensor_settle(struct pay_sensor *s) VG_MUST_CHECK;

/* Nothing waits. A file was read to its end for the first time: of a known format, or of none. */
void pay_sensor_told(struct pay_sensor *s, const char *source, bool known);
/* Nothing waits. A file that took the place of another stands still at its end: what is missing in it is told, once. */
void pay_sensor_replaced(struct pay_sensor *s, const char *source, struct seen_recent *recent);
