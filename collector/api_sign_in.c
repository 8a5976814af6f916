/* SPDX-License-Identifier: Apache-2.0 */
/* Signing in and what belongs to it: the second factor, the password, links that set one, the tokens of
 * programs. Passwords are hashed on reader threads. */
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collector/api_int.h"
#include "collector/password_link.h"
#include "collector/second_factor.h"
#include "common/log.h"
#include "common/mail.h"
#include "common/vtime.h"

enum { SESSION_HOURS = 12, TOKEN_DAYS_MAX = 366 };

static int64_t
monotonic_s(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec;
}

static enum vg_err
answer(struct api_job *j, json_t *value)
{
    json_decref(j->answer);
    j->answer = value;
    return value != NULL ? VG_OK : VG_ERR_NOMEM;
}

static enum vg_err
audit(struct api_job *j, struct storage *s, const char *what, const char *note)
{
    const struct storage_user *u = &j->session.user;

    return s->ops->audit(s, u->tenant, u->name, what, u->id, note, j->now_ns);
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

static void
set_cookie(struct api_job *j, const char *secret, int max_age_s)
{
    (void)snprintf(j->set_cookie, sizeof j->set_cookie,
                   "vigia_session=%s; Path=/; Max-Age=%d; Secure; HttpOnly; SameSite=Lax", secret,
                   max_age_s);
}

/* ---- how often somebody may try ---- */

/* False: a value is wrong, or it answered. `kind` keeps what is tried apart from other things of the same name. */
static bool
may_try(struct api_job *j, const char *kind, const char *name)
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
    return may_try(j, "", j->login_password != NULL ? j->login_name : NULL);
}

/* Whether `typed` fits the second factor of `user`: remembers which code it was, for use_code(). */
static enum vg_err
look_at_code(struct api_job *j, struct storage *s, const struct storage_user *user,
             const char *typed)
{
    struct storage_factor factor;
    uint8_t secret[FACTOR_SECRET];
    enum vg_err err;

    j->code_step = 0;
    if (strlen(typed) > FACTOR_CODE_MAX)
        return VG_ERR_DENIED;
    err = s->ops->factor_get(s, user->id, &factor);
    if (err == VG_OK)
        err = factor_open(j->service->factor_key, user->id, factor.sealed, secret);
    if (err == VG_OK)
        err = factor_check(secret, typed, j->now_ns / VG_SEC_NS, &j->code_step);
    OPENSSL_cleanse(secret, sizeof secret);
    if (err == VG_ERR_DENIED &&
        recovery_hash(j->service->factor_key, user->id, typed, j->recovery) == VG_OK)
        return VG_OK; /* whether there is such a one shows when it is used */
    return err;
}

/* In the transaction of what the code is for. VG_ERR_NOENT: used before, or none. */
static enum vg_err
use_code(struct api_job *j, struct storage *s, const struct storage_user *user)
{
    if (j->code_step > 0)
        return s->ops->factor_use(s, user->id, j->code_step);
    return s->ops->recovery_use(s, user->id, j->recovery);
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
    err = look_at_code(j, s, user, code);
    j->failed = err == VG_ERR_DENIED;
    return err == VG_OK || j->failed ? VG_AGAIN : err;
}

static enum vg_err
login_failed(struct api_job *j, struct storage *s)
{
    j->status = 401;
    j->word = j->session.user.factor && !j->failed ? "code" : "login";
    j->message = "wrong name, password or code";
    return audit(j, s, "login.failed", j->peer);
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
    if (session->user.factor)
        err = use_code(j, s, &session->user);
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
        err = audit(j, s, "login", j->peer);
    if (err != VG_OK)
        return err;
    set_cookie(j, secret, SESSION_HOURS * 3600);
    return answer(j, json_pack("{so ss sb}", "user", api_user(j), "csrf", session->csrf, "set_up",
                               !session->whole));
}

enum vg_err
api_logout_write(struct api_job *j, struct storage *s)
{
    enum vg_err err = s->ops->session_end(s, j->cookie_hash);

    if (err != VG_OK)
        return err;
    set_cookie(j, "", 0);
    return answer(j, json_object());
}

/* {"but_this": true}: the user's other sessions end. */
enum vg_err
api_sessions_end_write(struct api_job *j, struct storage *s)
{
    enum vg_err err = s->ops->sessions_end(s, j->session.user.id, j->cookie_hash);

    if (err == VG_OK)
        err = audit(j, s, "sessions.ended", NULL);
    return err == VG_OK ? answer(j, json_object()) : err;
}

/* ---- the second factor ---- */

/* A new secret, off until a code of it is typed. One that is on is replaced only with the password. */
enum vg_err
api_factor_begin_read(struct api_job *j, struct storage *s)
{
    (void)s;
    if (j->session.user.factor &&
        !password_matches(j->session.user.password, vg_json_str(j->body, "password", "")))
        return api_refuse(j, 403, "password", "the password is wrong");
    return VG_AGAIN;
}

