/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keeper/incident.h"

#include <openssl/evp.h>
#include <string.h>

#include "agent/keeper/store_sql.h"
#include "common/vtime.h"

#define SAME_NS (EVENT_INCIDENT_HOURS * VG_HOUR_NS)

/* The key is hashed: subjects may be long, and the database names nobody in clear text. */
static enum vg_err
key_of(const json_t *event, uint8_t out[32])
{
    const char *detector = vg_json_str(event, "detector", "");
    const json_t *subject = json_object_get(event, "subject");
    const char *kind = vg_json_str(subject, "kind", ""), *id = vg_json_str(subject, "id", "");
    struct str family = event_family(detector);
    struct buf text;
    enum vg_err err = VG_ERR_NOMEM;

    buf_init(&text, 4096);
    buf_put(&text, family.at, family.len);
    buf_put_u8(&text, 0);
    buf_put_str(&text, kind);
    buf_put_u8(&text, 0);
    buf_put_str(&text, id);
    if (!text.bad && EVP_Digest(text.data, text.len, out, NULL, EVP_sha256(), NULL) == 1)
        err = VG_OK;
    buf_done(&text);
    return err;
}

/* VG_ERR_NOENT: none is open near this time. */
static enum vg_err
find(sqlite3 *db, const uint8_t key[32], int64_t time_ns, int64_t *first, int64_t *last,
     char out[UUID_TEXT_SIZE])
{
    sqlite3_stmt *s = NULL;
    enum vg_err err = sql_prepare(db, "SELECT id, first, last FROM incidents WHERE key = ?", &s);
    bool row = false;

    if (err == VG_OK) {
        sqlite3_bind_blob(s, 1, key, 32, SQLITE_STATIC);
        err = sql_row(s, &row);
    }
    if (err == VG_OK && row) {
        *first = sqlite3_column_int64(s, 1);
        *last = sqlite3_column_int64(s, 2);
        row = time_ns <= *last + SAME_NS && time_ns >= *first - SAME_NS &&
              vg_strcpy(out, UUID_TEXT_SIZE, sql_text(s, 0));
    }
    sqlite3_finalize(s);
    if (err != VG_OK)
        return err;
    return row ? VG_OK : VG_ERR_NOENT;
}

enum vg_err
incident_of(sqlite3 *db, const json_t *event, int64_t now_ns, char out[UUID_TEXT_SIZE])
{
    const char *time = vg_json_str(event, "time", "");
    char id[UUID_TEXT_SIZE] = "";
    int64_t time_ns, first = 0, last = 0;
    sqlite3_stmt *s = NULL;
    uint8_t key[32];
    enum severity severity;
    enum vg_err err;

    out[0] = '\0';
    if (severity_parse(vg_json_str(event, "severity", ""), &severity) != VG_OK ||
        severity == SEVERITY_INFO || vtime_parse(time, strlen(time), &time_ns) != VG_OK)
        return VG_OK;
    err = key_of(event, key);
    if (err != VG_OK)
        return err;
    err = find(db, key, time_ns, &first, &last, id);
    if (err == VG_ERR_NOENT) {
        first = last = time_ns;
        err = uuid_v7(now_ns, id);
    }
    if (err != VG_OK)
        return err;
    err = sql_prepare(db,
                      "INSERT OR REPLACE INTO incidents(key, id, first, last, touched)"
                      " VALUES(?, ?, ?, ?, ?)",
                      &s);
    if (err != VG_OK)
        return err;
    sqlite3_bind_blob(s, 1, key, sizeof(key), SQLITE_STATIC);
    sqlite3_bind_text(s, 2, id, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 3, time_ns < first ? time_ns : first);
    sqlite3_bind_int64(s, 4, time_ns > last ? time_ns : last);
    sqlite3_bind_int64(s, 5, now_ns);
    err = sql_done(s);
    if (err == VG_OK)
        memcpy(out, id, sizeof(id));
    return err;
}

enum vg_err
incident_expire(sqlite3 *db, int64_t now_ns)
{
    sqlite3_stmt *s = NULL;
    enum vg_err err = sql_prepare(db,
                                  "DELETE FROM incidents WHERE touched < ?1 OR key IN (SELECT key"
                                  " FROM incidents ORDER BY touched DESC LIMIT -1 OFFSET ?2)",
                                  &s);

    if (err != VG_OK)
        return err;
    sqlite3_bind_int64(s, 1, now_ns - 30 * VG_DAY_NS);
    sqlite3_bind_int64(s, 2, INCIDENT_ROWS_MAX);
    return sql_done(s);
}
