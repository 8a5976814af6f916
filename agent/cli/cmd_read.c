/* SPDX-License-Identifier: Apache-2.0 */
/* read: captures through everything that `run` does, without a store. */
#include <stdlib.h>

#include "agent/cli/cli.h"
#include "agent/cli/commands.h"
#include "agent/net/metadata.h"
#include "agent/net/sensor.h"
#include "agent/platform/platform.h"

enum { OPT_LEARN, OPT_JSON, OPT_METADATA, OPT_CONFIG, OPT_NO_SANDBOX };
enum { METADATA_BYTES_MAX = 1024 * 1024, METADATA_FLUSH = 256 * 1024 };

static const struct cli_option OPTIONS[] = {
    [OPT_LEARN] = {"learn", 0, true},
    [OPT_JSON] = {"json", 0, false},
    [OPT_METADATA] = {"metadata", 0, true},
    [OPT_CONFIG] = {"config", 'c', true},
    [OPT_NO_SANDBOX] = {"no-sandbox", 0, false},
    {NULL, 0, false},
};

struct read_run {
    struct agent_config config;
    bool configured;
    struct texts *texts;
    struct cli_sink *sink;
    struct sensor *sensor;
    FILE *metadata; /* NULL: none; closed at the end unless it is stdout */
    struct buf lines;
    bool write_failed;
    int code;
};

/* What the command line asks for; borrows from argv. */
struct read_wish {
    const char *config, *metadata;
    bool json, sandbox;
    const char **captures, **learn; /* owned arrays */
    size_t capture_count, learn_count;
};

static int
parse(int argc, char **argv, struct read_wish *wish)
{
    struct cli_args args = cli_args_of(argc, argv);
    const char *value;
    int which;

    while ((which = cli_next(&args, OPTIONS, &value)) != CLI_END) {
        switch (which) {
        case CLI_OPERAND:
            if (strcmp(value, "-") == 0)
                return cli_usage("read", "captures are read from files; '-' is none");
            wish->captures[wish->capture_count++] = value;
            break;
        case OPT_LEARN:
            wish->learn[wish->learn_count++] = value;
            break;
        case OPT_JSON:
            wish->json = true;
            break;
        case OPT_METADATA:
            wish->metadata = value;
            break;
        case OPT_CONFIG:
            wish->config = value;
            break;
        case OPT_NO_SANDBOX:
            wish->sandbox = false;
            break;
        default:
            return VG_EXIT_USAGE;
        }
    }
    if (wish->capture_count == 0)
        return cli_usage("read", "which capture? Give one or more pcap or pcapng files");
    return VG_EXIT_DONE;
}

/* ---- what the sensor tells ---- */

static void
flush_lines(struct read_run *run)
{
    if (run->lines.len > 0 &&
        fwrite(run->lines.data, 1, run->lines.len, run->metadata) != run->lines.len)
        run->write_failed = true;
    buf_clear(&run->lines);
}

static void
on_observation(void *ctx, const struct obs *obs)
{
    struct read_run *run = ctx;

    if (!metadata_put(obs, &run->lines))
        return;
    buf_put_u8(&run->lines, '\n');
    if (run->lines.len > METADATA_FLUSH || run->lines.bad)
        flush_lines(run);
}

static void
worse(struct read_run *run, enum vg_exit code)
{
    run->code = (int)vg_exit_worse((enum vg_exit)run->code, code);
}

static void
on_told(void *ctx, const char *path, enum vg_err err, uint64_t packets, const char *why)
{
    struct read_run *run = ctx;
    bool unread = err != VG_OK && packets == 0;

    if (err == VG_OK && packets > 0)
        return;
    fputs("vigia-agent read: ", stderr);
    cli_put_safe(stderr, path);
    if (err == VG_OK)
        fputs(": holds no packet", stderr);
    else if (unread)
        fputs(": not read: ", stderr);
    else
        fprintf(stderr, ": damaged after %llu packets, which count: ", (unsigned long long)packets);
    if (err != VG_OK)
        cli_put_safe(stderr, why);
    fputc('\n', stderr);
    if (err == VG_OK || unread)
        worse(run, VG_EXIT_INPUT);
}

/* ---- the run ---- */

static enum vg_err
open_metadata(struct read_run *run, const char *name)
{
    if (name == NULL)
        return VG_OK;
    run->metadata = strcmp(name, "-") == 0 ? stdout : fopen(name, "wb");
    if (run->metadata != NULL)
        return VG_OK;
    (void)cli_usage("read", "cannot write to %s", name);
    return VG_ERR_CONFIG;
}

