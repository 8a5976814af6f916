/* SPDX-License-Identifier: Apache-2.0 */
/* SSH: banners, offers and their fingerprints, and log-ins told from sizes. */
#include "agent/net/proto/ssh_kex.h"
#include "dialog.h"

enum { LINES_MAX = 32, BYTES_MAX = 8192 };

/* A conversation in the making; what is encrypted is zeros. */
struct talk {
    struct line lines[LINES_MAX];
    size_t count, used;
    uint8_t bytes[BYTES_MAX];
};

static void
say(struct talk *t, unsigned dir, const void *bytes, size_t len)
{
    assert_true(t->count < LINES_MAX && t->used + len <= BYTES_MAX);
    if (bytes != NULL)
        memcpy(t->bytes + t->used, bytes, len);
    t->lines[t->count++] = (struct line){dir, t->bytes + t->used, len};
    t->used += len;
}

static void
say_packet(struct talk *t, unsigned dir, const struct buf *payload)
{
    struct buf p = {.cap = 4096};
    size_t pad = 16 - (5 + payload->len) % 16 + 4;

    buf_put_be32(&p, (uint32_t)(1 + payload->len + pad));
    buf_put_u8(&p, (uint8_t)pad);
    buf_put(&p, payload->data, payload->len);
    while (pad-- > 0)
        buf_put_u8(&p, 0);
    say(t, dir, p.data, p.len);
    buf_done(&p);
}

static void
say_message(struct talk *t, unsigned dir, uint8_t type, const char *const lists[10])
{
    struct buf b = {.cap = 4096};

    buf_put_u8(&b, type);
    for (unsigned i = 0; i < 4 && lists != NULL; i++)
        buf_put_be32(&b, 0x01020304); /* cookie */
    for (unsigned i = 0; i < 10 && lists != NULL; i++) {
        buf_put_be32(&b, (uint32_t)strlen(lists[i]));
        buf_put_str(&b, lists[i]);
    }
    say_packet(t, dir, &b);
    buf_done(&b);
}

/* Everything up to SERVICE_ACCEPT: aes128-ctr with hmac-sha1, so that it takes 32 + 20 bytes. */
static void
begin(struct talk *t, const char *banner)
{
    static const char *const client[10] = {"curve25519-sha256,diffie-hellman-group14-sha1",
                                           "ssh-rsa",
                                           "aes256-ctr,aes128-ctr",
                                           "aes256-ctr,aes128-ctr",
                                           "hmac-sha1",
                                           "hmac-sha1",
                                           "none,zlib",
                                           "none",
                                           "",
                                           ""};
    static const char *const server[10] = {"diffie-hellman-group14-sha1",
                                           "ssh-ed25519,ssh-rsa",
                                           "aes128-ctr",
                                           "aes128-ctr",
                                           "hmac-md5,hmac-sha1",
                                           "hmac-sha1",
                                           "none",
                                           "none",
                                           "",
                                           ""};

    memset(t, 0, sizeof(*t));
    say(t, 1, TEXT("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"));
    say(t, 0, banner, strlen(banner));
    say_message(t, 0, 20, client);
    say_message(t, 1, 20, server);
    say_message(t, 0, 30, NULL);
    say_message(t, 1, 31, NULL);
    say_message(t, 1, 21, NULL);
    say_message(t, 0, 21, NULL);
    say(t, 0, NULL, 52); /* SERVICE_REQUEST */
    say(t, 1, NULL, 52); /* SERVICE_ACCEPT */
}

static unsigned
count(struct kit_log *log, const char *part)
{
    unsigned n = 0;

    for (const char *at = buf_str(&log->text); at != NULL && (at = strstr(at, part)) != NULL; at++)
        n++;
    return n;
}

static void
try_once(struct talk *t, size_t request, size_t reply)
{
    say(t, 0, NULL, request);
    say(t, 1, NULL, reply);
}

/* "none", two wrong passwords, the right one, and what follows. */
static void
conversation(struct talk *t)
{
    begin(t, "SSH-2.0-PuTTY_Release_0.78\r\n");
    try_once(t, 68, 84);
    try_once(t, 100, 84);
    try_once(t, 100, 84);
    try_once(t, 100, 36);
    try_once(t, 84, 68);
}

static void
test_a_login(void **state)
{
    struct talk t;

    (void)state;
    conversation(&t);
    for (unsigned i = 0; i < 3; i++) {
        static const size_t pieces[] = {1, 7, DIALOG_WHOLE};
        struct kit_log log;

        dialog_tcp(&log, t.lines, t.count, 2222, pieces[i]);
        assert_true(kit_says(&log, "\"app\":\"ssh\""));
        assert_true(kit_says(&log, "\"client\":\"SSH-2.0-PuTTY_Release_0.78\""));
        assert_true(kit_says(&log, "\"server\":\"SSH-2.0-OpenSSH_9.2p1 Debian-2\""));
        assert_true(kit_says(&log, "\"kex\":\"diffie-hellman-group14-sha1\","
                                   "\"host_key\":\"ssh-rsa\",\"cipher\":\"aes128-ctr\","
                                   "\"mac\":\"hmac-sha1\",\"compression\":\"none\""));
        assert_int_equal(log.count[OBS_LOGIN], 3);
        assert_int_equal(count(&log, "\"result\":\"failed\""), 2);
        assert_int_equal(count(&log, "\"result\":\"succeeded\",\"cleartext\":false,"
                                     "\"inferred\":true"),
                         1);
        kit_log_free(&log);
    }
    dialog_survives_cuts(t.lines, t.count, 22, false);
    dialog_seed("fuzz_net_ssh", "login", t.lines, t.count);
}

