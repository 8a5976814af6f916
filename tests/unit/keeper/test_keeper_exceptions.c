/* SPDX-License-Identifier: Apache-2.0 */
/* What the collector tells of what people said: kept over restarts, taken back, bounded. */
#include "agent/keeper/exceptions.h"
#include "agent/link/frame.h"
#include "tests/unit/keeper/store_kit.h"

struct world {
    struct place *place;
    struct store *store;
    struct exceptions *e;
};

static int
setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    void *place;

    if (w == NULL || place_make(&place) != 0)
        return -1;
    w->place = place;
    w->store = open_with(w->place->dir, false, 64 * 1024 * 1024);
    assert_int_equal(exceptions_open(w->store, &w->e), VG_OK);
    *state = w;
    return 0;
}

static int
teardown(void **state)
{
    struct world *w = *state;
    void *place = w->place;

    exceptions_free(w->e);
    store_close(w->store);
    free(w);
    return place_remove(&place);
}

static void
restart(struct world *w)
{
    exceptions_free(w->e);
    store_close(w->store);
    w->store = open_with(w->place->dir, false, 64 * 1024 * 1024);
    assert_int_equal(exceptions_open(w->store, &w->e), VG_OK);
}

#define ID(n) "018f0000-0000-7000-8000-00000000000" n

static bool
take(struct world *w, const char *list)
{
    json_t *answer = json_pack("{so}", "feedback", json_loads(list, 0, NULL));
    bool some = exceptions_take(w->e, answer, NOW);

    json_decref(answer);
    return some;
}

/* How many exceptions the sensors are told of; -1: nothing new. */
static int
set(struct world *w, int64_t now_ns)
{
    json_t *all = exceptions_changed(w->e, now_ns);
    int n = all != NULL ? (int)json_array_size(json_object_get(all, "exceptions")) : -1;

    json_decref(all);
    return n;
}

#define MINE(version, id)                                                                          \
    "{\"version\":" version ",\"id\":\"" id "\",\"kind\":\"mine\",\"detector\":\"net.scan\","      \
    "\"subject\":{\"kind\":\"device\",\"id\":\"caja\"},\"peer\":null,"                             \
    "\"until\":\"2025-12-01T00:00:00Z\"}"
#define ENDED(version, id)                                                                         \
    "{\"version\":" version ",\"id\":\"" id "\",\"kind\":\"ended\",\"detector\":\"net.scan\","     \
    "\"until\":\"2025-12-01T00:00:00Z\"}"
#define NOISE(version)                                                                             \
    "{\"version\":" version ",\"id\":\"" ID("9") "\",\"kind\":\"noise\",\"sensor\":\"net\","       \
                                                 "\"detector\":\"net.tor\",\"subject\":{\"kind\":" \
                                                 "\"device\",\"id\":\"x\"},\"peer\":null}"

static void
test_set(void **state)
{
    struct world *w = *state;

    assert_int_equal(set(w, NOW), 0); /* the first time: that there are none */
    assert_int_equal(set(w, NOW), -1);
    assert_false(take(w, "[]"));
    assert_true(take(w, "[" MINE("5", ID("1")) "," MINE("6", ID("2")) "]"));
    assert_int_equal(exceptions_version(w->e), 6);
    assert_int_equal(set(w, NOW), 2);
    assert_false(take(w, "[" MINE("5", ID("1")) "," MINE("6", ID("2")) "]")); /* told twice */
    assert_true(take(w, "[" MINE("7", ID("1")) "]")); /* prolonged: the same one */
    assert_int_equal(set(w, NOW), 2);
    restart(w);
    assert_int_equal(exceptions_version(w->e), 7);
    assert_int_equal(set(w, NOW), 2);
    assert_true(take(w, "[" ENDED("8", ID("1")) "," ENDED("9", ID("3")) "]"));
    assert_int_equal(set(w, NOW), 1);
    assert_int_equal(set(w, NOW + 20 * VG_DAY_NS), 0); /* over by itself */
    restart(w);
    assert_int_equal(exceptions_version(w->e), 9);
}

static bool
deliver(void *ctx, const json_t *verdict)
{
    int *left = ctx;

    assert_string_equal(vg_json_str(verdict, "detector", ""), "net.tor");
    assert_string_equal(vg_json_str(verdict, "verdict", ""), "noise");
    assert_string_equal(vg_json_str(json_object_get(verdict, "subject"), "id", ""), "x");
    return (*left)-- > 0;
}

