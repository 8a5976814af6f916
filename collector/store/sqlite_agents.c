/* SPDX-License-Identifier: Apache-2.0 */
/* Enrolment tokens, agents, their certificates and seal keys. */
#include <stdlib.h>
#include <string.h>

#include "collector/store/sqlite_int.h"
#include "common/vtime.h"

enum vg_err
sqlite_token_add(struct storage *base, const uint8_t hash[STORAGE_HASH_SIZE],
                 const struct storage_site *site, const char *who, int64_t now_ns,
                 int64_t expires_ns, char id[UUID_TEXT_SIZE])
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "INSERT INTO tokens (hash, tenant, site, created, expires, id, who)"
                             " VALUES (?,?,?,?,?,?,?)");
    struct slice key = slice_of(hash, STORAGE_HASH_SIZE);
    char made[UUID_TEXT_SIZE];
    enum vg_err err = uuid_v7(now_ns, made);

    if (err != VG_OK)
        return err;
    sq_bind(st, "bttiitt", &key, site->tenant, site->id, now_ns, expires_ns, made, who);
    err = sq_run(s, st);
    if (err == VG_OK)
        memcpy(id, made, sizeof made);
    return err;
}

enum vg_err
sqlite_token_use(struct storage *base, const uint8_t hash[STORAGE_HASH_SIZE], const char *agent,
                 int64_t now_ns, struct storage_site *out)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "UPDATE tokens SET used = ?1, agent = ?2"
                             " WHERE hash = ?3 AND used IS NULL AND expires > ?1");
    struct slice key = slice_of(hash, STORAGE_HASH_SIZE);
    enum vg_err err;

    sq_bind(st, "itb", now_ns, agent, &key);
    err = sq_change(s, st);
    if (err != VG_OK)
        return err;
    st = sq(s, "SELECT " SITE_COLUMNS " FROM tokens JOIN sites ON sites.id = tokens.site"
               " JOIN tenants ON tenants.id = sites.tenant WHERE tokens.hash = ?");
    sq_bind(st, "b", &key);
    err = sq_step(s, st);
    if (err != VG_OK)
        return err;
    sqlite_site_row(st, out);
    sq_end(st);
    return VG_OK;
}

enum vg_err
sqlite_agent_add(struct storage *base, const struct storage_agent *agent, int64_t now_ns)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "INSERT INTO agents (id, tenant, site, host, machine, version,"
                             " enrolled) VALUES (?,?,?,?,?,?,?)");

    sq_bind(st, "tttttti", agent->id, agent->tenant, agent->site, agent->host, agent->machine,
            agent->version, now_ns);
    return sq_run(s, st);
}

enum vg_err
sqlite_agent_hello(struct storage *base, const char *agent, const struct storage_hello *hello,
                   int64_t now_ns)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "UPDATE agents SET last_seen = ?2, host = coalesce(?3, host),"
                             " machine = coalesce(?4, machine), version = coalesce(?5, version),"
                             " store = coalesce(?6, store), status = coalesce(?7, status),"
                             " last_seq = iif(?8 >= 0, ?8, last_seq), brief = coalesce(?9, brief),"
                             " silent = nullif(silent, '')"
                             " WHERE id = ?1");
    char *brief = sqlite_agent_brief(hello->status);
    enum vg_err err;

    sq_bind(st, "titttttit", agent, now_ns, hello->host, hello->machine, hello->version,
            hello->store, hello->status, hello->last_seq, brief);
    err = sq_change(s, st);
    free(brief);
    return err;
}

enum vg_err
sqlite_agent_moved(struct storage *base, const char *agent, int64_t records, int64_t now_ns)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "UPDATE agents SET moved = moved + ?2, moved_last = ?3 WHERE id = ?1");

    sq_bind(st, "tii", agent, records, now_ns);
    return sq_change(s, st);
}

enum vg_err
sqlite_agent_revoke(struct storage *base, const struct storage_scope *scope, const char *agent,
                    int64_t now_ns)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq_scoped(s, scope,
                                 "UPDATE agents SET revoked = coalesce(revoked, ?3), silent = NULL"
                                 " WHERE id = ?2 AND ",
                                 "tenant", "");

    sq_bind(st, "tti", scope->id, agent, now_ns);
    return sq_change(s, st);
}

enum vg_err
sqlite_cert_add(struct storage *base, const uint8_t fingerprint[STORAGE_HASH_SIZE],
                const char *agent, int64_t now_ns, int64_t not_after_ns)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st =
        sq(s, "INSERT INTO certs (fingerprint, agent, issued, not_after) SELECT ?1,?2,?3,?4 WHERE"
              " (SELECT count(*) FROM certs WHERE agent = ?2 AND issued > ?5) < ?6");
    struct slice key = slice_of(fingerprint, STORAGE_HASH_SIZE);
    enum vg_err err;

    sq_bind(st, "btiiii", &key, agent, now_ns, not_after_ns, now_ns - VG_DAY_NS,
            (int64_t)STORAGE_CERTS_A_DAY);
    err = sq_change(s, st);
    return err == VG_ERR_NOENT ? VG_ERR_DENIED : err;
}

void
sqlite_agent_row(sqlite3_stmt *st, struct storage_agent *out)
{
    memset(out, 0, sizeof *out);
    sq_copy(st, 0, out->id, sizeof out->id);
    sq_copy(st, 1, out->tenant, sizeof out->tenant);
    sq_copy(st, 2, out->site, sizeof out->site);
    sq_copy(st, 3, out->host, sizeof out->host);
    sq_copy(st, 4, out->machine, sizeof out->machine);
    sq_copy(st, 5, out->version, sizeof out->version);
    sq_copy(st, 6, out->store, sizeof out->store);
    out->revoked = sqlite3_column_int(st, 7) != 0;
    sq_copy(st, 8, out->silent, sizeof out->silent);
    out->last_seen_ns = sqlite3_column_int64(st, 9);
}

enum vg_err
sqlite_cert_find(struct storage *base, const uint8_t fingerprint[STORAGE_HASH_SIZE],
                 struct storage_agent *out)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "SELECT " AGENT_COLUMNS " FROM certs c JOIN agents a ON a.id = c.agent"
                             " WHERE c.fingerprint = ?");
    struct slice key = slice_of(fingerprint, STORAGE_HASH_SIZE);
    enum vg_err err;

    sq_bind(st, "b", &key);
    err = sq_step(s, st);
    if (err != VG_OK)
        return err;
    sqlite_agent_row(st, out);
    sq_end(st);
    return VG_OK;
}

enum vg_err
sqlite_seal_key_add(struct storage *base, const char *agent, const char *store,
                    const uint8_t key[32])
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "INSERT OR IGNORE INTO seal_keys (agent, store, key) VALUES (?,?,?)");
    struct slice bytes = slice_of(key, 32);

    sq_bind(st, "ttb", agent, store, &bytes);
    return sq_run(s, st);
}

enum vg_err
sqlite_seal_key(struct storage *base, const char *agent, const char *store, uint8_t out[32])
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "SELECT key FROM seal_keys WHERE agent = ? AND store = ?");
    struct slice key;
    enum vg_err err;

    sq_bind(st, "tt", agent, store);
    err = sq_step(s, st);
    if (err != VG_OK)
        return err;
    key = slice_of(sqlite3_column_blob(st, 0), (size_t)sqlite3_column_bytes(st, 0));
    err = slice_copy(&key, out, 32) ? VG_OK : VG_ERR_FORMAT;
    sq_end(st);
    return err;
}
