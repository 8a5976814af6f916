/* SPDX-License-Identifier: Apache-2.0 */
/* worker_pay: the row of the pay sensor in the program's table of workers. */
#pragma once

#include "agent/link/worker.h"

extern const struct worker_ops WORKER_PAY;
