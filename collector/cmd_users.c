/* SPDX-License-Identifier: Apache-2.0 */
/* user: the people who may use the dashboard. */
#include <stdio.h>
#include <string.h>

#include "collector/cli.h"
#include "collector/name_check.h"
#include "collector/password.h"
#include "collector/site_check.h"
#include "common/mail.h"
#include "common/vtime.h"

enum user_option { USER_ROLE, USER_TENANT, USER_LANGUAGE, USER_MAIL, USER_STDIN };

/* From standard input with --password-stdin, else made and shown once. */
static bool
user_password(const struct command *self, const struct cli_line *line,
              char out[PASSWORD_LEN_MAX + 2])
{
    size_t n;

    if (line->value[USER_STDIN] == NULL)
        return password_make(out) == VG_OK;
    if (fgets(out, PASSWORD_LEN_MAX + 2, stdin) == NULL)
        out[0] = '\0';
    n = strcspn(out, "\r\n");
    out[n] = '\0';
    if (n >= PASSWORD_LEN_MIN && n <= PASSWORD_LEN_MAX)
        return true;
    (void)cli_usage(self, "a password has %d to %d bytes", PASSWORD_LEN_MIN, PASSWORD_LEN_MAX);
    return false;
}

static int
user_write(const struct command *self, const struct cli_line *line, struct storage_user *user,
           bool fresh, struct cli_world *w)
{
    const char *tenant = line->value[USER_TENANT];
    char id[UUID_TEXT_SIZE] = STORAGE_ALL;
    struct storage_user found = {.id = ""};
    enum vg_err err = VG_OK;

    if (tenant != NULL) {
        err = w->store->ops->tenant_find(w->store, tenant, id);
        if (err == VG_ERR_NOENT)
            return cli_usage(self, "no tenant \"%s\"", tenant);
        /* Administrators and technicians stay the provider's, and see this one alone. */
        user->given = user->role == STORAGE_ADMIN || user->role == STORAGE_TECHNICIAN;
        if (!user->given)
            memcpy(user->tenant, id, sizeof id);
    }
    if (err == VG_OK)
        err = cli_begin(w);
    if (err != VG_OK)
        return cli_failed(w, "user", err);
    if (fresh)
        err = w->store->ops->user_add(w->store, user, vtime_now());
    if (err == VG_OK)
        err = w->store->ops->user_find(w->store, user->name, &found);
    if (err == VG_OK && fresh && user->given)
        err = w->store->ops->user_give(w->store, found.id, id);
    if (err == VG_OK && !fresh)
        err = w->store->ops->user_set_password(w->store, found.id, user->password);
    err =
        cli_end(w, err, found.tenant, fresh ? "user.added" : "user.password", found.id, user->name);
    if (err == VG_ERR_EXISTS)
        return cli_usage(self, "there is a user \"%s\", or of that mail address, already",
                         user->name);
    if (err == VG_ERR_NOENT)
        return cli_usage(self, "no user \"%s\"", user->name);
    return err == VG_OK ? VG_EXIT_DONE : cli_failed(w, "user", err);
}

static int
user_change(const struct command *self, const struct cli_line *line, bool fresh)
{
    struct storage_user user = {.role = STORAGE_READONLY};
    const char *language = line->value[USER_LANGUAGE] ? line->value[USER_LANGUAGE] : "es-MX";
    char password[PASSWORD_LEN_MAX + 2];
    struct cli_world w;
    int code = VG_EXIT_DONE;

    if (fresh && (line->value[USER_ROLE] == NULL ||
                  storage_role_parse(line->value[USER_ROLE], &user.role) != VG_OK))
        return cli_usage(self, "write: --role admin, technician, readonly or owner");
    if (fresh && user.role == STORAGE_OWNER && line->value[USER_TENANT] == NULL)
        return cli_usage(self, "an owner is a tenant's: write --tenant NAME");
    if (strcmp(language, "es-MX") != 0 && strcmp(language, "en") != 0)
        return cli_usage(self, "no language \"%s\"; write: --language es-MX or en", language);
    if (fresh && !name_fits_user(line->word[1]))
        return cli_usage(self, "a name has 1 to %d bytes", STORAGE_NAME_MAX);
    if (line->value[USER_MAIL] != NULL &&
        (!mail_address_valid(line->value[USER_MAIL]) ||
         !vg_strcpy(user.mail, sizeof user.mail, line->value[USER_MAIL])))
        return cli_usage(self, "no mail address \"%s\"", line->value[USER_MAIL]);
    (void)vg_strcpy(user.name, sizeof user.name, line->word[1]);
    (void)vg_strcpy(user.language, sizeof user.language, language);
    if (!user_password(self, line, password))
        return VG_EXIT_USAGE;
    if (password_encode(password, user.password) != VG_OK)
        return VG_EXIT_INTERNAL;
    if (!cli_open(line, CLI_STORE, &w, &code))
        return code;
    code = user_write(self, line, &user, fresh, &w);
    cli_close(&w);
    if (code == VG_EXIT_DONE && line->value[USER_STDIN] == NULL)
        printf("%s\n", password);
    return code;
}

