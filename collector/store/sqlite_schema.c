/* SPDX-License-Identifier: Apache-2.0 */
/* The schema, one text for each version: a released one is never edited, a new one is added. */
#include "collector/store/sqlite_int.h"

/* events.key is stream * 2^40 + seq, so that one tree holds both the rows and their only key, and a
 * stream's events lie together in order. */
const char SQLITE_SCHEMA_1[] =
    "CREATE TABLE tenants (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
    "  token_key BLOB NOT NULL, created INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE sites (id TEXT PRIMARY KEY, tenant TEXT NOT NULL REFERENCES tenants(id),"
    "  name TEXT NOT NULL, zone TEXT NOT NULL, language TEXT NOT NULL, mail TEXT, hours TEXT,"
    "  created INTEGER NOT NULL, UNIQUE (tenant, name)) WITHOUT ROWID;"
    "CREATE TABLE users (id TEXT PRIMARY KEY, tenant TEXT NOT NULL, name TEXT NOT NULL UNIQUE,"
    "  role TEXT NOT NULL, language TEXT NOT NULL, password TEXT NOT NULL,"
    "  created INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE sessions (hash BLOB PRIMARY KEY, user TEXT NOT NULL REFERENCES users(id),"
    "  csrf TEXT NOT NULL, created INTEGER NOT NULL, expires INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE audit (id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, time INTEGER NOT NULL,"
    "  who TEXT NOT NULL, what TEXT NOT NULL, object TEXT NOT NULL, note TEXT);"
    "CREATE INDEX audit_object ON audit (object, id);"
    "CREATE TABLE tokens (hash BLOB PRIMARY KEY, tenant TEXT NOT NULL,"
    "  site TEXT NOT NULL REFERENCES sites(id), created INTEGER NOT NULL,"
    "  expires INTEGER NOT NULL, used INTEGER, agent TEXT) WITHOUT ROWID;"
    "CREATE TABLE agents (id TEXT PRIMARY KEY, tenant TEXT NOT NULL,"
    "  site TEXT NOT NULL REFERENCES sites(id), host TEXT NOT NULL, machine TEXT NOT NULL,"
    "  version TEXT NOT NULL, enrolled INTEGER NOT NULL, revoked INTEGER, last_seen INTEGER,"
    "  store TEXT, last_seq INTEGER, status TEXT) WITHOUT ROWID;"
    "CREATE INDEX agents_site ON agents (site);"
    "CREATE TABLE certs (fingerprint BLOB PRIMARY KEY, agent TEXT NOT NULL REFERENCES agents(id),"
    "  issued INTEGER NOT NULL, not_after INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX certs_agent ON certs (agent);"
    "CREATE TABLE seal_keys (agent TEXT NOT NULL, store TEXT NOT NULL, key BLOB NOT NULL,"
    "  PRIMARY KEY (agent, store)) WITHOUT ROWID;"
    "CREATE TABLE streams (id INTEGER PRIMARY KEY, agent TEXT NOT NULL REFERENCES agents(id),"
    "  store TEXT NOT NULL, created INTEGER NOT NULL, durable INTEGER NOT NULL,"
    "  UNIQUE (agent, store));"
    "CREATE TABLE events (key INTEGER PRIMARY KEY, id TEXT NOT NULL, tenant TEXT NOT NULL,"
    "  site TEXT NOT NULL, time INTEGER NOT NULL, recorded INTEGER NOT NULL,"
    "  received INTEGER NOT NULL, class TEXT NOT NULL, severity INTEGER NOT NULL,"
    "  detector TEXT NOT NULL, incident TEXT, body TEXT NOT NULL);"
    "CREATE INDEX events_incident ON events (incident, key) WHERE incident IS NOT NULL;"
    "CREATE TABLE quarantine (key INTEGER PRIMARY KEY, received INTEGER NOT NULL,"
    "  why TEXT NOT NULL, body BLOB NOT NULL);"
    "CREATE TABLE incidents (id TEXT PRIMARY KEY, tenant TEXT NOT NULL, site TEXT NOT NULL,"
    "  family TEXT NOT NULL, detector TEXT NOT NULL, subject_kind TEXT NOT NULL,"
    "  subject_id TEXT NOT NULL, subject_label TEXT NOT NULL, severity INTEGER NOT NULL,"
    "  state TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,"
    "  count INTEGER NOT NULL, event INTEGER NOT NULL, created INTEGER NOT NULL,"
    "  updated INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX incidents_key ON incidents (site, family, subject_kind, subject_id, last);"
    "CREATE INDEX incidents_last ON incidents (last, id);"
    "CREATE INDEX incidents_tenant ON incidents (tenant, last, id);"
    "CREATE TABLE incident_agents (incident TEXT NOT NULL, agent TEXT NOT NULL,"
    "  PRIMARY KEY (incident, agent)) WITHOUT ROWID;"
    "CREATE TABLE mails (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, tenant TEXT NOT NULL,"
    "  site TEXT NOT NULL, kind TEXT NOT NULL, recipient TEXT NOT NULL, state TEXT NOT NULL,"
    "  attempts INTEGER NOT NULL DEFAULT 0, created INTEGER NOT NULL, due INTEGER NOT NULL,"
    "  severity INTEGER NOT NULL DEFAULT 0, error TEXT, done INTEGER);"
    "CREATE INDEX mails_due ON mails (due) WHERE state IN ('queued', 'sending');"
    "CREATE INDEX mails_state ON mails (state);"
    "CREATE INDEX mails_site ON mails (site, created);"
    "CREATE TABLE mail_incidents (mail INTEGER NOT NULL, incident TEXT NOT NULL,"
    "  PRIMARY KEY (mail, incident)) WITHOUT ROWID;"
    "CREATE INDEX mail_incidents_incident ON mail_incidents (incident);";

