/* SPDX-License-Identifier: Apache-2.0 */
/* Signing in and out, and how often somebody may try. Passwords are hashed on reader threads. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collector/api_int.h"
#include "common/hex.h"
#include "common/log.h"
#include "common/vtime.h"

enum { SESSION_HOURS = 12 };

static int64_t
monotonic_s(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec;
}

json_t *
api_user(const struct api_job *j)
{
    const struct storage_user *u = &j->session.user;

    return json_pack("{ss ss ss ss ss sb}", "id", u->id, "name", u->name, "role",
                     storage_role_name(u->role), "language", u->language, "mail", u->mail,
                     "second_factor", u->factor);
}

bool
api_factor_required(const struct api_job *j, const struct storage_user *user)
{
    return j->service->config->factor_required && strcmp(user->tenant, STORAGE_ALL) == 0;
}

void
api_set_cookie(struct api_job *j, const char *secret, int max_age_s)
{
    (void)snprintf(j->set_cookie, sizeof j->set_cookie,
                   "vigia_session=%s; Path=/; Max-Age=%d; Secure; HttpOnly; SameSite=Lax", secret,
                   max_age_s);
}

/* ---- how often somebody may try ---- */

bool
api_may_try(struct api_job *j, const char *kind, const char *name)
{
    char wait[16];
    int wait_s;

    if (name == NULL ||
        snprintf(j->tried, sizeof j->tried, "%s%s", kind, name) >= (int)sizeof j->tried) {
        j->tried[0] = '\0';
        return false;
    }
    wait_s = login_wait_s(j->service->logins, j->tried, j->peer, monotonic_s());
    if (wait_s > 0) {
        (void)snprintf(wait, sizeof wait, "%d", wait_s);
        http_put_header(j->call, "Retry-After", wait);
        http_answer_error(j->call, 429, "wait", "too many tries");
        j->answered = true;
        return false;
    }
    login_tried(j->service->logins, j->tried, j->peer, monotonic_s());
    return true;
}

bool
api_may_try_here(struct api_job *j, const char *kind)
{
    char session[2 * STORAGE_HASH_SIZE + 1];

    if (!j->has_cookie)
        return api_may_try(j, kind, j->peer);
    hex_put(j->cookie_hash, STORAGE_HASH_SIZE, session);
    return api_may_try(j, kind, session);
}

void
api_tried_done(struct api_job *j)
{
    if (j->tried[0] == '\0')
        return;
    if (j->job.err == VG_OK && j->status == 0 && !j->stays_tried)
        login_succeeded(j->service->logins, j->tried, j->peer);
    else if (j->half)
        login_untried(j->service->logins, j->tried, j->peer);
    else if (j->status == 401)
        log_event(LOG_LEVEL_WARN, "login.failed", "user=%s peer=%s", log_quote(j->tried), j->peer);
}

/* ---- login ---- */

bool
api_login_prepare(struct api_job *j)
{
    j->login_name = vg_json_str(j->body, "user", NULL);
    j->login_password = vg_json_str(j->body, "password", NULL);
    return api_may_try(j, "", j->login_password != NULL ? j->login_name : NULL);
}

/* On a reader thread: as slow for a name that is not there as for one that is. */
enum vg_err
api_login_read(struct api_job *j, struct storage *s)
{
    struct storage_user *user = &j->session.user;
    const char *code = vg_json_str(j->body, "code", "");
    enum vg_err err = s->ops->user_find(s, j->login_name, user);

    if (err != VG_OK && err != VG_ERR_NOENT)
        return err;
    j->failed = !password_matches(err == VG_OK ? user->password : NULL, j->login_password);
    if (err == VG_ERR_NOENT)
        *user = (struct storage_user){.name = "?"}; /* what was typed may be a password */
    if (j->failed || !user->factor)
        return VG_AGAIN;
    j->half = code[0] == '\0';
    if (j->half)
        return api_refuse(j, 401, "code", "the code of the second factor, please");
    err = api_code_look(j, s, user, code);
    j->failed = err == VG_ERR_DENIED;
    return err == VG_OK || j->failed ? VG_AGAIN : err;
}

static enum vg_err
login_failed(struct api_job *j, struct storage *s)
{
    j->status = 401;
    j->word = j->session.user.factor && !j->failed ? "code" : "login";
    j->message = "wrong name, password or code";
    return api_audit_own(j, s, "login.failed", j->peer);
}

/* VG_ERR_NOENT: since read() somebody set another password, turned on a second factor, or removed the user. */
static enum vg_err
unchanged(struct storage *s, const struct storage_user *user)
{
    struct storage_user is;
    enum vg_err err = s->ops->user_find(s, user->name, &is);

    if (err != VG_OK)
        return err;
    return strcmp(is.id, user->id) == 0 && strcmp(is.password, user->password) == 0 &&
                   is.factor == user->factor
               ? VG_OK
               : VG_ERR_NOENT;
}

enum vg_err
api_login_write(struct api_job *j, struct storage *s)
{
    struct storage_session *session = &j->session;
    char secret[SECRET_TEXT];
    uint8_t hash[STORAGE_HASH_SIZE];
    enum vg_err err = VG_OK;

    j->status = 0;
    if (j->failed)
        return login_failed(j, s);
    err = unchanged(s, &session->user);
    if (err == VG_ERR_NOENT)
        return login_failed(j, s);
    if (err != VG_OK)
        return err;
    if (session->user.factor)
        err = api_code_use(j, s, &session->user);
    if (err == VG_ERR_NOENT)
        return login_failed(j, s);
    session->whole = session->user.factor || !api_factor_required(j, &session->user);
    session->expires_ns = j->now_ns + SESSION_HOURS * VG_HOUR_NS;
    if (err == VG_OK)
        err = secret_make(secret);
    if (err == VG_OK)
        err = secret_make(session->csrf);
    if (err == VG_OK)
        err = secret_hash(secret, hash);
    if (err == VG_OK)
        err = s->ops->session_add(s, hash, session, j->now_ns);
    if (err == VG_OK)
        err = api_audit_own(j, s, "login", j->peer);
    if (err != VG_OK)
        return err;
    api_set_cookie(j, secret, SESSION_HOURS * 3600);
    return api_answer(j, json_pack("{so ss sb}", "user", api_user(j), "csrf", session->csrf,
                                   "set_up", !session->whole));
}

enum vg_err
api_logout_write(struct api_job *j, struct storage *s)
{
    enum vg_err err = s->ops->session_end(s, j->cookie_hash);

    if (err != VG_OK)
        return err;
    api_set_cookie(j, "", 0);
    return api_answer(j, json_object());
}

/* {"but_this": true}: the user's other sessions end. */
enum vg_err
api_sessions_end_write(struct api_job *j, struct storage *s)
{
    enum vg_err err = s->ops->sessions_end(s, j->session.user.id, j->cookie_hash);

    if (err == VG_OK)
        err = api_audit_own(j, s, "sessions.ended", NULL);
    return err == VG_OK ? api_answer(j, json_object()) : err;
}
