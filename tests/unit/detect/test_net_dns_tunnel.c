/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/detect/fake_judge.h"

static struct judge judge;

static void *
start(void)
{
    fake_judge_done(&judge);
    return fake_make(&NET_DNS_TUNNEL, &judge, NULL);
}

struct question {
    const char *name;
    uint16_t qtype;
    const char *answer;
    struct net_addr client, server, address;
};

static void
ask(void *self, const struct question *q, int64_t at_ns)
{
    struct flow_view f = flow_of(q->client, q->server, 53, at_ns);
    struct str answer = str_of(q->answer);
    struct dns_view v = {.flow = &f,
                         .query = str_of(q->name),
                         .qtype = q->qtype,
                         .query_bytes = (uint32_t)strlen(q->name) + 18,
                         .answer_bytes = (uint32_t)(strlen(q->name) + 34 + answer.len),
                         .answers = &answer,
                         .answer_count = answer.len > 0,
                         .addresses = &q->address,
                         .address_count = q->address.family != 0};
    struct obs obs = {.kind = OBS_DNS, .time_ns = at_ns, .dns = &v};

    f.proto = 17;
    NET_DNS_TUNNEL.observe(self, &obs);
}

static struct question
question(const char *name)
{
    return (struct question){
        .name = name, .qtype = 1, .client = ip4(192, 168, 1, 20), .server = ip4(192, 168, 1, 1)};
}

/* Letters by chance, the same in every run. */
static const char *
random_label(unsigned seed, size_t len, const char *alphabet, char out[64])
{
    uint64_t x = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    size_t n = strlen(alphabet), i = 0;

    for (; i < len; i++) {
        x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        out[i] = alphabet[(x >> 33) % n];
    }
    out[i] = '\0';
    return out;
}

#define HEX    "0123456789abcdef"
#define BASE32 "abcdefghijklmnopqrstuvwxyz234567"

static size_t
findings(void)
{
    size_t n = 0;

    for (size_t i = 0; i < judge.count; i++)
        n += judge.report[i].is_finding;
    return n;
}

/* `count` names of `len` characters every `every_ns`; gives the second at which it was found. */
static long
tunnel(void *self, size_t count, size_t len, const char *alphabet, uint16_t qtype, int64_t every_ns)
{
    for (unsigned i = 0; i < count; i++) {
        char label[64], name[128];
        struct question q = question(name);

        snprintf(name, sizeof name, "%s.t.example.com", random_label(i, len, alphabet, label));
        q.qtype = qtype;
        ask(self, &q, T0 + i * every_ns);
        if (findings() > 0)
            return (long)(i * every_ns / VG_SEC_NS);
    }
    return -1;
}

static void
test_tunnels(void **state)
{
    static const struct {
        size_t count, len;
        const char *alphabet;
        uint16_t qtype;
        int64_t every_ns;
        long within;
    } CASES[] = {
        {300, 30, BASE32, 1, VG_SEC_NS, 60},             /* one a second */
        {300, 16, HEX, 16, VG_SEC_NS, 60},               /* dnscat2 at rest */
        {300, 12, BASE32, 10, VG_SEC_NS, 20},            /* iodine */
        {900, 9, BASE32, 1, VG_SEC_NS, 900},             /* short names, many */
        {1440, 40, BASE32, 1, 60 * VG_SEC_NS, 12 * 3600} /* one a minute */
    };

    for (size_t i = 0; i < VG_ARRAY_LEN(CASES); i++) {
        void *self = start();
        long at = tunnel(self, CASES[i].count, CASES[i].len, CASES[i].alphabet, CASES[i].qtype,
                         CASES[i].every_ns);

        if (at < 0 || at > CASES[i].within)
            fail_msg("case %zu found after %ld s", i, at);
        assert_string_equal(judge.report[judge.count - 1].subject, "192.168.1.20");
        assert_string_equal(judge.report[judge.count - 1].peer, "example.com");
        NET_DNS_TUNNEL.free(self);
    }
}

/* A file in a single question, in characters that no host has, to a name of no public domain. */
static void
test_one_question(void **state)
{
    void *self = start();
    struct question q = question(
        "QmFzZTY0IG9m\\061\\042IGEgZmlsZSB0aGF0IGlz-.c2VudCBvdXQgYnkgbmFtZXM\\061-.file.txt");

    ask(self, &q, T0);
    assert_int_equal(findings(), 1);
    assert_string_equal(judge.report[0].peer, "file.txt");
    NET_DNS_TUNNEL.free(self);
}

/* A program is loaded in texts for names that count up. */
static void
test_texts_come_back(void **state)
{
    void *self = start();
    char text[256], name[64];

    memset(text, 'A', 255);
    text[255] = '\0';
    for (unsigned i = 0; i < 20; i++) {
        struct question q = question(name);

        snprintf(name, sizeof name, "%c%ca.stage.ns.example.com", 'a' + i / 26, 'a' + i % 26);
        q.qtype = 16;
        q.answer = text;
        ask(self, &q, T0 + i * VG_MS_NS);
    }
    assert_int_equal(findings(), 1);
    NET_DNS_TUNNEL.free(self);
}

/* Names without a domain of their own, straight to a server. */
static void
test_no_domain(void **state)
{
    void *self = start();

    for (unsigned i = 0; i < 40; i++) {
        char label[64], name[128];
        struct question q = question(name);

        snprintf(name, sizeof name, "dnscat.%s", random_label(i, 34, HEX, label));
        q.server = ip4(203, 0, 113, 7);
        q.qtype = 16;
        ask(self, &q, T0 + i * VG_SEC_NS);
    }
    assert_int_equal(findings(), 1);
    assert_string_equal(judge.report[judge.count - 1].peer, "203.0.113.7");
    NET_DNS_TUNNEL.free(self);
}

