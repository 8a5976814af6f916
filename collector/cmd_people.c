/* SPDX-License-Identifier: Apache-2.0 */
/* init, tenant, site: who there is. */
#include <stdio.h>
#include <string.h>

#include "collector/cli.h"
#include "collector/name_check.h"
#include "collector/site_check.h"
#include "collector/token_keys.h"
#include "common/hex.h"
#include "common/vtime.h"

int
cmd_init(const struct command *self, int argc, char **argv)
{
    static const char *const options[] = {NULL};
    struct cli_line line;
    struct cli_world world;
    struct authority authority;
    struct token_keys keys;
    char hex[PKI_FINGERPRINT_TEXT];
    int code = VG_EXIT_DONE;
    enum vg_err err = cli_parse(self, argc, argv, options, &line);

    if (err != VG_OK)
        return err == VG_END ? VG_EXIT_DONE : VG_EXIT_USAGE;
    if (line.words > 0)
        return cli_usage(self, "takes no words");
    if (!cli_open(&line, CLI_STORE, &world, &code))
        return code;
    err = authority_open(&world.config, vtime_now(), &authority);
    if (err != VG_OK) {
        code = cli_failed(&world, "certificates", err);
    } else if ((err = token_keys_open(&world.config, world.store, &keys)) != VG_OK) {
        code = cli_failed(&world, "pki/tokens.key", err);
        authority_done(&authority);
    } else {
        token_keys_done(&keys);
        hex_put(authority.fingerprint, sizeof authority.fingerprint, hex);
        printf("state     %s\nca sha256 %s\nweb       %s\nagents    %s\n", world.config.state_dir,
               hex, world.config.web_url, world.config.agents_url);
        authority_done(&authority);
    }
    cli_close(&world);
    return code;
}

int
cmd_tenant(const struct command *self, int argc, char **argv)
{
    static const char *const options[] = {NULL}, *const keys[] = {"id", "name", "sites", NULL};
    struct cli_line line;
    struct cli_world w;
    char id[UUID_TEXT_SIZE] = "";
    json_t *rows;
    int code = VG_EXIT_DONE;
    enum vg_err err = cli_parse(self, argc, argv, options, &line);
    bool list = line.words == 1 && strcmp(line.word[0], "list") == 0;

    if (err != VG_OK)
        return err == VG_END ? VG_EXIT_DONE : VG_EXIT_USAGE;
    if (!list && (line.words != 2 || strcmp(line.word[0], "add") != 0 || !name_fits(line.word[1])))
        return cli_usage(self, "write: tenant add NAME, or tenant list");
    if (!cli_open(&line, CLI_STORE, &w, &code))
        return code;
    if (list) {
        err = w.store->ops->tenants(w.store, &STORAGE_EVERYTHING, &rows);
        if (err == VG_OK) {
            cli_print_rows(rows, keys);
            json_decref(rows);
        }
    } else {
        err = cli_begin(&w);
        if (err == VG_OK) {
            err = w.store->ops->tenant_add(w.store, line.word[1], vtime_now(), id);
            err = cli_end(&w, err, id, "tenant.added", id, line.word[1]);
        }
        if (err == VG_OK)
            puts(id);
    }
    if (err == VG_ERR_EXISTS)
        code = cli_usage(self, "there is a tenant \"%s\" already", line.word[1]);
    else if (err != VG_OK)
        code = cli_failed(&w, "tenant", err);
    cli_close(&w);
    return code;
}

enum site_option { SITE_ZONE, SITE_LANGUAGE, SITE_MAIL, SITE_HOURS };

/* Puts the options into *site; false after telling what is wrong. */
static bool
site_options(const struct command *self, const struct cli_line *line, struct storage_site *site)
{
    const char *zone_text = line->value[SITE_ZONE] ? line->value[SITE_ZONE] : "America/Mexico_City";
    const char *language = line->value[SITE_LANGUAGE] ? line->value[SITE_LANGUAGE] : "es-MX";
    const char *mail = line->value[SITE_MAIL] ? line->value[SITE_MAIL] : "";
    const char *hours = line->value[SITE_HOURS] ? line->value[SITE_HOURS] : "";
    char why[SITE_WHY_MAX];

    if (vg_strcpy(site->name, sizeof site->name, line->word[2]) &&
        vg_strcpy(site->zone, sizeof site->zone, zone_text) &&
        vg_strcpy(site->language, sizeof site->language, language) &&
        vg_strcpy(site->mail, sizeof site->mail, mail) &&
        vg_strcpy(site->hours, sizeof site->hours, hours)) {
        if (site_wrong_field(site, why) == NULL)
            return true;
        (void)cli_usage(self, "%s", why);
    } else {
        (void)cli_usage(self, "a value is too long");
    }
    return false;
}

static int
site_add(const struct command *self, const struct cli_line *line)
{
    struct storage_site site = {.name = ""};
    struct cli_world w;
    char id[UUID_TEXT_SIZE] = "";
    int code = VG_EXIT_DONE;
    enum vg_err err;

    if (!site_options(self, line, &site))
        return VG_EXIT_USAGE;
    if (!cli_open(line, CLI_STORE, &w, &code))
        return code;
    err = w.store->ops->tenant_find(w.store, line->word[1], site.tenant);
    if (err == VG_ERR_NOENT)
        code = cli_usage(self, "no tenant \"%s\"", line->word[1]);
    else if (err == VG_OK && (err = cli_begin(&w)) == VG_OK) {
        err = w.store->ops->site_add(w.store, &site, vtime_now(), id);
        err = cli_end(&w, err, site.tenant, "site.added", id, site.name);
        if (err == VG_OK)
            puts(id);
        else if (err == VG_ERR_EXISTS)
            code = cli_usage(self, "there is a site \"%s\" already", site.name);
    }
    if (err != VG_OK && code == VG_EXIT_DONE)
        code = cli_failed(&w, "site", err);
    cli_close(&w);
    return code;
}

int
cmd_site(const struct command *self, int argc, char **argv)
{
    static const char *const options[] = {"zone", "language", "mail", "hours", NULL};
    static const char *const keys[] = {"id", "tenant", "name", "zone", "language", "mail", NULL};
    struct cli_line line;
    struct cli_world w;
    json_t *rows;
    int code = VG_EXIT_DONE;
    enum vg_err err = cli_parse(self, argc, argv, options, &line);

    if (err != VG_OK)
        return err == VG_END ? VG_EXIT_DONE : VG_EXIT_USAGE;
    if (line.words == 3 && strcmp(line.word[0], "add") == 0)
        return site_add(self, &line);
    if (line.words != 1 || strcmp(line.word[0], "list") != 0)
        return cli_usage(self, "write: site add TENANT NAME, or site list");
    if (!cli_open(&line, CLI_STORE, &w, &code))
        return code;
    err = w.store->ops->sites(w.store, &STORAGE_EVERYTHING, &rows);
    if (err == VG_OK) {
        cli_print_rows(rows, keys);
        json_decref(rows);
    } else {
        code = cli_failed(&w, "site", err);
    }
    cli_close(&w);
    return code;
}
