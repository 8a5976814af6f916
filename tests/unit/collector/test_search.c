/* SPDX-License-Identifier: Apache-2.0 */
/* What is typed into the search box: taken apart, and found. */
#include "tests/unit/collector/triage_kit.h"

/* Into *s, whose words point into itself. */
static void
parsed(const char *typed, struct search *s)
{
    struct zone *utc = zone_utc();

    search_parse(typed, utc, s);
    zone_free(utc);
}

static void
word_is(const struct search *s, size_t i, enum search_field field, const char *text, bool without,
        bool whole)
{
    assert_true(i < s->count);
    assert_int_equal(s->word[i].field, field);
    assert_string_equal(s->word[i].text, text);
    assert_int_equal(s->word[i].without, without);
    assert_int_equal(s->word[i].whole, whole);
}

static void
test_parts(void **state)
{
    struct search s;

    (void)state;
    parsed("  caja \"tacos centro\"  -router detector:net.scan -site:\"El Güero\" ", &s);
    assert_int_equal(s.count, 5);
    word_is(&s, 0, SEARCH_ANYWHERE, "caja", false, false);
    word_is(&s, 1, SEARCH_ANYWHERE, "tacos centro", false, true);
    word_is(&s, 2, SEARCH_ANYWHERE, "router", true, false);
    word_is(&s, 3, SEARCH_DETECTOR, "net.scan", false, false);
    word_is(&s, 4, SEARCH_SITE, "El Güero", true, true);
    assert_false(s.has_state);

    parsed("gravedad:alta Estado:abierto asignado:yo tienda:norte mac:02:42", &s);
    word_is(&s, 0, SEARCH_SEVERITY, "high", false, false);
    word_is(&s, 1, SEARCH_STATE, "open", false, false);
    word_is(&s, 2, SEARCH_ASSIGNEE, "me", false, false);
    word_is(&s, 3, SEARCH_SITE, "norte", false, false);
    word_is(&s, 4, SEARCH_ANYWHERE, "mac:02:42", false, false); /* no such field */
    assert_true(s.has_state);
    parsed("severity:huge", &s);
    word_is(&s, 0, SEARCH_ANYWHERE, "huge", false, false);
}

static void
test_days(void **state)
{
    struct zone *mexico;
    struct search s;

    (void)state;
    parsed("after:2026-11-01 before:2026-12-01", &s);
    assert_int_equal(s.count, 0);
    assert_true(s.after_ns == INT64_C(1793491200) * VG_SEC_NS);
    assert_true(s.before_ns == INT64_C(1796083200) * VG_SEC_NS);
    parsed("desde:2026-11", &s);
    assert_true(s.after_ns == INT64_C(1793491200) * VG_SEC_NS);
    assert_int_equal(zone_load("America/Mexico_City", &mexico), VG_OK);
    search_parse("after:2026-11-01", mexico, &s);
    assert_true(s.after_ns == INT64_C(1793512800) * VG_SEC_NS);
    zone_free(mexico);
    parsed("after:yesterday before:2026-13-01 after:2026-1-1x before: after:99999999999", &s);
    assert_int_equal(s.count, 0);
    assert_true(s.after_ns == 0 && s.before_ns == INT64_MAX);
}

static void
test_nothing_is_left_over(void **state)
{
    struct search s;
    char many[SEARCH_TEXT_MAX + 1];

    (void)state;
    parsed("- \"\" : -: detector: % ** () ^ \" \"", &s);
    assert_int_equal(s.count, 0);
    parsed("\"no end", &s);
    word_is(&s, 0, SEARCH_ANYWHERE, "no end", false, true);
    for (size_t i = 0; i < sizeof many - 1; i++)
        many[i] = i % 2 == 0 ? 'a' : ' ';
    many[sizeof many - 1] = '\0';
    parsed(many, &s);
    assert_int_equal(s.count, SEARCH_WORDS_MAX);
}

#define SPOOF "net.arp_spoof"

static void
fill(struct kit *k)
{
    const struct kit_alert all[] = {
        {"net.scan", "caja 1", "10.0.0.9", "puertos abiertos", SEVERITY_HIGH, KIT_NOW},
        {"net.scan", "caja 2", NULL, NULL, SEVERITY_LOW, KIT_NOW - VG_HOUR_NS},
        {SPOOF, "02:42:ac:11:00:07", "ROUTER-2", "Zona \"norte\"", SEVERITY_CRITICAL,
         KIT_NOW - 40 * VG_DAY_NS},
    };
    char id[UUID_TEXT_SIZE];

    for (size_t i = 0; i < VG_ARRAY_LEN(all); i++)
        kit_take(k, 0, &all[i], id);
    kit_take(k, 1, &all[0], id);
}

