/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/files.h"
#include "common/vtime.h"

int
cli_usage(const struct command *self, const char *fmt, ...)
{
    va_list args;

    (void)fprintf(stderr, "vigia-collector %s: ", self->name);
    va_start(args, fmt);
    (void)vfprintf(stderr, fmt, args);
    va_end(args);
    (void)fprintf(stderr, "\nTry: vigia-collector %s --help\n", self->name);
    return VG_EXIT_USAGE;
}

static const char *const COMMON[] = {"config", "dir", "help!"};

/* The place of `text` (len bytes) among names, -1 for none; *flag: it takes no value. */
static int
find(const char *const *names, size_t count, const char *text, size_t len, bool *flag)
{
    for (size_t i = 0; i < count && names[i] != NULL; i++) {
        size_t n = strlen(names[i]);

        *flag = names[i][n - 1] == '!';
        n -= *flag;
        if (n == len && strncmp(names[i], text, n) == 0)
            return (int)i;
    }
    return -1;
}

static enum vg_err
help(const struct command *self)
{
    printf("usage: vigia-collector %s\n\n%s.\n\n%s"
           "  -c, --config FILE  configuration (default " COLLECTOR_CONFIG_FILE ")\n"
           "  --dir DIR          state folder, stands before the configuration's\n",
           self->usage, self->brief, self->help);
    return VG_END;
}

enum vg_err
cli_parse(const struct command *self, int argc, char **argv, const char *const *options,
          struct cli_line *out)
{
    memset(out, 0, sizeof *out);
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i], *name, *equals, *value = "";
        bool flag = false, common = false;
        int at;

        if (arg[0] != '-' || strcmp(arg, "-") == 0) {
            if (out->words == CLI_WORDS_MAX) {
                (void)cli_usage(self, "too many words");
                return VG_ERR_CONFIG;
            }
            out->word[out->words++] = arg;
            continue;
        }
        name = strcmp(arg, "-c") == 0 ? "config" : strcmp(arg, "-h") == 0 ? "help" : arg + 2;
        equals = arg[1] == '-' ? strchr(name, '=') : NULL;
        if (arg[1] != '-' && name == arg + 2)
            name = "";
        at = find(options, CLI_OPTIONS_MAX, name,
                  equals != NULL ? (size_t)(equals - name) : strlen(name), &flag);
        if (at < 0) {
            common = true;
            at = find(COMMON, VG_ARRAY_LEN(COMMON), name,
                      equals != NULL ? (size_t)(equals - name) : strlen(name), &flag);
        }
        if (at < 0 || (flag && equals != NULL)) {
            (void)cli_usage(self, "unknown option %s", arg);
            return VG_ERR_CONFIG;
        }
        if (common && at == 2)
            return help(self);
        if (!flag && equals == NULL && i + 1 == argc) {
            (void)cli_usage(self, "%s needs a value", arg);
            return VG_ERR_CONFIG;
        }
        if (!flag)
            value = equals != NULL ? equals + 1 : argv[++i];
        if (common)
            *(at == 0 ? &out->config : &out->dir) = value;
        else
            out->value[at] = value;
    }
    return VG_OK;
}

/* Started as root: the state folder belongs to `user`, and this process becomes that user. Where
 * there is no such user (a trial on one's own machine) it stays. */
static bool
become_user(const struct collector_config *config)
{
    struct passwd *user;
    struct stat st;

    if (geteuid() != 0 || config->user[0] == '\0' || (user = getpwnam(config->user)) == NULL)
        return true;
    if (stat(config->state_dir, &st) == 0 && st.st_uid == 0 &&
        chown(config->state_dir, user->pw_uid, user->pw_gid) != 0)
        return false;
    return initgroups(user->pw_name, user->pw_gid) == 0 && setgid(user->pw_gid) == 0 &&
           setuid(user->pw_uid) == 0;
}

enum vg_err
cli_begin(struct cli_world *world)
{
    return world->store->ops->begin(world->store);
}

enum vg_err
cli_end(struct cli_world *world, enum vg_err err, const char *tenant, const char *what,
        const char *object, const char *note)
{
    struct storage *s = world->store;

    if (err == VG_OK)
        err = s->ops->audit(s, tenant, CLI_WHO, what, object, note, vtime_now());
    if (err == VG_OK)
        err = s->ops->commit(s);
    if (err != VG_OK)
        s->ops->rollback(s);
    return err;
}

int
cli_failed(const struct cli_world *world, const char *what, enum vg_err err)
{
    (void)fprintf(stderr, "vigia-collector: %s: %s%s%s\n", what, vg_err_name(err),
                  world->store != NULL ? ": " : "",
                  world->store != NULL ? world->store->ops->why(world->store) : "");
    return VG_EXIT_INTERNAL;
}

bool
cli_open(const struct cli_line *line, enum cli_need need, struct cli_world *out, int *code)
{
    struct conf_error why;
    char text[STORAGE_WHY_MAX];
    enum vg_err err;

    memset(out, 0, sizeof *out);
    if (collector_config_load(line->config, line->dir, &out->config, &why) != VG_OK) {
        (void)fprintf(stderr, "vigia-collector: %s\n", why.text);
        *code = VG_EXIT_USAGE;
        return false;
    }
    (void)umask(0077);
    err = files_folder(out->config.state_dir);
    if (err != VG_OK || !become_user(&out->config)) {
        (void)fprintf(stderr, "vigia-collector: %s: %s\n", out->config.state_dir, strerror(errno));
        *code = VG_EXIT_USAGE;
        cli_close(out);
        return false;
    }
    if (need == CLI_CONFIG)
        return true;
    err = storage_open(out->config.database, STORAGE_WRITE, &out->store, text);
    if (err != VG_OK) {
        (void)fprintf(stderr, "vigia-collector: %s\n", text);
        *code = VG_EXIT_INPUT;
        cli_close(out);
        return false;
    }
    return true;
}

void
cli_close(struct cli_world *world)
{
    storage_close(world->store);
    world->store = NULL;
    collector_config_done(&world->config);
}

enum vg_err
cli_lock(const struct collector_config *config)
{
    char path[512];
    int fd;

    (void)snprintf(path, sizeof path, "%s/lock", config->state_dir);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return VG_ERR_SYS;
    return flock(fd, LOCK_EX | LOCK_NB) == 0 ? VG_OK : VG_ERR_EXISTS; /* kept until the end */
}

void
cli_print_rows(const json_t *rows, const char *const *keys)
{
    const json_t *row;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        for (const char *const *k = keys; *k != NULL; k++) {
            const json_t *v = json_object_get(row, *k);

            if (json_is_integer(v))
                printf("%s%lld", k == keys ? "" : "\t", (long long)json_integer_value(v));
            else
                printf("%s%s", k == keys ? "" : "\t",
                       json_is_string(v) ? json_string_value(v) : "-");
        }
        putchar('\n');
    }
}
