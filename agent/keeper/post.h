/* SPDX-License-Identifier: Apache-2.0 */
/* post: one HTTPS POST at a time on the keeper's loop, by libcurl's multi interface: nothing blocks.
 * Only the enrolled CA is trusted; the agent shows its own certificate. */
#pragma once

#include <event2/event.h>

#include "agent/keeper/identity.h"

enum { POST_ANSWER_MAX = 256 * 1024, POST_WHY_MAX = 160 };

struct post_answer {
    int status;        /* 0: no answer came, `why` says why */
    int retry_after_s; /* 0: not told */
    struct slice body; /* borrowed for the call */
    const char *why;
};
typedef void post_done_fn(void *ctx, const struct post_answer *answer);

struct post;
enum vg_err post_new(struct event_base *loop, post_done_fn *done, void *ctx,
                     struct post **out) VG_MUST_CHECK;
void post_free(struct post *post); /* done() is not called any more; NULL is fine */

/* Sends `body` (borrowed until done()) to identity->url + path. `headers`: NULL-ended lines beside the
 * content type. VG_ERR_EXISTS: one is under way. VG_ERR_NOMEM. */
enum vg_err post_start(struct post *post, const struct identity *identity, const char *path,
                       const char *const *headers, struct slice body) VG_MUST_CHECK;
bool post_busy(const struct post *post);
