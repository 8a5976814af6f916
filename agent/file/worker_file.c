/* SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/feedback.h"
#include "agent/file/file_round.h"
#include "common/log.h"

#define STATE_NAME "file.seen"
#define PASS_NAME  "file.pass"
enum { STATE_VERSION = 4, PASS_VERSION = 1 };
#define ROUND_NS     VG_HOUR_NS /* all folders are walked so often without being asked */
#define ROUND_GAP_NS (5 * VG_SEC_NS)
#define PASS_LOOK_NS (20 * VG_SEC_NS)
#define DEAF_NS      (2 * VG_SEC_NS)
#define KNOWN_NS     (10 * VG_MIN_NS) /* so often what is known is kept, at most */

static void
file_close(void *self)
{
    struct file_worker *w = self;

    if (w == NULL)
        return;
    file_scan_free(w->scan);
    file_walk_free(w->walk);
    keyed_free(w->seen);
    file_known_free(w->known);
    platform_watch_free(w->watch);
    platform_mounts_free(w->mounts);
    panel_free(w->panel);
    texts_free(w->texts);
    free(w);
}

/* ---- opening ---- */

/* Going without what is known beyond the rows costs time alone. */
static void
open_known(struct file_worker *w, const uint8_t digest[YARA_DIGEST])
{
    char path[CONFIG_PATH_MAX];
    enum vg_err err = VG_ERR_LIMIT;

    if (snprintf(path, sizeof(path), "%s/scan.known", w->config->state_dir) < (int)sizeof(path))
        err = file_known_open(path, digest, file_look_limits(), &w->known);
    if (err != VG_OK) {
        log_event(LOG_LEVEL_WARN, "file.known", "error=%s", vg_err_name(err));
        w->known = NULL;
    }
    file_scan_known(w->scan, w->known);
}

static enum vg_err
read_digest(struct file_worker *w)
{
    uint8_t digest[YARA_DIGEST];
    char folder[1024];
    struct slice in = slice_of(digest, sizeof(digest));
    enum vg_err err;

    snprintf(folder, sizeof(folder), "%s/yara", w->config->rules_dir);
    err = yara_digest(folder, digest);
    if (err == VG_OK) {
        w->rules = slice_be64(&in) ^ file_look_limits();
        open_known(w, digest);
    }
    return err;
}

static void
note_absent(struct file_worker *w)
{
    struct platform_stat stat;

    for (size_t i = 0; i < w->config->file_count; i++)
        w->absent[i] = platform_path_stat(w->config->files[i], &stat) != VG_OK;
    for (size_t i = 0; i < FILE_STICK_PLACES; i++)
        w->absent_place[i] = platform_path_stat(FILE_STICK_PLACE[i], &stat) != VG_OK;
}

static enum vg_err
open_rules(struct file_worker *w, char why[WORKER_WHY_MAX])
{
    struct panel_options options = {.sensor = "file", .zone = w->config->zone};
    struct conf_error wrong = {.text = ""};
    struct yara_report report;
    char text[DETECT_WHY_MAX] = "";
    enum vg_err err = w->config->rules_dir != NULL
                          ? texts_load(w->config->rules_dir, &w->texts, &wrong)
                          : VG_ERR_CONFIG;

    if (err != VG_OK) {
        snprintf(why, WORKER_WHY_MAX, "rules: %.240s",
                 wrong.text[0] != '\0' ? wrong.text : "no folder of rules");
        return err;
    }
    options.rules_dir = w->config->rules_dir;
    options.texts = w->texts;
    options.currency = w->config->currency;
    options.judge.budget_per_week = w->config->budget_per_week; /* findings alone: spends none */
    options.judge.target_per_week = w->config->budget_per_week;
    err = panel_new(&options, w->sink, &w->panel, text);
    if (err != VG_OK) {
        snprintf(why, WORKER_WHY_MAX, "%.240s", text[0] != '\0' ? text : vg_err_name(err));
        return err;
    }
    err = file_scan_new(panel_judge(w->panel), &w->scan);
    if (err != VG_OK)
        return err;
    /* First what they are: rules that change between the two are looked with again, not taken for old. */
    report = (struct yara_report){0};
    err = read_digest(w);
    if (err == VG_OK)
        err = file_scan_load(w->scan, w->config->rules_dir, &report);
    if (err != VG_OK)
        snprintf(why, WORKER_WHY_MAX, "yara: %.200s",
                 report.why[0] != '\0' ? report.why : "no usable rule");
    return err;
}

