/* SPDX-License-Identifier: Apache-2.0 */
/* bundle: takes a bundle of rules from a file, as one from the collector; shows which one runs. */
#include <stdlib.h>
#include <string.h>

#include "agent/bundle/bundle_try.h"
#include "agent/cli/cli.h"
#include "agent/cli/commands.h"
#include "agent/platform/platform.h"
#include "common/vtime.h"

enum { OPT_CONFIG, OPT_JSON };
static const struct cli_option OPTIONS[] = {
    [OPT_CONFIG] = {"config", 'c', true}, [OPT_JSON] = {"json", 0, false}, {NULL, 0, false}};

#define LOOK_NS (50 * VG_MS_NS)

static void
pause_a_moment(void)
{
    unsigned ready;

    (void)!platform_wait(NULL, 0, 0, LOOK_NS, &ready);
}

static int
tell(const struct bundle_state *s, bool taken)
{
    if (taken) {
        printf("version %lld is taken\n", (long long)s->now.version);
        return VG_EXIT_DONE;
    }
    fputs("vigia-agent bundle: refused: ", stderr);
    cli_put_safe(stderr, s->refused.error.why);
    fprintf(stderr, " (%s); ", s->refused.error.word);
    if (s->now.version > 0)
        fprintf(stderr, "version %lld stays\n", (long long)s->now.version);
    else
        fputs("the rules of the program stay\n", stderr);
    return VG_EXIT_USAGE;
}

/* Nobody runs: here and now. */
static int
apply_here(const struct agent_config *config, const char *file, bool sandbox)
{
    struct bundle_try_wish wish = {.config = config, .path = file, .sandbox = sandbox};
    char *program = platform_program_path();
    struct bundle_try *trying = NULL;
    struct bundle_verdict verdict;
    struct bundle_state state;
    enum vg_err err = bundle_state_load(config->state_dir, &state);

    if (err == VG_ERR_FORMAT) /* what is left of it is enough, and is written anew */
        err = VG_OK;
    if (err == VG_OK && program == NULL)
        err = VG_ERR_NOMEM;
    wish.program = program;
    wish.state = &state;
    wish.now_ns = vtime_now() > state.seen_ns ? vtime_now() : state.seen_ns;
    if (err == VG_OK)
        err = bundle_try_start(&wish, &trying);
    while (err == VG_OK && (err = bundle_try_poll(trying, &verdict)) == VG_AGAIN) {
        pause_a_moment();
        err = VG_OK;
    }
    bundle_try_free(trying);
    free(program);
    if (err == VG_OK)
        err = bundle_settle(config->state_dir, &state, &verdict, 0, "", vtime_now());
    if (err != VG_OK)
        return cli_fail(VG_EXIT_INTERNAL, "bundle: %s", vg_err_name(err));
    bundle_sweep(config->state_dir, &state);
    return tell(&state, verdict.good);
}

/* A service runs: it takes the file, with its own rights, and says in its state what came of it. */
static int
apply_there(const struct agent_config *config, const char *file)
{
    int64_t until_ns = platform_clock_monotonic() + 2 * BUNDLE_TRY_NS;
    struct bundle_state before, after;
    struct platform_stat stat;
    char drop[BUNDLE_PATH_BYTES];
    struct buf whole = {.data = NULL};
    enum vg_err err = bundle_state_load(config->state_dir, &before);

    if (err == VG_OK || err == VG_ERR_FORMAT) /* damaged: the service writes it anew */
        err = platform_file_slurp(file, BUNDLE_BYTES_MAX, &whole);
    if (err == VG_OK && bundle_path(config->state_dir, "drop.bundle", drop))
        err = platform_file_replace(drop, buf_slice(&whole), false);
    buf_done(&whole);
    if (err != VG_OK)
        return cli_fail(VG_EXIT_INPUT, "bundle: %s: %s", file, vg_err_name(err));
    for (;;) {
        bool gone;

        pause_a_moment();
        /* First: by the time it is gone the state says why. */
        gone = platform_path_stat(drop, &stat) == VG_ERR_NOENT;
        err = bundle_state_load(config->state_dir, &after);
        if (err == VG_OK &&
            (after.taken > before.taken || after.refused_count > before.refused_count))
            return tell(&after, after.taken > before.taken);
        if (gone || platform_clock_monotonic() > until_ns)
            return cli_fail(VG_EXIT_INTERNAL, "bundle: the service did not say what came of it");
    }
}

