/* SPDX-License-Identifier: Apache-2.0 */
/* pay_health: what the pay sensor says of itself: its counters, and what it took each dropped file
 * for, so that nobody has to guess whether an export was understood. */
#pragma once

#include "agent/pay/sensor.h"
#include "agent/pay/tail.h"
#include "common/log.h"

/* Health names the newest files, those of known formats before others: in a folder of downloads most
 * are none. The log has one line for each. */
enum { PAY_HEALTH_FILES = 5, PAY_HEALTH_LINE = LOGFILE_NAME_MAX + 200 };

struct pay_health {
    char file[PAY_HEALTH_FILES][PAY_HEALTH_LINE]; /* oldest first */
    bool known[PAY_HEALTH_FILES];
    unsigned files; /* that are there */
    struct log_limit told;
};
struct pay_health_now {
    const struct tail *tail;
    const struct pay_sensor *sensor;
    struct panel *panel;
    bool key_public, caught_up;
};

void pay_health_init(struct pay_health *h);

/* A file was read to its end for the first time, see tail_options.told: one line in the log. */
void pay_health_file(struct pay_health *h, const char *name, const char *format,
                     const struct logfile_counts *counts);
/* All counters and the newest files to the sink. */
void pay_health_tell(const struct pay_health *h, const struct pay_health_now *now,
                     const struct sink *sink);
