/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands: a new one is its file, its line in commands.h and its row here. */
#include "agent/cli/commands.h"

#include "agent/cli/cli.h"

#define HELP_CONFIG "  -c, --config FILE  configuration (default /etc/vigia/agent.yaml)\n"

const struct cli_command CLI_COMMANDS[] = {
    {"check", "check [-c FILE]", "Check the configuration, the rules and the log formats",
     HELP_CONFIG "Exit code 0: all is well; 2: something is wrong, told with file and line.\n",
     cmd_check},
    {"read", "read CAPTURE... [--learn CAPTURE]... [--json] [--metadata FILE|-]",
     "Analyse captures with everything that `run` does, without a store",
     "      --learn CAPTURE   learn from this capture first, silently; may be repeated\n"
     "      --json            alerts as one JSON object a line\n"
     "      --metadata FILE   flows, DNS, HTTP, TLS and ARP as one JSON object a line; with '-'\n"
     "                        on standard output, and alerts on standard error\n"
     "      --no-sandbox      for tests: keep all rights while reading\n" HELP_CONFIG
     "Exit code 0: done; 1: done, and there is an alert; 2: wrong usage or configuration;\n"
     "3: a capture cannot be opened, is none or holds no packet; 4: internal error.\n",
     cmd_read},
    {NULL, NULL, NULL, NULL, NULL},
};
