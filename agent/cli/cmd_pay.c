/* SPDX-License-Identifier: Apache-2.0 */
/* `vigia-agent pay`: a back-test on the shop's own payment logs, with everything that `run` does but
 * without a store. Card numbers become tokens under a key that is derived from a public label, so
 * that two runs compare equal: they hide the number from a reader, not from somebody who tries all
 * numbers out. --token-key FILE (64 hexadecimal digits) takes a secret one. */
#include <inttypes.h>
#include <stdlib.h>

#include "agent/cli/cli.h"
#include "agent/cli/commands.h"
#include "agent/cli/options.h"
#include "agent/cli/pay_labels.h"
#include "agent/cli/pay_logs.h"
#include "agent/cli/pay_out.h"
#include "agent/pay/sensor.h"
#include "agent/platform/platform.h"
#include "common/log.h"
#include "common/vtime.h"

enum { PROGRESS_EVERY = 8192 };

struct pay_args {
    const char *config, *format, *transactions, *scores, *labels, *label_delay, *token_key;
    bool json, sandbox;
    const char **logs;
    size_t log_count;
};

struct pay {
    struct pay_args args;
    struct agent_config config;
    struct texts *texts;
    struct text_view view;
    struct profiles profiles;
    const struct profile *profile;
    const char *only;
    struct tokens *tokens;
    struct cli_sink *sink;
    struct panel *panel;
    struct pay_sensor sensor;
    struct pay_labels *labels;
    struct pay_out transactions, scores;
    struct pay_logs logs;
    enum vg_err failed; /* in a callback */
    int64_t started_ns;
    bool progress, progress_shown;
};

/* ---- command line ---- */

enum { CONFIG, FORMAT, JSON, TRANSACTIONS, SCORES, LABELS, LABEL_DELAY, TOKEN_KEY, NO_SANDBOX };

static const struct cli_option OPTIONS[] = {
    [CONFIG] = {"config", 'c', true},
    [FORMAT] = {"format", 0, true},
    [JSON] = {"json", 0, false},
    [TRANSACTIONS] = {"transactions", 0, true},
    [SCORES] = {"scores", 0, true},
    [LABELS] = {"labels", 0, true},
    [LABEL_DELAY] = {"label-delay", 0, true},
    [TOKEN_KEY] = {"token-key", 0, true},
    [NO_SANDBOX] = {"no-sandbox", 0, false},
    {NULL, 0, false},
};

static int
args_check(const struct pay_args *a)
{
    if (a->log_count == 0)
        return cli_usage("pay", "which log? write for example: pay ventas.csv");
    if (pay_out_is_dash(a->transactions) && pay_out_is_dash(a->scores))
        return cli_usage("pay",
                         "only one of --transactions and --scores can go to standard output");
    if (a->label_delay != NULL && a->labels == NULL)
        return cli_usage("pay", "--label-delay goes with --labels FILE");
    return VG_EXIT_DONE;
}

static int
args_read(int argc, char **argv, struct pay_args *a)
{
    struct cli_args args = cli_args_of(argc, argv);
    const char *value;
    int option;

    while ((option = cli_next(&args, OPTIONS, &value)) != CLI_END) {
        const char **const text[] = {
            [CONFIG] = &a->config,      [FORMAT] = &a->format, [TRANSACTIONS] = &a->transactions,
            [SCORES] = &a->scores,      [LABELS] = &a->labels, [LABEL_DELAY] = &a->label_delay,
            [TOKEN_KEY] = &a->token_key};

        if (option == CLI_BAD)
            return VG_EXIT_USAGE;
        if (option == CLI_OPERAND)
            a->logs[a->log_count++] = value;
        else if (option == JSON)
            a->json = true;
        else if (option == NO_SANDBOX)
            a->sandbox = false;
        else
            *text[option] = value;
    }
    return args_check(a);
}

/* ---- what is opened before the lock-down ---- */

static enum vg_exit
key_load(struct pay *p)
{
    uint8_t key[TOKEN_KEY_SIZE];
    struct buf text;
    enum vg_err err;

    if (p->args.token_key == NULL) {
        err = token_key_public(key);
    } else {
        buf_init(&text, 256);
        err = platform_file_slurp(p->args.token_key, 256, &text);
        if (err == VG_OK)
            err = token_key_parse(buf_slice(&text), key);
        buf_done(&text);
        if (err != VG_OK)
            return (enum vg_exit)cli_usage("pay", "--token-key %s: must hold 64 hexadecimal digits",
                                           p->args.token_key);
    }
    if (err == VG_OK)
        err = tokens_new(key, &p->tokens);
    platform_secure_zero(key, sizeof key);
    return err == VG_OK ? VG_EXIT_DONE : VG_EXIT_INTERNAL;
}

