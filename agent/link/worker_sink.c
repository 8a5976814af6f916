/* SPDX-License-Identifier: Apache-2.0 */
/* The sink over the link: records are gathered and written in large pieces; a commit waits until
 * the keeper says that it is durable. The void functions cannot tell that the keeper is gone: the
 * next commit does. */
#include "agent/link/worker_link.h"

#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/log.h"

static void
sent(struct worker_link *l, bool to_commit)
{
    l->pending = l->pending || to_commit;
    if (l->out.len >= WORKER_OUT_FLUSH && !l->gone && worker_link_flush(l) != VG_OK)
        l->gone = true;
}

static void
sink_event(void *ctx, json_t *event)
{
    struct worker_link *l = ctx;
    struct buf text;

    buf_init(&text, EVENT_BYTES_MAX);
    vg_json_write(event, &text);
    if (text.bad && json_object_del(event, "evidence") == 0) {
        /* Better without its evidence than not at all. */
        buf_clear(&text);
        vg_json_write(event, &text);
    }
    if (text.bad)
        log_event(LOG_LEVEL_ERROR, "worker.event_too_large", "detector=%s",
                  log_quote(vg_json_str(event, "detector", "")));
    else
        frame_put(&l->out, FRAME_EVENT, buf_slice(&text));
    buf_done(&text);
    json_decref(event);
    sent(l, true);
}

static void
sink_observation(void *ctx, struct slice json)
{
    struct worker_link *l = ctx;

    if (json.left > EVENT_BYTES_MAX)
        return;
    frame_put(&l->out, FRAME_OBSERVATION, json);
    sent(l, true);
}

static void
sink_state(void *ctx, const char *detector, struct slice key, uint16_t version, struct slice blob)
{
    struct worker_link *l = ctx;
    size_t mark;

    if (key.left > STATE_KEY_MAX || blob.left > STATE_BLOB_MAX) {
        log_event(LOG_LEVEL_ERROR, "worker.row_too_large", "detector=%s key=%zu blob=%zu",
                  log_quote(detector), key.left, blob.left);
        return;
    }
    mark = frame_begin(&l->out, FRAME_STATE);
    frame_put_text(&l->out, detector, strlen(detector));
    frame_put_text(&l->out, key.at, key.left);
    buf_put_be16(&l->out, version);
    buf_put(&l->out, blob.at, blob.left);
    frame_end(&l->out, mark);
    sent(l, true);
}

static void
sink_position(void *ctx, const char *source, struct slice json)
{
    struct worker_link *l = ctx;
    size_t mark = frame_begin(&l->out, FRAME_POSITION);

    frame_put_text(&l->out, source, strlen(source));
    buf_put(&l->out, json.at, json.left);
    frame_end(&l->out, mark);
    sent(l, true);
}

static void
sink_health(void *ctx, struct slice json)
{
    struct worker_link *l = ctx;

    frame_put(&l->out, FRAME_HEALTH, json);
    sent(l, false);
}

static enum vg_err
sink_commit(void *ctx)
{
    struct worker_link *l = ctx;
    size_t mark;
    enum vg_err err;

    if (l->gone)
        return VG_ERR_SYS;
    if (!l->pending)
        return VG_OK;
    mark = frame_begin(&l->out, FRAME_COMMIT);
    buf_put_be64(&l->out, ++l->committed);
    frame_end(&l->out, mark);
    err = worker_link_flush(l);
    while (err == VG_OK && l->acked < l->committed)
        err = worker_link_pump(l, PLATFORM_NO_HANDLE, -1);
    if (err != VG_OK) {
        l->gone = true;
        return VG_ERR_SYS;
    }
    l->pending = false;
    return VG_OK;
}

const struct sink_ops WORKER_SINK = {
    .event = sink_event,
    .observation = sink_observation,
    .state = sink_state,
    .position = sink_position,
    .commit = sink_commit,
    .health = sink_health,
};

