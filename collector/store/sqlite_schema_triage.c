/* SPDX-License-Identifier: Apache-2.0 */
/* The schema's later parts about triage; rules and order as in sqlite_schema.c. */
#include "collector/store/sqlite_int.h"

/* clang-format off */
#define DAY_OF(row) row ".first / 86400000000000"

/* One incident more (+) or less (-) in what the pages count: as it is in `row`. */
#define COUNT_IT(row, sign)                                                                        \
    "INSERT INTO incident_open (site, severity, tenant, n)"                                        \
    "  SELECT " row ".site, " row ".severity, " row ".tenant, " sign "1"                           \
    "  WHERE " row "." INCIDENT_OPEN " ON CONFLICT DO UPDATE SET n = n + excluded.n;"              \
    "INSERT INTO incident_days (day, tenant, site, detector, severity, n, was_true, was_false,"    \
    "  was_expected) VALUES (" DAY_OF(row) ", " row ".tenant, " row ".site, " row ".detector, "    \
    row ".severity, " sign "1, " sign "(" row ".state = 'resolved_true'),"                         \
    "  " sign "(" row ".state = 'resolved_false'), " sign "(" row ".state = 'resolved_expected'))" \
    "  ON CONFLICT DO UPDATE SET n = n + excluded.n, was_true = was_true + excluded.was_true,"     \
    "  was_false = was_false + excluded.was_false,"                                                \
    "  was_expected = was_expected + excluded.was_expected;"

/* Assignees; what the pages count, kept by triggers in the transaction of the change; full-text search.
 *
 * incidents.num orders the search: (seconds of `last` when the incident began) * 2^20 + a count. It stays,
 * so that `last` lies at most STORAGE_INCIDENT_SPAN_NS behind it, and the newest are found by walking it
 * backwards. incident_search has a row for each num; its `tags` are words that filters ask for
 * (sqlite_search.c), the rest is what people wrote or read. */
const char SQLITE_SCHEMA_6[] =
    "ALTER TABLE incidents ADD COLUMN num INTEGER;"
    "ALTER TABLE incidents ADD COLUMN assignee TEXT;"
    "UPDATE incidents SET num = x.num FROM (SELECT id, (last / 1000000000 << 20) + row_number() OVER"
    "  (PARTITION BY last / 1000000000 ORDER BY id) - 1 AS num FROM incidents) x"
    "  WHERE x.id = incidents.id;"
    "CREATE UNIQUE INDEX incidents_num ON incidents (num, last);"
    "CREATE INDEX incidents_open ON incidents (last, id) WHERE " INCIDENT_OPEN ";"
    "CREATE INDEX incidents_open_tenant ON incidents (tenant, last, id) WHERE " INCIDENT_OPEN ";"
    "CREATE INDEX events_incident_time ON events (incident, time, key) WHERE incident IS NOT NULL;"
    "DROP INDEX events_incident;"
    "CREATE TABLE incident_open (site TEXT NOT NULL, severity INTEGER NOT NULL,"
    "  tenant TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (site, severity)) WITHOUT ROWID;"
    "CREATE TABLE incident_days (day INTEGER NOT NULL, tenant TEXT NOT NULL, site TEXT NOT NULL,"
    "  detector TEXT NOT NULL, severity INTEGER NOT NULL, n INTEGER NOT NULL,"
    "  was_true INTEGER NOT NULL, was_false INTEGER NOT NULL, was_expected INTEGER NOT NULL,"
    "  PRIMARY KEY (day, tenant, site, detector, severity)) WITHOUT ROWID;"
    "INSERT INTO incident_open (site, severity, tenant, n) SELECT site, severity, tenant, count(*)"
    "  FROM incidents WHERE " INCIDENT_OPEN " GROUP BY 1, 2;"
    "INSERT INTO incident_days SELECT " DAY_OF("incidents") ", tenant, site, detector, severity,"
    "  count(*), sum(state = 'resolved_true'), sum(state = 'resolved_false'),"
    "  sum(state = 'resolved_expected') FROM incidents GROUP BY 1, 2, 3, 4, 5;"
    "CREATE TRIGGER incidents_counted AFTER INSERT ON incidents BEGIN " COUNT_IT("new", "") "END;"
    "CREATE TRIGGER incidents_counted_anew AFTER UPDATE OF state, severity, detector, first ON"
    "  incidents WHEN (old.state, old.severity, old.detector, " DAY_OF("old") ") IS NOT"
    "  (new.state, new.severity, new.detector, " DAY_OF("new") ")"
    "  BEGIN " COUNT_IT("old", "-") COUNT_IT("new", "") "END;"
    "CREATE VIRTUAL TABLE incident_search USING fts5 (subject, peer, detector, site, tenant, facts,"
    "  notes, tags, prefix = '2 3 4', columnsize = 0,"
    "  tokenize = \"unicode61 remove_diacritics 2\");"
    "INSERT INTO incident_search (rowid, subject, peer, detector, site, tenant, facts, notes, tags)"
    "  SELECT i.num, " SEARCH_SUBJECT ","
    "  coalesce(e.body ->> '$.peer.label', '') || ' ' || coalesce(e.body ->> '$.peer.id', ''),"
    "  i.detector, s.name, t.name, coalesce((SELECT group_concat(value, char(10)) FROM"
    "  json_each(e.body, '$.facts') WHERE type = 'text'), ''),"
    "  coalesce((SELECT group_concat(note, char(10)) FROM audit WHERE object = i.id), ''),"
    SEARCH_TAGS
    "  FROM incidents i JOIN sites s ON s.id = i.site JOIN tenants t ON t.id = i.tenant"
    "  JOIN events e ON e.key = i.event;";