static enum vg_err
make_sensor(struct read_run *run, const struct read_wish *wish)
{
    struct text_view view = cli_view(&run->config);
    FILE *alerts = wish->metadata != NULL && strcmp(wish->metadata, "-") == 0 ? stderr : stdout;
    char why[DETECT_WHY_MAX];
    struct sensor_options options = {
        .panel = {.sensor = "net",
                  .rules_dir = run->config.rules_dir,
                  .geo_dir = run->config.geo_dir,
                  .texts = run->texts,
                  .zone = run->config.zone,
                  .hours = &run->config.hours,
                  .currency = run->config.currency,
                  .off = run->config.detectors_off,
                  .off_count = run->config.detectors_off_count,
                  .judge = sensor_judge_settings(run->config.budget_per_week),
                  .history = wish->learn_count > 0},
        .observe = wish->metadata != NULL ? on_observation : NULL,
        .told = on_told,
        .ctx = run,
    };
    enum vg_err err = cli_sink_new(alerts, wish->json, run->texts, &view, &run->sink);

    if (err != VG_OK)
        return err;
    options.sink = cli_sink_get(run->sink);
    err = sensor_new(&options, &run->sensor, why);
    if (err == VG_ERR_CONFIG)
        (void)cli_fail(VG_EXIT_USAGE, "%s", why);
    return err;
}

static enum vg_err
add_captures(struct read_run *run, const struct read_wish *wish)
{
    enum vg_err err = VG_OK;

    for (size_t i = 0; i < wish->learn_count && err == VG_OK; i++)
        err = sensor_add_capture(run->sensor, wish->learn[i], true);
    for (size_t i = 0; i < wish->capture_count && err == VG_OK; i++)
        err = sensor_add_capture(run->sensor, wish->captures[i], false);
    return err;
}

static enum vg_err
lock_down(const struct read_wish *wish)
{
    struct platform_sandbox sandbox = {0};
    char told[PLATFORM_TOLD_MAX];
    enum vg_err err;

    platform_memory_settle();
    if (!wish->sandbox)
        return VG_OK;
    err = platform_sandbox_enter(&sandbox, told);
    if (err != VG_OK)
        (void)cli_fail(VG_EXIT_INTERNAL,
                       "cannot give up rights before reading: %s; "
                       "--no-sandbox reads without that protection",
                       vg_err_name(err));
    return err;
}

static enum vg_err
prepare(struct read_run *run, const struct read_wish *wish)
{
    enum vg_err err = cli_config(wish->config, false, &run->config);

    if (err != VG_OK)
        return err;
    run->configured = true;
    err = cli_texts(&run->config, &run->texts);
    if (err == VG_OK)
        err = open_metadata(run, wish->metadata);
    if (err == VG_OK)
        err = make_sensor(run, wish);
    if (err == VG_OK)
        err = add_captures(run, wish);
    return err == VG_OK ? lock_down(wish) : err;
}

static void
run_all(struct read_run *run)
{
    platform_handle handle;
    int64_t wait_ns;
    enum vg_err err;

    do
        err = sensor_work(run->sensor, &handle, &wait_ns);
    while ((err == VG_OK || err == VG_AGAIN) && !run->write_failed);
    if (err != VG_END)
        worse(run, VG_EXIT_INTERNAL);
    if (run->metadata != NULL) {
        flush_lines(run);
        if (fflush(run->metadata) != 0 || run->write_failed) {
            fputs("vigia-agent read: cannot write the metadata\n", stderr);
            worse(run, VG_EXIT_INTERNAL);
        }
    }
    if (cli_sink_alerts(run->sink) > 0)
        worse(run, VG_EXIT_FOUND);
}

static void
done(struct read_run *run)
{
    sensor_free(run->sensor);
    cli_sink_free(run->sink);
    texts_free(run->texts);
    if (run->metadata != NULL && run->metadata != stdout)
        (void)fclose(run->metadata);
    if (run->configured)
        agent_config_done(&run->config);
    buf_done(&run->lines);
}

int
cmd_read(int argc, char **argv)
{
    struct read_run run = {.code = VG_EXIT_DONE};
    struct read_wish wish = {.sandbox = true};
    enum vg_err err;

    wish.captures = calloc((size_t)argc, sizeof(*wish.captures));
    wish.learn = calloc((size_t)argc, sizeof(*wish.learn));
    buf_init(&run.lines, METADATA_BYTES_MAX);
    if (wish.captures == NULL || wish.learn == NULL) {
        run.code = cli_fail(VG_EXIT_INTERNAL, "no memory");
        goto done;
    }
    run.code = parse(argc, argv, &wish);
    if (run.code != VG_EXIT_DONE)
        goto done;
    err = prepare(&run, &wish);
    if (err == VG_OK)
        run_all(&run);
    else
        run.code = err == VG_ERR_CONFIG ? VG_EXIT_USAGE : VG_EXIT_INTERNAL;
done:
    done(&run);
    free(wish.captures);
    free(wish.learn);
    return run.code;
}
