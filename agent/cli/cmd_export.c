/* SPDX-License-Identifier: Apache-2.0 */
/* export: every event as it is stored, one JSON object a line, oldest first. */
#include "agent/cli/cli_store.h"
#include "agent/cli/commands.h"

static const struct cli_option OPTIONS[] = {
    {"config", 'c', true}, {"since", 0, true}, {NULL, 0, false}};

static enum vg_err
write_line(void *ctx, int64_t seq, struct slice json)
{
    (void)ctx;
    (void)seq;
    if (fwrite(json.at, 1, json.left, stdout) != json.left || fputc('\n', stdout) == EOF)
        return VG_ERR_SYS;
    return VG_OK;
}

int
cmd_export(int argc, char **argv)
{
    struct cli_args args = cli_args_of(argc, argv);
    struct store_query query = {.oldest_first = true};
    const char *config = NULL, *value;
    struct cli_store s;
    enum vg_err err;
    int which, code;

    while ((which = cli_next(&args, OPTIONS, &value)) != CLI_END) {
        if (which == CLI_BAD)
            return VG_EXIT_USAGE;
        if (which == CLI_OPERAND)
            return cli_usage("export", "takes no operand");
        if (which == 0)
            config = value;
        else if (!cli_since("export", value, &query.since_ns))
            return VG_EXIT_USAGE;
    }
    code = cli_store_open(config, false, &s);
    if (code != VG_EXIT_DONE)
        return code;
    err = store_query(s.store, &query, write_line, NULL);
    cli_store_done(&s);
    if (err != VG_OK)
        return cli_fail(VG_EXIT_INTERNAL, "the store cannot be read: %s", vg_err_name(err));
    return VG_EXIT_DONE;
}