enum vg_err
api_factor_begin_write(struct api_job *j, struct storage *s)
{
    const struct storage_user *user = &j->session.user;
    uint8_t secret[FACTOR_SECRET], sealed[STORAGE_FACTOR_SIZE];
    char text[FACTOR_TEXT], uri[FACTOR_URI];
    enum vg_err err = factor_make(j->service->factor_key, user->id, secret, sealed);

    if (err == VG_OK)
        err = s->ops->factor_remove(s, user->id);
    if (err == VG_OK)
        err = s->ops->factor_set(s, user->id, sealed);
    if (err == VG_OK)
        err = factor_uri(secret, user->name, j->service->config->web_host, uri);
    if (err == VG_OK)
        err = audit(j, s, "second_factor.begun", NULL);
    factor_text(secret, text);
    if (err == VG_OK)
        err = answer(
            j, json_pack("{ss ss so}", "secret", text, "uri", uri, "picture", factor_picture(uri)));
    OPENSSL_cleanse(secret, sizeof secret);
    OPENSSL_cleanse(text, sizeof text);
    OPENSSL_cleanse(uri, sizeof uri);
    return err;
}

static enum vg_err
give_recovery_codes(struct api_job *j, struct storage *s)
{
    uint8_t hashes[RECOVERY_CODES][STORAGE_HASH_SIZE];
    char codes[RECOVERY_CODES][RECOVERY_TEXT];
    json_t *list = json_array();
    enum vg_err err = recovery_make(codes);

    for (size_t i = 0; err == VG_OK && i < RECOVERY_CODES; i++) {
        err = recovery_hash(j->service->factor_key, j->session.user.id, codes[i], hashes[i]);
        (void)json_array_append_new(list, json_string(codes[i]));
    }
    if (err == VG_OK)
        err = s->ops->recovery_set(s, j->session.user.id,
                                   (const uint8_t(*)[STORAGE_HASH_SIZE])hashes, RECOVERY_CODES);
    OPENSSL_cleanse(codes, sizeof codes);
    if (err == VG_OK)
        return answer(j, json_pack("{so}", "recovery", list));
    json_decref(list);
    return err;
}

bool
api_code_prepare(struct api_job *j)
{
    return may_try(j, "code:", vg_json_str(j->body, "code", NULL) != NULL ? j->peer : NULL);
}

enum vg_err
api_code_read(struct api_job *j, struct storage *s)
{
    enum vg_err err = look_at_code(j, s, &j->session.user, vg_json_str(j->body, "code", ""));

    if (err == VG_ERR_DENIED || (err == VG_OK && j->code_step == 0))
        return api_refuse(j, 403, "code", "the code is wrong");
    return err == VG_OK ? VG_AGAIN : err;
}

/* The first code turns it on, and makes this session a whole one; later ones make new recovery codes. */
enum vg_err
api_factor_confirm_write(struct api_job *j, struct storage *s)
{
    enum vg_err err = use_code(j, s, &j->session.user);

    if (err == VG_ERR_NOENT)
        return api_refuse(j, 403, "code", "the code was used: wait for the next one");
    if (err == VG_OK)
        err = s->ops->session_whole(s, j->cookie_hash);
    if (err == VG_OK)
        err = give_recovery_codes(j, s);
    if (err == VG_OK)
        err = audit(j, s, "second_factor.confirmed", NULL);
    return err;
}

enum vg_err
api_factor_remove_write(struct api_job *j, struct storage *s)
{
    enum vg_err err;

    if (api_factor_required(j, &j->session.user))
        return api_refuse(j, 403, "required", "people of the provider need a second factor");
    err = use_code(j, s, &j->session.user);
    if (err == VG_ERR_NOENT)
        return api_refuse(j, 403, "code", "the code was used: wait for the next one");
    if (err == VG_OK)
        err = s->ops->factor_remove(s, j->session.user.id);
    if (err == VG_OK)
        err = audit(j, s, "second_factor.removed", NULL);
    return err == VG_OK ? answer(j, json_object()) : err;
}

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
    return may_try(j, "password:", j->peer);
}

enum vg_err
api_password_read(struct api_job *j, struct storage *s)
{
    enum vg_err err;

    (void)s;
    if (!password_matches(j->session.user.password, vg_json_str(j->body, "old", "")))
        return api_refuse(j, 403, "password", "the password is wrong");
    err = new_password(j, j->session.user.name);
    return err == VG_OK ? VG_AGAIN : err;
}

/* All other sessions end; this one goes on. */
enum vg_err
api_password_write(struct api_job *j, struct storage *s)
{
    char secret[SECRET_TEXT];
    uint8_t hash[STORAGE_HASH_SIZE];
    enum vg_err err = s->ops->user_set_password(s, j->session.user.id, j->encoded);

    if (err == VG_OK)
        err = secret_make(secret);
    if (err == VG_OK)
        err = secret_hash(secret, hash);
    if (err == VG_OK)
        err = s->ops->session_add(s, hash, &j->session, j->now_ns);
    if (err == VG_OK)
        err = audit(j, s, "password.changed", j->peer);
    if (err != VG_OK)
        return err;
    set_cookie(j, secret, (int)((j->session.expires_ns - j->now_ns) / VG_SEC_NS));
    return answer(j, json_object());
}

