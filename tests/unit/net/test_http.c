/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP: heads by themselves, and whole exchanges in pieces of every size. */
#include <zlib.h>

#include "agent/net/proto/http_head.h"
#include "agent/net/proto/http_session.h"
#include "agent/net/proto/protocols.h"
#include "net_kit.h"

static struct slice
text(const char *s)
{
    return slice_of(s, strlen(s));
}

static void
test_heads(void **state)
{
    struct http_head h;

    (void)state;
    assert_int_equal(http_head_read(text("GET /a b HTTP/1.1\r\nhOST:  x \r\nContent-Length: 12\r\n"
                                         "Transfer-Encoding: gzip, chunked\r\n\r\n"),
                                    &h),
                     VG_OK);
    assert_true(str_is(h.method, "GET") && str_is(h.uri, "/a b") && str_is(h.host, "x"));
    assert_true(h.chunked && h.has_length && h.length == 12 && !h.response);
    assert_int_equal(http_head_read(text("HTTP/1.0 302\r\n\r\n"), &h), VG_OK);
    assert_int_equal(h.status, 302);
    assert_int_equal(http_head_read(text("INVITE sip:x SIP/2.0\r\n\r\n"), &h), VG_ERR_FORMAT);
    assert_int_equal(http_head_read(text("GET / HTTP/2.0\r\n\r\n"), &h), VG_ERR_FORMAT);
    assert_int_equal(http_head_read(text("get / HTTP/1.1\r\n\r\n"), &h), VG_ERR_FORMAT);
    assert_int_equal(http_head_read(text("HTTP/1.1 099 x\r\n\r\n"), &h), VG_ERR_FORMAT);
    assert_int_equal(http_head_read(text("GET / HTTP/1.1\nContent-Length: -1\n\n"), &h), VG_OK);
    assert_false(h.has_length);
}

/* The same value is the same session, of one host; what anybody could guess is none. */
static void
test_session(void **state)
{
    struct str host = str_of("a.example"), other = str_of("b.example");
    uint64_t s = http_session_of(str_of("lang=es; PHPSESSID=0123456789abcdef"), host);

    (void)state;
    assert_true(s != 0);
    assert_true(s == http_session_of(str_of("PHPSESSID=0123456789abcdef; x=1"), host));
    assert_true(s != http_session_of(str_of("PHPSESSID=0123456789abcdef"), other));
    assert_true(s != http_session_of(str_of("PHPSESSID=0123456789abcdee"), host));
    assert_true(http_session_of(str_of("PHPSESSID=12; lang=0123456789abcdef0123"), host) == 0);
    assert_true(http_session_of(str_of("; ;=;a"), host) == 0);
    assert_true(http_session_of(str_of(""), host) == 0);
}

static void
test_odd_fields(void **state)
{
    char out[HTTP_ODD_MAX];
    struct str odd;

    (void)state;
    odd =
        http_odd_fields(text("Host: ${a}\r\nAccept: text/html, */*;q=0.8\r\nX-A:  ${jndi:x}\r\n"
                             "Cookie: a=1; b=\"{1}\"\r\nX-B: () { :;}; id\r\nAuthorization: <a>\r\n"
                             "proxy: x\r\nX-C: a\r\n <b>\r\n\r\nX-D: <late>\r\n"),
                        out);
    assert_true(str_is(odd, "X-A: ${jndi:x}\nX-B: () { :;}; id\nproxy: x\nX-C: a   <b>\n"));
    odd = http_odd_fields(text("Sec-WebSocket-Protocol: chat, mqtt\r\n"
                               "Sec-WebSocket-Protocol: chisel-v3\r\n"),
                          out);
    assert_true(str_is(odd, "Sec-WebSocket-Protocol: chisel-v3\n"));
    odd = http_odd_fields(text("Range: bytes=0-1023\r\nRange: bytes=0-18446744073709551615\r\n"),
                          out);
    assert_true(str_is(odd, "Range: bytes=0-18446744073709551615\n"));
    odd = http_odd_fields(slice_of(NULL, 0), out);
    assert_int_equal(odd.len, 0);
}

