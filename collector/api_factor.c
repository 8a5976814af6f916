/* SPDX-License-Identifier: Apache-2.0 */
/* The second factor: setting it up, codes, recovery codes, removing it. */
#include <openssl/crypto.h>
#include <string.h>

#include "collector/api_int.h"
#include "collector/second_factor.h"
#include "common/vtime.h"

/* ---- codes ---- */

enum vg_err
api_code_look(struct api_job *j, struct storage *s, const struct storage_user *user,
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

enum vg_err
api_code_use(struct api_job *j, struct storage *s, const struct storage_user *user)
{
    if (j->code_step > 0)
        return s->ops->factor_use(s, user->id, j->code_step);
    return s->ops->recovery_use(s, user->id, j->recovery);
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

bool
api_code_prepare(struct api_job *j)
{
    return api_may_try(j, "code:", vg_json_str(j->body, "code", NULL) != NULL ? j->peer : NULL);
}

enum vg_err
api_code_read(struct api_job *j, struct storage *s)
{
    enum vg_err err = api_code_look(j, s, &j->session.user, vg_json_str(j->body, "code", ""));

    if (err == VG_ERR_DENIED || (err == VG_OK && j->code_step == 0))
        return api_refuse(j, 403, "code", "the code is wrong");
    return err == VG_OK ? VG_AGAIN : err;
}

/* The first code turns it on, and makes this session a whole one; later ones make new recovery codes. */
enum vg_err
api_factor_confirm_write(struct api_job *j, struct storage *s)
{
    enum vg_err err = api_code_use(j, s, &j->session.user);

    if (err == VG_ERR_NOENT)
        return api_refuse(j, 403, "code", "the code was used: wait for the next one");
    if (err == VG_OK)
        err = s->ops->session_whole(s, j->cookie_hash);
    if (err == VG_OK)
        err = give_recovery_codes(j, s);
    if (err == VG_OK)
        err = api_audit_own(j, s, "second_factor.confirmed", NULL);
    return err;
}

enum vg_err
api_factor_remove_write(struct api_job *j, struct storage *s)
{
    enum vg_err err;

    if (api_factor_required(j, &j->session.user))
        return api_refuse(j, 403, "required", "people of the provider need a second factor");
    err = api_code_use(j, s, &j->session.user);
    if (err == VG_ERR_NOENT)
        return api_refuse(j, 403, "code", "the code was used: wait for the next one");
    if (err == VG_OK)
        err = s->ops->factor_remove(s, j->session.user.id);
    if (err == VG_OK)
        err = api_audit_own(j, s, "second_factor.removed", NULL);
    return err == VG_OK ? api_answer(j, json_object()) : err;
}
