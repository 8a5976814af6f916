/* SPDX-License-Identifier: Apache-2.0 */
/* linux: what the Linux files of this folder share. Included nowhere else. */
#pragma once

#include "agent/platform/platform.h"

/* The result that an errno value stands for; errno itself is left for the caller's message. */
enum vg_err linux_err(int error);
/* linux_err(errno). */
enum vg_err linux_errno(void);
/* close() that keeps errno. */
void linux_close(int fd);
