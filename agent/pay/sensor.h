/* SPDX-License-Identifier: Apache-2.0 */
/* sensor: from records of logs to observations for the detectors: counts each transaction once, holds
 * back what cannot be (more than a day ahead of the keeper's clock), tells of card numbers. */
#pragma once

#include "agent/detect/detector.h"
#include "agent/pay/logfile.h"
#include "agent/pay/seen.h"

struct sensor {
    struct panel *panel; /* borrowed; NULL: transactions only */
    struct seen *seen;   /* owned */
    int64_t latest_ns;   /* event time of the last transaction */
    int64_t clock_ns;    /* the keeper's; 0: a back-test, any time is fine */
    uint64_t transactions, duplicates, future, cards, cards_untimed;
    /* Called for each transaction that counts; before_ns is called before it is observed. May be
     * NULL. `score` is what the judge says, 0 without a panel. */
    void (*before)(void *ctx, int64_t time_ns);
    void (*scored)(void *ctx, const struct txn_view *t, double score);
    void *ctx;
};

/* `tokens` gives the key of the set of what was seen. */
enum vg_err sensor_init(struct sensor *s, struct panel *panel, struct tokens *tokens) VG_MUST_CHECK;
void sensor_done(struct sensor *s);

/* What the last logfile_next() gave. `recent` belongs to that file. VG_ERR_NOMEM. */
enum vg_err sensor_take(struct sensor *s, const struct logfile *f,
                        struct seen_recent *recent) VG_MUST_CHECK;
