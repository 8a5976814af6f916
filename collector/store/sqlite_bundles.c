/* SPDX-License-Identifier: Apache-2.0 */
/* Bundles of rules: their content, whom they are for, who runs which. */
#include <string.h>

#include "collector/store/sqlite_int.h"

/* ---- the key that signs ---- */

enum vg_err
sqlite_bundle_key_set(struct storage *base, const uint8_t key[32], int64_t now_ns)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "INSERT OR REPLACE INTO bundle_keys (key, added) VALUES (?,?)");
    struct slice bytes = slice_of(key, 32);

    sq_bind(st, "bi", &bytes, now_ns);
    return sq_run(s, st);
}

enum vg_err
sqlite_bundle_key(struct storage *base, uint8_t out[32])
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "SELECT key FROM bundle_keys ORDER BY added DESC LIMIT 1");
    struct slice key;
    enum vg_err err = sq_step(s, st);

    if (err != VG_OK)
        return err;
    key = slice_of(sqlite3_column_blob(st, 0), (size_t)sqlite3_column_bytes(st, 0));
    err = slice_copy(&key, out, 32) ? VG_OK : VG_ERR_FORMAT;
    sq_end(st);
    return err;
}

/* ---- content ---- */

static enum vg_err
put_parts(struct sqlite *s, int64_t version, struct slice whole)
{
    enum vg_err err = VG_OK;

    for (int64_t part = 0; err == VG_OK && whole.left > 0; part++) {
        struct slice piece = slice_sub(
            &whole, whole.left < STORAGE_BUNDLE_PIECE ? whole.left : STORAGE_BUNDLE_PIECE);
        sqlite3_stmt *st = sq(s, "INSERT INTO bundle_parts (version, part, bytes) VALUES (?,?,?)");

        sq_bind(st, "iib", version, part, &piece);
        err = sq_run(s, st);
    }
    return err;
}

enum vg_err
sqlite_bundle_add(struct storage *base, const struct storage_bundle *b, struct slice whole)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st =
        sq(s, "INSERT INTO bundles (version, sha256, size, created, expires, published, note,"
              " origin, share, quiet, state, why, changed) VALUES (?,?,?,?,?,?,?,?,?,?,?,'',?)");
    struct slice sha256 = slice_of(b->sha256, STORAGE_HASH_SIZE);
    enum vg_err err;

    sq_bind(st, "ibiiiitiiiti", b->version, &sha256, b->size, b->created_ns, b->expires_ns,
            b->published_ns, b->note, b->origin, b->share, b->quiet_ns, b->state, b->published_ns);
    err = sq_run(s, st);
    return err == VG_OK ? put_parts(s, b->version, whole) : err;
}

enum vg_err
sqlite_bundle_tenant(struct storage *base, int64_t version, const char *tenant)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "INSERT OR IGNORE INTO bundle_tenants (version, tenant) VALUES (?,?)");

    sq_bind(st, "it", version, tenant);
    return sq_run(s, st);
}

enum vg_err
sqlite_bundle_piece(struct storage *base, int64_t version, int64_t part, struct buf *out)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "SELECT bytes FROM bundle_parts WHERE version = ? AND part = ?");
    enum vg_err err;

    sq_bind(st, "ii", version, part);
    err = sq_step(s, st);
    if (err != VG_OK)
        return err;
    buf_put(out, sqlite3_column_blob(st, 0), (size_t)sqlite3_column_bytes(st, 0));
    sq_end(st);
    return out->bad ? VG_ERR_NOMEM : VG_OK;
}

/* ---- rows ---- */

#define BUNDLE_COLUMNS                                                                             \
    "version, sha256, size, created, expires, published, note, origin, share, quiet, state, why, " \
    "coalesce(promoted, 0)"

static void
bundle_row(sqlite3_stmt *st, struct storage_bundle *out)
{
    struct slice sha256 = slice_of(sqlite3_column_blob(st, 1), (size_t)sqlite3_column_bytes(st, 1));

    memset(out, 0, sizeof *out);
    out->version = sqlite3_column_int64(st, 0);
    (void)slice_copy(&sha256, out->sha256, STORAGE_HASH_SIZE);
    out->size = sqlite3_column_int64(st, 2);
    out->created_ns = sqlite3_column_int64(st, 3);
    out->expires_ns = sqlite3_column_int64(st, 4);
    out->published_ns = sqlite3_column_int64(st, 5);
    sq_copy(st, 6, out->note, sizeof out->note);
    out->origin = sqlite3_column_int64(st, 7);
    out->share = sqlite3_column_int64(st, 8);
    out->quiet_ns = sqlite3_column_int64(st, 9);
    sq_copy(st, 10, out->state, sizeof out->state);
    sq_copy(st, 11, out->why, sizeof out->why);
    out->promoted_ns = sqlite3_column_int64(st, 12);
}

