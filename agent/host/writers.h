/* SPDX-License-Identifier: Apache-2.0 */
/* writers: which program wrote a file last, of the files under the watched folders; live, and where this
 * agent had the right to ask the kernel (fanotify). A file is known by device and number, so that a
 * download that is renamed when it is whole keeps its program. One that has ended by the time it is looked
 * at stays nameless.
 *
 * Limits: WRITERS_MAX files, the oldest forgotten; processor time is metered (meter.h): beyond that events
 * are counted, not looked at. */
#pragma once

#include "agent/host/meter.h"
#include "agent/platform/platform.h"
#include "common/json.h"

enum { WRITERS_MAX = 1024 };

struct writers;

/* By a handle of platform_drives_open() (taken), under these folders (resolved; NULL entries match nothing;
 * borrowed and looked at each time). */
enum vg_err writers_new(platform_file drives, char *const *roots, size_t count,
                        struct writers **out) VG_MUST_CHECK;
void writers_free(struct writers *w);
platform_handle writers_handle(const struct writers *w);
/* Takes in what has come. Returns true when there may be more. */
bool writers_work(struct writers *w);
/* {"program", "program_path"} of the file; VG_ERR_NOENT. */
enum vg_err writers_of(const struct writers *w, const struct platform_identity *file,
                       json_t **answer) VG_MUST_CHECK;
uint64_t writers_missed(const struct writers *w); /* events */
