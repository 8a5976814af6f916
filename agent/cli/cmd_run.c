/* SPDX-License-Identifier: Apache-2.0 */
/* run: the service. */
#include <stdlib.h>

#include "agent/bundle/bundle_state.h"
#include "agent/cli/cli.h"
#include "agent/cli/commands.h"
#include "agent/keeper/keeper.h"
#include "agent/platform/platform.h"
#include "common/log.h"
#include "common/texts.h"

enum { OPT_CONFIG, OPT_NO_SANDBOX };
static const struct cli_option OPTIONS[] = {
    {"config", 'c', true}, {"no-sandbox", 0, false}, {NULL, 0, false}};

static int
run(struct agent_config *config, bool sandbox)
{
    struct texts *texts = NULL;
    char *program;
    int code;

    if (cli_texts(config, &texts) != VG_OK) {
        if (config->rules_dir == config->rules_base)
            return VG_EXIT_USAGE;
        bundle_unuse(config); /* a bundle is no reason not to run; the keeper tries it again */
        if (cli_texts(config, &texts) != VG_OK)
            return VG_EXIT_USAGE;
    }
    program = platform_program_path();
    if (program == NULL) {
        texts_free(texts);
        return VG_EXIT_INTERNAL;
    }
    code = keeper_run(&(struct keeper_options){.config = config,
                                               .texts = texts,
                                               .program = program,
                                               .sandbox = sandbox && config->sandbox});
    free(program);
    texts_free(texts);
    return code;
}

int
cmd_run(int argc, char **argv)
{
    struct cli_args args = cli_args_of(argc, argv);
    const char *path = NULL, *value;
    bool sandbox = true;
    struct agent_config config;
    int which, code;

    while ((which = cli_next(&args, OPTIONS, &value)) != CLI_END) {
        if (which == CLI_BAD)
            return VG_EXIT_USAGE;
        if (which == CLI_OPERAND)
            return cli_usage("run", "takes no operand");
        if (which == OPT_CONFIG)
            path = value;
        else
            sandbox = false;
    }
    log_setup("vigia-agent", LOG_LEVEL_INFO);
    if (cli_config(path, true, &config) != VG_OK)
        return VG_EXIT_USAGE;
    code = run(&config, sandbox);
    agent_config_done(&config);
    return code;
}
