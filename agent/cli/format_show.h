/* SPDX-License-Identifier: Apache-2.0 */
/* format_show: how a format profile understands a log: what was decided by the file itself, and its
 * first rows, for the person who writes the profile (`check --format`, `format new`). */
#pragma once

#include <stdio.h>

#include "agent/cli/cli.h"
#include "agent/pay/logfile.h"

enum { FORMAT_SHOW_ROWS = 10 };

struct format_show {
    const struct agent_config *config;
    struct profiles profiles; /* owned */
    const struct profile *profile;
    const char *only;
    struct tokens *tokens; /* owned; under the public key */
    platform_file file;    /* taken by format_show_print() */
    const char *path;
};

/* Formats, tokens and the sample, before the lock-down. Says what is wrong: return *exit then. */
bool format_show_open(struct format_show *s, const struct agent_config *config, const char *command,
                      const char *path, enum vg_exit *exit);
void format_show_done(struct format_show *s);
/* No rights but what is open. */
bool format_show_lock(const char *command);
/* VG_EXIT_DONE; VG_EXIT_INPUT: not recognised, or no record; VG_EXIT_USAGE: more than a tenth of the
 * records cannot be read. */
enum vg_exit format_show_print(struct format_show *s, FILE *to);
