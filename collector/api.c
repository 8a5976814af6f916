/* SPDX-License-Identifier: Apache-2.0 */
/* The dashboard's API (collector/API.md). Each call is one job: its session is looked up, its right
 * checked, its query run and its texts filled on a reader thread; a change goes on to the writer. */
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "collector/api_int.h"
#include "common/vtime.h"

enum vg_err
api_refuse(struct api_job *j, int status, const char *word, const char *message)
{
    j->status = status;
    j->word = word;
    j->message = message;
    return VG_ERR_DENIED;
}

enum vg_err
api_answer(struct api_job *j, json_t *value)
{
    json_decref(j->answer);
    j->answer = value;
    return value != NULL ? VG_OK : VG_ERR_NOMEM;
}

enum vg_err
api_audit_own(struct api_job *j, struct storage *s, const char *what, const char *note)
{
    const struct storage_user *u = &j->session.user;

    return s->ops->audit(s, u->tenant, u->name, what, u->id, note, j->now_ns);
}

/* ---- whose call it is ---- */

static enum vg_err
person(struct api_job *j, struct storage *s)
{
    const struct api_route *r = j->route;
    enum vg_err err = s->ops->session_find(s, j->cookie_hash, j->now_ns, &j->session);

    if (err == VG_ERR_NOENT)
        return api_refuse(j, 401, "login", "log in first");
    if (err != VG_OK)
        return err;
    if (r->post && !secret_equal(j->csrf, j->session.csrf))
        return api_refuse(j, 403, "csrf", "the page is too old: load it again");
    if (!j->session.whole && r->who != API_EARLY)
        return api_refuse(j, 403, "set_up", "set up the second factor first");
    j->rights = j->session.whole ? rights_of(j->session.user.role) : RIGHT_NONE;
    return VG_OK;
}

/* A token has the rights that it was given and its user still has. */
static enum vg_err
program(struct api_job *j, struct storage *s)
{
    unsigned given = 0;
    enum vg_err err = s->ops->api_token_find(s, j->cookie_hash, j->now_ns, &j->session, &given);

    if (err == VG_ERR_NOENT)
        return api_refuse(j, 401, "token", "this token is unknown or has expired");
    if (err != VG_OK)
        return err;
    if (j->route->who != API_ALL)
        return api_refuse(j, 403, "person", "this is for people, not for programs");
    j->rights = given & rights_of(j->session.user.role);
    return VG_OK;
}

static enum vg_err
api_read(struct work_job *job, struct storage *s)
{
    struct api_job *j = (struct api_job *)job;
    const struct api_route *r = j->route;
    enum vg_err err;

    if (r->who == API_ANYBODY)
        return r->read != NULL ? r->read(j, s) : VG_AGAIN;
    if (!j->has_cookie)
        return api_refuse(j, 401, "login", "log in first");
    err = j->is_program ? program(j, s) : person(j, s);
    if (err != VG_OK)
        return err;
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
free_job(struct api_job *j)
{
    json_decref(j->answer);
    json_decref(j->body);
    json_decref(j->touched);
    buf_done(&j->text);
    OPENSSL_cleanse(j, sizeof *j); /* passwords, codes */
    free(j);
}

static void
tell_live(const struct api_job *j)
{
    const json_t *one;
    size_t i;

    json_array_foreach(j->touched, i, one)
        live_changed(j->service->live, json_string_value(json_array_get(one, 0)),
                     json_string_value(json_array_get(one, 1)));
}

static void
api_done(struct work_job *job)
{
    struct api_job *j = (struct api_job *)job;

    api_tried_done(j);
    if (j->mails && job->err == VG_OK)
        notify_kick(j->service->notify);
    if (job->err == VG_OK)
        tell_live(j);
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
    else if (j->streams)
        live_open(j->service->live, j->call, &j->session, j->cookie_hash, j->answer);
    else if (j->text_mime != NULL) {
        http_put_header(j->call, "Cache-Control", "no-store");
        http_answer(j->call, 200, j->text_mime, buf_slice(&j->text));
    } else {
        http_answer_json(j->call, 200, j->answer);
        j->answer = NULL;
    }
    free_job(j);
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

/* "Bearer TOKEN" */
static bool
bearer_hash(const char *header, uint8_t hash[STORAGE_HASH_SIZE])
{
    return header != NULL && strncmp(header, "Bearer ", 7) == 0 &&
           strlen(header + 7) == SECRET_TEXT - 1 && secret_hash(header + 7, hash) == VG_OK;
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
        free_job(j);
        http_answer_error(call, known ? 405 : 404, "unknown", "no such call");
        return;
    }
    (void)vg_strcpy(j->peer, sizeof j->peer, http_peer(call));
    (void)vg_strcpy(j->csrf, sizeof j->csrf, csrf != NULL ? csrf : "");
    j->is_program = bearer_hash(http_header(call, "Authorization"), j->cookie_hash);
    j->has_cookie = j->is_program || cookie_hash(http_header(call, "Cookie"), j->cookie_hash);
    if (j->route->post && http_body(call).left > 0 && (j->body = service_body(call)) == NULL) {
        free_job(j);
        return;
    }
    if (j->route->prepare != NULL && !j->route->prepare(j)) {
        if (!j->answered)
            http_answer_error(call, 400, "format", "a value is wrong");
        free_job(j);
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
