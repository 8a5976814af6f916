/* SPDX-License-Identifier: Apache-2.0 */
/* Questions for the programs behind flows, with answers of a made-up host worker. */
#include "agent/net/owner.h"
#include "dialog.h"

#define SECOND INT64_C(1000000000)

struct host {
    struct owners *owners;
    struct net_counters counters;
    struct owner_socket asked; /* the last question */
    uint64_t file;
    unsigned sockets, hashes, found;
    uint64_t flow;
    uint16_t program;
    bool busy;
};

static enum vg_err
on_socket(void *ctx, const struct owner_socket *socket)
{
    struct host *h = ctx;

    if (h->busy)
        return VG_AGAIN;
    h->busy = true;
    h->sockets++;
    h->asked = *socket;
    return VG_OK;
}

static enum vg_err
on_hash(void *ctx, uint64_t file)
{
    struct host *h = ctx;

    if (h->busy)
        return VG_AGAIN;
    h->busy = true;
    h->hashes++;
    h->file = file;
    return VG_OK;
}

static void
on_found(void *ctx, uint64_t flow, const struct owner_socket *socket, uint16_t program)
{
    struct host *h = ctx;

    assert_true(socket->local_port != 0);
    h->found++;
    h->flow = flow;
    h->program = program;
}

static const uint8_t OUR_MAC[6] = {2, 0, 0, 0, 0, 1};
static const struct net_addr OURS = {4, {10, 0, 0, 2}}, THEIRS = {4, {192, 0, 2, 9}};

static void
begin(struct host *h)
{
    const struct owner_options options = {.counters = &h->counters,
                                          .ask_socket = on_socket,
                                          .ask_hash = on_hash,
                                          .found = on_found,
                                          .ask_ctx = h,
                                          .found_ctx = h};

    *h = (struct host){.busy = false};
    assert_int_equal(owners_new(&options, &h->owners), VG_OK);
    owners_add_address(h->owners, &OURS);
    owners_add_mac(h->owners, OUR_MAC);
}

static struct flow_view
flow(uint64_t id, uint16_t port)
{
    return (struct flow_view){
        .id = id, .src = OURS, .dst = THEIRS, .sport = port, .dport = 443, .proto = 6};
}

static void
answer(struct host *h, enum vg_err err, const char *text)
{
    json_t *json = json_loads(text, 0, NULL);

    assert_non_null(json);
    h->busy = false;
    owners_answer(h->owners, err, json);
    json_decref(json);
}

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define CURL "{\"name\":\"curl\",\"path\":\"/usr/bin/curl\",\"user\":\"ana\",\"file\":7,\"sha256\":"

static void
test_one(void **state)
{
    struct host h;
    struct flow_view f = flow(1, 40000);
    const struct program_view *p;

    (void)state;
    begin(&h);
    owners_flow(h.owners, &f, SECOND);
    assert_int_equal(h.sockets, 1);
    assert_true(h.asked.tcp && h.asked.local_port == 40000 && h.asked.remote_port == 443);
    assert_true(net_addr_eq(&h.asked.local, &OURS) && net_addr_eq(&h.asked.remote, &THEIRS));
    answer(&h, VG_OK, CURL "\"\"}");
    assert_true(h.found == 1 && h.flow == 1);
    p = owners_program(h.owners, h.program);
    assert_true(str_is(p->name, "curl") && str_is(p->path, "/usr/bin/curl"));
    assert_true(str_is(p->user, "ana") && p->sha256.len == 0);
    /* The fingerprint comes when the file has been read. */
    owners_tick(h.owners, SECOND * 3 / 2);
    assert_int_equal(h.hashes, 0);
    owners_tick(h.owners, 3 * SECOND);
    assert_true(h.hashes == 1 && h.file == 7);
    answer(&h, VG_AGAIN, "{}");
    owners_tick(h.owners, 5 * SECOND);
    assert_int_equal(h.hashes, 2);
    answer(&h, VG_OK, "{\"sha256\":\"" HASH "\"}");
    assert_true(str_is(owners_program(h.owners, h.program)->sha256, HASH));
    owners_tick(h.owners, 60 * SECOND);
    assert_int_equal(h.hashes, 2);
    assert_null(owners_program(h.owners, 0));
    assert_null(owners_program(h.owners, 2));
    assert_true(h.counters.owners_asked == 1 && h.counters.owners_known == 1);
    owners_free(h.owners);
}

