/* SPDX-License-Identifier: Apache-2.0 */
/* commands: what the rows of CLI_COMMANDS run; one file cmd_NAME.c each. */
#pragma once

int cmd_alerts(int argc, char **argv);
int cmd_bundle(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_enroll(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_feedback(int argc, char **argv);
int cmd_format(int argc, char **argv);
int cmd_pay(int argc, char **argv);
int cmd_quarantine(int argc, char **argv);
int cmd_read(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_scan(int argc, char **argv);
