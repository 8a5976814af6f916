/* SPDX-License-Identifier: Apache-2.0 */
/* token, agent: letting PCs in and out. */
#include <stdio.h>
#include <string.h>

#include "collector/cli.h"
#include "collector/install.h"
#include "collector/password.h"
#include "common/vtime.h"

static int
token_print(struct cli_world *w, const struct storage_site *site, int64_t valid_ns)
{
    struct authority authority;
    char secret[SECRET_TEXT], id[UUID_TEXT_SIZE] = "", url[INSTALL_URL_MAX] = "";
    uint8_t hash[STORAGE_HASH_SIZE];
    int64_t now_ns = vtime_now();
    enum vg_err err = authority_open(&w->config, now_ns, &authority);

    if (err != VG_OK)
        return cli_failed(w, "certificates", err);
    err = secret_make(secret);
    if (err == VG_OK)
        err = secret_hash(secret, hash);
    if (err == VG_OK && (err = cli_begin(w)) == VG_OK) {
        err =
            w->store->ops->token_add(w->store, hash, site, CLI_WHO, now_ns, now_ns + valid_ns, id);
        err = cli_end(w, err, site->tenant, "token.added", id, site->name);
    }
    if (err == VG_OK)
        install_url(&w->config, authority.fingerprint, secret, url);
    authority_done(&authority);
    if (err != VG_OK)
        return cli_failed(w, "token", err);
    printf("vigia-agent enroll '%s'\n", url);
    return VG_EXIT_DONE;
}

int
cmd_token(const struct command *self, int argc, char **argv)
{
    static const char *const options[] = {"valid", "tenant", NULL};
    struct cli_line line;
    struct cli_world w;
    struct storage_site site;
    struct storage_scope scope = STORAGE_EVERYTHING;
    char tenant[UUID_TEXT_SIZE];
    int64_t valid_ns = VG_DAY_NS;
    int code = VG_EXIT_DONE;
    enum vg_err err = cli_parse(self, argc, argv, options, &line);

    if (err != VG_OK)
        return err == VG_END ? VG_EXIT_DONE : VG_EXIT_USAGE;
    if (line.words != 1)
        return cli_usage(self, "write: token SITE");
    if (line.value[0] != NULL && (vtime_parse_duration(line.value[0], &valid_ns) != VG_OK ||
                                  valid_ns <= 0 || valid_ns > 30 * VG_DAY_NS))
        return cli_usage(self, "--valid is a time up to 30d; write: --valid 24h");
    if (!cli_open(&line, CLI_STORE, &w, &code))
        return code;
    err = VG_OK;
    if (line.value[1] != NULL)
        err = w.store->ops->tenant_find(w.store, line.value[1], tenant);
    if (err == VG_OK && line.value[1] != NULL)
        scope = storage_scope_tenant(tenant);
    if (err == VG_OK)
        err = w.store->ops->site_find(w.store, &scope, line.word[0], &site);
    if (err == VG_OK)
        code = token_print(&w, &site, valid_ns);
    else if (err == VG_ERR_NOENT)
        code = cli_usage(self, "no site \"%s\"", line.word[0]);
    else if (err == VG_ERR_EXISTS)
        code = cli_usage(self, "several sites are called \"%s\": name its --tenant, or its id",
                         line.word[0]);
    else
        code = cli_failed(&w, "token", err);
    cli_close(&w);
    return code;
}

static enum vg_err
agent_list(struct cli_world *w)
{
    const struct storage_agent_query all = {.site = "", .text = "", .state = ""};
    const json_t *row;
    json_t *rows;
    size_t i;
    enum vg_err err =
        w->store->ops->agents(w->store, &STORAGE_EVERYTHING, &all, vtime_now(), &rows);

    if (err != VG_OK)
        return err;
    json_array_foreach(json_object_get(rows, "items"), i, row)
        printf("%s\t%s\t%s\t%s\t%s\t%s\t%lld\n", vg_json_str(row, "id", ""),
               vg_json_str(row, "state", ""), vg_json_str(row, "tenant", ""),
               vg_json_str(json_object_get(row, "site"), "name", ""), vg_json_str(row, "name", ""),
               vg_json_str(row, "last_seen", "-"), (long long)vg_json_int(row, "bundle", 0));
    json_decref(rows);
    return VG_OK;
}

static enum vg_err
agent_end(struct cli_world *w, const char *id, bool remove)
{
    const struct storage_ops *ops = w->store->ops;
    struct storage_agent agent;
    enum vg_err err = ops->agent_find(w->store, &STORAGE_EVERYTHING, id, &agent);

    if (err == VG_OK)
        err = remove ? ops->agent_remove(w->store, &STORAGE_EVERYTHING, id, vtime_now())
                     : ops->agent_revoke(w->store, &STORAGE_EVERYTHING, id, vtime_now());
    if (err == VG_OK)
        err = ops->audit(w->store, agent.tenant, CLI_WHO,
                         remove ? "agent.removed" : "agent.revoked", id, agent.host, vtime_now());
    return err;
}

int
cmd_agent(const struct command *self, int argc, char **argv)
{
    static const char *const options[] = {NULL};
    struct cli_line line;
    struct cli_world w;
    int code = VG_EXIT_DONE;
    enum vg_err err = cli_parse(self, argc, argv, options, &line);
    bool list = line.words == 1 && strcmp(line.word[0], "list") == 0;
    bool remove = line.words == 2 && strcmp(line.word[0], "remove") == 0;

    if (err != VG_OK)
        return err == VG_END ? VG_EXIT_DONE : VG_EXIT_USAGE;
    if (!list && !remove && (line.words != 2 || strcmp(line.word[0], "revoke") != 0))
        return cli_usage(self, "write: agent list, agent revoke ID, or agent remove ID");
    if (!cli_open(&line, CLI_STORE, &w, &code))
        return code;
    if (list)
        err = agent_list(&w);
    else
        err = agent_end(&w, line.word[1], remove);
    if (err == VG_ERR_NOENT)
        code = cli_usage(self, "no %sagent \"%s\"", remove ? "revoked " : "", line.word[1]);
    else if (err != VG_OK)
        code = cli_failed(&w, "agent", err);
    cli_close(&w);
    return code;
}
