/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions and verdicts: what they hold back here, and what agents are told of them; views; noise. */
#include "tests/unit/collector/triage_kit.h"

static struct storage_exception
exception_of(struct kit *k, int at, const char *detector, const char *subject, const char *peer)
{
    struct storage_exception x = {
        .kind = "mine", .why = "es la caja nueva", .who = "ana", .until_ns = KIT_NOW + VG_DAY_NS};

    strcpy(x.site, k->site[at].id);
    strcpy(x.detector, detector);
    if (subject != NULL) {
        strcpy(x.subject_kind, "device");
        strcpy(x.subject_id, subject);
        strcpy(x.subject_label, subject);
    }
    if (peer != NULL) {
        strcpy(x.peer_id, peer);
        strcpy(x.peer_label, peer);
    }
    return x;
}

static void
add(struct kit *k, struct storage_exception *x)
{
    assert_int_equal(k->ops->exception_add(k->s, &STORAGE_EVERYTHING, x, KIT_NOW), VG_OK);
}

/* Whether an alert of the first shop (or the second) comes into an incident. */
static bool
told(struct kit *k, int at, const char *detector, const char *subject, const char *peer,
     int64_t time_ns)
{
    const struct kit_alert a = {detector, subject, peer, NULL, SEVERITY_HIGH, time_ns};
    char incident[UUID_TEXT_SIZE];

    kit_take(k, at, &a, incident);
    return incident[0] != '\0';
}

static void
test_scope(void **state)
{
    struct kit *k = *state;
    struct storage_exception x = exception_of(k, 0, "net.scan", "caja", "10.0.0.9");
    json_t *list, *one;

    add(k, &x);
    assert_false(told(k, 0, "net.scan", "caja", "10.0.0.9", KIT_NOW));
    assert_false(told(k, 0, "net.scan.slow", "caja", "10.0.0.9", KIT_NOW)); /* the family */
    assert_true(told(k, 0, "net.scan", "caja", "10.0.0.8", KIT_NOW));
    assert_true(told(k, 0, "net.scan", "caja", NULL, KIT_NOW));
    assert_true(told(k, 0, "net.scan", "caja 2", "10.0.0.9", KIT_NOW));
    assert_true(told(k, 0, "net.tor", "caja", "10.0.0.9", KIT_NOW));
    assert_true(told(k, 1, "net.scan", "caja", "10.0.0.9", KIT_NOW)); /* another shop */
    assert_true(told(k, 0, "net.scan", "caja", "10.0.0.9", KIT_NOW + VG_DAY_NS));
    assert_int_equal(k->ops->exceptions(k->s, &k->own[0], NULL, false, KIT_NOW, &list), VG_OK);
    assert_int_equal(json_array_size(list), 1);
    one = json_array_get(list, 0);
    assert_int_equal(vg_json_int(one, "held", 0), 2);
    assert_string_equal(vg_json_str(json_object_get(one, "site"), "name", ""), "Centro");
    assert_string_equal(vg_json_str(json_object_get(one, "subject"), "id", ""), "caja");
    assert_int_equal(vg_json_int(json_object_get(one, "agents"), "total", 0), 1);
    json_decref(list);
    assert_int_equal(k->ops->exceptions(k->s, &k->own[1], NULL, false, KIT_NOW, &list), VG_OK);
    assert_int_equal(json_array_size(list), 0);
    json_decref(list);

    /* No subject, no peer, all shops of the customer. */
    x = exception_of(k, 1, "net.tor", NULL, NULL);
    strcpy(x.tenant, k->site[1].tenant);
    x.site[0] = '\0';
    add(k, &x);
    assert_false(told(k, 1, "net.tor", "caja", "10.0.0.9", KIT_NOW));
    assert_true(told(k, 0, "net.tor", "caja 7", NULL, KIT_NOW));
    assert_int_equal(k->ops->exception_end(k->s, &k->own[0], x.id, "oto", KIT_NOW), VG_ERR_NOENT);
    assert_int_equal(k->ops->exception_end(k->s, &k->own[1], x.id, "oto", KIT_NOW), VG_OK);
    assert_int_equal(k->ops->exception_end(k->s, &k->own[1], x.id, "oto", KIT_NOW), VG_ERR_NOENT);
    assert_true(told(k, 1, "net.tor", "caja", "10.0.0.9", KIT_NOW));
    assert_int_equal(k->ops->exceptions(k->s, &k->own[1], NULL, true, KIT_NOW, &list), VG_OK);
    assert_int_equal(json_array_size(list), 1);
    json_decref(list);
}