static struct worker_link *
link_of(struct worker_opener *opener)
{
    return (struct worker_link *)(void *)((char *)opener - offsetof(struct worker_link, opener));
}

/* VG_OK: *mark begins a frame that the caller fills and ends. */
static enum vg_err
begin_question(struct worker_link *l, size_t *mark)
{
    struct worker_owner *o = &l->opener.owner;

    if (l->gone)
        return VG_ERR_SYS;
    if (o->asked)
        return VG_AGAIN;
    o->asked = true;
    o->answered = false;
    *mark = frame_begin(&l->out, FRAME_WHOSE);
    buf_put_be32(&l->out, ++o->number);
    return VG_OK;
}

enum vg_err
worker_ask_owner(struct worker_opener *opener, const struct worker_socket *socket)
{
    struct worker_link *l = link_of(opener);
    size_t mark;
    enum vg_err err = begin_question(l, &mark);

    if (err != VG_OK)
        return err;
    buf_put_u8(&l->out, (uint8_t)((socket->tcp ? 1 : 0) | (socket->v6 ? 2 : 0)));
    buf_put(&l->out, socket->local, sizeof socket->local);
    buf_put_be16(&l->out, socket->local_port);
    buf_put(&l->out, socket->remote, sizeof socket->remote);
    buf_put_be16(&l->out, socket->remote_port);
    frame_end(&l->out, mark);
    return VG_OK; /* written with the next look at the stream */
}

enum vg_err
worker_ask_hash(struct worker_opener *opener, uint64_t file)
{
    struct worker_link *l = link_of(opener);
    size_t mark;
    enum vg_err err = begin_question(l, &mark);

    if (err != VG_OK)
        return err;
    buf_put_be64(&l->out, file);
    frame_end(&l->out, mark);
    return VG_OK;
}

/* Sends what begins at `mark`, and waits for its answer. */
static enum vg_err
wait_answer(struct worker_link *l, size_t mark)
{
    enum vg_err err;

    frame_end(&l->out, mark);
    err = worker_link_flush(l);
    while (err == VG_OK && !l->opener.answered)
        err = worker_link_pump(l, PLATFORM_NO_HANDLE, -1);
    if (err == VG_OK)
        return VG_OK;
    l->gone = true;
    return VG_ERR_SYS;
}

static size_t
begin_wait(struct worker_link *l, enum frame_type type)
{
    size_t mark = frame_begin(&l->out, type);

    l->opener.answered = false;
    buf_put_be32(&l->out, ++l->opener.number);
    return mark;
}

platform_file
worker_drives_take(struct worker_opener *opener)
{
    platform_file drives = opener != NULL ? opener->drives : PLATFORM_NO_HANDLE;

    if (opener != NULL)
        opener->drives = PLATFORM_NO_HANDLE;
    return drives;
}

enum vg_err
worker_open_path(struct worker_opener *opener, const char *path, platform_file *out)
{
    struct worker_link *l = link_of(opener);
    size_t mark;
    enum vg_err err;

    if (l->gone)
        return VG_ERR_SYS;
    mark = begin_wait(l, FRAME_OPEN);
    buf_put_str(&l->out, path);
    err = wait_answer(l, mark);
    if (err != VG_OK)
        return err;
    if (opener->err == VG_OK)
        *out = opener->file;
    opener->file = PLATFORM_NO_HANDLE;
    return opener->err;
}

enum vg_err
worker_ask_file(struct worker_opener *opener, const json_t *question, json_t **answer)
{
    struct worker_link *l = link_of(opener);
    size_t mark;
    enum vg_err err;

    if (l->gone)
        return VG_ERR_SYS;
    mark = begin_wait(l, FRAME_MOVE);
    vg_json_write(question, &l->out);
    err = wait_answer(l, mark);
    if (err != VG_OK)
        return err;
    *answer = opener->moved;
    opener->moved = NULL;
    return *answer != NULL ? opener->err : VG_ERR_SYS;
}
