/* SPDX-License-Identifier: Apache-2.0 */
/* verify, backup, restore, export: care of the database. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collector/cli.h"
#include "common/vtime.h"

int
cmd_verify(const struct command *self, int argc, char **argv)
{
    static const char *const options[] = {NULL};
    struct cli_line line;
    struct cli_world w;
    char why[STORAGE_WHY_MAX] = "";
    int code = VG_EXIT_DONE;
    enum vg_err err = cli_parse(self, argc, argv, options, &line);

    if (err != VG_OK)
        return err == VG_END ? VG_EXIT_DONE : VG_EXIT_USAGE;
    if (line.words > 0)
        return cli_usage(self, "takes no words");
    if (!cli_open(&line, CLI_STORE, &w, &code))
        return code;
    err = w.store->ops->check(w.store, why);
    if (err == VG_OK) {
        puts("whole");
    } else if (err == VG_ERR_FORMAT) {
        printf("damaged: %s\n", why);
        code = VG_EXIT_FOUND;
    } else {
        code = cli_failed(&w, "verify", err);
    }
    cli_close(&w);
    return code;
}

int
cmd_backup(const struct command *self, int argc, char **argv)
{
    static const char *const options[] = {NULL};
    struct cli_line line;
    struct cli_world w;
    int code = VG_EXIT_DONE;
    enum vg_err err = cli_parse(self, argc, argv, options, &line);

    if (err != VG_OK)
        return err == VG_END ? VG_EXIT_DONE : VG_EXIT_USAGE;
    if (line.words != 1)
        return cli_usage(self, "write: backup FILE");
    if (!cli_open(&line, CLI_STORE, &w, &code))
        return code;
    err = w.store->ops->backup(w.store, line.word[0]);
    if (err == VG_ERR_EXISTS)
        code = cli_usage(self, "%s is there already", line.word[0]);
    else if (err != VG_OK)
        code = cli_failed(&w, "backup", err);
    cli_close(&w);
    return code;
}

/* Sessions and links of the time of the backup may have been ended since: nobody is signed in. */
static enum vg_err
end_what_was(const char *path, char why[STORAGE_WHY_MAX])
{
    struct storage *s = NULL;
    enum vg_err err = storage_open(path, STORAGE_WRITE, &s, why);

    if (err != VG_OK)
        return err;
    err = s->ops->begin(s);
    if (err == VG_OK)
        err = s->ops->sessions_end(s, NULL, NULL);
    if (err == VG_OK)
        err = s->ops->links_end(s, NULL);
    if (err == VG_OK)
        err = s->ops->audit(s, STORAGE_ALL, CLI_WHO, "database.restored", "", NULL, vtime_now());
    if (err == VG_OK)
        err = s->ops->commit(s);
    (void)snprintf(why, STORAGE_WHY_MAX, "%s", s->ops->why(s));
    storage_close(s);
    return err;
}

/* A whole database at `from` becomes the collector's: copied beside it, then renamed. */
static int
restore_from(const struct command *self, const char *from, const struct collector_config *config)
{
    char why[STORAGE_WHY_MAX], fresh[600], side[600];
    struct storage *s = NULL;
    enum vg_err err = storage_open(from, STORAGE_READ, &s, why);

    if (err == VG_OK)
        err = s->ops->check(s, why);
    if (err != VG_OK) {
        (void)fprintf(stderr, "vigia-collector %s: %s: %s\n", self->name, from, why);
        storage_close(s);
        return VG_EXIT_INPUT;
    }
    (void)snprintf(fresh, sizeof fresh, "%s.restored", config->database);
    (void)unlink(fresh);
    err = s->ops->backup(s, fresh);
    (void)snprintf(why, sizeof why, "%s", s->ops->why(s));
    storage_close(s);
    if (err == VG_OK)
        err = end_what_was(fresh, why);
    if (err != VG_OK) {
        (void)unlink(fresh);
        (void)fprintf(stderr, "vigia-collector %s: %s: %s\n", self->name, fresh, why);
        return VG_EXIT_INTERNAL;
    }
    /* Before the rename: what waits beside the old database is not for the new one. */
    (void)snprintf(side, sizeof side, "%s-wal", config->database);
    (void)unlink(side);
    (void)snprintf(side, sizeof side, "%s-shm", config->database);
    (void)unlink(side);
    if (rename(fresh, config->database) != 0) {
        (void)fprintf(stderr, "vigia-collector %s: %s: %s\n", self->name, config->database,
                      strerror(errno));
        return VG_EXIT_INTERNAL;
    }
    return VG_EXIT_DONE;
}