static void
test_refused(void **state)
{
    struct kit *k = *state;
    struct storage_exception x = exception_of(k, 0, "net.scan", NULL, NULL), more;

    assert_int_equal(k->ops->exception_add(k->s, &k->own[1], &x, KIT_NOW), VG_ERR_NOENT);
    for (int i = 0; i < STORAGE_EXCEPTIONS_MAX; i++) {
        more = x;
        snprintf(more.subject_id, sizeof more.subject_id, "pc %d", i);
        add(k, &more);
    }
    assert_int_equal(k->ops->exception_add(k->s, &k->own[0], &x, KIT_NOW), VG_ERR_LIMIT);
    strcpy(x.tenant, k->site[0].tenant); /* neither for all of the customer's */
    x.site[0] = '\0';
    assert_int_equal(k->ops->exception_add(k->s, &k->own[0], &x, KIT_NOW), VG_ERR_LIMIT);
    x = exception_of(k, 1, "net.scan", NULL, NULL);
    add(k, &x);
    assert_int_equal(k->ops->exception_end(k->s, &k->own[0], more.id, "ana", KIT_NOW), VG_OK);
    x = exception_of(k, 0, "net.scan", NULL, NULL);
    add(k, &x);
}

static json_t *
feedback(struct kit *k, int at, int64_t after)
{
    json_t *list;

    assert_int_equal(k->ops->feedback(k->s, &k->agent[at], after, KIT_NOW, &list), VG_OK);
    return list;
}

static int64_t
last_version(json_t *list)
{
    return vg_json_int(json_array_get(list, json_array_size(list) - 1), "version", 0);
}

static void
test_agents_are_told(void **state)
{
    struct kit *k = *state;
    struct storage_exception x = exception_of(k, 0, "net.scan", "caja", "10.0.0.9"), y;
    json_t *list = feedback(k, 0, 0), *one;
    int64_t has;

    assert_int_equal(json_array_size(list), 0);
    json_decref(list);
    assert_int_equal(k->ops->feedback_news(k->s, &k->agent[0], KIT_NOW), VG_ERR_NOENT);
    add(k, &x);
    assert_int_equal(k->ops->feedback_news(k->s, &k->agent[0], KIT_NOW), VG_OK);
    assert_int_equal(k->ops->feedback_news(k->s, &k->agent[1], KIT_NOW), VG_ERR_NOENT);
    list = feedback(k, 0, 0);
    assert_int_equal(json_array_size(list), 1);
    one = json_array_get(list, 0);
    assert_string_equal(vg_json_str(one, "id", ""), x.id);
    assert_string_equal(vg_json_str(one, "kind", ""), "mine");
    assert_string_equal(vg_json_str(one, "detector", ""), "net.scan");
    assert_string_equal(vg_json_str(json_object_get(one, "peer"), "id", ""), "10.0.0.9");
    assert_non_null(vg_json_str(one, "until", NULL));
    has = last_version(list);
    json_decref(list);
    assert_int_equal(k->ops->feedback_heard(k->s, k->agent[0].id, has), VG_OK);
    assert_int_equal(k->ops->feedback_news(k->s, &k->agent[0], KIT_NOW), VG_ERR_NOENT);

    /* One that came and went unheard is not told; the end of one that is known is. */
    y = exception_of(k, 0, "net.tor", NULL, NULL);
    add(k, &y);
    assert_int_equal(k->ops->exception_end(k->s, &k->own[0], y.id, "ana", KIT_NOW), VG_OK);
    assert_int_equal(k->ops->feedback_news(k->s, &k->agent[0], KIT_NOW), VG_ERR_NOENT);
    assert_int_equal(
        k->ops->exception_until(k->s, &k->own[0], x.id, "ana", KIT_NOW + 2 * VG_DAY_NS, KIT_NOW),
        VG_OK);
    list = feedback(k, 0, has);
    assert_int_equal(json_array_size(list), 1);
    assert_true(last_version(list) > has);
    json_decref(list);
    assert_int_equal(k->ops->exception_end(k->s, &k->own[0], x.id, "ana", KIT_NOW), VG_OK);
    list = feedback(k, 0, has);
    assert_int_equal(json_array_size(list), 1);
    assert_string_equal(vg_json_str(json_array_get(list, 0), "kind", ""), "ended");
    json_decref(list);
    list = feedback(k, 0, 0); /* an agent with a new database */
    assert_int_equal(json_array_size(list), 0);
    json_decref(list);
}

