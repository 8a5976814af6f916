/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/detect/fake_judge.h"

#define D NET_SESSION_HIJACK

static struct judge judge;
static const struct net_addr OWNER = {4, {192, 168, 1, 20}}, THIEF = {4, {192, 168, 1, 66}};

static void *
start(void)
{
    fake_judge_done(&judge);
    return fake_make(&D, &judge, NULL);
}

static void
use(void *self, struct net_addr src, const char *agent, uint64_t session, int64_t at)
{
    struct flow_view f = flow_of(src, ip4(203, 0, 113, 9), 80, at);
    struct http_view h = {.flow = &f,
                          .method = str_of("GET"),
                          .host = str_of("shop.example"),
                          .uri = str_of("/"),
                          .user_agent = str_of(agent),
                          .mime = str_of(""),
                          .session = session};
    struct obs obs = {.kind = OBS_HTTP, .time_ns = at, .http = &h};

    f.has_mac = true;
    memcpy(f.src_mac, (uint8_t[]){2, 0, 0, 0, 0, src.bytes[3]}, 6);
    D.observe(self, &obs);
}

static void
test_other_program(void **state)
{
    void *self = start();

    use(self, OWNER, "Safari", 7, T0);
    use(self, THIEF, "Chrome", 7, T0 + 20 * VG_SEC_NS);
    use(self, THIEF, "Chrome", 7, T0 + 30 * VG_SEC_NS);
    assert_int_equal(judge.count, 1);
    assert_string_equal(judge.report[0].subject, "192.168.1.66");
    assert_string_equal(json_string_value(json_object_get(judge.report[0].facts, "owner_address")),
                        "192.168.1.20");
    D.free(self);
}

static void
test_same_program_in_turns(void **state)
{
    void *self = start();

    for (int i = 0; i < 5; i++)
        use(self, i % 2 == 0 ? OWNER : THIEF, "Chrome", 7, T0 + i * VG_SEC_NS);
    assert_int_equal(judge.count, 0);
    use(self, THIEF, "Chrome", 7, T0 + 8 * VG_SEC_NS);
    assert_int_equal(judge.count, 1);
    D.free(self);
}

static void
test_quiet(void **state)
{
    void *self = start();

    use(self, OWNER, "Safari", 1, T0); /* a new address, the same program */
    for (int i = 0; i < 20; i++)
        use(self, THIEF, "Safari", 1, T0 + (1 + i) * VG_SEC_NS);
    use(self, OWNER, "Safari", 2, T0); /* the player on the same device */
    use(self, OWNER, "Player", 2, T0 + 1);
    use(self, OWNER, "Safari", 3, T0); /* long ago */
    use(self, THIEF, "Chrome", 3, T0 + 2 * VG_HOUR_NS);
    use(self, OWNER, "Safari", 0, T0); /* no session */
    use(self, THIEF, "Chrome", 0, T0);
    assert_int_equal(judge.count, 0);
    D.free(self);
}

static void
test_storm(void **state)
{
    void *self = start();
    struct flow_view f = flow_of(OWNER, ip4(192, 168, 1, 5), 23, T0);

    f.state = FLOW_CUT;
    f.packets_out = f.packets_in = 4000;
    f.payload_out = 300;
    f.payload_in = 900;
    f.end_ns = T0 + 20 * VG_SEC_NS;
    see_flow(&D, self, OBS_FLOW_END, &f);
    assert_int_equal(judge.count, 1);
    f.end_ns = T0 + VG_HOUR_NS; /* keep-alives */
    see_flow(&D, self, OBS_FLOW_END, &f);
    f.end_ns = T0 + 20 * VG_SEC_NS;
    f.payload_in = 5000000; /* a download */
    see_flow(&D, self, OBS_FLOW_END, &f);
    assert_int_equal(judge.count, 1);
    D.free(self);
}

static void
test_forged_reset(void **state)
{
    void *self = start();
    struct flow_view f = flow_of(OWNER, ip4(192, 168, 1, 5), 23, T0);

    f.state = FLOW_RESET; /* an ordinary end */
    see_flow(&D, self, OBS_FLOW_END, &f);
    assert_int_equal(judge.count, 0);
    f.forged_resets = 2;
    see_flow(&D, self, OBS_FLOW_END, &f);
    assert_int_equal(judge.count, 1);
    assert_string_equal(judge.report[0].group, "reset");
    D.free(self);
}

/* Rows of two shops name the same session differently. */
static void
test_key_of_the_shop(void **state)
{
    static struct fake_store one, two;
    void *a = start(), *b = fake_make(&D, &judge, NULL);
    unsigned same = 0;

    use(a, OWNER, "Safari", 7, T0);
    use(b, OWNER, "Safari", 7, T0);
    D.save(a, fake_out(&one, &D));
    D.save(b, fake_out(&two, &D));
    for (size_t i = 0; i < one.count; i++)
        for (size_t n = 0; n < two.count; n++)
            same += one.row[i].len > 60 && /* no counter */ one.row[i].len == two.row[n].len &&
                    memcmp(one.row[i].blob, two.row[n].blob, one.row[i].len) == 0;
    assert_int_equal(same, 0);
    fake_store_done(&one);
    fake_store_done(&two);
    D.free(a);
    D.free(b);
}

static void
test_restart_and_damage(void **state)
{
    static struct fake_store store;
    void *self = start();

    use(self, OWNER, "Safari", 7, T0);
    self = fake_restart(&D, self, &store, &judge);
    use(self, THIEF, "Chrome", 7, T0 + VG_SEC_NS);
    assert_int_equal(judge.count, 1);
    self = fake_restart(&D, self, &store, &judge);
    use(self, THIEF, "Chrome", 7, T0 + 2 * VG_SEC_NS);
    assert_int_equal(judge.count, 1);
    fake_truncate_rows(&D, &store, &judge);
    fake_store_done(&store);
    for (unsigned i = 1; i < 3000; i++)
        use(self, OWNER, "Safari", (uint64_t)i << 40, T0);
    D.free(self);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_other_program),
        cmocka_unit_test(test_same_program_in_turns),
        cmocka_unit_test(test_quiet),
        cmocka_unit_test(test_storm),
        cmocka_unit_test(test_forged_reset),
        cmocka_unit_test(test_key_of_the_shop),
        cmocka_unit_test(test_restart_and_damage),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    fake_judge_done(&judge);
    return failed;
}
