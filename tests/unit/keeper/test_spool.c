/* SPDX-License-Identifier: Apache-2.0 */
/* What goes between the commands and the keeper through files, and the limit on health events. */
#include "tests/unit/keeper/store_kit.h"

#include "agent/keeper/feedback.h"
#include "agent/keeper/health.h"
#include "agent/keeper/seal.h"
#include "agent/keeper/status.h"

#define EVENT "01a20591-b8a2-719c-889d-3a9b68e5b65b"

struct taken {
    char text[512];
    enum vg_err answer;
};

static enum vg_err
take(void *ctx, const char *event_id, const char *verdict)
{
    struct taken *t = ctx;
    size_t n = strlen(t->text);

    assert_string_equal(event_id, EVENT);
    if (t->answer == VG_OK)
        snprintf(t->text + n, sizeof(t->text) - n, "%s ", verdict);
    return t->answer;
}

static void
test_feedback(void **state)
{
    struct place *p = *state;
    struct taken t = {.text = ""};
    size_t refused;

    assert_int_equal(feedback_take(p->dir, take, &t, &refused), VG_ERR_NOENT);
    assert_int_equal(feedback_leave(p->dir, EVENT, "noise", NOW), VG_OK);
    assert_int_equal(feedback_leave(p->dir, EVENT, "mine", NOW + VG_SEC_NS), VG_OK);
    t.answer = VG_ERR_SYS; /* the store has no time: they stay */
    assert_int_equal(feedback_take(p->dir, take, &t, &refused), VG_ERR_SYS);
    t.answer = VG_OK;
    assert_int_equal(feedback_take(p->dir, take, &t, &refused), VG_OK);
    assert_string_equal(t.text, "noise mine ");
    assert_int_equal(feedback_take(p->dir, take, &t, &refused), VG_OK);
    assert_string_equal(t.text, "noise mine ");
    assert_int_equal(refused, 0);
}

static void
test_feedback_refused(void **state)
{
    static const char *const files[] = {"",
                                        "{",
                                        "[]",
                                        "{\"event\":\"" EVENT "\"}",
                                        "{\"event\":\"" EVENT "\",\"verdict\":\"x\"}",
                                        "{\"event\":\"../x\",\"verdict\":\"noise\"}",
                                        "{\"event\":5,\"verdict\":7}"};
    struct place *p = *state;
    struct taken t = {.text = ""};
    size_t refused;

    assert_int_equal(feedback_folder(p->dir), VG_OK);
    for (size_t i = 0; i < VG_ARRAY_LEN(files); i++) {
        char path[256];

        snprintf(path, sizeof(path), "%s/feedback/%zu.json", p->dir, i);
        assert_int_equal(platform_file_replace(path, slice_of(files[i], strlen(files[i])), false),
                         VG_OK);
    }
    run_shell("head -c 100000 /dev/zero > $A/feedback/big.json", p->dir, "");
    assert_int_equal(feedback_take(p->dir, take, &t, &refused), VG_OK);
    assert_int_equal(refused, VG_ARRAY_LEN(files) + 1);
    assert_string_equal(t.text, "");
    run_shell("test -z \"$(ls $A/feedback/*.json 2>/dev/null)\"", p->dir, "");
}

static void
test_status(void **state)
{
    struct place *p = *state;
    struct status_file file;
    json_t *status;

    platform_file lock;
    char path[200];

    /* Somebody holds the store, as a keeper does. */
    snprintf(path, sizeof(path), "%s/lock", p->dir);
    assert_int_equal(platform_lock(path, &lock), VG_OK);
    assert_int_equal(status_read(p->dir, NOW, &status), VG_ERR_NOENT);
    assert_int_equal(status_init(&file, p->dir), VG_OK);
    assert_int_equal(status_write(&file, json_pack("{s:i}", "n", 1), NOW), VG_OK);
    assert_int_equal(status_read(p->dir, NOW + VG_SEC_NS, &status), VG_OK);
    assert_int_equal(vg_json_int(status, "n", 0), 1);
    assert_false(vg_json_bool(status, "stale", true));
    json_decref(status);
    assert_int_equal(status_read(p->dir, NOW + VG_MIN_NS, &status), VG_OK);
    assert_true(vg_json_bool(status, "stale", false));
    json_decref(status);
    /* The same again is not written before it would look stale. */
    assert_int_equal(status_write(&file, json_pack("{s:i}", "n", 1), NOW + 5 * VG_SEC_NS), VG_OK);
    assert_int_equal(file.written_ns, NOW);
    assert_int_equal(status_write(&file, json_pack("{s:i}", "n", 1), NOW + STATUS_FRESH_NS), VG_OK);
    assert_int_equal(file.written_ns, NOW + STATUS_FRESH_NS);
    /* A change is, at first soon, later less often; the last word always. */
    assert_int_equal(status_write(&file, json_pack("{s:i}", "n", 2), NOW + 12 * VG_SEC_NS), VG_OK);
    assert_int_equal(file.written_ns, NOW + 12 * VG_SEC_NS);
    assert_int_equal(status_write(&file, json_pack("{s:i}", "n", 3), NOW + VG_HOUR_NS), VG_OK);
    assert_int_equal(
        status_write(&file, json_pack("{s:i}", "n", 4), NOW + VG_HOUR_NS + 2 * VG_SEC_NS), VG_OK);
    assert_int_equal(file.written_ns, NOW + VG_HOUR_NS);
    status_force(&file);
    assert_int_equal(
        status_write(&file, json_pack("{s:i}", "n", 5), NOW + VG_HOUR_NS + 3 * VG_SEC_NS), VG_OK);
    assert_int_equal(file.written_ns, NOW + VG_HOUR_NS + 3 * VG_SEC_NS);
    /* The clock went back: not silent until it has caught up. */
    assert_int_equal(status_write(&file, json_pack("{s:i}", "n", 5), NOW - VG_DAY_NS), VG_OK);
    assert_int_equal(file.written_ns, NOW - VG_DAY_NS);
    assert_int_equal(status_begin(&file, p->dir), VG_ERR_EXISTS);
    platform_unlock(lock);
    /* Killed: what it said of its workers no longer holds, and the next life removes it. */
    assert_int_equal(status_read(p->dir, file.written_ns, &status), VG_OK);
    assert_string_equal(vg_json_str(status, "state", ""), "killed");
    assert_true(vg_json_bool(status, "stale", false));
    assert_int_equal(json_array_size(json_object_get(status, "workers")), 0);
    json_decref(status);
    assert_int_equal(status_begin(&file, p->dir), VG_OK);
    assert_int_equal(status_read(p->dir, NOW, &status), VG_ERR_NOENT);
    status_done(&file);
    run_shell("printf '[1]' > $A/status.json", p->dir, "");
    assert_int_equal(status_read(p->dir, NOW, &status), VG_ERR_FORMAT);
}

