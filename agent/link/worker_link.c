/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/link/worker_link.h"

#include <string.h>

#include "common/json.h"

enum { READ_PIECE = 64 * 1024, READS_AT_ONCE = 64 };

enum vg_err
worker_link_init(struct worker_link *l, const struct worker_ops *ops, platform_stream stream)
{
    *l = (struct worker_link){.ops = ops, .stream = stream};
    l->opener.file = l->opener.drives = PLATFORM_NO_HANDLE;
    buf_init(&l->in, FRAME_BYTES_MAX + FRAME_HEAD_SIZE + READ_PIECE);
    buf_init(&l->out, WORKER_OUT_MAX);
    l->feedback = json_array();
    return l->feedback != NULL ? VG_OK : VG_ERR_NOMEM;
}

void
worker_link_done(struct worker_link *l)
{
    for (size_t i = 0; i < l->file_count; i++)
        platform_file_close(l->files[i]);
    if (l->opener.file != PLATFORM_NO_HANDLE)
        platform_file_close(l->opener.file);
    if (l->opener.drives != PLATFORM_NO_HANDLE)
        platform_file_close(l->opener.drives);
    json_decref(l->opener.owner.answer);
    json_decref(l->opener.moved);
    json_decref(l->config);
    json_decref(l->feedback);
    buf_done(&l->in);
    buf_done(&l->out);
    platform_stream_close(l->stream);
}

/* ---- writing ---- */

static enum vg_err
write_stream(struct worker_link *l)
{
    while (l->out.len > 0) {
        size_t n;
        enum vg_err err =
            platform_stream_write(l->stream, l->out.data, l->out.len, &n, PLATFORM_NO_HANDLE);

        if (err == VG_AGAIN)
            return VG_OK;
        if (err == VG_END)
            l->gone = true;
        if (err != VG_OK)
            return err;
        buf_consume(&l->out, n);
    }
    return VG_OK;
}

/* ---- frames from the keeper ---- */

static platform_file
take_file(struct worker_link *l)
{
    platform_file file;

    if (l->file_count == 0)
        return PLATFORM_NO_HANDLE;
    file = l->files[0];
    l->file_count--;
    memmove(l->files, l->files + 1, l->file_count * sizeof l->files[0]);
    return file;
}

static enum vg_err
on_config(struct worker_link *l, struct slice payload)
{
    if (l->config != NULL)
        return VG_ERR_FORMAT;
    l->opener.drives = take_file(l);
    return vg_json_parse(payload, FRAME_BYTES_MAX, &l->config);
}

static enum vg_err
on_state(struct worker_link *l, struct slice payload)
{
    struct slice name = frame_text(&payload);
    struct slice key = frame_text(&payload);
    uint16_t version = slice_be16(&payload);
    char detector[128] = "";

    if (payload.bad || l->go || l->self == NULL || name.left >= sizeof detector)
        return VG_ERR_FORMAT;
    (void)slice_copy(&name, detector, name.left);
    return l->ops->restore != NULL ? l->ops->restore(l->self, detector, key, version, payload)
                                   : VG_OK;
}

static enum vg_err
on_position(struct worker_link *l, struct slice payload)
{
    struct slice name = frame_text(&payload);
    char source[4097] = "";
    json_t *position;
    enum vg_err err;

    if (payload.bad || l->go || l->self == NULL || name.left >= sizeof source)
        return VG_ERR_FORMAT;
    (void)slice_copy(&name, source, name.left);
    err = vg_json_parse(payload, FRAME_BYTES_MAX, &position);
    if (err != VG_OK)
        return err;
    if (l->ops->position != NULL)
        err = l->ops->position(l->self, source, position);
    json_decref(position);
    return err;
}

static enum vg_err
on_go(struct worker_link *l, struct slice payload)
{
    l->go = true;
    return VG_OK;
}

static enum vg_err
on_ack(struct worker_link *l, struct slice payload)
{
    uint64_t number = slice_be64(&payload);

    if (payload.bad || number > l->committed)
        return VG_ERR_FORMAT;
    l->acked = number;
    return VG_OK;
}

static enum vg_err
on_tick(struct worker_link *l, struct slice payload)
{
    uint64_t now = slice_be64(&payload);

    if (payload.bad || now > INT64_MAX)
        return VG_ERR_FORMAT;
    l->tick_ns = (int64_t)now;
    return VG_OK;
}

