/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/cli_store.h"

#include <string.h>

#include "common/texts.h"
#include "common/vtime.h"

enum { ID_LEAST = 8, ID_MOST = 36 };

int
cli_store_open(const char *config_path, bool with_texts, struct cli_store *out)
{
    struct cli_store s = {.store = NULL};
    struct store_options options = {.read_only = true};
    char why[STORE_WHY_MAX];
    enum vg_err err;

    if (cli_config(config_path, true, &s.config) != VG_OK)
        return VG_EXIT_USAGE;
    options.dir = s.config.state_dir;
    err = store_open(&options, &s.store, why);
    if (err != VG_OK) {
        cli_store_done(&s);
        return cli_fail(err == VG_ERR_NOMEM ? VG_EXIT_INTERNAL : VG_EXIT_INPUT, "%s", why);
    }
    if (with_texts && cli_texts(&s.config, &s.texts) != VG_OK)
        s.texts = NULL; /* told; alerts are shown without their messages */
    *out = s;
    return VG_EXIT_DONE;
}

void
cli_store_done(struct cli_store *s)
{
    texts_free(s->texts);
    store_close(s->store);
    agent_config_done(&s->config);
}

struct found {
    json_t *event;
    size_t count;
};

static enum vg_err
find_one(void *ctx, int64_t seq, struct slice json)
{
    struct found *f = ctx;

    (void)seq;
    if (f->count++ > 0)
        return VG_OK;
    return vg_json_parse(json, EVENT_BYTES_MAX * 2, &f->event);
}

json_t *
cli_store_event(struct cli_store *s, const char *command, const char *id, int *code)
{
    struct found found = {.count = 0};
    struct store_query query = {.id = id, .limit = 2};
    enum vg_err err;

    if (strlen(id) < ID_LEAST || strlen(id) > ID_MOST ||
        strspn(id, "0123456789abcdef-") != strlen(id)) {
        *code = cli_usage(command, "an id is what alerts prints, its first %d characters at least",
                          ID_LEAST);
        return NULL;
    }
    err = store_query(s->store, &query, find_one, &found);
    if (err == VG_OK && found.count == 1)
        return found.event;
    json_decref(found.event);
    if (err != VG_OK)
        *code = cli_fail(VG_EXIT_INTERNAL, "the store cannot be read: %s", vg_err_name(err));
    else if (found.count == 0)
        *code = cli_fail(VG_EXIT_INPUT, "no event has the id %s", id);
    else
        *code = cli_fail(VG_EXIT_USAGE, "several events begin with %s: write more of it", id);
    return NULL;
}

bool
cli_since(const char *command, const char *text, int64_t *out)
{
    int64_t ns;

    if (vtime_parse_duration(text, &ns) == VG_OK) {
        *out = vtime_now() - ns;
        return true;
    }
    if (vtime_parse(text, strlen(text), out) == VG_OK)
        return true;
    (void)cli_usage(command, "--since takes 7d, 12h or a time such as 2026-01-31T00:00:00Z");
    return false;
}
