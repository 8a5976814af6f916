/* SPDX-License-Identifier: Apache-2.0 */
/* worker_host: the one worker that keeps rights, and therefore reads nothing that others wrote. The
 * keeper asks, it answers:
 *   {"what": "open", "path": HEX}   a regular file under the configured payments and files, to read
 *   {"what": "owner", "tcp": B, "v6": B, "local": HEX, "local_port": N, "remote": HEX,
 *    "remote_port": N}   -> {"pid", "name", "path", "user", "file", "sha256"}: the program behind a
 *                        socket; addresses are 32 hex digits, IPv4 in the first 8; `file` is a
 *                        number for {"what": "hash"}, `sha256` "" while the file is being read
 *   {"what": "hash", "file": N}   -> {"sha256"}, or VG_AGAIN
 *   {"what": "writer", "volume", "file"}   -> {"program", "program_path"}: who wrote a file last, as far
 *                        as that was seen (writers.h)
 *   {"what": "seal"|"take", ...}   a step of the quarantine (worker.h), where the owner wants one
 * VG_ERR_DENIED, VG_ERR_NOENT, VG_ERR_FORMAT (a question that it does not know), VG_ERR_SYS;
 * VG_ERR_LIMIT: no processor time is left for owners (meter.h), ask later. */
#pragma once

#include "agent/link/worker.h"

extern const struct worker_ops WORKER_HOST;
