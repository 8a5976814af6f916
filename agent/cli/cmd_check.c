/* SPDX-License-Identifier: Apache-2.0 */
/* check: configuration, detectors, lists of indicators, YARA rules, applications, countries and log
 * formats, each thing named as it is found good or wrong; all of them are looked at. */
#include <stdlib.h>
#include <string.h>

#include "agent/cli/cli.h"
#include "agent/cli/commands.h"
#include "agent/cli/format_show.h"
#include "agent/detect/geo.h"
#include "agent/detect/indicator_list.h"
#include "agent/detect/yara.h"
#include "agent/detect/yara_probe.h"
#include "agent/net/app.h"
#include "agent/pay/profile.h"
#include "agent/platform/platform.h"
#include "common/texts.h"

enum { CONFIG, FORMAT };
static const struct cli_option OPTIONS[] = {
    [CONFIG] = {"config", 'c', true}, [FORMAT] = {"format", 0, true}, {NULL, 0, false}};

enum { PATH_BYTES = 2200, FORMATS_MAX = 500 };

static void
drop_event(void *ctx, json_t *event)
{
    (void)ctx;
    json_decref(event);
}

/* Makes every detector of a sensor with its settings, as the worker will. */
static bool
check_panel(const struct agent_config *config, const struct texts *texts, const char *sensor)
{
    static const struct sink_ops ops = {.event = drop_event};
    const struct sink sink = {.ops = &ops};
    struct panel_options options = {.sensor = sensor,
                                    .rules_dir = config->rules_dir,
                                    .geo_dir = config->geo_dir,
                                    .texts = texts,
                                    .zone = config->zone,
                                    .hours = &config->hours,
                                    .currency = config->currency,
                                    .off = config->detectors_off,
                                    .off_count = config->detectors_off_count,
                                    .judge = {.budget_per_week = config->budget_per_week,
                                              .target_per_week = config->budget_per_week / 2}};
    char why[DETECT_WHY_MAX] = "";
    struct panel *panel = NULL;
    enum vg_err err = panel_new(&options, &sink, &panel, why);

    if (err != VG_OK) {
        printf("BAD detectors of %s: %s\n", sensor, why[0] != '\0' ? why : vg_err_name(err));
        return false;
    }
    panel_free(panel);
    return true;
}

/* Lists of domains, addresses and fingerprints: a bad line is named, the rest works. */
static bool
check_indicators(const struct agent_config *config, const struct texts *texts)
{
    const json_t *settings = json_object_get(texts_detector(texts, "net.indicator"), "settings");
    char shipped[PATH_BYTES], why[200] = "";
    const char *folders[2] = {shipped, vg_json_str(settings, "folder", NULL)};
    struct indicators lists;
    bool good = true;
    enum vg_err err;

    snprintf(shipped, sizeof(shipped), "%.2000s/indicators", config->rules_dir);
    err = indicators_load(folders, folders[1] != NULL ? 2 : 1,
                          (size_t)vg_json_int(settings, "entries", 0), &lists, why);
    if (err != VG_OK) {
        printf("BAD indicators: %s\n", why[0] != '\0' ? why : vg_err_name(err));
        return false;
    }
    for (size_t i = 0; i < lists.lists; i++) {
        const struct indicator_list *l = &lists.list[i];

        if (l->bad == 0)
            continue;
        printf(
            "BAD indicators: %s.txt:%zu is no domain, address, network, JA3, JA4 or hash (%zu such "
            "lines); write one a line\n",
            l->name, l->bad_line, l->bad);
        good = false;
    }
    if (lists.unread > 0) {
        printf("BAD indicators: %zu files are not read: %s\n", lists.unread, why);
        good = false;
    }
    if (indicator_set_refused(lists.set) > 0)
        printf("note indicators: %zu are not kept: raise `entries` of net.indicator\n",
               indicator_set_refused(lists.set));
    if (good)
        printf("ok  indicators: %zu in %zu lists\n", indicator_set_count(lists.set), lists.lists);
    indicators_done(&lists);
    return good;
}

