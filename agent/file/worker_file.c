/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/file/worker_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/keyed.h"
#include "agent/detect/net_common.h"
#include "agent/file/file_move.h"
#include "agent/file/file_scan.h"
#include "agent/file/file_walk.h"
#include "common/texts.h"
#include "common/vtime.h"

#define STATE_NAME "file.seen"
enum {
    STATE_VERSION = 2,
    SHARE = 4,        /* of one core, for what is new: one in so many */
    SHARE_AGAIN = 10, /* for what only the rules are new to */
};
#define DEBT_MAX_NS  (5 * VG_SEC_NS) /* one large file does not put off the next for longer */
#define REST_NS      (300 * VG_MS_NS)
#define WORK_NS      (20 * VG_MS_NS)
#define SETTLE_NS    (2 * VG_SEC_NS) /* a file that just changed is still being written */
#define ROUND_NS     VG_HOUR_NS      /* all folders are walked so often without being asked */
#define ROUND_GAP_NS (5 * VG_SEC_NS)

struct seen {
    uint64_t size;
    int64_t modified_ns, changed_ns;
    uint64_t rules; /* which found nothing in it, or told */
};

struct file_worker {
    const struct agent_config *config;
    const struct sink *sink;
    struct worker_opener *opener;
    struct texts *texts;
    struct panel *panel;
    struct file_scan *scan;
    struct file_move move;
    struct file_walk *walk;
    struct keyed *seen;
    struct platform_watch *watch;
    size_t watched, unwatched;
    int64_t now_ns;
    uint64_t rules;      /* the rules of today, the first bytes of their digest */
    int64_t rest_ns;     /* until then (monotonic) others have the processor */
    int64_t debt_ns;     /* how long to rest for what was used */
    bool again_by_rules; /* the last file was scanned because the rules are new */
    /* the round: a walk over all folders */
    bool walking, again, unsettled;
    size_t folder;
    uint64_t known, missing; /* in this round */
    int64_t ended_ns;        /* of the last round, monotonic */
    size_t uncommitted;
};

static void
file_close(void *self)
{
    struct file_worker *w = self;

    if (w == NULL)
        return;
    file_scan_free(w->scan);
    file_walk_free(w->walk);
    keyed_free(w->seen);
    platform_watch_free(w->watch);
    panel_free(w->panel);
    texts_free(w->texts);
    free(w);
}

/* ---- watching ---- */

static void
on_folder(void *ctx, const char *path)
{
    struct file_worker *w = ctx;

    /* Watching a folder twice is one watch. */
    if (w->watch == NULL || w->watched >= WORKER_FILE_WATCH_MAX ||
        platform_watch_add(w->watch, path) != VG_OK)
        w->unwatched++;
    else
        w->watched++;
}

/* ---- opening ---- */

static enum vg_err
read_digest(struct file_worker *w)
{
    uint8_t digest[YARA_DIGEST];
    char folder[1024];
    struct slice in = slice_of(digest, sizeof(digest));
    enum vg_err err;

    snprintf(folder, sizeof(folder), "%s/yara", w->config->rules_dir);
    err = yara_digest(folder, digest);
    if (err == VG_OK)
        w->rules = slice_be64(&in);
    return err;
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
        err = platform_watch_new(&w->watch);
    if (err != VG_OK) {
        file_close(w);
        return err;
    }
    file_walk_on_folder(w->walk, on_folder, w);
    *self = w;
    return VG_OK;
}

static void
file_needs(void *self, struct platform_sandbox *sandbox)
{
    struct file_worker *w = self;

    sandbox->watch = true;
    sandbox->read[sandbox->read_count++] = PLATFORM_USERS;
    for (size_t i = 0; i < w->config->file_count; i++)
        sandbox->read[sandbox->read_count++] = w->config->files[i];
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
}

static void
decode(void *value, struct slice *in)
{
    struct seen *s = value;

    s->size = slice_be64(in);
    s->modified_ns = (int64_t)slice_be64(in);
    s->changed_ns = (int64_t)slice_be64(in);
    s->rules = slice_be64(in);
}

static enum vg_err
file_restore(void *self, const char *detector, struct slice key, uint16_t version,
             struct slice blob)
{
    struct file_worker *w = self;
    enum vg_err ignored; /* a row that is not ours costs a second scan */
    bool known;

    if (strcmp(detector, STATE_NAME) != 0)
        return panel_load(w->panel, detector, key, version, blob, &known);
    if (version == STATE_VERSION && slice_u8(&key) == 'f') {
        ignored = keyed_load(w->seen, key, blob, decode);
        (void)ignored;
    }
    return VG_OK;
}

static struct net_key
seen_key(const struct platform_stat *stat)
{
    struct net_key k = {0};

    net_key_u64(&k, stat->identity.volume);
    net_key_u64(&k, stat->identity.file);
    return k;
}

/* ---- rounds ---- */

static void
put_count(json_t *o, const char *name, uint64_t value)
{
    (void)json_object_set_new(o, name, json_integer((json_int_t)value));
}

static enum vg_err
commit(struct file_worker *w)
{
    struct state_out out = {.sink = w->sink, .detector = STATE_NAME};
    const struct file_scan_counts *n = file_scan_counts(w->scan);
    const struct file_walk_counts *c = file_walk_counts(w->walk);
    json_t *health = json_object();
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
    put_count(health, "file.folders_unwatched", w->unwatched);
    put_count(health, "file.network_drives", c->remote);
    put_count(health, "file.quarantined", w->move.counts.moved);
    put_count(health, "file.not_quarantined", w->move.counts.stayed);
    put_count(health, "file.wanted", w->move.counts.wanted);
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
    return commit(ctx);
}