static enum vg_err
bundle_one(struct sqlite *s, sqlite3_stmt *st, struct storage_bundle *out)
{
    enum vg_err err = sq_step(s, st);

    if (err != VG_OK)
        return err;
    bundle_row(st, out);
    sq_end(st);
    return VG_OK;
}

enum vg_err
sqlite_bundle_get(struct storage *base, int64_t version, struct storage_bundle *out)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "SELECT " BUNDLE_COLUMNS " FROM bundles WHERE version = ?");

    sq_bind(st, "i", version);
    return bundle_one(s, st, out);
}

/* The next one below `before`, of any state. */
enum vg_err
sqlite_bundle_below(struct storage *base, int64_t before, struct storage_bundle *out)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "SELECT " BUNDLE_COLUMNS " FROM bundles WHERE version < ?"
                             " ORDER BY version DESC LIMIT 1");

    sq_bind(st, "i", before);
    return bundle_one(s, st, out);
}

enum vg_err
sqlite_bundle_offer(struct storage *base, const struct storage_agent *agent, int64_t now_ns,
                    struct storage_bundle *out)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st =
        sq(s, "SELECT " BUNDLE_COLUMNS " FROM bundles b WHERE state IN ('canary', 'all')"
              " AND expires > ?1 AND (NOT EXISTS (SELECT 1 FROM bundle_tenants t WHERE"
              " t.version = b.version) OR EXISTS (SELECT 1 FROM bundle_tenants t WHERE"
              " t.version = b.version AND t.tenant = ?2)) AND (state = 'all' OR EXISTS"
              " (SELECT 1 FROM bundle_agents a WHERE a.version = b.version AND a.agent = ?3"
              " AND a.canary = 1)) ORDER BY version DESC LIMIT 1");

    sq_bind(st, "itt", now_ns, agent->tenant, agent->id);
    return bundle_one(s, st, out);
}

enum vg_err
sqlite_bundle_set(struct storage *base, int64_t version, const char *state, const char *why,
                  int64_t now_ns)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "UPDATE bundles SET state = ?2, why = ?3, changed = ?4,"
                             " promoted = iif(?2 = 'all', ?4, promoted) WHERE version = ?1");

    sq_bind(st, "itti", version, state, why, now_ns);
    return sq_change(s, st);
}

/* Those in a canary ring that would have an agent in common with `version`. */
enum vg_err
sqlite_bundle_supersede(struct storage *base, int64_t version, int64_t now_ns)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st =
        sq(s, "UPDATE bundles SET state = 'superseded', changed = ?2 WHERE state = 'canary'"
              " AND version < ?1 AND (NOT EXISTS (SELECT 1 FROM bundle_tenants WHERE version = ?1)"
              " OR NOT EXISTS (SELECT 1 FROM bundle_tenants t WHERE t.version = bundles.version)"
              " OR EXISTS (SELECT 1 FROM bundle_tenants t JOIN bundle_tenants n ON n.version = ?1"
              " AND n.tenant = t.tenant WHERE t.version = bundles.version))");

    sq_bind(st, "ii", version, now_ns);
    return sq_run(s, st);
}

/* ---- agents ---- */

enum vg_err
sqlite_bundle_scope(struct storage *base, int64_t version, json_t **out)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st =
        sq(s, "SELECT id, coalesce(last_seen, 0) FROM agents WHERE revoked IS NULL AND (NOT EXISTS"
              " (SELECT 1 FROM bundle_tenants WHERE version = ?1) OR tenant IN (SELECT tenant FROM"
              " bundle_tenants WHERE version = ?1)) ORDER BY id");
    json_t *all = json_array();
    enum vg_err err;

    sq_bind(st, "i", version);
    while ((err = sq_step(s, st)) == VG_OK)
        (void)json_array_append_new(
            all, json_pack("{so so}", "id", sq_json_text(st, 0), "seen", sq_json_int(st, 1)));
    if (err != VG_ERR_NOENT) {
        json_decref(all);
        return err;
    }
    *out = all;
    return VG_OK;
}

