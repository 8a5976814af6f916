/* SPDX-License-Identifier: Apache-2.0 */
/* system_file: what is never moved away, because the PC, or this agent, could not do without it.
 *
 * A system file lies at or under /bin, /sbin, /lib*, /usr, /etc, /boot, /dev, /proc, /sys, /run or
 * /var/lib/dpkg, or is on the list of a Debian package (wherever it lies: /opt too), or belongs to this
 * agent: its data, keys, rules, addresses, configuration, program. */
#pragma once

#include "agent/config.h"

struct system_files;

enum vg_err system_files_new(const struct agent_config *config,
                             struct system_files **out) VG_MUST_CHECK;
void system_files_free(struct system_files *s);
/* `path` without links. Reads the lists of packages. */
bool system_file_is(const struct system_files *s, const char *path);
