/* SPDX-License-Identifier: Apache-2.0 */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
/* clang-format on */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/bundle/bundle_try.h"
#include "agent/keeper/bundle_care.h"
#include "agent/platform/platform.h"
#include "common/hex.h"
#include "common/vtime.h"

#include <openssl/evp.h>

/* The collector's answers may come from anybody who took it over: fetching stays within its bounds. And
 * what is on the disk may be damaged or old. Trials themselves are in tests/e2e/test_bundle.py. */

struct kit {
    char dir[64], state[80];
    struct agent_config config;
    struct bundle_care *care;
    int changes, told;
    char last[64], word[32];
};

static void
on_changed(void *ctx, const char *rules_dir)
{
    struct kit *k = ctx;

    assert_non_null(rules_dir);
    k->changes++;
}

static void
on_told(void *ctx, const char *detector, enum severity severity, json_t *facts)
{
    struct kit *k = ctx;

    (void)severity;
    k->told++;
    (void)vg_strcpy(k->last, sizeof k->last, detector);
    (void)vg_strcpy(k->word, sizeof k->word, vg_json_str(facts, "word", ""));
    json_decref(facts);
}

static void
begin(struct kit *k)
{
    struct bundle_care_options o = {.config = &k->config,
                                    .program = "/bin/false", /* each trial ends at once */
                                    .changed = on_changed,
                                    .tell = on_told,
                                    .ctx = k};

    assert_int_equal(bundle_care_new(&o, &k->care), VG_OK);
}

static int
setup(void **state)
{
    struct kit *k = calloc(1, sizeof *k);
    char text[400];
    struct conf_error why;

    (void)vg_strcpy(k->dir, sizeof k->dir, "/tmp/vigia-care-XXXXXX");
    assert_non_null(mkdtemp(k->dir));
    (void)snprintf(k->state, sizeof k->state, "%s/state", k->dir);
    (void)snprintf(text, sizeof text,
                   "store: {path: %s}\nnetwork: off\nbundles: {key: \"%064d\"}\n", k->state, 7);
    assert_int_equal(agent_config_parse("test", slice_of(text, strlen(text)), &k->config, &why),
                     VG_OK);
    k->config.rules_base = k->config.rules_dir = "rules";
    begin(k);
    *state = k;
    return 0;
}

static int
teardown(void **state)
{
    struct kit *k = *state;

    bundle_care_free(k->care);
    agent_config_done(&k->config);
    assert_int_equal(platform_tree_remove(k->dir), VG_OK);
    free(k);
    return 0;
}

static void
say_hello(struct kit *k, int64_t version, int64_t size, const char *sha256)
{
    json_t *answer =
        json_pack("{ss s{sI sI ss}}", "time", "2026-11-30T12:00:00Z", "bundle", "version",
                  (json_int_t)version, "size", (json_int_t)size, "sha256", sha256);

    bundle_care_hello(k->care, answer);
    json_decref(answer);
}

static int64_t
asked(struct kit *k)
{
    json_t *question = bundle_care_question(k->care);
    int64_t offset = question != NULL ? vg_json_int(question, "offset", -2) : -1;

    json_decref(question);
    return offset;
}

static void
give(struct kit *k, const void *bytes, size_t n)
{
    struct slice piece = slice_of(bytes, n);

    bundle_care_piece(k->care, &piece);
}

static void
hash_of(const void *bytes, size_t n, char out[BUNDLE_HEX])
{
    uint8_t sum[EVP_MAX_MD_SIZE];
    size_t len;

    assert_int_equal(EVP_Q_digest(NULL, "SHA256", NULL, bytes, n, sum, &len), 1);
    hex_put(sum, BUNDLE_SHA256, out);
}

static void
tick_until_told(struct kit *k, int told)
{
    for (int i = 0; i < 500 && k->told < told; i++) {
        unsigned ready;

        bundle_care_tick(k->care);
        assert_int_equal(platform_wait(NULL, 0, 0, 10 * VG_MS_NS, &ready), VG_OK);
    }
    assert_int_equal(k->told, told);
}