enum vg_err
sqlite_bundle_canary(struct storage *base, int64_t version, const char *agent)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "INSERT OR REPLACE INTO bundle_agents (version, agent, canary, state,"
                             " since, crashes, why) VALUES (?,?,1,'chosen',0,0,'')");

    sq_bind(st, "it", version, agent);
    return sq_run(s, st);
}

/* `since` is when the collector first heard of this state: its own clock. An agent that the bundle is not
 * for has no say in it: other tenants' shops are none of its business. */
enum vg_err
sqlite_bundle_report(struct storage *base, const char *agent, const struct storage_report *r,
                     int64_t now_ns)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st =
        sq(s, "INSERT INTO bundle_agents (version, agent, canary, state, since, crashes, why)"
              " SELECT ?1, ?2, 0, ?3, ?4, ?5, ?6 WHERE EXISTS (SELECT 1 FROM bundles WHERE"
              " version = ?1) AND (NOT EXISTS (SELECT 1 FROM bundle_tenants WHERE version = ?1) OR"
              " EXISTS (SELECT 1 FROM bundle_tenants t JOIN agents a ON a.tenant = t.tenant WHERE"
              " t.version = ?1 AND a.id = ?2))"
              " ON CONFLICT (version, agent) DO UPDATE SET crashes = max(crashes, ?5),"
              " since = iif(state = ?3, since, ?4), why = ?6, state = ?3");

    sq_bind(st, "ittiit", r->version, agent, r->state, now_ns, r->crashes, r->why);
    return sq_run(s, st);
}

enum vg_err
sqlite_bundle_ring(struct storage *base, int64_t version, json_t **out)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st =
        sq(s, "SELECT b.agent, a.host, b.canary, b.state, b.since, b.crashes, b.why,"
              " coalesce(a.last_seen, 0) FROM bundle_agents b JOIN agents a ON a.id = b.agent"
              " WHERE b.version = ? AND a.revoked IS NULL ORDER BY b.canary DESC, a.host, b.agent");
    json_t *all = json_array();
    enum vg_err err;

    sq_bind(st, "i", version);
    while ((err = sq_step(s, st)) == VG_OK)
        (void)json_array_append_new(
            all,
            json_pack("{so so sb so so so so so}", "agent", sq_json_text(st, 0), "host",
                      sq_json_text(st, 1), "canary", sqlite3_column_int(st, 2) != 0, "state",
                      sq_json_text(st, 3), "since", sq_json_int(st, 4), "crashes",
                      sq_json_int(st, 5), "why", sq_json_text(st, 6), "seen", sq_json_int(st, 7)));
    if (err != VG_ERR_NOENT) {
        json_decref(all);
        return err;
    }
    *out = all;
    return VG_OK;
}

/* Alerts of an agent's newest events, so that a look costs the same however long its history is. */
enum vg_err
sqlite_bundle_noise(struct storage *base, const char *agent, int64_t since_ns,
                    struct storage_noise *out)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(
        s, "SELECT coalesce(sum(received >= ?2 AND alert), 0), coalesce(sum(received < ?2 AND"
           " received >= ?3 AND alert), 0) FROM (SELECT received, class = 'alert' AND severity > 0"
           " AS alert FROM events WHERE key BETWEEN (?1 << 40) AND (?1 << 40) | 1099511627775"
           " ORDER BY key DESC LIMIT 5000)");
    sqlite3_stmt *streams =
        sq(s, "SELECT id FROM streams WHERE agent = ? ORDER BY id DESC LIMIT 4");
    enum vg_err err;

    memset(out, 0, sizeof *out);
    sq_bind(streams, "t", agent);
    while ((err = sq_step(s, streams)) == VG_OK) {
        (void)sqlite3_reset(st);
        sq_bind(st, "iii", (int64_t)sqlite3_column_int64(streams, 0), since_ns,
                since_ns - STORAGE_NOISE_BEFORE_NS);
        if ((err = sq_step(s, st)) != VG_OK)
            break;
        out->alerts += sqlite3_column_int64(st, 0);
        out->before += sqlite3_column_int64(st, 1);
        sq_end(st);
    }
    sq_end(streams);
    return err == VG_ERR_NOENT ? VG_OK : err;
}
