/* SPDX-License-Identifier: Apache-2.0 */
/* alerts, show: what was found, for the technician in front of the PC. */
#include <stdlib.h>
#include <string.h>

#include "agent/cli/cli_store.h"
#include "agent/cli/commands.h"
#include "common/texts.h"
#include "common/uuid.h"
#include "common/vtime.h"

enum { OPT_CONFIG, OPT_SINCE, OPT_JSON, OPT_ALL };
static const struct cli_option OPTIONS[] = {{"config", 'c', true},
                                            {"since", 0, true},
                                            {"json", 0, false},
                                            {"all", 0, false},
                                            {NULL, 0, false}};

/* For people one entry an incident: its gravest event, the newest of those. */
enum { LIST_INCIDENTS_MAX = 500 };

struct listed {
    json_t *event; /* owned */
    char incident[UUID_TEXT_SIZE];
    enum severity severity;
    unsigned events;
};

struct listing {
    struct cli_store *s;
    struct text_view view;
    bool ndjson, each; /* each: every event by itself (--all) */
    size_t count, left_out;
    struct listed *incidents; /* in the order in which they began */
    size_t incident_count;
};

static struct listed *
listed_of(struct listing *l, const char *incident)
{
    for (size_t i = l->incident_count; i > 0; i--)
        if (incident[0] != '\0' && strcmp(l->incidents[i - 1].incident, incident) == 0)
            return &l->incidents[i - 1];
    if (l->incident_count == LIST_INCIDENTS_MAX)
        return NULL;
    l->incidents[l->incident_count] = (struct listed){.events = 0};
    (void)vg_strcpy(l->incidents[l->incident_count].incident, UUID_TEXT_SIZE, incident);
    return &l->incidents[l->incident_count++];
}

/* Takes the reference. */
static void
gather(struct listing *l, json_t *event)
{
    struct listed *found = listed_of(l, vg_json_str(event, "incident", ""));
    enum severity severity = SEVERITY_INFO;

    if (found == NULL) {
        l->left_out++;
        json_decref(event);
        return;
    }
    (void)!severity_parse(vg_json_str(event, "severity", "info"), &severity);
    found->events++;
    if (found->event != NULL && severity < found->severity) {
        json_decref(event);
        return;
    }
    json_decref(found->event);
    found->event = event;
    found->severity = severity;
}

static enum vg_err
list_event(void *ctx, int64_t seq, struct slice json)
{
    struct listing *l = ctx;
    json_t *event;
    enum vg_err err;

    (void)seq;
    l->count++;
    if (l->ndjson) {
        if (fwrite(json.at, 1, json.left, stdout) != json.left || fputc('\n', stdout) == EOF)
            return VG_ERR_SYS;
        return VG_OK;
    }
    err = vg_json_parse(json, EVENT_BYTES_MAX * 2, &event);
    if (err != VG_OK)
        return err;
    if (!l->each) {
        gather(l, event);
        return VG_OK;
    }
    cli_print_alert(stdout, event, l->s->texts, &l->view);
    json_decref(event);
    return VG_OK;
}

static void
print_incidents(struct listing *l)
{
    bool es = strncmp(l->s->config.language, "es", 2) == 0;

    for (size_t i = 0; i < l->incident_count; i++) {
        struct listed *one = &l->incidents[i];

        cli_print_alert(stdout, one->event, l->s->texts, &l->view);
        if (one->events > 1)
            printf(es ? "    y %u más de lo mismo\n" : "    and %u more of the same\n",
                   one->events - 1);
        json_decref(one->event);
    }
    if (l->left_out > 0)
        printf(es ? "%zu avisos más: use --since o --all\n" : "%zu more: use --since or --all\n",
               l->left_out);
}

static int
list(struct cli_store *s, const struct store_query *query, bool ndjson, bool each)
{
    struct listing l = {.s = s, .view = cli_view(&s->config), .ndjson = ndjson, .each = each};
    enum vg_err err = VG_ERR_NOMEM;

    l.incidents = calloc(LIST_INCIDENTS_MAX, sizeof *l.incidents);
    if (l.incidents != NULL)
        err = store_query(s->store, query, list_event, &l);
    print_incidents(&l);
    free(l.incidents);
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
    bool ndjson = false, each = false;
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
        else {
            query = (struct store_query){.oldest_first = true};
            each = true;
        }
    }
    if (!cli_since("alerts", since, &query.since_ns))
        return VG_EXIT_USAGE;
    code = cli_store_open(config, !ndjson, &s);
    if (code != VG_EXIT_DONE)
        return code;
    code = list(&s, &query, ndjson, each);
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
