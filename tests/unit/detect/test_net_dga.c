/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/detect/fake_judge.h"

static struct judge judge;

static void
ask(void *self, const char *name, int rcode, int64_t at_ns)
{
    struct flow_view f = flow_of(ip4(192, 168, 1, 20), ip4(192, 168, 1, 1), 53, at_ns);
    struct dns_view v = {.flow = &f, .query = str_of(name), .qtype = 1, .rcode = rcode};
    struct obs obs = {.kind = OBS_DNS, .time_ns = at_ns, .dns = &v};

    NET_DGA.observe(self, &obs);
}

static void
lots(void *self, unsigned from, unsigned to, int rcode, const char *tld)
{
    for (unsigned i = from; i < to; i++) {
        uint64_t x = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
        char name[64];
        size_t n = 0;

        for (; n < 13; n++) {
            x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            name[n] = (char)('a' + (x >> 33) % 26);
        }
        snprintf(name + n, sizeof name - n, "%s", tld);
        ask(self, name, rcode, T0 + i * VG_SEC_NS);
    }
}

static void
test_lots(void **state)
{
    static struct fake_store store;
    void *self = fake_make(&NET_DGA, &judge, NULL);

    lots(self, 0, 8, 3, ".com");
    assert_int_equal(judge.count, 0);
    self = fake_restart(&NET_DGA, self, &store, &judge);
    lots(self, 8, 30, 3, ".com");
    assert_int_equal(judge.count, 1);
    assert_string_equal(judge.report[0].subject, "192.168.1.20");
    NET_DGA.free(self);
    fake_truncate_rows(&NET_DGA, &store, &judge);
    fake_store_done(&store);
    fake_judge_done(&judge);
}

static void
test_words_of_one_form(void **state)
{
    static const char *const A[] = {"table", "green", "house", "light", "water", "night", "stone"};
    static const char *const B[] = {"river", "plant", "cloud", "grass", "bread", "chair", "dream"};
    void *self = fake_make(&NET_DGA, &judge, NULL);

    for (unsigned i = 0; i < 49; i++) {
        char name[64];

        snprintf(name, sizeof name, "%s%s.net", A[i % 7], B[i / 7]);
        ask(self, name, 3, T0 + i * VG_SEC_NS);
    }
    assert_int_equal(judge.count, 1);
    NET_DGA.free(self);
    fake_judge_done(&judge);
}

static void
test_look_alikes(void **state)
{
    void *self = fake_make(&NET_DGA, &judge, NULL);

    lots(self, 0, 100, 2, ".com");             /* no line */
    lots(self, 0, 100, -1, ".com");            /* no answer */
    lots(self, 0, 100, 0, ".com");             /* they are there */
    lots(self, 0, 100, 3, ".tienda.local");    /* a search suffix */
    lots(self, 0, 100, 3, ".cloudfront.net");  /* given by a machine */
    lots(self, 0, 100, 3, ".dbl.example.org"); /* a block list */
    lots(self, 0, 100, 3, "");                 /* the browser's tests */
    for (unsigned i = 0; i < 12; i++) {
        char name[64];

        snprintf(name, sizeof name, "mercado%c%c.com.mx", 'a' + i, 'b' + i);
        ask(self, name, 3, T0 + i * VG_SEC_NS);
    }
    assert_int_equal(judge.count, 0);
    NET_DGA.free(self);
}

static void
test_hexadecimal_name(void **state)
{
    static const struct {
        const char *host;
        bool told;
    } CASES[] = {{"7fc1a04b.top", true},
                 {"www.1a2b3c4d5e.net", true},
                 {"deadbeef.com", false},
                 {"20240612.com", false},
                 {"1a2b3c4d.example.com", false},
                 {"203.0.113.9", false},
                 {"d1a2b3c4d5.cloudfront.net", false}};
    struct flow_view f = flow_of(ip4(192, 168, 1, 20), ip4(203, 0, 113, 9), 80, T0);

    for (size_t i = 0; i < VG_ARRAY_LEN(CASES); i++) {
        struct http_view v = {.flow = &f, .host = str_of(CASES[i].host), .status = 200};
        struct obs obs = {.kind = OBS_HTTP, .time_ns = T0, .http = &v};
        void *self = fake_make(&NET_DGA, &judge, NULL);

        NET_DGA.observe(self, &obs);
        if (judge.count != CASES[i].told)
            fail_msg("%s", CASES[i].host);
        NET_DGA.free(self);
        fake_judge_done(&judge);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lots),
        cmocka_unit_test(test_words_of_one_form),
        cmocka_unit_test(test_look_alikes),
        cmocka_unit_test(test_hexadecimal_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