static void
scan_file(struct file_worker *w, const char *path, const struct platform_stat *stat)
{
    struct net_key k = seen_key(stat);
    const struct seen *old = keyed_find(w->seen, k.bytes, k.len);
    int64_t age_ns = vtime_now() - stat->modified_ns;
    bool same = old != NULL && old->size == stat->size && old->modified_ns == stat->modified_ns &&
                old->changed_ns == stat->changed_ns;
    enum vg_err err;

    w->again_by_rules = same;
    if (same && old->rules == w->rules) {
        w->known++;
        return;
    }
    if (age_ns >= 0 && age_ns < SETTLE_NS) {
        w->unsettled = true; /* the next round comes soon */
        return;
    }
    w->move.later = false;
    err = file_scan_path(w->scan, path, w->now_ns, NULL);
    if (err == VG_ERR_DENIED) {
        platform_file file;

        if (worker_open_path(w->opener, path, &file) == VG_OK) {
            err = file_scan_handle(w->scan, file, path, w->now_ns, NULL);
            platform_file_close(file);
        }
    }
    if (err != VG_OK)
        return; /* counted; tried again in the next round */
    if (w->move.later) {
        w->unsettled = true;
        return;
    }
    *(struct seen *)keyed_use(w->seen, k.bytes, k.len, NULL) =
        (struct seen){.size = stat->size,
                      .modified_ns = stat->modified_ns,
                      .changed_ns = stat->changed_ns,
                      .rules = w->rules};
    w->uncommitted++;
}

static void
begin_round(struct file_worker *w)
{
    w->walking = true;
    w->again = w->unsettled = false;
    w->folder = 0;
    w->watched = w->unwatched = 0;
    w->known = w->missing = 0;
}

/* The next file of the round; false when the round is over. */
static bool
step(struct file_worker *w)
{
    struct platform_stat stat;
    const char *path;

    if (w->folder > 0 && file_walk_next(w->walk, &path, &stat) == VG_OK) {
        scan_file(w, path, &stat);
        return true;
    }
    while (w->folder < w->config->file_count) {
        if (file_walk_begin(w->walk, w->config->files[w->folder++]) == VG_OK)
            return true;
        w->missing++; /* not there (yet), or not ours to read */
    }
    return false;
}

/* The same, and a rest for what it used: the shop's own work goes first. False: the round is over
 * (not *more), or it is time to rest. */
static bool
paid_step(struct file_worker *w, bool *more)
{
    int64_t before = platform_cpu_time(), used;

    *more = step(w);

    used = platform_cpu_time() - before;
    w->debt_ns += used * ((w->again_by_rules ? SHARE_AGAIN : SHARE) - 1);
    w->again_by_rules = false;
    if (w->debt_ns > WORK_NS) {
        w->rest_ns =
            platform_clock_monotonic() + (w->debt_ns < DEBT_MAX_NS ? w->debt_ns : DEBT_MAX_NS);
        w->debt_ns = 0;
    }
    return *more && w->rest_ns <= platform_clock_monotonic();
}

static enum vg_err
file_begin(void *self)
{
    struct file_worker *w = self;

    file_move_init(&w->move, w->config, w->opener, commit_for_move, w);
    file_scan_respond(w->scan, &w->move.responder);
    begin_round(w);
    return VG_OK;
}

static enum vg_err
file_work(void *self, platform_handle *handle, int64_t *wait_ns)
{
    struct file_worker *w = self;
    int64_t began_ns = platform_clock_monotonic(), since_ns;
    bool more;

    w->now_ns = vtime_now();
    if (w->walking && w->rest_ns > began_ns) {
        *handle = PLATFORM_NO_HANDLE;
        *wait_ns = w->rest_ns - began_ns < REST_NS ? w->rest_ns - began_ns : REST_NS;
        return VG_AGAIN;
    }
    while (w->walking && platform_clock_monotonic() - began_ns < WORK_NS) {
        if (w->uncommitted >= WORKER_FILE_COMMIT_FILES)
            return commit(w);
        if (paid_step(w, &more))
            continue;
        if (more)
            return VG_OK; /* rests */
        w->walking = false;
        w->ended_ns = platform_clock_monotonic();
        return commit(w);
    }
    if (w->walking)
        return VG_OK;
    w->again |= platform_watch_drain(w->watch);
    since_ns = platform_clock_monotonic() - w->ended_ns;
    if (since_ns >= ROUND_NS || ((w->again || w->unsettled) && since_ns >= ROUND_GAP_NS)) {
        begin_round(w);
        return VG_OK;
    }
    *handle = w->again ? PLATFORM_NO_HANDLE : platform_watch_handle(w->watch);
    *wait_ns = (w->again || w->unsettled ? ROUND_GAP_NS : ROUND_NS) - since_ns;
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
    return commit(self);
}

const struct worker_ops WORKER_FILE = {
    .name = "file",
    .open = file_open,
    .needs = file_needs,
    .restore = file_restore,
    .begin = file_begin,
    .work = file_work,
    .tick = file_tick,
    .finish = file_finish,
    .close = file_close,
};
