/* SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/vtime.h"

enum { LINE_MAX_BYTES = 1024, QUOTE_SLOTS = 8, QUOTE_BYTES = 256 };

/* How this process logs: set once at its start, then only read. */
static struct {
    const char *program;
    enum log_level level;
} setup = {"vigia", LOG_LEVEL_INFO};

void
log_setup(const char *program, enum log_level level)
{
    setup.program = program;
    setup.level = level;
}

/* Keeps the last 4 of each run of 13 to 19 digits: the last net under every caller's care. */
static void
mask_digits(char *line)
{
    size_t run = 0;

    for (size_t i = 0;; i++) {
        if (line[i] >= '0' && line[i] <= '9') {
            run++;
            continue;
        }
        if (run >= 13 && run <= 19)
            memset(line + i - run, '*', run - 4);
        run = 0;
        if (line[i] == '\0')
            return;
    }
}

void
log_event(enum log_level level, const char *name, const char *fmt, ...)
{
    static const char *const words[] = {"debug", "info", "warn", "error"};
    char body[LINE_MAX_BYTES], line[LINE_MAX_BYTES + 160], when[VTIME_TEXT_MAX];
    va_list args;

    if (level < setup.level)
        return;
    va_start(args, fmt);
    if (vsnprintf(body, sizeof body, fmt, args) < 0)
        body[0] = '\0';
    va_end(args);
    mask_digits(body);
    (void)snprintf(line, sizeof line, "%s %s %s %s %s\n",
                   vtime_format(vtime_now() / VG_MS_NS * VG_MS_NS, when), setup.program,
                   words[level], name, body);
    (void)fputs(line, stderr);
    (void)fflush(stderr);
}

const char *
log_quote_n(const void *text, size_t n)
{
    static _Thread_local char slots[QUOTE_SLOTS][QUOTE_BYTES];
    static _Thread_local unsigned next;
    char *out = slots[next++ % QUOTE_SLOTS];
    const unsigned char *in = text;
    size_t at = 0;

    if (text == NULL)
        return "-";
    out[at++] = '"';
    for (size_t i = 0; i < n && at < QUOTE_BYTES - 6; i++) {
        if (in[i] < 0x20 || in[i] > 0x7e || in[i] == '"' || in[i] == '\\')
            at += (size_t)snprintf(out + at, 5, "\\x%02x", in[i]);
        else
            out[at++] = (char)in[i];
    }
    out[at++] = '"';
    out[at] = '\0';
    return out;
}

const char *
log_quote(const char *text)
{
    return log_quote_n(text, text != NULL ? strlen(text) : 0);
}

bool
log_allowed(struct log_limit *limit, int64_t now_ns)
{
    int64_t minute = now_ns / VG_MIN_NS;

    if (limit->minute != minute) {
        limit->minute = minute;
        limit->seen = 0;
    }
    return limit->seen++ < limit->burst;
}
