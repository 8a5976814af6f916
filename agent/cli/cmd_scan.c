/* SPDX-License-Identifier: Apache-2.0 */
/* scan: YARA on files and folders, now. */
#include <stdlib.h>
#include <string.h>

#include "agent/cli/cli.h"
#include "agent/cli/commands.h"
#include "agent/cli/options.h"
#include "agent/file/file_scan.h"
#include "agent/file/file_walk.h"
#include "common/vtime.h"

enum { OPT_ALL, OPT_CONFIG, OPT_JSON, OPT_NETWORK, OPT_NO_ARCHIVES, OPT_NO_SANDBOX };
static const struct cli_option OPTIONS[] = {
    {"all", 0, false},         {"config", 'c', true},    {"json", 0, false}, {"network", 0, false},
    {"no-archives", 0, false}, {"no-sandbox", 0, false}, {NULL, 0, false}};

struct scan_command {
    const char *config_path;
    bool all, json, network, no_archives, no_sandbox, progress;
    const char **path; /* borrowed from argv */
    size_t path_count;

    struct agent_config config;
    bool configured;
    struct texts *texts;
    struct text_view view;
    struct cli_sink *sink;
    struct panel *panel;
    struct file_walk *walk;
    struct file_scan *scan;
    struct file_known *known; /* NULL: all is scanned */
    bool threads, loaded;     /* the rules: of known files only when there is something to scan */
    uint64_t unchanged, unchanged_partly; /* known files: harmless; partly looked at */
    enum vg_exit code;
    int64_t told_ns; /* when progress was last told */
};

static int
read_line(struct scan_command *c, int argc, char **argv)
{
    struct cli_args args = cli_args_of(argc, argv);
    const char *value;
    int which;

    c->path = calloc((size_t)argc, sizeof(c->path[0]));
    if (c->path == NULL)
        return VG_EXIT_INTERNAL;
    while ((which = cli_next(&args, OPTIONS, &value)) != CLI_END) {
        if (which == CLI_BAD)
            return VG_EXIT_USAGE;
        if (which == OPT_ALL)
            c->all = true;
        else if (which == OPT_CONFIG)
            c->config_path = value;
        else if (which == OPT_JSON)
            c->json = true;
        else if (which == OPT_NETWORK)
            c->network = true;
        else if (which == OPT_NO_ARCHIVES)
            c->no_archives = true;
        else if (which == OPT_NO_SANDBOX)
            c->no_sandbox = true;
        else
            c->path[c->path_count++] = value;
    }
    return c->path_count > 0 ? VG_EXIT_DONE : cli_usage("scan", "name at least one file or folder");
}

/* Compiles the rules: at once, or after the lock-down where they were good the last time. */
static int
load_rules(struct scan_command *c)
{
    struct yara_report report;
    enum vg_err err = file_scan_load(c->scan, c->config.rules_dir, &report);

    if (report.bad > 0)
        fprintf(stderr, "vigia-agent scan: %zu of %zu rule files are left out: %s\n", report.bad,
                report.files, report.why);
    if (err == VG_ERR_NOENT) {
        fprintf(stderr, "vigia-agent scan: no usable rule in %s/yara\n", c->config.rules_dir);
        return VG_EXIT_USAGE;
    }
    if (report.bad > 0) { /* told at each scan */
        file_known_free(c->known);
        c->known = NULL;
    }
    c->loaded = err == VG_OK;
    return err == VG_OK ? VG_EXIT_DONE : VG_EXIT_INTERNAL;
}

/* Going without costs time alone, so nothing is told. */
static void
open_known(struct scan_command *c)
{
    char *path = cli_cache_path("scan.known");
    char folder[1024];
    uint8_t digest[YARA_DIGEST];

    snprintf(folder, sizeof(folder), "%s/yara", c->config.rules_dir);
    if (path == NULL || c->all || c->no_archives || yara_digest(folder, digest) != VG_OK ||
        file_known_open(path, digest, file_look_limits(), &c->known) != VG_OK)
        c->known = NULL;
    free(path);
}