static bool
check_detectors(const struct agent_config *config)
{
    struct texts *texts = NULL;
    size_t n = 0;
    bool good;

    if (cli_texts(config, &texts) != VG_OK)
        return false;
    while (texts_detectors(texts)[n] != NULL)
        n++;
    good = check_panel(config, texts, "net");
    good = check_panel(config, texts, "pay") && good;
    if (good)
        printf("ok  detectors: %zu in %s/detectors\n", n, config->rules_dir);
    if (config->rules_dir != NULL)
        good = check_indicators(config, texts) && good;
    texts_free(texts);
    return good;
}

/* Slow files make everything slow, but are no mistake: a note. */
static void
tell_slow_rules(const char *folder, const char *what)
{
    struct yara_probe probe;

    if (yara_probe_folder(folder, &probe) != VG_OK)
        return;
    for (size_t i = 0; i < probe.slow_count; i++)
        printf("note %s: %s.yar is slow: %.0f ms for a MB, the middle file takes %.1f\n", what,
               probe.slow[i].file, probe.slow[i].ms_per_mb, probe.median_ms_per_mb);
    if (probe.slow_more > 0)
        printf("note %s: %zu more files are slow\n", what, probe.slow_more);
}

/* The rules of one folder; `what` for people. */
static bool
check_yara_folder(const struct agent_config *config, const char *name, const char *what)
{
    char folder[PATH_BYTES];
    struct yara_rules *rules = NULL;
    struct yara_report report = {.why = ""};
    enum vg_err err;

    snprintf(folder, sizeof(folder), "%.2000s/%s", config->rules_dir, name);
    err = yara_load(folder, &rules, &report);
    yara_free(rules);
    tell_slow_rules(folder, what);
    if (err != VG_OK || report.bad > 0) {
        printf("BAD %s: %zu of %zu files in %s: %s\n", what, report.bad, report.files, folder,
               report.why[0] != '\0' ? report.why : vg_err_name(err));
        return false;
    }
    printf("ok  %s: %zu rules in %zu files of %s%s\n", what, report.rules, report.files, folder,
           report.ready ? ", compiled with the program" : "");
    return true;
}

/* Files and downloads; then what net.exploit looks for in requests, and in the answers to them. */
static bool
check_yara(const struct agent_config *config)
{
    bool good = check_yara_folder(config, "yara", "yara");

    good = check_yara_folder(config, "request", "requests") && good;
    return check_yara_folder(config, "answer", "answers") && good;
}

static bool
check_apps(const struct agent_config *config)
{
    struct conf_error why = {.text = ""};
    struct app_list *apps = NULL;
    enum vg_err err = app_list_load_rules(config->rules_dir, &apps, &why);

    if (err != VG_OK) {
        printf("BAD applications: %s\n", why.text[0] != '\0' ? why.text : vg_err_name(err));
        return false;
    }
    printf("ok  applications: %zu by %zu names and ports in %s/indicators\n", app_list_count(apps),
           app_list_keys(apps), config->rules_dir);
    app_list_free(apps);
    return true;
}

/* Without these alerts say that country and owner are unknown: a note, no mistake. */
static bool
check_geo(const struct agent_config *config)
{
    struct geo *geo = NULL;
    enum vg_err err = config->geo_dir != NULL ? geo_open(config->geo_dir, &geo) : VG_ERR_NOENT;
    bool countries = geo_has_countries(geo), owners = geo_has_owners(geo);

    geo_free(geo);
    if (err != VG_OK && err != VG_ERR_NOENT) {
        printf("BAD addresses: databases in %s: %s\n", config->geo_dir, vg_err_name(err));
        return false;
    }
    if (countries)
        printf("ok  addresses: countries%s in %s\n", owners ? " and owners" : "", config->geo_dir);
    if (!countries || !owners)
        printf("note addresses: no database of %s\n", countries ? "owners"
                                                      : owners  ? "countries"
                                                                : "countries and owners");
    return true;
}

/* One profile: told only when it is bad. */
static bool
check_format(const char *path)
{
    struct conf_error why = {.text = ""};
    struct profile *profile = NULL;
    enum vg_err err = profile_load(path, &profile, &why);

    if (err != VG_OK)
        printf("BAD format: %s\n", why.text[0] != '\0' ? why.text : path);
    else
        profile_free(profile);
    return err == VG_OK;
}

