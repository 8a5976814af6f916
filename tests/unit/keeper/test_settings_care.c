/* SPDX-License-Identifier: Apache-2.0 */
/* Settings from afar at the agent: what is taken, kept over a restart, refused, and left as it was. */
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

#include "agent/keeper/settings_care.h"
#include "agent/platform/platform.h"
#include "common/hex.h"
#include "common/settings.h"

static const char AGENT[] = "0192f5a0-0000-7000-8000-000000000001";
static const char OTHER[] = "0192f5a0-0000-7000-8000-000000000002";

struct kit {
    char dir[64], state[80];
    struct agent_config config;
    struct settings_care *care;
    struct buf pem;
    char public[2 * ED25519_KEY + 1];
    int changes, told;
    double budget; /* of what counted at the last change */
    char last[64], word[32];
};

static void
on_changed(void *ctx, const struct agent_config *config)
{
    struct kit *k = ctx;

    k->changes++;
    k->budget = config->budget_per_week;
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
    struct settings_care_options o = {
        .config = &k->config, .changed = on_changed, .tell = on_told, .ctx = k};

    assert_int_equal(settings_care_new(&o, &k->care), VG_OK);
}

static void
restart(struct kit *k)
{
    settings_care_free(k->care);
    begin(k);
}

static void
enrol(struct kit *k, const char *agent)
{
    char path[128], text[200];

    (void)snprintf(path, sizeof path, "%s/identity", k->state);
    assert_int_equal(platform_folder_make(path, true), VG_OK);
    (void)snprintf(path, sizeof path, "%s/identity/collector.json", k->state);
    (void)snprintf(text, sizeof text, "{\"agent\": \"%s\", \"url\": \"https://c\"}", agent);
    assert_int_equal(platform_file_replace(path, slice_of(text, strlen(text)), false), VG_OK);
}

static void
new_key(struct kit *k)
{
    uint8_t key[ED25519_KEY];

    buf_done(&k->pem);
    buf_init(&k->pem, 4096);
    assert_int_equal(ed25519_new(&k->pem), VG_OK);
    assert_int_equal(ed25519_public(buf_slice(&k->pem), key), VG_OK);
    hex_put(key, sizeof key, k->public);
}

static int
setup(void **state)
{
    struct kit *k = calloc(1, sizeof *k);
    char text[400];
    struct conf_error why;

    (void)vg_strcpy(k->dir, sizeof k->dir, "/tmp/vigia-set-XXXXXX");
    assert_non_null(mkdtemp(k->dir));
    (void)snprintf(k->state, sizeof k->state, "%s/state", k->dir);
    (void)snprintf(text, sizeof text,
                   "store: {path: %s}\nnetwork: off\nalerts: {budget_per_week: 3}\n", k->state);
    assert_int_equal(agent_config_parse("test", slice_of(text, strlen(text)), &k->config, &why),
                     VG_OK);
    new_key(k);
    enrol(k, AGENT);
    begin(k);
    *state = k;
    return 0;
}

static int
teardown(void **state)
{
    struct kit *k = *state;
    char command[128];

    settings_care_free(k->care);
    agent_config_done(&k->config);
    buf_done(&k->pem);
    (void)snprintf(command, sizeof command, "rm -r %s", k->dir);
    assert_int_equal(system(command), 0);
    free(k);
    return 0;
}

static void
hello(struct kit *k, const char *agent, int64_t version, const char *settings)
{
    struct settings_doc doc = {.version = version, .settings = json_loads(settings, 0, NULL)};
    char signature[SETTINGS_SIGN_HEX];
    struct buf text;
    json_t *answer;

    (void)vg_strcpy(doc.agent, sizeof doc.agent, agent);
    buf_init(&text, 2 * SETTINGS_BYTES_MAX);
    assert_int_equal(settings_sign(buf_slice(&k->pem), &doc, &text, signature), VG_OK);
    answer = json_pack("{ss s{ss% ss}}", "settings_key", k->public, "settings", "text",
                       (const char *)text.data, text.len, "signature", signature);
    settings_care_hello(k->care, answer);
    json_decref(answer);
    buf_done(&text);
    settings_done(&doc);
}

static int64_t
version_now(const struct kit *k)
{
    json_t *status = settings_care_status(k->care);
    int64_t version = vg_json_int(status, "version", -1);

    json_decref(status);
    return version;
}

