/* SPDX-License-Identifier: Apache-2.0 */
/* worker_host: the one worker that keeps rights, and therefore reads nothing that others wrote. The
 * keeper asks, it answers:
 *   {"what": "open", "path": P}   a regular file under the configured payments and files, to read
 *   {"what": "owner", "tcp": B, "v6": B, "local": HEX, "local_port": N, "remote": HEX,
 *    "remote_port": N}   -> {"pid", "name", "path", "user"}: the program behind a socket; addresses
 *                        are 32 hex digits, IPv4 in the first 8
 * VG_ERR_DENIED, VG_ERR_NOENT, VG_ERR_FORMAT (a question that it does not know), VG_ERR_SYS. */
#pragma once

#include "agent/link/worker.h"

extern const struct worker_ops WORKER_HOST;
