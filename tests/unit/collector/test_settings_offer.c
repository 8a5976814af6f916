/* SPDX-License-Identifier: Apache-2.0 */
/* Settings on their way to an agent: what it is offered, also after a backup was restored or a clock was
 * years off, and the key that signs them. */
#include "fleet_world.h"

#include "collector/settings.h"
#include "common/hex.h"
#include "common/settings.h"

struct offer {
    struct collector_config config;
    struct settings_key key;
    struct storage_agent agent;
};

static struct offer
begin(struct world *w)
{
    struct offer o = {.config = {.state_dir = w->dir}};

    assert_int_equal(settings_key_open(&o.config, &o.key), VG_OK);
    o.agent = world_agent(w, 0);
    return o;
}

/* The version under which the agent is offered settings when it has `has`; 0: none. */
static int64_t
offered(struct world *w, const struct offer *o, int64_t has, double *budget)
{
    uint8_t public[ED25519_KEY];
    struct conf_error why;
    struct settings_doc doc;
    json_t *answer = json_object(), *pair;
    int64_t version = 0;
    const char *text;

    assert_int_equal(settings_offer(&o->key, w->s, &o->agent, has, answer), VG_OK);
    assert_string_equal(vg_json_str(answer, "settings_key", ""), o->key.public);
    pair = json_object_get(answer, "settings");
    if (pair != NULL) {
        text = vg_json_str(pair, "text", "");
        assert_int_equal(hex_parse_str(o->key.public, public, sizeof public), VG_OK);
        assert_int_equal(settings_open(public, slice_of(text, strlen(text)),
                                       vg_json_str(pair, "signature", ""), &doc, &why),
                         VG_OK);
        assert_string_equal(doc.agent, o->agent.id);
        version = doc.version;
        *budget = json_number_value(
            json_object_get(json_object_get(doc.settings, "alerts"), "budget_per_week"));
        settings_done(&doc);
    }
    json_decref(answer);
    return version;
}

static void
set(struct world *w, const char *owner, int budget, int64_t now)
{
    char text[64];

    snprintf(text, sizeof text, "{\"alerts\":{\"budget_per_week\":%d}}", budget);
    assert_int_equal(w->s->ops->settings_set(w->s, owner, text, now), VG_OK);
}

static void
test_newer_alone(void **state)
{
    struct world *w = *state;
    struct offer o = begin(w);
    double budget = 0;
    int64_t first, second;

    assert_int_equal(offered(w, &o, 0, &budget), 0);
    set(w, "", 5, NOW + 1);
    first = offered(w, &o, 0, &budget);
    assert_true(first > 0 && budget == 5);
    assert_int_equal(offered(w, &o, first, &budget), 0);
    set(w, w->site.id, 7, NOW + 2);
    second = offered(w, &o, first, &budget);
    assert_true(second > first && budget == 7);
    assert_int_equal(offered(w, &o, second, &budget), 0);
    settings_key_done(&o.key);
}

/* The agent has more than the database knows of: what is set here counts, under a version of its own, once. */
static void
test_after_a_backup(void **state)
{
    struct world *w = *state;
    struct offer o = begin(w);
    double budget = 0;
    int64_t has = NOW + VG_DAY_NS, raised, next;

    set(w, w->site.id, 5, NOW);
    raised = offered(w, &o, has, &budget);
    assert_true(raised > has && budget == 5);
    assert_int_equal(offered(w, &o, has, &budget), raised); /* it never came to the agent */
    assert_int_equal(offered(w, &o, raised, &budget), 0);
    set(w, w->site.id, 6, NOW + 1); /* the clock is still behind */
    next = offered(w, &o, raised, &budget);
    assert_true(next > raised && budget == 6);
    assert_int_equal(offered(w, &o, next, &budget), 0);
    set(w, w->site.id, 8, next + VG_DAY_NS);
    assert_int_equal(offered(w, &o, next, &budget), next + VG_DAY_NS);
    assert_true(budget == 8);
    /* Nothing that an agent says is too high to be answered, or does anything to another. */
    assert_true(offered(w, &o, INT64_MAX - 1, &budget) == INT64_MAX);
    assert_int_equal(offered(w, &o, INT64_MAX, &budget), 0);
    o.agent = world_agent(w, 1);
    assert_int_equal(offered(w, &o, next, &budget), next + VG_DAY_NS);
    settings_key_done(&o.key);
}

static void
test_none_after_a_backup(void **state)
{
    struct world *w = *state;
    struct offer o = begin(w);
    double budget = 9;

    assert_int_equal(offered(w, &o, NOW, &budget), NOW + 1); /* taken back: the backup has none */
    assert_true(budget == 0);
    assert_int_equal(offered(w, &o, NOW + 1, &budget), 0);
    settings_key_done(&o.key);
}

/* A site made while the clock was years ahead does not hide what is set after it came back. */
static void
test_clock_that_came_back(void **state)
{
    struct world *w = *state;
    struct offer o = begin(w);
    struct storage_site far = w->site;
    double budget = 0;
    int64_t first;

    strcpy(far.name, "Lejos");
    strcpy(far.hours, "{\"mon-fri\":\"09:00-20:00\"}");
    assert_int_equal(w->s->ops->site_add(w->s, &far, NOW + 1000 * VG_DAY_NS, far.id), VG_OK);
    strcpy(o.agent.site, far.id);
    first = offered(w, &o, 0, &budget);
    set(w, "", 5, NOW);
    assert_true(offered(w, &o, first, &budget) > first && budget == 5);
    settings_key_done(&o.key);
}

static void
test_key(void **state)
{
    struct world *w = *state;
    struct collector_config config = {.state_dir = w->dir};
    struct settings_key key, again;
    char path[96];

    assert_int_equal(settings_key_open(&config, &key), VG_OK);
    assert_true(key.made);
    assert_int_equal(settings_key_open(&config, &again), VG_OK);
    assert_false(again.made);
    assert_string_equal(key.public, again.public);
    settings_key_done(&key);
    settings_key_done(&again);
    /* Cut off, it is damaged, and nothing takes its place. */
    snprintf(path, sizeof path, "%s/pki/settings.key", w->dir);
    for (off_t n = 0; n < 100; n += 33) {
        assert_int_equal(truncate(path, 99 - n), 0);
        assert_int_equal(settings_key_open(&config, &key), VG_ERR_FORMAT);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_newer_alone, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_after_a_backup, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_none_after_a_backup, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_clock_that_came_back, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_key, world_open, world_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
