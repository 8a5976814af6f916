/* SPDX-License-Identifier: Apache-2.0 */
/* worker_file: the file sensor: all files of the configured folders once, then new and changed ones
 * as they come. What a file was when it was last scanned (identity, size, time) is a row, so that a
 * restart does not scan it again; a change is looked for whenever a folder (by itself, or with its whole
 * drive where the keeper had the right) says that something moved, and once an hour; once a day, at a quiet hour, all is gone through (file_pass.h). Sticks are roots
 * as long as they are mounted; nothing on them stays open. Files beyond the rows in which nothing was found are remembered in
 * STATE/scan.known (file_known.h), with what could not be looked at in them. With new rules all is scanned again, slowly. It uses a quarter of one core at most
 * over the seconds, a tenth for what only the rules are new to; network drives mounted below a watched
 * folder are left alone, sticks are not. */
#pragma once

#include "agent/link/worker.h"

enum {
    WORKER_FILE_KNOWN_MAX = 16384,  /* files remembered; the one looked at longest ago goes */
    WORKER_FILE_COMMIT_FILES = 200, /* commit after as many scans */
};

extern const struct worker_ops WORKER_FILE;
