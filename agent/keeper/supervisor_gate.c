/* SPDX-License-Identifier: Apache-2.0 */
/* What each kind of worker may say, and what that does. A worker is treated as taken over: each
 * handler checks what it gets, and any other result than VG_OK ends that worker. */
#include <string.h>

#include "agent/keeper/supervisor_worker.h"
#include "common/hex.h"
#include "common/log.h"
#include "common/vtime.h"

enum { DETECTOR_MAX = 64, SOURCE_MAX = 4096 };

/* ---- the start ---- */

static enum vg_err
put_row(void *ctx, const char *detector, struct slice key, uint16_t version, struct slice blob)
{
    struct supervised *w = ctx;
    size_t mark = frame_begin(&w->out, FRAME_STATE);

    frame_put_text(&w->out, detector, strlen(detector));
    frame_put_text(&w->out, key.at, key.left);
    buf_put_be16(&w->out, version);
    buf_put(&w->out, blob.at, blob.left);
    frame_end(&w->out, mark);
    return w->out.bad ? VG_ERR_LIMIT : VG_OK;
}

static enum vg_err
put_position(void *ctx, const char *source, struct slice json)
{
    struct supervised *w = ctx;
    size_t mark = frame_begin(&w->out, FRAME_POSITION);

    frame_put_text(&w->out, source, strlen(source));
    buf_put(&w->out, json.at, json.left);
    frame_end(&w->out, mark);
    return w->out.bad ? VG_ERR_LIMIT : VG_OK;
}

/* Locked down: now it gets what it had learned, and may begin. */
static enum vg_err
on_ready(void *role, struct slice payload)
{
    struct supervised *w = role;
    json_t *told;
    enum vg_err err = vg_json_parse(payload, SUPERVISOR_HEALTH_MAX, &told);

    if (err != VG_OK)
        return err;
    json_decref(w->sandbox);
    w->sandbox = told;
    if (w->kind->sensor) {
        err = store_rows(w->s->options.store, w->kind->name, put_row, w);
        if (err == VG_OK)
            err = store_positions(w->s->options.store, w->kind->name, put_position, w);
        if (err != VG_OK) {
            supervised_end(w, "its rows could not be read: %s", vg_err_name(err));
            return VG_OK;
        }
    }
    w->life = LIFE_LIVE;
    w->lived = true;
    if (w->kind->sensor && w->s->exceptions != NULL) /* known before the first work */
        frame_put(&w->out, FRAME_FEEDBACK, slice_of(w->s->exceptions, strlen(w->s->exceptions)));
    frame_put(&w->out, FRAME_GO, slice_of(NULL, 0));
    if (w->s->stopping)
        frame_put(&w->out, FRAME_STOP, slice_of(NULL, 0));
    log_event(LOG_LEVEL_INFO, "worker.live", "worker=%s pid=%lld", w->kind->name,
              (long long)w->child.pid);
    supervised_send(w);
    if (!w->kind->sensor)
        supervisor_ask_next(w->s);
    return VG_OK;
}

/* ---- records ---- */

/* An event carries its sensor's own name, and so does the detector in it. */
static bool
speaks_for_itself(const struct supervised *w, const json_t *event)
{
    const char *detector = vg_json_str(event, "detector", "");
    size_t n = strlen(w->kind->name);

    return strcmp(vg_json_str(event, "sensor", ""), w->kind->name) == 0 &&
           strncmp(detector, w->kind->name, n) == 0 && detector[n] == '.';
}

static enum vg_err
on_event(void *role, struct slice payload)
{
    struct supervised *w = role;
    char why[EVENT_WHY_MAX];
    json_t *event;
    enum vg_err err;

    if (w->life != LIFE_LIVE)
        return VG_ERR_DENIED;
    err = vg_json_parse(payload, EVENT_BYTES_MAX, &event);
    if (err != VG_OK)
        return err;
    err = event_check(event, false, why);
    if (err == VG_OK && !speaks_for_itself(w, event)) {
        (void)vg_strcpy(why, sizeof why, "speaks for another sensor");
        err = VG_ERR_DENIED;
    }
    if (err != VG_OK) {
        log_event(LOG_LEVEL_WARN, "worker.bad_event", "worker=%s why=%s", w->kind->name,
                  log_quote(why));
        json_decref(event);
        return err;
    }
    if (w->s->brought != NULL && strcmp(w->kind->name, "file") == 0)
        brought_fill(w->s->brought, event);
    return batch_event(&w->batch, event);
}

