/* SPDX-License-Identifier: Apache-2.0 */
/* From the schema that a database has to the one of this program, step by step in one transaction. */
#include <stdio.h>

#include "collector/store/sqlite_int.h"

enum { SCHEMA_VERSION = 14 };

static enum vg_err
schema_version(struct sqlite *s, int *out)
{
    sqlite3_stmt *st = NULL;
    enum vg_err err = sq_err(sqlite3_prepare_v2(s->db, "PRAGMA user_version", -1, &st, NULL));

    if (err == VG_OK)
        err = sq_step(s, st);
    if (err == VG_OK)
        *out = sqlite3_column_int(st, 0);
    (void)sqlite3_finalize(st);
    return err;
}

enum vg_err
sq_migrate(struct sqlite *s, enum storage_mode mode, char out_why[STORAGE_WHY_MAX])
{
    static const char *const steps[SCHEMA_VERSION] = {
        SQLITE_SCHEMA_1,  SQLITE_SCHEMA_2,  SQLITE_SCHEMA_3,  SQLITE_SCHEMA_4, SQLITE_SCHEMA_5,
        SQLITE_SCHEMA_6,  SQLITE_SCHEMA_7,  SQLITE_SCHEMA_8,  SQLITE_SCHEMA_9, SQLITE_SCHEMA_10,
        SQLITE_SCHEMA_11, SQLITE_SCHEMA_12, SQLITE_SCHEMA_13, SQLITE_SCHEMA_14};
    int version = 0;
    enum vg_err err;

    /* Looked at again inside the transaction: two programs may start at once. */
    if (mode == STORAGE_WRITE && (err = sq_exec(s, "BEGIN IMMEDIATE")) != VG_OK)
        return err;
    err = schema_version(s, &version);
    if (err == VG_OK && (version > SCHEMA_VERSION || (version == 0 && mode == STORAGE_READ))) {
        (void)snprintf(out_why, STORAGE_WHY_MAX,
                       version == 0 ? "no collector database yet: run `vigia-collector init`"
                                    : "database schema %d is newer than this program",
                       version);
        err = VG_ERR_FORMAT;
    }
    for (int v = version; err == VG_OK && mode == STORAGE_WRITE && v < SCHEMA_VERSION; v++) {
        char pragma[64];

        err = sq_exec(s, steps[v]);
        (void)snprintf(pragma, sizeof pragma, "PRAGMA user_version = %d", v + 1);
        if (err == VG_OK)
            err = sq_exec(s, pragma);
    }
    if (mode == STORAGE_WRITE && err == VG_OK)
        err = sq_exec(s, "COMMIT");
    if (mode == STORAGE_WRITE && err != VG_OK)
        (void)sq_exec(s, "ROLLBACK");
    return err;
}
