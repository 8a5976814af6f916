/* SPDX-License-Identifier: Apache-2.0 */
/* options: reads a command's line the same way everywhere: --name VALUE, --name=VALUE, -c VALUE,
 * operands in any place, `-` is an operand, `--` ends the options. */
#pragma once

#include "common/base.h"

struct cli_option {
    const char *name; /* "config"; NULL ends a table */
    char letter;      /* 'c', or 0 for none */
    bool takes_value;
};

struct cli_args {
    int argc;
    char **argv; /* argv[0] is the command's name */
    int at;
    bool operands_only;
};

enum { CLI_END = -1, CLI_OPERAND = -2, CLI_BAD = -3 };

static inline struct cli_args
cli_args_of(int argc, char **argv)
{
    return (struct cli_args){.argc = argc, .argv = argv, .at = 1};
}

/* The index in `options` of the next option with its *value (borrowed; NULL where it takes none),
 * CLI_OPERAND with *value, CLI_END, or CLI_BAD after telling the mistake on stderr: return
 * VG_EXIT_USAGE then. */
int cli_next(struct cli_args *args, const struct cli_option *options, const char **value);