static enum vg_err
on_observation(void *role, struct slice payload)
{
    struct supervised *w = role;
    json_t *checked;
    enum vg_err err;

    if (w->life != LIFE_LIVE)
        return VG_ERR_DENIED;
    err = vg_json_parse(payload, EVENT_BYTES_MAX, &checked);
    if (err != VG_OK)
        return err;
    if (w->s->brought != NULL && strcmp(w->kind->name, "net") == 0)
        brought_note(w->s->brought, checked);
    json_decref(checked);
    return batch_observation(&w->batch, payload);
}

static bool
printable(struct slice s)
{
    while (s.left > 0) {
        uint8_t c = slice_u8(&s);

        if (c < 0x21 || c > 0x7e)
            return false;
    }
    return true;
}

static enum vg_err
on_state(void *role, struct slice payload)
{
    struct supervised *w = role;
    struct slice detector = frame_text(&payload);
    struct slice key = frame_text(&payload);
    uint16_t version = slice_be16(&payload);

    if (w->life != LIFE_LIVE || payload.bad || detector.left == 0 || detector.left > DETECTOR_MAX ||
        !printable(detector) || key.left > STATE_KEY_MAX || payload.left > STATE_BLOB_MAX ||
        (version == 0 && payload.left > 0))
        return VG_ERR_DENIED;
    return batch_row(&w->batch, detector, key, version, payload);
}

static bool
holds_nul(struct slice s)
{
    while (s.left > 0)
        if (slice_u8(&s) == 0)
            return true;
    return false;
}

static enum vg_err
on_position(void *role, struct slice payload)
{
    struct supervised *w = role;
    struct slice source = frame_text(&payload);
    json_t *checked;
    enum vg_err err;

    if (w->life != LIFE_LIVE || payload.bad || source.left == 0 || source.left > SOURCE_MAX ||
        holds_nul(source))
        return VG_ERR_DENIED;
    err = vg_json_parse(payload, SUPERVISOR_HEALTH_MAX, &checked);
    if (err != VG_OK)
        return err;
    json_decref(checked);
    return batch_position(&w->batch, source, payload);
}

static enum vg_err
on_commit(void *role, struct slice payload)
{
    struct supervised *w = role;
    uint64_t number = slice_be64(&payload);

    if (w->life != LIFE_LIVE || number != w->commit_last + 1)
        return VG_ERR_DENIED;
    w->commit = w->commit_last = number;
    supervised_commit(w);
    return VG_OK;
}

/* Not part of a transaction, so its flood has a limit in time. */
static bool
health_in_time(struct supervised *w)
{
    int64_t second = platform_clock_monotonic() / VG_SEC_NS;

    if (second != w->health_second) {
        w->health_second = second;
        w->health_seen = 0;
    }
    return ++w->health_seen <= SUPERVISOR_HEALTH_A_SECOND;
}

static enum vg_err
on_health(void *role, struct slice payload)
{
    struct supervised *w = role;
    const char *error;
    json_t *health;
    enum vg_err err;

    if (!health_in_time(w))
        return VG_ERR_DENIED;
    err = vg_json_parse(payload, SUPERVISOR_HEALTH_MAX, &health);
    if (err != VG_OK)
        return err;
    error = vg_json_str(health, "error", NULL);
    if (!json_is_object(health)) {
        json_decref(health);
        return VG_ERR_FORMAT;
    }
    if (error != NULL && w->told[0] == '\0') /* the first reason is the cause */
        (void)vg_strcpy(w->told, sizeof w->told, error);
    /* "done" and "error" come from the worker's frame, beside the sensor's own counters. */
    if (json_object_size(health) == 1 && json_object_get(health, "done") != NULL)
        w->done = vg_json_bool(health, "done", false);
    if (w->health != NULL && json_object_size(health) == 1 &&
        (error != NULL || json_object_get(health, "done") != NULL)) {
        json_decref(health);
    } else {
        json_decref(w->health);
        w->health = health;
    }
    if (json_object_set_new(w->health, "done", json_boolean(w->done)) != 0)
        return VG_ERR_NOMEM;
    supervisor_check_idle(w->s);
    return VG_OK;
}