/* Exceptions and verdicts, which agents are told, and saved views. Each change has the next version of
 * feedback_versions, so that an agent needs to say one number only. */
const char SQLITE_SCHEMA_8[] =
    "CREATE TABLE feedback_versions (n INTEGER NOT NULL);"
    "INSERT INTO feedback_versions VALUES (0);"
    "ALTER TABLE agents ADD COLUMN feedback INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE exceptions (id TEXT PRIMARY KEY, tenant TEXT NOT NULL REFERENCES tenants(id),"
    "  site TEXT NOT NULL, detector TEXT NOT NULL, subject_kind TEXT NOT NULL,"
    "  subject_id TEXT NOT NULL, subject_label TEXT NOT NULL, peer_id TEXT NOT NULL,"
    "  peer_label TEXT NOT NULL, kind TEXT NOT NULL, until INTEGER NOT NULL, why TEXT NOT NULL,"
    "  incident TEXT, who TEXT NOT NULL, created INTEGER NOT NULL, ended INTEGER, ended_by TEXT,"
    "  made INTEGER NOT NULL, version INTEGER NOT NULL, held INTEGER NOT NULL DEFAULT 0,"
    "  held_last INTEGER) WITHOUT ROWID;"
    "CREATE INDEX exceptions_version ON exceptions (tenant, version);"
    "CREATE INDEX exceptions_hold ON exceptions (tenant, detector, subject_id) WHERE ended IS NULL;"
    "CREATE TABLE verdicts (agent TEXT NOT NULL, version INTEGER NOT NULL, incident TEXT NOT NULL,"
    "  sensor TEXT NOT NULL, detector TEXT NOT NULL, subject_kind TEXT NOT NULL,"
    "  subject_id TEXT NOT NULL, peer_id TEXT NOT NULL, kind TEXT NOT NULL, time INTEGER NOT NULL,"
    "  PRIMARY KEY (agent, version)) WITHOUT ROWID;"
    "CREATE INDEX verdicts_incident ON verdicts (incident);"
    "CREATE INDEX verdicts_time ON verdicts (time);"
    "CREATE TABLE views (id TEXT PRIMARY KEY, user TEXT NOT NULL, tenant TEXT NOT NULL,"
    "  name TEXT NOT NULL, query TEXT NOT NULL, shared INTEGER NOT NULL, created INTEGER NOT NULL,"
    "  UNIQUE (user, name)) WITHOUT ROWID;"
    "CREATE INDEX views_shared ON views (tenant) WHERE shared;";
/* clang-format on */