static void
test_look_alikes(void **state)
{
    void *self = start();
    char label[64], name[192];
    struct question q = question(name);

    for (unsigned i = 0; i < 600; i++) {
        int64_t at = T0 + i * 2 * VG_SEC_NS;

        q = question(name);
        /* a block list says 127.0.0.2, or knows nothing */
        q.address = ip4(127, 0, 0, 2);
        snprintf(name, sizeof name, "%s.dbl.example.org", random_label(i, 32, HEX, label));
        ask(self, &q, at);
        q.address = (struct net_addr){0};
        snprintf(name, sizeof name, "%u.%u.168.192.in-addr.arpa", i & 255, i >> 8);
        ask(self, &q, at);
        /* one name of a cloud over and over, some hashes of a content network */
        ask(self,
            &(struct question){.name = "6a1f33b2c4d5e6f7.edge.example.net",
                               .qtype = 1,
                               .client = ip4(192, 168, 1, 20),
                               .server = ip4(192, 168, 1, 1)},
            at);
        snprintf(name, sizeof name, "e%u.dsca.example-cdn.net", i % 90);
        ask(self, &q, at);
        /* addresses that browsers hide */
        snprintf(name, sizeof name, "%s-4c1f-9d2e.local", random_label(i, 20, HEX, label));
        ask(self, &q, at);
        /* mail: another domain each time */
        snprintf(name, sizeof name, "selector1._domainkey.%s.com",
                 random_label(i, 9, BASE32, label));
        q.qtype = 16;
        q.answer = "v=DKIM1;k=rsa;p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQ";
        ask(self, &q, at);
        /* tests of the browser for a resolver that answers everything */
        snprintf(name, sizeof name, "%s", random_label(i, 10, BASE32, label));
        ask(self, &q, at);
    }
    assert_int_equal(findings(), 0);
    NET_DNS_TUNNEL.free(self);
}

/* A measuring service makes a few names for each page: a test at most, never a finding. */
static void
test_measuring_service(void **state)
{
    void *self = start();

    for (unsigned i = 0; i < 120; i++) {
        char label[64], name[128];
        struct question q = question(name);

        snprintf(name, sizeof name, "%s.u.insights.example.com",
                 random_label(i, 16, BASE32, label));
        ask(self, &q, T0 + i * 300 * VG_SEC_NS);
    }
    assert_int_equal(findings(), 0);
    assert_true(judge.count <= 1);
    NET_DNS_TUNNEL.free(self);
}

/* The domain controller asks the same as the PC: one of them is told. */
static void
test_relay(void **state)
{
    void *self = start();

    for (unsigned i = 0; i < 200; i++) {
        char label[64], name[128];
        struct question q = question(name);

        snprintf(name, sizeof name, "%s.t.example.com", random_label(i, 30, BASE32, label));
        q.client = ip4(192, 168, 1, 1);
        q.server = ip4(198, 51, 100, 53);
        ask(self, &q, T0 + i * VG_SEC_NS);
        q = question(name);
        ask(self, &q, T0 + i * VG_SEC_NS);
    }
    assert_int_equal(findings(), 1);
    assert_string_equal(judge.report[judge.count - 1].subject, "192.168.1.20");
    NET_DNS_TUNNEL.free(self);
}

static void
run(void *self, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        char label[64], name[128];
        struct question q = question(name);

        snprintf(name, sizeof name, "%s.t%u.example%u.com", random_label(i, 20, BASE32, label),
                 i % 3, i % 7);
        ask(self, &q, T0 + i * VG_SEC_NS);
    }
}

static void
test_restart(void **state)
{
    static struct judge once;
    static struct fake_store store;
    void *self = fake_make(&NET_DNS_TUNNEL, &once, NULL);

    fake_judge_done(&once);
    run(self, 0, 600);
    NET_DNS_TUNNEL.free(self);
    assert_true(once.count > 0);
    self = start();
    run(self, 0, 200);
    self = fake_restart(&NET_DNS_TUNNEL, self, &store, &judge);
    run(self, 200, 600);
    fake_same_reports(&once, &judge);
    NET_DNS_TUNNEL.free(self);
    fake_truncate_rows(&NET_DNS_TUNNEL, &store, &judge);
    fake_store_done(&store);
    fake_judge_done(&once);
}

static void
test_caps(void **state)
{
    void *self = start();
    json_t *counters = json_object();

    for (unsigned i = 0; i < 3000; i++) {
        char name[64];
        struct question q = question(name);

        snprintf(name, sizeof name, "mail.shop%u.com", i);
        ask(self, &q, T0 + i * VG_SEC_NS);
    }
    NET_DNS_TUNNEL.health(self, counters);
    assert_int_equal(json_integer_value(json_object_get(counters, "zones")), 640);
    assert_int_equal(json_integer_value(json_object_get(counters, "evicted")), 3000 - 640);
    json_decref(counters);
    NET_DNS_TUNNEL.free(self);
}

static int
done(void **state)
{
    fake_judge_done(&judge);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tunnels),
        cmocka_unit_test(test_one_question),
        cmocka_unit_test(test_texts_come_back),
        cmocka_unit_test(test_no_domain),
        cmocka_unit_test(test_look_alikes),
        cmocka_unit_test(test_measuring_service),
        cmocka_unit_test(test_relay),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_caps),
    };

    return cmocka_run_group_tests(tests, NULL, done);
}