static void
test_offers_that_make_no_sense(void **state)
{
    struct kit *k = *state;
    char sha[BUNDLE_HEX];

    hash_of("x", 1, sha);
    assert_int_equal(asked(k), -1);
    say_hello(k, 0, 100, sha);
    say_hello(k, -5, 100, sha);
    say_hello(k, BUNDLE_VERSION_MAX + 1, 100, sha);
    say_hello(k, 7, 0, sha);
    say_hello(k, 7, -1, sha);
    say_hello(k, 7, BUNDLE_BYTES_MAX + 1, sha);
    say_hello(k, 7, 100, "");
    say_hello(k, 7, 100, "../../../../etc/passwd");
    say_hello(k, 7, 100, "zz");
    assert_int_equal(asked(k), -1);
    say_hello(k, 7, 100, sha);
    assert_int_equal(asked(k), 0);
}

/* Of a version that is told with each batch of events it is heard once. */
static void
test_heard_between_two_hellos(void **state)
{
    struct kit *k = *state;

    assert_false(bundle_care_heard(k->care, 0));
    assert_false(bundle_care_heard(k->care, -1));
    assert_false(bundle_care_heard(k->care, INT64_MAX));
    assert_true(bundle_care_heard(k->care, 7));
    assert_false(bundle_care_heard(k->care, 7));
    assert_true(bundle_care_heard(k->care, 8));
    k->config.bundles = false;
    assert_false(bundle_care_heard(k->care, 9));
}

static void
test_pieces_that_make_no_sense(void **state)
{
    struct kit *k = *state;
    static uint8_t bytes[200];
    char sha[BUNDLE_HEX];

    give(k, bytes, 100); /* nobody asked */
    hash_of(bytes, 100, sha);
    say_hello(k, 7, 100, sha);
    give(k, bytes, 101); /* more than there is */
    assert_int_equal(asked(k), -1);
    assert_int_equal(k->told, 0);
}

static void
test_goes_on_after_a_restart(void **state)
{
    struct kit *k = *state;
    static uint8_t bytes[100];
    char sha[BUNDLE_HEX];

    hash_of(bytes, sizeof bytes, sha);
    say_hello(k, 7, sizeof bytes, sha);
    give(k, bytes, 60);
    assert_int_equal(asked(k), 60);
    bundle_care_free(k->care);
    begin(k);
    assert_int_equal(asked(k), -1); /* until it is offered again */
    say_hello(k, 7, sizeof bytes, sha);
    assert_int_equal(asked(k), 60);
    give(k, bytes, 40);
    assert_int_equal(asked(k), -1);
    tick_until_told(k, 1); /* the trial of nonsense ends, and is refused */
    assert_string_equal(k->last, "agent.bundle_refused");
    assert_string_equal(k->word, "trial");
    assert_int_equal(k->changes, 0);
    assert_true(bundle_care_news(k->care));
    assert_false(bundle_care_news(k->care));
    /* Not asked for again, but another one is. */
    say_hello(k, 7, sizeof bytes, sha);
    assert_int_equal(asked(k), -1);
    hash_of(bytes, 50, sha);
    say_hello(k, 8, 50, sha);
    assert_int_equal(asked(k), 0);
}

/* However often another one is offered, and however often the agent is killed meanwhile. */
static void
test_downloads_do_not_pile_up(void **state)
{
    struct kit *k = *state;
    char path[BUNDLE_PATH_BYTES];
    struct platform_names names;
    size_t parts = 0;

    for (int64_t version = 7; version < 12; version++) {
        char sha[BUNDLE_HEX];

        hash_of(&version, sizeof version, sha);
        say_hello(k, version, 100, sha);
        give(k, "some", 4);
        assert_int_equal(asked(k), 4);
        bundle_care_free(k->care);
        begin(k);
    }
    assert_true(bundle_path(k->state, "", path));
    assert_int_equal(platform_folder_list(path, 100, &names), VG_OK);
    for (size_t i = 0; i < names.count; i++)
        parts += strstr(names.name[i], ".part") != NULL;
    platform_names_free(&names);
    assert_int_equal(parts, 1);
}

