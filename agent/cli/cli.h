/* SPDX-License-Identifier: Apache-2.0 */
/* cli: one row for each command of vigia-agent; one file each in this folder. */
#pragma once

#include <stdio.h>

#include "agent/cli/options.h"
#include "agent/config.h"

struct cli_command {
    const char *name;
    const char *usage;                 /* after "vigia-agent " */
    const char *brief;                 /* one line for the list */
    const char *help;                  /* the options, for --help of the command */
    int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns an exit code */
};

/* All commands in the order of the help, ended by a row without name (commands.c). */
extern const struct cli_command CLI_COMMANDS[];

/* The whole command line but `--worker`: --help and --version, here and after each command, then
 * the command. Returns the exit code. */
int cli_main(int argc, char **argv);

/* Prints "vigia-agent NAME: ..." and the way to the help to stderr; returns VG_EXIT_USAGE. */
int cli_usage(const char *command, const char *fmt, ...) VG_PRINTF(2, 3);
/* Prints "vigia-agent: ..." to stderr; returns `code`, for one-line endings. */
int cli_fail(int code, const char *fmt, ...) VG_PRINTF(2, 3);
/* Help of one command to stdout; returns VG_EXIT_DONE. */
int cli_help(const struct cli_command *command);

/* Loads -c FILE, or the default file where it exists and `or_default`, or the defaults. Prints what
 * is wrong; VG_ERR_CONFIG then means: return VG_EXIT_USAGE. */
enum vg_err cli_config(const char *path, bool or_default, struct agent_config *out) VG_MUST_CHECK;
/* Texts of rules_dir (NULL: found beside the program). Prints what is wrong. */
enum vg_err cli_texts(const struct agent_config *config, struct texts **out) VG_MUST_CHECK;
/* Where this user's programs keep what can be made again: $XDG_CACHE_HOME/vigia/NAME, or that of
 * ~/.cache; malloc'd, NULL where there is no such place. */
char *cli_cache_path(const char *name);
/* The view of the configuration's shop. */
struct text_view cli_view(const struct agent_config *config);

/* Text from outside for a terminal: control bytes and direction marks become '?'. */
void cli_put_safe(FILE *to, const char *text);
/* Whether `to` (stdout or stderr) takes colour: a terminal, and NO_COLOR is not set. */
bool cli_colour(FILE *to);

/* One alert for people, in the language of the view: two or three lines, colour on a terminal
 * unless NO_COLOR is set. `id` may be missing (read, pay, scan). */
void cli_print_alert(FILE *to, const json_t *event, const struct texts *texts,
                     const struct text_view *view);
/* The same at length: every part of the message, facts, evidence (`show`). */
void cli_print_detail(FILE *to, const json_t *event, const struct texts *texts,
                      const struct text_view *view);

/* A sink for commands without a store: alerts to `to` (people or NDJSON), nothing kept. */
struct cli_sink;
enum vg_err cli_sink_new(FILE *to, bool ndjson, const struct texts *texts,
                         const struct text_view *view, struct cli_sink **out) VG_MUST_CHECK;
const struct sink *cli_sink_get(struct cli_sink *sink);
size_t cli_sink_alerts(const struct cli_sink *sink); /* those above info */
void cli_sink_free(struct cli_sink *sink);
