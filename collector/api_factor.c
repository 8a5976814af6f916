/* SPDX-License-Identifier: Apache-2.0 */
/* The second factor: setting it up, codes, recovery codes, removing it. */
#include <openssl/crypto.h>
#include <string.h>

#include "collector/api_int.h"
#include "collector/second_factor.h"
#include "common/vtime.h"

/* ---- codes ---- */

/* Whether `typed` is a code of the sealed secret: of which time step. */
static enum vg_err
fits(struct api_job *j, const struct storage_user *user, const uint8_t sealed[STORAGE_FACTOR_SIZE],
     const char *typed)
{
    uint8_t secret[FACTOR_SECRET];
    enum vg_err err;

    j->code_step = 0;
    if (strlen(typed) > FACTOR_CODE_MAX)
        return VG_ERR_DENIED;
    err = factor_open(j->service->factor_key, user->id, sealed, secret);
    if (err == VG_OK)
        err = factor_check(secret, typed, j->now_ns / VG_SEC_NS, &j->code_step);
    OPENSSL_cleanse(secret, sizeof secret);
    return err;
}

enum vg_err
api_code_look(struct api_job *j, struct storage *s, const struct storage_user *user,
              const char *typed)
{
    struct storage_factor factor;
    enum vg_err err = s->ops->factor_get(s, user->id, &factor);

    if (err == VG_ERR_NOENT || (err == VG_OK && !factor.on))
        return VG_ERR_DENIED;
    if (err == VG_OK)
        err = fits(j, user, factor.sealed, typed);
    if (err == VG_ERR_DENIED &&
        recovery_hash(j->service->factor_key, user->id, typed, j->recovery) == VG_OK)
        return VG_OK; /* whether there is such a one shows when it is used */
    return err;
}

enum vg_err
api_code_use(struct api_job *j, struct storage *s, const struct storage_user *user)
{
    if (j->code_step > 0)
        return s->ops->factor_use(s, user->id, j->code_step);
    return s->ops->recovery_use(s, user->id, j->recovery);
}

bool
api_code_prepare(struct api_job *j)
{
    return vg_json_str(j->body, "code", NULL) != NULL && api_may_try_here(j, "code:");
}

/* A code of the phone: no recovery code. */
enum vg_err
api_code_read(struct api_job *j, struct storage *s)
{
    enum vg_err err = api_code_look(j, s, &j->session.user, vg_json_str(j->body, "code", ""));

    j->failed = err == VG_ERR_DENIED || (err == VG_OK && j->code_step == 0);
    return err == VG_OK || j->failed ? VG_AGAIN : err;
}

static enum vg_err
code_failed(struct api_job *j, struct storage *s)
{
    j->status = 403;
    j->word = "code";
    j->message = "the code is wrong, or was used: wait for the next one";
    return api_audit_own(j, s, "second_factor.failed", j->peer);
}

/* ---- setting it up ---- */

/* A new secret, which waits for its first code. One that is on is replaced only with the password. */
enum vg_err
api_factor_begin_read(struct api_job *j, struct storage *s)
{
    (void)s;
    j->failed = j->session.user.factor &&
                !password_matches(j->session.user.password, vg_json_str(j->body, "password", ""));
    return VG_AGAIN;
}

enum vg_err
api_factor_begin_write(struct api_job *j, struct storage *s)
{
    const struct storage_user *user = &j->session.user;
    uint8_t secret[FACTOR_SECRET], sealed[STORAGE_FACTOR_SIZE];
    char text[FACTOR_TEXT], uri[FACTOR_URI];
    enum vg_err err;

    if (j->failed)
        return api_password_failed(j, s);
    err = factor_make(j->service->factor_key, user->id, secret, sealed);
    if (err == VG_OK)
        err = s->ops->factor_begin(s, user->id, sealed);
    if (err == VG_OK)
        err = factor_uri(secret, user->name, j->service->config->web_host, uri);
    if (err == VG_OK)
        err = api_audit_own(j, s, "second_factor.begun", NULL);
    factor_text(secret, text);
    if (err == VG_OK)
        err = api_answer(
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
        return api_answer(j, json_pack("{so}", "recovery", list));
    json_decref(list);
    return err;
}

/* A code of the one that waits, and of no other: whoever types the old phone's has not set up the new one. */
enum vg_err
api_factor_confirm_read(struct api_job *j, struct storage *s)
{
    struct storage_factor factor;
    enum vg_err err = s->ops->factor_get(s, j->session.user.id, &factor);

    if (err == VG_OK && factor.begun) {
        memcpy(j->factor_next, factor.next, sizeof j->factor_next);
        err = fits(j, &j->session.user, factor.next, vg_json_str(j->body, "code", ""));
    } else if (err == VG_OK || err == VG_ERR_NOENT) {
        err = VG_ERR_DENIED;
    }
    j->failed = err == VG_ERR_DENIED;
    return err == VG_OK || j->failed ? VG_AGAIN : err;
}

/* It is on, this session a whole one, and what was signed in without it is out. */
enum vg_err
api_factor_confirm_write(struct api_job *j, struct storage *s)
{
    const char *user = j->session.user.id;
    enum vg_err err;

    if (j->failed)
        return code_failed(j, s);
    err = s->ops->factor_confirm(s, user, j->factor_next, j->code_step);
    if (err == VG_ERR_NOENT)
        return code_failed(j, s);
    if (err == VG_OK)
        err = s->ops->sessions_end(s, user, j->cookie_hash);
    if (err == VG_OK)
        err = s->ops->session_whole(s, j->cookie_hash);
    if (err == VG_OK)
        err = give_recovery_codes(j, s);
    if (err == VG_OK)
        err = api_audit_own(j, s, "second_factor.confirmed", NULL);
    return err;
}

/* The older ones work no more. */
enum vg_err
api_factor_recovery_write(struct api_job *j, struct storage *s)
{
    enum vg_err err = j->failed ? VG_ERR_NOENT : api_code_use(j, s, &j->session.user);

    if (err == VG_ERR_NOENT)
        return code_failed(j, s);
    if (err == VG_OK)
        err = give_recovery_codes(j, s);
    if (err == VG_OK)
        err = api_audit_own(j, s, "second_factor.recovery", NULL);
    return err;
}

enum vg_err
api_factor_remove_write(struct api_job *j, struct storage *s)
{
    const char *user = j->session.user.id;
    enum vg_err err;

    if (api_factor_required(j, &j->session.user))
        return api_refuse(j, 403, "required", "people of the provider need a second factor");
    err = j->failed ? VG_ERR_NOENT : api_code_use(j, s, &j->session.user);
    if (err == VG_ERR_NOENT)
        return code_failed(j, s);
    if (err == VG_OK)
        err = s->ops->factor_remove(s, user);
    if (err == VG_OK)
        err = s->ops->sessions_end(s, user, j->cookie_hash);
    if (err == VG_OK)
        err = api_audit_own(j, s, "second_factor.removed", NULL);
    return err == VG_OK ? api_answer(j, json_object()) : err;
}
