/* SPDX-License-Identifier: Apache-2.0 */
/* vigia-agent: finds the command in the table of agent/cli and runs it. */
#include <stdio.h>
#include <string.h>

#include "common/base.h"

int
main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts("vigia-agent " VIGIA_VERSION);
        return VG_EXIT_DONE;
    }
    fputs("usage: vigia-agent COMMAND [OPTION]...\n", stderr);
    return VG_EXIT_USAGE;
}