/* As many whole lines as there is room for. */
/* A cookie that remembers a user is nobody's business, but for one as long as a program, cut to what fits. */
static void
test_odd_cookie(void **state)
{
    static const size_t lengths[] = {400, 1100, 1300, 6000};

    for (size_t i = 0; i < VG_ARRAY_LEN(lengths); i++) {
        char fields[8000], out[HTTP_ODD_MAX];
        int n = snprintf(fields, sizeof(fields), "Cookie: a=b; rememberMe=%0*d; c=d\r\n",
                         (int)lengths[i], 7);
        struct str odd = http_odd_fields(slice_of(fields, (size_t)n), out);

        assert_int_equal(odd.len > 0, lengths[i] >= 1300);
        assert_true(odd.len <= HTTP_ODD_MAX);
    }
}

static void
test_odd_fields_are_bounded(void **state)
{
    static char many[64 * 1024];
    char out[HTTP_ODD_MAX];
    size_t n = 0;
    struct str odd;

    (void)state;
    while (n + 32 < sizeof(many))
        n += (size_t)snprintf(many + n, sizeof(many) - n, "X-%zu: <aaaaaaaa>\r\n", n);
    odd = http_odd_fields(slice_of(many, n), out);
    assert_true(odd.len > HTTP_ODD_MAX - 32 && odd.len <= HTTP_ODD_MAX);
    assert_int_equal(odd.at[odd.len - 1], '\n');
}

static void
test_looks(void **state)
{
    (void)state;
    assert_int_equal(http_head_looks(text("")), -1);
    assert_int_equal(http_head_looks(text("HT")), -1);
    assert_int_equal(http_head_looks(text("HTTP/1.")), 1);
    assert_int_equal(http_head_looks(text("GET /index")), -1);
    assert_int_equal(http_head_looks(text("GET / HTTP/1.1\r\n")), 1);
    assert_int_equal(http_head_looks(text("GET / SIP/2.0\r\n")), 0);
    assert_int_equal(http_head_looks(text("\x16\x03\x01")), 0);
    assert_int_equal(http_head_looks(text("GET \x01")), 0);
}

/* The end is found however the head is cut. */
static void
test_end(void **state)
{
    const char *head = "GET / HTTP/1.1\r\nA: b\r\n\r\nrest";
    size_t len = strlen(head), end = len - 4;

    (void)state;
    for (size_t a = 0; a <= len; a++)
        for (size_t b = a; b <= len; b++) {
            size_t from = 0, got = http_head_end(slice_of(head, a), &from);

            if (a >= end) {
                assert_int_equal(got, end);
                continue;
            }
            assert_int_equal(got, 0);
            assert_int_equal(http_head_end(slice_of(head, b), &from), b >= end ? end : 0);
        }
    {
        size_t from = 0;

        assert_int_equal(http_head_end(text("a\n\nb"), &from), 3);
    }
}

/* ---- exchanges ---- */

struct pair {
    struct kit_log log;
    struct net_engine *engine;
    struct flow flow;
    void *http;
    struct protocol_call call;
};

static void
pair_begin(struct pair *p)
{
    memset(p, 0, sizeof(*p));
    p->engine = kit_engine(&p->log);
    p->flow.key.family = 4;
    p->flow.app = "http";
    p->call = (struct protocol_call){.engine = p->engine, .flow = &p->flow};
    p->http = PROTOCOL_HTTP.open(&p->call);
    assert_non_null(p->http);
}

/* In pieces of at most `step` bytes, each in a heap block of its own. */
static void
say(struct pair *p, unsigned dir, const void *bytes, size_t len, size_t step)
{
    struct slice in = slice_of(bytes, len);

    p->call.dir = dir;
    while (in.left > 0) {
        size_t n = in.left < step ? in.left : step;
        uint8_t *copy = malloc(n);

        assert_non_null(copy);
        assert_true(slice_copy(&in, copy, n));
        (void)PROTOCOL_HTTP.bytes(p->http, &p->call, slice_of(copy, n));
        free(copy);
    }
}

static void
pair_end(struct pair *p)
{
    PROTOCOL_HTTP.close(p->http, &p->call);
    net_engine_free(p->engine);
    free(p->flow.server_name);
    buf_done(&p->log.text);
}

