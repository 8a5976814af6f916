/* SPDX-License-Identifier: Apache-2.0 */
/* A collector that is broken or taken over: whatever it answers, the agent asks it a few times only,
 * and keeps its events and its store id. The collector's own listener plays it, on the same loop. */
#include "tests/unit/keeper/store_kit.h"

#include <time.h>

#include "agent/keeper/identity.h"
#include "agent/keeper/ship.h"
#include "collector/authority.h"
#include "collector/http.h"
#include "collector/tls.h"

enum { REQUESTS_FEW = 12, TURNS = 150 };

struct world {
    struct place *place;
    struct collector_config config;
    struct authority authority;
    struct event_base *loop;
    struct http_budget budget;
    struct http_server *server;
    struct store *store;
    struct ship *ship;
    const char *plot;
    size_t hellos, batches, renewals;
};

static void
issue(struct world *w, struct slice csr, struct buf *cert)
{
    struct pki_info info;

    assert_int_equal(authority_sign(&w->authority, "018f0000-0000-7000-8000-0000000000a1", csr,
                                    vtime_now(), cert, &info),
                     VG_OK);
}

static void
answer_renew(struct world *w, struct http_call *call)
{
    struct buf cert;
    json_t *body;
    const char *csr;

    buf_init(&cert, PKI_PEM_MAX);
    assert_int_equal(vg_json_parse(http_body(call), 65536, &body), VG_OK);
    csr = vg_json_str(body, "csr", "");
    issue(w, slice_of(csr, strlen(csr)), &cert);
    http_answer_json(call, 200, json_pack("{ss%}", "cert", (const char *)cert.data, cert.len));
    json_decref(body);
    buf_done(&cert);
}

static void
handle(void *ctx, struct http_call *call)
{
    struct world *w = ctx;
    bool hello = strcmp(http_path(call), "/v1/hello") == 0;
    bool renew = strcmp(http_path(call), "/v1/renew") == 0;

    w->hellos += hello;
    w->renewals += renew;
    w->batches += !hello && !renew;
    if (w->hellos + w->batches + w->renewals > REQUESTS_FEW)
        (void)event_base_loopbreak(w->loop);
    if (strcmp(w->plot, "ahead") == 0 && hello)
        http_answer_json(call, 200, json_pack("{sI}", "durable", INT64_C(1) << 40));
    else if (strcmp(w->plot, "expired") == 0)
        http_answer_error(call, 403, "expired", "renew it");
    else if (renew)
        answer_renew(w, call);
    else if (hello)
        http_answer_json(call, 200, json_pack("{si}", "durable", 0));
    else if (strcmp(w->plot, "conflict") == 0)
        http_answer_error(call, 409, "store_conflict", "another event is known");
    else if (strcmp(w->plot, "renewed in vain") == 0)
        http_answer_error(call, 403, "expired", "renew it");
    else
        http_answer_json(call, 200, json_pack("{si}", "durable", 0)); /* never what was sent */
}

static void
enrol(struct world *w)
{
    struct buf key, csr, cert;
    char url[64];
    json_t *answer;

    buf_init(&key, PKI_PEM_MAX);
    buf_init(&csr, PKI_PEM_MAX);
    buf_init(&cert, PKI_PEM_MAX);
    assert_int_equal(pki_key_new(&key), VG_OK);
    assert_int_equal(pki_csr_new(buf_slice(&key), "x", &csr), VG_OK);
    issue(w, buf_slice(&csr), &cert);
    (void)snprintf(url, sizeof url, "https://localhost:%u", (unsigned)http_port(w->server));
    answer =
        json_pack("{ss ss% ss% ss ss ss ss}", "agent", "018f0000-0000-7000-8000-0000000000a1",
                  "cert", (const char *)cert.data, cert.len, "ca",
                  (const char *)w->authority.ca.data, w->authority.ca.len, "url", url, "token_key",
                  "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", "tenant", "T",
                  "site", "S");
    assert_int_equal(identity_save(w->place->dir, buf_slice(&key), answer), VG_OK);
    json_decref(answer);
    buf_done(&key);
    buf_done(&csr);
    buf_done(&cert);
}

