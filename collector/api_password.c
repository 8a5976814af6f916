/* SPDX-License-Identifier: Apache-2.0 */
/* One's password: another one, and links in mails that set one. */
#include <string.h>

#include "collector/api_int.h"
#include "collector/password_link.h"
#include "common/mail.h"
#include "common/vtime.h"

/* ---- the password ---- */

static enum vg_err
new_password(struct api_job *j, const char *name)
{
    const char *fresh = vg_json_str(j->body, "new", "");
    size_t n = strlen(fresh);

    if (n < PASSWORD_LEN_MIN || n > PASSWORD_LEN_MAX || strcmp(fresh, name) == 0)
        return api_refuse(j, 400, "short", "a password has 10 to 256 bytes and is not the name");
    return password_encode(fresh, j->encoded);
}

bool
api_password_prepare(struct api_job *j)
{
    return api_may_try_here(j, "password:");
}

enum vg_err
api_password_failed(struct api_job *j, struct storage *s)
{
    j->status = 403;
    j->word = "password";
    j->message = "the password is wrong";
    return api_audit_own(j, s, "password.failed", j->peer);
}

enum vg_err
api_password_read(struct api_job *j, struct storage *s)
{
    enum vg_err err;

    (void)s;
    j->failed = !password_matches(j->session.user.password, vg_json_str(j->body, "old", ""));
    if (j->failed)
        return VG_AGAIN;
    err = new_password(j, j->session.user.name);
    return err == VG_OK ? VG_AGAIN : err;
}

/* All other sessions end; this one goes on. */
enum vg_err
api_password_write(struct api_job *j, struct storage *s)
{
    char secret[SECRET_TEXT];
    uint8_t hash[STORAGE_HASH_SIZE];
    enum vg_err err;

    if (j->failed)
        return api_password_failed(j, s);
    err = s->ops->user_set_password(s, j->session.user.id, j->encoded);
    if (err == VG_OK)
        err = secret_make(secret);
    if (err == VG_OK)
        err = secret_hash(secret, hash);
    if (err == VG_OK)
        err = s->ops->session_add(s, hash, &j->session, j->now_ns);
    if (err == VG_OK)
        err = api_audit_own(j, s, "password.changed", j->peer);
    if (err != VG_OK)
        return err;
    api_set_cookie(j, secret, (int)((j->session.expires_ns - j->now_ns) / VG_SEC_NS));
    return api_answer(j, json_object());
}

/* ---- links ---- */

bool
api_link_prepare(struct api_job *j)
{
    j->stays_tried = true;
    return api_may_try(j, "link:", vg_json_str(j->body, "user", NULL));
}

/* The answer is the same whether there is such a user or not, and so is the work: either way something is
 * written, which is what takes time. An address stands before a name: nobody takes what is mailed to another by
 * being called like that address. */
enum vg_err
api_link_write(struct api_job *j, struct storage *s)
{
    const char *name = vg_json_str(j->body, "user", "");
    struct storage_user *user = &j->session.user;
    enum vg_err err = VG_ERR_NOENT;

    j->mails = true;
    *user = (struct storage_user){.name = "?"};
    if (mail_address_valid(name))
        err = s->ops->user_find_mail(s, name, user);
    if (err == VG_ERR_NOENT)
        err = s->ops->user_find(s, name, user);
    if (err == VG_OK)
        err = s->ops->link_add(s, user->id, false, j->now_ns, j->now_ns + VG_HOUR_NS);
    if (err == VG_OK)
        err = api_audit_own(j, s, "password.link", j->peer);
    else if (err == VG_ERR_NOENT)
        err = api_audit_own(j, s, "password.no_link", j->peer);
    return err == VG_OK ? api_answer(j, json_object()) : err;
}

enum vg_err
api_link_set_read(struct api_job *j, struct storage *s)
{
    enum vg_err err = link_parse(j->service->link_key, vg_json_str(j->body, "link", ""), j->id);

    (void)s;
    if (err == VG_ERR_DENIED)
        return api_refuse(j, 403, "link", "this link is wrong, was used, or is too old");
    if (err == VG_OK)
        err = new_password(j, "");
    return err == VG_OK ? VG_AGAIN : err;
}

enum vg_err
api_link_set_write(struct api_job *j, struct storage *s)
{
    enum vg_err err = s->ops->link_use(s, j->id, j->now_ns, &j->session.user);

    if (err == VG_ERR_NOENT)
        return api_refuse(j, 403, "link", "this link is wrong, was used, or is too old");
    if (err == VG_OK)
        err = s->ops->user_set_password(s, j->session.user.id, j->encoded);
    if (err == VG_OK)
        err = api_audit_own(j, s, "password.set_by_link", j->peer);
    return err == VG_OK ? api_answer(j, json_pack("{ss}", "user", j->session.user.name)) : err;
}