static void
test_a_download_that_was_damaged(void **state)
{
    struct kit *k = *state;
    static const uint8_t bytes[100] = {1}, other[100] = {2};
    char sha[BUNDLE_HEX];

    hash_of(bytes, sizeof bytes, sha);
    say_hello(k, 7, sizeof bytes, sha);
    give(k, other, sizeof other);
    bundle_care_tick(k->care);
    assert_int_equal(k->told, 0); /* it says nothing about the bundle: fetched again later */
    say_hello(k, 7, sizeof bytes, sha);
    assert_int_equal(asked(k), -1); /* after a pause */
}

static void
save(struct kit *k, int64_t now, int64_t last, int64_t since_ns)
{
    struct bundle_state s = {.highest = now,
                             .now = {.version = now, .since_ns = since_ns, .folder = "7-0"},
                             .last = {.version = last, .folder = "6-0"}};

    assert_int_equal(bundle_state_save(k->state, &s), VG_OK);
    bundle_care_free(k->care);
    begin(k);
}

static int64_t
running(struct kit *k)
{
    json_t *status = bundle_care_status(k->care);
    int64_t version = vg_json_int(status, "version", -1);

    json_decref(status);
    return version;
}

static void
test_crashes(void **state)
{
    struct kit *k = *state;

    bundle_care_crashed(k->care, "net"); /* of the program's rules: nothing to go back to */
    assert_int_equal(k->told, 0);
    save(k, 7, 6, vtime_now());
    bundle_care_crashed(k->care, "net");
    bundle_care_crashed(k->care, "pay");
    assert_int_equal(running(k), 7);
    bundle_care_crashed(k->care, "net");
    assert_int_equal(running(k), 6);
    assert_string_equal(k->last, "agent.bundle_left");
    assert_int_equal(k->changes, 1);
    for (int i = 0; i < BUNDLE_CRASHES; i++)
        bundle_care_crashed(k->care, "net");
    assert_int_equal(running(k), 0); /* and then to the program's own */
    assert_int_equal(k->changes, 2);
    bundle_care_free(k->care);
    begin(k);
    assert_int_equal(running(k), 0); /* also after a restart */
    /* What ran for long is not to blame. */
    save(k, 9, 0, vtime_now() - 3 * VG_DAY_NS);
    for (int i = 0; i < 2 * BUNDLE_CRASHES; i++)
        bundle_care_crashed(k->care, "net");
    assert_int_equal(running(k), 9);
}

static void
test_what_was_here_does_not_come_back(void **state)
{
    struct kit *k = *state;
    char sha[BUNDLE_HEX];

    hash_of("x", 1, sha);
    save(k, 7, 0, vtime_now());
    say_hello(k, 7, 1, sha);
    say_hello(k, 6, 1, sha);
    assert_int_equal(asked(k), -1);
    for (int i = 0; i < BUNDLE_CRASHES; i++)
        bundle_care_crashed(k->care, "net");
    assert_int_equal(running(k), 0);
    bundle_care_free(k->care);
    begin(k);
    say_hello(k, 7, 1, sha); /* not by going back from it either */
    assert_int_equal(asked(k), -1);
    say_hello(k, 8, 1, sha);
    assert_int_equal(asked(k), 0);
}

static void
test_a_damaged_state_is_no_end(void **state)
{
    static const char *const texts[] = {"",
                                        "{",
                                        "[]",
                                        "{\"now\": 5}",
                                        "null",
                                        "{\"now\":{\"version\":7,\"folder\":\"../../etc\"}}",
                                        "{\"highest\": \"x\", \"now\": {\"version\": -3}}"};
    struct kit *k = *state;
    char path[BUNDLE_PATH_BYTES];

    assert_true(bundle_path(k->state, "state.json", path));
    for (size_t i = 0; i < VG_ARRAY_LEN(texts); i++) {
        bundle_care_free(k->care);
        assert_int_equal(platform_file_replace(path, slice_of(texts[i], strlen(texts[i])), false),
                         VG_OK);
        begin(k);
        assert_int_equal(running(k), 0);
    }
}

/* ---- what one damaged file must not undo ---- */

static void
spoil(struct kit *k, const char *name, const char *text)
{
    char path[BUNDLE_PATH_BYTES];

    bundle_care_free(k->care);
    assert_true(bundle_path(k->state, name, path));
    if (text != NULL)
        assert_int_equal(platform_file_replace(path, slice_of(text, strlen(text)), false), VG_OK);
    else
        assert_int_equal(platform_file_remove(path), VG_OK);
    begin(k);
}

