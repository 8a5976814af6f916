/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/live.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "collector/rights.h"
#include "common/vtime.h"

struct stream {
    struct live *live;
    struct http_stream *http;
    uint64_t number; /* of a look-up that may come too late */
    char user[UUID_TEXT_SIZE];
    uint8_t hash[STORAGE_HASH_SIZE];
    struct storage_scope scope;
    json_t *tenants; /* array of ids; NULL: the scope says it all */
    LIST_ENTRY(stream) link;
};

struct change {
    char tenant[UUID_TEXT_SIZE], incident[UUID_TEXT_SIZE];
};

struct live {
    struct work *work;
    struct event *pause, *beat;
    bool pausing;
    struct change waiting[LIVE_WAITING_MAX];
    size_t waiting_count, count;
    uint64_t numbers;
    LIST_HEAD(, stream) streams;
};

static void
on_gone(void *ctx)
{
    struct stream *st = ctx;

    st->live->count--;
    LIST_REMOVE(st, link);
    json_decref(st->tenants);
    free(st);
}

/* ---- what changed ---- */

static bool
sees(const struct stream *st, const char *tenant)
{
    const json_t *id;
    size_t i;

    if (st->scope.kind == STORAGE_SEES_ALL)
        return true;
    if (st->scope.kind == STORAGE_SEES_TENANT)
        return strcmp(st->scope.id, tenant) == 0;
    json_array_foreach(st->tenants, i,
                       id) if (strcmp(json_string_value(id), tenant) == 0) return true;
    return false;
}

static void
tell(struct live *live, struct stream *st)
{
    struct buf text;
    size_t told = 0, seen = 0;

    buf_init(&text, 8192);
    buf_put_str(&text, "event: incidents\ndata: {\"ids\":[");
    for (size_t i = 0; i < live->waiting_count; i++) {
        if (!sees(st, live->waiting[i].tenant))
            continue;
        if (seen++ >= LIVE_IDS_MAX)
            continue;
        buf_printf(&text, "%s\"%s\"", told++ > 0 ? "," : "", live->waiting[i].incident);
    }
    buf_printf(&text, "],\"more\":%s}\n\n", seen > told ? "true" : "false");
    if (seen > 0 && !text.bad)
        (void)http_stream_put(st->http, buf_slice(&text));
    buf_done(&text);
}

static void
tell_all(struct live *live)
{
    struct stream *st;

    LIST_FOREACH(st, &live->streams, link)
    tell(live, st);
    live->waiting_count = 0;
}

static void
on_pause(evutil_socket_t fd, short what, void *ctx)
{
    struct live *live = ctx;

    (void)fd, (void)what;
    live->pausing = false;
    tell_all(live);
}

void
live_changed(struct live *live, const char *tenant, const char *incident)
{
    const struct timeval pause = {.tv_usec = LIVE_PAUSE_MS * 1000};
    struct change *c;

    if (live == NULL || live->count == 0)
        return;
    for (size_t i = 0; i < live->waiting_count; i++)
        if (strcmp(live->waiting[i].incident, incident) == 0)
            return;
    if (live->waiting_count == LIVE_WAITING_MAX)
        tell_all(live);
    c = &live->waiting[live->waiting_count++];
    (void)vg_strcpy(c->tenant, sizeof c->tenant, tenant);
    (void)vg_strcpy(c->incident, sizeof c->incident, incident);
    if (!live->pausing && event_add(live->pause, &pause) == 0)
        live->pausing = true;
}

/* ---- who may still listen ---- */

struct look {
    struct work_job job; /* first */
    struct live *live;
    uint64_t number;
    uint8_t hash[STORAGE_HASH_SIZE];
    struct storage_session session;
    json_t *tenants;
};

enum vg_err
live_tenants(struct storage *s, const struct storage_scope *scope, json_t **out)
{
    json_t *list = NULL, *ids, *one;
    size_t i;
    enum vg_err err;

    *out = NULL;
    if (scope->kind != STORAGE_SEES_GIVEN)
        return VG_OK;
    err = s->ops->tenants(s, scope, &list);
    if (err != VG_OK)
        return err;
    ids = json_array();
    json_array_foreach(list, i, one)(void)
        json_array_append_new(ids, json_string(vg_json_str(one, "id", "")));
    json_decref(list);
    *out = ids;
    return VG_OK;
}

