/* SPDX-License-Identifier: Apache-2.0 */
/* ship_private: what the files of shipping share: what is next (ship.c), requests (ship_request.c), their
 * answers (ship_answer.c). Included nowhere else. */
#pragma once

#include "agent/keeper/identity.h"
#include "agent/keeper/post.h"
#include "agent/keeper/ship.h"

enum ship_step { STEP_HELLO, STEP_EVENTS, STEP_RENEW, STEP_BUNDLE };

struct ship {
    struct ship_options o;
    struct post *post;
    struct event *wake;
    bool enrolled;
    struct identity identity;

    enum ship_step step; /* of the request under way */
    struct buf body;
    int64_t cursor;     /* sent and durable up to here; -1: ask the store */
    int64_t batch_last; /* highest number of the batch under way */
    size_t batch_count, batch_max;
    bool said_hello, seal_key_sent, renew_asked;
    bool expired_told;              /* since the last request that went well */
    int64_t hello_due_ns, fresh_ns; /* monotonic; when the oldest unsent event was announced */
    int64_t renew_after_ns, anew_after_ns, news_after_ns; /* monotonic: not again before */

    unsigned failures;
    int64_t not_before_ns; /* monotonic */
    const char *state;
    int64_t last_contact_ns; /* wall */
    char last_error[POST_WHY_MAX];
};

/* Notes it and waits, at least least_s, longer each time. */
void ship_fail(struct ship *s, const char *why, int least_s);
/* The next request, or a time to look again. */
void ship_pump(struct ship *s);

/* False: it could not be made. */
bool ship_send_json(struct ship *s, enum ship_step step, const char *path, json_t *body);
bool ship_send_hello(struct ship *s);
bool ship_send_renew(struct ship *s);
/* False: nothing to send, or it cannot be sent (then the failure was noted). */
bool ship_send_events(struct ship *s);

void ship_on_answer(void *ctx, const struct post_answer *a); /* post_fn */
