/* SPDX-License-Identifier: Apache-2.0 */
/* feedback: tells the detectors what an alert was worth. */
#include "agent/keeper/feedback.h"

#include "agent/cli/cli_store.h"
#include "agent/cli/commands.h"
#include "common/vtime.h"

static const struct cli_option OPTIONS[] = {{"config", 'c', true}, {NULL, 0, false}};

static int
leave(struct cli_store *s, const char *id, const char *verdict)
{
    enum vg_err err;
    json_t *event;
    int code = VG_EXIT_DONE;

    event = cli_store_event(s, "feedback", id, &code);
    if (event == NULL)
        return code;
    err = feedback_leave(s->config.state_dir, vg_json_str(event, "id", ""), verdict, vtime_now());
    if (err != VG_OK)
        code = cli_fail(VG_EXIT_INTERNAL, "cannot write into %s: %s", s->config.state_dir,
                        vg_err_name(err));
    else
        printf("%s: %s\n", vg_json_str(event, "id", ""), verdict);
    json_decref(event);
    return code;
}

int
cmd_feedback(int argc, char **argv)
{
    struct cli_args args = cli_args_of(argc, argv);
    const char *config = NULL, *value, *operand[2] = {NULL, NULL};
    struct cli_store s;
    size_t operands = 0;
    int which, code;

    while ((which = cli_next(&args, OPTIONS, &value)) != CLI_END) {
        if (which == CLI_BAD)
            return VG_EXIT_USAGE;
        if (which == CLI_OPERAND && operands == 2)
            return cli_usage("feedback", "takes an id and one word");
        if (which == CLI_OPERAND)
            operand[operands++] = value;
        else
            config = value;
    }
    if (operands < 2 || !feedback_verdict_known(operand[1]))
        return cli_usage("feedback", "write an id and one of useful, noise, mine");
    code = cli_store_open(config, false, &s);
    if (code != VG_EXIT_DONE)
        return code;
    code = leave(&s, operand[0], operand[1]);
    cli_store_done(&s);
    return code;
}
