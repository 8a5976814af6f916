/* SPDX-License-Identifier: Apache-2.0 */
/* store_sql: SQLite with this program's result codes, and the schema with its migrations. */
#pragma once

#include <sqlite3.h>

#include "common/slice.h"

/* What a SQLite result means to us: SQLITE_FULL is VG_ERR_LIMIT, a damaged file VG_ERR_FORMAT. */
enum vg_err sql_err(int code);
enum vg_err sql_exec(sqlite3 *db, const char *sql) VG_MUST_CHECK;
/* *out is the caller's: sql_done() or sqlite3_finalize(). */
enum vg_err sql_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **out) VG_MUST_CHECK;
/* One step: *row false at the end. */
enum vg_err sql_row(sqlite3_stmt *s, bool *row) VG_MUST_CHECK;
/* Runs to the end and finalizes; sql_again() resets instead, for the next set of values. */
enum vg_err sql_done(sqlite3_stmt *s) VG_MUST_CHECK;
enum vg_err sql_again(sqlite3_stmt *s) VG_MUST_CHECK;
/* One integer of a query without parameters; `otherwise` when there is no row. */
enum vg_err sql_int(sqlite3 *db, const char *sql, int64_t otherwise, int64_t *out) VG_MUST_CHECK;
const char *sql_text(sqlite3_stmt *s, int column); /* never NULL, valid until the next step */
struct slice sql_blob(sqlite3_stmt *s, int column);

/* Steps from version to version: steps[i] leads from i to i + 1, each in its own transaction.
 * VG_ERR_CONFIG: the file was made by a newer program. */
enum vg_err sql_migrate(sqlite3 *db, const char *const *steps, size_t count) VG_MUST_CHECK;
extern const char *const STORE_STEPS[];
extern const size_t STORE_STEPS_COUNT;
