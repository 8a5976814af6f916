/* SPDX-License-Identifier: Apache-2.0 */
/* maildir: one message as one file (tmp/ then new/), for mail_route.deliver. */
#pragma once

#include "common/slice.h"

/* Durable on VG_OK; a file of that name that is there already stays. VG_ERR_LIMIT: the disk is full;
 * VG_ERR_SYS. */
enum vg_err maildir_deliver(const char *folder, const char *name,
                            struct slice content) VG_MUST_CHECK;
