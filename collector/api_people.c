/* SPDX-License-Identifier: Apache-2.0 */
/* Users and the audit trail, for those who look after people. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/api_int.h"
#include "collector/name_check.h"
#include "common/mail.h"
#include "common/vtime.h"

enum { USER_TENANTS_MAX = 200, AUDIT_PAGE = 100, CSV_BYTES_MAX = 8 * 1024 * 1024 };

static enum vg_err
audit(struct api_job *j, struct storage *s, const struct storage_user *about, const char *what)
{
    char note[STORAGE_NAME_MAX + 32];

    (void)snprintf(note, sizeof note, "%s (%s)", about->name, storage_role_name(about->role));
    return s->ops->audit(s, about->tenant, j->session.user.name, what, about->id, note, j->now_ns);
}

/* ---- users ---- */

enum vg_err
api_users_read(struct api_job *j, struct storage *s)
{
    json_t *list = NULL;
    enum vg_err err = s->ops->users(s, &j->session.scope, &list);

    return err == VG_OK ? api_answer(j, json_pack("{so}", "items", list)) : err;
}

static bool
language_fits(const char *language)
{
    return strcmp(language, "es-MX") == 0 || strcmp(language, "en") == 0;
}

/* Name, role, language, mail of the body into *u, where they are there; false: one is wrong. */
static bool
take_values(const json_t *body, struct storage_user *u)
{
    const char *role = vg_json_str(body, "role", NULL);
    const char *language = vg_json_str(body, "language", NULL);
    const char *mail = vg_json_str(body, "mail", NULL);

    if (role != NULL && storage_role_parse(role, &u->role) != VG_OK)
        return false;
    if (language != NULL &&
        (!language_fits(language) || !vg_strcpy(u->language, sizeof u->language, language)))
        return false;
    return mail == NULL || ((mail[0] == '\0' || mail_address_valid(mail)) &&
                            vg_strcpy(u->mail, sizeof u->mail, mail));
}

/* People of a tenant are owners or read; people of the provider are not owners, and only who sees
 * everything makes them. */
static bool
role_fits(const struct api_job *j, const struct storage_user *u)
{
    if (strcmp(u->tenant, STORAGE_ALL) != 0)
        return u->role == STORAGE_OWNER || u->role == STORAGE_READONLY;
    return u->role != STORAGE_OWNER && j->session.scope.kind == STORAGE_SEES_ALL;
}

/* The ids of "tenants": each must be one that the caller sees. */
static enum vg_err
give_tenants(struct api_job *j, struct storage *s, const struct storage_user *u)
{
    const json_t *list = json_object_get(j->body, "tenants"), *id;
    json_t *seen = NULL, *row;
    size_t i, k;
    enum vg_err err;

    if (list == NULL || strcmp(u->tenant, STORAGE_ALL) != 0)
        return VG_OK;
    if (json_is_null(list))
        return s->ops->user_given(s, u->id, false);
    if (!json_is_array(list) || json_array_size(list) > USER_TENANTS_MAX)
        return VG_ERR_FORMAT;
    err = s->ops->tenants(s, &j->session.scope, &seen);
    if (err == VG_OK)
        err = s->ops->user_given(s, u->id, true);
    json_array_foreach(list, i, id)
    {
        const char *text = json_string_value(id);
        bool there = false;

        json_array_foreach(seen, k, row) there =
            there || (text != NULL && strcmp(vg_json_str(row, "id", ""), text) == 0);
        if (err == VG_OK)
            err = there ? s->ops->user_give(s, u->id, text) : VG_ERR_NOENT;
    }
    json_decref(seen);
    return err;
}

static enum vg_err
tenant_seen(struct api_job *j, struct storage *s, const char *id)
{
    json_t *seen = NULL, *row;
    bool there = false;
    size_t i;
    enum vg_err err = s->ops->tenants(s, &j->session.scope, &seen);

    json_array_foreach(seen, i, row) there = there || strcmp(vg_json_str(row, "id", ""), id) == 0;
    json_decref(seen);
    return err != VG_OK ? err : there ? VG_OK : VG_ERR_NOENT;
}

/* A password that nobody knows, or (without a mail address) one that is shown once. */
enum vg_err
api_user_add_read(struct api_job *j, struct storage *s)
{
    struct storage_user *u = &j->about;
    const char *tenant = vg_json_str(j->body, "tenant", STORAGE_ALL);
    const char *name = vg_json_str(j->body, "name", "");
    enum vg_err err;

    (void)vg_strcpy(u->language, sizeof u->language, "es-MX");
    if (!name_fits_user(name) || !vg_strcpy(u->name, sizeof u->name, name) ||
        !vg_strcpy(u->tenant, sizeof u->tenant, tenant) || !take_values(j->body, u))
        return VG_ERR_FORMAT;
    if (!role_fits(j, u))
        return api_refuse(j, 403, "role", "this role is not yours to give");
    if (tenant[0] != '\0' && (err = tenant_seen(j, s, tenant)) != VG_OK)
        return err;
    err = password_make(j->made);
    if (err == VG_OK)
        err = password_encode(j->made, u->password);
    return err == VG_OK ? VG_AGAIN : err;
}

enum vg_err
api_user_add_write(struct api_job *j, struct storage *s)
{
    struct storage_user u;
    enum vg_err err = s->ops->user_add(s, &j->about, j->now_ns);

    j->mails = true;
    if (err == VG_ERR_EXISTS)
        return api_refuse(j, 409, "exists", "somebody has this name or mail address");
    if (err == VG_OK)
        err = s->ops->user_find(s, j->about.name, &u);
    if (err == VG_OK)
        err = give_tenants(j, s, &u);
    if (err == VG_OK && u.mail[0] != '\0')
        err = s->ops->link_add(s, u.id, true, j->now_ns, j->now_ns + VG_WEEK_NS);
    if (err == VG_OK)
        err = audit(j, s, &u, "user.added");
    if (err != VG_OK)
        return err;
    if (u.mail[0] != '\0')
        return api_answer(j, json_pack("{ss ss}", "id", u.id, "invited", u.mail));
    return api_answer(j, json_pack("{ss ss}", "id", u.id, "password", j->made));
}

