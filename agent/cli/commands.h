/* SPDX-License-Identifier: Apache-2.0 */
/* commands: what the rows of CLI_COMMANDS run; one file cmd_NAME.c each. */
#pragma once

int cmd_check(int argc, char **argv);
int cmd_read(int argc, char **argv);
