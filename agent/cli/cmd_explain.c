/* SPDX-License-Identifier: Apache-2.0 */
/* explain: what a detector looks for, with its settings and its messages, from its rules file. */
#include <stdlib.h>
#include <string.h>

#include "agent/cli/cli.h"
#include "agent/cli/commands.h"
#include "common/texts.h"

static const struct cli_option OPTIONS[] = {{"config", 'c', true}, {NULL, 0, false}};

static void
put_value(const char *indent, const char *key, const json_t *value)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

    printf("%s%s: ", indent, key);
    cli_put_safe(stdout, json_is_string(value) ? json_string_value(value)
                         : text != NULL        ? text
                                               : "?");
    putchar('\n');
    free(text);
}

static void
put_map(const char *title, const json_t *map)
{
    const char *key;
    json_t *value;

    if (json_object_size(map) == 0)
        return;
    printf("\n%s\n", title);
    json_object_foreach((json_t *)map, key, value)
    {
        put_value("    ", key, value);
    }
}

static int
list_all(const struct texts *texts)
{
    const char *const *names = texts_detectors(texts);

    for (size_t i = 0; names[i] != NULL; i++)
        puts(names[i]);
    return VG_EXIT_DONE;
}

static int
explain(const struct texts *texts, const char *name, const char *language)
{
    const json_t *d = texts_detector(texts, name), *messages, *value;

    if (d == NULL)
        return cli_fail(VG_EXIT_INPUT,
                        "no detector is called %s; vigia-agent explain lists all of them", name);
    printf("%s (%s)\n", name, vg_json_str(d, "severity", "info"));
    messages = json_object_get(d, "messages");
    value = json_object_get(messages, strncmp(language, "es", 2) == 0 ? "es" : "en");
    put_map("Messages", value);
    put_map("Settings", json_object_get(d, "settings"));
    put_map("Facts", json_object_get(d, "facts"));
    value = json_object_get(d, "attack");
    if (json_array_size(value) > 0) {
        putchar('\n');
        put_value("", "ATT&CK", value);
    }
    return VG_EXIT_DONE;
}

int
cmd_explain(int argc, char **argv)
{
    struct cli_args args = cli_args_of(argc, argv);
    const char *path = NULL, *value, *name = NULL;
    struct agent_config config;
    struct texts *texts = NULL;
    int which, code = VG_EXIT_USAGE;

    while ((which = cli_next(&args, OPTIONS, &value)) != CLI_END) {
        if (which == CLI_BAD)
            return VG_EXIT_USAGE;
        if (which == CLI_OPERAND && name != NULL)
            return cli_usage("explain", "takes one detector");
        if (which == CLI_OPERAND)
            name = value;
        else
            path = value;
    }
    if (cli_config(path, true, &config) != VG_OK)
        return VG_EXIT_USAGE;
    if (cli_texts(&config, &texts) == VG_OK)
        code = name != NULL ? explain(texts, name, config.language) : list_all(texts);
    texts_free(texts);
    agent_config_done(&config);
    return code;
}
