/* SPDX-License-Identifier: Apache-2.0 */
/* status: how the running agent is, what it has, and what it cannot see. */
#include <stdlib.h>
#include <string.h>

#include "agent/cli/cli.h"
#include "agent/cli/commands.h"
#include "agent/keeper/status.h"
#include "common/texts.h"
#include "common/vtime.h"

static const struct cli_option OPTIONS[] = {
    {"config", 'c', true}, {"json", 0, false}, {NULL, 0, false}};

static void
put_text(const char *name, const char *text)
{
    printf("%-11s ", name);
    cli_put_safe(stdout, text);
    putchar('\n');
}

/* What holds it, as the platform told: {"seccomp":"allowed list","landlock":4,...}. */
static void
put_sandbox(const json_t *sandbox)
{
    const char *key, *comma = "";
    json_t *value;

    fputs("                sandbox: ", stdout);
    json_object_foreach((json_t *)sandbox, key, value)
    {
        char *text = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY);
        const char *said = json_is_string(value) ? json_string_value(value) : text;

        fputs(comma, stdout);
        cli_put_safe(stdout, key);
        putchar(' ');
        cli_put_safe(stdout, said != NULL ? said : "?");
        comma = ", ";
        free(text);
    }
    putchar('\n');
}

static void
put_worker(const json_t *worker)
{
    json_t *health = json_object_get(worker, "health"), *value;
    const char *key;

    fputs("            ", stdout);
    cli_put_safe(stdout, vg_json_str(worker, "name", "?"));
    fputs(": ", stdout);
    cli_put_safe(stdout, vg_json_str(worker, "state", "?"));
    printf(", restarts %lld", (long long)vg_json_int(worker, "restarts", 0));
    json_object_foreach(health, key, value)
    {
        if (!json_is_integer(value) || json_integer_value(value) == 0)
            continue; /* --json has them all */
        fputs(", ", stdout);
        cli_put_safe(stdout, key);
        printf(" %lld", (long long)json_integer_value(value));
    }
    putchar('\n');
    json_object_foreach(health, key, value)
    {
        if (!json_is_string(value) || strncmp(key, "file_", 5) != 0)
            continue; /* what the pay sensor took a file for */
        fputs("                ", stdout);
        cli_put_safe(stdout, json_string_value(value));
        putchar('\n');
    }
    if (json_object_size(json_object_get(worker, "sandbox")) > 0)
        put_sandbox(json_object_get(worker, "sandbox"));
}

/* "name: {...}" in one line for parts that others fill (collector, mail). */
static void
put_part(const json_t *status, const char *key)
{
    const json_t *part = json_object_get(status, key);
    char *text = json_object_size(part) > 0 ? vg_json_text(part) : NULL;

    if (text != NULL)
        put_text(key, text);
    free(text);
}

/* What the provider set stands before agent.yaml: whoever looks there must learn it. */
static void
put_settings(const json_t *settings)
{
    const json_t *refused = json_object_get(settings, "refused"), *name,
                 *names = json_object_get(settings, "names");
    size_t i;

    if (json_array_size(names) > 0) {
        printf("%-11s from the collector, before agent.yaml:", "settings");
        json_array_foreach(names, i, name)
        {
            putchar(' ');
            cli_put_safe(stdout, json_is_string(name) ? json_string_value(name) : "?");
        }
        putchar('\n');
    }
    if (json_is_object(refused)) {
        printf("%-11s refused: ", "settings");
        cli_put_safe(stdout, vg_json_str(refused, "why", "?"));
        putchar('\n');
    }
}

/* What people at the collector do not want to hear of: named where that is a whole detector. */
static void
put_exceptions(const json_t *feedback)
{
    const json_t *whole = json_object_get(feedback, "whole"), *one;
    int64_t count = vg_json_int(feedback, "exceptions", 0);
    size_t i;

    if (count <= 0)
        return;
    printf("%-11s %lld from the collector: no alert of what they name\n", "exceptions",
           (long long)count);
    json_array_foreach(whole, i, one)
    {
        printf("%-11s no alert at all of ", "");
        cli_put_safe(stdout, vg_json_str(one, "detector", "?"));
        fputs(", until ", stdout);
        cli_put_safe(stdout, vg_json_str(one, "until", "?"));
        putchar('\n');
    }
}