/* Everything that reads our own files: before the lock-down. */
static int
open_rules(struct scan_command *c)
{
    struct panel_options options = {.sensor = "file"};
    char why[DETECT_WHY_MAX] = "";
    enum vg_err err;

    if (cli_config(c->config_path, false, &c->config) != VG_OK)
        return VG_EXIT_USAGE;
    c->configured = true;
    if (cli_texts(&c->config, &c->texts) != VG_OK)
        return VG_EXIT_USAGE;
    c->view = (struct text_view){
        .language = c->config.language, .shop = c->config.shop_name, .zone = c->config.zone};
    if (cli_sink_new(stdout, c->json, c->texts, &c->view, &c->sink) != VG_OK)
        return VG_EXIT_INTERNAL;
    options.rules_dir = c->config.rules_dir;
    options.texts = c->texts;
    options.zone = c->config.zone;
    options.judge.budget_per_week = c->config.budget_per_week;
    options.judge.target_per_week = c->config.budget_per_week;
    err = panel_new(&options, cli_sink_get(c->sink), &c->panel, why);
    if (err != VG_OK) {
        fprintf(stderr, "vigia-agent scan: %s\n", why);
        return err == VG_ERR_CONFIG ? VG_EXIT_USAGE : VG_EXIT_INTERNAL;
    }
    if (file_scan_new(panel_judge(c->panel), &c->scan) != VG_OK || file_walk_new(&c->walk) != VG_OK)
        return VG_EXIT_INTERNAL;
    file_walk_leave_out(c->walk, c->config.rules_dir);
    file_walk_leave_out(c->walk, c->config.state_dir);
    if (c->network)
        file_walk_remote(c->walk, true);
    if (c->no_archives)
        file_scan_packed(c->scan);
    open_known(c);
    return c->known != NULL && file_known_count(c->known) > 0 ? VG_EXIT_DONE : load_rules(c);
}

static int
lock_down(const struct scan_command *c)
{
    struct platform_sandbox sandbox = {0};
    char told[PLATFORM_TOLD_MAX], rules[1024];
    const size_t room = PLATFORM_PATHS_MAX - 2;

    platform_memory_limit(UNPACK_MEMORY_MAX);
    if (c->no_sandbox)
        return VG_EXIT_DONE;
    snprintf(rules, sizeof(rules), "%s/yara", c->config.rules_dir);
    sandbox.threads = true;
    sandbox.read[sandbox.read_count++] = rules;
    sandbox.read[sandbox.read_count++] = PLATFORM_USERS;
    for (size_t i = 0; i < c->path_count && i < room; i++)
        sandbox.read[sandbox.read_count++] = c->path[i];
    if (c->path_count > room) { /* too many to name: reading alone, but anything */
        sandbox.read[0] = "/";
        sandbox.read_count = 1;
    }
    if (platform_sandbox_enter(&sandbox, told) == VG_OK)
        return VG_EXIT_DONE;
    fputs("vigia-agent scan: the sandbox could not be set up (--no-sandbox goes without)\n",
          stderr);
    return VG_EXIT_INTERNAL;
}

static void
tell_progress(struct scan_command *c, bool end)
{
    int64_t now_ns = platform_clock_monotonic();

    if (!c->progress)
        return;
    if (end) {
        if (c->told_ns > 0)
            fputs("\r\033[K", stderr);
        return;
    }
    if (c->told_ns == 0)
        c->told_ns = -now_ns; /* nothing told yet; negative: when it began */
    if (c->told_ns < 0 ? now_ns + c->told_ns < 2 * VG_SEC_NS : now_ns - c->told_ns < VG_SEC_NS / 4)
        return;
    c->told_ns = now_ns;
    fprintf(stderr, "\r\033[K%llu files, %llu matches",
            (unsigned long long)file_scan_counts(c->scan)->files,
            (unsigned long long)file_scan_counts(c->scan)->matches);
}

/* The rules and the threads, when the first file is to be scanned. */
static int
ready(struct scan_command *c)
{
    int code = c->loaded ? VG_EXIT_DONE : load_rules(c);

    if (code == VG_EXIT_DONE && !c->threads &&
        file_scan_threads(c->scan, platform_cores(), c->known) != VG_OK)
        code = VG_EXIT_INTERNAL;
    c->threads = code == VG_EXIT_DONE;
    return code;
}

static int
scan_file(struct scan_command *c, const char *file, const struct platform_stat *stat)
{
    struct file_known_left left;
    int code;

    if (c->known != NULL && file_known_has(c->known, stat, &left, NULL)) {
        bool whole = left.unscanned + left.capped + left.damaged + left.locked == 0;

        c->unchanged += whole;
        c->unchanged_partly += !whole;
        file_scan_recall(c->scan, &left);
        return VG_EXIT_DONE;
    }
    code = ready(c);
    if (code == VG_EXIT_DONE && file_scan_put(c->scan, file) != VG_OK)
        code = VG_EXIT_INTERNAL;
    tell_progress(c, false);
    return code;
}

/* Files looked at, now or when they were as they are. */
static uint64_t
seen(const struct scan_command *c)
{
    return file_scan_counts(c->scan)->files + c->unchanged + c->unchanged_partly;
}

