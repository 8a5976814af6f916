/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keeper/store_sql.h"

#include <stdio.h>

/* Numbered steps, never changed once released: a new one is added at the end. */
const char *const STORE_STEPS[] = {
    /* 1 */
    /* One row for each store id that this database had; the last is the current one. `sealed` is
     * what the seal's key file is known to have held when the last events were committed. */
    "CREATE TABLE stores(epoch INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
    " shipped INTEGER NOT NULL, last_seq INTEGER NOT NULL, last_seal BLOB NOT NULL,"
    " sealed INTEGER NOT NULL, cut_seq INTEGER NOT NULL, cut_seal BLOB NOT NULL,"
    " cut_at INTEGER NOT NULL, cut_mac BLOB NOT NULL);"
    /* body: nonce, AES-256-GCM text, tag; NULL when it was removed and its hash kept. */
    "CREATE TABLE events(n INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, seq INTEGER NOT NULL,"
    " id TEXT NOT NULL, recorded INTEGER NOT NULL, class TEXT NOT NULL, severity INTEGER NOT NULL,"
    " body BLOB, hash BLOB NOT NULL, seal BLOB NOT NULL, UNIQUE(epoch, seq));"
    "CREATE INDEX events_id ON events(id);"
    "CREATE INDEX events_recorded ON events(recorded);"
    "CREATE TABLE observations(n INTEGER PRIMARY KEY, recorded INTEGER NOT NULL,"
    " sensor TEXT NOT NULL, body BLOB NOT NULL);"
    "CREATE TABLE baselines(sensor TEXT NOT NULL, detector TEXT NOT NULL, key BLOB NOT NULL,"
    " version INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY(sensor, detector, key))"
    " WITHOUT ROWID;"
    "CREATE TABLE positions(sensor TEXT NOT NULL, source TEXT NOT NULL, body BLOB NOT NULL,"
    " PRIMARY KEY(sensor, source)) WITHOUT ROWID;"
    "CREATE TABLE incidents(key BLOB PRIMARY KEY, id TEXT NOT NULL, first INTEGER NOT NULL,"
    " last INTEGER NOT NULL, touched INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE named(name TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;",
};
const size_t STORE_STEPS_COUNT = VG_ARRAY_LEN(STORE_STEPS);

enum vg_err
sql_err(int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return VG_OK;
    case SQLITE_FULL:
    case SQLITE_TOOBIG:
        return VG_ERR_LIMIT;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return VG_ERR_FORMAT;
    case SQLITE_NOMEM:
        return VG_ERR_NOMEM;
    case SQLITE_CANTOPEN:
        return VG_ERR_NOENT;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
        return VG_ERR_DENIED;
    default:
        return VG_ERR_SYS;
    }
}

enum vg_err
sql_exec(sqlite3 *db, const char *sql)
{
    return sql_err(sqlite3_exec(db, sql, NULL, NULL, NULL));
}

enum vg_err
sql_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **out)
{
    return sql_err(sqlite3_prepare_v2(db, sql, -1, out, NULL));
}

enum vg_err
sql_row(sqlite3_stmt *s, bool *row)
{
    int code = sqlite3_step(s);

    *row = code == SQLITE_ROW;
    return sql_err(code);
}

enum vg_err
sql_done(sqlite3_stmt *s)
{
    int code;

    do
        code = sqlite3_step(s);
    while (code == SQLITE_ROW);
    sqlite3_finalize(s);
    return sql_err(code);
}

enum vg_err
sql_again(sqlite3_stmt *s)
{
    int code;

    do
        code = sqlite3_step(s);
    while (code == SQLITE_ROW);
    (void)sqlite3_reset(s); /* repeats the error of the step */
    sqlite3_clear_bindings(s);
    return sql_err(code);
}

enum vg_err
sql_int(sqlite3 *db, const char *sql, int64_t otherwise, int64_t *out)
{
    sqlite3_stmt *s = NULL;
    bool row = false;
    enum vg_err err = sql_prepare(db, sql, &s);

    if (err == VG_OK)
        err = sql_row(s, &row);
    if (err == VG_OK)
        *out = row ? sqlite3_column_int64(s, 0) : otherwise;
    sqlite3_finalize(s);
    return err;
}

const char *
sql_text(sqlite3_stmt *s, int column)
{
    const unsigned char *text = sqlite3_column_text(s, column);

    return text != NULL ? (const char *)text : "";
}

struct slice
sql_blob(sqlite3_stmt *s, int column)
{
    const void *at = sqlite3_column_blob(s, column);
    int n = sqlite3_column_bytes(s, column);

    return slice_of(at, at != NULL && n > 0 ? (size_t)n : 0);
}

static enum vg_err
migrate_one(sqlite3 *db, const char *step, size_t version)
{
    char mark[48];
    enum vg_err err = sql_exec(db, "BEGIN IMMEDIATE");

    if (err != VG_OK)
        return err;
    snprintf(mark, sizeof(mark), "PRAGMA user_version = %zu", version);
    err = sql_exec(db, step);
    if (err == VG_OK)
        err = sql_exec(db, mark);
    if (err == VG_OK)
        err = sql_exec(db, "COMMIT");
    if (err != VG_OK)
        (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return err;
}

enum vg_err
sql_migrate(sqlite3 *db, const char *const *steps, size_t count)
{
    int64_t version;
    enum vg_err err = sql_int(db, "PRAGMA user_version", 0, &version);

    if (err != VG_OK)
        return err;
    if (version < 0 || (size_t)version > count)
        return VG_ERR_CONFIG;
    for (size_t i = (size_t)version; i < count && err == VG_OK; i++)
        err = migrate_one(db, steps[i], i + 1);
    return err;
}
