/* SPDX-License-Identifier: Apache-2.0 */
/* log: one line for each event a program decides to tell: time, level, dotted name, key=value.
 *
 * Library code returns errors; programs log them once, where they decide. Text that a peer controls
 * is escaped here (control bytes, quotes, bytes over 0x7e), so callers pass it as it came. Never
 * secrets, never payload. Card numbers cannot pass: runs of 13 to 19 digits are masked. */
#pragma once

#include "common/base.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

/* Lines below `level` are dropped. Output goes to file descriptor 2 with one write() a line.
 * `program` is borrowed for the life of the process. */
void log_setup(const char *program, enum log_level level);

/* log_event(LOG_LEVEL_WARN, "ship.refused", "status=%d reason=%s", ...): each value that has a
 * space or a quote in it is the caller's to pass through log_quote(). Lines over 1 KiB are cut. */
void log_event(enum log_level level, const char *name, const char *fmt, ...) VG_PRINTF(3, 4);

/* Text as a quoted, escaped value in a ring of thread-local buffers (8 of 256 bytes): valid until
 * eight calls later. NULL gives "-". */
const char *log_quote(const char *text);
const char *log_quote_n(const void *text, size_t n);

/* Limits one call site: true for the first `burst` calls in each minute of now_ns (monotonic). */
struct log_limit {
    int64_t minute;
    unsigned seen, burst;
};
bool log_allowed(struct log_limit *limit, int64_t now_ns);