/* Without a drive's news each folder is watched by itself. */
static enum vg_err
open_watch(struct file_worker *w)
{
    platform_file drives = worker_drives_take(w->opener);
    enum vg_err err = platform_watch_new(&w->watch), by_drive;

    if (drives == PLATFORM_NO_HANDLE)
        return err;
    if (err != VG_OK) {
        platform_file_close(drives);
        return err;
    }
    by_drive = platform_watch_drives(w->watch, drives);
    if (by_drive != VG_OK)
        log_event(LOG_LEVEL_WARN, "file.drives", "error=%s", vg_err_name(by_drive));
    return VG_OK;
}

static enum vg_err
file_open(const struct agent_config *config, const struct sink *sink, struct worker_opener *opener,
          void **self, char why[WORKER_WHY_MAX])
{
    struct file_worker *w = calloc(1, sizeof(*w));
    enum vg_err err;

    if (w == NULL)
        return VG_ERR_NOMEM;
    w->config = config;
    w->sink = sink;
    w->opener = opener;
    w->now_ns = vtime_now();
    platform_memory_limit(UNPACK_MEMORY_MAX);
    err = open_rules(w, why);
    if (err == VG_OK)
        err = keyed_new(WORKER_FILE_KNOWN_MAX, sizeof(struct seen), &w->seen);
    if (err == VG_OK)
        err = file_walk_new(&w->walk);
    if (err == VG_OK)
        err = open_watch(w);
    if (err == VG_OK && config->scan.sticks && platform_mounts_new(&w->mounts) != VG_OK)
        w->mounts = NULL; /* a system without /proc */
    if (err != VG_OK) {
        file_close(w);
        return err;
    }
    file_walk_on_folder(w->walk, file_round_on_folder, w);
    file_walk_leave_out(w->walk, config->rules_dir);
    file_walk_leave_out(w->walk, config->rules_base);
    file_walk_leave_out(w->walk, config->state_dir);
    w->pass.minute = file_pass_minute(config);
    note_absent(w);
    *self = w;
    return VG_OK;
}

static void
file_needs(void *self, struct platform_sandbox *sandbox)
{
    struct file_worker *w = self;

    sandbox->watch = sandbox->read_all = true;
    sandbox->read[sandbox->read_count++] = PLATFORM_USERS;
    for (size_t i = 0; i < w->config->file_count; i++)
        sandbox->read[sandbox->read_count++] = w->config->files[i];
    for (size_t i = 0; i < FILE_STICK_PLACES && w->mounts != NULL; i++)
        sandbox->read[sandbox->read_count++] = FILE_STICK_PLACE[i];
}

/* ---- what was scanned before ---- */

static void
encode(const void *value, struct buf *out)
{
    const struct seen *s = value;

    buf_put_be64(out, s->size);
    buf_put_be64(out, (uint64_t)s->modified_ns);
    buf_put_be64(out, (uint64_t)s->changed_ns);
    buf_put_be64(out, s->rules);
    buf_put_u8(out, s->partial);
    buf_put_be64(out, s->told);
}

static void
decode(void *value, struct slice *in)
{
    struct seen *s = value;

    s->size = slice_be64(in);
    s->modified_ns = (int64_t)slice_be64(in);
    s->changed_ns = (int64_t)slice_be64(in);
    s->rules = slice_be64(in);
    s->partial = slice_u8(in) != 0;
    s->told = slice_be64(in);
}

static enum vg_err
file_restore(void *self, const char *detector, struct slice key, uint16_t version,
             struct slice blob)
{
    struct file_worker *w = self;
    enum vg_err ignored; /* a row that is not ours costs a second scan */
    bool known;

    if (strcmp(detector, PASS_NAME) == 0) {
        if (version == PASS_VERSION)
            w->pass.done_ns = (int64_t)slice_be64(&blob);
        return VG_OK;
    }
    if (strcmp(detector, STATE_NAME) != 0)
        return panel_load(w->panel, detector, key, version, blob, &known);
    if (version == STATE_VERSION && slice_u8(&key) == 'f') {
        ignored = keyed_load(w->seen, key, blob, decode);
        (void)ignored;
    }
    return VG_OK;
}

