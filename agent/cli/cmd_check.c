/* SPDX-License-Identifier: Apache-2.0 */
/* check: configuration and rules, each thing named as it is found good or wrong. */
#include "agent/cli/cli.h"
#include "agent/cli/commands.h"
#include "common/texts.h"

static const struct cli_option OPTIONS[] = {{"config", 'c', true}, {NULL, 0, false}};

static size_t
count_names(const char *const *names)
{
    size_t n = 0;

    while (names[n] != NULL)
        n++;
    return n;
}

int
cmd_check(int argc, char **argv)
{
    struct cli_args args = cli_args_of(argc, argv);
    const char *path = NULL, *value;
    struct agent_config config;
    struct texts *texts = NULL;
    int which, code = VG_EXIT_DONE;

    while ((which = cli_next(&args, OPTIONS, &value)) != CLI_END) {
        if (which == CLI_BAD)
            return VG_EXIT_USAGE;
        if (which == CLI_OPERAND)
            return cli_usage("check", "takes no operand");
        path = value;
    }
    if (cli_config(path, true, &config) != VG_OK)
        return VG_EXIT_USAGE;
    printf("ok  configuration: shop \"%s\", zone %s, language %s, currency %s\n", config.shop_name,
           zone_name(config.zone), config.language, config.currency);
    if (cli_texts(&config, &texts) == VG_OK)
        printf("ok  detectors: %zu in %s\n", count_names(texts_detectors(texts)), config.rules_dir);
    else
        code = VG_EXIT_USAGE;
    texts_free(texts);
    agent_config_done(&config);
    return code;
}
