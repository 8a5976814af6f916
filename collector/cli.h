/* SPDX-License-Identifier: Apache-2.0 */
/* cli: the commands of vigia-collector, one row each, and what they share. */
#pragma once

#include "collector/authority.h"
#include "collector/config.h"
#include "collector/store/store.h"

struct command {
    const char *name, *usage, *brief, *help;
    int (*run)(const struct command *self, int argc, char **argv); /* argv[0]: the name */
};

extern const struct command COMMANDS[]; /* ended by a row without name */

int cmd_init(const struct command *self, int argc, char **argv);
int cmd_tenant(const struct command *self, int argc, char **argv);
int cmd_site(const struct command *self, int argc, char **argv);
int cmd_user(const struct command *self, int argc, char **argv);
int cmd_token(const struct command *self, int argc, char **argv);
int cmd_agent(const struct command *self, int argc, char **argv);
int cmd_bundle(const struct command *self, int argc, char **argv);
int cmd_serve(const struct command *self, int argc, char **argv);
int cmd_verify(const struct command *self, int argc, char **argv);
int cmd_backup(const struct command *self, int argc, char **argv);
int cmd_restore(const struct command *self, int argc, char **argv);
int cmd_audit(const struct command *self, int argc, char **argv);
int cmd_export(const struct command *self, int argc, char **argv);

/* Options that a command knows, all with a value unless the name ends in '!'. -c/--config,
 * --dir and --help are known to every command. */
enum { CLI_OPTIONS_MAX = 12, CLI_WORDS_MAX = 8 };
struct cli_line {
    const char *config, *dir;
    const char *value[CLI_OPTIONS_MAX]; /* by the place in `options`; "" for a flag; NULL: absent */
    const char *word[CLI_WORDS_MAX];    /* operands; NULL beyond the last */
    size_t words;
    const char *program; /* for finding the rules */
};

/* VG_OK: go on. VG_END: help was printed, return VG_EXIT_DONE. VG_ERR_CONFIG: told on stderr. */
enum vg_err cli_parse(const struct command *self, int argc, char **argv, const char *const *options,
                      struct cli_line *out) VG_MUST_CHECK;
int cli_usage(const struct command *self, const char *fmt, ...) VG_PRINTF(2, 3);

/* Configuration, the right user, and (where asked for) the database. Tells what is wrong; *code is
 * then what to return. */
struct cli_world {
    struct collector_config config;
    struct storage *store;
};
#define CLI_WHO "command line" /* as whom the audit trail knows these commands */
enum cli_need { CLI_CONFIG, CLI_STORE };
bool cli_open(const struct cli_line *line, enum cli_need need, struct cli_world *out, int *code);
void cli_close(struct cli_world *world);
/* A change with its line in the audit trail, in one transaction that cli_begin() begins: what `err` tells
 * of the change decides whether both are kept. Returns it, or what failed. */
enum vg_err cli_begin(struct cli_world *world) VG_MUST_CHECK;
enum vg_err cli_end(struct cli_world *world, enum vg_err err, const char *tenant, const char *what,
                    const char *object, const char *note) VG_MUST_CHECK;
/* Tells an error of the storage on stderr; returns the exit code for it. */
int cli_failed(const struct cli_world *world, const char *what, enum vg_err err);

/* Rows by these keys (ended by NULL), tabs between, "-" for what is no text and no number. */
void cli_print_rows(const json_t *rows, const char *const *keys);

/* One `serve` or `restore` at a time; the file goes with the process. VG_ERR_EXISTS: another has
 * it. */
enum vg_err cli_lock(const struct collector_config *config) VG_MUST_CHECK;
