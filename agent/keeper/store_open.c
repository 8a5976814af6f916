/* SPDX-License-Identifier: Apache-2.0 */
/* Opening: the lock, the body key, the database (set aside when damaged), the seal. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/keeper/health.h"
#include "agent/keeper/store_internal.h"
#include "common/vtime.h"

/* Below this size a start checks every page; it takes some 100 ms. */
#define LOCK_WAIT_NS (20 * VG_MS_NS)
enum { LOCK_TRIES = 25 };
#define QUICK_CHECK_BYTES (INT64_C(64) * 1024 * 1024)

char *
store_path(const char *dir, const char *name)
{
    size_t n = strlen(dir) + strlen(name) + 2;
    char *path = malloc(n);

    if (path != NULL)
        snprintf(path, n, "%s/%s", dir, name);
    return path;
}

static void
told(char why[STORE_WHY_MAX], const char *what, const char *detail)
{
    snprintf(why, STORE_WHY_MAX, "%s%s%s", what, detail[0] != '\0' ? ": " : "", detail);
}

static enum vg_err
take_lock(struct store *s, char why[STORE_WHY_MAX])
{
    char *path = store_path(s->dir, "lock");
    enum vg_err err;

    if (path == NULL)
        return VG_ERR_NOMEM;
    err = platform_lock(path, &s->lock);
    /* `status` holds it for an instant, to see whether anybody lives. */
    for (int i = 0; i < LOCK_TRIES && err == VG_ERR_EXISTS; i++) {
        unsigned ready;

        if (platform_wait(NULL, 0, 0, LOCK_WAIT_NS, &ready) != VG_OK)
            break;
        err = platform_lock(path, &s->lock);
    }
    if (err == VG_OK)
        s->locked = true;
    else if (err == VG_ERR_EXISTS)
        told(why, "the store is in use by another vigia-agent run", s->dir);
    else
        told(why, "the state folder cannot be written", s->dir);
    free(path);
    return err;
}

/* What holds for each connection. auto_vacuum counts only before the first table. */
static enum vg_err
set_up(struct store *s)
{
    enum vg_err err;

    sqlite3_busy_timeout(s->db, 5000);
    (void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    err = sql_exec(s->db, "PRAGMA trusted_schema = OFF; PRAGMA cache_size = -2048;"
                          "PRAGMA mmap_size = 0; PRAGMA foreign_keys = OFF");
    if (err == VG_OK && !s->read_only)
        err = sql_exec(s->db, "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;"
                              "PRAGMA secure_delete = FAST; PRAGMA journal_size_limit = 4194304;"
                              "PRAGMA synchronous = FULL");
    return err;
}

static enum vg_err
check_pages(struct store *s)
{
    sqlite3_stmt *q = NULL;
    bool row = false;
    enum vg_err err;

    if (store_used_bytes(s) > QUICK_CHECK_BYTES)
        return VG_OK;
    err = sql_prepare(s->db, "PRAGMA quick_check(1)", &q);
    if (err == VG_OK)
        err = sql_row(q, &row);
    if (err == VG_OK && row && strcmp(sql_text(q, 0), "ok") != 0)
        err = VG_ERR_FORMAT;
    sqlite3_finalize(q);
    return err;
}

static enum vg_err
open_database(struct store *s)
{
    char *path = store_path(s->dir, "vigia.db");
    int flags = s->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    int64_t version;
    enum vg_err err;

    if (path == NULL)
        return VG_ERR_NOMEM;
    err = sql_err(sqlite3_open_v2(path, &s->db, flags | SQLITE_OPEN_NOMUTEX, NULL));
    free(path);
    if (err == VG_OK)
        err = set_up(s);
    if (err == VG_OK && s->read_only) {
        err = sql_int(s->db, "PRAGMA user_version", 0, &version);
        if (err == VG_OK && version != (int64_t)STORE_STEPS_COUNT)
            err = version == 0 ? VG_ERR_NOENT : VG_ERR_CONFIG;
        return err;
    }
    if (err == VG_OK)
        err = sql_migrate(s->db, STORE_STEPS, STORE_STEPS_COUNT);
    if (err == VG_OK)
        err = check_pages(s);
    return err;
}

static void
close_database(struct store *s)
{
    (void)sqlite3_close(s->db);
    s->db = NULL;
}

/* One damaged database is kept beside, for whoever wants to look. */
static enum vg_err
set_aside(struct store *s)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    enum vg_err err = VG_OK;

    close_database(s);
    for (size_t i = 0; i < VG_ARRAY_LEN(suffixes) && err == VG_OK; i++) {
        char from[32], to[48];
        char *old, *new;

        snprintf(from, sizeof(from), "vigia.db%s", suffixes[i]);
        snprintf(to, sizeof(to), "vigia.db.damaged%s", suffixes[i]);
        old = store_path(s->dir, from);
        new = store_path(s->dir, to);
        if (old == NULL || new == NULL) {
            err = VG_ERR_NOMEM;
        } else {
            enum vg_err gone = platform_file_remove(new);

            if ((gone != VG_OK && gone != VG_ERR_NOENT) || (rename(old, new) != 0 && i == 0))
                err = VG_ERR_SYS;
        }
        free(old);
        free(new);
    }
    return err;
}

/* A disk that is full leaves no room to say so: this file is given up then. */
static void
keep_reserve(struct store *s)
{
    static const uint8_t filler[STORE_RESERVE_BYTES] = {1};
    char *path = store_path(s->dir, "reserve");
    struct platform_stat stat;

    if (path != NULL && platform_path_stat(path, &stat) != VG_OK &&
        platform_file_replace(path, slice_of(filler, sizeof(filler)), true) != VG_OK)
        (void)!platform_file_remove(path); /* no room now: the next start tries again */
    free(path);
}

