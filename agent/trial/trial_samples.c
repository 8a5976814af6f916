/* SPDX-License-Identifier: Apache-2.0 */
/* The samples that a bundle brings: what must be found, and what must not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/detector.h"
#include "agent/detect/yara.h"
#include "agent/net/sensor.h"
#include "agent/trial/trial.h"

enum { SCAN_S = 10, NAME_MAX_ = 64 };

/* "tests/KIND/fires/WHO/NAME" or "tests/KIND/quiet/NAME"; who "" : nobody may. */
static bool
sample_of(const char *path, const char *kind, char who[NAME_MAX_])
{
    size_t n = strlen(kind);
    const char *at, *slash;

    if (strncmp(path, "tests/", 6) != 0 || strncmp(path + 6, kind, n) != 0 || path[6 + n] != '/')
        return false;
    at = path + 7 + n;
    who[0] = '\0';
    if (strncmp(at, "quiet/", 6) == 0)
        return true;
    slash = strncmp(at, "fires/", 6) == 0 ? strchr(at + 6, '/') : NULL;
    if (slash == NULL || (size_t)(slash - at - 6) >= NAME_MAX_)
        return false;
    memcpy(who, at + 6, (size_t)(slash - at - 6));
    who[slash - at - 6] = '\0';
    return true;
}

static enum vg_err
try_file(struct yara_rules *rules, const struct bundle_file *f, const char *who,
         struct bundle_error *error)
{
    struct yara_result *found = calloc(1, sizeof *found);
    bool seen = false;
    enum vg_err err = found != NULL ? yara_scan(rules, f->bytes, SCAN_S, found) : VG_ERR_NOMEM;

    for (size_t i = 0; err == VG_OK && i < found->count; i++)
        seen = seen || who[0] == '\0' || strcmp(found->match[i].rule, who) == 0;
    if (err == VG_ERR_LIMIT)
        err = bundle_refuse(error, err, "slow", "%s: scanning takes over %d s", f->path, SCAN_S);
    else if (err == VG_OK && who[0] == '\0' && seen)
        err = bundle_refuse(error, VG_ERR_DENIED, "sample", "%s: rule %s fires, and must not",
                            f->path, found->match[0].rule);
    else if (err == VG_OK && who[0] != '\0' && !seen)
        err = bundle_refuse(error, VG_ERR_DENIED, "sample", "%s: rule %s does not fire", f->path,
                            who);
    free(found);
    return err;
}

static enum vg_err
try_files(struct trial *t, struct bundle_error *error)
{
    char folder[BUNDLE_PATH_BYTES + 16], who[NAME_MAX_];
    struct yara_rules *rules = NULL;
    struct yara_report report;
    enum vg_err err;

    (void)snprintf(folder, sizeof folder, "%s/yara", t->config->rules_dir);
    err = yara_load(folder, &rules, &report);
    for (size_t i = 0; err == VG_OK && i < t->bundle->count; i++) {
        const struct bundle_file *f = &t->bundle->file[i];

        if (!sample_of(f->path, "yara", who))
            continue;
        t->samples++;
        err = try_file(rules, f, who, error);
    }
    yara_free(rules);
    return err;
}

/* ---- captures ---- */

struct heard {
    const char *who; /* "": anybody */
    bool seen, unread;
    char first[NAME_MAX_]; /* detector of the first alert */
};

static void
on_event(void *ctx, json_t *event)
{
    struct heard *h = ctx;
    const char *detector = vg_json_str(event, "detector", "");

    if (strcmp(vg_json_str(event, "class", ""), "alert") == 0 &&
        strcmp(vg_json_str(event, "severity", ""), "info") != 0 &&
        (h->who[0] == '\0' || strcmp(detector, h->who) == 0)) {
        h->seen = true;
        if (h->first[0] == '\0')
            (void)vg_strcpy(h->first, sizeof h->first, detector);
    }
    json_decref(event);
}

static void
on_told(void *ctx, const char *path, enum vg_err err, uint64_t packets, const char *why)
{
    struct heard *h = ctx;

    h->unread = err != VG_OK || packets == 0;
}

static enum vg_err
read_capture(const struct trial *t, const char *path, struct heard *h)
{
    static const struct sink_ops ops = {.event = on_event};
    const struct sink sink = {.ops = &ops, .ctx = h};
    const struct agent_config *c = t->config;
    struct sensor_options options = {
        .panel = {.sensor = "net",
                  .rules_dir = c->rules_dir,
                  .geo_dir = c->geo_dir,
                  .texts = t->texts,
                  .zone = c->zone,
                  .hours = &c->hours,
                  .currency = c->currency,
                  .judge = sensor_judge_settings(c->budget_per_week)},
        .sink = &sink,
        .told = on_told,
        .ctx = h,
    };
    char why[DETECT_WHY_MAX] = "";
    struct sensor *sensor = NULL;
    platform_handle handle;
    int64_t wait_ns;
    enum vg_err err = sensor_new(&options, &sensor, why);

    if (err == VG_OK)
        err = sensor_add_capture(sensor, path, false);
    while (err == VG_OK || err == VG_AGAIN)
        err = sensor_work(sensor, &handle, &wait_ns);
    sensor_free(sensor);
    return err == VG_END ? VG_OK : err;
}

static enum vg_err
try_capture(const struct trial *t, const struct bundle_file *f, const char *who,
            struct bundle_error *error)
{
    char path[BUNDLE_PATH_BYTES + BUNDLE_PATH_MAX];
    struct heard h = {.who = who};
    enum vg_err err;

    (void)snprintf(path, sizeof path, "%s/%s", t->config->rules_dir, f->path);
    err = read_capture(t, path, &h);
    if (err != VG_OK)
        return err;
    if (h.unread)
        return bundle_refuse(error, VG_ERR_FORMAT, "sample", "%s is no capture", f->path);
    if (who[0] == '\0' && h.seen)
        return bundle_refuse(error, VG_ERR_DENIED, "sample", "%s: %s alerts, and must not", f->path,
                             h.first);
    if (who[0] != '\0' && !h.seen)
        return bundle_refuse(error, VG_ERR_DENIED, "sample", "%s: %s does not alert", f->path, who);
    return VG_OK;
}

enum vg_err
trial_samples(struct trial *t, struct bundle_error *error)
{
    char who[NAME_MAX_];
    enum vg_err err = try_files(t, error);

    for (size_t i = 0; err == VG_OK && i < t->bundle->count; i++) {
        const struct bundle_file *f = &t->bundle->file[i];

        if (!sample_of(f->path, "net", who))
            continue;
        t->samples++;
        err = try_capture(t, f, who, error);
    }
    return err;
}