/* Nobody can leave a collector without an administrator who sees everything. */
static enum vg_err
keeps_an_admin(struct api_job *j, struct storage *s, const struct storage_user *was)
{
    int64_t left = 0;
    enum vg_err err;

    if (was->role != STORAGE_ADMIN || was->given || was->tenant[0] != '\0')
        return VG_OK;
    err = s->ops->user_admins(s, &left);
    if (err == VG_OK && left < 1)
        return api_refuse(j, 409, "last", "the last administrator stays one");
    return err;
}

static enum vg_err
user_act(struct api_job *j, struct storage *s, const struct storage_user *was, const char *act)
{
    if (strcmp(act, "remove") == 0)
        return s->ops->user_remove(s, was->id);
    if (strcmp(act, "sign_out") == 0)
        return s->ops->sessions_end(s, was->id, NULL);
    if (strcmp(act, "invite") == 0) {
        enum vg_err err = s->ops->link_add(s, was->id, true, j->now_ns, j->now_ns + VG_WEEK_NS);

        return err == VG_ERR_NOENT
                   ? api_refuse(j, 409, "mails", "no mail address, or too many mails this hour")
                   : err;
    }
    if (strcmp(act, "reset_second_factor") == 0) {
        enum vg_err err = s->ops->factor_remove(s, was->id);

        return err == VG_OK ? s->ops->sessions_end(s, was->id, NULL) : err;
    }
    return VG_ERR_FORMAT;
}

/* {"act": "remove"|"sign_out"|"invite"|"reset_second_factor"} or new values. */
enum vg_err
api_user_write(struct api_job *j, struct storage *s)
{
    const char *act = vg_json_str(j->body, "act", NULL);
    struct storage_user was, is;
    char what[64];
    enum vg_err err = s->ops->user_get(s, &j->session.scope, j->id, &was);

    j->mails = true;
    if (err != VG_OK)
        return err;
    if (strcmp(was.id, j->session.user.id) == 0)
        return api_refuse(j, 409, "self", "another administrator must do this");
    is = was;
    if (!take_values(j->body, &is))
        return VG_ERR_FORMAT;
    if (!role_fits(j, &is))
        return api_refuse(j, 403, "role", "this role is not yours to give");
    if (act != NULL) {
        err = user_act(j, s, &was, act);
    } else {
        err = s->ops->user_change(s, &is);
        if (err == VG_ERR_EXISTS)
            return api_refuse(j, 409, "exists", "somebody has this mail address");
        if (err == VG_OK)
            err = give_tenants(j, s, &is);
        if (err == VG_OK && is.role != was.role)
            err = s->ops->sessions_end(s, is.id, NULL);
    }
    if (err == VG_OK)
        err = keeps_an_admin(j, s, &was);
    (void)snprintf(what, sizeof what, "user.%s", act != NULL ? act : "changed");
    if (err == VG_OK)
        err = audit(j, s, act != NULL ? &was : &is, what);
    return err == VG_OK ? api_answer(j, json_object()) : err;
}

/* ---- the audit trail ---- */

bool
api_audit_prepare(struct api_job *j)
{
    char cursor[24];
    char *end = NULL;

    (void)http_query(j->call, "who", j->q_text, sizeof j->q_text);
    (void)http_query(j->call, "cursor", cursor, sizeof cursor);
    j->before = cursor[0] != '\0' ? strtoll(cursor, &end, 10) : INT64_MAX;
    return end == NULL || *end == '\0';
}

enum vg_err
api_audit_read(struct api_job *j, struct storage *s)
{
    json_t *page = NULL;
    enum vg_err err =
        s->ops->audit_page(s, &j->session.scope, j->before, j->q_text, AUDIT_PAGE, &page);

    return err == VG_OK ? api_answer(j, page) : err;
}

/* RFC 4180; a text that a spreadsheet would take for a formula gets an apostrophe before it. */
static void
csv_cell(struct buf *out, const char *text, char after)
{
    buf_put_u8(out, '"');
    if (text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL)
        buf_put_u8(out, '\'');
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '"')
            buf_put_u8(out, '"');
        buf_put_u8(out, (uint8_t)*p);
    }
    buf_put_u8(out, '"');
    buf_put_u8(out, (uint8_t)after);
}

static enum vg_err
csv_row(void *ctx, const json_t *row)
{
    static const char *const columns[] = {"time", "tenant", "who", "what", "object", "note"};
    struct buf *out = ctx;

    for (size_t i = 0; i < VG_ARRAY_LEN(columns); i++)
        csv_cell(out, vg_json_str(row, columns[i], ""), i + 1 < VG_ARRAY_LEN(columns) ? ',' : '\n');
    return out->bad ? VG_ERR_LIMIT : VG_OK;
}

/* As much as fits: `vigia-collector audit` has all of a very long one. */
enum vg_err
api_audit_csv_read(struct api_job *j, struct storage *s)
{
    enum vg_err err;

    buf_init(&j->text, CSV_BYTES_MAX);
    buf_put_str(&j->text, "time,tenant,who,what,object,note\n");
    err = s->ops->audit_all(s, &j->session.scope, csv_row, &j->text);
    if (err == VG_ERR_LIMIT)
        return api_refuse(j, 413, "long", "too long: use the command vigia-collector audit");
    j->text_mime = "text/csv; charset=utf-8";
    return err;
}
