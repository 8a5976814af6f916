/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of an e-mail address beside its token: the shape, and the mailbox that it reaches. */
#include "pay_bench.h"

#include "common/vtime.h"

static const char PROFILE[] =
    "format: x\nfamily: x\nabout: x\nreader: csv\nrecognise: [i, t, a, m]\n"
    "time: {field: [t], formats: [\"%Y-%m-%d %H:%M\"], zone: UTC}\n"
    "amount: {field: [a]}\n"
    "fields: {id: [i], email: [m]}\n";

struct mail {
    char email[64], mailbox[64], shape[128];
};

/* What became of each address, a row each. */
static void
read_mails(const char *const *addresses, size_t count, struct mail *out)
{
    struct conf_error why = {.text = ""};
    struct logfile_options options = {.currency = "MXN", .source = "x", .mark_key = {1, 2}};
    struct profile *profile;
    struct pay_bench b;
    struct logfile *f;
    platform_file file;
    struct buf log;
    char path[256];
    size_t n = 0;

    pay_bench_init(&b);
    buf_init(&log, 65536);
    buf_printf(&log, "i,t,a,m\n");
    for (size_t i = 0; i < count; i++)
        buf_printf(&log, "%zu,2026-03-02 10:00,%zu.50,%s\n", i + 1, i + 1, addresses[i]);
    if (profile_parse("x", slice_of(PROFILE, strlen(PROFILE)), &profile, &why) != VG_OK)
        fail_msg("%s", why.text);
    options.profile = profile;
    options.tokens = b.tokens;
    options.zone = b.zone;
    pay_bench_write(&b, "log", "wb", buf_slice(&log).at, buf_slice(&log).left);
    (void)snprintf(path, sizeof path, "%s/log", b.folder);
    assert_int_equal(platform_file_open(path, &file), VG_OK);
    assert_int_equal(logfile_new(&options, file, &f), VG_OK);
    while (logfile_next(f, true) == VG_OK) {
        size_t txns;
        const struct txn_view *t = logfile_txns(f, &txns);

        if (txns == 0)
            continue;
        assert_true(n < count);
        (void)snprintf(out[n].email, sizeof out->email, "%.*s", (int)t->email.len, t->email.at);
        (void)snprintf(out[n].mailbox, sizeof out->mailbox, "%.*s", (int)t->mailbox.len,
                       t->mailbox.at);
        (void)snprintf(out[n].shape, sizeof out->shape, "%.*s", (int)t->mail_shape.len,
                       t->mail_shape.at);
        n++;
    }
    assert_int_equal(n, count);
    logfile_free(f);
    profile_free(profile);
    buf_done(&log);
    pay_bench_done(&b);
}

static void
test_shapes(void **state)
{
    static const char *const addresses[] = {"juan.perez85@example.org",
                                            "XKQ7712@Gmail.com",
                                            "a1b22c333@example.org",
                                            "",
                                            "no address",
                                            "ana_m+2@example.org",
                                            "\xc3\xb1u\xc3\xb1o@example.org",
                                            "12@example.org",
                                            "@example.org",
                                            " maria @example.org "};
    static const char *const shapes[] = {"a.a0@example.org",
                                         "a0@gmail.com",
                                         "a0a0a0@example.org",
                                         "",
                                         "",
                                         "a_a+0@example.org",
                                         "a@example.org",
                                         "0@example.org",
                                         "@example.org",
                                         "a@example.org"};
    struct mail got[VG_ARRAY_LEN(addresses)];

    (void)state;
    read_mails(addresses, VG_ARRAY_LEN(addresses), got);
    for (size_t i = 0; i < VG_ARRAY_LEN(addresses); i++) {
        assert_string_equal(got[i].shape, shapes[i]);
        assert_null(strchr(got[i].email, '@'));
        assert_null(strchr(got[i].mailbox, '@'));
    }
}

/* Addresses of the same mailbox, and some that look like one of it and are none. */
static void
test_mailboxes(void **state)
{
    static const char *const addresses[] = {
        "ana.maria@gmail.com",           "anamaria@gmail.com",     "AnaMaria+7@gmail.com",
        "a.n.a.maria+x@gmail.com",       "anamaria2@gmail.com",    "anamaria@example.org",
        "ana.maria@example.org",         "anamaria+1@example.org", "anamaria+2@example.org",
        "anamaria@gmail.com.example.org"};
    static const int same_as[] = {1, 1, 1, 1, 4, 5, 6, 5, 5, 9};
    struct mail got[VG_ARRAY_LEN(addresses)];

    (void)state;
    read_mails(addresses, VG_ARRAY_LEN(addresses), got);
    for (size_t i = 0; i < VG_ARRAY_LEN(addresses); i++) {
        assert_memory_equal(got[i].email, "mail_", 5);
        for (size_t k = 0; k < VG_ARRAY_LEN(addresses); k++) {
            bool same = strcmp(got[i].mailbox, got[k].mailbox) == 0;

            if (same != (same_as[i] == same_as[k]))
                fail_msg("%s, %s", addresses[i], addresses[k]);
            assert_int_equal(strcmp(got[i].email, got[k].email) == 0, i == k);
        }
        if (same_as[i] == (int)i) /* nothing to take off: its own token */
            assert_string_equal(got[i].mailbox, got[i].email);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_mailboxes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
