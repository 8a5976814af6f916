/* SPDX-License-Identifier: Apache-2.0 */
/* SMB 2 and 3: log-ins, shares, files, pipes; holes, one-sided traffic, odd headers. */
#include "agent/net/proto/protocols.h"
#include "dialog.h"
#include "smb_bytes.h"

#define LOGIN                                                                                      \
    {0, BYTES(NEGOTIATE)}, {1, BYTES(NEGOTIATED)}, {0, BYTES(SESSION_1)}, {1, BYTES(MORE)},        \
    {                                                                                              \
        0, BYTES(SESSION_2)                                                                        \
    }

static const struct line WORK[] = {
    LOGIN,
    {1, BYTES(WELCOME)},
    {0, BYTES(TREE)},
    {1, BYTES(TREE_OK)},
    {0, BYTES(CREATE)},
    {1, BYTES(CREATED)},
    {0, BYTES(WRITE_1)},
    {1, BYTES(WRITTEN_1)},
    {0, BYTES(WRITE_2)},
    {1, BYTES(WRITTEN_2)},
    {0, BYTES(RENAME)},
    {1, BYTES(RENAMED)},
    {0, BYTES(DELETE)},
    {1, BYTES(DELETE_DENIED)},
    {0, BYTES(CLOSE)},
    {1, BYTES(CLOSED)},
};

static void
check_work(struct kit_log *log)
{
    assert_true(kit_says(log,
                         "\"version\":3,\"command\":\"negotiate\",\"status\":\"STATUS_SUCCESS\","
                         "\"dialect\":\"3.0.2\",\"signing\":\"enabled\",\"encryption\":true"));
    assert_true(kit_says(log,
                         "\"command\":\"session\",\"status\":\"STATUS_SUCCESS\",\"user\":\"ana\","
                         "\"domain\":\"TIENDA\",\"workstation\":\"CAJA1\",\"auth\":\"ntlm\""));
    assert_true(kit_says(log, "\"service\":\"smb\",\"user\":\"ana\",\"result\":\"succeeded\","
                              "\"cleartext\":false"));
    assert_true(kit_says(log,
                         "\"command\":\"tree\",\"status\":\"STATUS_SUCCESS\","
                         "\"share\":\"\\\\\\\\caja\\\\ADMIN$\",\"kind\":\"disk\",\"admin\":true,"
                         "\"user\":\"ana\""));
    assert_true(kit_says(log, "\"command\":\"create\",\"status\":\"STATUS_SUCCESS\","
                              "\"share\":\"\\\\\\\\caja\\\\ADMIN$\",\"path\":\"tools\\\\a.exe\","
                              "\"action\":\"created\""));
    assert_true(kit_says(log, "\"command\":\"rename\",\"status\":\"STATUS_SUCCESS\","
                              "\"share\":\"\\\\\\\\caja\\\\ADMIN$\",\"path\":\"tools\\\\a.exe\","
                              "\"target\":\"b.exe\""));
    assert_true(kit_says(log, "\"command\":\"delete\",\"status\":\"STATUS_ACCESS_DENIED\""));
    assert_true(kit_says(log, "\"command\":\"write\",\"share\":\"\\\\\\\\caja\\\\ADMIN$\","
                              "\"path\":\"tools\\\\a.exe\",\"bytes\":40"));
    assert_true(kit_says(log, "\"type\":\"file\""));
    assert_true(kit_says(log, "\"service\":\"smb\",\"name\":\"tools\\\\a.exe\""));
    assert_true(kit_says(log, "\"bytes\":40,\"missing\":8"));
    assert_int_equal(log->count[OBS_LOGIN], 1);
    assert_int_equal(log->count[OBS_RECORD], 8);
}

static void
test_work(void **state)
{
    struct kit_log whole, bytes;

    (void)state;
    dialog_tcp(&whole, WORK, VG_ARRAY_LEN(WORK), 1445, DIALOG_WHOLE);
    dialog_tcp(&bytes, WORK, VG_ARRAY_LEN(WORK), 445, 1);
    check_work(&whole);
    check_work(&bytes);
    kit_log_free(&whole);
    kit_log_free(&bytes);
    dialog_seed("fuzz_net_smb", "work", WORK, VG_ARRAY_LEN(WORK));
}

static void
test_refused_and_guest(void **state)
{
    const struct line refused[] = {LOGIN, {1, BYTES(REFUSED)}};
    const struct line guest[] = {LOGIN, {1, BYTES(GUEST)}};
    struct kit_log log;

    (void)state;
    dialog_tcp(&log, refused, VG_ARRAY_LEN(refused), 445, DIALOG_WHOLE);
    assert_true(kit_says(&log, "\"status\":\"STATUS_LOGON_FAILURE\",\"user\":\"ana\""));
    assert_true(kit_says(&log, "\"user\":\"ana\",\"result\":\"failed\""));
    kit_log_free(&log);
    dialog_tcp(&log, guest, VG_ARRAY_LEN(guest), 445, DIALOG_WHOLE);
    assert_true(kit_says(&log, "\"guest\":true"));
    assert_true(kit_says(&log, "\"user\":\"ana\",\"result\":\"failed\""));
    kit_log_free(&log);
}

