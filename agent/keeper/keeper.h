/* SPDX-License-Identifier: Apache-2.0 */
/* keeper: the service itself. One event loop over the store, the workers, the collector's
 * connection, the owner's mail, feedback, retention and the status file. */
#pragma once

#include "agent/config.h"

struct keeper_options {
    const struct agent_config *config;
    const struct texts *texts;
    const char *program; /* path of this program, for the workers */
    bool sandbox;
};

/* Runs until it is told to stop. Everything borrowed. Returns the exit code. */
int keeper_run(const struct keeper_options *options);