static enum vg_err
record(struct store *s, const char *detector, const char *what)
{
    json_t *facts = json_pack("{s:s}", "what", what);
    int64_t now = vtime_now();

    return store_event(s, store_health_event(s, detector, SEVERITY_HIGH, now, facts), now);
}

/* The same disk in another machine is a copy: its events must not be taken for the first one's. */
static enum vg_err
check_machine(struct store *s, bool *cloned)
{
    char machine[128] = "";
    struct buf known;
    enum vg_err err;

    *cloned = false;
    if (platform_machine_id(machine, sizeof(machine)) != VG_OK || machine[0] == '\0')
        return VG_OK;
    buf_init(&known, 256);
    err = store_value(s, "machine", &known);
    if (err == VG_OK && !str_eq(str_n(known.data, known.len), str_of(machine)))
        *cloned = true;
    if (err == VG_ERR_NOENT || *cloned)
        err = store_set_value(s, "machine", slice_of(machine, strlen(machine)));
    buf_done(&known);
    return err;
}

/* The writer's start: the database and its keys belong together, or a new store id begins. */
static enum vg_err
start_writer(struct store *s, const char *damage, char why[STORE_WHY_MAX])
{
    bool cloned = false;
    enum vg_err err = store_epoch_read(s);

    if (err == VG_ERR_NOENT)
        err = store_epoch_begin(s);
    if (err != VG_OK)
        return err;
    err = store_seal_resume(s, why);
    if (err == VG_ERR_DENIED) {
        err = store_epoch_begin(s);
        if (err == VG_OK)
            err = record(s, "agent.store_restored", why);
    }
    if (err == VG_OK)
        err = check_machine(s, &cloned);
    if (err == VG_OK && cloned) {
        err = store_epoch_begin(s);
        if (err == VG_OK)
            err = record(s, "agent.store_cloned", "this store was made on another machine");
    }
    if (err == VG_OK && damage[0] != '\0')
        err = record(s, "agent.store_damaged", damage);
    if (err == VG_OK)
        keep_reserve(s);
    return err;
}

static enum vg_err
open_writer(struct store *s, char why[STORE_WHY_MAX])
{
    const char *damage = "";
    enum vg_err err = platform_folder_make(s->dir, true);

    if (err != VG_OK) {
        told(why, "the state folder cannot be made", s->dir);
        return err;
    }
    err = take_lock(s, why);
    if (err != VG_OK)
        return err;
    err = open_database(s);
    if (err == VG_ERR_FORMAT)
        damage = "the database was damaged and is set aside";
    if (err == VG_OK) {
        err = store_key_load(s);
        if (err == VG_ERR_DENIED)
            damage = "the key of the database is missing or another one; it is set aside";
    }
    if (damage[0] != '\0') {
        err = set_aside(s);
        if (err == VG_OK)
            err = open_database(s);
        if (err == VG_OK)
            err = store_key_load(s);
    }
    if (err == VG_OK)
        err = store_limit_pages(s, s->bytes_max);
    if (err == VG_OK)
        err = start_writer(s, damage, why);
    if (err != VG_OK && why[0] == '\0')
        told(why,
             err == VG_ERR_CONFIG ? "the store was made by a newer vigia-agent"
                                  : "the store cannot be opened",
             s->db != NULL && err != VG_ERR_CONFIG ? sqlite3_errmsg(s->db) : s->dir);
    return err;
}

static enum vg_err
open_reader(struct store *s, char why[STORE_WHY_MAX])
{
    enum vg_err err = open_database(s);

    if (err == VG_OK)
        err = store_key_load(s);
    if (err == VG_OK)
        err = store_epoch_read(s);
    if (err == VG_ERR_NOENT)
        told(why, "there is no store yet, or it may not be read (try as the user of the service)",
             s->dir);
    else if (err == VG_ERR_CONFIG)
        told(why, "the store was made by another version of vigia-agent", s->dir);
    else if (err != VG_OK)
        told(why, "the store cannot be read", s->dir);
    return err;
}

enum vg_err
store_open(const struct store_options *options, struct store **out, char why[STORE_WHY_MAX])
{
    struct store *s = calloc(1, sizeof(*s));
    enum vg_err err;

    why[0] = '\0';
    if (s == NULL)
        return VG_ERR_NOMEM;
    s->dir = strdup(options->dir);
    s->read_only = options->read_only;
    s->bytes_max = options->bytes_max > 0 ? options->bytes_max : INT64_C(512) << 20;
    s->alerts_keep_ns = options->alerts_keep_ns > 0 ? options->alerts_keep_ns : 365 * VG_DAY_NS;
    s->observations_keep_ns =
        options->observations_keep_ns > 0 ? options->observations_keep_ns : 7 * VG_DAY_NS;
    err = s->dir == NULL ? VG_ERR_NOMEM : s->read_only ? open_reader(s, why) : open_writer(s, why);
    if (err != VG_OK) {
        store_close(s);
        return err;
    }
    *out = s;
    return VG_OK;
}

void
store_close(struct store *store)
{
    if (store == NULL)
        return;
    (void)sqlite3_close(store->db);
    store_crypt_free(store->crypt);
    if (store->locked)
        platform_unlock(store->lock);
    platform_secure_zero(&store->chain, sizeof(store->chain));
    free(store->dir);
    free(store);
}

const char *
store_id(const struct store *store)
{
    return store->chain.id;
}

json_t *
store_health_event(const struct store *s, const char *detector, enum severity severity,
                   int64_t now_ns, json_t *facts)
{
    return health_event(detector, severity, s->chain.id, now_ns, facts);
}