/* The clock goes back by a day: what was known is asked again, fingerprints too. */
static void
test_clock_set_back(void **state)
{
    struct host h;
    struct flow_view f = flow(1, 40000);

    (void)state;
    begin(&h);
    owners_flow(h.owners, &f, 100000 * SECOND);
    answer(&h, VG_OK, CURL "\"\"}");
    owners_flow(h.owners, &f, 100001 * SECOND);
    assert_true(h.sockets == 1 && h.found == 2);
    owners_flow(h.owners, &f, 13600 * SECOND);
    assert_int_equal(h.sockets, 2);
    answer(&h, VG_OK, CURL "\"\"}");
    owners_tick(h.owners, 13601 * SECOND);
    assert_int_equal(h.hashes, 1);
    answer(&h, VG_OK, "{\"sha256\":\"" HASH "\"}");
    owners_free(h.owners);
}

/* One port of ours that speaks with many: one question; later a new one. */
static void
test_remembers(void **state)
{
    struct host h;
    struct flow_view f = flow(1, 5000), g = flow(2, 5000);

    (void)state;
    begin(&h);
    g.dport = 80;
    owners_flow(h.owners, &f, SECOND);
    owners_flow(h.owners, &g, SECOND); /* waits for the same answer */
    answer(&h, VG_OK, CURL "\"" HASH "\"}");
    assert_true(h.sockets == 1 && h.found == 2 && h.flow == 2);
    owners_flow(h.owners, &f, 5 * SECOND);
    assert_true(h.sockets == 1 && h.found == 3);
    f.proto = 17;
    owners_flow(h.owners, &f, 5 * SECOND); /* another kind of socket */
    assert_int_equal(h.sockets, 2);
    answer(&h, VG_ERR_NOENT, "{}");
    owners_flow(h.owners, &f, 6 * SECOND); /* nobody's: not asked again at once */
    assert_true(h.sockets == 2 && h.found == 3);
    f.proto = 6;
    owners_flow(h.owners, &f, 20 * SECOND);
    assert_int_equal(h.sockets, 3);
    answer(&h, VG_ERR_LIMIT, "{}"); /* no time for it: the next flow may have more luck */
    owners_flow(h.owners, &f, 20 * SECOND);
    assert_int_equal(h.sockets, 4);
    owners_free(h.owners);
}

static void
test_whose_end(void **state)
{
    struct flow_view f = flow(1, 40000);
    struct host h;

    (void)state;
    begin(&h);
    /* A call to us: our end is the one that is called. */
    f.src = THEIRS;
    f.dst = OURS;
    owners_flow(h.owners, &f, SECOND);
    assert_true(h.asked.local_port == 443 && net_addr_eq(&h.asked.remote, &THEIRS));
    answer(&h, VG_ERR_NOENT, "{}");
    /* Strangers among themselves, a group, no ports: nothing to ask. */
    f.dst = (struct net_addr){4, {192, 0, 2, 10}};
    owners_flow(h.owners, &f, SECOND);
    f.dst = OURS;
    f.proto = 1;
    owners_flow(h.owners, &f, SECOND);
    assert_int_equal(h.sockets, 1);
    /* An address that we got since, by the hardware address of our interface. */
    f.proto = 6;
    f.src = (struct net_addr){4, {10, 0, 0, 77}};
    f.dst = THEIRS;
    f.has_mac = true;
    memcpy(f.src_mac, OUR_MAC, 6);
    owners_flow(h.owners, &f, SECOND);
    assert_true(h.sockets == 2 && net_addr_eq(&h.asked.local, &f.src));
    owners_free(h.owners);
}

