/* SPDX-License-Identifier: Apache-2.0 */
/* pay_logs: the files that `pay` reads, opened before it gives up its rights, and what is said of
 * one that cannot be read, or not whole. */
#pragma once

#include "agent/pay/logfile.h"

enum { PAY_LOGS_MAX = 4096 };

/* One file that is open to be read. */
struct pay_log {
    char *path;         /* owned */
    platform_file file; /* PLATFORM_NO_HANDLE once taken */
    uint64_t size;
};

struct pay_logs {
    struct pay_log *log; /* owned, in the order of reading */
    size_t count;
    enum vg_exit exit; /* VG_EXIT_INPUT once a file was refused */
};

/* Files, and folders with their files in order of rotation. What cannot be opened is said and passed
 * over. VG_ERR_NOMEM. */
enum vg_err pay_logs_open(struct pay_logs *logs, const char *const *paths,
                          size_t count) VG_MUST_CHECK;
void pay_logs_done(struct pay_logs *logs);

/* Says how reading `log` ended with `err` where that is worth a line. */
void pay_log_end(struct pay_logs *logs, const struct pay_log *log, const struct logfile *f,
                 enum vg_err err);
