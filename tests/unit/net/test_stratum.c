/* SPDX-License-Identifier: Apache-2.0 */
/* Stratum: the forms of Bitcoin's, Ethereum's and Monero's pools. */
#include "dialog.h"

static const struct line BITCOIN[] = {
    {0, TEXT("{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"cgminer/4.10.0\",null,"
             "\"pool.example\",\"3333\"]}\n")},
    {1,
     TEXT(
         "{\"id\":1,\"result\":[[[\"mining.notify\",\"ae68\"]],\"08000002\",4],\"error\":null}\n")},
    {0, TEXT("{\"params\": [\"1BoatSLRHtKNngkdXEeobR76b53LETtpyT.rig1\", \"x\"], \"id\": 2, "
             "\"method\": \"mining.authorize\"}\n")},
    {1, TEXT("{\"id\":2,\"result\":true,\"error\":null}\n{\"id\":null,\"method\":\"mining.notify\","
             "\"params\":[\"bf\"]}\n")},
    {0,
     TEXT("{\"id\":4,\"method\":\"mining.submit\",\"params\":[\"w\",\"bf\",\"1\",\"2\",\"3\"]}\n")},
    {1, TEXT("{\"id\":4,\"result\":false,\"error\":[23,\"Low difficulty\",null]}\n")},
    {0,
     TEXT("{\"id\":5,\"method\":\"mining.submit\",\"params\":[\"w\",\"bf\",\"1\",\"2\",\"4\"]}\n")},
};

static void
test_bitcoin(void **state)
{
    static const size_t pieces[] = {DIALOG_WHOLE, 1, 13};

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(pieces); i++) {
        struct kit_log log;

        dialog_tcp(&log, BITCOIN, VG_ARRAY_LEN(BITCOIN), 3333, pieces[i]);
        assert_int_equal(log.count[OBS_RECORD], 2);
        assert_true(kit_says(&log, "\"method\":\"mining.authorize\",\"agent\":\"cgminer/4.10.0\","
                                   "\"worker\":\"1Boa...tpyT\",\"pool\":\"pool.example\","
                                   "\"result\":\"accepted\"}"));
        assert_true(kit_says(&log, "\"method\":\"mining.submit\""));
        assert_true(kit_says(&log, "\"result\":\"refused\"}"));
        assert_true(kit_says(&log, "\"protocol\":\"stratum\""));
        assert_false(kit_says(&log, "rig1")); /* nor the whole account */
        assert_false(kit_says(&log, "BoatSLRH"));
        kit_log_free(&log);
    }
    dialog_seed("fuzz_net_stratum", "bitcoin", BITCOIN, VG_ARRAY_LEN(BITCOIN));
}

static const struct line MONERO[] = {
    {0, TEXT("{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"login\",\"params\":{\"login\":"
             "\"44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2w"
             "fn3RVGQBEP3A\","
             "\"pass\":\"x\",\"agent\":\"XMRig/6.21.0\",\"algo\":[\"rx/0\"]}}\n")},
    {1, TEXT("{\"id\":1,\"jsonrpc\":\"2.0\",\"error\":{\"code\":-1,\"message\":\"banned\"}}\n")},
};

static void
test_monero(void **state)
{
    struct kit_log log;

    (void)state;
    dialog_tcp(&log, MONERO, VG_ARRAY_LEN(MONERO), 443, 1);
    assert_true(kit_says(&log, "\"method\":\"login\",\"agent\":\"XMRig/6.21.0\",\"worker\":"
                               "\"44AF...EP3A\",\"result\":\"refused\"}"));
    kit_log_free(&log);
    /* Nobody answers. */
    dialog_tcp(&log, MONERO, 1, 443, DIALOG_WHOLE);
    assert_true(kit_says(&log, "\"worker\":\"44AF...EP3A\"}"));
    kit_log_free(&log);
    dialog_survives_cuts(MONERO, VG_ARRAY_LEN(MONERO), 443, false);
    dialog_seed("fuzz_net_stratum", "monero", MONERO, VG_ARRAY_LEN(MONERO));
}

static void
test_ethereum(void **state)
{
    static const struct line lines[] = {
        {0, TEXT("{\"worker\": \"eth1.0\", \"jsonrpc\": \"2.0\", \"params\": [\"0x9c99d212f7e5daa1"
                 "8ab50810e0fd255d1f04303b/a@b.example\", \"x\"], \"id\": 2, \"method\": "
                 "\"eth_submitLogin\"}\n")},
        {1, TEXT("{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":true}\n")},
    };
    struct kit_log log;

    (void)state;
    dialog_tcp(&log, lines, VG_ARRAY_LEN(lines), 9999, DIALOG_WHOLE);
    assert_true(kit_says(&log, "\"method\":\"eth_submitLogin\",\"worker\":\"0x9c...303b\","
                               "\"result\":\"accepted\"}"));
    assert_false(kit_says(&log, "b.example"));
    kit_log_free(&log);
    dialog_survives_cuts(lines, VG_ARRAY_LEN(lines), 9999, false);
    dialog_seed("fuzz_net_stratum", "ethereum", lines, VG_ARRAY_LEN(lines));
}

/* Other JSON over TCP. */
static void
test_others(void **state)
{
    static const struct line lines[] = {
        {0, TEXT("{\"id\":1,\"method\":\"login\",\"params\":{\"user\":\"ana\"}}\n")},
        {0, TEXT("{\"id\":1,\"method\":\"submit\",\"params\":[]}\n")},
        {0, TEXT("{\"id\":1,\"method\":\"eth_blockNumber\",\"params\":[]}\n")},
        {0, TEXT("{\"method\":7}\n")},
        {0, TEXT("{\"text\":\"mining.subscribe\"}\n")},
        {0, TEXT("{\0\"method\":\"mining.subscribe\"}\n")},
    };

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(lines); i++) {
        struct kit_log log;

        dialog_tcp(&log, &lines[i], 1, 3333, DIALOG_WHOLE);
        assert_int_equal(log.count[OBS_RECORD], 0);
        assert_true(kit_says(&log, "\"protocol\":\"\""));
        kit_log_free(&log);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bitcoin),
        cmocka_unit_test(test_monero),
        cmocka_unit_test(test_ethereum),
        cmocka_unit_test(test_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