static void
test_found(void **state)
{
    struct kit *k = *state;
    static const struct {
        const char *typed;
        size_t all, own; /* of the provider, of the second customer */
    } cases[] = {
        {"", 4, 1},
        {"caja", 3, 1},
        {"CAJA", 3, 1},
        {"caj", 3, 1},
        {"\"caj\"", 0, 0},
        {"\"caja 1\"", 2, 1},
        {"\"1 caja\"", 0, 0},
        {"caja -2", 2, 1},
        {"-caja", 1, 0},
        {"ambar", 3, 0}, /* without the accent, too */
        {"tenant:ámbar", 3, 0},
        {"site:norte", 1, 1},
        {"norte", 2, 1},
        {"fact:norte", 1, 0},
        {"detector:net.scan", 3, 1},
        {"detector:arp", 1, 0},
        {"device:02:42:ac", 1, 0},
        {"peer:router", 1, 0},
        {"con:10.0.0.9", 2, 1},
        {"10.0.0.8", 0, 0},
        {"severity:high", 3, 1},
        {"-severity:high", 1, 0},
        {"severity:critical", 1, 0},
        {"state:open", 4, 1},
        {"state:resolved", 0, 0},
        {"state:new caja", 3, 1},
        {"assignee:none", 4, 1},
        {"assignee:me", 0, 0},
        {"assignee:an", 0, 0},
        {"after:2026-09-01", 3, 1},
        {"before:2026-09-01", 1, 0},
        {"before:2026-01-01", 0, 0},
        {"before:2026-10-01 after:2026-08-01 caja", 3, 1},
    };

    fill(k);
    for (size_t i = 0; i < VG_ARRAY_LEN(cases); i++) {
        assert_int_equal(kit_found(k, &STORAGE_EVERYTHING, "all", cases[i].typed), cases[i].all);
        assert_int_equal(kit_found(k, &k->own[1], "all", cases[i].typed), cases[i].own);
    }
    /* Given one customer: as its own people; a scope of nobody: nothing. */
    for (size_t i = 0; i < VG_ARRAY_LEN(cases); i++) {
        struct storage_scope given = storage_scope_of(&k->eva), none = {0};

        assert_int_equal(kit_found(k, &given, "all", cases[i].typed), cases[i].all - cases[i].own);
        assert_int_equal(kit_found(k, &none, "all", cases[i].typed), 0);
    }
}

/* Whatever is typed is no error, and finds nobody else's. */
static void
test_hostile(void **state)
{
    struct kit *k = *state;
    static const char *const typed[] = {
        "\"",
        "\"\"",
        "'",
        "*",
        "caja*",
        "^caja",
        "caja OR 1",
        "caja AND",
        "NOT",
        "NEAR(caja 1)",
        "{subject}:caja",
        "tags:all",
        "-tags:all",
        "subject : caja",
        "a:b:c\"d",
        "\\",
        "%",
        "_",
        "caja\" OR tags:\"all",
        "site:\"x\" OR \"y",
        "assignee:%",
        "assignee:'; DROP TABLE users",
        "state:\"open\" OR all",
        "\xff\xfe",
        "caja\x01",
        "-",
        "--",
        "-\"",
        "severity:-1",
        "....",
        "detector:",
        "((((((((((",
        "))",
        "+",
        "caja + 1",
        ",",
        ";",
        "\xf0\x9f\x98\x80",
        "\xc2\xa0",
        "state:z",
        "after:\"2026-11-01\"",
        "note:\"\"",
        "a\tb\nc",
        "-\"caja 1\" -\"caja 2\"",
    };
    struct storage_scope none = {0};

    fill(k);
    for (size_t i = 0; i < VG_ARRAY_LEN(typed); i++) {
        assert_true(kit_found(k, &STORAGE_EVERYTHING, "all", typed[i]) <= 4);
        assert_true(kit_found(k, &k->own[1], "open", typed[i]) <= 1);
        assert_int_equal(kit_found(k, &none, "all", typed[i]), 0);
    }
    assert_int_equal(kit_found(k, &STORAGE_EVERYTHING, "all", "caja*"), 3);
}