static enum vg_exit
formats_load(struct pay *p)
{
    struct conf_error why = {.text = ""};
    enum vg_err err = profiles_load(p->config.rules_dir, &p->profiles, &why);

    if (err == VG_OK)
        err = profiles_choose(&p->profiles, p->args.format, &p->profile, &p->only, &why);
    if (err == VG_OK)
        return VG_EXIT_DONE;
    return (enum vg_exit)cli_usage("pay", "--format: %s",
                                   why.text[0] != '\0' ? why.text : vg_err_name(err));
}

static enum vg_exit
labels_load(struct pay *p)
{
    int64_t delay = 7 * VG_DAY_NS;
    enum vg_err err;

    if (p->args.labels == NULL)
        return VG_EXIT_DONE;
    if (p->args.label_delay != NULL && vtime_parse_duration(p->args.label_delay, &delay) != VG_OK)
        return (enum vg_exit)cli_usage("pay", "--label-delay: write for example 7d or 36h");
    err = pay_labels_load(p->args.labels, p->tokens, delay, &p->labels);
    if (err == VG_OK)
        return VG_EXIT_DONE;
    fprintf(stderr, "vigia-agent pay: --labels %s: %s\n", p->args.labels,
            err == VG_ERR_FORMAT ? "holds no rows of id,fraud with 0 or 1" : vg_err_name(err));
    return VG_EXIT_INPUT;
}

static enum vg_exit
panel_make(struct pay *p)
{
    bool dash = pay_out_is_dash(p->args.transactions) || pay_out_is_dash(p->args.scores);
    struct panel_options options = {
        .sensor = "pay",
        .rules_dir = p->config.rules_dir,
        .geo_dir = p->config.geo_dir,
        .texts = p->texts,
        .zone = p->config.zone,
        .hours = &p->config.hours,
        .currency = p->config.currency,
        .shop_kind = p->config.shop_kind,
        .off = p->config.detectors_off,
        .off_count = p->config.detectors_off_count,
        .judge = pay_sensor_judge(p->config.budget_per_week),
        .history = true,
    };
    char why[DETECT_WHY_MAX];
    enum vg_err err;

    p->view = cli_view(&p->config);
    if (cli_sink_new(dash ? stderr : stdout, p->args.json, p->texts, &p->view, &p->sink) != VG_OK)
        return VG_EXIT_INTERNAL;
    err = panel_new(&options, cli_sink_get(p->sink), &p->panel, why);
    if (err == VG_ERR_CONFIG)
        return (enum vg_exit)cli_fail(VG_EXIT_USAGE, "%s", why);
    if (err == VG_OK)
        err = pay_sensor_init(&p->sensor, p->panel, p->tokens);
    return err == VG_OK ? VG_EXIT_DONE : VG_EXIT_INTERNAL;
}

static enum vg_exit
outputs_open(struct pay *p)
{
    enum vg_exit exit = pay_out_open(&p->transactions, p->args.transactions, NULL);

    if (exit == VG_EXIT_DONE)
        exit = pay_out_open(&p->scores, p->args.scores, "id,score");
    return exit;
}

static enum vg_exit
config_load(struct pay *p)
{
    enum vg_err err = cli_config(p->args.config, true, &p->config);

    if (err == VG_OK)
        err = cli_texts(&p->config, &p->texts);
    if (err == VG_OK)
        return VG_EXIT_DONE;
    return err == VG_ERR_NOMEM ? VG_EXIT_INTERNAL : VG_EXIT_USAGE;
}

static enum vg_exit
logs_open(struct pay *p)
{
    enum vg_err err = pay_logs_open(&p->logs, p->args.logs, p->args.log_count);

    return err == VG_OK ? VG_EXIT_DONE : VG_EXIT_INTERNAL;
}

static enum vg_exit
lock_down(struct pay *p)
{
    const struct platform_sandbox none = {.read_count = 0};
    char told[PLATFORM_TOLD_MAX];

    if (!p->args.sandbox)
        return VG_EXIT_DONE;
    if (platform_sandbox_enter(&none, told) == VG_OK)
        return VG_EXIT_DONE;
    return (enum vg_exit)cli_fail(VG_EXIT_INTERNAL, "cannot give up rights (--no-sandbox runs "
                                                    "without)");
}

/* ---- the work ---- */

static void
before_txn(void *ctx, int64_t time_ns)
{
    struct pay *p = ctx;

    if (p->labels != NULL)
        pay_labels_release(p->labels, time_ns, p->panel);
}

static void
on_txn(void *ctx, const struct txn_view *t, double score)
{
    struct pay *p = ctx;
    const struct judge_scored *scored = NULL;
    enum vg_err err;

    /* What a log says stays the same whatever the model learns: reasons only where scores are wanted. */
    if (p->args.transactions != NULL && p->args.scores != NULL)
        scored = judge_observation_told(panel_judge(p->panel));
    err = pay_out_txn(&p->transactions, t, scored);
    if (err == VG_OK)
        err = pay_out_score(&p->scores, t, score);
    if (err == VG_OK && p->labels != NULL)
        err = pay_labels_wait(p->labels, t);
    if (p->failed == VG_OK)
        p->failed = err;
}