int
cmd_restore(const struct command *self, int argc, char **argv)
{
    static const char *const options[] = {NULL};
    struct cli_line line;
    struct cli_world w;
    int code = VG_EXIT_DONE;
    enum vg_err err = cli_parse(self, argc, argv, options, &line);

    if (err != VG_OK)
        return err == VG_END ? VG_EXIT_DONE : VG_EXIT_USAGE;
    if (line.words != 1)
        return cli_usage(self, "write: restore FILE");
    if (!cli_open(&line, CLI_CONFIG, &w, &code))
        return code;
    err = cli_lock(&w.config);
    if (err == VG_ERR_EXISTS)
        code = cli_usage(self, "the collector runs: stop it first");
    else if (err != VG_OK)
        code = cli_failed(&w, "lock", err);
    else
        code = restore_from(self, line.word[0], &w.config);
    cli_close(&w);
    return code;
}

static enum vg_err
print_line(void *ctx, struct slice json)
{
    FILE *to = ctx;

    if (fwrite(json.at, 1, json.left, to) != json.left || putc('\n', to) == EOF)
        return VG_ERR_SYS;
    return VG_OK;
}

int
cmd_export(const struct command *self, int argc, char **argv)
{
    static const char *const options[] = {"tenant", NULL};
    struct cli_line line;
    struct cli_world w;
    struct storage_scope scope = STORAGE_EVERYTHING;
    char tenant[UUID_TEXT_SIZE];
    int code = VG_EXIT_DONE;
    enum vg_err err = cli_parse(self, argc, argv, options, &line);

    if (err != VG_OK)
        return err == VG_END ? VG_EXIT_DONE : VG_EXIT_USAGE;
    if (line.words > 0)
        return cli_usage(self, "takes no words");
    if (!cli_open(&line, CLI_STORE, &w, &code))
        return code;
    err = VG_OK;
    if (line.value[0] != NULL)
        err = w.store->ops->tenant_find(w.store, line.value[0], tenant);
    if (err == VG_OK && line.value[0] != NULL)
        scope = storage_scope_tenant(tenant);
    if (err == VG_ERR_NOENT) {
        code = cli_usage(self, "no tenant \"%s\"", line.value[0]);
    } else {
        if (err == VG_OK)
            err = w.store->ops->events(w.store, &scope, print_line, stdout);
        if (fflush(stdout) != 0)
            err = VG_ERR_SYS;
        if (err != VG_OK)
            code = cli_failed(&w, "export", err);
    }
    cli_close(&w);
    return code;
}

static enum vg_err
print_row(void *ctx, const json_t *row)
{
    FILE *to = ctx;

    if (json_dumpf(row, to, JSON_COMPACT) != 0 || putc('\n', to) == EOF)
        return VG_ERR_SYS;
    return VG_OK;
}

int
cmd_audit(const struct command *self, int argc, char **argv)
{
    static const char *const options[] = {"tenant", NULL};
    struct storage_scope scope = STORAGE_EVERYTHING;
    struct cli_line line;
    struct cli_world w;
    char tenant[UUID_TEXT_SIZE];
    int code = VG_EXIT_DONE;
    enum vg_err err = cli_parse(self, argc, argv, options, &line);

    if (err != VG_OK)
        return err == VG_END ? VG_EXIT_DONE : VG_EXIT_USAGE;
    if (line.words > 0)
        return cli_usage(self, "takes no words");
    if (!cli_open(&line, CLI_STORE, &w, &code))
        return code;
    if (line.value[0] != NULL) {
        err = w.store->ops->tenant_find(w.store, line.value[0], tenant);
        scope = storage_scope_tenant(tenant);
    }
    if (err == VG_OK)
        err = w.store->ops->audit_all(w.store, &scope, print_row, stdout);
    if (err == VG_OK && fflush(stdout) != 0)
        err = VG_ERR_SYS;
    if (err == VG_ERR_NOENT)
        code = cli_usage(self, "no tenant \"%s\"", line.value[0]);
    else if (err != VG_OK)
        code = cli_failed(&w, "audit", err);
    cli_close(&w);
    return code;
}