/* An incident that grows is found by what came later, too; one that changed, by its new state. */
static void
test_kept_up(void **state)
{
    struct kit *k = *state;
    struct kit_alert a = {"net.scan", "caja 1", "10.0.0.9", "primero", SEVERITY_LOW, KIT_NOW};
    const struct storage_change change = {.who = "ana",
                                          .who_id = k->ana.id,
                                          .state = "in_progress",
                                          .assignee = "me",
                                          .note = "Cable cortado"};
    char first[UUID_TEXT_SIZE], id[UUID_TEXT_SIZE], tenant[UUID_TEXT_SIZE];

    kit_take(k, 0, &a, first);
    a = (struct kit_alert){"net.scan.slow", "caja 1",      "10.0.0.77",
                           "segundo",       SEVERITY_HIGH, KIT_NOW + VG_MIN_NS};
    kit_take(k, 0, &a, id);
    assert_string_equal(id, first);
    for (size_t i = 0; i < 8; i++) { /* the same again: nothing to add */
        a.time_ns += VG_SEC_NS;
        kit_take(k, 0, &a, id);
    }
    assert_int_equal(kit_found(k, &k->own[0], "all", "primero segundo 10.0.0.9 10.0.0.77"), 1);
    assert_int_equal(kit_found(k, &k->own[0], "all", "severity:high slow"), 1);
    assert_int_equal(k->ops->triage(k->s, &k->own[0], id, &change, KIT_NOW, tenant), VG_OK);
    assert_string_equal(tenant, k->site[0].tenant);
    assert_int_equal(kit_found(k, &k->own[0], "all", "note:cable state:in_progress"), 1);
    assert_int_equal(kit_found(k, &k->own[0], "all", "assignee:me"), 1);
    assert_int_equal(kit_found(k, &k->own[0], "all", "assignee:ana"), 1);
    assert_int_equal(kit_found(k, &k->own[0], "all", "assignee:eva"), 0);
    assert_int_equal(kit_found(k, &k->own[0], "all", "-assignee:none"), 1);
    assert_int_equal(kit_found(k, &k->own[0], "open", "cable"), 1);
    assert_int_equal(
        k->ops->incident_set(k->s, &k->own[0], id, "resolved_true", "ana", NULL, KIT_NOW), VG_OK);
    assert_int_equal(kit_found(k, &k->own[0], "open", "cable"), 0);
    assert_int_equal(kit_found(k, &k->own[0], "resolved", "primero"), 1);
}

/* A shop or a customer under another name is found by that, no longer by the old one. */
static void
test_renamed(void **state)
{
    struct kit *k = *state;

    fill(k);
    strcpy(k->site[0].name, "Oriente");
    assert_int_equal(k->ops->site_set(k->s, &STORAGE_EVERYTHING, &k->site[0]), VG_OK);
    assert_int_equal(k->ops->tenant_rename(k->s, &STORAGE_EVERYTHING, k->site[0].tenant, "Zafiro"),
                     VG_OK);
    assert_int_equal(kit_found(k, &STORAGE_EVERYTHING, "all", "oriente zafiro"), 3);
    assert_int_equal(kit_found(k, &STORAGE_EVERYTHING, "all", "centro"), 0);
    assert_int_equal(kit_found(k, &STORAGE_EVERYTHING, "all", "ambar"), 0);
}

/* The pages of a search are those of the list: each incident once, newest first. */
static void
test_pages(void **state)
{
    struct kit *k = *state;
    struct search search;
    struct storage_incident_query q = {.state = "all",
                                       .severity = "",
                                       .site = "",
                                       .detector = "",
                                       .search = &search,
                                       .cursor = "",
                                       .limit = 7};
    char cursor[96] = "", last[64] = "9", id[UUID_TEXT_SIZE], subject[16];
    size_t seen = 0, pages = 0;
    uint64_t chance = 7;
    json_t *page, *row;
    size_t i;

    for (int n = 0; n < 60; n++) { /* begins in any order; some go on for hours */
        struct kit_alert a = {"net.scan", subject, NULL, "x", SEVERITY_HIGH, 0};

        chance = chance * 6364136223846793005U + 1442695040888963407U;
        snprintf(subject, sizeof subject, "pc %d", n);
        a.time_ns = KIT_NOW - (int64_t)(chance >> 40) % (72 * 3600) * VG_SEC_NS;
        kit_take(k, 0, &a, id);
        for (int more = n % 4; more > 0; more--) {
            a.time_ns += 5 * VG_HOUR_NS;
            kit_take(k, 0, &a, id);
        }
    }
    search_parse("pc", k->utc, &search);
    for (;; pages++) {
        q.cursor = cursor;
        assert_int_equal(k->ops->incidents(k->s, &STORAGE_EVERYTHING, &q, &page), VG_OK);
        json_array_foreach(json_object_get(page, "items"), i, row)
        {
            assert_true(strcmp(vg_json_str(row, "last", ""), last) <= 0);
            strcpy(last, vg_json_str(row, "last", ""));
            seen++;
        }
        if (vg_json_str(page, "next", NULL) == NULL)
            break;
        strcpy(cursor, vg_json_str(page, "next", ""));
        json_decref(page);
    }
    json_decref(page);
    assert_int_equal(seen, 60);
    assert_int_equal(pages, 8);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_days),
        cmocka_unit_test(test_nothing_is_left_over),
        cmocka_unit_test_setup_teardown(test_found, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_hostile, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_kept_up, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_renamed, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_pages, kit_setup, kit_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