static enum vg_err
on_feedback(struct worker_link *l, struct slice payload)
{
    json_t *feedback;
    enum vg_err err = vg_json_parse(payload, FRAME_BYTES_MAX, &feedback);

    if (err != VG_OK)
        return err;
    /* A set of exceptions takes the place of all before it, so it may not be the one that is dropped. */
    if (json_array_size(l->feedback) >= WORKER_FEEDBACK_MAX) {
        if (json_object_get(feedback, "exceptions") == NULL) {
            json_decref(feedback);
            return VG_OK;
        }
        (void)json_array_remove(l->feedback, 0);
    }
    return json_array_append_new(l->feedback, feedback) == 0 ? VG_OK : VG_ERR_NOMEM;
}

static enum vg_err
on_handle(struct worker_link *l, struct slice payload)
{
    uint32_t number = slice_be32(&payload), err = slice_be32(&payload);
    platform_file file;

    if (payload.bad || number != l->opener.number || l->opener.answered)
        return VG_ERR_FORMAT;
    file = err == VG_OK ? take_file(l) : PLATFORM_NO_HANDLE;
    if (err == VG_OK && file == PLATFORM_NO_HANDLE)
        return VG_ERR_FORMAT;
    l->opener.answered = true;
    l->opener.err = err <= VG_ERR_SYS ? (enum vg_err)err : VG_ERR_SYS;
    l->opener.file = file;
    return VG_OK;
}

static enum vg_err
on_moved(struct worker_link *l, struct slice payload)
{
    uint32_t number = slice_be32(&payload), err = slice_be32(&payload);
    enum vg_err parsed;

    if (payload.bad || number != l->opener.number || l->opener.answered || l->opener.moved != NULL)
        return VG_ERR_FORMAT;
    parsed = vg_json_parse(payload, FRAME_BYTES_MAX, &l->opener.moved);
    if (parsed != VG_OK)
        return parsed;
    l->opener.answered = true;
    l->opener.err = err <= VG_ERR_SYS ? (enum vg_err)err : VG_ERR_SYS;
    return VG_OK;
}

static enum vg_err
on_owner(struct worker_link *l, struct slice payload)
{
    struct worker_owner *o = &l->opener.owner;
    uint32_t number = slice_be32(&payload), err = slice_be32(&payload);
    enum vg_err parsed;

    if (payload.bad || !o->asked || o->answered || number != o->number)
        return VG_ERR_FORMAT;
    parsed = vg_json_parse(payload, FRAME_BYTES_MAX, &o->answer);
    if (parsed != VG_OK)
        return parsed;
    o->err = err <= VG_ERR_SYS ? (enum vg_err)err : VG_ERR_SYS;
    o->answered = true;
    return VG_OK;
}

/* Writes everything without reading: for use while frames are being taken. */
static enum vg_err
write_all(struct worker_link *l)
{
    platform_handle handle = l->stream;
    unsigned ready;
    enum vg_err err;

    for (;;) {
        err = l->out.bad ? VG_ERR_LIMIT : write_stream(l);
        if (err != VG_OK || l->out.len == 0)
            return err;
        err = platform_wait(&handle, 1, 1, -1, &ready);
        if (err != VG_OK)
            return err;
    }
}

/* Sends the first byte of what waits together with a file. */
static enum vg_err
write_with_file(struct worker_link *l, platform_file file)
{
    platform_handle handle = l->stream;
    unsigned ready;
    size_t n;
    enum vg_err err;

    while ((err = platform_stream_write(l->stream, l->out.data, l->out.len, &n, file)) ==
           VG_AGAIN) {
        err = platform_wait(&handle, 1, 1, -1, &ready);
        if (err != VG_OK)
            return err;
    }
    if (err == VG_OK)
        buf_consume(&l->out, n);
    return err;
}