static void
test_verdicts(void **state)
{
    struct world *w = *state;
    int none = 0, some = 5;

    assert_true(take(w, "[" NOISE("3") "," NOISE("4") "," NOISE("5") "]"));
    exceptions_deliver(w->e, 8, deliver, &none); /* its sensor does not run */
    restart(w);
    exceptions_deliver(w->e, 2, deliver, &some);
    assert_int_equal(some, 3);
    exceptions_deliver(w->e, 8, deliver, &some);
    exceptions_deliver(w->e, 8, deliver, &some);
    assert_int_equal(some, 2);
    restart(w);
    exceptions_deliver(w->e, 8, deliver, &some);
    assert_int_equal(some, 2);
}

static void
test_hostile(void **state)
{
    struct world *w = *state;
    /* behind {"version": n */
    static const char *const refused[] = {
        "",
        ",\"kind\":\"mine\",\"until\":\"2025-12-01T00:00:00Z\"",
        ",\"id\":\"../x\",\"kind\":\"mine\",\"detector\":\"net.scan\","
        "\"until\":\"2025-12-01T00:00:00Z\"",
        ",\"id\":\"" ID("1") "\",\"kind\":\"mine\",\"until\":\"2025-12-01T00:00:00Z\"",
        ",\"id\":\"" ID("1") "\",\"kind\":\"mine\",\"detector\":\"net.scan\",\"subject\":7,"
                             "\"until\":\"2025-12-01T00:00:00Z\"",
        ",\"id\":\"" ID("1") "\",\"kind\":\"mine\",\"detector\":\"net.scan\","
                             "\"subject\":{\"kind\":\"device\"},\"until\":\"2025-12-01T00:00:00Z\"",
        ",\"id\":\"" ID("1") "\",\"kind\":\"mine\",\"detector\":[],"
                             "\"until\":\"2025-12-01T00:00:00Z\"",
        ",\"id\":\"" ID("1") "\",\"kind\":\"mine\",\"detector\":\"net.scan\",\"until\":\"soon\"",
        ",\"id\":\"" ID("1") "\",\"kind\":\"love\",\"sensor\":\"net\",\"detector\":\"a.b\"",
    };
    char text[512], list[600];
    json_t *many = json_array(), *answer;

    (void)set(w, NOW);
    for (size_t i = 0; i < VG_ARRAY_LEN(refused); i++) {
        snprintf(list, sizeof list, "[{\"version\":%d%s}]", (int)i + 1, refused[i]);
        (void)take(w, list);
        assert_int_equal(set(w, NOW), -1);
    }
    assert_false(take(w, "[7, \"x\", null, [], {}]"));
    assert_false(take(w, "{\"a\":1}"));
    assert_false(take(w, "null"));
    /* Over the caps, in one answer and in all; and not for ever. */
    for (int i = 0; i < 700; i++) {
        snprintf(text, sizeof text, "018f0000-0000-7000-8000-%012d", i);
        json_array_append_new(many, json_pack("{si ss ss ss ss}", "version", 100 + i, "id", text,
                                              "kind", "mine", "detector", "net.scan", "until",
                                              "2199-01-01T00:00:00Z"));
    }
    for (int round = 0; round < 5; round++) {
        json_t *part = json_array();

        for (int i = round * 200; i < 700; i++)
            (void)json_array_append(part, json_array_get(many, (size_t)i));
        answer = json_pack("{so}", "feedback", part);
        (void)exceptions_take(w->e, answer, NOW);
        json_decref(answer);
    }
    json_decref(many);
    assert_int_equal(exceptions_version(w->e), 799);
    assert_int_equal(set(w, NOW), EXCEPTIONS_MAX);
    assert_int_equal(set(w, NOW + EXCEPTIONS_UNTIL_MAX_NS), 0);
}

/* As large as a set can be, it fits into a frame and into the store. */
static void
test_the_largest_set(void **state)
{
    struct world *w = *state;
    char name[64], party[256], kind[16], id[64];
    json_t *all, *answer;
    char *text;

    memset(name, '"', sizeof name - 1);
    memset(party, '"', sizeof party - 1);
    memset(kind, '"', sizeof kind - 1);
    name[63] = party[255] = kind[15] = '\0';
    for (int i = 0; i < EXCEPTIONS_MAX + EXCEPTIONS_VERDICTS_MAX; i++) {
        bool verdict = i >= EXCEPTIONS_MAX;

        snprintf(id, sizeof id, "018f0000-0000-7000-8000-%012d", i);
        answer = json_pack("{s[{si ss ss ss ss s{ss ss} s{ss}}]}", "feedback", "version", i + 1,
                           "id", id, "kind", "mine", "sensor", kind, "detector", name, "subject",
                           "kind", kind, "id", party, "peer", "id", party);
        if (!verdict)
            json_object_set_new(json_array_get(json_object_get(answer, "feedback"), 0), "until",
                                json_string("2025-12-01T00:00:00Z"));
        assert_true(exceptions_take(w->e, answer, NOW));
        json_decref(answer);
    }
    all = exceptions_changed(w->e, NOW);
    assert_int_equal(json_array_size(json_object_get(all, "exceptions")), EXCEPTIONS_MAX);
    text = vg_json_text(all);
    assert_true(strlen(text) < FRAME_BYTES_MAX);
    free(text);
    json_decref(all);
    /* Of control characters it would be over it. */
    assert_true(take(w, "[{\"version\":9999,\"id\":\"018f0000-0000-7000-8000-0000000000ff\","
                        "\"kind\":\"mine\",\"detector\":\"net.\\u0001\","
                        "\"until\":\"2025-12-01T00:00:00Z\"}]"));
    assert_int_equal(set(w, NOW), -1);
    restart(w);
    assert_int_equal(set(w, NOW), EXCEPTIONS_MAX);
}

