/* SPDX-License-Identifier: Apache-2.0 */
/* file_pool: files looked at by several threads that share one compiled rule set, told in the order in
 * which they were given.
 *
 * Owner: one thread, which walks, tells, and helps to look while the queue is full, so that `threads`
 * of them keep as many cores busy. Without further threads (one core, or the system gives none) it does
 * all by itself. Limit: FILE_POOL_QUEUE files wait or are looked at. */
#pragma once

#include "agent/file/file_look.h"

enum { FILE_POOL_QUEUE = 128, FILE_POOL_THREADS_MAX = 16 };

struct file_pool;

/* Called by the owner's thread within put() and finish(). */
typedef void file_pool_tell(void *ctx, const char *path, const struct file_verdict *verdict);

/* After the lock-down, which its threads then share. `rules` outlive it. packed: file_look_packed().
 * VG_ERR_NOMEM. */
enum vg_err file_pool_new(struct yara_rules *rules, size_t threads, bool packed,
                          file_pool_tell *tell, void *ctx, struct file_pool **out) VG_MUST_CHECK;
void file_pool_free(struct file_pool *pool); /* what was not told is dropped */

/* VG_ERR_NOMEM: not taken. */
enum vg_err file_pool_put(struct file_pool *pool, const char *path) VG_MUST_CHECK;
void file_pool_finish(struct file_pool *pool); /* until all is told */
