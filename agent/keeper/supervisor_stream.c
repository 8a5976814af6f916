/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "agent/keeper/supervisor_worker.h"

enum { READ_PIECE = 64 * 1024, READS_AT_ONCE = 8, OUT_KEPT = 64 * 1024 };

/* ---- out ---- */

static void
file_gone(struct supervised *w)
{
    platform_file_close(w->out_file);
    w->out_file = PLATFORM_NO_HANDLE;
}

/* Writes until the stream is full. A file goes with the first byte of its frame, so a piece ends
 * before that byte. */
static enum vg_err
write_some(struct supervised *w)
{
    while (w->out.len > 0) {
        bool with_file = w->out_file != PLATFORM_NO_HANDLE && w->out_file_at == 0;
        bool before_file = w->out_file != PLATFORM_NO_HANDLE && !with_file;
        size_t size = before_file ? w->out_file_at : w->out.len, n;
        enum vg_err err = platform_stream_write(w->child.stream, w->out.data, size, &n,
                                                with_file ? w->out_file : PLATFORM_NO_HANDLE);

        if (err != VG_OK)
            return err;
        if (with_file)
            file_gone(w);
        if (before_file)
            w->out_file_at -= n;
        buf_consume(&w->out, n);
    }
    if (w->out.room > OUT_KEPT)
        buf_done(&w->out);
    return VG_OK;
}

void
supervised_send(struct supervised *w)
{
    enum vg_err err;

    if (!supervised_alive(w))
        return;
    if (w->out.bad) {
        supervised_end(w, "more to send than it may be sent");
        return;
    }
    err = write_some(w);
    if (err == VG_AGAIN)
        (void)event_add(w->writable, NULL);
    else if (err == VG_END)
        supervised_gone(w);
    else if (err != VG_OK)
        supervised_end(w, "cannot write to it: %s", vg_err_name(err));
}

void
supervised_send_frame(struct supervised *w, enum frame_type type, struct slice payload)
{
    if (!supervised_alive(w))
        return;
    frame_put(&w->out, type, payload);
    supervised_send(w);
}

void
supervised_send_file(struct supervised *w, enum frame_type type, struct slice payload,
                     platform_file file)
{
    if (!supervised_alive(w) || w->out_file != PLATFORM_NO_HANDLE) {
        platform_file_close(file);
        if (supervised_alive(w))
            supervised_end(w, "a second file on its way to it");
        return;
    }
    w->out_file = file;
    w->out_file_at = w->out.len;
    supervised_send_frame(w, type, payload);
}

static void
on_writable(evutil_socket_t stream, short what, void *ctx)
{
    supervised_send(ctx);
}

/* ---- in ---- */

/* Hands over whole frames until a commit has to be waited for. */
static void
take_frames(struct supervised *w)
{
    struct slice in = buf_slice(&w->in);
    enum vg_err err = VG_OK;

    while (err == VG_OK && w->commit == 0 && supervised_alive(w)) {
        enum frame_type type = 0;
        struct slice payload;

        err = frame_next(&in, &type, &payload);
        if (err != VG_OK)
            break;
        err = frame_gate_pass(&w->gate, w, type, payload);
        if (err != VG_OK)
            supervised_end(w, "frame %d of %zu bytes refused: %s", (int)type, payload.left,
                           vg_err_name(err));
    }
    if (!supervised_alive(w))
        return;
    if (err != VG_OK && err != VG_AGAIN)
        supervised_end(w, "broken frame: %s", vg_err_name(err));
    else
        buf_consume(&w->in, w->in.len - in.left);
}

/* Only the host worker passes files. */
static bool
take_file(struct supervised *w, platform_file file)
{
    if (file == PLATFORM_NO_HANDLE)
        return true;
    if (w->kind->sensor || w->s->answer_file != PLATFORM_NO_HANDLE) {
        platform_file_close(file);
        supervised_end(w, "a file that nobody asked for");
        return false;
    }
    w->s->answer_file = file;
    return true;
}

static void
on_readable(evutil_socket_t stream, short what, void *ctx)
{
    struct supervised *w = ctx;
    uint8_t piece[READ_PIECE];

    for (unsigned i = 0; i < READS_AT_ONCE && w->commit == 0 && supervised_alive(w); i++) {
        platform_file file;
        size_t n;
        enum vg_err err = platform_stream_read(w->child.stream, piece, sizeof piece, &n, &file);

        if (err == VG_AGAIN)
            return;
        if (err == VG_END) {
            supervised_gone(w);
            return;
        }
        if (err != VG_OK) {
            supervised_end(w, "cannot read from it: %s", vg_err_name(err));
            return;
        }
        if (!take_file(w, file))
            return;
        buf_put(&w->in, piece, n);
        if (w->in.bad) {
            supervised_end(w, "more than a frame at once");
            return;
        }
        take_frames(w);
    }
    if (supervised_alive(w) && w->commit != 0)
        (void)event_del(w->readable);
}

void
supervised_resume(struct supervised *w)
{
    take_frames(w);
    if (supervised_alive(w) && w->commit == 0)
        (void)event_add(w->readable, NULL);
}

enum vg_err
supervised_listen(struct supervised *w)
{
    struct event_base *loop = w->s->options.loop;
    evutil_socket_t stream = (evutil_socket_t)w->child.stream;

    buf_init(&w->in, FRAME_BYTES_MAX + FRAME_HEAD_SIZE + READ_PIECE);
    buf_init(&w->out, SUPERVISOR_OUT_MAX);
    w->readable = event_new(loop, stream, EV_READ | EV_PERSIST, on_readable, w);
    w->writable = event_new(loop, stream, EV_WRITE, on_writable, w);
    if (w->readable == NULL || w->writable == NULL || event_add(w->readable, NULL) != 0)
        return VG_ERR_NOMEM;
    return VG_OK;
}

void
supervised_deafen(struct supervised *w)
{
    if (w->readable != NULL)
        event_free(w->readable);
    if (w->writable != NULL)
        event_free(w->writable);
    w->readable = w->writable = NULL;
    if (w->out_file != PLATFORM_NO_HANDLE)
        file_gone(w);
    buf_done(&w->in);
    buf_done(&w->out);
    w->in.bad = w->out.bad = false;
}