/* Which rules run: nothing of it where they are the program's and nothing was ever refused. */
static void
put_bundle(const json_t *bundle)
{
    const json_t *refused = json_object_get(bundle, "refused"),
                 *left = json_object_get(bundle, "left");
    const char *mode = vg_json_str(bundle, "mode", "off");
    int64_t version = vg_json_int(bundle, "version", 0);

    if (strcmp(mode, "own") == 0)
        put_text("rules", "the owner's own (rules: in the configuration)");
    else if (version > 0)
        printf("%-11s version %lld since %s, crashes %lld\n", "rules", (long long)version,
               vg_json_str(bundle, "since", "?"), (long long)vg_json_int(bundle, "crashes", 0));
    if (json_is_object(refused)) {
        printf("%-11s version %lld: ", "refused", (long long)vg_json_int(refused, "version", 0));
        cli_put_safe(stdout, vg_json_str(refused, "why", ""));
        putchar('\n');
    }
    if (json_is_object(left)) {
        printf("%-11s version %lld: ", "left", (long long)vg_json_int(left, "version", 0));
        cli_put_safe(stdout, vg_json_str(left, "why", ""));
        putchar('\n');
    }
}

static void
print_status(const json_t *status, const struct agent_config *config)
{
    const json_t *store = json_object_get(status, "store"), *item;
    struct text_view view = cli_view(config);
    bool stale = vg_json_bool(status, "stale", true);
    const char *state = vg_json_str(status, "state", "?"), *time = vg_json_str(status, "time", "");
    struct buf out;
    int64_t t;
    size_t i;

    buf_init(&out, 1024);
    if (vtime_parse(time, strlen(time), &t) == VG_OK)
        texts_put_time(&out, t, &view);
    printf("vigia-agent %s: %s (%s)\n", vg_json_str(status, "version", "?"),
           strcmp(state, "stopped") != 0 && stale ? "not running: it was killed, or hangs" : state,
           buf_str(&out) != NULL ? buf_str(&out) : "");
    put_text("shop", config->shop_name);
    buf_clear(&out);
    buf_printf(&out, "%s, events %lld, shipped %lld, ", vg_json_str(store, "id", "?"),
               (long long)vg_json_int(store, "last_seq", 0),
               (long long)vg_json_int(store, "shipped", 0));
    texts_put_bytes(&out, vg_json_int(store, "bytes", 0), config->language);
    if (buf_str(&out) != NULL)
        put_text("store", buf_str(&out));
    put_bundle(json_object_get(status, "bundle"));
    put_settings(json_object_get(status, "settings"));
    put_exceptions(json_object_get(status, "feedback"));
    put_part(status, "collector");
    put_part(status, "mail");
    puts("workers");
    json_array_foreach(json_object_get(status, "workers"), i, item)
    {
        put_worker(item);
    }
    json_array_foreach(json_object_get(status, "blind"), i, item)
    {
        put_text(i == 0 ? "cannot see" : "", json_string_value(item));
    }
    buf_done(&out);
}

int
cmd_status(int argc, char **argv)
{
    struct cli_args args = cli_args_of(argc, argv);
    const char *path = NULL, *value;
    bool ndjson = false;
    struct agent_config config;
    json_t *status = NULL;
    enum vg_err err;
    int which, code = VG_EXIT_DONE;

    while ((which = cli_next(&args, OPTIONS, &value)) != CLI_END) {
        if (which == CLI_BAD)
            return VG_EXIT_USAGE;
        if (which == CLI_OPERAND)
            return cli_usage("status", "takes no operand");
        if (which == 0)
            path = value;
        else
            ndjson = true;
    }
    if (cli_config(path, true, &config) != VG_OK)
        return VG_EXIT_USAGE;
    err = status_read(config.state_dir, vtime_now(), &status);
    if (err != VG_OK)
        code = cli_fail(VG_EXIT_INPUT,
                        err == VG_ERR_NOENT ? "it has not run yet with this store: %s"
                                            : "the status in %s cannot be read",
                        config.state_dir);
    else if (ndjson)
        (void)(json_dumpf(status, stdout, JSON_COMPACT) == 0 && putchar('\n'));
    else
        print_status(status, &config);
    json_decref(status);
    agent_config_done(&config);
    return code;
}