static void
file_feedback(void *self, const json_t *feedback)
{
    struct file_worker *w = self;
    struct feedback_view view;
    struct obs obs = {.kind = OBS_FEEDBACK, .time_ns = w->now_ns, .feedback = &view};

    if (feedback_exceptions(feedback) != NULL) {
        judge_exceptions(panel_judge(w->panel), feedback_exceptions(feedback));
    } else if (feedback_view_of(feedback, &view) == VG_OK) {
        panel_observe(w->panel, &obs);
        w->uncommitted++;
    }
}

/* ---- rounds ---- */

static void
put_count(json_t *o, const char *name, uint64_t value)
{
    (void)json_object_set_new(o, name, json_integer((json_int_t)value));
}

enum vg_err
file_worker_commit(struct file_worker *w)
{
    struct state_out out = {.sink = w->sink, .detector = STATE_NAME};
    const struct file_scan_counts *n = file_scan_counts(w->scan);
    const struct file_walk_counts *c = file_walk_counts(w->walk);
    const struct platform_watch_counts watched = platform_watch_counts(w->watch);
    json_t *health = json_object();
    char ended[VTIME_TEXT_MAX];
    struct buf text;

    w->uncommitted = 0;
    keyed_save(w->seen, &out, 'f', STATE_VERSION, encode);
    panel_save(w->panel);
    put_count(health, "file.scanned", n->files);
    put_count(health, "file.bytes", n->bytes);
    put_count(health, "file.matches", n->matches);
    put_count(health, "file.refused", n->refused + c->refused + w->missing);
    put_count(health, "file.given_up", n->timeouts);
    put_count(health, "file.bytes_unscanned", n->unscanned);
    put_count(health, "file.inside", n->inside.members);
    put_count(health, "file.inside_bytes", n->inside.bytes);
    put_count(health, "file.archives_cut", n->inside.capped);
    put_count(health, "file.archives_damaged", n->inside.damaged);
    put_count(health, "file.locked", n->inside.locked);
    put_count(health, "file.folders_beyond", c->beyond);
    put_count(health, "file.watched_by_drive", watched.by_drive);
    put_count(health, "file.watched_by_folder", watched.by_folder);
    put_count(health, "file.folders_unwatched", w->unwatched);
    put_count(health, "file.network_drives", c->remote);
    put_count(health, "file.quarantined", w->move.counts.moved);
    put_count(health, "file.not_quarantined", w->move.counts.stayed);
    put_count(health, "file.wanted", w->move.counts.wanted);
    put_count(health, "file.told_before", w->move.counts.again);
    put_count(health, "file.sticks", w->sticks.count);
    put_count(health, "file.sticks_beyond", w->sticks.more);
    put_count(health, "file.watch_overflows", watched.overflows);
    put_count(health, "file.full_passes", w->pass.count);
    if (w->pass.done_ns > 0)
        (void)json_object_set_new(health, "file.full_pass_ended",
                                  json_string(vtime_format(w->pass.done_ns, ended)));
    put_count(health, "file.evicted", keyed_evicted(w->seen));
    buf_init(&text, 4096);
    vg_json_write(health, &text);
    if (!text.bad)
        w->sink->ops->health(w->sink->ctx, buf_slice(&text));
    buf_done(&text);
    json_decref(health);
    return w->sink->ops->commit(w->sink->ctx);
}

static enum vg_err
commit_for_move(void *ctx)
{
    return file_worker_commit(ctx);
}

static enum vg_err
file_begin(void *self)
{
    struct file_worker *w = self;

    file_move_init(&w->move, w->config, w->opener, commit_for_move, w);
    file_scan_respond(w->scan, &w->move.responder);
    w->pass.running = w->pass.done_ns == 0; /* the first of all rounds is a full one */
    file_round_begin(w);
    return VG_OK;
}

