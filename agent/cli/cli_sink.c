/* SPDX-License-Identifier: Apache-2.0 */
/* The sink of `read`, `pay` and `scan`: prints alerts, keeps nothing. */
#include <stdlib.h>

#include "agent/cli/cli.h"
#include "agent/detect/sink.h"

struct cli_sink {
    struct sink sink;
    FILE *to;
    bool ndjson;
    const struct texts *texts;
    struct text_view view;
    size_t alerts;
};

static void
on_event(void *ctx, json_t *event)
{
    struct cli_sink *s = ctx;
    enum severity severity;

    if (severity_parse(vg_json_str(event, "severity", "info"), &severity) == VG_OK &&
        severity > SEVERITY_INFO && strcmp(vg_json_str(event, "class", ""), "alert") == 0) {
        s->alerts++;
        if (!s->ndjson)
            cli_print_alert(s->to, event, s->texts, &s->view);
    }
    if (s->ndjson) {
        char *line = vg_json_text(event);

        if (line != NULL)
            fprintf(s->to, "%s\n", line);
        free(line);
    }
    json_decref(event);
}

static void
drop_slice(void *ctx, struct slice json)
{
    (void)ctx;
    (void)json;
}

static void
drop_state(void *ctx, const char *detector, struct slice key, uint16_t version, struct slice blob)
{
    (void)ctx;
    (void)detector;
    (void)key;
    (void)version;
    (void)blob;
}

static void
drop_position(void *ctx, const char *source, struct slice json)
{
    (void)ctx;
    (void)source;
    (void)json;
}

static enum vg_err
on_commit(void *ctx)
{
    struct cli_sink *s = ctx;

    /* A reader that went away (| head) ends the work. */
    return fflush(s->to) == 0 ? VG_OK : VG_ERR_SYS;
}

static const struct sink_ops OPS = {
    .event = on_event,
    .observation = drop_slice,
    .state = drop_state,
    .position = drop_position,
    .commit = on_commit,
    .health = drop_slice,
};

enum vg_err
cli_sink_new(FILE *to, bool ndjson, const struct texts *texts, const struct text_view *view,
             struct cli_sink **out)
{
    struct cli_sink *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return VG_ERR_NOMEM;
    *s = (struct cli_sink){
        .sink = {.ops = &OPS, .ctx = s}, .to = to, .ndjson = ndjson, .texts = texts, .view = *view};
    *out = s;
    return VG_OK;
}

const struct sink *
cli_sink_get(struct cli_sink *sink)
{
    return &sink->sink;
}

size_t
cli_sink_alerts(const struct cli_sink *sink)
{
    return sink->alerts;
}

void
cli_sink_free(struct cli_sink *sink)
{
    free(sink);
}
