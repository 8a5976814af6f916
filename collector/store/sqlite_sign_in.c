/* SPDX-License-Identifier: Apache-2.0 */
/* Signing in: sessions, second factors, recovery codes, tokens of programs, links that set a password. */
#include <string.h>

#include "collector/store/sqlite_int.h"
#include "common/vtime.h"

/* What was made later than this from now was made by a clock that was ahead and came back: a session or link of
 * it would live for as long as the clock was wrong, and no code of a phone would be new until then. */
#define CLOCK_AHEAD_NS VG_HOUR_NS
enum { STEPS_AHEAD = 2 * 60 * 24 }; /* of 30 s: a day */

/* ---- sessions ---- */

enum vg_err
sqlite_session_add(struct storage *base, const uint8_t hash[STORAGE_HASH_SIZE],
                   const struct storage_session *session, int64_t now_ns)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "INSERT INTO sessions (hash, user, csrf, created, expires, whole)"
                             " VALUES (?,?,?,?,?,?)");
    struct slice key = slice_of(hash, STORAGE_HASH_SIZE);

    sq_bind(st, "bttiii", &key, session->user.id, session->csrf, now_ns, session->expires_ns,
            (int64_t)session->whole);
    return sq_run(s, st);
}

enum vg_err
sqlite_session_find(struct storage *base, const uint8_t hash[STORAGE_HASH_SIZE], int64_t now_ns,
                    struct storage_session *out)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "SELECT " USER_COLUMNS ", x.csrf, x.expires, x.whole FROM sessions x"
                             " JOIN users u ON u.id = x.user WHERE x.hash = ? AND x.expires > ?"
                             " AND x.created < ?");
    struct slice key = slice_of(hash, STORAGE_HASH_SIZE);
    enum vg_err err;

    sq_bind(st, "bii", &key, now_ns, now_ns + CLOCK_AHEAD_NS);
    err = sq_step(s, st);
    if (err != VG_OK)
        return err;
    memset(out, 0, sizeof *out);
    sqlite_user_row(st, &out->user);
    out->scope = storage_scope_of(&out->user);
    sq_copy(st, USER_COLUMN_COUNT, out->csrf, sizeof out->csrf);
    out->expires_ns = sqlite3_column_int64(st, USER_COLUMN_COUNT + 1);
    out->whole = sqlite3_column_int(st, USER_COLUMN_COUNT + 2) != 0;
    sq_end(st);
    return VG_OK;
}

enum vg_err
sqlite_session_whole(struct storage *base, const uint8_t hash[STORAGE_HASH_SIZE])
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "UPDATE sessions SET whole = 1 WHERE hash = ?");
    struct slice key = slice_of(hash, STORAGE_HASH_SIZE);

    sq_bind(st, "b", &key);
    return sq_change(s, st);
}

enum vg_err
sqlite_session_end(struct storage *base, const uint8_t hash[STORAGE_HASH_SIZE])
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "DELETE FROM sessions WHERE hash = ?");
    struct slice key = slice_of(hash, STORAGE_HASH_SIZE);

    sq_bind(st, "b", &key);
    return sq_run(s, st);
}

enum vg_err
sqlite_sessions_end(struct storage *base, const char *user, const uint8_t but[STORAGE_HASH_SIZE])
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st =
        sq(s, "DELETE FROM sessions WHERE (?1 IS NULL OR user = ?1) AND hash IS NOT ?2");
    struct slice key = slice_of(but, but != NULL ? STORAGE_HASH_SIZE : 0);

    sq_bind(st, "tb", user, &key);
    return sq_run(s, st);
}

/* ---- second factors ---- */

/* A sealed secret of the row; false: NULL. */
static bool
sealed_of(sqlite3_stmt *st, int column, uint8_t out[STORAGE_FACTOR_SIZE], enum vg_err *err)
{
    struct slice sealed =
        slice_of(sqlite3_column_blob(st, column), (size_t)sqlite3_column_bytes(st, column));

    if (sqlite3_column_type(st, column) == SQLITE_NULL)
        return false;
    if (sealed.left != STORAGE_FACTOR_SIZE || !slice_copy(&sealed, out, STORAGE_FACTOR_SIZE))
        *err = VG_ERR_FORMAT;
    return true;
}

enum vg_err
sqlite_factor_get(struct storage *base, const char *user, struct storage_factor *out)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "SELECT factor, factor_next FROM users WHERE id = ? AND"
                             " (factor IS NOT NULL OR factor_next IS NOT NULL)");
    enum vg_err err;

    sq_bind(st, "t", user);
    err = sq_step(s, st);
    if (err != VG_OK)
        return err;
    *out = (struct storage_factor){.on = false};
    out->on = sealed_of(st, 0, out->sealed, &err);
    out->begun = sealed_of(st, 1, out->next, &err);
    sq_end(st);
    return err;
}

