/* SPDX-License-Identifier: Apache-2.0 */
/* alerts, show: what was found, for the technician in front of the PC. */
#include <string.h>

#include "agent/cli/cli_store.h"
#include "agent/cli/commands.h"
#include "common/texts.h"
#include "common/vtime.h"

enum { OPT_CONFIG, OPT_SINCE, OPT_JSON, OPT_ALL };
static const struct cli_option OPTIONS[] = {{"config", 'c', true},
                                            {"since", 0, true},
                                            {"json", 0, false},
                                            {"all", 0, false},
                                            {NULL, 0, false}};

struct listing {
    struct cli_store *s;
    struct text_view view;
    bool ndjson;
    size_t count;
};

static enum vg_err
list_event(void *ctx, int64_t seq, struct slice json)
{
    struct listing *l = ctx;
    json_t *event;
    enum vg_err err;

    (void)seq;
    if (l->ndjson) {
        if (fwrite(json.at, 1, json.left, stdout) != json.left || fputc('\n', stdout) == EOF)
            return VG_ERR_SYS;
        l->count++;
        return VG_OK;
    }
    err = vg_json_parse(json, EVENT_BYTES_MAX * 2, &event);
    if (err != VG_OK)
        return err;
    cli_print_alert(stdout, event, l->s->texts, &l->view);
    l->count++;
    json_decref(event);
    return VG_OK;
}

static int
list(struct cli_store *s, const struct store_query *query, bool ndjson)
{
    struct listing l = {.s = s, .view = cli_view(&s->config), .ndjson = ndjson};
    enum vg_err err = store_query(s->store, query, list_event, &l);

    if (err != VG_OK)
        return cli_fail(VG_EXIT_INTERNAL, "the store cannot be read: %s", vg_err_name(err));
    if (l.count == 0 && !ndjson)
        puts(strncmp(s->config.language, "es", 2) == 0 ? "Sin alertas." : "No alerts.");
    return VG_EXIT_DONE;
}

int
cmd_alerts(int argc, char **argv)
{
    struct cli_args args = cli_args_of(argc, argv);
    struct store_query query = {.class = "alert", .least = SEVERITY_LOW, .oldest_first = true};
    const char *config = NULL, *value, *since = "7d";
    bool ndjson = false;
    struct cli_store s;
    int which, code;

    while ((which = cli_next(&args, OPTIONS, &value)) != CLI_END) {
        if (which == CLI_BAD)
            return VG_EXIT_USAGE;
        if (which == CLI_OPERAND)
            return cli_usage("alerts", "takes no operand");
        if (which == OPT_CONFIG)
            config = value;
        else if (which == OPT_SINCE)
            since = value;
        else if (which == OPT_JSON)
            ndjson = true;
        else
            query = (struct store_query){.oldest_first = true};
    }
    if (!cli_since("alerts", since, &query.since_ns))
        return VG_EXIT_USAGE;
    code = cli_store_open(config, !ndjson, &s);
    if (code != VG_EXIT_DONE)
        return code;
    code = list(&s, &query, ndjson);
    cli_store_done(&s);
    return code;
}

int
cmd_show(int argc, char **argv)
{
    static const struct cli_option options[] = {
        {"config", 'c', true}, {"json", 0, false}, {NULL, 0, false}};
    struct cli_args args = cli_args_of(argc, argv);
    const char *config = NULL, *value, *id = NULL;
    bool ndjson = false;
    struct text_view view;
    struct cli_store s;
    json_t *event;
    int which, code;

    while ((which = cli_next(&args, options, &value)) != CLI_END) {
        if (which == CLI_BAD)
            return VG_EXIT_USAGE;
        if (which == CLI_OPERAND && id != NULL)
            return cli_usage("show", "takes one id");
        if (which == CLI_OPERAND)
            id = value;
        else if (which == 0)
            config = value;
        else
            ndjson = true;
    }
    if (id == NULL)
        return cli_usage("show", "which one? Write the id that alerts prints");
    code = cli_store_open(config, !ndjson, &s);
    if (code != VG_EXIT_DONE)
        return code;
    event = cli_store_event(&s, "show", id, &code);
    view = cli_view(&s.config);
    if (event != NULL && ndjson)
        (void)json_dumpf(event, stdout, JSON_INDENT(2));
    else if (event != NULL)
        cli_print_detail(stdout, event, s.texts, &view);
    if (event != NULL && ndjson)
        fputc('\n', stdout);
    json_decref(event);
    cli_store_done(&s);
    return code;
}
