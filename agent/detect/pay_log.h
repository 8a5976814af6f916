/* SPDX-License-Identifier: Apache-2.0 */
/* pay_log: what the detectors of the logs themselves share: a log goes by its name without what
 * changes from day to day, so that ventas-2026-03-02.csv and ventas-2026-03-03.csv.gz are one. */
#pragma once

#include "agent/detect/pay_common.h"

enum { PAY_LOG_NAME_MAX = 80 };

/* Digits become one #, letters small, what rotation and compression append goes. Never empty. */
void pay_log_name(struct str source, char out[PAY_LOG_NAME_MAX]);
