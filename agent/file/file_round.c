/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/file/file_round.h"

#include <string.h>

#include "common/log.h"

enum {
    SHARE = 4,        /* of one core, for what is new: one in so many */
    SHARE_AGAIN = 10, /* for what only the rules are new to */
};
#define DEBT_MAX_NS (5 * VG_SEC_NS) /* one large file does not put off the next for longer */
#define REST_NS     (300 * VG_MS_NS)
#define WORK_NS     (20 * VG_MS_NS)
#define SETTLE_NS   (2 * VG_SEC_NS) /* a file that just changed is still being written */

const char *const FILE_STICK_PLACE[FILE_STICK_PLACES] = {"/media", "/run/media", "/mnt"};

/* ---- watching ---- */

void
file_round_on_folder(void *ctx, const char *path)
{
    struct file_worker *w = ctx;

    if (platform_watch_add(w->watch, path) != VG_OK)
        w->unwatched++;
}

/* ---- one file ---- */

static struct net_key
seen_key(const struct platform_stat *stat)
{
    struct net_key k = {0};

    net_key_u64(&k, stat->identity.volume);
    net_key_u64(&k, stat->identity.file);
    return k;
}

/* Also by the host worker, where it is a configured folder and not ours to read. */
static enum vg_err
look(struct file_worker *w, const char *path)
{
    platform_file file;
    enum vg_err err = file_scan_path(w->scan, path, w->now_ns, NULL);

    if (err != VG_ERR_DENIED || !agent_config_is_file(w->config, path) ||
        worker_open_path(w->opener, path, &file) != VG_OK)
        return err;
    err = file_scan_handle(w->scan, file, path, w->now_ns, NULL);
    platform_file_close(file);
    return err;
}

/* Known beyond the rows. What is left out of it is counted once in our life, as when it is scanned. */
static bool
is_known(struct file_worker *w, const struct platform_stat *stat)
{
    struct file_known_left left;
    bool met;

    if (w->known == NULL || !file_known_has(w->known, stat, &left, &met))
        return false;
    if (!met)
        file_scan_recall(w->scan, &left);
    return true;
}

/* Whether it is as it was when these rules found nothing in it, or told. */
static bool
skip(struct file_worker *w, const struct platform_stat *stat, const struct seen *old)
{
    bool same = old != NULL && old->size == stat->size && old->modified_ns == stat->modified_ns &&
                old->changed_ns == stat->changed_ns;
    bool known = is_known(w, stat);

    w->again_by_rules = same && old->rules != w->rules;
    if (same && old->rules == w->rules)
        return !old->partial || !w->pass.running;
    return known;
}

static void
scan_file(struct file_worker *w, const char *path, const struct platform_stat *stat)
{
    struct net_key k = seen_key(stat);
    int64_t age_ns = vtime_now() - stat->modified_ns;
    uint64_t given_up = file_scan_counts(w->scan)->timeouts;
    const struct seen *old = keyed_find(w->seen, k.bytes, k.len);

    if (skip(w, stat, old))
        return;
    if (age_ns >= 0 && age_ns < SETTLE_NS) {
        w->unsettled = true; /* the next round comes soon */
        return;
    }
    w->move.later = false;
    w->move.told_before = old != NULL ? old->told : 0;
    w->move.told = 0;
    if (look(w, path) != VG_OK)
        return; /* counted; tried again in the next round */
    if (w->move.later) {
        w->unsettled = true;
        return;
    }
    *(struct seen *)keyed_use(w->seen, k.bytes, k.len, NULL) =
        (struct seen){.size = stat->size,
                      .modified_ns = stat->modified_ns,
                      .changed_ns = stat->changed_ns,
                      .rules = w->rules,
                      .told = w->move.told,
                      .partial = file_scan_counts(w->scan)->timeouts != given_up};
    w->uncommitted++;
}

/* ---- the round ---- */

void
file_round_begin(struct file_worker *w)
{
    w->walking = true;
    w->again = w->unsettled = false;
    w->root = 0;
    platform_watch_begin(w->watch);
    w->unwatched = 0;
    w->missing = 0;
    memset(w->gone, 0, sizeof(w->gone));
    /* Drives of other machines are the business of the full pass, where they are anybody's. */
    file_walk_remote(w->walk, w->config->scan.network && w->pass.running);
    if (w->mounts != NULL && platform_mounts_sticks(w->mounts, &w->sticks) != VG_OK)
        w->sticks.count = 0;
}

/* The next root; NULL after the last. *absent: it was not there at the lock-down. */
static const char *
next_root(struct file_worker *w, bool *absent)
{
    size_t i = w->root++, stick;

    if (i < w->config->file_count) {
        *absent = w->absent[i];
        return w->config->files[i];
    }
    stick = i - w->config->file_count;
    if (stick >= w->sticks.count)
        return NULL;
    *absent = false;
    for (size_t p = 0; p < FILE_STICK_PLACES; p++) {
        size_t len = strlen(FILE_STICK_PLACE[p]);

        if (strncmp(w->sticks.stick[stick].path, FILE_STICK_PLACE[p], len) == 0)
            *absent |= w->absent_place[p];
    }
    return w->sticks.stick[stick].path;
}

/* The next file of the round; false when the round is over. */
static bool
step(struct file_worker *w)
{
    struct platform_stat stat;
    const char *path, *root;
    bool absent = false;
    enum vg_err err;

    if (w->root > 0 && file_walk_next(w->walk, &path, &stat) == VG_OK) {
        scan_file(w, path, &stat);
        return true;
    }
    while ((root = next_root(w, &absent)) != NULL) {
        err = file_walk_begin(w->walk, root);
        if (err == VG_OK)
            return true;
        w->missing++; /* not there (yet), or not ours to read */
        if (w->root <= w->config->file_count)
            w->gone[w->root - 1] = err == VG_ERR_NOENT;
        if (err == VG_ERR_DENIED && absent) {
            log_event(LOG_LEVEL_INFO, "file.locked_out", "folder=%s", log_quote(root));
            w->locked_out = true;
        }
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

enum vg_err
file_round_work(struct file_worker *w, int64_t *wait_ns)
{
    int64_t began_ns = platform_clock_monotonic();
    bool more;

    if (w->rest_ns > began_ns) {
        *wait_ns = w->rest_ns - began_ns < REST_NS ? w->rest_ns - began_ns : REST_NS;
        return VG_AGAIN;
    }
    while (platform_clock_monotonic() - began_ns < WORK_NS) {
        if (w->uncommitted >= WORKER_FILE_COMMIT_FILES)
            return file_worker_commit(w);
        if (paid_step(w, &more))
            continue;
        return more ? VG_OK : VG_END;
    }
    return VG_OK;
}