/* ---- links ---- */

bool
api_link_prepare(struct api_job *j)
{
    j->stays_tried = true;
    return may_try(j, "link:", vg_json_str(j->body, "user", NULL));
}

/* The answer is the same whether there is such a user or not. */
enum vg_err
api_link_write(struct api_job *j, struct storage *s)
{
    const char *name = vg_json_str(j->body, "user", "");
    struct storage_user *user = &j->session.user;
    enum vg_err err = s->ops->user_find(s, name, user);

    j->mails = true;

    if (err == VG_ERR_NOENT && mail_address_valid(name))
        err = s->ops->user_find_mail(s, name, user);
    if (err == VG_OK)
        err = s->ops->link_add(s, user->id, false, j->now_ns, j->now_ns + VG_HOUR_NS);
    if (err == VG_OK)
        err = audit(j, s, "password.link", j->peer);
    if (err != VG_OK && err != VG_ERR_NOENT)
        return err;
    return answer(j, json_object());
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
        err = audit(j, s, "password.set_by_link", j->peer);
    return err == VG_OK ? answer(j, json_pack("{ss}", "user", j->session.user.name)) : err;
}

/* ---- tokens of programs ---- */

static const struct {
    const char *name;
    enum right right;
} RIGHTS[] = {{"see", RIGHT_SEE},
              {"triage", RIGHT_TRIAGE},
              {"fleet", RIGHT_FLEET},
              {"people", RIGHT_PEOPLE},
              {"audit", RIGHT_AUDIT}};

json_t *
api_rights(unsigned rights)
{
    json_t *list = json_array();

    for (size_t i = 0; i < VG_ARRAY_LEN(RIGHTS); i++)
        if ((rights & (unsigned)RIGHTS[i].right) != 0)
            (void)json_array_append_new(list, json_string(RIGHTS[i].name));
    return list;
}

/* Of a token: never over people. */
static bool
rights_parse(const json_t *list, unsigned may, unsigned *out)
{
    const json_t *name;
    size_t i, k;

    *out = 0;
    json_array_foreach(list, i, name)
    {
        const char *text = json_string_value(name);

        for (k = 0; k < VG_ARRAY_LEN(RIGHTS); k++)
            if (text != NULL && strcmp(text, RIGHTS[k].name) == 0)
                *out |= (unsigned)RIGHTS[k].right;
        if (text == NULL || json_array_size(list) > VG_ARRAY_LEN(RIGHTS))
            return false;
    }
    return *out != 0 && (*out & ~may) == 0 && (*out & (unsigned)RIGHT_PEOPLE) == 0;
}

enum vg_err
api_programs_read(struct api_job *j, struct storage *s)
{
    json_t *list = NULL, *row;
    size_t i;
    enum vg_err err = s->ops->api_tokens(s, j->session.user.id, &list);

    if (err != VG_OK)
        return err;
    json_array_foreach(list, i, row)(void)
        json_object_set_new(row, "rights", api_rights((unsigned)vg_json_int(row, "rights", 0)));
    return answer(j, json_pack("{so}", "items", list));
}

/* {"name", "rights": [words], "days"} -> the token, shown this once. */
enum vg_err
api_programs_write(struct api_job *j, struct storage *s)
{
    struct storage_api_token token = {.rights = 0};
    const char *name = vg_json_str(j->body, "name", "");
    int64_t days = vg_json_int(j->body, "days", 0);
    char secret[SECRET_TEXT], id[UUID_TEXT_SIZE];
    uint8_t hash[STORAGE_HASH_SIZE];
    enum vg_err err;

    if (!api_name_fits(name) || days < 1 || days > TOKEN_DAYS_MAX ||
        !rights_parse(json_object_get(j->body, "rights"), j->rights, &token.rights))
        return VG_ERR_FORMAT;
    (void)vg_strcpy(token.name, sizeof token.name, name);
    (void)vg_strcpy(token.user, sizeof token.user, j->session.user.id);
    token.expires_ns = j->now_ns + days * VG_DAY_NS;
    err = secret_make(secret);
    if (err == VG_OK)
        err = secret_hash(secret, hash);
    if (err == VG_OK)
        err = s->ops->api_token_add(s, &token, hash, j->now_ns, id);
    if (err == VG_ERR_EXISTS)
        return api_refuse(j, 409, "full", "too many tokens: end one first");
    if (err == VG_OK)
        err = audit(j, s, "program.added", name);
    return err == VG_OK ? answer(j, json_pack("{ss ss}", "id", id, "token", secret)) : err;
}

enum vg_err
api_program_end_write(struct api_job *j, struct storage *s)
{
    enum vg_err err = s->ops->api_token_end(s, j->session.user.id, j->id);

    if (err == VG_OK)
        err = audit(j, s, "program.ended", j->id);
    return err == VG_OK ? answer(j, json_object()) : err;
}
