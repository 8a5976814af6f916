/* SPDX-License-Identifier: Apache-2.0 */
/* Tenants, sites, users. */
#include <string.h>

#include "collector/store/sqlite_int.h"
#include "common/vtime.h"

enum vg_err
sqlite_tenant_add(struct storage *base, const char *name, int64_t now_ns, char id[UUID_TEXT_SIZE])
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "INSERT INTO tenants (id, name, token_key, created) VALUES (?,?,?,?)");
    char made[UUID_TEXT_SIZE];
    struct slice none = slice_of("", 0);
    enum vg_err err = uuid_v7(now_ns, made);

    if (err != VG_OK)
        return err;
    sq_bind(st, "ttbi", made, name, &none, now_ns);
    err = sq_run(s, st);
    if (err == VG_OK)
        memcpy(id, made, sizeof made);
    return err;
}

enum vg_err
sqlite_tenant_find(struct storage *base, const char *name, char id[UUID_TEXT_SIZE])
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "SELECT id FROM tenants WHERE name = ?1 OR id = ?1");
    enum vg_err err;

    sq_bind(st, "t", name);
    err = sq_step(s, st);
    if (err != VG_OK)
        return err;
    sq_copy(st, 0, id, UUID_TEXT_SIZE);
    sq_end(st);
    return VG_OK;
}

enum vg_err
sqlite_token_key_next(struct storage *base, char tenant[UUID_TEXT_SIZE], uint8_t key[32])
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "SELECT id, token_key FROM tenants WHERE length(token_key) = 32"
                             " AND id > ? ORDER BY id LIMIT 1");
    struct slice bytes;
    enum vg_err err;

    sq_bind(st, "t", tenant);
    err = sq_step(s, st);
    if (err != VG_OK)
        return err;
    bytes = slice_of(sqlite3_column_blob(st, 1), (size_t)sqlite3_column_bytes(st, 1));
    if (!slice_copy(&bytes, key, 32))
        err = VG_ERR_FORMAT;
    sq_copy(st, 0, tenant, UUID_TEXT_SIZE);
    sq_end(st);
    return err;
}

enum vg_err
sqlite_token_keys_forget(struct storage *base)
{
    struct sqlite *s = sqlite_of(base);
    /* Overwritten, not only unlinked; and out of the log of what was written before. */
    int code = sqlite3_exec(s->db,
                            "PRAGMA secure_delete = ON;"
                            "UPDATE tenants SET token_key = x'' WHERE length(token_key) > 0;",
                            NULL, NULL, NULL);

    if (code == SQLITE_OK)
        (void)sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    return sq_err(code);
}

enum vg_err
sqlite_tenants(struct storage *base, const struct storage_scope *scope, json_t **out)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq_scoped(s, scope,
                                 "SELECT t.id, t.name, t.created,"
                                 " (SELECT count(*) FROM sites WHERE sites.tenant = t.id)"
                                 " FROM tenants t WHERE ",
                                 "t.id", " ORDER BY t.name");
    json_t *all = json_array();
    enum vg_err err;

    sq_bind(st, "t", scope->id);
    while ((err = sq_step(s, st)) == VG_OK)
        (void)json_array_append_new(
            all, json_pack("{so so so so}", "id", sq_json_text(st, 0), "name", sq_json_text(st, 1),
                           "created", sq_json_time(st, 2), "sites", sq_json_int(st, 3)));
    if (err != VG_ERR_NOENT) {
        json_decref(all);
        return err;
    }
    *out = all;
    return VG_OK;
}

enum vg_err
sqlite_site_add(struct storage *base, const struct storage_site *site, int64_t now_ns,
                char id[UUID_TEXT_SIZE])
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "INSERT INTO sites (id, tenant, name, zone, language, mail, hours,"
                             " created) VALUES (?,?,?,?,?,nullif(?,''),nullif(?,''),?)");
    char made[UUID_TEXT_SIZE];
    enum vg_err err = uuid_v7(now_ns, made);

    if (err != VG_OK)
        return err;
    sq_bind(st, "ttttttti", made, site->tenant, site->name, site->zone, site->language, site->mail,
            site->hours, now_ns);
    err = sq_run(s, st);
    if (err == VG_OK)
        memcpy(id, made, sizeof made);
    return err;
}

void
sqlite_site_row(sqlite3_stmt *st, struct storage_site *out)
{
    memset(out, 0, sizeof *out);
    sq_copy(st, 0, out->id, sizeof out->id);
    sq_copy(st, 1, out->tenant, sizeof out->tenant);
    sq_copy(st, 2, out->tenant_name, sizeof out->tenant_name);
    sq_copy(st, 3, out->name, sizeof out->name);
    sq_copy(st, 4, out->zone, sizeof out->zone);
    sq_copy(st, 5, out->language, sizeof out->language);
    sq_copy(st, 6, out->mail, sizeof out->mail);
    sq_copy(st, 7, out->hours, sizeof out->hours);
}