/* Of the words behind the name each is a tenant; none: all tenants. */
static enum vg_err
give(struct cli_world *w, const struct cli_line *line, const char **unknown)
{
    struct storage_user user = {.id = ""};
    char tenant[UUID_TEXT_SIZE];
    enum vg_err err = cli_begin(w);

    if (err != VG_OK)
        return err;
    *unknown = line->word[1];
    err = w->store->ops->user_find(w->store, line->word[1], &user);
    if (err == VG_OK)
        err = w->store->ops->user_given(w->store, user.id, line->words > 2);
    for (size_t i = 2; err == VG_OK && i < line->words; i++) {
        *unknown = line->word[i];
        err = w->store->ops->tenant_find(w->store, line->word[i], tenant);
        if (err == VG_OK)
            err = w->store->ops->user_give(w->store, user.id, tenant);
    }
    return cli_end(w, err, user.tenant, "user.tenants", user.id, user.name);
}

/* For whoever lost the phone and the recovery codes: the next sign-in sets up a new one. */
static int
user_reset_factor(const struct command *self, const struct cli_line *line)
{
    struct storage_user user = {.id = ""};
    struct cli_world w;
    int code = VG_EXIT_DONE;
    enum vg_err err;

    if (!cli_open(line, CLI_STORE, &w, &code))
        return code;
    err = cli_begin(&w);
    if (err == VG_OK) {
        err = w.store->ops->user_find(w.store, line->word[1], &user);
        if (err == VG_OK)
            err = w.store->ops->factor_remove(w.store, user.id);
        if (err == VG_OK)
            err = w.store->ops->sessions_end(w.store, user.id, NULL);
        err = cli_end(&w, err, user.tenant, "user.reset_second_factor", user.id, user.name);
    }
    if (err == VG_ERR_NOENT)
        code = cli_usage(self, "no user \"%s\"", line->word[1]);
    else if (err != VG_OK)
        code = cli_failed(&w, "user", err);
    cli_close(&w);
    return code;
}

static int
user_tenants(const struct command *self, const struct cli_line *line)
{
    struct cli_world w;
    const char *unknown = "";
    int code = VG_EXIT_DONE;
    enum vg_err err;

    if (!cli_open(line, CLI_STORE, &w, &code))
        return code;
    err = give(&w, line, &unknown);
    if (err == VG_ERR_NOENT)
        code = cli_usage(self, "no user of the provider, or no tenant, \"%s\"", unknown);
    else if (err != VG_OK)
        code = cli_failed(&w, "user", err);
    cli_close(&w);
    return code;
}

int
cmd_user(const struct command *self, int argc, char **argv)
{
    static const char *const options[] = {"role", "tenant",          "language",
                                          "mail", "password-stdin!", NULL};
    static const char *const keys[] = {"name", "role", "tenant", "language", NULL};
    struct cli_line line;
    struct cli_world w;
    json_t *rows;
    int code = VG_EXIT_DONE;
    enum vg_err err = cli_parse(self, argc, argv, options, &line);

    if (err != VG_OK)
        return err == VG_END ? VG_EXIT_DONE : VG_EXIT_USAGE;
    if (line.words == 2 && strcmp(line.word[0], "add") == 0)
        return user_change(self, &line, true);
    if (line.words == 2 && strcmp(line.word[0], "password") == 0)
        return user_change(self, &line, false);
    if (line.words == 2 && strcmp(line.word[0], "reset-factor") == 0)
        return user_reset_factor(self, &line);
    if (line.words >= 2 && strcmp(line.word[0], "tenants") == 0)
        return user_tenants(self, &line);
    if (line.words != 1 || strcmp(line.word[0], "list") != 0)
        return cli_usage(self, "write: user add NAME --role ROLE, user password NAME,"
                               " user tenants NAME [TENANT...], user reset-factor NAME, or"
                               " user list");
    if (!cli_open(&line, CLI_STORE, &w, &code))
        return code;
    err = w.store->ops->users(w.store, &STORAGE_EVERYTHING, &rows);
    if (err == VG_OK) {
        cli_print_rows(rows, keys);
        json_decref(rows);
    } else {
        code = cli_failed(&w, "user", err);
    }
    cli_close(&w);
    return code;
}
