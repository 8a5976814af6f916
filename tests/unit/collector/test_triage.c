/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of incidents, what the pages count, and a database from before there was any of it. */
#include <sqlite3.h>

#include "collector/store/sqlite_int.h"
#include "tests/unit/collector/triage_kit.h"

static void
test_changes(void **state)
{
    struct kit *k = *state;
    const struct kit_alert a = {"net.scan", "caja", NULL, NULL, SEVERITY_HIGH, KIT_NOW};
    struct storage_change c = {.who = "ana", .who_id = k->ana.id, .note = "Llamé al dueño"};
    char id[UUID_TEXT_SIZE], tenant[UUID_TEXT_SIZE];
    json_t *row, *step;

    kit_take(k, 0, &a, id);
    assert_int_equal(k->ops->triage(k->s, &k->own[1], id, &c, KIT_NOW, tenant), VG_ERR_NOENT);
    assert_int_equal(k->ops->triage(k->s, &k->own[0], id, &c, KIT_NOW, tenant), VG_OK);
    c = (struct storage_change){.who = "ana", .who_id = k->ana.id, .assignee = k->oto.id};
    /* Who does not see the customer cannot be given its incidents. */
    assert_int_equal(k->ops->triage(k->s, &k->own[0], id, &c, KIT_NOW, tenant), VG_ERR_DENIED);
    c.assignee = KIT_STORE;
    assert_int_equal(k->ops->triage(k->s, &k->own[0], id, &c, KIT_NOW, tenant), VG_ERR_DENIED);
    c.assignee = k->eva.id;
    c.state = "acknowledged";
    assert_int_equal(k->ops->triage(k->s, &k->own[0], id, &c, KIT_NOW, tenant), VG_OK);
    assert_int_equal(k->ops->triage(k->s, &k->own[0], id, &c, KIT_NOW, tenant), VG_OK); /* again */
    assert_int_equal(k->ops->incident_get(k->s, &k->own[0], id, &row), VG_OK);
    assert_string_equal(vg_json_str(row, "state", ""), "acknowledged");
    assert_string_equal(vg_json_str(json_object_get(row, "assignee"), "name", ""), "eva");
    assert_int_equal(json_array_size(json_object_get(row, "history")), 3);
    step = json_array_get(json_object_get(row, "history"), 0);
    assert_string_equal(vg_json_str(step, "what", ""), "note");
    assert_string_equal(vg_json_str(step, "note", ""), "Llamé al dueño");
    step = json_array_get(json_object_get(row, "history"), 1);
    assert_string_equal(vg_json_str(step, "what", ""), "assigned");
    assert_string_equal(vg_json_str(step, "note", ""), "eva");
    json_decref(row);
    c = (struct storage_change){.who = "ana", .assignee = ""};
    assert_int_equal(k->ops->triage(k->s, &k->own[0], id, &c, KIT_NOW, tenant), VG_OK);
    assert_int_equal(k->ops->incident_get(k->s, &k->own[0], id, &row), VG_OK);
    assert_true(json_is_null(json_object_get(row, "assignee")));
    assert_int_equal(json_array_size(json_object_get(row, "history")), 4);
    json_decref(row);
}

static void
test_assignees(void **state)
{
    struct kit *k = *state;
    struct storage_scope given = storage_scope_of(&k->eva);
    json_t *list;

    assert_int_equal(k->ops->assignees(k->s, &STORAGE_EVERYTHING, true, &list), VG_OK);
    assert_int_equal(json_array_size(list), 3);
    json_decref(list);
    assert_int_equal(k->ops->assignees(k->s, &k->own[1], false, &list), VG_OK);
    assert_int_equal(json_array_size(list), 1);
    assert_string_equal(vg_json_str(json_array_get(list, 0), "name", ""), "oto");
    json_decref(list);
    assert_int_equal(k->ops->assignees(k->s, &given, true, &list), VG_OK);
    assert_int_equal(json_array_size(list), 2);
    json_decref(list);
}