enum vg_err
sqlite_site_find(struct storage *base, const struct storage_scope *scope, const char *id_or_name,
                 struct storage_site *out)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq_scoped(s, scope,
                                 "SELECT " SITE_COLUMNS " FROM sites JOIN tenants ON tenants.id ="
                                 " sites.tenant WHERE ",
                                 "sites.tenant", " AND (sites.id = ?2 OR sites.name = ?2) LIMIT 2");
    struct storage_site found;
    enum vg_err err;

    sq_bind(st, "tt", scope->id, id_or_name);
    err = sq_step(s, st);
    if (err != VG_OK)
        return err;
    sqlite_site_row(st, &found);
    err = sq_step(s, st);
    sq_end(st);
    if (err == VG_OK)
        return VG_ERR_EXISTS;
    if (err != VG_ERR_NOENT)
        return err;
    *out = found;
    return VG_OK;
}

enum vg_err
sqlite_user_add(struct storage *base, const struct storage_user *user, int64_t now_ns)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "INSERT INTO users (id, tenant, name, role, language, password,"
                             " created, given, mail) VALUES (?,?,?,?,?,?,?,?,nullif(?,''))");
    char id[UUID_TEXT_SIZE];
    enum vg_err err = uuid_v7(now_ns, id);

    if (err != VG_OK)
        return err;
    sq_bind(st, "ttttttiit", id, user->tenant, user->name, storage_role_name(user->role),
            user->language, user->password, now_ns, (int64_t)user->given, user->mail);
    return sq_run(s, st);
}

void
sqlite_user_row(sqlite3_stmt *st, struct storage_user *out)
{
    memset(out, 0, sizeof *out);
    sq_copy(st, 0, out->id, sizeof out->id);
    sq_copy(st, 1, out->tenant, sizeof out->tenant);
    sq_copy(st, 2, out->name, sizeof out->name);
    if (storage_role_parse(sq_text(st, 3), &out->role) != VG_OK)
        out->role = STORAGE_READONLY;
    sq_copy(st, 4, out->language, sizeof out->language);
    sq_copy(st, 5, out->password, sizeof out->password);
    out->given = sqlite3_column_int(st, 6) != 0;
    sq_copy(st, 7, out->mail, sizeof out->mail);
    out->factor = sqlite3_column_int(st, 8) != 0;
}

enum vg_err
sqlite_user_find(struct storage *base, const char *name, struct storage_user *out)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "SELECT " USER_COLUMNS " FROM users u WHERE u.name = ?");
    enum vg_err err;

    sq_bind(st, "t", name);
    err = sq_step(s, st);
    if (err != VG_OK)
        return err;
    sqlite_user_row(st, out);
    sq_end(st);
    return VG_OK;
}

enum vg_err
sqlite_user_find_mail(struct storage *base, const char *mail, struct storage_user *out)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "SELECT " USER_COLUMNS " FROM users u WHERE u.mail = ?");
    enum vg_err err;

    sq_bind(st, "t", mail);
    err = sq_step(s, st);
    if (err != VG_OK)
        return err;
    sqlite_user_row(st, out);
    sq_end(st);
    return VG_OK;
}

enum vg_err
sqlite_user_get(struct storage *base, const struct storage_scope *scope, const char *id,
                struct storage_user *out)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq_scoped(s, scope,
                                 "SELECT " USER_COLUMNS " FROM users u WHERE u.id = ?2"
                                 " AND ",
                                 "u.tenant", "");
    enum vg_err err;

    sq_bind(st, "tt", scope->id, id);
    err = sq_step(s, st);
    if (err != VG_OK)
        return err;
    sqlite_user_row(st, out);
    sq_end(st);
    return VG_OK;
}

enum vg_err
sqlite_user_change(struct storage *base, const struct storage_user *user)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "UPDATE password_links SET used = created WHERE user = ?1 AND used IS"
                             " NULL AND (SELECT mail FROM users WHERE id = ?1) IS NOT"
                             " nullif(?2, '')"); /* they went to the old address */
    enum vg_err err;

    sq_bind(st, "tt", user->id, user->mail);
    err = sq_run(s, st);
    if (err != VG_OK)
        return err;
    st = sq(s, "UPDATE users SET role = ?2, language = ?3, mail = nullif(?4, '') WHERE id = ?1");
    sq_bind(st, "tttt", user->id, storage_role_name(user->role), user->language, user->mail);
    return sq_change(s, st);
}

enum vg_err
sqlite_user_remove(struct storage *base, const char *user)
{
    static const char *const there[] = {
        "DELETE FROM sessions WHERE user = ?",
        "DELETE FROM user_tenants WHERE user = ?",
        "DELETE FROM recovery_codes WHERE user = ?",
        "DELETE FROM api_tokens WHERE user = ?",
        "DELETE FROM password_links WHERE user = ?",
        "DELETE FROM views WHERE user = ?",
        "DELETE FROM users WHERE id = ?",
    };
    struct sqlite *s = sqlite_of(base);
    enum vg_err err = sq_search_user_gone(s, user);

    for (size_t i = 0; err == VG_OK && i < VG_ARRAY_LEN(there); i++) {
        sqlite3_stmt *st = sq(s, there[i]);

        sq_bind(st, "t", user);
        err = i + 1 < VG_ARRAY_LEN(there) ? sq_run(s, st) : sq_change(s, st);
    }
    return err;
}

