/* SPDX-License-Identifier: Apache-2.0 */
/* quarantine: what lies there, back to its place, or gone for good. */
#include <stdlib.h>
#include <string.h>

#include "agent/cli/cli.h"
#include "agent/cli/commands.h"
#include "agent/detect/mask.h"
#include "agent/host/quarantine.h"
#include "agent/keeper/quarantine_notes.h"
#include "agent/keeper/spool.h"
#include "common/vtime.h"

enum { OPT_CONFIG, OPT_JSON };
static const struct cli_option OPTIONS[] = {
    {"config", 'c', true}, {"json", 0, false}, {NULL, 0, false}};

struct quarantine_command {
    const char *config_path, *verb, *id;
    bool json, es;
    struct agent_config config;
    struct quarantine *q;
    size_t count;
};

/* ---- telling ---- */

static void
put_json(const struct quarantine_entry *e, const char *action)
{
    char shown[QUARANTINE_PATH_MAX + 1], time[VTIME_TEXT_MAX], modified[VTIME_TEXT_MAX];
    char owner[64];
    json_t *one;

    mask_text(shown, sizeof(shown), e->path, strlen(e->path));
    platform_user_name(e->dress.owner, owner, sizeof(owner));
    one = json_pack("{s:s, s:s, s:s, s:s, s:I, s:s, s:i, s:s, s:s, s:s, s:s}", "id", e->id, "state",
                    action != NULL ? action
                    : e->pending   ? "pending"
                                   : "kept",
                    "time", vtime_format(e->sealed_ns, time), "path", shown, "size",
                    (json_int_t)e->stat.size, "owner", owner, "mode", (int)e->dress.mode,
                    "modified", vtime_format(e->stat.modified_ns, modified), "sha256", e->sha256,
                    "rule", e->rule, "severity", severity_name(e->severity));
    if (one != NULL)
        (void)json_dumpf(one, stdout, JSON_COMPACT);
    fputc('\n', stdout);
    json_decref(one);
}

static void
show(void *ctx, const struct quarantine_entry *e)
{
    struct quarantine_command *c = ctx;
    char shown[QUARANTINE_PATH_MAX + 1];
    struct text_view view = cli_view(&c->config);
    struct buf text;

    c->count++;
    if (c->json) {
        put_json(e, NULL);
        return;
    }
    buf_init(&text, 256);
    buf_put_str(&text, e->id);
    buf_put_str(&text, "  ");
    texts_put_time(&text, e->sealed_ns, &view);
    buf_put_str(&text, "  ");
    texts_put_bytes(&text, (int64_t)e->stat.size, c->config.language);
    buf_put_str(&text, "  ");
    buf_put_str(&text, e->rule);
    printf("%s  ", text.bad ? e->id : buf_str(&text));
    buf_done(&text);
    mask_text(shown, sizeof(shown), e->path, strlen(e->path));
    cli_put_safe(stdout, shown);
    fputs(!e->pending ? "\n"
          : c->es     ? "  (una copia; el archivo sigue en su lugar)\n"
                      : "  (a copy; the file is still in its place)\n",
          stdout);
}

static int
list(struct quarantine_command *c)
{
    size_t broken = 0;
    enum vg_err err = quarantine_list(c->q, show, c, &broken);

    if (err != VG_OK)
        return cli_fail(VG_EXIT_INTERNAL, "the quarantine cannot be read: %s", vg_err_name(err));
    if (c->count == 0 && broken == 0 && !c->json)
        puts(c->es ? "La cuarentena está vacía." : "The quarantine is empty.");
    if (broken > 0)
        return cli_fail(VG_EXIT_FOUND, "%zu sealed files are damaged or under another key", broken);
    return VG_EXIT_DONE;
}

/* For the keeper, who makes it an event. */
static void
leave_note(const struct quarantine_command *c, const struct quarantine_entry *e, const char *action)
{
    char shown[PARTY_ID_MAX];
    enum vg_err err;

    mask_text(shown, sizeof(shown), e->path, strlen(e->path));
    err = spool_leave(c->config.state_dir, QUARANTINE_SPOOL,
                      json_pack("{s:s, s:s, s:s, s:s, s:s}", "action", action, "quarantine", e->id,
                                "path", shown, "sha256", e->sha256, "rule", e->rule),
                      vtime_now());
    if (err != VG_OK)
        fprintf(stderr, "vigia-agent quarantine: this is not recorded: %s\n", vg_err_name(err));
}

static void
tell_done(const struct quarantine_command *c, const struct quarantine_entry *e, const char *action,
          const char *es, const char *en)
{
    char shown[QUARANTINE_PATH_MAX + 1];

    leave_note(c, e, action);
    if (c->json) {
        put_json(e, action);
        return;
    }
    mask_text(shown, sizeof(shown), e->path, strlen(e->path));
    fputs(c->es ? es : en, stdout);
    cli_put_safe(stdout, shown);
    fputc('\n', stdout);
}

/* ---- doing ---- */