static void
test_many_in_order(void **state)
{
    struct kit *k = *state;
    int64_t has = 0;
    size_t got = 0;

    for (int i = 0; i < 250; i++) {
        struct storage_exception x = exception_of(k, 0, "net.scan", "caja", NULL);

        add(k, &x);
    }
    while (got < 250) {
        json_t *list = feedback(k, 0, has);

        assert_true(json_array_size(list) > 0 && json_array_size(list) <= STORAGE_FEEDBACK_MAX);
        got += json_array_size(list);
        assert_true(last_version(list) > has);
        has = last_version(list);
        json_decref(list);
    }
    assert_int_equal(got, 250);
}

static void
test_verdicts(void **state)
{
    struct kit *k = *state;
    const struct kit_alert a = {"net.scan", "caja", "10.0.0.9", NULL, SEVERITY_HIGH, KIT_NOW};
    const struct kit_alert b = {"net.scan", "caja", "10.0.0.8", NULL, SEVERITY_HIGH, KIT_NOW};
    char incident[UUID_TEXT_SIZE];
    json_t *list, *one;

    kit_take(k, 0, &a, incident);
    kit_take(k, 0, &a, incident);
    kit_take(k, 0, &b, incident);
    assert_int_equal(
        k->ops->incident_set(k->s, &k->own[0], incident, "in_progress", "ana", NULL, KIT_NOW),
        VG_OK);
    assert_int_equal(k->ops->feedback_news(k->s, &k->agent[0], KIT_NOW), VG_ERR_NOENT);
    assert_int_equal(
        k->ops->incident_set(k->s, &k->own[0], incident, "resolved_false", "ana", NULL, KIT_NOW),
        VG_OK);
    list = feedback(k, 0, 0);
    assert_int_equal(json_array_size(list), 2); /* once for each peer */
    one = json_array_get(list, 0);
    assert_string_equal(vg_json_str(one, "kind", ""), "noise");
    assert_string_equal(vg_json_str(one, "id", ""), incident);
    assert_string_equal(vg_json_str(json_object_get(one, "subject"), "id", ""), "caja");
    assert_null(vg_json_str(one, "until", NULL));
    json_decref(list);
    list = feedback(k, 1, 0); /* it did not see it */
    assert_int_equal(json_array_size(list), 0);
    json_decref(list);
    /* Thought better of: what was not told yet is told in its last form. */
    assert_int_equal(
        k->ops->incident_set(k->s, &k->own[0], incident, "resolved_true", "ana", NULL, KIT_NOW),
        VG_OK);
    list = feedback(k, 0, 0);
    assert_int_equal(json_array_size(list), 2);
    assert_string_equal(vg_json_str(json_array_get(list, 1), "kind", ""), "useful");
    json_decref(list);
    assert_int_equal(k->ops->incident_set(k->s, &k->own[0], incident, "new", "ana", NULL, KIT_NOW),
                     VG_OK);
    list = feedback(k, 0, 0);
    assert_int_equal(json_array_size(list), 0);
    json_decref(list);
}

