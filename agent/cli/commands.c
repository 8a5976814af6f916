/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands: a new one is its file, its line in commands.h and its row here. */
#include "agent/cli/commands.h"

#include "agent/cli/cli.h"

#define HELP_CONFIG "  -c, --config FILE  configuration (default /etc/vigia/agent.yaml)\n"

const struct cli_command CLI_COMMANDS[] = {
    {"check", "check [-c FILE]", "Check the configuration, the rules and the log formats",
     HELP_CONFIG "Exit code 0: all is well; 2: something is wrong, told with file and line.\n",
     cmd_check},
    {NULL, NULL, NULL, NULL, NULL},
};