/* A file that is opened and read in one compound: the read names no file of its own. */
static void
test_compound(void **state)
{
    const struct line lines[] = {
        {0, BYTES(TREE)}, {1, BYTES(TREE_OK)}, {0, BYTES(COMPOUND)}, {1, BYTES(COMPOUND_ANSWER)}};
    struct kit_log log;

    (void)state;
    for (size_t piece = 1; piece < 200; piece += 33) {
        dialog_tcp(&log, lines, VG_ARRAY_LEN(lines), 445, piece);
        assert_true(kit_says(&log, "\"path\":\"list.txt\",\"action\":\"opened\""));
        assert_true(kit_says(&log, "\"command\":\"read\",\"share\":\"\\\\\\\\caja\\\\ADMIN$\","
                                   "\"path\":\"list.txt\",\"bytes\":5"));
        assert_true(kit_says(&log, "list.txt"));
        kit_log_free(&log);
    }
    dialog_seed("fuzz_net_smb", "compound", lines, VG_ARRAY_LEN(lines));
    dialog_survives_cuts(lines, VG_ARRAY_LEN(lines), 445, false);
}

static const struct line PIPES[] = {
    {0, BYTES(PIPE_TREE)}, {1, BYTES(PIPE_TREE_OK)}, {0, BYTES(PIPE)},      {1, BYTES(PIPE_OK)},
    {0, BYTES(PIPE_BIND)}, {1, BYTES(PIPE_BOUND)},   {0, BYTES(PIPE_CALL)}, {1, BYTES(PIPE_ANSWER)},
};

static void
test_pipe(void **state)
{
    struct kit_log log;

    (void)state;
    for (size_t piece = 1; piece < 200; piece += 33) {
        dialog_tcp(&log, PIPES, VG_ARRAY_LEN(PIPES), 445, piece);
        assert_true(kit_says(&log, "\"path\":\"svcctl\",\"action\":\"opened\",\"pipe\":true"));
        assert_true(kit_says(&log, "\"interface\":\"svcctl\",\"operation\":\"CreateServiceW\","
                                   "\"opnum\":12,\"calls\":1,\"pipe\":\"svcctl\""));
        assert_false(kit_says(&log, "\"type\":\"file\""));
        kit_log_free(&log);
    }
    dialog_seed("fuzz_net_smb", "pipe", PIPES, VG_ARRAY_LEN(PIPES));
    dialog_survives_cuts(PIPES, VG_ARRAY_LEN(PIPES), 445, false);
}

/* Only one side's packets were captured. */
static void
test_one_side(void **state)
{
    struct line asked[VG_ARRAY_LEN(WORK)], said[VG_ARRAY_LEN(WORK)];
    size_t a = 0, b = 0;
    struct kit_log log;

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(WORK); i++)
        if (WORK[i].dir == 0)
            asked[a++] = WORK[i];
        else
            said[b++] = WORK[i];
    dialog_tcp(&log, asked, a, 445, DIALOG_WHOLE);
    assert_true(kit_says(&log, "\"command\":\"session\",\"user\":\"ana\""));
    assert_true(kit_says(&log, "\"user\":\"ana\",\"result\":\"unknown\""));
    assert_true(kit_says(&log, "\"share\":\"\\\\\\\\caja\\\\ADMIN$\""));
    assert_true(kit_says(&log, "\"path\":\"tools\\\\a.exe\""));
    assert_true(kit_says(&log, "\"bytes\":40"));
    kit_log_free(&log);
    dialog_tcp(&log, said, b, 445, DIALOG_WHOLE);
    assert_true(kit_says(&log, "\"dialect\":\"3.0.2\""));
    assert_true(kit_says(&log, "\"command\":\"session\",\"status\":\"STATUS_SUCCESS\""));
    assert_true(kit_says(&log, "\"src\":\"10.0.0.2\""));
    kit_log_free(&log);
}

