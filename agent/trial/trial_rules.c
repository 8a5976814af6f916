/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that the workers will compile and parse, once, and strictly: what a worker only tells of
 * (one bad file of many) is enough here to refuse the bundle. */
#include <stdio.h>
#include <string.h>

#include "agent/detect/detector.h"
#include "agent/detect/indicator_list.h"
#include "agent/detect/yara.h"
#include "agent/detect/yara_probe.h"
#include "agent/net/app.h"
#include "agent/net/sensor.h"
#include "agent/pay/profile.h"
#include "agent/trial/trial.h"
#include "common/texts.h"

enum vg_err
trial_formats(const struct trial *t, struct bundle_error *error)
{
    struct conf_error why = {.text = ""};
    struct profiles all;
    enum vg_err err = profiles_load(t->config->rules_dir, &all, &why);

    if (err != VG_OK)
        return bundle_refuse(error, err, "formats", "%.200s",
                             why.text[0] != '\0' ? why.text : vg_err_name(err));
    /* The shop's own logs must still be read. */
    for (size_t i = 0; i < t->config->payment_count && err == VG_OK; i++) {
        const char *format = t->config->payments[i].format;
        const struct profile *one;

        if (strcmp(format, "auto") != 0 && strchr(format, '/') == NULL &&
            profiles_named(&all, format, &one) == 0)
            err = bundle_refuse(error, VG_ERR_CONFIG, "formats",
                                "format %.60s, which this shop's logs have, is not in it", format);
    }
    profiles_done(&all);
    return err;
}

static void
drop_event(void *ctx, json_t *event)
{
    (void)ctx;
    json_decref(event);
}

static enum vg_err
try_panel(const struct trial *t, const char *sensor, struct bundle_error *error)
{
    static const struct sink_ops ops = {.event = drop_event};
    const struct sink sink = {.ops = &ops};
    const struct agent_config *c = t->config;
    struct panel_options options = {.sensor = sensor,
                                    .rules_dir = c->rules_dir,
                                    .geo_dir = c->geo_dir,
                                    .texts = t->texts,
                                    .zone = c->zone,
                                    .hours = &c->hours,
                                    .currency = c->currency,
                                    .off = c->detectors_off,
                                    .off_count = c->detectors_off_count,
                                    .judge = sensor_judge_settings(c->budget_per_week)};
    char why[DETECT_WHY_MAX] = "";
    struct panel *panel = NULL;
    enum vg_err err = panel_new(&options, &sink, &panel, why);

    if (err != VG_OK)
        return bundle_refuse(error, err, "detectors", "detectors of %s: %.200s", sensor,
                             why[0] != '\0' ? why : vg_err_name(err));
    panel_free(panel);
    return VG_OK;
}

static enum vg_err
try_lists(const struct trial *t, struct bundle_error *error)
{
    struct conf_error wrong = {.text = ""};
    struct app_list *apps = NULL;
    struct indicators lists;
    char folder[BUNDLE_PATH_BYTES + 16], why[200] = "";
    const char *folders[1] = {folder};
    enum vg_err err = app_list_load_rules(t->config->rules_dir, &apps, &wrong);

    if (err != VG_OK)
        return bundle_refuse(error, err, "indicators", "%.200s", wrong.text);
    app_list_free(apps);
    (void)snprintf(folder, sizeof folder, "%s/indicators", t->config->rules_dir);
    err = indicators_load(folders, 1, 0, &lists, why);
    if (err != VG_OK)
        return bundle_refuse(error, err, "indicators", "%.200s",
                             why[0] != '\0' ? why : vg_err_name(err));
    for (size_t i = 0; i < lists.lists && err == VG_OK; i++)
        if (lists.list[i].bad > 0)
            err = bundle_refuse(error, VG_ERR_FORMAT, "indicators",
                                "%.60s.txt: line %zu is none of what may stand there",
                                lists.list[i].name, lists.list[i].bad_line);
    if (err == VG_OK && lists.unread > 0)
        err = bundle_refuse(error, VG_ERR_FORMAT, "indicators", "%.200s", why);
    indicators_done(&lists);
    return err;
}

