/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/format_show.h"

#include <inttypes.h>
#include <string.h>

bool
format_show_open(struct format_show *s, const struct agent_config *config, const char *command,
                 const char *path, enum vg_exit *exit)
{
    struct conf_error why = {.text = ""};
    struct platform_stat stat;
    uint8_t key[TOKEN_KEY_SIZE];
    enum vg_err err;

    *s = (struct format_show){.config = config, .path = path, .file = PLATFORM_NO_HANDLE};
    err = profiles_load(config->rules_dir, &s->profiles, &why);
    if (err == VG_ERR_CONFIG) {
        *exit = (enum vg_exit)cli_usage(command, "%s", why.text);
        return false;
    }
    if (err == VG_OK)
        err = token_key_public(key);
    if (err == VG_OK)
        err = tokens_new(key, &s->tokens);
    if (err != VG_OK) {
        *exit = VG_EXIT_INTERNAL;
        return false;
    }
    if (platform_file_open(path, &s->file) == VG_OK &&
        platform_file_stat(s->file, &stat) == VG_OK && stat.regular)
        return true;
    *exit = (enum vg_exit)cli_fail(VG_EXIT_INPUT, "%s: %s cannot be opened", command, path);
    return false;
}

void
format_show_done(struct format_show *s)
{
    if (s->file != PLATFORM_NO_HANDLE)
        platform_file_close(s->file);
    tokens_free(s->tokens);
    profiles_done(&s->profiles);
}

bool
format_show_lock(const char *command)
{
    const struct platform_sandbox none = {.read_count = 0};
    char told[PLATFORM_TOLD_MAX];

    if (platform_sandbox_enter(&none, told) == VG_OK)
        return true;
    (void)cli_fail(VG_EXIT_INTERNAL, "%s: cannot give up rights", command);
    return false;
}

static void
field_print(FILE *to, const char *name, struct str value)
{
    char text[MAP_TEXT_MAX + 1];

    if (value.len == 0)
        return;
    fprintf(to, "  %s ", name);
    memcpy(text, value.at, value.len < MAP_TEXT_MAX ? value.len : MAP_TEXT_MAX);
    text[value.len < MAP_TEXT_MAX ? value.len : MAP_TEXT_MAX] = '\0';
    cli_put_safe(to, text);
}

static void
amount_print(FILE *to, const struct txn_view *t)
{
    unsigned decimals = amount_decimals(t->currency);
    int64_t unit = 1;

    for (unsigned i = 0; i < decimals; i++)
        unit *= 10;
    if (!t->has_amount)
        fprintf(to, "  %15s", "-");
    else if (decimals == 0)
        fprintf(to, "  %11" PRId64 " %s", t->amount, t->currency);
    else
        fprintf(to, "  %*" PRId64 ".%0*" PRId64 " %s", 10 - (int)decimals, t->amount / unit,
                (int)decimals, t->amount % unit, t->currency);
}

/* A token is shown by its first letters: enough to tell two apart. */
static struct str
short_token(struct str token)
{
    if (token.len > TOKEN_PREFIX + 6)
        token.len = TOKEN_PREFIX + 6;
    return token;
}

static void
row_print(FILE *to, const struct txn_view *t, const struct zone *zone)
{
    struct zone_local l;

    zone_to_local(zone, t->time_ns, &l);
    fprintf(to, "  %04d-%02u-%02u %02u:%02u:%02u  %-10s %-8s", l.year, l.month, l.day, l.hour,
            l.min, l.sec, txn_kind_name(t->kind), txn_outcome_name(t->outcome));
    amount_print(to, t);
    field_print(to, "id", t->id);
    field_print(to, "card", short_token(t->card));
    field_print(to, "last4", str_of(t->last4));
    field_print(to, "customer", t->customer);
    field_print(to, "email", short_token(t->email));
    field_print(to, "ip", t->ip);
    field_print(to, "terminal", t->terminal);
    field_print(to, "employee", t->employee);
    field_print(to, "order", t->order);
    field_print(to, "original", t->original);
    field_print(to, "account", short_token(t->account));
    field_print(to, "country", str_of(t->country));
    field_print(to, "reason", t->reason);
    fputc('\n', to);
}

