/* SPDX-License-Identifier: Apache-2.0 */
/* The dashboard's API (collector/API.md). Each call is one job: its session is looked up, its right
 * checked, its query run and its texts filled on a reader thread; a change goes on to the writer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collector/api_int.h"
#include "common/log.h"
#include "common/vtime.h"

enum { SESSION_HOURS = 12 };

enum vg_err
api_refuse(struct api_job *j, int status, const char *word, const char *message)
{
    j->status = status;
    j->word = word;
    j->message = message;
    return VG_ERR_DENIED;
}

static int64_t
monotonic_s(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec;
}

json_t *
api_user(const struct storage_user *user)
{
    return json_pack("{ss ss ss}", "name", user->name, "role", storage_role_name(user->role),
                     "language", user->language);
}

static void
set_cookie(struct api_job *j, const char *secret, int max_age_s)
{
    (void)snprintf(j->set_cookie, sizeof j->set_cookie,
                   "vigia_session=%s; Path=/; Max-Age=%d; Secure; HttpOnly; SameSite=Lax", secret,
                   max_age_s);
}

/* ---- login ---- */

/* On a reader thread: as slow for a name that is not there as for one that is. */
enum vg_err
api_login_read(struct api_job *j, struct storage *s)
{
    enum vg_err err = s->ops->user_find(s, j->login_name, &j->session.user);

    if (err != VG_OK && err != VG_ERR_NOENT)
        return err;
    if (!password_matches(err == VG_OK ? j->session.user.password : NULL, j->login_password))
        return api_refuse(j, 401, "login", "wrong name or password");
    return VG_AGAIN;
}

enum vg_err
api_login_write(struct api_job *j, struct storage *s)
{
    char secret[SECRET_TEXT];
    uint8_t hash[STORAGE_HASH_SIZE];
    enum vg_err err = secret_make(secret);

    if (err == VG_OK)
        err = secret_make(j->session.csrf);
    if (err == VG_OK)
        err = secret_hash(secret, hash);
    if (err == VG_OK)
        err = s->ops->session_add(s, hash, j->session.user.id, j->session.csrf, j->now_ns,
                                  j->now_ns + SESSION_HOURS * VG_HOUR_NS);
    if (err == VG_OK)
        err = s->ops->audit(s, j->session.user.tenant, j->session.user.name, "login",
                            j->session.user.id, j->peer, j->now_ns);
    if (err != VG_OK)
        return err;
    set_cookie(j, secret, SESSION_HOURS * 3600);
    json_decref(j->answer);
    j->answer = json_pack("{so ss}", "user", api_user(&j->session.user), "csrf", j->session.csrf);
    return j->answer != NULL ? VG_OK : VG_ERR_NOMEM;
}

enum vg_err
api_logout_write(struct api_job *j, struct storage *s)
{
    enum vg_err err = s->ops->session_end(s, j->cookie_hash);

    if (err != VG_OK)
        return err;
    set_cookie(j, "", 0);
    json_decref(j->answer);
    j->answer = json_object();
    return VG_OK;
}

/* ---- every other call ---- */

static enum vg_err
api_read(struct work_job *job, struct storage *s)
{
    struct api_job *j = (struct api_job *)job;
    const struct api_route *r = j->route;
    enum vg_err err;

    if (r->open)
        return r->read(j, s);
    if (!j->has_cookie)
        return api_refuse(j, 401, "login", "log in first");
    err = s->ops->session_find(s, j->cookie_hash, j->now_ns, &j->session);
    if (err == VG_ERR_NOENT)
        return api_refuse(j, 401, "login", "log in first");
    if (err != VG_OK)
        return err;
    if (r->post && !secret_equal(j->csrf, j->session.csrf))
        return api_refuse(j, 403, "csrf", "the page is too old: load it again");
    j->rights = rights_of(j->session.user.role);
    if ((j->rights & (unsigned)r->right) != (unsigned)r->right)
        return api_refuse(j, 403, "role", "this needs another role");
    if (r->read != NULL)
        return r->read(j, s);
    return VG_AGAIN;
}

static enum vg_err
api_write(struct work_job *job, struct storage *s)
{
    struct api_job *j = (struct api_job *)job;

    return j->route->write(j, s);
}

