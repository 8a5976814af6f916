/* SPDX-License-Identifier: Apache-2.0 */
/* What the net sensor reads: captures one after the other, or interfaces as they come. */
#include <string.h>

#include "agent/net/sensor_private.h"
#include "common/vtime.h"

#define WAIT_NS         (500 * VG_MS_NS)
#define WAIT_SEVERAL_NS (50 * VG_MS_NS)

/* ---- captures ---- */

static void
told(struct sensor *s, const struct source *source, enum vg_err err, const char *why)
{
    if (s->options.told != NULL)
        s->options.told(s->options.ctx, source->path, err, s->place.packet, why);
}

/* Another file under the name of one that was read before begins anew. */
static void
check_resumed(struct source *source)
{
    if (source->resumed &&
        strcmp(source->committed.identity, capture_identity(source->capture)) != 0)
        source->resumed = false;
}

static enum vg_err
begin_source(struct sensor *s)
{
    struct source *source = &s->sources[s->current];
    enum vg_err err = source->opened;

    s->place = (struct sensor_place){0};
    if (err == VG_OK)
        err = capture_begin(source->capture, source->why);
    if (err != VG_OK) {
        told(s, source, err, source->why);
        s->current++;
        return VG_OK;
    }
    check_resumed(source);
    if (source->resumed && source->committed.done) {
        s->place = source->committed;
        told(s, source, VG_OK, "");
        capture_free(source->capture);
        source->capture = NULL;
        s->current++;
        return VG_OK;
    }
    s->running = true;
    net_loss_begin(&s->loss, net_engine_counters(s->engine));
    panel_mute(s->panel, source->learn);
    return VG_OK;
}

static enum vg_err
end_source(struct sensor *s, enum vg_err how)
{
    struct source *source = &s->sources[s->current];
    uint64_t packets = s->place.packet;
    enum vg_err err;

    s->place.packet++; /* the ends of all flows come as if from one more packet */
    s->place.observation = 0;
    sensor_end_loss(s);
    net_engine_flush(s->engine);
    s->place.packet = packets;
    err = s->failed != VG_OK ? s->failed : sensor_commit(s, true);
    told(s, source, how, capture_why(source->capture));
    panel_mute(s->panel, false);
    capture_free(source->capture);
    source->capture = NULL;
    s->running = false;
    s->current++;
    return err;
}

static void
take_frame(struct sensor *s, const struct capture *c, const struct frame *f)
{
    s->packets++;
    if (s->options.future_ns != 0 && f->time_ns > s->options.future_ns) {
        s->from_the_future++;
        return;
    }
    if (net_loss_due(&s->loss, f->time_ns))
        sensor_look_for_loss(s, f->time_ns);
    net_engine_frame(s->engine, capture_link(c), f->time_ns, f->bytes, f->wire);
}

static enum vg_err
work_capture(struct sensor *s)
{
    struct source *source = &s->sources[s->current];
    struct frame f;

    if (!s->running)
        return begin_source(s);
    for (unsigned i = 0; i < SENSOR_WORK_PACKETS; i++) {
        enum vg_err err = capture_next(source->capture, &f);

        if (err != VG_OK)
            return end_source(s, err == VG_END ? VG_OK : err);
        s->place.packet++;
        s->place.observation = 0;
        take_frame(s, source->capture, &f);
        if (s->failed == VG_OK && s->packets >= s->options.commit_packets &&
            (!source->resumed || sensor_place_after(&s->place, &source->committed)))
            s->failed = sensor_commit(s, false);
        if (s->failed != VG_OK)
            return s->failed;
    }
    return VG_OK;
}

/* ---- live ---- */

/* An interface is gone: what was raised until then is kept. The keeper starts us again, with longer
 * and longer waits until it is back. */
static enum vg_err
end_live(struct sensor *s, struct capture *c)
{
    s->why = capture_why(c);
    sensor_end_loss(s);
    s->failed = sensor_commit(s, false);
    return s->failed != VG_OK ? s->failed : VG_ERR_SYS;
}

static enum vg_err
work_live(struct sensor *s, platform_handle *handle, int64_t *wait_ns)
{
    bool more = false;
    struct frame f;

    for (size_t c = 0; c < s->live_count; c++) {
        for (unsigned i = 0;; i++) {
            enum vg_err err = capture_next(s->live[c], &f);

            if (err == VG_AGAIN)
                break;
            if (err != VG_OK)
                return end_live(s, s->live[c]);
            s->live_packets++;
            take_frame(s, s->live[c], &f);
            if (s->failed != VG_OK)
                return s->failed;
            if (i == SENSOR_WORK_PACKETS) {
                more = true;
                break;
            }
        }
    }
    *handle = s->live_count == 1 ? capture_handle(s->live[0]) : PLATFORM_NO_HANDLE;
    *wait_ns = s->live_count == 1 ? WAIT_NS : WAIT_SEVERAL_NS;
    return more ? VG_OK : VG_AGAIN;
}

enum vg_err
sensor_work(struct sensor *s, platform_handle *handle, int64_t *wait_ns)
{
    *handle = PLATFORM_NO_HANDLE;
    *wait_ns = WAIT_NS;
    if (s->failed != VG_OK)
        return s->failed;
    if (s->current < s->source_count)
        return work_capture(s);
    if (s->live_count == 0)
        return VG_END;
    return work_live(s, handle, wait_ns);
}