static void
decided_print(FILE *to, const struct logfile *f, const struct zone *zone)
{
    static const char *const found[] = {
        [DATES_PLAIN] = NULL,
        [DATES_PROVEN] = "by a date that can be written in one way alone",
        [DATES_LIKELY] = "by the order of the rows",
        [DATES_GUESS] =
            "GUESSED: the sample leaves it open; keep one of the formats if it is wrong"};
    const struct profile *p = logfile_profile(f);
    struct logfile_state state;

    logfile_state(f, &state);
    fprintf(to, "format: %s (%s)\n", p->name, p->about);
    if (p->reader == PROFILE_CSV)
        fprintf(to, "decimal mark: %s%s\n", state.style == AMOUNT_COMMA ? "comma" : "dot",
                p->style_auto ? ", by the file" : "");
    for (size_t i = 0; found[logfile_dates(f)] != NULL && i < p->format_count; i++)
        if ((state.dropped & 1U << i) != 0)
            fprintf(to, "dates: not %s, %s\n", p->formats[i], found[logfile_dates(f)]);
    fprintf(to, "rows as understood, times in %s:\n", zone_name(zone));
}

static enum vg_exit
counts_print(FILE *to, const struct logfile *f, enum vg_err err)
{
    const struct logfile_counts *c = logfile_counts(f);
    uint64_t bad = c->bad + c->too_long;

    fprintf(to,
            "%" PRIu64 " records: %" PRIu64 " transactions, %" PRIu64 " passed over, %" PRIu64
            " that cannot be read, %" PRIu64 " card numbers in clear text\n",
            c->records, c->transactions, c->skipped, bad, c->cards);
    for (size_t i = 0; i < LOGFILE_SHAPES && logfile_bad_shape(f, i)[0] != '\0'; i++) {
        fputs("cannot be read: ", to);
        cli_put_safe(to, logfile_bad_shape(f, i));
        fputc('\n', to);
    }
    if (err != VG_AGAIN)
        fprintf(to, "damaged: %s\n", vg_err_name(err));
    if (c->records == 0)
        return VG_EXIT_INPUT;
    return bad * 10 > c->records ? VG_EXIT_USAGE : VG_EXIT_DONE;
}

static void
unknown_print(const struct format_show *s, FILE *to)
{
    cli_put_safe(to, s->path);
    fprintf(to, ": %s; `vigia-agent format new` proposes one\n",
            s->profile != NULL ? "is not of this format" : "no known format");
}

enum vg_exit
format_show_print(struct format_show *s, FILE *to)
{
    const char *name = strrchr(s->path, '/');
    const struct logfile_options options = {.profiles = &s->profiles,
                                            .profile = s->profile,
                                            .only = s->only,
                                            .tokens = s->tokens,
                                            .zone = s->config->zone,
                                            .currency = s->config->currency,
                                            .source = name != NULL ? name + 1 : s->path};
    enum vg_exit exit = VG_EXIT_INPUT;
    struct logfile *f;
    size_t shown = 0;
    enum vg_err err = logfile_new(&options, s->file, &f);

    s->file = PLATFORM_NO_HANDLE; /* taken */
    if (err != VG_OK)
        return VG_EXIT_INTERNAL;
    for (bool first = true; (err = logfile_next(f, true)) == VG_OK; first = false) {
        size_t n;
        const struct txn_view *t = logfile_txns(f, &n);

        if (first)
            decided_print(to, f, s->config->zone);
        for (size_t i = 0; i < n && shown < FORMAT_SHOW_ROWS; i++, shown++)
            row_print(to, &t[i], s->config->zone);
    }
    if (err == VG_ERR_NOMEM || err == VG_ERR_SYS)
        exit = VG_EXIT_INTERNAL;
    else if (err == VG_ERR_NOENT || logfile_profile(f) == NULL)
        unknown_print(s, to);
    else
        exit = counts_print(to, f, err);
    logfile_free(f);
    return exit;
}