static void
test_taken_and_kept(void **state)
{
    struct kit *k = *state;

    hello(k, AGENT, 5,
          "{\"alerts\": {\"budget_per_week\": 1}, \"detectors\": {\"off\": [\"net.scan\"]}}");
    assert_int_equal(k->changes, 1);
    assert_true(k->budget == 1);
    assert_string_equal(k->last, "agent.settings_taken");
    assert_true(settings_care_news(k->care));
    assert_false(settings_care_news(k->care));
    assert_int_equal(settings_care_config(k->care)->detectors_off_count, 1);
    assert_true(k->config.budget_per_week == 3); /* agent.yaml stays */
    restart(k);
    assert_int_equal(version_now(k), 5);
    assert_true(settings_care_config(k->care)->budget_per_week == 1);
    /* What is not set any more is agent.yaml's again. */
    hello(k, AGENT, 6, "{}");
    assert_true(settings_care_config(k->care)->budget_per_week == 3);
    assert_int_equal(settings_care_config(k->care)->detectors_off_count, 0);
    /* Set for others: the number rises, and no worker starts again. */
    k->changes = 0;
    hello(k, AGENT, 7, "{}");
    assert_int_equal(version_now(k), 7);
    assert_int_equal(k->changes, 0);
    restart(k);
    assert_int_equal(version_now(k), 7);
    /* An old answer once more. */
    hello(k, AGENT, 5, "{\"alerts\": {\"budget_per_week\": 1}}");
    assert_int_equal(version_now(k), 7);
    assert_true(settings_care_config(k->care)->budget_per_week == 3);
}

/* Nothing set at all is no other configuration. */
static void
test_nothing_set(void **state)
{
    struct kit *k = *state;

    hello(k, AGENT, 5, "{}");
    assert_int_equal(version_now(k), 5);
    assert_int_equal(k->changes, 0);
    hello(k, AGENT, 6, "{\"alerts\": {\"budget_per_week\": 1}}");
    assert_int_equal(k->changes, 1);
}

static void
test_refused(void **state)
{
    struct kit *k = *state;
    json_t *status;

    hello(k, AGENT, 5, "{\"alerts\": {\"budget_per_week\": 1}}");
    k->told = 0;
    hello(k, OTHER, 6, "{\"alerts\": {\"budget_per_week\": 9}}"); /* another agent's */
    assert_string_equal(k->word, "format");
    hello(k, AGENT, 7, "{\"store\": {\"path\": \"/etc\"}}");
    assert_string_equal(k->word, "value");
    new_key(k); /* somebody else signs: the first key is pinned */
    hello(k, AGENT, 8, "{\"alerts\": {\"budget_per_week\": 9}}");
    assert_string_equal(k->word, "signature");
    assert_int_equal(k->told, 3);
    hello(k, AGENT, 8, "{\"alerts\": {\"budget_per_week\": 9}}");
    assert_int_equal(k->told, 3); /* said once */
    assert_true(settings_care_config(k->care)->budget_per_week == 1);
    status = settings_care_status(k->care);
    assert_string_equal(vg_json_str(json_object_get(status, "refused"), "word", ""), "signature");
    json_decref(status);
}

/* What a power cut, a full disk or a hand left in the file. */
static void
test_damaged_file(void **state)
{
    struct kit *k = *state;
    char path[128];
    struct buf whole, part;

    hello(k, AGENT, 5, "{\"alerts\": {\"budget_per_week\": 1}}");
    (void)snprintf(path, sizeof path, "%s/settings.json", k->state);
    buf_init(&whole, 1 << 16);
    assert_int_equal(platform_file_slurp(path, 1 << 16, &whole), VG_OK);
    for (size_t n = 0; n < whole.len; n += 7) {
        assert_int_equal(platform_file_replace(path, slice_of(whole.data, n), true), VG_OK);
        restart(k);
        assert_int_equal(version_now(k), 0);
        assert_true(settings_care_config(k->care)->budget_per_week == 3);
    }
    buf_init(&part, 1 << 16);
    buf_put(&part, whole.data, whole.len);
    part.data[whole.len / 2] ^= 1;
    assert_int_equal(platform_file_replace(path, buf_slice(&part), true), VG_OK);
    restart(k);
    assert_true(settings_care_config(k->care)->budget_per_week == 3);
    hello(k, AGENT, 5, "{\"alerts\": {\"budget_per_week\": 1}}"); /* comes again, is taken again */
    assert_int_equal(version_now(k), 5);
    buf_done(&part);
    buf_done(&whole);
}

static void
test_enrolled_anew(void **state)
{
    struct kit *k = *state;

    hello(k, AGENT, 5, "{\"alerts\": {\"budget_per_week\": 1}}");
    enrol(k, OTHER);
    hello(k, AGENT, 6, "{\"alerts\": {\"budget_per_week\": 2}}");
    assert_int_equal(version_now(k), 0);
    assert_true(settings_care_config(k->care)->budget_per_week == 3);
    assert_true(k->budget == 3);
    hello(k, OTHER, 2, "{\"alerts\": {\"budget_per_week\": 4}}");
    assert_true(settings_care_config(k->care)->budget_per_week == 4);
}

static void
test_not_wanted(void **state)
{
    struct kit *k = *state;

    k->config.settings = false;
    hello(k, AGENT, 5, "{\"alerts\": {\"budget_per_week\": 1}}");
    assert_int_equal(k->changes + k->told, 0);
    assert_true(settings_care_config(k->care)->budget_per_week == 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_taken_and_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_set, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_enrolled_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_wanted, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
