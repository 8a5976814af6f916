/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keeper/seal_ask.h"

#include <stdio.h>
#include <string.h>

#include "agent/keeper/post.h"
#include "common/hex.h"

struct question {
    struct event_base *loop;
    enum vg_err err;
    uint8_t *out;
    char *why;
};

static void
on_answer(void *ctx, const struct post_answer *a)
{
    struct question *q = ctx;
    json_t *answer = NULL;

    if (a->status == 0) {
        (void)snprintf(q->why, 160, "%s", a->why);
        q->err = VG_ERR_SYS;
    } else if (vg_json_parse(a->body, POST_ANSWER_MAX, &answer) != VG_OK) {
        (void)snprintf(q->why, 160, "HTTP %d, no JSON", a->status);
        q->err = VG_ERR_SYS;
    } else if (a->status != 200) {
        (void)snprintf(q->why, 160, "%s", vg_json_str(answer, "message", "refused"));
        q->err = VG_ERR_NOENT;
    } else {
        q->err = hex_parse_str(vg_json_str(answer, "seal_key", ""), q->out, 32);
        if (q->err != VG_OK)
            (void)snprintf(q->why, 160, "the answer holds no key");
    }
    json_decref(answer);
    (void)event_base_loopbreak(q->loop);
}

enum vg_err
seal_ask(const char *state_dir, const char *store_id, uint8_t out[32], char why[160])
{
    struct question q = {.loop = event_base_new(), .err = VG_ERR_SYS, .out = out, .why = why};
    struct identity identity;
    struct post *post = NULL;
    char body[64];
    int n = snprintf(body, sizeof body, "{\"store\":\"%s\"}", store_id);
    enum vg_err err = identity_load(state_dir, &identity);

    (void)snprintf(why, 160, "%s", err == VG_ERR_NOENT ? "not enrolled" : vg_err_name(err));
    if (err != VG_OK) {
        if (q.loop != NULL)
            event_base_free(q.loop);
        return err;
    }
    err = q.loop != NULL ? post_new(q.loop, on_answer, &q, &post) : VG_ERR_NOMEM;
    if (err == VG_OK)
        err = post_start(post, &identity, "/v1/seal-key", NULL, slice_of(body, (size_t)n));
    if (err == VG_OK) {
        (void)event_base_dispatch(q.loop);
        err = q.err;
    }
    post_free(post);
    if (q.loop != NULL)
        event_base_free(q.loop);
    identity_done(&identity);
    return err;
}