/* Body bytes of one kind, joined. */
static void
joined(struct kit_log *log, const char *mark, char *out, size_t size)
{
    char *line, *rest = (char *)(uintptr_t)buf_str(&log->text);

    out[0] = '\0';
    while ((line = strsep(&rest, "\n")) != NULL) {
        char *at = strstr(line, ": ") != NULL ? strstr(line, "at ") : NULL, *data;

        if (strncmp(line, mark, strlen(mark)) != 0 || at == NULL)
            continue;
        data = strchr(at, ':') + 1;
        if (strncmp(data, " first", 6) == 0)
            data += 6;
        if (strncmp(data, " last", 5) == 0)
            data += 5;
        data++;
        *strrchr(data, ' ') = '\0';
        strncat(out, data, size - strlen(out) - 1);
    }
}

static void
test_pieces(void **state)
{
    const char *ask = "\r\nPOST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "5;ext=1\r\nhello\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n"
                      "GET /y HTTP/1.1\r\nHost: h\r\n\r\n";
    const char *tell = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"
                       "HTTP/1.1 204 No\r\n\r\n";

    (void)state;
    for (size_t step = 1; step < 200; step++) {
        char body[64];
        struct pair p;

        pair_begin(&p);
        p.flow.client = 0;
        say(&p, 0, ask, strlen(ask), step);
        say(&p, 1, tell, strlen(tell), step);
        assert_int_equal(p.log.count[OBS_HTTP], 2);
        assert_true(kit_says(&p.log, "\"uri\":\"/x\",\"user_agent\":\"\",\"status\":200"));
        assert_true(kit_says(&p.log, "\"uri\":\"/y\",\"user_agent\":\"\",\"status\":204"));
        joined(&p.log, "body client", body, sizeof(body));
        assert_string_equal(body, "hello0123456789");
        pair_end(&p);
    }
}

/* Cut off anywhere: the request is told once, with its status or without. */
static void
test_cut(void **state)
{
    const char *tell = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";

    (void)state;
    for (size_t n = 0; n <= strlen(tell); n++) {
        const char *ask = "GET /z HTTP/1.1\r\n\r\n";
        struct pair p;

        pair_begin(&p);
        say(&p, 0, ask, strlen(ask), SIZE_MAX);
        say(&p, 1, tell, n, 7);
        PROTOCOL_HTTP.close(p.http, &p.call);
        assert_int_equal(p.log.count[OBS_HTTP], 1);
        net_engine_free(p.engine);
        free(p.flow.server_name);
        buf_done(&p.log.text);
    }
}

/* A bomb is given up, and memory comes back. */
static void
test_bomb(void **state)
{
    size_t size = (size_t)64 * 1024 * 1024, room = 256 * 1024;
    uint8_t *zeros = calloc(1, size), *packed = malloc(room);
    const char *ask = "GET /b HTTP/1.1\r\n\r\n";
    char head[128];
    struct pair p;
    z_stream z = {0};

    (void)state;
    assert_non_null(zeros);
    assert_non_null(packed);
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 9, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = zeros;
    z.avail_in = (unsigned)size;
    z.next_out = packed;
    z.avail_out = (unsigned)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    pair_begin(&p);
    say(&p, 0, ask, strlen(ask), SIZE_MAX);
    snprintf(head, sizeof(head),
             "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
             "Content-Length: %lu\r\n\r\n",
             z.total_out);
    say(&p, 1, head, strlen(head), SIZE_MAX);
    say(&p, 1, packed, z.total_out, 1400);
    assert_int_equal(net_engine_counters(p.engine)->inflate_limit, 1);
    assert_true(p.log.text.len < (size_t)4 * 1024 * 1024);
    say(&p, 0, ask, strlen(ask), SIZE_MAX); /* the connection goes on */
    say(&p, 1, "HTTP/1.1 404 x\r\n\r\n", 18, SIZE_MAX);
    assert_int_equal(p.log.count[OBS_HTTP], 2);
    pair_end(&p);
    deflateEnd(&z);
    free(zeros);
    free(packed);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_session),
        cmocka_unit_test(test_odd_fields),
        cmocka_unit_test(test_odd_cookie),
        cmocka_unit_test(test_odd_fields_are_bounded),
        cmocka_unit_test(test_looks),
        cmocka_unit_test(test_end),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_bomb),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
