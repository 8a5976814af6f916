/* SPDX-License-Identifier: Apache-2.0 */
/* pay_health: what the pay sensor says of itself: its counters, and what it took each dropped file
 * for, so that nobody has to guess whether an export was understood. */
#pragma once

#include "agent/pay/sensor.h"
#include "agent/pay/tail.h"
#include "common/log.h"

enum {
    PAY_HEALTH_FILES = 8
}; /* the newest ones that health names; the log has one line for each */

struct pay_health {
    json_t *recognised; /* owned */
    struct log_limit told;
};
struct pay_health_now {
    const struct tail *tail;
    const struct pay_sensor *sensor;
    struct panel *panel;
    bool key_public, caught_up;
};

/* Of zeros. VG_ERR_NOMEM. */
enum vg_err pay_health_init(struct pay_health *h) VG_MUST_CHECK;
void pay_health_done(struct pay_health *h);

/* A file was read to its end for the first time, see tail_options.told: one line in the log. */
void pay_health_file(struct pay_health *h, const char *name, const char *format,
                     const struct logfile_counts *counts);
/* All counters and the newest files to the sink. */
void pay_health_tell(const struct pay_health *h, const struct pay_health_now *now,
                     const struct sink *sink);
