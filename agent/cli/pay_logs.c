/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/pay_logs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/cli/cli.h"
#include "agent/pay/rotation.h"

static void
log_refused(struct pay_logs *logs, const char *path, const char *why)
{
    fprintf(stderr, "vigia-agent pay: ");
    cli_put_safe(stderr, path);
    fprintf(stderr, ": %s\n", why);
    logs->exit = vg_exit_worse(logs->exit, VG_EXIT_INPUT);
}

static const char *
why_of(enum vg_err err)
{
    switch (err) {
    case VG_ERR_NOENT:
        return "no such file";
    case VG_ERR_DENIED:
        return "not allowed to read it";
    default:
        return "cannot be read";
    }
}

static void
log_open(struct pay_logs *logs, const char *path)
{
    struct platform_stat stat;
    struct pay_log *log = &logs->log[logs->count];
    enum vg_err err;

    if (logs->count == PAY_LOGS_MAX) {
        log_refused(logs, path, "too many files at once");
        return;
    }
    err = platform_file_open(path, &log->file);
    if (err != VG_OK) {
        log_refused(logs, path, why_of(err));
        return;
    }
    err = platform_file_stat(log->file, &stat);
    log->path = strdup(path);
    if (err != VG_OK || log->path == NULL) {
        platform_file_close(log->file);
        free(log->path);
        log_refused(logs, path, why_of(err));
        return;
    }
    log->size = stat.size;
    logs->count++;
}

static void
folder_open(struct pay_logs *logs, const char *folder)
{
    struct platform_names names;
    enum vg_err err = platform_folder_list(folder, PAY_LOGS_MAX, &names);

    if (err != VG_OK) {
        log_refused(logs, folder, why_of(err));
        return;
    }
    rotation_sort(names.name, names.count);
    for (size_t i = 0; i < names.count; i++) {
        struct platform_stat stat;
        char path[4096];
        int n = snprintf(path, sizeof path, "%s/%s", folder, names.name[i]);

        if (n > 0 && (size_t)n < sizeof path && platform_path_stat(path, &stat) == VG_OK &&
            stat.regular)
            log_open(logs, path);
    }
    if (names.count == 0)
        log_refused(logs, folder, "holds no file");
    platform_names_free(&names);
}

enum vg_err
pay_logs_open(struct pay_logs *logs, const char *const *paths, size_t count)
{
    logs->log = calloc(PAY_LOGS_MAX, sizeof *logs->log);
    if (logs->log == NULL)
        return VG_ERR_NOMEM;
    for (size_t i = 0; i < count; i++) {
        struct platform_stat stat;

        if (platform_path_stat(paths[i], &stat) == VG_OK && stat.folder)
            folder_open(logs, paths[i]);
        else
            log_open(logs, paths[i]);
    }
    return VG_OK;
}

void
pay_logs_done(struct pay_logs *logs)
{
    for (size_t i = 0; i < logs->count; i++) {
        if (logs->log[i].file != PLATFORM_NO_HANDLE)
            platform_file_close(logs->log[i].file);
        free(logs->log[i].path);
    }
    free(logs->log);
    *logs = (struct pay_logs){.count = 0};
}

static void
log_damaged(const struct pay_log *log, const char *what)
{
    fputs("vigia-agent pay: ", stderr);
    cli_put_safe(stderr, log->path);
    fprintf(stderr, ": %s; what came before it was read\n", what);
}

void
pay_log_end(struct pay_logs *logs, const struct pay_log *log, const struct logfile *f,
            enum vg_err err)
{
    const struct logfile_counts *c = logfile_counts(f);

    if (err == VG_ERR_NOENT) {
        log_refused(logs, log->path, "no known format; --format NAME or FILE says which");
        return;
    }
    if (c->transactions == 0 && c->skipped == 0) {
        log_refused(logs, log->path, "holds no record");
        return;
    }
    if (err == VG_ERR_FORMAT || err == VG_ERR_LIMIT)
        log_damaged(log, "damaged compression");
    else if (err != VG_AGAIN)
        log_refused(logs, log->path, "cannot be read to its end");
    else if (logfile_midway(f))
        log_damaged(log, "compression is cut off");
    if (logfile_dates(f) == DATES_GUESS) {
        fputs("vigia-agent pay: ", stderr);
        cli_put_safe(stderr, log->path);
        fputs(": its dates could have the day or the month first; `check --format` shows what was "
              "taken\n",
              stderr);
    }
    if (c->bad + c->too_long > 0) {
        fputs("vigia-agent pay: ", stderr);
        cli_put_safe(stderr, log->path);
        fprintf(stderr, ": %" PRIu64 " of %" PRIu64 " records could not be read, like: ",
                c->bad + c->too_long, c->records);
        cli_put_safe(stderr, logfile_bad_shape(f, 0));
        fputc('\n', stderr);
    }
}