static void
test_views(void **state)
{
    struct kit *k = *state;
    struct storage_view v = {.user = k->ana.id,
                             .tenant = STORAGE_ALL,
                             .name = "Graves",
                             .query = "severity=high",
                             .shared = true};
    json_t *list;

    assert_int_equal(k->ops->view_add(k->s, &v, KIT_NOW), VG_OK);
    assert_int_equal(k->ops->view_add(k->s, &v, KIT_NOW), VG_ERR_EXISTS);
    v.name = "Mía";
    v.shared = false;
    assert_int_equal(k->ops->view_add(k->s, &v, KIT_NOW), VG_OK);
    assert_int_equal(k->ops->views(k->s, &k->ana, &list), VG_OK);
    assert_int_equal(json_array_size(list), 2);
    json_decref(list);
    assert_int_equal(k->ops->views(k->s, &k->eva, &list), VG_OK); /* of the provider, too */
    assert_int_equal(json_array_size(list), 1);
    assert_false(json_is_true(json_object_get(json_array_get(list, 0), "mine")));
    json_decref(list);
    assert_int_equal(k->ops->views(k->s, &k->oto, &list), VG_OK);
    assert_int_equal(json_array_size(list), 0);
    json_decref(list);
    assert_int_equal(k->ops->view_remove(k->s, k->eva.id, v.id), VG_ERR_NOENT);
    assert_int_equal(k->ops->view_remove(k->s, k->ana.id, v.id), VG_OK);
}

static void
test_noise(void **state)
{
    struct kit *k = *state;
    char incident[UUID_TEXT_SIZE], subject[16];
    json_t *list, *one;

    for (int i = 0; i < 12; i++) {
        struct kit_alert a = {i < 9 ? "net.scan" : "net.tor", subject, NULL, NULL, SEVERITY_LOW,
                              KIT_NOW - i * 7 * VG_HOUR_NS};

        snprintf(subject, sizeof subject, "pc %d", i < 6 ? 0 : i);
        kit_take(k, i & 1, &a, incident);
        assert_int_equal(k->ops->incident_set(k->s, &STORAGE_EVERYTHING, incident,
                                              i < 4 ? "resolved_false" : "resolved_true", "ana",
                                              NULL, KIT_NOW),
                         VG_OK);
    }
    assert_int_equal(k->ops->noise(k->s, &STORAGE_EVERYTHING, KIT_NOW, &list), VG_OK);
    assert_int_equal(json_array_size(list), 2);
    one = json_array_get(list, 0);
    assert_string_equal(vg_json_str(one, "detector", ""), "net.scan");
    assert_int_equal(vg_json_int(one, "incidents", 0), 9);
    assert_int_equal(vg_json_int(one, "false", 0), 4);
    assert_int_equal(vg_json_int(one, "true", 0), 5);
    assert_int_equal(vg_json_int(one, "sites", 0), 2);
    json_decref(list);
    assert_int_equal(k->ops->noise_about(k->s, &k->own[0], "net.scan", KIT_NOW, &list), VG_OK);
    one = json_array_get(list, 0);
    assert_string_equal(vg_json_str(json_object_get(one, "subject"), "id", ""), "pc 0");
    assert_int_equal(vg_json_int(one, "incidents", 0), 3);
    assert_int_equal(json_array_size(list), 3);
    json_decref(list);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_scope, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_refused, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_agents_are_told, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_many_in_order, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_verdicts, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_views, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_noise, kit_setup, kit_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