/* A file that the bundle brought, not one of the shop's own. */
static bool
brought(const struct trial *t, const char *folder, const char *file)
{
    char path[BUNDLE_PATH_MAX];

    return snprintf(path, sizeof path, "%s/%s.yar", folder, file) < (int)sizeof path &&
           bundle_find(t->bundle, path) != NULL;
}

static bool
is_slow(const struct yara_probe *probe, const char *file)
{
    for (size_t i = 0; i < probe->slow_count; i++)
        if (strcmp(probe->slow[i].file, file) == 0)
            return true;
    return false;
}

/* Twice: what is slow once may have been the machine, not the rule. */
static enum vg_err
try_pace(const struct trial *t, const char *folder, const char *path, struct bundle_error *error)
{
    struct yara_probe first, second;

    if (yara_probe_folder(path, &first) != VG_OK || first.slow_count == 0 ||
        yara_probe_folder(path, &second) != VG_OK)
        return VG_OK;
    for (size_t i = 0; i < first.slow_count; i++) {
        const struct yara_pace *p = &first.slow[i];

        if (brought(t, folder, p->file) && is_slow(&second, p->file))
            return bundle_refuse(error, VG_ERR_LIMIT, "slow",
                                 "%s/%s.yar takes %.0f ms for a MB, the middle file %.1f", folder,
                                 p->file, p->ms_per_mb, first.median_ms_per_mb);
    }
    return VG_OK;
}

static enum vg_err
try_yara(const struct trial *t, const char *folder, struct bundle_error *error)
{
    char path[BUNDLE_PATH_BYTES + 16];
    struct yara_report report = {.why = ""};
    struct yara_rules *rules = NULL;
    enum vg_err err;

    (void)snprintf(path, sizeof path, "%s/%s", t->config->rules_dir, folder);
    err = yara_load(path, &rules, &report);
    yara_free(rules);
    if (err == VG_OK && report.bad > 0)
        err = VG_ERR_FORMAT;
    if (err != VG_OK)
        return bundle_refuse(error, err, "compile", "%s: %.200s", folder,
                             report.why[0] != '\0' ? report.why : vg_err_name(err));
    return try_pace(t, folder, path, error);
}

/* What the program cannot do without is replaced, never withdrawn. */
static enum vg_err
try_withdrawn(const struct trial *t, struct bundle_error *error)
{
    for (size_t i = 0; i < t->bundle->count; i++) {
        const struct bundle_file *f = &t->bundle->file[i];
        size_t n = strlen(f->path);

        if (f->bytes.left > 0 || n < 5 || strcmp(f->path + n - 5, ".yaml") != 0 ||
            strncmp(f->path, "formats/", 8) == 0)
            continue;
        return bundle_refuse(error, VG_ERR_DENIED, "detectors",
                             "%s is empty: only lists, formats "
                             "and YARA rules can be withdrawn",
                             f->path);
    }
    return VG_OK;
}

enum vg_err
trial_rules(struct trial *t, struct bundle_error *error)
{
    static const char *const sensors[] = {"net", "pay", "file"};
    static const char *const folders[] = {"yara", "request", "answer"};
    struct conf_error why = {.text = ""};
    enum vg_err err = try_withdrawn(t, error);

    /* Before the panels, which compile some of them too, and say less of what is wrong. */
    for (size_t i = 0; i < VG_ARRAY_LEN(folders) && err == VG_OK; i++)
        err = try_yara(t, folders[i], error);
    if (err != VG_OK)
        return err;
    err = texts_load(t->config->rules_dir, &t->texts, &why);
    if (err != VG_OK)
        return bundle_refuse(error, err, "detectors", "%.200s",
                             why.text[0] != '\0' ? why.text : vg_err_name(err));
    for (size_t i = 0; i < VG_ARRAY_LEN(sensors) && err == VG_OK; i++)
        err = try_panel(t, sensors[i], error);
    return err == VG_OK ? try_lists(t, error) : err;
}