/* Ten thousand flows in a second: the questions are bounded, and so is what waits. */
static void
test_flood(void **state)
{
    struct host h;

    (void)state;
    begin(&h);
    for (unsigned i = 0; i < 10000; i++) {
        struct flow_view f = flow(i, (uint16_t)(10000 + i));

        owners_flow(h.owners, &f, SECOND + i);
        if (h.busy)
            answer(&h, VG_ERR_NOENT, "{}");
    }
    assert_int_equal(h.sockets, OWNERS_A_SECOND);
    assert_int_equal(h.counters.owners_refused, 10000 - OWNERS_A_SECOND - OWNERS_WAITING_MAX);
    for (unsigned s = 3; s < 10; s++) {
        owners_tick(h.owners, s * SECOND);
        while (h.busy)
            answer(&h, VG_ERR_NOENT, "{}");
    }
    assert_int_equal(h.sockets, OWNERS_A_SECOND + OWNERS_WAITING_MAX);
    owners_free(h.owners);
}

/* More programs than there is room for; answers that lack what they should hold. */
static void
test_odd_answers(void **state)
{
    static const char *const texts[] = {"{}", "{\"name\":7}", CURL "\"short\"}", CURL "7}",
                                        "{\"name\":\"\",\"path\":\"\"}"};
    struct host h;

    (void)state;
    begin(&h);
    for (unsigned i = 0; i < VG_ARRAY_LEN(texts); i++) {
        struct flow_view f = flow(i, (uint16_t)(100 + i));

        owners_flow(h.owners, &f, (i + 1) * 2 * SECOND);
        if (h.busy && h.hashes > 0)
            answer(&h, VG_ERR_NOENT, "{}");
        answer(&h, VG_OK, texts[i]);
    }
    for (unsigned i = 0; i < OWNERS_PROGRAMS + 10; i++) {
        struct flow_view f = flow(i, (uint16_t)(1000 + i));
        char text[100];

        snprintf(text, sizeof(text), "{\"name\":\"p%u\",\"file\":0}", i);
        owners_flow(h.owners, &f, (20 + i) * SECOND);
        answer(&h, VG_OK, text);
    }
    assert_non_null(owners_program(h.owners, OWNERS_PROGRAMS));
    assert_null(owners_program(h.owners, OWNERS_PROGRAMS + 1));
    owners_free(h.owners);
}

/* Through the engine: the flow's end carries it, and only that flow's. */
static void
test_engine(void **state)
{
    struct host h;
    struct kit_log log;
    struct net_engine *e = kit_engine(&log);
    const struct owner_socket socket = {.tcp = false,
                                        .local = OURS,
                                        .remote = {4, {10, 0, 0, 1}},
                                        .local_port = 40000,
                                        .remote_port = 9};
    struct flow_view f = flow(1, 1);
    const char *at;
    uint64_t id;

    (void)state;
    begin(&h);
    owners_flow(h.owners, &f, SECOND);
    answer(&h, VG_OK, CURL "\"" HASH "\"}");
    net_engine_name_programs(e, h.owners);
    dialog_packet(e, 0, 9, NULL, 0, "x", 1, 1000);
    dialog_packet(e, 0, 10, NULL, 0, "x", 1, 2000);
    net_engine_set_program(e, 12345, &socket, h.program); /* another flow's id */
    net_engine_flush(e);
    assert_false(kit_says(&log, "program"));
    at = strstr(buf_str(&log.text), "\"dport\":9,");
    assert_non_null(at);
    id = strtoull(strstr(at, "\"flow\":\"") + 8, NULL, 16);
    buf_clear(&log.text);
    dialog_packet(e, 0, 9, NULL, 0, "x", 1, 1000);
    dialog_packet(e, 0, 10, NULL, 0, "x", 1, 2000);
    net_engine_set_program(e, id, &socket, h.program);
    net_engine_flush(e);
    assert_true(kit_says(&log, "\"program\":{\"name\":\"curl\",\"path\":\"/usr/bin/curl\",\"user\":"
                               "\"ana\",\"sha256\":\"" HASH "\"}"));
    at = strstr(buf_str(&log.text), "\"program\"");
    assert_null(strstr(at + 1, "\"program\""));
    net_engine_free(e);
    owners_free(h.owners);
    kit_log_free(&log);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one),       cmocka_unit_test(test_clock_set_back),
        cmocka_unit_test(test_remembers), cmocka_unit_test(test_whose_end),
        cmocka_unit_test(test_flood),     cmocka_unit_test(test_odd_answers),
        cmocka_unit_test(test_engine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