/* Who is removed has nothing any more. */
static void
test_somebody_leaves(void **state)
{
    struct kit *k = *state;
    const struct kit_alert a = {"net.scan", "caja", NULL, NULL, SEVERITY_HIGH, KIT_NOW};
    struct storage_change c = {.who = "ana", .who_id = k->ana.id, .assignee = k->eva.id};
    struct storage_view v = {.user = k->eva.id, .tenant = STORAGE_ALL, .name = "x", .query = ""};
    char id[UUID_TEXT_SIZE], tenant[UUID_TEXT_SIZE];
    json_t *row;

    kit_take(k, 0, &a, id);
    assert_int_equal(k->ops->triage(k->s, &k->own[0], id, &c, KIT_NOW, tenant), VG_OK);
    assert_int_equal(k->ops->view_add(k->s, &v, KIT_NOW), VG_OK);
    assert_int_equal(kit_found(k, &k->own[0], "all", "assignee:none"), 0);
    assert_int_equal(k->ops->user_remove(k->s, k->eva.id), VG_OK);
    assert_int_equal(kit_found(k, &k->own[0], "all", "assignee:none"), 1);
    assert_int_equal(k->ops->incident_get(k->s, &k->own[0], id, &row), VG_OK);
    assert_true(json_is_null(json_object_get(row, "assignee")));
    json_decref(row);
}