static void
scan_path(struct scan_command *c, const char *path)
{
    uint64_t before = seen(c);
    struct platform_stat stat;
    const char *file;
    int code = VG_EXIT_DONE;
    enum vg_err err = file_walk_begin(c->walk, path);

    if (err != VG_OK) {
        fprintf(stderr, "vigia-agent scan: %s: %s\n", path,
                err == VG_ERR_NOENT    ? "there is no such file or folder"
                : err == VG_ERR_DENIED ? "may not be read"
                                       : "cannot be opened");
        c->code = vg_exit_worse(c->code, VG_EXIT_INPUT);
        return;
    }
    while (code == VG_EXIT_DONE && file_walk_next(c->walk, &file, &stat) == VG_OK)
        code = scan_file(c, file, &stat);
    file_scan_finish(c->scan);
    c->code = vg_exit_worse(c->code, (enum vg_exit)code);
    /* A single file that cannot be read is an input that cannot be opened; one of many is told. */
    if (seen(c) == before && file_scan_counts(c->scan)->refused > 0) {
        fprintf(stderr, "vigia-agent scan: %s: nothing in it could be read\n", path);
        c->code = vg_exit_worse(c->code, VG_EXIT_INPUT);
    }
}

static void
tell_end(const struct scan_command *c)
{
    const struct file_scan_counts *n = file_scan_counts(c->scan);
    const struct file_walk_counts *w = file_walk_counts(c->walk);

    fprintf(stderr, "%llu files scanned, %llu matches\n", (unsigned long long)n->files,
            (unsigned long long)n->matches);
    if (c->unchanged > 0)
        fprintf(stderr, "unchanged since they were found harmless: %llu files\n",
                (unsigned long long)c->unchanged);
    if (c->unchanged_partly > 0)
        fprintf(stderr, "unchanged since nothing was found in what can be looked at: %llu files\n",
                (unsigned long long)c->unchanged_partly);
    if (n->refused + w->refused > 0)
        fprintf(stderr, "could not be read: %llu\n", (unsigned long long)(n->refused + w->refused));
    if (n->starved > 0)
        fprintf(stderr, "of these for want of memory: %llu\n", (unsigned long long)n->starved);
    if (n->timeouts > 0)
        fprintf(stderr, "given up after too long a time: %llu files\n",
                (unsigned long long)n->timeouts);
    if (n->unscanned > 0)
        fprintf(stderr, "beyond the first %llu MiB of a file and not scanned: %llu bytes\n",
                (unsigned long long)(FILE_SCAN_BYTES_MAX >> 20), (unsigned long long)n->unscanned);
    if (n->inside.members > 0)
        fprintf(stderr, "looked at inside archives and documents: %llu\n",
                (unsigned long long)n->inside.members);
    if (n->inside.capped > 0)
        fprintf(stderr,
                "archives too large, too deep or too tightly packed to be looked at whole: %llu\n",
                (unsigned long long)n->inside.capped);
    if (n->inside.damaged > 0)
        fprintf(stderr, "archives and documents with damaged parts: %llu\n",
                (unsigned long long)n->inside.damaged);
    if (n->inside.locked > 0)
        fprintf(stderr, "under a password and not looked at: %llu\n",
                (unsigned long long)n->inside.locked);
    if (w->remote > 0)
        fprintf(stderr, "drives of other machines left alone (--network scans them): %llu\n",
                (unsigned long long)w->remote);
    if (w->beyond > 0)
        fprintf(stderr, "folders too deep or too full to be looked at whole: %llu\n",
                (unsigned long long)w->beyond);
}

static int
run(struct scan_command *c, int argc, char **argv)
{
    int code = read_line(c, argc, argv);

    if (code == VG_EXIT_DONE)
        code = open_rules(c);
    if (code == VG_EXIT_DONE)
        code = lock_down(c);
    if (code != VG_EXIT_DONE)
        return code;
    c->progress = platform_terminal(2);
    for (size_t i = 0; i < c->path_count; i++)
        scan_path(c, c->path[i]);
    tell_progress(c, true);
    if (file_scan_counts(c->scan)->matches > 0)
        c->code = vg_exit_worse(c->code, VG_EXIT_FOUND);
    if (cli_sink_get(c->sink)->ops->commit(cli_sink_get(c->sink)->ctx) != VG_OK)
        c->code = vg_exit_worse(c->code, VG_EXIT_INTERNAL);
    if (file_scan_counts(c->scan)->starved > 0)
        c->code = vg_exit_worse(c->code, VG_EXIT_INTERNAL);
    if (c->known != NULL && file_known_save(c->known) != VG_OK)
        fputs("vigia-agent scan: what was found harmless could not be kept\n", stderr);
    tell_end(c);
    return (int)c->code;
}

int
cmd_scan(int argc, char **argv)
{
    struct scan_command c = {.code = VG_EXIT_DONE};
    int code = run(&c, argc, argv);

    file_scan_free(c.scan);
    file_known_free(c.known);
    file_walk_free(c.walk);
    panel_free(c.panel);
    cli_sink_free(c.sink);
    texts_free(c.texts);
    if (c.configured)
        agent_config_done(&c.config);
    free(c.path);
    return code;
}
