/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of tokens: in a file of their own, made once, each tenant's its own; taken out of a database of
 * schema 1 without a trace; damage is told, not mended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "collector/files.h"
#include "collector/store/sqlite_int.h"
#include "collector/token_keys.h"

#define NOW (INT64_C(1790000000) * 1000000000)

struct world {
    char dir[64], path[128], file[128];
    struct collector_config config;
    struct storage *s;
};

static void
store_open(struct world *w)
{
    char why[STORAGE_WHY_MAX];

    if (storage_open(w->path, STORAGE_WRITE, &w->s, why) != VG_OK)
        fail_msg("%s", why);
}

static int
setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    assert_non_null(w);
    snprintf(w->dir, sizeof w->dir, "/tmp/vigia-keys-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->path, sizeof w->path, "%s/collector.db", w->dir);
    snprintf(w->file, sizeof w->file, "%s/pki/tokens.key", w->dir);
    w->config.state_dir = w->dir;
    store_open(w);
    *state = w;
    return 0;
}

static int
teardown(void **state)
{
    struct world *w = *state;
    char command[128];

    storage_close(w->s);
    snprintf(command, sizeof command, "rm -r %s", w->dir);
    assert_int_equal(system(command), 0);
    free(w);
    return 0;
}

/* Whether the bytes stand in the file. */
static bool
holds(const char *path, const void *bytes, size_t n)
{
    struct buf all;
    bool found = n == 0;

    buf_init(&all, 1 << 24);
    if (files_read(path, 1 << 24, &all) == VG_OK)
        for (size_t i = 0; i + n <= all.len && !found; i++)
            found = memcmp(all.data + i, bytes, n) == 0;
    buf_done(&all);
    return found;
}

static void
test_made_once(void **state)
{
    struct world *w = *state;
    struct token_keys k, again;
    char a[UUID_TEXT_SIZE], b[UUID_TEXT_SIZE];
    uint8_t key[4][TOKEN_KEYS_SIZE];
    struct stat st;

    assert_int_equal(w->s->ops->tenant_add(w->s, "Uno", NOW, a), VG_OK);
    assert_int_equal(w->s->ops->tenant_add(w->s, "Dos", NOW, b), VG_OK);
    assert_int_equal(token_keys_open(&w->config, w->s, &k), VG_OK);
    assert_true(k.made);
    assert_int_equal(stat(w->file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(token_keys_open(&w->config, w->s, &again), VG_OK);
    assert_false(again.made);
    assert_int_equal(token_keys_of(&k, a, key[0]), VG_OK);
    assert_int_equal(token_keys_of(&k, b, key[1]), VG_OK);
    assert_int_equal(token_keys_of(&again, a, key[2]), VG_OK);
    assert_memory_equal(key[0], key[2], sizeof key[0]);
    assert_memory_not_equal(key[0], key[1], sizeof key[0]);
    assert_false(holds(w->path, key[0], sizeof key[0]));
    assert_false(holds(w->path, k.root, sizeof k.root));
    token_keys_done(&k);
    token_keys_done(&again);
}

/* A database of schema 1 in the place of the other. */
static void
begin_old(struct world *w)
{
    char wal[160];
    sqlite3 *db;

    storage_close(w->s);
    w->s = NULL;
    (void)remove(w->path);
    snprintf(wal, sizeof wal, "%s-wal", w->path);
    (void)remove(wal);
    assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, SQLITE_SCHEMA_1, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "PRAGMA user_version = 1;"
                                  "INSERT INTO tenants (id, name, token_key, created) VALUES"
                                  " ('018f0000-0000-7000-8000-0000000000c0','T0',x'',1),"
                                  " ('018f0000-0000-7000-8000-0000000000c1','T1',x'',1),"
                                  " ('018f0000-0000-7000-8000-0000000000c2','T2',x'',1)",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
}

/* The key of the tenant stands in the database, as in schema 1. */
static void
make_old(const struct world *w, const char *tenant, const uint8_t key[TOKEN_KEYS_SIZE])
{
    sqlite3_stmt *st;
    sqlite3 *db;

    assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db, "UPDATE tenants SET token_key = ? WHERE id = ?", -1, &st, NULL),
        SQLITE_OK);
    sqlite3_bind_blob(st, 1, key, TOKEN_KEYS_SIZE, SQLITE_STATIC);
    sqlite3_bind_text(st, 2, tenant, -1, SQLITE_STATIC);
    assert_int_equal(sqlite3_step(st), SQLITE_DONE);
    sqlite3_finalize(st);
    sqlite3_close(db);
}

