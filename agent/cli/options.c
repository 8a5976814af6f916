/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/options.h"

#include <string.h>

#include "agent/cli/cli.h"

static const struct cli_option *
find_option(const struct cli_option *options, const char *word, const char **attached)
{
    *attached = NULL;
    for (const struct cli_option *o = options; o->name != NULL; o++) {
        size_t n = strlen(o->name);

        if (word[1] == '-') {
            if (strncmp(word + 2, o->name, n) != 0)
                continue;
            if (word[2 + n] == '\0')
                return o;
            if (word[2 + n] == '=') {
                *attached = word + 3 + n;
                return o;
            }
        } else if (o->letter != 0 && word[1] == o->letter) {
            if (word[2] != '\0')
                *attached = word + 2;
            return o;
        }
    }
    return NULL;
}

int
cli_next(struct cli_args *args, const struct cli_option *options, const char **value)
{
    const struct cli_option *option;
    const char *word, *attached;

    *value = NULL;
    if (args->at >= args->argc)
        return CLI_END;
    word = args->argv[args->at++];
    if (!args->operands_only && strcmp(word, "--") == 0) {
        args->operands_only = true;
        return cli_next(args, options, value);
    }
    if (args->operands_only || word[0] != '-' || word[1] == '\0') {
        *value = word;
        return CLI_OPERAND;
    }
    option = find_option(options, word, &attached);
    if (option == NULL) {
        (void)cli_usage(args->argv[0], "unknown option %s", word);
        return CLI_BAD;
    }
    if (option->takes_value) {
        if (attached == NULL && args->at < args->argc)
            attached = args->argv[args->at++];
        if (attached == NULL) {
            (void)cli_usage(args->argv[0], "%s needs a value", word);
            return CLI_BAD;
        }
        *value = attached;
    } else if (attached != NULL) {
        (void)cli_usage(args->argv[0], "--%s takes no value", option->name);
        return CLI_BAD;
    }
    return (int)(option - options);
}
