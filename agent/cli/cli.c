/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/cli.h"

#include "agent/bundle/bundle_state.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "agent/platform/platform.h"
#include "common/texts.h"

enum { MESSAGE_MAX = 8192 };

static int
print_usage(FILE *to)
{
    fputs("usage: vigia-agent COMMAND [OPTION]...\n\n", to);
    for (const struct cli_command *c = CLI_COMMANDS; c->name != NULL; c++)
        fprintf(to, "  %-10s %s\n", c->name, c->brief);
    fputs("\n  --help     this list; vigia-agent COMMAND --help tells about one\n"
          "  --version  the version\n",
          to);
    return to == stdout ? VG_EXIT_DONE : VG_EXIT_USAGE;
}

static bool
asks_for(int argc, char **argv, const char *option)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], option) == 0)
            return true;
    return false;
}

/* What could not be written (a full disk behind a pipe) is not done. */
static int
flushed(int code)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fputs("vigia-agent: cannot write to standard output\n", stderr);
        return (int)vg_exit_worse((enum vg_exit)code, VG_EXIT_INTERNAL);
    }
    return code;
}

int
cli_main(int argc, char **argv)
{
    if (argc < 2)
        return print_usage(stderr);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return flushed(print_usage(stdout));
    if (asks_for(argc, argv, "--version")) {
        puts("vigia-agent " VIGIA_VERSION);
        return flushed(VG_EXIT_DONE);
    }
    for (const struct cli_command *c = CLI_COMMANDS; c->name != NULL; c++) {
        if (strcmp(argv[1], c->name) != 0)
            continue;
        if (asks_for(argc - 1, argv + 1, "--help"))
            return flushed(cli_help(c));
        return flushed(c->run(argc - 1, argv + 1));
    }
    fprintf(stderr, "vigia-agent: unknown command '");
    cli_put_safe(stderr, argv[1]);
    fputs("'; vigia-agent --help lists them\n", stderr);
    return VG_EXIT_USAGE;
}

/* Names of files and texts out of them may stand in a message: nothing of them steers the terminal. */
static void
message_put(const char *fmt, va_list args)
{
    char text[MESSAGE_MAX];

    (void)vsnprintf(text, sizeof text, fmt, args);
    cli_put_safe(stderr, text);
}

int
cli_usage(const char *command, const char *fmt, ...)
{
    va_list args;

    fprintf(stderr, "vigia-agent %s: ", command);
    va_start(args, fmt);
    message_put(fmt, args);
    va_end(args);
    fprintf(stderr, "\nTry: vigia-agent %s --help\n", command);
    return VG_EXIT_USAGE;
}

int
cli_fail(int code, const char *fmt, ...)
{
    va_list args;

    fputs("vigia-agent: ", stderr);
    va_start(args, fmt);
    message_put(fmt, args);
    va_end(args);
    fputc('\n', stderr);
    return code;
}

int
cli_help(const struct cli_command *command)
{
    printf("usage: vigia-agent %s\n\n%s.\n", command->usage, command->brief);
    if (command->help != NULL && command->help[0] != '\0')
        printf("\n%s", command->help);
    return VG_EXIT_DONE;
}

enum vg_err
cli_config(const char *path, bool or_default, struct agent_config *out)
{
    struct conf_error why = {.text = ""};
    struct platform_stat stat;
    enum vg_err err;

    if (path == NULL && or_default && platform_path_stat(platform_default_config(), &stat) == VG_OK)
        path = platform_default_config();
    err = path != NULL ? agent_config_load(path, out, &why) : agent_config_default(out, &why);
    if (err == VG_OK) {
        bundle_use(out); /* the collector's rules, where there are some */
        return VG_OK;
    }
    if (why.text[0] != '\0')
        fprintf(stderr, "vigia-agent: %s\n", why.text);
    else
        fprintf(stderr, "vigia-agent: %s: %s\n", path != NULL ? path : "configuration",
                vg_err_name(err));
    return err == VG_ERR_NOMEM ? err : VG_ERR_CONFIG;
}

char *
cli_cache_path(const char *name)
{
    const char *base = getenv("XDG_CACHE_HOME");
    char *home = base != NULL && base[0] == '/' ? NULL : platform_path_expand("~/.cache");
    struct buf path;
    char *out = NULL;

    if (home != NULL)
        base = home;
    buf_init(&path, 1024);
    if (base != NULL && base[0] == '/')
        buf_printf(&path, "%s/vigia/%s", base, name);
    if (path.len > 0 && buf_str(&path) != NULL)
        out = strdup(buf_str(&path));
    buf_done(&path);
    free(home);
    return out;
}

enum vg_err
cli_texts(const struct agent_config *config, struct texts **out)
{
    struct conf_error why = {.text = ""};
    enum vg_err err;

    if (config->rules_dir == NULL) {
        fputs("vigia-agent: no rules folder beside the program; write where it is in the "
              "configuration, for example rules: /usr/share/vigia/rules, or set VIGIA_RULES\n",
              stderr);
        return VG_ERR_CONFIG;
    }
    err = texts_load(config->rules_dir, out, &why);
    if (err != VG_OK)
        fprintf(stderr, "vigia-agent: %s\n", why.text[0] != '\0' ? why.text : vg_err_name(err));
    return err;
}

struct text_view
cli_view(const struct agent_config *config)
{
    return (struct text_view){
        .language = config->language, .shop = config->shop_name, .zone = config->zone};
}