/* The keys of tokens left the database (collector/token_keys.h), whose older programs would give out empty
 * ones: tenants.token_key is there, and empty. */
const char SQLITE_SCHEMA_2[] = "-- tenants.token_key is taken out by the program";

/* Bundles of rules: content in parts, so that a piece of it is read without the rest. */
const char SQLITE_SCHEMA_3[] =
    "CREATE TABLE bundle_keys (key BLOB PRIMARY KEY, added INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE bundles (version INTEGER PRIMARY KEY, sha256 BLOB NOT NULL,"
    "  size INTEGER NOT NULL, created INTEGER NOT NULL, expires INTEGER NOT NULL,"
    "  published INTEGER NOT NULL, note TEXT NOT NULL, origin INTEGER NOT NULL,"
    "  share INTEGER NOT NULL, quiet INTEGER NOT NULL, state TEXT NOT NULL, why TEXT NOT NULL,"
    "  promoted INTEGER, changed INTEGER NOT NULL);"
    "CREATE TABLE bundle_parts (version INTEGER NOT NULL REFERENCES bundles(version),"
    "  part INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (version, part));"
    "CREATE TABLE bundle_tenants (version INTEGER NOT NULL REFERENCES bundles(version),"
    "  tenant TEXT NOT NULL, PRIMARY KEY (version, tenant)) WITHOUT ROWID;"
    "CREATE TABLE bundle_agents (version INTEGER NOT NULL REFERENCES bundles(version),"
    "  agent TEXT NOT NULL REFERENCES agents(id), canary INTEGER NOT NULL, state TEXT NOT NULL,"
    "  since INTEGER NOT NULL, crashes INTEGER NOT NULL, why TEXT NOT NULL,"
    "  PRIMARY KEY (version, agent)) WITHOUT ROWID;";

/* Who is whose: an administrator or technician of one tenant becomes one of the provider's who was given
 * that tenant; a user of the provider sees all tenants or those given. */
const char SQLITE_SCHEMA_4[] =
    "ALTER TABLE users ADD COLUMN given INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE user_tenants (user TEXT NOT NULL REFERENCES users(id),"
    "  tenant TEXT NOT NULL REFERENCES tenants(id), PRIMARY KEY (user, tenant)) WITHOUT ROWID;"
    "INSERT INTO user_tenants (user, tenant) SELECT id, tenant FROM users"
    "  WHERE tenant != '' AND role IN ('admin', 'technician');"
    "UPDATE users SET given = 1, tenant = '' WHERE id IN (SELECT user FROM user_tenants);"
    "CREATE INDEX audit_tenant ON audit (tenant, id);";

