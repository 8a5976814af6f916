/* SPDX-License-Identifier: Apache-2.0 */
/* The store by itself: stamps, order, baselines and positions, queries, keys, restored copies. */
#include "tests/unit/keeper/store_kit.h"

#include <sqlite3.h>

#include "agent/keeper/store_sql.h"

/* Runs SQL on a closed store's database, as somebody with the disk in hand would. */
static void
tamper(const char *dir, const char *sql)
{
    char path[256];
    sqlite3 *db;

    snprintf(path, sizeof(path), "%s/vigia.db", dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void
test_stamps(void **state)
{
    struct place *p = *state;
    struct store *store = open_with(p->dir, false, 0);
    char why[EVENT_WHY_MAX];
    json_t *events, *event;
    size_t i;

    commit_event(store, NOW, "a");
    commit_event(store, NOW + VG_SEC_NS, "b");
    events = events_of(store);
    assert_int_equal(json_array_size(events), 2);
    json_array_foreach(events, i, event)
    {
        if (event_check(event, true, why) != VG_OK)
            fail_msg("%s", why);
        assert_int_equal(vg_json_int(event, "seq", 0), i + 1);
        assert_string_equal(vg_json_str(event, "store", ""), store_id(store));
        assert_non_null(json_object_get(event, "incident"));
    }
    assert_string_equal(vg_json_str(json_array_get(events, 0), "recorded", ""),
                        "2025-11-22T08:26:40Z");
    assert_string_not_equal(vg_json_str(json_array_get(events, 0), "id", ""),
                            vg_json_str(json_array_get(events, 1), "id", ""));
    json_decref(events);
    assert_int_equal(store_last_seq(store), 2);
    store_close(store);
}

static void
test_bodies_are_not_in_clear(void **state)
{
    struct place *p = *state;
    struct store *store = open_with(p->dir, false, 0);
    struct batch batch;

    commit_event(store, NOW, "subject-in-clear");
    batch_init(&batch, "pay");
    assert_int_equal(batch_observation(&batch, slice_of("{\"x\":\"subject-in-clear\"}", 24)),
                     VG_OK);
    assert_int_equal(store_commit(store, &batch, NOW), VG_OK);
    batch_clear(&batch);
    store_close(store);
    run_shell("! grep -rq subject-in-clear $A", p->dir, "");
    run_shell("test $(stat -c %a $A/store.key) = 600", p->dir, "");
}

struct rows_seen {
    size_t rows, positions;
    char last[64];
};

static enum vg_err
see_row(void *ctx, const char *detector, struct slice key, uint16_t version, struct slice blob)
{
    struct rows_seen *seen = ctx;

    (void)detector;
    (void)version;
    seen->rows++;
    assert_true(key.left > 0);
    snprintf(seen->last, sizeof(seen->last), "%.*s", (int)blob.left, (const char *)blob.at);
    return VG_OK;
}

static enum vg_err
see_position(void *ctx, const char *source, struct slice json)
{
    struct rows_seen *seen = ctx;

    (void)json;
    assert_string_equal(source, "pos.log");
    seen->positions++;
    return VG_OK;
}

static void
put_row(struct batch *b, const char *key, const char *blob, uint16_t version)
{
    assert_int_equal(batch_row(b, slice_of("pay.amount", 10), slice_of(key, strlen(key)), version,
                               slice_of(blob, strlen(blob))),
                     VG_OK);
}

static void
test_rows_and_positions(void **state)
{
    struct place *p = *state;
    struct store *store = open_with(p->dir, false, 0);
    struct rows_seen seen = {0}, none = {0};
    struct batch batch;

    batch_init(&batch, "pay");
    put_row(&batch, "a", "one", 1);
    put_row(&batch, "b", "two", 1);
    assert_int_equal(batch_position(&batch, slice_of("pos.log", 7), slice_of("{\"at\":5}", 8)),
                     VG_OK);
    assert_int_equal(store_commit(store, &batch, NOW), VG_OK);
    batch_clear(&batch);
    put_row(&batch, "a", "", 0);
    put_row(&batch, "b", "three", 2);
    assert_int_equal(store_commit(store, &batch, NOW), VG_OK);
    batch_clear(&batch);
    store_close(store);
    store = open_with(p->dir, false, 0);
    assert_int_equal(store_rows(store, "pay", see_row, &seen), VG_OK);
    assert_int_equal(store_positions(store, "pay", see_position, &seen), VG_OK);
    assert_int_equal(store_rows(store, "net", see_row, &none), VG_OK);
    assert_int_equal(seen.rows, 1);
    assert_string_equal(seen.last, "three");
    assert_int_equal(seen.positions, 1);
    assert_int_equal(none.rows, 0);
    store_close(store);
}

static void
test_queries(void **state)
{
    struct place *p = *state;
    struct store *store = open_with(p->dir, false, 0), *reader;
    struct store_query query = {.least = SEVERITY_LOW};
    json_t *events;
    char id[UUID_TEXT_SIZE];

    for (int i = 0; i < 5; i++)
        commit_event(store, NOW + i * VG_DAY_NS, "x");
    /* A reader works while the writer has the store. */
    reader = open_with(p->dir, true, 0);
    events = query_all(reader, &query);
    assert_int_equal(json_array_size(events), 5);
    assert_int_equal(vg_json_int(json_array_get(events, 0), "seq", 0), 5);
    vg_strcpy(id, sizeof(id), vg_json_str(json_array_get(events, 2), "id", ""));
    json_decref(events);
    query = (struct store_query){
        .since_ns = NOW + VG_DAY_NS, .until_ns = NOW + 3 * VG_DAY_NS, .oldest_first = true};
    events = query_all(reader, &query);
    assert_int_equal(json_array_size(events), 2);
    assert_int_equal(vg_json_int(json_array_get(events, 0), "seq", 0), 2);
    json_decref(events);
    id[13] = '\0';
    query = (struct store_query){.id = id};
    events = query_all(reader, &query);
    assert_int_equal(json_array_size(events), 1);
    assert_int_equal(vg_json_int(json_array_get(events, 0), "seq", 0), 3);
    json_decref(events);
    query = (struct store_query){.least = SEVERITY_CRITICAL};
    events = query_all(reader, &query);
    assert_int_equal(json_array_size(events), 0);
    json_decref(events);
    query = (struct store_query){.limit = 2};
    events = query_all(reader, &query);
    assert_int_equal(json_array_size(events), 2);
    json_decref(events);
    store_close(reader);
    store_close(store);
}

static void
test_one_writer(void **state)
{
    struct place *p = *state;
    struct store *store = open_with(p->dir, false, 0), *second = NULL;
    struct store_options options = {.dir = p->dir};
    char why[STORE_WHY_MAX];

    assert_int_equal(store_open(&options, &second, why), VG_ERR_EXISTS);
    assert_non_null(strstr(why, "in use"));
    store_close(store);
}

static void
test_reader_without_store(void **state)
{
    struct place *p = *state;
    struct store_options options = {.dir = p->dir, .read_only = true};
    struct store *store = NULL;
    char why[STORE_WHY_MAX];

    assert_int_equal(store_open(&options, &store, why), VG_ERR_NOENT);
    assert_true(why[0] != '\0');
}

static void
test_values_and_shipping(void **state)
{
    struct place *p = *state;
    struct store *store = open_with(p->dir, false, 0);
    struct gathered g = {.events = json_array()};
    struct buf value;

    buf_init(&value, 100);
    assert_int_equal(store_value(store, "x", &value), VG_ERR_NOENT);
    assert_int_equal(store_set_value(store, "x", slice_of("12", 2)), VG_OK);
    assert_int_equal(store_value(store, "x", &value), VG_OK);
    assert_string_equal(buf_str(&value), "12");
    buf_done(&value);
    for (int i = 0; i < 10; i++)
        commit_event(store, NOW, "x");
    assert_int_equal(store_set_shipped(store, 4), VG_OK);
    assert_int_equal(store_set_shipped(store, 2), VG_OK); /* never back */
    assert_int_equal(store_set_shipped(store, 11), VG_ERR_LIMIT);
    store_close(store);
    store = open_with(p->dir, false, 0);
    assert_int_equal(store_shipped(store), 4);
    assert_int_equal(store_events_after(store, 4, 3, SIZE_MAX, gather, &g), VG_OK);
    assert_int_equal(json_array_size(g.events), 3);
    assert_int_equal(g.last_seq, 7);
    assert_int_equal(store_events_after(store, 4, 100, 1, gather, &g), VG_OK);
    assert_int_equal(json_array_size(g.events), 4); /* one at least */
    json_decref(g.events);
    store_close(store);
}

static void
test_verify_and_tampering(void **state)
{
    static const char *const attacks[] = {
        "UPDATE events SET body = (SELECT body FROM events WHERE seq = 1) WHERE seq = 2",
        "DELETE FROM events WHERE seq = 2",
        "UPDATE events SET hash = zeroblob(32) WHERE seq = 2",
        "UPDATE events SET seal = zeroblob(32) WHERE seq = 3",
        "UPDATE stores SET cut_seq = 1, cut_seal = (SELECT seal FROM events WHERE seq = 1), cut_at "
        "= 2; DELETE FROM events WHERE seq = 1",
        "DELETE FROM events WHERE seq = 3; UPDATE stores SET last_seq = 2, last_seal = (SELECT seal"
        " FROM events WHERE seq = 2)",
    };
    struct place *p = *state;
    struct store *store = open_with(p->dir, false, 0);
    struct store_verdict verdict;
    uint8_t first[32], other[32] = {1};

    for (int i = 0; i < 3; i++)
        commit_event(store, NOW, "x");
    assert_int_equal(store_seal_key_first(store, first), VG_OK);
    assert_verifies(store, first);
    assert_int_equal(store_verify(store, other, &verdict), VG_ERR_DENIED);
    assert_int_equal(verdict.broken_seq, 1);
    assert_int_equal(store_seal_key_forget(store), VG_OK);
    assert_int_equal(store_seal_key_first(store, other), VG_ERR_NOENT);
    store_close(store);
    for (size_t i = 0; i < VG_ARRAY_LEN(attacks); i++) {
        char copy[160];

        snprintf(copy, sizeof(copy), "%s.copy", p->dir);
        run_shell("cp -r $A $B", p->dir, copy);
        tamper(copy, attacks[i]);
        store = open_with(copy, true, 0);
        if (store_verify(store, first, &verdict) != VG_ERR_DENIED)
            fail_msg("not noticed: %s", attacks[i]);
        assert_true(verdict.broken_seq > 0 && verdict.why[0] != '\0');
        store_close(store);
        run_shell("rm -rf $A", copy, "");
    }
    /* A removed body whose hash stayed is no break. */
    tamper(p->dir, "UPDATE events SET body = NULL WHERE seq = 2");
    store = open_with(p->dir, true, 0);
    assert_verifies(store, first);
    store_close(store);
}

static void
test_database_restored(void **state)
{
    struct place *p = *state;
    struct store *store = open_with(p->dir, false, 0);
    char copy[160], old_id[UUID_TEXT_SIZE];
    uint8_t first[32];

    commit_event(store, NOW, "x");
    vg_strcpy(old_id, sizeof(old_id), store_id(store));
    store_close(store);
    snprintf(copy, sizeof(copy), "%s.db", p->dir);
    run_shell("cp $A/vigia.db $B", p->dir, copy);
    store = open_with(p->dir, false, 0);
    commit_event(store, NOW, "y");
    assert_string_equal(store_id(store), old_id);
    store_close(store);
    run_shell("cp $A $B/vigia.db", copy, p->dir);
    run_shell("rm $A", copy, "");
    store = open_with(p->dir, false, 0);
    assert_string_not_equal(store_id(store), old_id);
    assert_int_equal(count_detector(store, "agent.store_restored"), 1);
    /* What the collector did not have is carried over: event 1, then the record. */
    assert_int_equal(store_last_seq(store), 2);
    assert_int_equal(store_seal_key_first(store, first), VG_OK);
    assert_verifies(store, first);
    store_close(store);
}

static void
test_seal_key_restored_or_lost(void **state)
{
    struct place *p = *state;
    struct store *store = open_with(p->dir, false, 0);
    char copy[160], id[UUID_TEXT_SIZE];

    commit_event(store, NOW, "x");
    snprintf(copy, sizeof(copy), "%s.key", p->dir);
    run_shell("cp $A/seal.key $B", p->dir, copy);
    /* One commit behind is a crash in between, and no alarm. */
    commit_event(store, NOW, "y");
    vg_strcpy(id, sizeof(id), store_id(store));
    store_close(store);
    run_shell("cp $A $B/seal.key", copy, p->dir);
    store = open_with(p->dir, false, 0);
    assert_string_equal(store_id(store), id);
    commit_event(store, NOW, "z");
    commit_event(store, NOW, "z");
    store_close(store);
    /* Several commits behind is an older file. */
    run_shell("cp $A $B/seal.key", copy, p->dir);
    store = open_with(p->dir, false, 0);
    assert_string_not_equal(store_id(store), id);
    assert_int_equal(count_detector(store, "agent.store_restored"), 1);
    vg_strcpy(id, sizeof(id), store_id(store));
    store_close(store);
    run_shell("rm $A/seal.key $B", p->dir, copy);
    store = open_with(p->dir, false, 0);
    assert_string_not_equal(store_id(store), id);
    assert_int_equal(count_detector(store, "agent.store_restored"), 2);
    store_close(store);
}

static void
test_change_between_commit_and_key_file(void **state)
{
    struct place *p = *state;
    struct store *store = open_with(p->dir, false, 0);
    char copy[160], id[UUID_TEXT_SIZE];

    commit_event(store, NOW, "x");
    snprintf(copy, sizeof(copy), "%s.key", p->dir);
    run_shell("cp $A/seal.key $B", p->dir, copy);
    commit_event(store, NOW, "y");
    vg_strcpy(id, sizeof(id), store_id(store));
    store_close(store);
    run_shell("cp $A $B/seal.key", copy, p->dir);
    run_shell("rm $A", copy, "");
    tamper(p->dir, "UPDATE events SET hash = zeroblob(32) WHERE seq = 2");
    store = open_with(p->dir, false, 0);
    assert_string_not_equal(store_id(store), id);
    store_close(store);
}

static void
test_another_machine(void **state)
{
    struct place *p = *state;
    struct store *store = open_with(p->dir, false, 0);
    char id[UUID_TEXT_SIZE];

    vg_strcpy(id, sizeof(id), store_id(store));
    store_close(store);
    tamper(p->dir, "UPDATE named SET body = 'elsewhere' WHERE name = 'machine'");
    store = open_with(p->dir, false, 0);
    if (count_detector(store, "agent.store_cloned") == 1)
        assert_string_not_equal(store_id(store), id);
    else
        print_message("no machine id here: clones are told by the collector only\n");
    store_close(store);
}

static void
test_damaged_or_wrong_key(void **state)
{
    struct place *p = *state;
    struct store *store = open_with(p->dir, false, 0);
    char id[UUID_TEXT_SIZE], why[STORE_WHY_MAX];
    struct store_options reader = {.dir = p->dir, .read_only = true};

    commit_event(store, NOW, "x");
    vg_strcpy(id, sizeof(id), store_id(store));
    store_close(store);
    run_shell("dd if=/dev/urandom of=$A/vigia.db bs=4096 seek=1 count=4 conv=notrunc 2>/dev/null",
              p->dir, "");
    store = open_with(p->dir, false, 0);
    assert_string_not_equal(store_id(store), id);
    assert_int_equal(count_detector(store, "agent.store_damaged"), 1);
    run_shell("test -s $A/vigia.db.damaged", p->dir, "");
    commit_event(store, NOW, "y");
    vg_strcpy(id, sizeof(id), store_id(store));
    store_close(store);
    run_shell("head -c 32 /dev/urandom > $A/store.key", p->dir, "");
    assert_int_equal(store_open(&reader, &store, why), VG_ERR_DENIED);
    store = open_with(p->dir, false, 0);
    assert_string_not_equal(store_id(store), id);
    assert_int_equal(count_detector(store, "agent.store_damaged"), 1);
    store_close(store);
    run_shell("echo short > $A/store.key", p->dir, "");
    store = open_with(p->dir, false, 0);
    commit_event(store, NOW, "z");
    store_close(store);
}

static void
test_renewed_id(void **state)
{
    struct place *p = *state;
    struct store *store = open_with(p->dir, false, 0);
    char id[UUID_TEXT_SIZE];
    uint8_t first[32];
    json_t *events, *event;
    size_t i;

    for (int n = 0; n < 6; n++)
        commit_event(store, NOW, "x");
    assert_int_equal(store_set_shipped(store, 4), VG_OK);
    vg_strcpy(id, sizeof(id), store_id(store));
    assert_int_equal(store_renew_id(store, NOW), VG_OK);
    assert_string_not_equal(store_id(store), id);
    assert_int_equal(store_shipped(store), 0);
    events = events_of(store);
    assert_int_equal(json_array_size(events), 3); /* two carried over, one record */
    json_array_foreach(events, i, event)
    {
        assert_int_equal(vg_json_int(event, "seq", 0), i + 1);
        assert_string_equal(vg_json_str(event, "store", ""), store_id(store));
    }
    json_decref(events);
    events = query_all(store, &(struct store_query){.class = NULL});
    assert_int_equal(json_array_size(events), 7); /* the shipped ones can still be looked at */
    json_decref(events);
    assert_int_equal(store_seal_key_first(store, first), VG_OK);
    assert_verifies(store, first);
    store_close(store);
    store = open_with(p->dir, false, 0);
    assert_verifies(store, first);
    store_close(store);
}

static void
test_epoch_change_cut_short(void **state)
{
    struct place *p = *state;
    struct store *store = open_with(p->dir, false, 0);
    char id[UUID_TEXT_SIZE];
    uint8_t first[32], again[32];

    commit_event(store, NOW, "x");
    vg_strcpy(id, sizeof(id), store_id(store));
    assert_int_equal(store_seal_key_first(store, first), VG_OK);
    store_close(store);
    /* Killed after the transaction: seal.next is there, seal.key is still of before. */
    run_shell("cp $A/seal.first $B/seal.next", p->dir, p->dir);
    run_shell("rm $A/seal.key $B/seal.first", p->dir, p->dir);
    store = open_with(p->dir, false, 0);
    assert_string_equal(store_id(store), id);
    assert_int_equal(store_seal_key_first(store, again), VG_OK);
    assert_memory_equal(first, again, 32);
    commit_event(store, NOW, "y");
    assert_verifies(store, first);
    store_close(store);
    run_shell("test ! -e $A/seal.next", p->dir, "");
}

static void
test_clock_goes_back(void **state)
{
    struct place *p = *state;
    struct store *store = open_with(p->dir, false, 0);
    json_t *events;

    commit_event(store, NOW, "x");
    commit_event(store, NOW - VG_DAY_NS, "y");
    events = events_of(store);
    assert_string_equal(vg_json_str(json_array_get(events, 1), "recorded", ""),
                        "2025-11-21T08:26:40Z");
    assert_int_equal(vg_json_int(json_array_get(events, 1), "seq", 0), 2);
    json_decref(events);
    store_close(store);
}

static void
test_migrations(void **state)
{
    const char *const steps[] = {"CREATE TABLE a(x)", "ALTER TABLE a ADD COLUMN y",
                                 "INSERT INTO a VALUES(1, 2); INSERT INTO missing VALUES(1)"};
    sqlite3 *db;
    int64_t v;

    (void)state;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(sql_migrate(db, steps, 1), VG_OK);
    assert_int_equal(sql_migrate(db, steps, 2), VG_OK);
    assert_int_equal(sql_exec(db, "INSERT INTO a(y) VALUES(3)"), VG_OK);
    /* A step that fails leaves nothing of itself. */
    assert_int_equal(sql_migrate(db, steps, 3), VG_ERR_SYS);
    assert_int_equal(sql_int(db, "PRAGMA user_version", -1, &v), VG_OK);
    assert_int_equal(v, 2);
    assert_int_equal(sql_int(db, "SELECT count(*) FROM a", -1, &v), VG_OK);
    assert_int_equal(v, 1);
    assert_int_equal(sql_migrate(db, steps, 1), VG_ERR_CONFIG); /* made by a newer program */
    sqlite3_close(db);
}

#define PLACED(f) cmocka_unit_test_setup_teardown(f, place_make, place_remove)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        PLACED(test_stamps),
        PLACED(test_bodies_are_not_in_clear),
        PLACED(test_rows_and_positions),
        PLACED(test_queries),
        PLACED(test_one_writer),
        PLACED(test_reader_without_store),
        PLACED(test_values_and_shipping),
        PLACED(test_verify_and_tampering),
        PLACED(test_database_restored),
        PLACED(test_seal_key_restored_or_lost),
        PLACED(test_change_between_commit_and_key_file),
        PLACED(test_another_machine),
        PLACED(test_damaged_or_wrong_key),
        PLACED(test_renewed_id),
        PLACED(test_epoch_change_cut_short),
        PLACED(test_clock_goes_back),
        cmocka_unit_test(test_migrations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