static int
apply(const struct agent_config *config, const char *file)
{
    uint8_t keys[BUNDLE_KEYS_MAX][BUNDLE_KEY];
    char path[BUNDLE_PATH_BYTES];
    struct platform_stat stat;
    platform_file lock;
    enum vg_err err;
    int code;

    if (config->rules_named || !config->bundles)
        return cli_fail(VG_EXIT_USAGE, "bundle: the configuration wants no bundle: it says %s",
                        config->rules_named ? "rules: FOLDER" : "bundles: {accept: false}");
    if (bundle_keys(config, keys) == 0)
        return cli_fail(VG_EXIT_USAGE, "bundle: no key is known that may sign one; enroll, or "
                                       "write: bundles: {key: 64 hex digits}");
    if (platform_path_stat(file, &stat) != VG_OK || !stat.regular)
        return cli_fail(VG_EXIT_INPUT, "bundle: %s: no such file", file);
    if (platform_folder_make(config->state_dir, true) != VG_OK ||
        !bundle_path(config->state_dir, "", path) ||
        snprintf(path, sizeof path, "%s/lock", config->state_dir) >= (int)sizeof path)
        return cli_fail(VG_EXIT_USAGE, "bundle: %s cannot be written", config->state_dir);
    err = platform_lock(path, &lock);
    if (err == VG_ERR_EXISTS)
        return apply_there(config, file);
    if (err != VG_OK)
        return cli_fail(VG_EXIT_USAGE, "bundle: %s: %s", path, vg_err_name(err));
    code = apply_here(config, file, config->sandbox);
    platform_unlock(lock);
    return code;
}

static void
put_no(const char *what, const struct bundle_no *no)
{
    char time[VTIME_TEXT_MAX];

    if (no->error.word[0] == '\0')
        return;
    printf("%-8s %lld at %s: ", what, (long long)no->version, vtime_format(no->time_ns, time));
    cli_put_safe(stdout, no->error.why);
    printf(" (%s)\n", no->error.word);
}

static int
status(const struct agent_config *config, bool json)
{
    char time[VTIME_TEXT_MAX];
    struct bundle_state s;
    enum vg_err err = bundle_state_load(config->state_dir, &s);
    json_t *told = err == VG_OK ? bundle_state_tell(&s) : NULL;

    if (told == NULL)
        return cli_fail(VG_EXIT_INPUT, "bundle: the state in %s cannot be read: %s",
                        config->state_dir, vg_err_name(err));
    if (json) {
        (void)(json_dumpf(told, stdout, JSON_COMPACT) == 0 && putchar('\n'));
    } else {
        if (config->rules_named)
            printf("rules    the owner's own: %s\n", config->rules_dir);
        else if (s.now.version == 0)
            puts("rules    those of the program");
        else
            printf("rules    version %lld since %s, crashes %u%s\n", (long long)s.now.version,
                   vtime_format(s.now.since_ns, time), s.crashes,
                   s.now.expires_ns < vtime_now() ? ", past its time: is the collector silent?"
                                                  : "");
        if (s.last.version > 0)
            printf("before   version %lld\n", (long long)s.last.version);
        put_no("refused", &s.refused);
        put_no("left", &s.left);
        printf("counts   taken %lld, refused %lld, left %lld\n", (long long)s.taken,
               (long long)s.refused_count, (long long)s.left_count);
    }
    json_decref(told);
    return VG_EXIT_DONE;
}

int
cmd_bundle(int argc, char **argv)
{
    struct cli_args args = cli_args_of(argc, argv);
    const char *path = NULL, *value, *word[2] = {NULL, NULL};
    struct agent_config config;
    size_t words = 0;
    bool json = false;
    int which, code;

    while ((which = cli_next(&args, OPTIONS, &value)) != CLI_END) {
        if (which == CLI_BAD)
            return VG_EXIT_USAGE;
        if (which == CLI_OPERAND && words == 2)
            return cli_usage("bundle", "takes one file");
        if (which == CLI_OPERAND)
            word[words++] = value;
        else if (which == OPT_CONFIG)
            path = value;
        else
            json = true;
    }
    if (words == 0 || (strcmp(word[0], "apply") == 0) != (words == 2) ||
        (words == 1 && strcmp(word[0], "status") != 0))
        return cli_usage("bundle", "write: bundle apply FILE, or bundle status");
    if (cli_config(path, true, &config) != VG_OK)
        return VG_EXIT_USAGE;
    code = words == 2 ? apply(&config, word[1]) : status(&config, json);
    agent_config_done(&config);
    return code;
}
