/* SPDX-License-Identifier: Apache-2.0 */
/* panel: which detectors sit in it, and which are left out by configuration. */
#include "judge_kit.h"

#include "agent/detect/detector.h"

static struct panel *
make(struct kit *kit, const struct texts *texts, const char *const *off, size_t count)
{
    const struct panel_options options = {.sensor = "pay",
                                          .rules_dir = "rules",
                                          .texts = texts,
                                          .currency = "MXN",
                                          .judge = {.budget_per_week = 1.5, .target_per_week = 0.6},
                                          .history = true,
                                          .off = off,
                                          .off_count = count};
    char why[DETECT_WHY_MAX];
    struct panel *panel = NULL;

    if (panel_new(&options, &kit->sink, &panel, why) != VG_OK)
        fail_msg("panel: %s", why);
    return panel;
}

static bool
sits(const struct panel *panel, const char *counter)
{
    json_t *health = json_object();
    bool there;

    panel_health(panel, health);
    there = json_object_get(health, counter) != NULL;
    json_decref(health);
    return there;
}

static void
test_off(void **state)
{
    static const char *const ONE[] = {"net.scan", "pay.amount"}, *const ALL[] = {"pay.*"};
    struct conf_error err;
    struct texts *texts;
    struct panel *panel;
    struct kit kit;

    (void)state;
    kit_init(&kit);
    if (texts_load("rules", &texts, &err) != VG_OK)
        fail_msg("%s", err.text);
    panel = make(&kit, texts, NULL, 0);
    assert_true(sits(panel, "pay.amount.learning"));
    assert_true(sits(panel, "pay.velocity.learning"));
    panel_free(panel);
    panel = make(&kit, texts, ONE, 2);
    assert_false(sits(panel, "pay.amount.learning"));
    assert_true(sits(panel, "pay.velocity.learning"));
    assert_true(panel_kinds(panel) != 0);
    panel_free(panel);
    panel = make(&kit, texts, ALL, 1);
    assert_false(sits(panel, "pay.velocity.learning"));
    assert_int_equal(panel_kinds(panel), 0);
    panel_free(panel);
    texts_free(texts);
    kit_done(&kit);
}

/* A slip of the pen must not leave a detector on that somebody believes to be off. */
static void
test_unknown(void **state)
{
    static const char *const NAMES[] = {"pay.amounts", "pay.amoun", "pay.amount.*", "pay."};
    struct conf_error err;
    struct texts *texts;
    struct kit kit;

    (void)state;
    kit_init(&kit);
    if (texts_load("rules", &texts, &err) != VG_OK)
        fail_msg("%s", err.text);
    for (size_t i = 0; i < VG_ARRAY_LEN(NAMES); i++) {
        const struct panel_options options = {
            .sensor = "pay", .texts = texts, .off = &NAMES[i], .off_count = 1};
        char why[DETECT_WHY_MAX] = "";
        struct panel *panel = NULL;

        assert_int_equal(panel_new(&options, &kit.sink, &panel, why), VG_ERR_CONFIG);
        assert_non_null(strstr(why, NAMES[i]));
    }
    texts_free(texts);
    kit_done(&kit);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_off),
        cmocka_unit_test(test_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