static void
api_done(struct work_job *job)
{
    struct api_job *j = (struct api_job *)job;

    if (j->login_name != NULL && job->err == VG_OK)
        login_succeeded(j->service->logins, j->login_name, j->peer);
    else if (j->login_name != NULL && j->status == 401)
        log_event(LOG_LEVEL_WARN, "login.failed", "user=%s peer=%s", log_quote(j->login_name),
                  j->peer);
    if (j->set_cookie[0] != '\0' && job->err == VG_OK)
        http_put_header(j->call, "Set-Cookie", j->set_cookie);
    if (j->status != 0)
        http_answer_error(j->call, j->status, j->word, j->message);
    else if (job->err == VG_ERR_NOENT)
        http_answer_error(j->call, 404, "unknown", "there is no such thing");
    else if (job->err == VG_ERR_FORMAT)
        http_answer_error(j->call, 400, "format", "a value is wrong");
    else if (job->err != VG_OK)
        service_answer_failed(j->call, job->err);
    else {
        http_answer_json(j->call, 200, j->answer);
        j->answer = NULL;
    }
    json_decref(j->answer);
    json_decref(j->body);
    free(j);
}

/* The value of the cookie vigia_session, hashed; false when there is none. */
static bool
cookie_hash(const char *cookies, uint8_t hash[STORAGE_HASH_SIZE])
{
    static const char name[] = "vigia_session=";
    char value[SECRET_TEXT];
    const char *at = cookies;
    size_t n;

    while (at != NULL && strncmp(at, name, sizeof name - 1) != 0) {
        at = strchr(at, ';');
        if (at != NULL)
            at += 1 + strspn(at + 1, " ");
    }
    if (at == NULL)
        return false;
    at += sizeof name - 1;
    n = strcspn(at, "; ");
    if (n != SECRET_TEXT - 1)
        return false;
    memcpy(value, at, n);
    value[n] = '\0';
    return secret_hash(value, hash) == VG_OK;
}

/* False after answering: too many tries, or no name and password. */
static bool
login_start(struct api_job *j)
{
    char wait[16];
    int wait_s;

    j->login_name = vg_json_str(j->body, "user", NULL);
    j->login_password = vg_json_str(j->body, "password", NULL);
    if (j->login_name == NULL || j->login_password == NULL ||
        strlen(j->login_name) > STORAGE_NAME_MAX) {
        http_answer_error(j->call, 400, "format", "user and password");
        return false;
    }
    wait_s = login_wait_s(j->service->logins, j->login_name, j->peer, monotonic_s());
    if (wait_s > 0) {
        (void)snprintf(wait, sizeof wait, "%d", wait_s);
        http_put_header(j->call, "Retry-After", wait);
        http_answer_error(j->call, 429, "wait", "too many tries");
        return false;
    }
    login_tried(j->service->logins, j->login_name, j->peer, monotonic_s());
    return true;
}

static const struct api_route *
route_of(const char *path, bool post, char id[UUID_TEXT_SIZE], bool *known)
{
    for (const struct api_route *r = API_ROUTES; r->path != NULL; r++) {
        size_t n = strlen(r->path);
        bool fits = r->path[n - 1] == '/'
                        ? strncmp(path, r->path, n) == 0 && uuid_valid(path + n) &&
                              vg_strcpy(id, UUID_TEXT_SIZE, path + n)
                        : strcmp(path, r->path) == 0;

        *known = *known || fits;
        if (fits && r->post == post)
            return r;
    }
    return NULL;
}

static void
free_early(struct api_job *j)
{
    json_decref(j->body);
    free(j);
}

void
api_handle(struct service *service, struct http_call *call)
{
    struct api_job *j = calloc(1, sizeof *j);
    const char *csrf = http_header(call, "X-CSRF-Token");
    bool known = false;

    if (j == NULL) {
        service_answer_failed(call, VG_ERR_NOMEM);
        return;
    }
    j->service = service;
    j->call = call;
    j->now_ns = vtime_now();
    j->route = route_of(http_path(call), http_is_post(call), j->id, &known);
    if (j->route == NULL) {
        free_early(j);
        http_answer_error(call, known ? 405 : 404, "unknown", "no such call");
        return;
    }
    (void)vg_strcpy(j->peer, sizeof j->peer, http_peer(call));
    (void)vg_strcpy(j->csrf, sizeof j->csrf, csrf != NULL ? csrf : "");
    j->has_cookie = cookie_hash(http_header(call, "Cookie"), j->cookie_hash);
    if (j->route->post && http_body(call).left > 0 && (j->body = service_body(call)) == NULL) {
        free_early(j);
        return;
    }
    if (j->route->open && !login_start(j)) {
        free_early(j);
        return;
    }
    if (j->route->prepare != NULL && !j->route->prepare(j)) {
        free_early(j);
        http_answer_error(call, 400, "format", "a value is wrong");
        return;
    }
    j->job.read = api_read;
    j->job.write = j->route->write != NULL ? api_write : NULL;
    j->job.done = api_done;
    if (work_add(service->work, &j->job) != VG_OK) {
        j->job.err = VG_ERR_LIMIT;
        api_done(&j->job);
    }
}