/* MD5 of the four lists: computed with md5sum. */
static void
test_hassh(void **state)
{
    struct ssh_kex k = {0};
    struct buf scratch = {.cap = 4096};
    char out[SSH_HASSH_SIZE];

    (void)state;
    for (unsigned i = 0; i < SSH_LISTS; i++)
        k.list[i] = str_of("");
    k.list[SSH_KEX] = str_of("a,b");
    k.list[SSH_CIPHER_OUT] = str_of("c");
    k.list[SSH_MAC_OUT] = str_of("d");
    k.list[SSH_COMPRESSION_OUT] = str_of("none");
    assert_int_equal(ssh_kex_hassh(&k, false, &scratch, out), VG_OK);
    assert_string_equal(out, "27cf8f3fc7ebe14f501a91434b6d3d26");
    assert_int_equal(ssh_kex_hassh(&k, true, &scratch, out), VG_OK);
    assert_string_equal(out, "2aff532fc3bf280be1d9e1282024d189");
    buf_done(&scratch);
}

/* A client that asks for no list: its first answer is a failure. */
static void
test_first_try_without_none(void **state)
{
    struct talk t;
    struct kit_log log;

    (void)state;
    begin(&t, "SSH-2.0-paramiko_2.12.0\r\n");
    try_once(&t, 84, 84);
    say(&t, 0, NULL, 68); /* DISCONNECT */
    dialog_tcp(&log, t.lines, t.count, 22, DIALOG_WHOLE);
    assert_int_equal(count(&log, "\"result\":\"failed\""), 1);
    kit_log_free(&log);

    begin(&t, "SSH-2.0-unknown\r\n");
    try_once(&t, 84, 84);
    try_once(&t, 84, 84); /* as long as the first: that was no "none" */
    try_once(&t, 84, 84);
    dialog_tcp(&log, t.lines, t.count, 22, DIALOG_WHOLE);
    assert_int_equal(count(&log, "\"result\":\"failed\""), 3);
    kit_log_free(&log);
}

/* Keys that are offered and questions of keyboard-interactive are no failures. */
static void
test_what_is_no_try(void **state)
{
    struct talk t;
    struct kit_log log;

    (void)state;
    begin(&t, "SSH-2.0-OpenSSH_9.2p1\r\n");
    try_once(&t, 68, 84);
    try_once(&t, 404, 84);  /* an RSA key, not known */
    try_once(&t, 404, 372); /* another, accepted */
    try_once(&t, 676, 36);  /* signed */
    dialog_tcp(&log, t.lines, t.count, 22, DIALOG_WHOLE);
    assert_int_equal(count(&log, "\"result\":\"failed\""), 0);
    assert_int_equal(count(&log, "\"result\":\"succeeded\""), 1);
    kit_log_free(&log);

    begin(&t, "SSH-2.0-OpenSSH_9.2p1\r\n");
    try_once(&t, 68, 84);
    try_once(&t, 84, 68); /* a question */
    try_once(&t, 68, 84); /* wrong */
    dialog_tcp(&log, t.lines, t.count, 22, DIALOG_WHOLE);
    assert_int_equal(count(&log, "\"result\":\"failed\""), 1);
    assert_int_equal(log.count[OBS_LOGIN], 1);
    kit_log_free(&log);
}

/* A banner comes with the first answer; in the end the server has had enough. */
static void
test_banner_and_hanging_up(void **state)
{
    struct talk t;
    struct kit_log log;

    (void)state;
    begin(&t, "SSH-2.0-libssh_0.10.4\r\n");
    try_once(&t, 68, 84 + 400);
    try_once(&t, 100, 84);
    try_once(&t, 100, 84);
    try_once(&t, 100, 100);
    dialog_tcp(&log, t.lines, t.count, 22, DIALOG_WHOLE);
    assert_int_equal(count(&log, "\"result\":\"failed\""), 3);
    kit_log_free(&log);
}

/* A server that pads more than it must, and says more right after SUCCESS. */
static void
test_success_among_other_bytes(void **state)
{
    struct talk t;
    struct kit_log log;

    (void)state;
    begin(&t, "SSH-2.0-OpenSSH_8.2p1\r\n");
    t.lines[t.count - 1].len += 16;
    t.used += 16;
    try_once(&t, 68, 100);
    try_once(&t, 100, 52);
    say(&t, 1, NULL, 600);
    say(&t, 0, NULL, 84);
    dialog_tcp(&log, t.lines, t.count, 22, DIALOG_WHOLE);
    assert_int_equal(count(&log, "\"result\":\"succeeded\""), 1);
    assert_int_equal(log.count[OBS_LOGIN], 1);
    kit_log_free(&log);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_login),
        cmocka_unit_test(test_hassh),
        cmocka_unit_test(test_first_try_without_none),
        cmocka_unit_test(test_what_is_no_try),
        cmocka_unit_test(test_banner_and_hanging_up),
        cmocka_unit_test(test_success_among_other_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