static bool
check_formats(const struct agent_config *config)
{
    char folder[PATH_BYTES], path[PATH_BYTES + 300];
    struct platform_names names;
    size_t good = 0, all = 0;
    enum vg_err err;

    snprintf(folder, sizeof(folder), "%.2000s/formats", config->rules_dir);
    err = platform_folder_list(folder, FORMATS_MAX, &names);
    if (err != VG_OK) {
        printf("BAD formats: %s cannot be read: %s\n", folder, vg_err_name(err));
        return false;
    }
    for (size_t i = 0; i < names.count; i++) {
        const char *end = strrchr(names.name[i], '.');

        if (end == NULL || strcmp(end, ".yaml") != 0)
            continue;
        snprintf(path, sizeof(path), "%s/%.255s", folder, names.name[i]);
        all++;
        good += check_format(path);
    }
    platform_names_free(&names);
    if (good == all)
        printf("ok  formats: %zu in %s\n", all, folder);
    return good == all;
}

/* A source that is not there yet is no mistake: a POS makes its folder at the first export. */
static bool
check_sources(const struct agent_config *config)
{
    struct platform_stat stat;
    char path[PATH_BYTES];
    bool good = true;

    for (size_t i = 0; i < config->payment_count; i++) {
        const struct pay_source *p = &config->payments[i];
        bool is_path = strchr(p->format, '/') != NULL;

        if (platform_path_stat(p->path, &stat) != VG_OK)
            printf("note payments: %s is not there yet, or may not be read\n", p->path);
        if (strcmp(p->format, "auto") == 0)
            continue;
        if (is_path)
            snprintf(path, sizeof(path), "%.2000s", p->format);
        else
            snprintf(path, sizeof(path), "%.1000s/formats/%.1000s.yaml", config->rules_dir,
                     p->format);
        if (!check_format(path))
            good = false;
    }
    for (size_t i = 0; i < config->replay_count; i++)
        if (platform_path_stat(config->replay[i], &stat) != VG_OK)
            printf("note network: %s is not there, or may not be read\n", config->replay[i]);
    return good;
}

static int
check(const struct agent_config *config)
{
    bool good;

    printf("ok  configuration: shop \"%s\", zone %s, language %s, currency %s\n", config->shop_name,
           zone_name(config->zone), config->language, config->currency);
    if (config->rules_dir != config->rules_base)
        printf("ok  bundle: these rules are from the collector: %s\n", config->rules_dir);
    good = check_detectors(config);
    if (config->rules_dir != NULL) {
        good = check_yara(config) && good;
        good = check_apps(config) && good;
        good = check_geo(config) && good;
        good = check_formats(config) && good;
        good = check_sources(config) && good;
    }
    return good ? VG_EXIT_DONE : VG_EXIT_USAGE;
}

/* How a format reads a sample. */
static int
check_sample(const struct agent_config *config, const char *format, const char *sample)
{
    struct conf_error why = {.text = ""};
    enum vg_exit exit = VG_EXIT_INTERNAL;
    struct format_show show;

    if (format_show_open(&show, config, "check", sample, &exit)) {
        if (profiles_choose(&show.profiles, format, &show.profile, &show.only, &why) != VG_OK)
            exit = (enum vg_exit)cli_usage("check", "--format: %s", why.text);
        else if (format_show_lock("check"))
            exit = format_show_print(&show, stdout);
    }
    format_show_done(&show);
    return (int)exit;
}

int
cmd_check(int argc, char **argv)
{
    struct cli_args args = cli_args_of(argc, argv);
    const char *path = NULL, *format = NULL, *sample = NULL, *value;
    struct agent_config config;
    int which, code;

    while ((which = cli_next(&args, OPTIONS, &value)) != CLI_END) {
        if (which == CLI_BAD)
            return VG_EXIT_USAGE;
        if (which == CLI_OPERAND && sample != NULL)
            return cli_usage("check", "one sample at a time");
        *(which == CLI_OPERAND ? &sample : which == FORMAT ? &format : &path) = value;
    }
    if ((format == NULL) != (sample == NULL))
        return cli_usage("check", "--format goes with a sample: check --format auto ventas.csv");
    if (cli_config(path, true, &config) != VG_OK)
        return VG_EXIT_USAGE;
    code = sample != NULL ? check_sample(&config, format, sample) : check(&config);
    agent_config_done(&config);
    return code;
}
