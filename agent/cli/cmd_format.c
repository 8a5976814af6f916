/* SPDX-License-Identifier: Apache-2.0 */
/* format: `format new SAMPLE` proposes a profile for a log that none fits, and shows how it reads the
 * sample; `format list` names those that there are. */
#include <stdlib.h>
#include <string.h>

#include "agent/cli/cli.h"
#include "agent/cli/commands.h"
#include "agent/cli/format_show.h"
#include "agent/pay/logbytes.h"
#include "agent/pay/propose.h"

enum { CONFIG, OUT, NAME };
static const struct cli_option OPTIONS[] = {[CONFIG] = {"config", 'c', true},
                                            [OUT] = {"out", 'o', true},
                                            [NAME] = {"name", 0, true},
                                            {NULL, 0, false}};

struct format_args {
    const char *config, *out, *name;
    const char *verb, *sample;
};

/* The first bytes of the sample, decoded, without its mark and without card numbers; *whole: all of
 * it. */
static enum vg_err
head_read(const struct format_show *s, struct buf *scratch, struct buf *clean, struct slice *out,
          bool *whole)
{
    struct logbytes *bytes;
    struct card_hits hits;
    struct slice text;
    struct buf raw;
    uint8_t *to = malloc(LOGFILE_HEAD_BYTES);
    size_t got = 0, n = 0;
    enum vg_err err = to != NULL ? logbytes_new(s->file, &bytes) : VG_ERR_NOMEM;

    if (err != VG_OK) {
        free(to);
        return err;
    }
    buf_init(&raw, LOGFILE_HEAD_BYTES);
    do
        err = logbytes_read(bytes, to + n, LOGFILE_HEAD_BYTES - n, &got);
    while (err == VG_OK && got > 0 && (n += got) < LOGFILE_HEAD_BYTES);
    *whole = got == 0;
    while (!*whole && n > 0 && to[n - 1] != '\n')
        n--; /* whole lines, so that no letter is cut */
    buf_put(&raw, to, n);
    text = buf_slice(&raw);
    if (n >= 3 && memcmp(to, "\xef\xbb\xbf", 3) == 0)
        slice_skip(&text, 3);
    if (err == VG_OK)
        err = logfile_decode(text, scratch, &text);
    if (err == VG_OK)
        err = card_clean(s->tokens, text, clean, out, &hits);
    if (err == VG_OK && hits.count == 0) { /* borrowed from what goes now */
        buf_clear(clean);
        buf_put(clean, out->at, out->left);
        *out = buf_slice(clean);
    }
    buf_done(&raw);
    free(to);
    logbytes_free(bytes);
    return err;
}

static enum vg_exit
proposal_write(const struct format_args *a, FILE *out, const struct buf *yaml)
{
    FILE *to = out != NULL ? out : stdout;

    if (fwrite(yaml->data, 1, yaml->len, to) != yaml->len || fflush(to) != 0)
        return (enum vg_exit)cli_fail(VG_EXIT_INTERNAL, "format: %s cannot be written",
                                      a->out != NULL ? a->out : "standard output");
    return VG_EXIT_DONE;
}

static enum vg_exit
propose(struct format_show *s, const struct format_args *a, FILE *out)
{
    struct buf scratch, clean, yaml;
    struct conf_error why = {.text = ""};
    struct slice head;
    enum vg_exit exit;
    bool whole;
    enum vg_err err;

    buf_init(&scratch, 4 * LOGFILE_HEAD_BYTES);
    buf_init(&clean, 4 * LOGFILE_HEAD_BYTES);
    buf_init(&yaml, 64 * 1024);
    err = head_read(s, &scratch, &clean, &head, &whole);
    if (err == VG_OK)
        err = propose_profile(head, whole, a->name, &yaml);
    if (err == VG_OK && s->profiles.count == PROFILES_MAX)
        err = VG_ERR_LIMIT;
    if (err == VG_OK)
        err = profile_parse("proposal", buf_slice(&yaml), &s->profiles.profile[s->profiles.count],
                            &why);
    if (err == VG_ERR_NOENT)
        exit = (enum vg_exit)cli_fail(VG_EXIT_INPUT,
                                      "format: %s is neither a table with a header line nor JSON: "
                                      "see reader: text in vigia-agent-format(5)",
                                      a->sample);
    else if (err == VG_ERR_FORMAT)
        exit = (enum vg_exit)cli_fail(VG_EXIT_INPUT, "format: no column of %s holds a time",
                                      a->sample);
    else if (err != VG_OK)
        exit = (enum vg_exit)cli_fail(VG_EXIT_INTERNAL, "format: %s",
                                      why.text[0] != '\0' ? why.text : vg_err_name(err));
    else {
        s->profile = s->profiles.profile[s->profiles.count++];
        exit = proposal_write(a, out, &yaml);
        if (exit == VG_EXIT_DONE)
            exit = format_show_print(s, out != NULL ? stdout : stderr);
    }
    buf_done(&scratch);
    buf_done(&clean);
    buf_done(&yaml);
    return exit;
}