static int
cannot(const struct quarantine_command *c, const struct quarantine_entry *e, enum vg_err err)
{
    const char *why =
        err == VG_ERR_EXISTS  ? (c->es ? "ya hay algo con ese nombre en su lugar"
                                       : "something of that name lies in its place")
        : err == VG_ERR_NOENT ? (c->es ? "su carpeta ya no existe" : "its folder is gone")
        : err == VG_ERR_LIMIT ? (c->es ? "no hay espacio" : "there is no space")
        : err == VG_ERR_SYS   ? (c->es ? "la unidad no dejó escribir: ¿es de solo lectura?"
                                       : "the drive did not let us write: is it read-only?")
        : err == VG_AGAIN     ? (c->es ? "la cuarentena está ocupada; intente otra vez"
                                       : "the quarantine is busy; try again")
        : err == VG_ERR_DENIED
            ? (c->es ? "no se permite: faltan permisos (hágalo como root), hay un enlace en "
                       "el camino, o el sello está roto"
                     : "not allowed: rights are missing (do it as root), there is a link in "
                       "the path, or the seal is broken")
            : vg_err_name(err);

    return cli_fail(VG_EXIT_INPUT, "%s: %s", e->id, why);
}

static int
restore(struct quarantine_command *c, const struct quarantine_entry *e)
{
    enum vg_err err = quarantine_restore(c->q, e);

    if (err != VG_OK)
        return cannot(c, e, err);
    tell_done(c, e, "restored", "De vuelta en su lugar: ", "Back in its place: ");
    err = quarantine_drop(c->q, e);
    if (err != VG_OK)
        return cli_fail(VG_EXIT_INTERNAL, "%s: the sealed copy could not be removed: %s", e->id,
                        vg_err_name(err));
    return VG_EXIT_DONE;
}

static int
drop(struct quarantine_command *c, const struct quarantine_entry *e)
{
    enum vg_err err = quarantine_drop(c->q, e);

    if (err != VG_OK)
        return cannot(c, e, err);
    tell_done(c, e, "dropped", "Borrado para siempre: ", "Gone for good: ");
    return VG_EXIT_DONE;
}

static int
with_one(struct quarantine_command *c)
{
    struct quarantine_entry *e = malloc(sizeof(*e));
    enum vg_err err = e != NULL ? quarantine_find(c->q, c->id, e) : VG_ERR_NOMEM;
    int code;

    if (err == VG_OK)
        code = strcmp(c->verb, "restore") == 0 ? restore(c, e) : drop(c, e);
    else if (err == VG_ERR_NOENT)
        code = cli_fail(VG_EXIT_INPUT, "%s",
                        c->es ? "no hay nada con ese número en la cuarentena"
                              : "nothing of that number lies in the quarantine");
    else
        code = cli_fail(VG_EXIT_INPUT, "%s",
                        c->es ? "está dañado o sellado con otra llave"
                              : "it is damaged, or sealed with another key");
    free(e);
    return code;
}

static int
read_line(struct quarantine_command *c, int argc, char **argv)
{
    struct cli_args args = cli_args_of(argc, argv);
    const char *value;
    bool needs_id;
    int which;

    while ((which = cli_next(&args, OPTIONS, &value)) != CLI_END) {
        if (which == CLI_BAD)
            return VG_EXIT_USAGE;
        if (which == OPT_CONFIG)
            c->config_path = value;
        else if (which == OPT_JSON)
            c->json = true;
        else if (c->verb == NULL)
            c->verb = value;
        else if (c->id == NULL)
            c->id = value;
        else
            return cli_usage("quarantine", "one number at a time");
    }
    needs_id = c->verb != NULL && (strcmp(c->verb, "restore") == 0 || strcmp(c->verb, "drop") == 0);
    if (c->verb == NULL || (!needs_id && strcmp(c->verb, "list") != 0))
        return cli_usage("quarantine", "write list, restore ID or drop ID");
    if (needs_id != (c->id != NULL))
        return cli_usage("quarantine", needs_id ? "which one? Write the number that list prints"
                                                : "list takes no number");
    return VG_EXIT_DONE;
}

int
cmd_quarantine(int argc, char **argv)
{
    struct quarantine_command c = {.config_path = NULL};
    int code = read_line(&c, argc, argv);
    enum vg_err err;

    if (code != VG_EXIT_DONE)
        return code;
    if (cli_config(c.config_path, true, &c.config) != VG_OK)
        return VG_EXIT_USAGE;
    c.es = strncmp(c.config.language, "es", 2) == 0;
    err = quarantine_open(&c.config, false, &c.q);
    if (err == VG_OK)
        code = c.id != NULL ? with_one(&c) : list(&c);
    else if (err == VG_ERR_NOENT && c.id == NULL && c.json)
        code = VG_EXIT_DONE;
    else if (err == VG_ERR_NOENT && c.id == NULL)
        puts(c.es ? "La cuarentena está vacía." : "The quarantine is empty.");
    else
        code = cli_fail(VG_EXIT_INPUT, "the quarantine in %s cannot be opened: %s",
                        c.config.state_dir, vg_err_name(err));
    quarantine_free(c.q);
    agent_config_done(&c.config);
    return code;
}