static enum vg_err
end_round(struct file_worker *w)
{
    struct state_out out = {.sink = w->sink, .detector = PASS_NAME};
    enum vg_err err = VG_OK;
    struct buf done;

    w->walking = false;
    w->ended_ns = platform_clock_monotonic();
    if (w->pass.running) {
        w->pass.running = false;
        w->pass.count++;
        w->pass.done_ns = vtime_now();
        buf_init(&done, 8);
        buf_put_be64(&done, (uint64_t)w->pass.done_ns);
        state_put(&out, slice_of("d", 1), PASS_VERSION, buf_slice(&done));
        buf_done(&done);
    }
    err = file_worker_commit(w);
    /* After the commit: what is known here is not told again. */
    if (err == VG_OK && w->known != NULL && w->ended_ns >= w->keep_ns) {
        w->keep_ns = w->ended_ns + KNOWN_NS;
        if (file_known_save(w->known) != VG_OK)
            log_event(LOG_LEVEL_WARN, "file.known", "error=write");
    }
    return err;
}

/* A folder that was not there in the last round is there now. */
static bool
came_back(const struct file_worker *w)
{
    struct platform_stat stat;

    for (size_t i = 0; i < w->config->file_count; i++)
        if (w->gone[i] && platform_path_stat(w->config->files[i], &stat) == VG_OK)
            return true;
    return false;
}

/* What the next round is for; false: it has time. */
static bool
due(struct file_worker *w, int64_t since_ns)
{
    if (since_ns >=
        w->pass_look_ns) { /* asking for the hour and the load is not for each wake-up */
        w->pass_look_ns = since_ns + PASS_LOOK_NS;
        w->again |= came_back(w);
        w->pass.running = file_pass_due(w->config->zone, w->pass.minute, w->pass.done_ns,
                                        vtime_now(), platform_load());
    }
    return w->pass.running || since_ns >= ROUND_NS ||
           ((w->again || w->unsettled) && since_ns >= ROUND_GAP_NS);
}

static void
hear(struct file_worker *w)
{
    enum platform_watch_news news = platform_watch_drain(w->watch);

    w->again |= news == PLATFORM_WATCH_HERE;
    if (news == PLATFORM_WATCH_ELSEWHERE)
        w->deaf_ns = platform_clock_monotonic() + DEAF_NS;
}

static enum vg_err
file_work(void *self, platform_handle *handle, int64_t *wait_ns)
{
    struct file_worker *w = self;
    int64_t since_ns, deaf_ns;
    enum vg_err err;

    *handle = PLATFORM_NO_HANDLE;
    w->now_ns = vtime_now();
    if (w->walking) {
        err = file_round_work(w, wait_ns);
        return err == VG_END ? end_round(w) : err;
    }
    if (w->locked_out)
        return VG_ERR_DENIED; /* started again, it is let in */
    hear(w);
    w->again |= w->mounts != NULL && platform_mounts_changed(w->mounts);
    since_ns = platform_clock_monotonic() - w->ended_ns;
    if (due(w, since_ns)) {
        w->pass_look_ns = 0;
        file_round_begin(w);
        return VG_OK;
    }
    *wait_ns = (w->again || w->unsettled ? ROUND_GAP_NS : ROUND_NS) - since_ns;
    if (w->again)
        return VG_AGAIN;
    deaf_ns = w->deaf_ns - platform_clock_monotonic();
    if (deaf_ns <= 0)
        *handle = platform_watch_handle(w->watch);
    else if (*wait_ns > deaf_ns)
        *wait_ns = deaf_ns;
    return VG_AGAIN;
}

static void
file_tick(void *self, int64_t now_ns)
{
    ((struct file_worker *)self)->now_ns = now_ns;
}

static enum vg_err
file_finish(void *self)
{
    struct file_worker *w = self;
    enum vg_err err = file_worker_commit(w);

    if (err == VG_OK && w->known != NULL && file_known_save(w->known) != VG_OK)
        log_event(LOG_LEVEL_WARN, "file.known", "error=write");
    return err;
}

const struct worker_ops WORKER_FILE = {
    .name = "file",
    .open = file_open,
    .needs = file_needs,
    .restore = file_restore,
    .begin = file_begin,
    .work = file_work,
    .tick = file_tick,
    .feedback = file_feedback,
    .finish = file_finish,
    .close = file_close,
};