enum vg_err
sqlite_factor_begin(struct storage *base, const char *user,
                    const uint8_t sealed[STORAGE_FACTOR_SIZE])
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "UPDATE users SET factor_next = ?2 WHERE id = ?1");
    struct slice bytes = slice_of(sealed, STORAGE_FACTOR_SIZE);

    sq_bind(st, "tb", user, &bytes);
    return sq_change(s, st);
}

enum vg_err
sqlite_factor_confirm(struct storage *base, const char *user,
                      const uint8_t sealed[STORAGE_FACTOR_SIZE], int64_t step)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "UPDATE users SET factor = factor_next, factor_next = NULL, factor_on"
                             " = 1, factor_step = ?3 WHERE id = ?1 AND factor_next = ?2");
    struct slice bytes = slice_of(sealed, STORAGE_FACTOR_SIZE);

    sq_bind(st, "tbi", user, &bytes, step);
    return sq_change(s, st);
}

enum vg_err
sqlite_factor_use(struct storage *base, const char *user, int64_t step)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "UPDATE users SET factor_step = ?2 WHERE id = ?1 AND factor_on = 1 AND"
                             " (factor_step < ?2 OR factor_step > ?2 + ?3)");

    sq_bind(st, "tii", user, step, (int64_t)STEPS_AHEAD);
    return sq_change(s, st);
}

enum vg_err
sqlite_factor_remove(struct storage *base, const char *user)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "UPDATE users SET factor = NULL, factor_next = NULL, factor_on = 0,"
                             " factor_step = 0"
                             " WHERE id = ?");
    enum vg_err err;

    sq_bind(st, "t", user);
    err = sq_change(s, st);
    if (err != VG_OK)
        return err;
    st = sq(s, "DELETE FROM recovery_codes WHERE user = ?");
    sq_bind(st, "t", user);
    return sq_run(s, st);
}

enum vg_err
sqlite_recovery_set(struct storage *base, const char *user,
                    const uint8_t hashes[][STORAGE_HASH_SIZE], size_t count)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "DELETE FROM recovery_codes WHERE user = ?");
    enum vg_err err;

    sq_bind(st, "t", user);
    err = sq_run(s, st);
    for (size_t i = 0; err == VG_OK && i < count; i++) {
        struct slice key = slice_of(hashes[i], STORAGE_HASH_SIZE);

        st = sq(s, "INSERT INTO recovery_codes (user, hash) VALUES (?,?)");
        sq_bind(st, "tb", user, &key);
        err = sq_run(s, st);
    }
    return err;
}

enum vg_err
sqlite_recovery_use(struct storage *base, const char *user, const uint8_t hash[STORAGE_HASH_SIZE])
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "DELETE FROM recovery_codes WHERE user = ? AND hash = ?");
    struct slice key = slice_of(hash, STORAGE_HASH_SIZE);

    sq_bind(st, "tb", user, &key);
    return sq_change(s, st);
}

enum vg_err
sqlite_recovery_left(struct storage *base, const char *user, int64_t *out)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "SELECT count(*) FROM recovery_codes WHERE user = ?");
    enum vg_err err;

    sq_bind(st, "t", user);
    err = sq_step(s, st);
    if (err != VG_OK)
        return err;
    *out = sqlite3_column_int64(st, 0);
    sq_end(st);
    return VG_OK;
}

/* ---- tokens of programs ---- */

enum vg_err
sqlite_api_token_add(struct storage *base, const struct storage_api_token *token,
                     const uint8_t hash[STORAGE_HASH_SIZE], int64_t now_ns, char id[UUID_TEXT_SIZE])
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "INSERT INTO api_tokens (id, user, name, rights, hash, created,"
                             " expires) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE"
                             " (SELECT count(*) FROM api_tokens WHERE user = ?2) < ?8");
    struct slice key = slice_of(hash, STORAGE_HASH_SIZE);
    char made[UUID_TEXT_SIZE];
    enum vg_err err = uuid_v7(now_ns, made);

    if (err != VG_OK)
        return err;
    sq_bind(st, "tttibiii", made, token->user, token->name, (int64_t)token->rights, &key, now_ns,
            token->expires_ns, (int64_t)STORAGE_API_TOKENS_MAX);
    err = sq_change(s, st);
    if (err == VG_OK)
        memcpy(id, made, sizeof made);
    return err == VG_ERR_NOENT ? VG_ERR_EXISTS : err;
}