/* The fleet: tokens have a name and a maker; agents can be removed, be silent, be found to be several. */
const char SQLITE_SCHEMA_5[] =
    "ALTER TABLE tokens ADD COLUMN id TEXT;"
    "ALTER TABLE tokens ADD COLUMN who TEXT;"
    "UPDATE tokens SET id = substr(lower(hex(hash)),1,8) || '-' || substr(lower(hex(hash)),9,4) ||"
    "  '-4' || substr(lower(hex(hash)),14,3) || '-8' || substr(lower(hex(hash)),18,3) || '-' ||"
    "  substr(lower(hex(hash)),21,12);"
    "CREATE UNIQUE INDEX tokens_id ON tokens (id);"
    "ALTER TABLE agents ADD COLUMN removed INTEGER;"
    "ALTER TABLE agents ADD COLUMN silent TEXT;" /* an incident */
    "ALTER TABLE agents ADD COLUMN cloned INTEGER;"
    "ALTER TABLE agents ADD COLUMN returns INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE agents ADD COLUMN returns_since INTEGER;"
    "CREATE INDEX agents_tenant ON agents (tenant);"
    "CREATE TABLE agent_faces (agent TEXT NOT NULL REFERENCES agents(id), kind TEXT NOT NULL,"
    "  value TEXT NOT NULL, host TEXT NOT NULL, address TEXT NOT NULL, first INTEGER NOT NULL,"
    "  last INTEGER NOT NULL, PRIMARY KEY (agent, kind, value)) WITHOUT ROWID;";

/* Signing in: second factors (sealed: collector/second_factor.h), tokens of programs, links in mails. */
const char SQLITE_SCHEMA_7[] =
    "ALTER TABLE users ADD COLUMN mail TEXT;"
    "ALTER TABLE users ADD COLUMN factor BLOB;"
    "ALTER TABLE users ADD COLUMN factor_on INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE users ADD COLUMN factor_step INTEGER NOT NULL DEFAULT 0;"
    "CREATE UNIQUE INDEX users_mail ON users (mail) WHERE mail IS NOT NULL;"
    "ALTER TABLE sessions ADD COLUMN whole INTEGER NOT NULL DEFAULT 1;"
    "CREATE INDEX sessions_user ON sessions (user);"
    "CREATE TABLE recovery_codes (user TEXT NOT NULL REFERENCES users(id), hash BLOB NOT NULL,"
    "  PRIMARY KEY (user, hash)) WITHOUT ROWID;"
    "CREATE TABLE api_tokens (id TEXT PRIMARY KEY, user TEXT NOT NULL REFERENCES users(id),"
    "  name TEXT NOT NULL, rights INTEGER NOT NULL, hash BLOB NOT NULL UNIQUE,"
    "  created INTEGER NOT NULL, expires INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX api_tokens_user ON api_tokens (user);"
    "CREATE TABLE password_links (id TEXT PRIMARY KEY, user TEXT NOT NULL REFERENCES users(id),"
    "  created INTEGER NOT NULL, expires INTEGER NOT NULL, used INTEGER) WITHOUT ROWID;"
    "CREATE INDEX password_links_user ON password_links (user, created);";

/* A second factor that was begun waits beside the one that is on. */
const char SQLITE_SCHEMA_13[] =
    "ALTER TABLE users ADD COLUMN factor_next BLOB;"
    "UPDATE users SET factor_next = factor, factor = NULL WHERE factor_on = 0;";

/* Settings of agents; owner: "" the provider, else a tenant's or a site's id. */
const char SQLITE_SCHEMA_9[] = "CREATE TABLE settings (owner TEXT PRIMARY KEY, body TEXT NOT NULL,"
                               "  changed INTEGER NOT NULL) WITHOUT ROWID;";