static enum vg_err
on_open(void *role, struct slice payload)
{
    struct supervised *w = role;
    uint32_t number = slice_be32(&payload);
    char path[SUPERVISOR_PATH_MAX + 1] = "";

    if (payload.bad || payload.left > SUPERVISOR_PATH_MAX || holds_nul(payload))
        return VG_ERR_DENIED;
    (void)slice_copy(&payload, path, payload.left);
    /* By its letters alone; where it really leads, the host worker looks. */
    if (!agent_config_is_source(w->s->options.config, path)) {
        log_event(LOG_LEVEL_WARN, "worker.open_denied", "worker=%s path=%s", w->kind->name,
                  log_quote(path));
        return VG_ERR_DENIED;
    }
    return supervisor_ask(w, number, supervisor_open_question(path), QUESTION_FILE);
}

/* A file to the quarantine. */
static enum vg_err
on_move(void *role, struct slice payload)
{
    struct supervised *w = role;
    uint32_t number = slice_be32(&payload);
    json_t *asked, *question;
    enum vg_err err;

    if (w->life != LIFE_LIVE || payload.bad)
        return VG_ERR_DENIED;
    err = vg_json_parse(payload, SUPERVISOR_MOVE_MAX, &asked);
    if (err != VG_OK)
        return err;
    question = supervisor_move_question(w->s->options.config, asked);
    json_decref(asked);
    return question != NULL ? supervisor_ask(w, number, question, QUESTION_MOVE) : VG_ERR_DENIED;
}

static bool
owner_in_time(struct supervised *w)
{
    int64_t second = platform_clock_monotonic() / VG_SEC_NS;

    if (second != w->owner_second) {
        w->owner_second = second;
        w->owner_seen = 0;
    }
    return ++w->owner_seen <= SUPERVISOR_OWNERS_A_SECOND;
}

/* The sixteen bytes of an address and its port. */
static void
read_end(struct slice *in, char address[33], uint16_t *port)
{
    uint8_t bytes[16] = {0};

    (void)slice_copy(in, bytes, sizeof bytes);
    hex_put(bytes, sizeof bytes, address);
    *port = slice_be16(in);
}

/* Only what names a socket, or a file that was told before, goes on to the host worker. */
static enum vg_err
on_whose(void *role, struct slice payload)
{
    struct supervised *w = role;
    size_t bytes = payload.left;
    uint32_t number = slice_be32(&payload);
    char local[33], remote[33];
    uint16_t local_port, remote_port;
    uint64_t file;
    uint8_t bits;

    if (w->life != LIFE_LIVE || !owner_in_time(w))
        return VG_ERR_DENIED;
    if (bytes == FRAME_WHOSE_FILE) {
        file = slice_be64(&payload);
        if (file == 0 || file > INT64_MAX)
            return VG_ERR_DENIED;
        return supervisor_ask(w, number,
                              json_pack("{s:s, s:I}", "what", "hash", "file", (json_int_t)file),
                              QUESTION_OWNER);
    }
    bits = slice_u8(&payload);
    read_end(&payload, local, &local_port);
    read_end(&payload, remote, &remote_port);
    if (payload.bad || payload.left > 0 || bits > 3)
        return VG_ERR_DENIED;
    return supervisor_ask(w, number,
                          json_pack("{s:s, s:b, s:b, s:s, s:i, s:s, s:i}", "what", "owner", "tcp",
                                    bits & 1, "v6", (bits & 2) != 0, "local", local, "local_port",
                                    (int)local_port, "remote", remote, "remote_port",
                                    (int)remote_port),
                          QUESTION_OWNER);
}

static enum vg_err
on_answer(void *role, struct slice payload)
{
    return supervisor_answered(role, payload);
}

/* ---- the tables ---- */

#define RULE_READY                                                                                 \
    {                                                                                              \
        FRAME_READY, 2, 4096, 1, FRAME_ANY_TIMES, FRAME_ANY_TIMES, on_ready                        \
    }