static void
test_older_database(void **state)
{
    struct world *w = *state;
    uint8_t old[3][TOKEN_KEYS_SIZE], got[TOKEN_KEYS_SIZE];
    char id[4][UUID_TEXT_SIZE], wal[160];
    struct token_keys k;

    begin_old(w);
    for (int i = 0; i < 3; i++) {
        snprintf(id[i], sizeof id[i], "018f0000-0000-7000-8000-0000000000c%d", i);
        memset(old[i], 0xa0 + i, sizeof old[i]);
        make_old(w, id[i], old[i]);
    }
    store_open(w);
    assert_int_equal(w->s->ops->tenant_add(w->s, "T3", NOW, id[3]), VG_OK);
    snprintf(wal, sizeof wal, "%s-wal", w->path);
    assert_true(holds(w->path, old[1], sizeof old[1]) || holds(wal, old[1], sizeof old[1]));
    for (int round = 0; round < 2; round++) { /* the second has nothing to take */
        assert_int_equal(token_keys_open(&w->config, w->s, &k), VG_OK);
        assert_int_equal(k.count, 3);
        assert_int_equal(token_keys_of(&k, id[3], got), VG_OK);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(token_keys_of(&k, id[i], got), VG_OK);
            assert_memory_equal(got, old[i], sizeof got);
            assert_false(holds(w->path, old[i], sizeof old[i]));
            assert_false(holds(wal, old[i], sizeof old[i]));
        }
        token_keys_done(&k);
    }
    /* A backup from before comes back: its agents have that key. */
    memset(old[2], 0x77, sizeof old[2]);
    make_old(w, id[2], old[2]);
    assert_int_equal(token_keys_open(&w->config, w->s, &k), VG_OK);
    assert_int_equal(k.count, 3);
    assert_int_equal(token_keys_of(&k, id[2], got), VG_OK);
    assert_memory_equal(got, old[2], sizeof got);
    token_keys_done(&k);
}

/* Killed between the file and the database: both have it, and it is taken again. */
static void
test_killed_between(void **state)
{
    struct world *w = *state;
    uint8_t old[TOKEN_KEYS_SIZE], got[TOKEN_KEYS_SIZE];
    char id[UUID_TEXT_SIZE];
    struct token_keys k;

    memset(old, 0xbc, sizeof old);
    assert_int_equal(w->s->ops->tenant_add(w->s, "Uno", NOW, id), VG_OK);
    for (int round = 0; round < 2; round++) {
        make_old(w, id, old);
        assert_int_equal(token_keys_open(&w->config, w->s, &k), VG_OK);
        assert_int_equal(token_keys_of(&k, id, got), VG_OK);
        assert_memory_equal(got, old, sizeof got);
        token_keys_done(&k);
    }
}

static void
test_damaged(void **state)
{
    static const char *const texts[] = {
        "",
        "*",
        "* 12",
        "x 0000000000000000000000000000000000000000000000000000000000000000\n",
        "* 000000000000000000000000000000000000000000000000000000000000000g\n",
        "* 0000000000000000000000000000000000000000000000000000000000000000\nno-tenant "
        "0000000000000000000000000000000000000000000000000000000000000000\n",
        "* 0000000000000000000000000000000000000000000000000000000000000000\n* "
        "0000000000000000000000000000000000000000000000000000000000000000\n",
    };
    struct world *w = *state;
    struct token_keys k;

    assert_int_equal(token_keys_open(&w->config, w->s, &k), VG_OK);
    token_keys_done(&k);
    for (size_t i = 0; i < VG_ARRAY_LEN(texts); i++) {
        assert_int_equal(files_replace(w->file, slice_of(texts[i], strlen(texts[i])), true), VG_OK);
        assert_int_equal(token_keys_open(&w->config, w->s, &k), VG_ERR_FORMAT);
        assert_true(
            holds(w->file, texts[i], strlen(texts[i]))); /* and nothing is written over it */
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_made_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_older_database, setup, teardown),
        cmocka_unit_test_setup_teardown(test_killed_between, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