/* Enrolled anew, the numbers of a collector before say nothing. */
static void
test_another_collector(void **state)
{
    struct world *w = *state;

    exceptions_agent(w->e, ID("a"));
    assert_true(take(w, "[" MINE("500", ID("1")) "," NOISE("501") "]"));
    restart(w);
    exceptions_agent(w->e, ID("a"));
    assert_int_equal(exceptions_version(w->e), 501);
    exceptions_agent(w->e, ID("b"));
    assert_int_equal(exceptions_version(w->e), 0);
    assert_int_equal(set(w, NOW), 0);
    restart(w);
    exceptions_agent(w->e, ID("b"));
    assert_int_equal(exceptions_version(w->e), 0);
    assert_true(take(w, "[" MINE("1", ID("2")) "]"));
    assert_int_equal(set(w, NOW), 1);
}

/* An old PC's clock may stand a year ahead until the network sets it. */
static void
test_a_clock_that_jumps(void **state)
{
    struct world *w = *state;

    assert_true(take(w, "[" MINE("1", ID("1")) "]"));
    assert_int_equal(set(w, NOW), 1);
    assert_int_equal(set(w, NOW + 365 * VG_DAY_NS), 0);
    assert_int_equal(set(w, NOW + 365 * VG_DAY_NS), -1);
    assert_true(take(w, "[" MINE("2", ID("2")) "]"));
    assert_int_equal(set(w, NOW), 2);
    restart(w);
    assert_int_equal(set(w, NOW), 2);
}

static bool disk_full;
enum vg_err __real_store_set_value(struct store *store, const char *name, struct slice value);
enum vg_err __wrap_store_set_value(struct store *store, const char *name, struct slice value);

enum vg_err
__wrap_store_set_value(struct store *store, const char *name, struct slice value)
{
    return disk_full ? VG_ERR_LIMIT : __real_store_set_value(store, name, value);
}

/* Nothing can be written: what is told again counts once. */
static void
test_full_disk(void **state)
{
    struct world *w = *state;
    json_t *status;

    disk_full = true;
    for (int i = 0; i < 5; i++)
        assert_false(take(w, "[" NOISE("1") "," MINE("2", ID("1")) "]"));
    assert_int_equal(exceptions_version(w->e), 0);
    disk_full = false;
    assert_true(take(w, "[" NOISE("1") "," MINE("2", ID("1")) "]"));
    (void)set(w, NOW);
    status = exceptions_status(w->e);
    assert_int_equal(vg_json_int(status, "waiting", -1), 1);
    assert_int_equal(vg_json_int(status, "exceptions", -1), 1);
    json_decref(status);
}

/* Who hides all of a detector is seen. */
static void
test_status_names_what_is_hidden(void **state)
{
    struct world *w = *state;
    json_t *status, *whole;

    assert_true(
        take(w, "[" MINE("1", ID("1")) ",{\"version\":2,\"id\":\"" ID(
                    "2") "\",\"kind\":"
                         "\"mine\",\"detector\":\"net.tor\",\"until\":\"2199-12-31T23:59:59Z\"}]"));
    status = exceptions_status(w->e);
    whole = json_object_get(status, "whole");
    assert_int_equal(json_array_size(whole), 1);
    assert_string_equal(vg_json_str(json_array_get(whole, 0), "detector", ""), "net.tor");
    assert_true(strncmp(vg_json_str(json_array_get(whole, 0), "until", ""), "2199", 4) != 0);
    json_decref(status);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_set, setup, teardown),
        cmocka_unit_test_setup_teardown(test_verdicts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hostile, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_largest_set, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_collector, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_clock_that_jumps, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_disk, setup, teardown),
        cmocka_unit_test_setup_teardown(test_status_names_what_is_hidden, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