static enum vg_err
look_read(struct work_job *job, struct storage *s)
{
    struct look *look = (struct look *)job;
    enum vg_err err = s->ops->session_find(s, look->hash, vtime_now(), &look->session);

    if (err == VG_OK && (!look->session.whole || !(rights_of(look->session.user.role) & RIGHT_SEE)))
        err = VG_ERR_DENIED;
    return err == VG_OK ? live_tenants(s, &look->session.scope, &look->tenants) : err;
}

static void
look_done(struct work_job *job)
{
    struct look *look = (struct look *)job;
    struct stream *st;

    LIST_FOREACH(st, &look->live->streams, link)
    {
        if (st->number != look->number)
            continue;
        if (job->err == VG_ERR_NOENT || job->err == VG_ERR_DENIED) {
            http_stream_end(st->http);
        } else if (job->err == VG_OK) {
            st->scope = look->session.scope;
            json_decref(st->tenants);
            st->tenants = json_incref(look->tenants);
        }
        break;
    }
    json_decref(look->tenants);
    free(look);
}

static void
look_again(struct live *live, const struct stream *st)
{
    struct look *look = calloc(1, sizeof *look);

    if (look == NULL)
        return;
    look->job.read = look_read;
    look->job.done = look_done;
    look->live = live;
    look->number = st->number;
    memcpy(look->hash, st->hash, sizeof look->hash);
    if (work_add(live->work, &look->job) != VG_OK)
        free(look);
}

static void
on_beat(evutil_socket_t fd, short what, void *ctx)
{
    struct live *live = ctx;
    struct stream *st;

    (void)fd, (void)what;
    LIST_FOREACH(st, &live->streams, link)
    {
        if (http_stream_put(st->http, slice_of(":\n\n", 3)))
            look_again(live, st);
    }
}

/* ---- streams ---- */

static size_t
streams_of(const struct live *live, const char *user)
{
    const struct stream *st;
    size_t n = 0;

    LIST_FOREACH(st, &live->streams, link)
    n += strcmp(st->user, user) == 0;
    return n;
}

void
live_open(struct live *live, struct http_call *call, const struct storage_session *session,
          const uint8_t hash[STORAGE_HASH_SIZE], const json_t *tenants)
{
    static const char hello[] = "retry: 5000\n\n";
    struct stream *st;

    if (live->count >= LIVE_STREAMS_MAX ||
        streams_of(live, session->user.id) >= LIVE_STREAMS_OF_ONE) {
        http_put_header(call, "Retry-After", "60");
        http_answer_error(call, 429, "streams", "too many pages are open");
        return;
    }
    st = calloc(1, sizeof *st);
    if (st == NULL) {
        http_answer_error(call, 503, "memory", "try again later");
        return;
    }
    st->live = live;
    st->number = ++live->numbers;
    (void)vg_strcpy(st->user, sizeof st->user, session->user.id);
    memcpy(st->hash, hash, sizeof st->hash);
    st->scope = session->scope;
    st->tenants = tenants != NULL ? json_deep_copy(tenants) : NULL;
    LIST_INSERT_HEAD(&live->streams, st, link);
    live->count++;
    st->http = http_stream_begin(call, "text/event-stream", on_gone, st);
    if (st->http == NULL)
        on_gone(st);
    else
        (void)http_stream_put(st->http, slice_of(hello, sizeof hello - 1));
}

enum vg_err
live_new(struct event_base *loop, struct work *work, struct live **out)
{
    struct live *live = calloc(1, sizeof *live);
    const struct timeval beat = {.tv_sec = LIVE_BEAT_S};

    if (live == NULL)
        return VG_ERR_NOMEM;
    live->work = work;
    LIST_INIT(&live->streams);
    live->pause = event_new(loop, -1, 0, on_pause, live);
    live->beat = event_new(loop, -1, EV_PERSIST, on_beat, live);
    if (live->pause == NULL || live->beat == NULL || event_add(live->beat, &beat) != 0) {
        live_free(live);
        return VG_ERR_NOMEM;
    }
    *out = live;
    return VG_OK;
}

void
live_free(struct live *live)
{
    if (live == NULL)
        return;
    if (live->pause != NULL)
        event_free(live->pause);
    if (live->beat != NULL)
        event_free(live->beat);
    free(live);
}