/* Host worker: answers on the spot, it has no other work. */
static enum vg_err
on_ask(struct worker_link *l, struct slice payload)
{
    uint32_t number = slice_be32(&payload);
    json_t *question, *answer = NULL;
    platform_file file = PLATFORM_NO_HANDLE;
    size_t mark;
    enum vg_err err, told;

    if (payload.bad || l->ops->ask == NULL || l->self == NULL)
        return VG_ERR_FORMAT;
    err = vg_json_parse(payload, FRAME_BYTES_MAX, &question);
    if (err != VG_OK)
        return err;
    told = l->ops->ask(l->self, question, &answer, &file);
    json_decref(question);
    err = write_all(l); /* the file goes along with the first byte of its own frame */
    mark = frame_begin(&l->out, FRAME_ANSWER);
    buf_put_be32(&l->out, number);
    buf_put_be32(&l->out, (uint32_t)told);
    if (answer != NULL)
        vg_json_write(answer, &l->out);
    else
        buf_put_str(&l->out, "{}");
    frame_end(&l->out, mark);
    json_decref(answer);
    if (err == VG_OK && l->out.bad)
        err = VG_ERR_LIMIT;
    if (err == VG_OK && file != PLATFORM_NO_HANDLE)
        err = write_with_file(l, file);
    if (file != PLATFORM_NO_HANDLE)
        platform_file_close(file);
    return err == VG_OK ? write_all(l) : err;
}

static enum vg_err
on_stop(struct worker_link *l, struct slice payload)
{
    l->stop = true;
    return VG_OK;
}

static enum vg_err
dispatch(struct worker_link *l, enum frame_type type, struct slice payload)
{
    static const struct {
        enum frame_type type;
        enum vg_err (*handle)(struct worker_link *l, struct slice payload);
    } table[] = {
        {FRAME_CONFIG, on_config}, {FRAME_STATE, on_state},       {FRAME_POSITION, on_position},
        {FRAME_GO, on_go},         {FRAME_ACK, on_ack},           {FRAME_TICK, on_tick},
        {FRAME_STOP, on_stop},     {FRAME_FEEDBACK, on_feedback}, {FRAME_HANDLE, on_handle},
        {FRAME_ASK, on_ask},       {FRAME_OWNER, on_owner},       {FRAME_MOVED, on_moved},
    };

    for (size_t i = 0; i < VG_ARRAY_LEN(table); i++)
        if (table[i].type == type)
            return table[i].handle(l, payload);
    return VG_ERR_FORMAT;
}

/* ---- reading ---- */

static enum vg_err
take_frames(struct worker_link *l)
{
    struct slice in = buf_slice(&l->in);
    enum frame_type type;
    struct slice payload;
    enum vg_err err;

    while ((err = frame_next(&in, &type, &payload)) == VG_OK) {
        err = dispatch(l, type, payload);
        if (err != VG_OK)
            break;
    }
    buf_consume(&l->in, l->in.len - in.left);
    return err == VG_AGAIN ? VG_OK : err;
}

static enum vg_err
read_stream(struct worker_link *l)
{
    uint8_t piece[READ_PIECE];

    for (unsigned i = 0; i < READS_AT_ONCE; i++) {
        platform_file file;
        size_t n;
        enum vg_err err = platform_stream_read(l->stream, piece, sizeof piece, &n, &file);

        if (err == VG_AGAIN)
            return VG_OK;
        if (err == VG_END) {
            l->gone = true;
            return VG_END;
        }
        if (err != VG_OK)
            return err;
        if (file != PLATFORM_NO_HANDLE) {
            if (l->file_count == WORKER_FILES_MAX) {
                platform_file_close(file);
                return VG_ERR_LIMIT;
            }
            l->files[l->file_count++] = file;
        }
        buf_put(&l->in, piece, n);
        if (l->in.bad)
            return VG_ERR_LIMIT;
        err = take_frames(l);
        if (err != VG_OK)
            return err;
    }
    return VG_OK;
}

enum vg_err
worker_link_pump(struct worker_link *l, platform_handle other, int64_t wait_ns)
{
    platform_handle handles[3] = {l->stream};
    size_t count = 1;
    unsigned want_write = 0, ready;
    enum vg_err err = l->out.bad ? VG_ERR_LIMIT : write_stream(l);

    if (err != VG_OK)
        return err;
    if (l->out.len > 0) {
        want_write = 1u << count;
        handles[count++] = l->stream;
    }
    if (other != PLATFORM_NO_HANDLE)
        handles[count++] = other;
    err = platform_wait(handles, count, want_write, wait_ns, &ready);
    if (err == VG_OK && want_write != 0 && (ready & want_write) != 0)
        err = write_stream(l);
    if (err == VG_OK && (ready & 1) != 0)
        err = read_stream(l);
    return err;
}

enum vg_err
worker_link_flush(struct worker_link *l)
{
    enum vg_err err = l->out.bad ? VG_ERR_LIMIT : write_stream(l);

    while (err == VG_OK && l->out.len > 0)
        err = worker_link_pump(l, PLATFORM_NO_HANDLE, -1);
    return err;
}