static int64_t
number(struct kit *k, const char *sql)
{
    struct sqlite *s = sqlite_of(k->s);
    sqlite3_stmt *st;
    int64_t n;

    assert_int_equal(sqlite3_prepare_v2(s->db, sql, -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    n = sqlite3_column_int64(st, 0);
    (void)sqlite3_finalize(st);
    return n;
}

/* The counters are what a count would give, whatever was done. */
static void
counters_hold(struct kit *k)
{
    assert_int_equal(number(k,
                            "SELECT count(*) FROM (SELECT site, severity, sum(n) FROM incident_open"
                            " WHERE n != 0 GROUP BY 1, 2 EXCEPT SELECT site, severity, count(*)"
                            " FROM incidents WHERE " INCIDENT_OPEN " GROUP BY 1, 2)"),
                     0);
    assert_int_equal(number(k, "SELECT sum(n) FROM incident_open"),
                     number(k, "SELECT count(*) FROM incidents WHERE " INCIDENT_OPEN));
    assert_int_equal(
        number(k, "SELECT count(*) FROM (SELECT day, site, detector, severity, n, was_true,"
                  " was_false, was_expected FROM incident_days WHERE n != 0 EXCEPT SELECT first /"
                  " 86400000000000, site, detector, severity, count(*), sum(state ="
                  " 'resolved_true'), sum(state = 'resolved_false'), sum(state ="
                  " 'resolved_expected') FROM incidents GROUP BY 1, 2, 3, 4)"),
        0);
    assert_int_equal(number(k, "SELECT sum(n) FROM incident_days"),
                     number(k, "SELECT count(*) FROM incidents"));
}

static void
test_counters(void **state)
{
    struct kit *k = *state;
    static const char *const states[] = {"acknowledged",      "resolved_true", "resolved_false",
                                         "resolved_expected", "new",           "in_progress"};
    static const char *const detectors[] = {"net.scan", "net.scan.slow", "net.tor"};
    char id[UUID_TEXT_SIZE], subject[16];
    uint64_t chance = 3;
    json_t *page;

    for (int n = 0; n < 300; n++) {
        struct kit_alert a = {.subject = subject};

        chance = chance * 6364136223846793005U + 1442695040888963407U;
        snprintf(subject, sizeof subject, "pc %d", (int)(chance >> 33) % 9);
        a.detector = detectors[(chance >> 36) % 3];
        a.severity = (enum severity)(SEVERITY_LOW + (chance >> 38) % 4);
        a.time_ns = KIT_NOW - (int64_t)((chance >> 40) % (6 * 86400)) * VG_SEC_NS;
        kit_take(k, (int)(chance >> 60) & 1, &a, id);
        if (n % 2 == 0)
            assert_int_equal(k->ops->incident_set(k->s, &STORAGE_EVERYTHING, id,
                                                  states[(chance >> 50) % 6], "ana", NULL, KIT_NOW),
                             VG_OK);
    }
    counters_hold(k);
    assert_int_equal(k->ops->overview(k->s, &k->own[0], KIT_NOW, &page), VG_OK);
    assert_int_equal(vg_json_int(json_array_get(json_object_get(page, "sites"), 0), "open", -1),
                     vg_json_int(json_object_get(page, "open"), "critical", 0) +
                         vg_json_int(json_object_get(page, "open"), "high", 0) +
                         vg_json_int(json_object_get(page, "open"), "medium", 0) +
                         vg_json_int(json_object_get(page, "open"), "low", 0));
    json_decref(page);
}

/* A database of the schema before: its incidents are counted and found. */
static void
test_older_database(void **state)
{
    struct kit *k = *state;
    struct kit old = *k;
    char why[STORAGE_WHY_MAX];
    sqlite3 *db;

    snprintf(old.path, sizeof old.path, "%s/old.sqlite", k->dir);
    assert_int_equal(sqlite3_open(old.path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, SQLITE_SCHEMA_1, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, SQLITE_SCHEMA_3, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, SQLITE_SCHEMA_4, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, SQLITE_SCHEMA_5, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(
            db,
            "PRAGMA user_version = 5;"
            "INSERT INTO tenants VALUES ('t', 'Ámbar', x'', 1);"
            "INSERT INTO sites VALUES ('s', 't', 'Centro', 'UTC', 'en', NULL, NULL, 1);"
            "INSERT INTO events VALUES (1, 'e', 't', 's', 1, 1, 1, 'alert', 3, 'net.scan', 'i1',"
            "  '{\"subject\":{\"kind\":\"device\",\"id\":\"x\",\"label\":\"Caja\"},"
            "   \"facts\":{\"place\":\"Moscú\",\"n\":4}}');"
            "INSERT INTO incidents VALUES ('018f0000-0000-7000-8000-0000000000a1', 't', 's',"
            "  'net.scan', 'net.scan', 'device', 'x', 'Caja', 3, 'new', 7, 1790000000000000000, 1,"
            "  1, 1, 1), ('018f0000-0000-7000-8000-0000000000a2', 't', 's', 'net.scan',"
            "  'net.scan', 'device', 'y', 'Caja', 4, 'resolved_false', 7, 1790000000000000000, 1,"
            "  1, 1, 1);"
            "INSERT INTO audit VALUES (1, 't', 1, 'ana', 'resolved_false',"
            "  '018f0000-0000-7000-8000-0000000000a2', 'ruido');",
            NULL, NULL, NULL),
        SQLITE_OK);
    (void)sqlite3_close(db);
    assert_int_equal(storage_open(old.path, STORAGE_WRITE, &old.s, why), VG_OK);
    counters_hold(&old);
    assert_int_equal(kit_found(&old, &STORAGE_EVERYTHING, "all", "caja moscu ambar"), 2);
    assert_int_equal(kit_found(&old, &STORAGE_EVERYTHING, "open", "caja assignee:none"), 1);
    assert_int_equal(kit_found(&old, &STORAGE_EVERYTHING, "all", "ruido severity:critical"), 1);
    assert_int_equal(kit_found(&old, &STORAGE_EVERYTHING, "all", ""), 2);
    assert_int_equal(old.ops->check(old.s, why), VG_OK);
    storage_close(old.s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_changes, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_assignees, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_somebody_leaves, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_counters, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_older_database, kit_setup, kit_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