static void
open_collector(struct world *w)
{
    struct http_options o = {.deadline_s = 5,
                             .connections_max = 64,
                             .connections_of_one = 64,
                             .body_max = 1 << 20,
                             .handle = handle,
                             .ctx = w,
                             .budget = &w->budget};
    char path[192];
    struct conf_error why;
    SSL_CTX *tls;
    FILE *f;

    (void)snprintf(path, sizeof path, "%s/c.yaml", w->place->dir);
    f = fopen(path, "w");
    assert_non_null(f);
    (void)fputs("readers: 1\n", f);
    (void)fclose(f);
    assert_int_equal(collector_config_load(path, w->place->dir, &w->config, &why), VG_OK);
    assert_int_equal(authority_open(&w->config, vtime_now(), &w->authority), VG_OK);
    assert_int_equal(tls_agents(&w->authority, &tls), VG_OK);
    w->budget.max = 8 << 20;
    w->loop = event_base_new();
    o.loop = w->loop;
    o.tls = tls;
    (void)vg_strcpy(o.listen.host, sizeof o.listen.host, "127.0.0.1");
    assert_int_equal(http_new(&o, &w->server), VG_OK);
    SSL_CTX_free(tls);
}

/* A second and a half of what the collector does to an agent with three events. */
static void
live(void **state, const char *plot, struct world *w)
{
    struct ship_options o;

    *w = (struct world){.place = *state, .plot = plot};
    open_collector(w);
    enrol(w);
    w->store = open_with(w->place->dir, false, 0);
    for (int i = 0; i < 3; i++)
        commit_event(w->store, vtime_now(), "c1");
    o = (struct ship_options){.loop = w->loop, .store = w->store, .state_dir = w->place->dir};
    assert_int_equal(ship_new(&o, &w->ship), VG_OK);
    for (int i = 0; i < TURNS && w->hellos + w->batches + w->renewals <= REQUESTS_FEW; i++) {
        const struct timespec nap = {.tv_nsec = 10 * 1000000};

        (void)event_base_loop(w->loop, EVLOOP_NONBLOCK);
        (void)nanosleep(&nap, NULL);
    }
    assert_true(w->hellos > 0);
    assert_true(w->hellos + w->batches + w->renewals <= REQUESTS_FEW);
    assert_int_equal(count_detector(w->store, "pay.velocity"), 3);
    assert_int_equal(store_shipped(w->store), 0);
}

static void
end(struct world *w)
{
    ship_free(w->ship);
    store_close(w->store);
    http_free(w->server);
    event_base_free(w->loop);
    authority_done(&w->authority);
    collector_config_done(&w->config);
}

static void
test_numbers_refused_again_and_again(void **state)
{
    static const char *const plots[] = {"conflict", "ahead"};
    struct world w;

    for (size_t i = 0; i < VG_ARRAY_LEN(plots); i++) {
        live(state, plots[i], &w);
        assert_true(count_detector(w.store, "agent.store_conflict") <= 1);
        end(&w);
        run_shell("rm -rf $A/*", w.place->dir, "");
    }
}

static void
test_renewed_in_vain(void **state)
{
    static const char *const plots[] = {"expired", "renewed in vain"};
    struct world w;

    for (size_t i = 0; i < VG_ARRAY_LEN(plots); i++) {
        live(state, plots[i], &w);
        assert_true(w.renewals == 1);
        end(&w);
        run_shell("rm -rf $A/*", w.place->dir, "");
    }
}

static void
test_answer_without_sense(void **state)
{
    struct world w;

    live(state, "nonsense", &w);
    assert_true(w.batches > 0);
    end(&w);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)
    const struct CMUnitTest tests[] = {
        TEST(test_numbers_refused_again_and_again),
        TEST(test_renewed_in_vain),
        TEST(test_answer_without_sense),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