enum vg_err
sqlite_user_admins(struct storage *base, int64_t *out)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st =
        sq(s, "SELECT count(*) FROM users WHERE role = 'admin' AND tenant = '' AND given = 0");
    enum vg_err err = sq_step(s, st);

    if (err != VG_OK)
        return err;
    *out = sqlite3_column_int64(st, 0);
    sq_end(st);
    return VG_OK;
}

enum vg_err
sqlite_user_given(struct storage *base, const char *user, bool given)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "UPDATE users SET given = ?2 WHERE id = ?1 AND tenant = ''");
    enum vg_err err;

    sq_bind(st, "ti", user, (int64_t)given);
    err = sq_change(s, st);
    if (err != VG_OK)
        return err;
    st = sq(s, "DELETE FROM user_tenants WHERE user = ?");
    sq_bind(st, "t", user);
    return sq_run(s, st);
}

enum vg_err
sqlite_user_give(struct storage *base, const char *user, const char *tenant)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "INSERT OR IGNORE INTO user_tenants (user, tenant) VALUES (?,?)");

    sq_bind(st, "tt", user, tenant);
    return sq_run(s, st);
}

enum vg_err
sqlite_user_set_language(struct storage *base, const char *user, const char *language)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "UPDATE users SET language = ? WHERE id = ?");

    sq_bind(st, "tt", language, user);
    return sq_change(s, st);
}

enum vg_err
sqlite_user_set_password(struct storage *base, const char *user, const char *encoded)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "UPDATE users SET password = ? WHERE id = ?");
    enum vg_err err;

    sq_bind(st, "tt", encoded, user);
    err = sq_change(s, st);
    if (err != VG_OK)
        return err;
    err = sqlite_sessions_end(base, user, NULL); /* whoever knew the old one is out */
    return err == VG_OK ? sqlite_links_end(base, user) : err;
}

enum vg_err
sqlite_users(struct storage *base, const struct storage_scope *scope, json_t **out)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq_scoped(s, scope,
                                 "SELECT u.id, u.name, u.role, u.language, t.name, u.created,"
                                 " u.mail, u.factor_on,"
                                 " iif(u.given, (SELECT json_group_array(g.name) FROM (SELECT"
                                 "  g.name FROM user_tenants x JOIN tenants g ON g.id = x.tenant"
                                 "  WHERE x.user = u.id ORDER BY g.name) g), NULL) FROM"
                                 " users u LEFT JOIN tenants t ON t.id = u.tenant WHERE ",
                                 "u.tenant", " ORDER BY u.name");
    json_t *all = json_array();
    enum vg_err err;

    sq_bind(st, "t", scope->id);
    while ((err = sq_step(s, st)) == VG_OK)
        (void)json_array_append_new(
            all,
            json_pack("{so so so so so so so so so}", "id", sq_json_text(st, 0), "name",
                      sq_json_text(st, 1), "role", sq_json_text(st, 2), "language",
                      sq_json_text(st, 3), "tenant", sq_json_text(st, 4), "created",
                      sq_json_time(st, 5), "mail", sq_json_text(st, 6), "second_factor",
                      json_boolean(sqlite3_column_int(st, 7)), "tenants", sq_json_tree(st, 8)));
    if (err != VG_ERR_NOENT) {
        json_decref(all);
        return err;
    }
    *out = all;
    return VG_OK;
}

/* An agent that was away for longer is told no more of what was noise. */
#define VERDICT_KEPT_NS (90 * VG_DAY_NS)

enum vg_err
sqlite_sweep(struct storage *base, int64_t now_ns)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "DELETE FROM sessions WHERE expires < ?");
    enum vg_err err;

    sq_bind(st, "i", now_ns);
    err = sq_run(s, st);
    if (err != VG_OK)
        return err;
    st = sq(s, "DELETE FROM api_tokens WHERE expires < ?");
    sq_bind(st, "i", now_ns);
    err = sq_run(s, st);
    if (err != VG_OK)
        return err;
    st = sq(s, "DELETE FROM password_links WHERE expires < ?");
    sq_bind(st, "i", now_ns - VG_WEEK_NS);
    err = sq_run(s, st);
    if (err != VG_OK)
        return err;
    st = sq(s, "DELETE FROM verdicts WHERE time < ?");
    sq_bind(st, "i", now_ns - VERDICT_KEPT_NS);
    err = sq_run(s, st);
    if (err != VG_OK)
        return err;
    st = sq(s, "DELETE FROM tokens WHERE expires < ?");
    sq_bind(st, "i", now_ns - VG_WEEK_NS);
    err = sq_run(s, st);
    return err == VG_OK ? sqlite_figures_sweep(s, now_ns) : err;
}