enum vg_err
sqlite_api_token_find(struct storage *base, const uint8_t hash[STORAGE_HASH_SIZE], int64_t now_ns,
                      struct storage_session *out, unsigned *rights)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "SELECT " USER_COLUMNS ", x.rights, x.expires FROM api_tokens x JOIN"
                             " users u ON u.id = x.user WHERE x.hash = ? AND x.expires > ?");
    struct slice key = slice_of(hash, STORAGE_HASH_SIZE);
    enum vg_err err;

    sq_bind(st, "bi", &key, now_ns);
    err = sq_step(s, st);
    if (err != VG_OK)
        return err;
    memset(out, 0, sizeof *out);
    sqlite_user_row(st, &out->user);
    out->scope = storage_scope_of(&out->user);
    out->whole = true;
    *rights = (unsigned)sqlite3_column_int(st, USER_COLUMN_COUNT);
    out->expires_ns = sqlite3_column_int64(st, USER_COLUMN_COUNT + 1);
    sq_end(st);
    return VG_OK;
}

enum vg_err
sqlite_api_token_end(struct storage *base, const char *user, const char *id)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "DELETE FROM api_tokens WHERE user = ? AND id = ?");

    sq_bind(st, "tt", user, id);
    return sq_change(s, st);
}

enum vg_err
sqlite_api_tokens(struct storage *base, const char *user, json_t **out)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "SELECT id, name, rights, created, expires FROM api_tokens WHERE"
                             " user = ? ORDER BY id");
    json_t *all = json_array();
    enum vg_err err;

    sq_bind(st, "t", user);
    while ((err = sq_step(s, st)) == VG_OK)
        (void)json_array_append_new(
            all, json_pack("{so so so so so}", "id", sq_json_text(st, 0), "name",
                           sq_json_text(st, 1), "rights", sq_json_int(st, 2), "created",
                           sq_json_time(st, 3), "expires", sq_json_time(st, 4)));
    if (err != VG_ERR_NOENT) {
        json_decref(all);
        return err;
    }
    *out = all;
    return VG_OK;
}

/* ---- links that set a password ---- */

enum vg_err
sqlite_link_add(struct storage *base, const char *user, bool invitation, int64_t now_ns,
                int64_t expires_ns)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "INSERT INTO password_links (id, user, created, expires)"
                             " SELECT ?1, id, ?3, ?4 FROM users WHERE id = ?2 AND mail IS NOT NULL"
                             " AND (SELECT count(*) FROM password_links WHERE user = ?2 AND"
                             " created > ?5) < ?6");
    char id[UUID_TEXT_SIZE];
    enum vg_err err = uuid_v7(now_ns, id);

    if (err != VG_OK)
        return err;
    sq_bind(st, "ttiiii", id, user, now_ns, expires_ns, now_ns - VG_HOUR_NS,
            (int64_t)STORAGE_LINKS_AN_HOUR);
    err = sq_change(s, st);
    if (err != VG_OK)
        return err;
    st = sq(s, "INSERT INTO mails (key, tenant, site, kind, recipient, state, created, due)"
               " SELECT ?1, tenant, '', ?3, mail, 'queued', ?4, ?4 FROM users WHERE id = ?2");
    sq_bind(st, "ttti", id, user, invitation ? "invitation" : "password", now_ns);
    return sq_change(s, st);
}

enum vg_err
sqlite_links_end(struct storage *base, const char *user)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "UPDATE password_links SET used = created WHERE used IS NULL AND"
                             " (?1 IS NULL OR user = ?1)");

    sq_bind(st, "t", user);
    return sq_run(s, st);
}

enum vg_err
sqlite_link_use(struct storage *base, const char *id, int64_t now_ns, struct storage_user *out)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st =
        sq(s, "SELECT " USER_COLUMNS " FROM password_links x JOIN users u ON u.id ="
              " x.user WHERE x.id = ? AND x.expires > ? AND x.used IS NULL AND x.created < ?");
    enum vg_err err;

    sq_bind(st, "tii", id, now_ns, now_ns + CLOCK_AHEAD_NS);
    err = sq_step(s, st);
    if (err != VG_OK)
        return err;
    memset(out, 0, sizeof *out);
    sqlite_user_row(st, out);
    sq_end(st);
    st = sq(s, "UPDATE password_links SET used = ?2 WHERE user = ?1 AND used IS NULL");
    sq_bind(st, "ti", out->id, now_ns); /* the older ones too */
    return sq_change(s, st);
}