#define RULE_HEALTH                                                                                \
    {                                                                                              \
        FRAME_HEALTH, 2, SUPERVISOR_HEALTH_MAX, FRAME_ANY_TIMES, FRAME_ANY_TIMES, FRAME_ANY_TIMES, \
            on_health                                                                              \
    }
/* Observations are dropped over a cap, not refused; their bytes are bounded all the same. */
#define RULES_OF_SENSORS                                                                           \
    RULE_READY, RULE_HEALTH,                                                                       \
        {FRAME_EVENT,     2,       EVENT_BYTES_MAX, FRAME_ANY_TIMES, BATCH_EVENTS_MAX,             \
         BATCH_BYTES_MAX, on_event},                                                               \
        {FRAME_OBSERVATION, 2,                                                                     \
         EVENT_BYTES_MAX,   FRAME_ANY_TIMES,                                                       \
         FRAME_ANY_TIMES,   4u * BATCH_BYTES_MAX,                                                  \
         on_observation},                                                                          \
        {FRAME_STATE,                                                                              \
         6,                                                                                        \
         6 + DETECTOR_MAX + STATE_KEY_MAX + STATE_BLOB_MAX,                                        \
         FRAME_ANY_TIMES,                                                                          \
         BATCH_ROWS_MAX,                                                                           \
         BATCH_BYTES_MAX,                                                                          \
         on_state},                                                                                \
        {FRAME_POSITION,                                                                           \
         4,                                                                                        \
         2 + SOURCE_MAX + SUPERVISOR_HEALTH_MAX,                                                   \
         FRAME_ANY_TIMES,                                                                          \
         BATCH_POSITIONS_MAX,                                                                      \
         BATCH_BYTES_MAX,                                                                          \
         on_position},                                                                             \
    {                                                                                              \
        FRAME_COMMIT, 8, 8, FRAME_ANY_TIMES, FRAME_ANY_TIMES, FRAME_ANY_TIMES, on_commit           \
    }

static const struct frame_rule RULES_HOST[] = {
    RULE_READY,
    RULE_HEALTH,
    {FRAME_ANSWER, 10, 64 * 1024, FRAME_ANY_TIMES, FRAME_ANY_TIMES, FRAME_ANY_TIMES, on_answer},
};
static const struct frame_rule RULES_NET[] = {
    RULES_OF_SENSORS,
    {FRAME_WHOSE, FRAME_WHOSE_FILE, FRAME_WHOSE_SOCKET, FRAME_ANY_TIMES, FRAME_ANY_TIMES,
     FRAME_ANY_TIMES, on_whose},
};
/* These read files that perhaps only the point-of-sale user may open. */
#define RULE_OPEN                                                                                  \
    {                                                                                              \
        FRAME_OPEN, 5, 4 + SUPERVISOR_PATH_MAX, FRAME_ANY_TIMES, FRAME_ANY_TIMES, FRAME_ANY_TIMES, \
            on_open                                                                                \
    }
static const struct frame_rule RULES_PAY[] = {RULES_OF_SENSORS, RULE_OPEN};
static const struct frame_rule RULES_FILE[] = {
    RULES_OF_SENSORS,
    RULE_OPEN,
    {FRAME_MOVE, 6, 4 + SUPERVISOR_MOVE_MAX, FRAME_ANY_TIMES, FRAME_ANY_TIMES, FRAME_ANY_TIMES,
     on_move},
};

const struct worker_kind WORKER_KINDS[SUPERVISOR_WORKERS] = {
    {"host", PLATFORM_RIGHT_READ_ALL | PLATFORM_RIGHT_PROCESSES, false, RULES_HOST,
     VG_ARRAY_LEN(RULES_HOST)},
    {"net", PLATFORM_RIGHT_CAPTURE, true, RULES_NET, VG_ARRAY_LEN(RULES_NET)},
    {"pay", 0, true, RULES_PAY, VG_ARRAY_LEN(RULES_PAY)},
    {"file", PLATFORM_RIGHT_READ_ALL, true, RULES_FILE, VG_ARRAY_LEN(RULES_FILE)},
};
