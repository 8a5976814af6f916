/* SPDX-License-Identifier: Apache-2.0 */
/* pay_log: what the detectors of the logs themselves share: a log goes by its name without what
 * changes from day to day, so that ventas-2026-03-02.csv and ventas-2026-03-03.csv.gz are one. */
#pragma once

#include "agent/detect/pay_common.h"

enum { PAY_LOG_NAME_MAX = 80 };

/* Digits become one #, letters small, what rotation and compression append goes. Never empty. */
void pay_log_name(struct str source, char out[PAY_LOG_NAME_MAX]);

/* The log that was spoken of last, with its name and pay_key("log", name). */
struct pay_log {
    char source[PAY_LOG_NAME_MAX], name[PAY_LOG_NAME_MAX];
    size_t len; /* of source; 0: none that is kept */
    uint64_t key;
};
bool pay_log_same(const struct pay_log *l, struct str source);
void pay_log_turn(struct pay_log *l, struct str source);
