/* SPDX-License-Identifier: Apache-2.0 */
/* programs: SHA-256 of the files that programs were started from, each file once, read in slices
 * between which others come first.
 *
 * A file is known by volume, number, size and time of change; a number of ours stands for it, so
 * that the fingerprint can be asked for later. Processor time is metered (meter.h). */
#pragma once

#include "agent/host/meter.h"
#include "agent/platform/platform.h"

enum {
    PROGRAMS_MAX = 256,     /* files remembered; the one not asked for the longest goes first */
    PROGRAMS_OPEN_MAX = 16, /* files that wait for their turn, opened */
    PROGRAMS_SLICE_BYTES = 256 * 1024,
    PROGRAM_HASH_SIZE = 65,
};
#define PROGRAMS_FILE_BYTES_MAX (UINT64_C(1) << 30) /* larger ones get no fingerprint */

struct programs;

enum vg_err programs_new(struct programs **out) VG_MUST_CHECK;
void programs_free(struct programs *p);

/* The number of the file that this process runs, 0 where it has none; its fingerprint in `hash`, ""
 * while it is not known. */
uint64_t programs_see(struct programs *p, int64_t pid, char hash[PROGRAM_HASH_SIZE]);
/* VG_AGAIN: not yet. VG_ERR_NOENT: no such number (any more), or a file that is not read. */
enum vg_err programs_hash(struct programs *p, uint64_t number,
                          char hash[PROGRAM_HASH_SIZE]) VG_MUST_CHECK;
/* One slice, if its time has come. Returns how long to wait for the next, -1: nothing to do. */
int64_t programs_work(struct programs *p);
