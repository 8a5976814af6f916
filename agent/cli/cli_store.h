/* SPDX-License-Identifier: Apache-2.0 */
/* cli_store: what the commands that look into the store share. */
#pragma once

#include "agent/cli/cli.h"
#include "agent/keeper/store.h"

struct cli_store {
    struct agent_config config;
    struct store *store;
    struct texts *texts; /* NULL where the command wants none or there are none */
};

/* Configuration and the store to read, also while `run` runs. Tells what is wrong on stderr and
 * gives the exit code; VG_EXIT_DONE: *out is the caller's, cli_store_done(). */
int cli_store_open(const char *config_path, bool with_texts, struct cli_store *out);
void cli_store_done(struct cli_store *s);

/* The one event whose id is or begins with `id` (8 or more characters), as JSON: new reference.
 * NULL after telling on stderr that there is none or several; *code is the exit code. */
json_t *cli_store_event(struct cli_store *s, const char *command, const char *id, int *code);

/* "7d" or an RFC 3339 time to an instant; false after cli_usage(). */
bool cli_since(const char *command, const char *text, int64_t *out);