static void
assert_takes_from(struct kit *k, int64_t version)
{
    char sha[BUNDLE_HEX];

    hash_of("x", 1, sha);
    for (int64_t v = version - 2; v < version; v++)
        say_hello(k, v, 1, sha);
    assert_int_equal(asked(k), -1);
    say_hello(k, version, 1, sha);
    assert_int_equal(asked(k), 0);
}

static const char *const SPOILT[] = {
    NULL, "", "{", "[]", "null", "{}", "{\"highest\": \"x\"}", "{\"highest\": 3, \"now\": null}"};

static void
test_a_damaged_state_forgets_no_version(void **state)
{
    struct kit *k = *state;

    for (size_t i = 0; i < VG_ARRAY_LEN(SPOILT); i++) {
        save(k, 7, 6, vtime_now());
        spoil(k, "state.json", SPOILT[i]);
        assert_takes_from(k, 8);
    }
}

static void
test_a_damaged_second_place_forgets_no_version(void **state)
{
    struct kit *k = *state;

    for (size_t i = 0; i < VG_ARRAY_LEN(SPOILT); i++) {
        save(k, 7, 6, vtime_now());
        spoil(k, "highest.json", SPOILT[i]);
        assert_takes_from(k, 8);
        assert_int_equal(running(k), 7);
        /* The next step of the state mends it. */
        bundle_care_crashed(k->care, "net");
        spoil(k, "state.json", "{");
        assert_takes_from(k, 8);
    }
}

/* state.json comes first: whoever is killed before the second has the higher one all the same. */
static void
test_the_higher_of_both_counts(void **state)
{
    struct kit *k = *state;

    save(k, 7, 6, vtime_now());
    spoil(k, "highest.json", "{\"highest\": 5, \"running\": 5}");
    assert_takes_from(k, 8);
    assert_int_equal(running(k), 7);
    spoil(k, "highest.json", "{\"highest\": 9, \"running\": 9}");
    assert_takes_from(k, 10);
    assert_int_equal(running(k), 7);
    spoil(k, "highest.json", "{\"highest\": 9000000000000000000, \"running\": -4}");
    assert_takes_from(k, 8); /* makes no sense */
}

static void
test_what_ran_is_tried_again_when_its_state_is_lost(void **state)
{
    struct kit *k = *state;

    save(k, 7, 6, vtime_now());
    spoil(k, "state.json", "{");
    assert_int_equal(running(k), 7);
    tick_until_told(k, 1); /* this program refuses everything */
    assert_string_equal(k->last, "agent.bundle_left");
    assert_int_equal(running(k), 0);
    bundle_care_free(k->care);
    begin(k);
    assert_int_equal(running(k), 0);
    assert_takes_from(k, 8);
}

static void
test_the_owner_says_no(void **state)
{
    struct kit *k = *state;
    char sha[BUNDLE_HEX];

    hash_of("x", 1, sha);
    k->config.bundles = false;
    say_hello(k, 7, 1, sha);
    assert_int_equal(asked(k), -1);
    k->config.bundles = true;
    k->config.rules_named = true;
    say_hello(k, 7, 1, sha);
    assert_int_equal(asked(k), -1);
    k->config.rules_named = false;
    say_hello(k, 7, 1, sha);
    assert_int_equal(asked(k), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_offers_that_make_no_sense, setup, teardown),
        cmocka_unit_test_setup_teardown(test_heard_between_two_hellos, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pieces_that_make_no_sense, setup, teardown),
        cmocka_unit_test_setup_teardown(test_goes_on_after_a_restart, setup, teardown),
        cmocka_unit_test_setup_teardown(test_downloads_do_not_pile_up, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_download_that_was_damaged, setup, teardown),
        cmocka_unit_test_setup_teardown(test_crashes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_was_here_does_not_come_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_damaged_state_is_no_end, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_damaged_state_forgets_no_version, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_damaged_second_place_forgets_no_version, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_the_higher_of_both_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_ran_is_tried_again_when_its_state_is_lost, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_the_owner_says_no, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
