/* SPDX-License-Identifier: Apache-2.0 */
/* enroll: makes this machine an agent of a collector. */
#include <stdio.h>
#include <stdlib.h>

#include "agent/cli/cli.h"
#include "agent/cli/commands.h"
#include "agent/cli/options.h"
#include "agent/keeper/enroll.h"
#include "agent/keeper/identity.h"
#include "agent/keeper/service_user.h"
#include "agent/platform/platform.h"

enum { OPT_CONFIG, OPT_AGAIN };
static const struct cli_option OPTIONS[] = {
    {"config", 'c', true}, {"again", 0, false}, {NULL, 0, false}};

/* The store to hand its first seal key over from; NULL where there is none yet. */
static struct store *
store_of(const struct agent_config *config)
{
    struct store_options options = {.dir = config->state_dir, .read_only = true};
    struct store *store = NULL;
    char why[STORE_WHY_MAX];

    return store_open(&options, &store, why) == VG_OK ? store : NULL;
}

static int
enroll(const struct agent_config *config, const struct enroll_url *url, bool again)
{
    struct identity known;
    struct store *store;
    char *site = NULL, why[ENROLL_WHY_MAX];
    enum vg_err err = identity_load(config->state_dir, &known);

    if (err == VG_OK) {
        if (!again)
            (void)fprintf(stderr,
                          "vigia-agent enroll: already enrolled at %s as %s; write: enroll "
                          "--again URL\n",
                          known.url, known.agent);
        identity_done(&known);
        if (!again)
            return VG_EXIT_USAGE;
    }
    if (platform_folder_make(config->state_dir, true) != VG_OK) {
        (void)fprintf(stderr, "vigia-agent enroll: %s cannot be written\n", config->state_dir);
        return VG_EXIT_USAGE;
    }
    store = store_of(config);
    err = enroll_run(url, config->state_dir, store, &site, why);
    store_close(store);
    if (err != VG_OK) {
        (void)fprintf(stderr, "vigia-agent enroll: %s\n", why);
        return err == VG_ERR_SYS ? VG_EXIT_INPUT : VG_EXIT_USAGE;
    }
    printf("enrolled: site %s\n", site != NULL ? site : "");
    free(site);
    return VG_EXIT_DONE;
}

int
cmd_enroll(int argc, char **argv)
{
    struct cli_args args = cli_args_of(argc, argv);
    const char *config_path = NULL, *text = NULL, *value;
    struct agent_config config;
    struct enroll_url url;
    bool again = false;
    int which, code;

    while ((which = cli_next(&args, OPTIONS, &value)) != CLI_END) {
        if (which == CLI_BAD)
            return VG_EXIT_USAGE;
        if (which == OPT_CONFIG)
            config_path = value;
        else if (which == OPT_AGAIN)
            again = true;
        else if (text != NULL)
            return cli_usage("enroll", "takes one address");
        else
            text = value;
    }
    if (text == NULL || enroll_url_parse(text, &url) != VG_OK)
        return cli_usage("enroll", "write: enroll 'https://HOST:PORT/enroll/TOKEN#sha256=HEX', as "
                                   "the collector's `token` prints it");
    if (cli_config(config_path, true, &config) != VG_OK)
        return VG_EXIT_USAGE;
    /* What is written must be readable by the service. */
    code = service_user_become(&config, 0) == VG_OK ? enroll(&config, &url, again) : VG_EXIT_USAGE;
    agent_config_done(&config);
    return code;
}