/* "x": a profile that somebody has corrected is not written over. An empty file is what a try left that
 * came to nothing: without any rights it could not take it away. */
static FILE *
out_open(const char *path)
{
    FILE *out = fopen(path, "wx");
    struct platform_stat stat;

    if (out == NULL && platform_path_stat(path, &stat) == VG_OK && stat.regular && stat.size == 0)
        out = fopen(path, "r+");
    return out;
}

static enum vg_exit
format_new(const struct agent_config *config, const struct format_args *a)
{
    enum vg_exit exit = VG_EXIT_INTERNAL;
    struct format_show show;
    FILE *out = NULL;

    if (format_show_open(&show, config, "format", a->sample, &exit)) {
        out = a->out != NULL ? out_open(a->out) : NULL;
        if (a->out != NULL && out == NULL)
            exit = (enum vg_exit)cli_fail(
                VG_EXIT_USAGE, "format: %s is there already, or cannot be written", a->out);
        else if (format_show_lock("format"))
            exit = propose(&show, a, out);
    }
    if (out != NULL && fclose(out) != 0)
        exit = VG_EXIT_INTERNAL;
    format_show_done(&show);
    return exit;
}

static enum vg_exit
format_list(const struct agent_config *config)
{
    struct conf_error why = {.text = ""};
    struct profiles all;

    if (profiles_load(config->rules_dir, &all, &why) != VG_OK)
        return (enum vg_exit)cli_fail(VG_EXIT_USAGE, "format: %s", why.text);
    for (size_t i = 0; i < all.count; i++)
        printf("%-22s %s\n", all.profile[i]->name, all.profile[i]->about);
    profiles_done(&all);
    return VG_EXIT_DONE;
}

static int
args_check(const struct format_args *a)
{
    if (a->verb != NULL && strcmp(a->verb, "list") == 0 && a->sample == NULL)
        return VG_EXIT_DONE;
    if (a->verb == NULL || strcmp(a->verb, "new") != 0)
        return cli_usage("format", "write for example: format new ventas.csv -o mi-caja.yaml");
    return a->sample != NULL ? VG_EXIT_DONE : cli_usage("format", "new: which sample?");
}

int
cmd_format(int argc, char **argv)
{
    struct format_args a = {.name = "my-format"};
    struct cli_args args = cli_args_of(argc, argv);
    struct agent_config config;
    const char *value;
    int which, code;

    while ((which = cli_next(&args, OPTIONS, &value)) != CLI_END) {
        const char **const option[] = {[CONFIG] = &a.config, [OUT] = &a.out, [NAME] = &a.name};

        if (which == CLI_BAD)
            return VG_EXIT_USAGE;
        if (which != CLI_OPERAND)
            *option[which] = value;
        else if (a.verb == NULL)
            a.verb = value;
        else if (a.sample == NULL)
            a.sample = value;
        else
            return cli_usage("format", "one sample at a time");
    }
    code = args_check(&a);
    if (code != VG_EXIT_DONE)
        return code;
    if (cli_config(a.config, true, &config) != VG_OK)
        return VG_EXIT_USAGE;
    code = (int)(a.sample != NULL ? format_new(&config, &a) : format_list(&config));
    agent_config_done(&config);
    return code;
}
