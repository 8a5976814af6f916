/* SPDX-License-Identifier: Apache-2.0 */
/* The schema's later parts about the fleet; rules and order as in sqlite_schema.c. */
#include "collector/store/sqlite_int.h"

/* Hourly sums of a site, and which kinds of them there are. */
const char SQLITE_SCHEMA_10[] =
    "CREATE TABLE figure_kinds (site TEXT NOT NULL REFERENCES sites(id), kind TEXT NOT NULL,"
    "  PRIMARY KEY (site, kind)) WITHOUT ROWID;"
    "CREATE TABLE figures (site TEXT NOT NULL, kind TEXT NOT NULL, hour INTEGER NOT NULL,"
    "  value INTEGER NOT NULL, PRIMARY KEY (site, kind, hour)) WITHOUT ROWID;"
    "CREATE INDEX figures_hour ON figures (hour);";

/* What lists of agents show of a status, so that they need not read it whole. */
const char SQLITE_SCHEMA_11[] = "ALTER TABLE agents ADD COLUMN brief TEXT;";

/* When an incident was resolved (`updated` is also of other changes); how many records of an agent came from
 * a clock that cannot be right, and when the last did. */
const char SQLITE_SCHEMA_12[] =
    "ALTER TABLE incidents ADD COLUMN resolved INTEGER;"
    "UPDATE incidents SET resolved = updated WHERE state = 'resolved_true';"
    "ALTER TABLE agents ADD COLUMN moved INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE agents ADD COLUMN moved_last INTEGER;";

/* Settings that an agent got under a version above their own: which, and under which. */
const char SQLITE_SCHEMA_14[] =
    "ALTER TABLE agents ADD COLUMN settings_of INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE agents ADD COLUMN settings_sent INTEGER NOT NULL DEFAULT 0;";