static void
progress_show(struct pay *p, const struct pay_log *log, const struct logfile *f)
{
    uint64_t offset = logfile_offset(f);

    if (!p->progress || platform_clock_monotonic() - p->started_ns < 2 * VG_SEC_NS)
        return;
    p->progress_shown = true;
    if (logfile_plain(f) && log->size > 0)
        fprintf(stderr, "\r%3u %%  %" PRIu64 " ", (unsigned)(offset * 100 / log->size),
                p->sensor.transactions);
    else
        fprintf(stderr, "\r%" PRIu64 " ", p->sensor.transactions);
}

static enum vg_err
log_read(struct pay *p, struct pay_log *log)
{
    struct seen_recent recent = {.next = 0};
    struct logfile *f;
    const char *name = strrchr(log->path, '/');
    const struct logfile_options options = {
        .profiles = &p->profiles,
        .profile = p->profile,
        .only = p->only,
        .tokens = p->tokens,
        .zone = p->config.zone,
        .currency = p->config.currency,
        .source = name != NULL ? name + 1 : log->path,
    };
    enum vg_err err = logfile_new(&options, log->file, &f);

    log->file = PLATFORM_NO_HANDLE; /* taken */
    if (err != VG_OK)
        return err;
    for (uint64_t n = 1; (err = logfile_next(f, true)) == VG_OK; n++) {
        err = pay_sensor_take(&p->sensor, f, &recent);
        if (err == VG_OK)
            err = p->failed;
        if (err != VG_OK)
            break;
        if (n % PROGRESS_EVERY == 0)
            progress_show(p, log, f);
    }
    if (err != VG_ERR_NOMEM && pay_sensor_settle(&p->sensor) != VG_OK)
        err = VG_ERR_NOMEM;
    if (p->failed == VG_OK && err != VG_ERR_NOMEM)
        pay_log_end(&p->logs, log, f, err);
    logfile_free(f);
    return p->failed != VG_OK ? p->failed : err == VG_ERR_NOMEM ? err : VG_OK;
}

static enum vg_exit
work(struct pay *p)
{
    p->sensor.before = before_txn;
    p->sensor.scored = on_txn;
    p->sensor.ctx = p;
    p->started_ns = platform_clock_monotonic();
    p->progress = platform_terminal(2);
    for (size_t i = 0; i < p->logs.count; i++) {
        enum vg_err err = log_read(p, &p->logs.log[i]);

        if (err != VG_OK)
            return (enum vg_exit)cli_fail(VG_EXIT_INTERNAL, "pay: %s", vg_err_name(err));
    }
    if (p->progress_shown)
        fputs("\r                              \r", stderr);
    if (cli_sink_get(p->sink)->ops->commit(cli_sink_get(p->sink)->ctx) != VG_OK)
        return VG_EXIT_INTERNAL;
    if (p->progress || p->sensor.duplicates > 0)
        fprintf(stderr,
                "vigia-agent pay: %" PRIu64 " transactions, %" PRIu64
                " more were there twice, %" PRIu64 " card numbers in clear text\n",
                p->sensor.transactions, p->sensor.duplicates, p->sensor.cards);
    return cli_sink_alerts(p->sink) > 0 ? VG_EXIT_FOUND : VG_EXIT_DONE;
}

static void
pay_done(struct pay *p)
{
    pay_sensor_done(&p->sensor);
    panel_free(p->panel);
    pay_labels_free(p->labels);
    cli_sink_free(p->sink);
    pay_logs_done(&p->logs);
    tokens_free(p->tokens);
    profiles_done(&p->profiles);
    texts_free(p->texts);
    agent_config_done(&p->config);
    free((void *)p->args.logs);
}

int
cmd_pay(int argc, char **argv)
{
    static enum vg_exit (*const steps[])(struct pay *) = {
        config_load, formats_load, key_load,  labels_load,
        panel_make,  outputs_open, logs_open, lock_down,
    };
    struct pay *p = calloc(1, sizeof *p);
    enum vg_exit exit = VG_EXIT_INTERNAL;

    if (p == NULL)
        return VG_EXIT_INTERNAL;
    p->args = (struct pay_args){.format = "auto", .sandbox = true};
    p->args.logs = calloc((size_t)argc + 1, sizeof *p->args.logs);
    if (p->args.logs != NULL)
        exit = (enum vg_exit)args_read(argc, argv, &p->args);
    for (size_t i = 0; exit == VG_EXIT_DONE && i < VG_ARRAY_LEN(steps); i++)
        exit = steps[i](p);
    if (exit == VG_EXIT_DONE) {
        exit = vg_exit_worse(p->logs.exit, work(p));
        exit = vg_exit_worse(p->logs.exit, exit);
    }
    if (!pay_out_close(&p->transactions) || !pay_out_close(&p->scores))
        exit = VG_EXIT_INTERNAL;
    pay_done(p);
    free(p);
    return exit;
}
