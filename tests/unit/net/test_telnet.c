/* SPDX-License-Identifier: Apache-2.0 */
/* Telnet: log-ins by their prompts, character by character, and never the password. */
#include "dialog.h"

static const struct line SESSION[] = {
    {1, TEXT("\xff\xfd\x18\xff\xfd\x20\xff\xfa\x18\x01\xff\xf0")},
    {0, TEXT("\xff\xfb\x18\xff\xfc\x20\xff\xfa\x18\0XTERM\xff\xf0")},
    {1, TEXT("\r\nCamara 4\r\nlogin: ")},
    {0, TEXT("admim\x7fn")},
    {1, TEXT("\xff\xfb\x01")}, /* a command while he types: no new prompt */
    {0, TEXT("\r\0")},
    {1, TEXT("admin\r\nPassword: ")},
    {0, TEXT("s3cret-one\r\n")},
    {1, TEXT("\r\nLogin incorrect\r\nlogin: ")},
    {0, TEXT("root\r\n")},
    {1, TEXT("root\r\nPassword: ")},
    {0, TEXT("s3cret-two\r\n")},
    {1, TEXT("\r\nLast login: Mon May  4 10:00\r\nBienvenido\r\nroot@caja:~# ")},
    {0, TEXT("cat /etc/passwd\r\n")},
    {1, TEXT("root:x:0:0:password:/root:/bin/sh\r\nroot@caja:~# ")},
};

static void
test_logins(void **state)
{
    static const size_t pieces[] = {1, 7, DIALOG_WHOLE};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct kit_log log;

        dialog_tcp(&log, SESSION, VG_ARRAY_LEN(SESSION), 2323, pieces[i]);
        if (pieces[i] > 1) /* two negotiations in one piece tell the protocol on any port */
            assert_true(kit_says(&log, "\"app\":\"telnet\""));
        kit_log_free(&log);
        dialog_tcp(&log, SESSION, VG_ARRAY_LEN(SESSION), 23, pieces[i]);
        assert_true(kit_says(&log, "\"app\":\"telnet\""));
        assert_int_equal(log.count[OBS_LOGIN], 2);
        assert_true(kit_says(&log,
                             "\"service\":\"telnet\",\"user\":\"admin\",\"result\":\"failed\","
                             "\"cleartext\":true,\"inferred\":true"));
        assert_true(kit_says(&log, "\"user\":\"root\",\"result\":\"succeeded\""));
        assert_false(kit_says(&log, "s3cret"));
        kit_log_free(&log);
    }
    dialog_survives_cuts(SESSION, VG_ARRAY_LEN(SESSION), 23, false);
    dialog_seed("fuzz_net_telnet", "session", SESSION, VG_ARRAY_LEN(SESSION));
}

/* Registers that send no negotiation, only a prompt; hung up on after the password. */
static void
test_bare_prompt(void **state)
{
    static const struct line lines[] = {{1, TEXT("Usuario: ")},
                                        {0, TEXT("caja1\r\n")},
                                        {1, TEXT("Contrase\xc3\xb1"
                                                 "a: ")},
                                        {0, TEXT("s3cret\r\n")}};
    struct kit_log log;

    (void)state;
    dialog_tcp(&log, lines, VG_ARRAY_LEN(lines), 23, DIALOG_WHOLE);
    assert_int_equal(log.count[OBS_LOGIN], 1);
    assert_true(kit_says(&log, "\"user\":\"caja1\",\"result\":\"unknown\""));
    kit_log_free(&log);
    dialog_tcp(&log, lines, VG_ARRAY_LEN(lines), 2300, DIALOG_WHOLE);
    assert_int_equal(log.count[OBS_LOGIN], 0);
    kit_log_free(&log);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_logins),
        cmocka_unit_test(test_bare_prompt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