static void
test_health(void **state)
{
    struct health_limit limit = {.count = 0};
    char why[EVENT_WHY_MAX];
    unsigned held, passed = 0;
    json_t *event = health_event("agent.worker_ended", SEVERITY_LOW, EVENT, NOW,
                                 json_pack("{s:s}", "worker", "pay"));

    (void)state;
    if (event_check(event, false, why) != VG_OK)
        fail_msg("%s", why);
    json_decref(event);
    for (int i = 0; i < 100; i++)
        passed += health_allowed(&limit, "agent.a", NOW + i, &held);
    assert_int_equal(passed, HEALTH_BURST);
    assert_true(health_allowed(&limit, "agent.b", NOW, &held));
    assert_true(health_allowed(&limit, "agent.a", NOW + VG_HOUR_NS, &held));
    assert_int_equal(held, 100 - HEALTH_BURST);
    assert_true(health_allowed(&limit, "agent.a", NOW + VG_HOUR_NS, &held));
    assert_int_equal(held, 0);
}

static void
test_seal_text(void **state)
{
    struct place *p = *state;
    struct seal_key key = {.store = EVENT, .seq = 7, .key = {1, 2, 0xff}}, back;
    static const char *const wrong[] = {
        "",
        "vigia-seal-1",
        "vigia-seal-1 x 1 00",
        "vigia-seal-2 " EVENT " 1 00",
        "vigia-seal-1 " EVENT " 0 "
        "0000000000000000000000000000000000000000000000000000000000000000",
        "vigia-seal-1 " EVENT " 1 "
        "00000000000000000000000000000000000000000000000000000000000000zz"};
    char path[200], hex[SEAL_HEX_SIZE];
    uint8_t out[SEAL_SIZE], stepped[SEAL_SIZE];

    snprintf(path, sizeof(path), "%s/k", p->dir);
    assert_int_equal(seal_key_read(path, &back), VG_ERR_NOENT);
    assert_int_equal(seal_key_write(path, &key), VG_OK);
    assert_int_equal(seal_key_read(path, &back), VG_OK);
    assert_string_equal(back.store, EVENT);
    assert_int_equal(back.seq, 7);
    assert_memory_equal(back.key, key.key, SEAL_SIZE);
    for (size_t i = 0; i < VG_ARRAY_LEN(wrong); i++) {
        assert_int_equal(platform_file_replace(path, slice_of(wrong[i], strlen(wrong[i])), true),
                         VG_OK);
        assert_int_equal(seal_key_read(path, &back), VG_ERR_FORMAT);
    }
    seal_to_hex(key.key, hex);
    assert_int_equal(seal_from_hex(slice_of(hex, 64), out), VG_OK);
    assert_memory_equal(out, key.key, SEAL_SIZE);
    assert_int_equal(seal_from_hex(slice_of(hex, 63), out), VG_ERR_FORMAT);
    memcpy(out, key.key, SEAL_SIZE);
    memcpy(stepped, key.key, SEAL_SIZE);
    assert_int_equal(seal_step(out, 3), VG_OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(seal_step(stepped, 1), VG_OK);
    assert_memory_equal(out, stepped, SEAL_SIZE);
    assert_memory_not_equal(out, key.key, SEAL_SIZE);
}

#define PLACED(f) cmocka_unit_test_setup_teardown(f, place_make, place_remove)

int
main(void)
{
    const struct CMUnitTest tests[] = {PLACED(test_feedback), PLACED(test_feedback_refused),
                                       PLACED(test_status), cmocka_unit_test(test_health),
                                       PLACED(test_seal_text)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