/* A hole within a write counts; after a hole over its end the next message is found. */
static void
test_holes(void **state)
{
    struct kit_log log;
    struct net_engine *e = kit_engine(&log);
    struct flow flow = {.app = "smb", .key.family = 4, .key.proto = 6};
    struct protocol_call call = {.engine = e, .flow = &flow, .time_ns = 1};
    void *smb = PROTOCOL_SMB.open(&call);

    (void)state;
    assert_non_null(smb);
    for (size_t i = 5; i < 10; i++) {
        call.dir = WORK[i].dir;
        assert_int_equal(PROTOCOL_SMB.bytes(smb, &call, slice_of(WORK[i].bytes, WORK[i].len)),
                         VG_OK);
    }
    call.dir = 0;
    assert_int_equal(PROTOCOL_SMB.bytes(smb, &call, slice_of(WRITE_1, sizeof(WRITE_1) - 20)),
                     VG_OK);
    assert_int_equal(PROTOCOL_SMB.gap(smb, &call, 20), VG_OK);
    assert_int_equal(PROTOCOL_SMB.bytes(smb, &call, slice_of(WRITE_2, 60)), VG_OK);
    assert_int_equal(PROTOCOL_SMB.gap(smb, &call, 5000), VG_OK);
    assert_int_equal(PROTOCOL_SMB.bytes(smb, &call, slice_of("\0\0\0garbage\0", 11)), VG_OK);
    assert_int_equal(PROTOCOL_SMB.bytes(smb, &call, slice_of(RENAME, sizeof(RENAME))), VG_OK);
    call.dir = 1;
    assert_int_equal(PROTOCOL_SMB.bytes(smb, &call, slice_of(RENAMED, sizeof(RENAMED))), VG_OK);
    PROTOCOL_SMB.close(smb, &call);
    assert_true(kit_says(&log, "\"command\":\"rename\",\"status\":\"STATUS_SUCCESS\""));
    assert_true(kit_says(&log, "\"command\":\"write\""));
    assert_true(kit_says(&log, "\"bytes\":32"));
    net_engine_free(e);
    kit_log_free(&log);
}

static void
test_compressed_and_encrypted(void **state)
{
    const struct line lines[] = {
        {0, BYTES(COMPRESSED)}, {0, BYTES(ENCRYPTED)}, {0, BYTES(ENCRYPTED)}};
    struct kit_log log;

    (void)state;
    dialog_tcp(&log, lines, VG_ARRAY_LEN(lines), 445, DIALOG_WHOLE);
    assert_true(kit_says(&log, "\"command\":\"compressed\",\"original_size\":4294967295,"
                               "\"offset\":16,\"algorithm\":1,\"odd\":true"));
    assert_true(kit_says(&log, "\"command\":\"encrypted\""));
    assert_int_equal(log.count[OBS_RECORD], 2);
    kit_log_free(&log);
    dialog_seed("fuzz_net_smb", "odd", lines, VG_ARRAY_LEN(lines));
}

/* A file that is named after the card number in it. */
static const uint8_t CREATE_CARD[] = {
    0x00, 0x00, 0x00, 0xb0, 0xfe, 0x53, 0x4d, 0x42, 0x40, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x05, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xfe, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00, 0x07,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x39, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x9f, 0x01, 0x12, 0x00, 0x80, 0x00, 0x00, 0x00, 0x07, 0x00, 0x00, 0x00, 0x05,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x78, 0x00, 0x38, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x74, 0x00, 0x61, 0x00, 0x72, 0x00, 0x6a, 0x00, 0x65, 0x00, 0x74,
    0x00, 0x61, 0x00, 0x20, 0x00, 0x34, 0x00, 0x31, 0x00, 0x31, 0x00, 0x31, 0x00, 0x31, 0x00,
    0x31, 0x00, 0x31, 0x00, 0x31, 0x00, 0x31, 0x00, 0x31, 0x00, 0x31, 0x00, 0x31, 0x00, 0x31,
    0x00, 0x31, 0x00, 0x31, 0x00, 0x31, 0x00, 0x2e, 0x00, 0x74, 0x00, 0x78, 0x00, 0x74, 0x00};

static void
test_card_numbers_are_masked(void **state)
{
    const struct line lines[] = {{0, BYTES(TREE)},    {1, BYTES(TREE_OK)}, {0, BYTES(CREATE_CARD)},
                                 {1, BYTES(CREATED)}, {0, BYTES(WRITE_1)}, {1, BYTES(WRITTEN_1)}};
    struct kit_log log;

    (void)state;
    dialog_tcp(&log, lines, VG_ARRAY_LEN(lines), 445, DIALOG_WHOLE);
    assert_true(kit_says(&log, "tarjeta XXXX"));
    assert_true(kit_says(&log, "\"type\":\"file\""));
    assert_false(kit_says(&log, "41111"));
    kit_log_free(&log);
}

static void
test_cuts(void **state)
{
    (void)state;
    dialog_survives_cuts(WORK, VG_ARRAY_LEN(WORK), 445, false);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_work),
        cmocka_unit_test(test_refused_and_guest),
        cmocka_unit_test(test_compound),
        cmocka_unit_test(test_pipe),
        cmocka_unit_test(test_one_side),
        cmocka_unit_test(test_holes),
        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_compressed_and_encrypted),
        cmocka_unit_test(test_card_numbers_are_masked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
