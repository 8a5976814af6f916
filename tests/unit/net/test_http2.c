/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/2 in clear text: heads packed by libnghttp2, as a peer would, through the whole engine. */
#include <nghttp2/nghttp2.h>

#include "agent/net/proto/http2.h"
#include "dialog.h"

enum { DATA = 0, HEADERS = 1, RST = 3, SETTINGS = 4, PUSH = 5, CONTINUATION = 9 };
enum { END_STREAM = 1, END_HEADERS = 4, PADDED = 8, PRIORITY = 32 };
static const char PREFACE[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

struct talk {
    uint8_t bytes[16384];
    size_t len;
    nghttp2_hd_deflater *packer;
};

static void
talk_begin(struct talk *t)
{
    t->len = 0;
    assert_int_equal(nghttp2_hd_deflate_new(&t->packer, 4096), 0);
}

static void
put(struct talk *t, const void *bytes, size_t len)
{
    assert_true(t->len + len <= sizeof(t->bytes));
    memcpy(t->bytes + t->len, bytes, len);
    t->len += len;
}

static void
put_frame(struct talk *t, uint8_t type, uint8_t flags, uint32_t stream, const void *bytes,
          size_t len)
{
    uint8_t head[9];

    dialog_be(head, 3, (uint32_t)len);
    head[3] = type;
    head[4] = flags;
    dialog_be(head + 5, 4, stream);
    put(t, head, sizeof(head));
    put(t, bytes, len);
}

struct field {
    const char *name, *value;
};

static size_t
pack(struct talk *t, const struct field *fields, size_t count, uint8_t out[4096])
{
    nghttp2_nv nv[16];
    ssize_t n;

    assert_true(count <= VG_ARRAY_LEN(nv));
    for (size_t i = 0; i < count; i++)
        nv[i] = (nghttp2_nv){(uint8_t *)(uintptr_t)fields[i].name,
                             (uint8_t *)(uintptr_t)fields[i].value, strlen(fields[i].name),
                             strlen(fields[i].value), 0};
    n = nghttp2_hd_deflate_hd(t->packer, out, 4096, nv, count);
    assert_true(n > 0);
    return (size_t)n;
}

static void
put_request(struct talk *t, uint32_t stream, const char *path, uint8_t flags)
{
    const struct field fields[] = {{":method", "POST"},
                                   {":scheme", "http"},
                                   {":path", path},
                                   {":authority", "api.example"},
                                   {"user-agent", "grpc-c/1"},
                                   {"content-type", "application/grpc"}};
    uint8_t block[4096];
    size_t len = pack(t, fields, VG_ARRAY_LEN(fields), block);

    put_frame(t, HEADERS, (uint8_t)(flags | END_HEADERS), stream, block, len);
}

static void
put_response(struct talk *t, uint32_t stream, const char *status)
{
    const struct field fields[] = {{":status", status}, {"content-type", "application/grpc; x=y"}};
    uint8_t block[4096];
    size_t len = pack(t, fields, VG_ARRAY_LEN(fields), block);

    put_frame(t, HEADERS, END_HEADERS, stream, block, len);
}

static void
talk_end(struct talk *t)
{
    nghttp2_hd_deflate_del(t->packer);
}

/* Two requests at once, answered the other way round, the second in pieces with all extras. */
static void
fill(struct talk *client, struct talk *server)
{
    static const struct field second[] = {{":method", "GET"},
                                          {":path", "/two?password=hunter2"},
                                          {"host", "api.example"},
                                          {"user-agent", "grpc-c/1"}};
    static const struct field trailer[] = {{"grpc-status", "0"}};
    uint8_t block[4096], padded[4200] = {3, 0, 0, 0, 0, 16};
    size_t len;

    talk_begin(client);
    talk_begin(server);
    put(client, PREFACE, 24);
    put_frame(client, SETTINGS, 0, 0, "\0\1\0\1\0\0", 6);
    put_request(client, 1, "/one", 0);
    len = pack(client, second, VG_ARRAY_LEN(second), block);
    memcpy(padded + 6, block, 5);
    put_frame(client, HEADERS, END_STREAM | PADDED | PRIORITY, 3, padded, 6 + 5 + 3);
    put_frame(client, CONTINUATION, 0, 3, block + 5, 1);
    put_frame(client, CONTINUATION, END_HEADERS, 3, block + 6, len - 6);
    put_frame(client, DATA, END_STREAM, 1, "hello", 5);
    put_frame(server, SETTINGS, 0, 0, "", 0);
    put_frame(server, SETTINGS, 1, 0, "", 0);
    put_response(server, 1, "100");
    put_response(server, 3, "404");
    put_response(server, 1, "200");
    put_frame(server, DATA, 0, 1, "answer", 6);
    len = pack(server, trailer, 1, block);
    put_frame(server, HEADERS, END_STREAM | END_HEADERS, 1, block, len);
}

static void
test_two_requests(void **state)
{
    static const size_t pieces[] = {1, 2, 9, 10, 33, DIALOG_WHOLE};
    static struct talk client, server;

    (void)state;
    fill(&client, &server);
    for (size_t i = 0; i < VG_ARRAY_LEN(pieces); i++) {
        const struct line lines[] = {{0, client.bytes, client.len}, {1, server.bytes, server.len}};
        struct kit_log log;

        dialog_tcp(&log, lines, 2, 50051, pieces[i]);
        assert_int_equal(log.count[OBS_HTTP], 2);
        assert_true(kit_says(&log, "\"method\":\"POST\",\"host\":\"api.example\",\"uri\":\"/one\","
                                   "\"user_agent\":\"grpc-c/1\",\"status\":200,"
                                   "\"mime\":\"application/grpc\""));
        assert_true(kit_says(&log, "\"method\":\"GET\",\"host\":\"api.example\","
                                   "\"uri\":\"/two?password=*\",\"user_agent\":\"grpc-c/1\","
                                   "\"status\":404"));
        assert_false(kit_says(&log, "hunter2"));
        kit_log_free(&log);
        if (pieces[i] == DIALOG_WHOLE)
            dialog_seed("fuzz_net_http2", "two", lines, 2);
    }
    talk_end(&client);
    talk_end(&server);
}

/* After 101 the same connection goes on with HTTP/2; its first answer is stream 1's. */
static void
test_upgrade(void **state)
{
    static struct talk client, server;

    (void)state;
    fill(&client, &server);
    {
        static struct talk said;
        const struct line lines[] = {
            {0, TEXT("GET /up HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                     "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n")},
            {1, said.bytes, 0},
            {0, client.bytes, client.len},
        };
        struct line all[3];
        struct kit_log log;

        memcpy(all, lines, sizeof(all));
        put(&said, TEXT("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"));
        put(&said, server.bytes, server.len);
        all[1].len = said.len;
        dialog_tcp(&log, all, 3, 80, DIALOG_WHOLE);
        assert_true(kit_says(&log, "\"uri\":\"/up\",\"user_agent\":\"\",\"status\":101"));
        assert_true(kit_says(&log, "\"uri\":\"/one\""));
        assert_true(kit_says(&log, "\"uri\":\"/two?password=*\""));
        kit_log_free(&log);
    }
    talk_end(&client);
    talk_end(&server);
}

static void
test_many_streams(void **state)
{
    static struct talk client;
    const struct line lines[] = {{0, client.bytes, 0}};
    struct line all[1];
    struct kit_log log;

    (void)state;
    talk_begin(&client);
    put(&client, PREFACE, 24);
    for (uint32_t i = 0; i < HTTP2_STREAMS_MAX + 5; i++)
        put_request(&client, 1 + 2 * i, "/", END_STREAM);
    memcpy(all, lines, sizeof(all));
    all[0].len = client.len;
    dialog_tcp(&log, all, 1, 80, DIALOG_WHOLE);
    assert_int_equal(log.count[OBS_HTTP], HTTP2_STREAMS_MAX + 5);
    kit_log_free(&log);
    talk_end(&client);
}

/* Broken packing ends one side's reading, not more; cuts anywhere do no harm. */
static void
test_damage(void **state)
{
    static struct talk client, server;
    struct kit_log log;

    (void)state;
    fill(&client, &server);
    {
        const struct line lines[] = {{0, client.bytes, client.len},
                                     {1, TEXT("\0\0\4\1\4\0\0\0\1\xff\xff\xff\xff\0\0\0\0\0")},
                                     {1, server.bytes, server.len}};

        dialog_survives_cuts(lines, 3, 80, false);
        dialog_tcp(&log, lines, 3, 80, DIALOG_WHOLE);
        assert_int_equal(log.count[OBS_HTTP], 2);
        assert_true(kit_says(&log, "\"uri\":\"/one\",\"user_agent\":\"grpc-c/1\",\"status\":null"));
        kit_log_free(&log);
    }
    talk_end(&client);
    talk_end(&server);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_requests),
        cmocka_unit_test(test_upgrade),
        cmocka_unit_test(test_many_streams),
        cmocka_unit_test(test_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
