/* SPDX-License-Identifier: Apache-2.0 */
/* What HTTP carries: codings, chunks, parts, ranges, log-ins; through the whole engine. */
#include <zlib.h>

#include "agent/net/proto/http_chunks.h"
#include "agent/net/proto/http_login.h"
#include "dialog.h"

enum { PACKED_MAX = 4096 };

#define GET "GET /f HTTP/1.1\r\nHost: h\r\n\r\n"

struct text {
    char bytes[3 * PACKED_MAX];
    size_t len;
};

static void
add(struct text *t, const void *bytes, size_t len)
{
    assert_true(t->len + len <= sizeof(t->bytes));
    memcpy(t->bytes + t->len, bytes, len);
    t->len += len;
}

static void
add_text(struct text *t, const char *s)
{
    add(t, s, strlen(s));
}

/* `bits`: 31 gzip, 15 zlib, -15 raw. */
static size_t
pack(const void *in, size_t len, int bits, uint8_t out[PACKED_MAX])
{
    z_stream z = {0};
    size_t n;

    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (uint8_t *)(uintptr_t)in;
    z.avail_in = (unsigned)len;
    z.next_out = out;
    z.avail_out = PACKED_MAX;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    n = z.total_out;
    deflateEnd(&z);
    return n;
}

/* A response in answer to GET; in pieces of every small size the log says the same. */
static void
expect_of_exchange(const struct text *request, const struct text *response,
                   const char *const *words, size_t count)
{
    static const size_t pieces[] = {1, 2, 3, 7, 100, DIALOG_WHOLE};
    const struct line lines[] = {{0, request->bytes, request->len},
                                 {1, response->bytes, response->len}};

    for (size_t p = 0; p < VG_ARRAY_LEN(pieces); p++) {
        struct kit_log log;

        dialog_tcp(&log, lines, 2, 80, pieces[p]);
        for (size_t i = 0; i < count; i++)
            if (!kit_says(&log, words[i]))
                fail_msg("piece %zu: no %s in %s", pieces[p], words[i], buf_str(&log.text));
        kit_log_free(&log);
    }
}

static void
expect_response(const struct text *response, const char *words)
{
    struct text request = {.len = 0};

    add_text(&request, GET);
    expect_of_exchange(&request, response, &words, 1);
}

static void
respond(struct text *t, const char *fields, const void *body, size_t len)
{
    char head[512];

    t->len = 0;
    snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\n%sContent-Length: %zu\r\n\r\n", fields, len);
    add_text(t, head);
    add(t, body, len);
}

#define PLAIN "<?php hello hello hello hello"
#define PLAIN_WORDS                                                                                \
    "\"service\":\"http\",\"name\":\"/f\",\"host\":\"h\",\"from_server\":true,\"bytes\":29,"       \
    "\"missing\":0,\"whole\":true,\"magic\":\"script\",\"sha256\":\""

static void
test_codings(void **state)
{
    static const struct {
        const char *field;
        int first, second;
    } rows[] = {
        {"Content-Encoding: gzip\r\n", 31, 0},
        {"Content-Encoding: x-gzip\r\n", 31, 0},
        {"Content-Encoding: deflate\r\n", 15, 0},
        {"Content-Encoding: deflate\r\n", -15, 0},
        {"Content-Encoding: deflate, gzip\r\n", -15, 31},
        {"Content-Encoding: deflate\r\nContent-Encoding: identity, gzip\r\n", 15, 31},
        {"Transfer-Encoding: gzip\r\nContent-Encoding: gzip\r\n", 31, 31},
    };

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(rows); i++) {
        uint8_t once[PACKED_MAX], twice[PACKED_MAX];
        size_t len = pack(TEXT(PLAIN), rows[i].first, once);
        struct text response;

        if (rows[i].second != 0) {
            len = pack(once, len, rows[i].second, twice);
            memcpy(once, twice, len);
        }
        respond(&response, rows[i].field, once, len);
        expect_response(&response, PLAIN_WORDS);
    }
}

static void
test_two_members(void **state)
{
    uint8_t packed[PACKED_MAX];
    size_t len = pack(TEXT("<?php hello hello "), 31, packed);
    struct text response;

    (void)state;
    len += pack(TEXT("hello hello"), 31, packed + len);
    respond(&response, "Content-Encoding: gzip\r\n", packed, len);
    expect_response(&response, PLAIN_WORDS);
}

/* What cannot be undone is said. */
static void
test_brotli_stays(void **state)
{
    struct text response;

    (void)state;
    respond(&response, "Content-Encoding: br\r\n", TEXT("\x8b\x02\x80hello\x03"));
    expect_response(&response, "\"bytes\":9,\"missing\":0,\"whole\":true,\"coding\":\"br\"");
}

static void
test_damaged(void **state)
{
    uint8_t packed[PACKED_MAX];
    size_t len = pack(TEXT(PLAIN), 31, packed);
    struct text response;

    (void)state;
    packed[len - 6] ^= 0xff; /* the check sum */
    respond(&response, "Content-Encoding: gzip\r\n", packed, len);
    expect_response(&response, "\"bytes\":29,\"missing\":0,\"whole\":false,\"magic\":\"script\"}");
}

static void
test_chunked(void **state)
{
    struct text response = {.len = 0};

    (void)state;
    add_text(&response, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                        "6;a=\"b\"\r\n<?php \r\n17 \r\nhello hello hello hello\r\n00\r\n"
                        "Trailer: x\r\nOther: y\r\n\r\n");
    expect_response(&response, PLAIN_WORDS);
    response.len = 0;
    add_text(&response, "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n"
                        "1d\n" PLAIN "\n0\n\n");
    expect_response(&response, PLAIN_WORDS);
}

static void
test_chunk_framing(void **state)
{
    static const struct {
        const char *text;
        enum vg_err err;
    } rows[] = {
        {"0\r\n\r\n", VG_END},         {"x\r\n", VG_ERR_FORMAT},
        {"\r\n", VG_ERR_FORMAT},       {"1\r\nab", VG_ERR_FORMAT},
        {"1\r\na\r\n", VG_OK},         {"10000000000000000\r\n", VG_ERR_FORMAT},
        {"0\r\nA: b\r\n\r\n", VG_END},
    };
    static char line[HTTP_CHUNK_LINE_MAX + 8];

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(rows); i++) {
        struct slice in = slice_of(rows[i].text, strlen(rows[i].text)), data;
        struct http_chunks c = {.left = 0};
        enum vg_err err = VG_OK;

        while (in.left > 0 && err == VG_OK)
            err = http_chunks_next(&c, &in, &data);
        assert_int_equal(err, rows[i].err);
    }
    for (unsigned i = 0; i < 2; i++) { /* an endless extension, an endless trailer */
        struct http_chunks c = {.left = 0};
        struct slice in, data;

        memset(line, 'x', sizeof(line));
        memcpy(line, i == 0 ? "5;" : "0\r\n", i == 0 ? 2 : 3);
        in = slice_of(line, sizeof(line));
        assert_int_equal(http_chunks_next(&c, &in, &data), VG_ERR_FORMAT);
    }
    {
        struct http_chunks c = {.left = 0};
        struct slice in = slice_of("5\r\nab", 5), data;

        assert_int_equal(http_chunks_next(&c, &in, &data), VG_OK);
        assert_int_equal(data.left, 2);
        assert_false(http_chunks_skip(&c, 4));
        assert_true(http_chunks_skip(&c, 3));
        in = slice_of("\r\n0\r\n\r\n", 7);
        assert_int_equal(http_chunks_next(&c, &in, &data), VG_END);
    }
}

static void
test_ranges(void **state)
{
    struct text response;

    (void)state;
    respond(&response, "Content-Range: bytes 100-104/200\r\n", TEXT("MZabc"));
    expect_response(&response, "\"bytes\":5,\"offset\":100,\"missing\":0,\"whole\":false,"
                               "\"magic\":\"\"}");
    respond(&response, "Content-Range: bytes 0-4/5\r\n", TEXT("MZabc"));
    expect_response(&response, "\"bytes\":5,\"missing\":0,\"whole\":true,\"magic\":\"exe\"");
    respond(&response, "Content-Type: multipart/byteranges; boundary=B\r\n",
            TEXT("--B\r\nContent-Range: bytes 7-9/20\r\n\r\nabc\r\n--B\r\n"
                 "Content-Range: bytes 15-16/20\r\n\r\nde\r\n--B--\r\n"));
    expect_response(&response, "\"bytes\":3,\"offset\":7,");
    expect_response(&response, "\"bytes\":2,\"offset\":15,");
}

static void
test_disposition(void **state)
{
    struct text response;

    (void)state;
    respond(&response,
            "Content-Disposition: attachment; x=\"a;\\\"b\"; filename=\"in voice.exe\"\r\n",
            TEXT("MZ"));
    expect_response(&response, "\"name\":\"in voice.exe\"");
    respond(&response,
            "Content-Disposition: attachment; filename=a.txt; filename*=UTF-8''%c3%b1.exe\r\n",
            TEXT("MZ"));
    expect_response(&response, "\"name\":\"\xc3\xb1.exe\"");
}

/* ---- uploads ---- */

static void
upload(struct text *t, const char *type, const char *body, size_t len)
{
    char head[512];

    t->len = 0;
    snprintf(head, sizeof(head),
             "POST /up.php HTTP/1.1\r\nHost: h\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n",
             type, len);
    add_text(t, head);
    add(t, body, len);
}

static void
test_upload(void **state)
{
    static const char body[] =
        "preamble\r\n--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nfield one\r\n"
        "--XX\r\nContent-Disposition: form-data; name=\"f\"; filename=\"sh.php\"\r\n"
        "Content-Type: image/PNG\r\n\r\n<?php\r\n-\r\r\n--X\r\n--XY\n--XX-less\r\n"
        "--XX  \r\n\r\nno head\n--XX\r\nContent-Disposition: form-data; filename=b.bin\r\n\r\n"
        "\r\n--XX--\r\nepilogue";
    static const char *const words[] = {
        "\"name\":\"sh.php\",\"mime\":\"image/png\",\"host\":\"h\",\"from_server\":false,"
        "\"bytes\":20,\"missing\":0,\"whole\":true,\"magic\":\"script\",\"sha256\":\""
        /* "<?php\r\n-\r\r\n--X\r\n--XY" */
        "e09309a39ef211cfd4b4f4619fa511a9dbfd0a0820d563d2eb41fc1222b439cf\"",
        "\"name\":\"/up.php\",\"mime\":\"multipart/form-data\",\"host\":\"h\","
        "\"from_server\":false,\"bytes\":18,\"missing\":0,\"whole\":true,\"magic\":\"text\"",
        "\"name\":\"b.bin\",\"host\":\"h\",\"from_server\":false,\"bytes\":0,",
        "\"uri\":\"/up.php\",\"user_agent\":\"\",\"status\":200",
    };
    struct text request, response;

    (void)state;
    upload(&request, "multipart/form-data; charset=x; boundary=XX", TEXT(body));
    respond(&response, "", TEXT(""));
    expect_of_exchange(&request, &response, words, VG_ARRAY_LEN(words));
    upload(&request, "multipart/form-data; boundary=\"XX\"", TEXT(body));
    expect_of_exchange(&request, &response, words, VG_ARRAY_LEN(words));
}

/* A boundary that is none, a part without an end: nothing is lost but the structure. */
static void
test_odd_uploads(void **state)
{
    static const char *const one[] = {"\"name\":\"/up.php\",\"mime\":\"multipart/form-data\"",
                                      "\"bytes\":19,"};
    static const char *const cut[] = {"\"name\":\"x.php\"",
                                      "\"whole\":false,\"magic\":\"script\"}"};
    struct text request, response;

    (void)state;
    respond(&response, "", TEXT(""));
    upload(&request, "multipart/form-data", TEXT("--XX\r\nA: b\r\n\r\nhello"));
    expect_of_exchange(&request, &response, one, VG_ARRAY_LEN(one));
    upload(&request, "multipart/form-data; boundary=Q",
           TEXT("--Q\r\nContent-Disposition: x; filename=x.php\r\n\r\n<?php echo 1;\r\n--"));
    expect_of_exchange(&request, &response, cut, VG_ARRAY_LEN(cut));
}

/* ---- log-ins ---- */

static void
expect_login(const char *fields, const char *status, const char *words)
{
    struct text request = {.len = 0}, response = {.len = 0};
    char text[512];
    struct kit_log log;

    snprintf(text, sizeof(text), "GET /f HTTP/1.1\r\nHost: h\r\n%s\r\n", fields);
    add_text(&request, text);
    snprintf(text, sizeof(text), "HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n", status);
    add_text(&response, text);
    {
        const struct line lines[] = {{0, request.bytes, request.len},
                                     {1, response.bytes, response.len},
                                     {0, request.bytes, request.len},
                                     {1, response.bytes, response.len}};

        dialog_tcp(&log, lines, 4, 80, DIALOG_WHOLE);
    }
    if (words == NULL)
        assert_int_equal(log.count[OBS_LOGIN], 0);
    else if (!kit_says(&log, words))
        fail_msg("no %s in %s", words, buf_str(&log.text));
    assert_false(kit_says(&log, "secret") || kit_says(&log, "c2VjcmV0"));
    /* Each failure is a try; the same user who is in stays in. */
    if (words != NULL)
        assert_int_equal(log.count[OBS_LOGIN], strstr(words, "succeeded") != NULL ? 1 : 2);
    kit_log_free(&log);
}

/* NTLMSSP messages: the first; the last, of TIENDA\\ana at CAJA1; a null session. */
#define NTLM_FIRST "TlRMTVNTUAABAAAAAYIAAAAAAAAAAAAAAAAAAAAAAAA="
#define NTLM_LAST                                                                                  \
    "TlRMTVNTUAADAAAAGAAYAFwAAAAsACwAdAAAAAwADABAAAAABgAGAEwAAAAKAAoAUgAAAAAAAACgAAAA"             \
    "AYIIAFQASQBFAE4ARABBAGEAbgBhAEMAQQBKAEEAMQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABBQkNE"             \
    "RUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXV5fYGFiY2RlZmdoaWprbA=="
#define NTLM_NOBODY                                                                                \
    "TlRMTVNTUAADAAAAAAAAAEAAAAAAAAAAQAAAAAAAAABAAAAAAAAAAEAAAAAAAAAAQAAAAAAAAABAAAAA"             \
    "AYIAAA=="

static void
test_credentials(void **state)
{
    (void)state;
    expect_login("Authorization: Basic Ym9iOnNlY3JldA==\r\n", "401 No", /* bob:secret */
                 "\"service\":\"http\",\"user\":\"bob\",\"result\":\"failed\",\"cleartext\":true");
    expect_login("Authorization: basic  Ym9iOnNlY3JldA==\r\n", "200 OK",
                 "\"user\":\"bob\",\"result\":\"succeeded\"");
    expect_login("Proxy-Authorization: Basic Ym9iOnNlY3JldA==\r\n", "407 No",
                 "\"user\":\"bob\",\"result\":\"failed\"");
    expect_login("Authorization: Basic Ym9iOnNlY3JldA==\r\n", "302 Go",
                 "\"user\":\"bob\",\"result\":\"unknown\"");
    expect_login("Authorization: Digest realm=\"x\", username=\"eve\", uri=\"/\"\r\n", "200 OK",
                 "\"user\":\"eve\",\"result\":\"succeeded\",\"cleartext\":false");
    expect_login("Authorization: NTLM " NTLM_FIRST "\r\n", "401 No", NULL);
    expect_login("Authorization: NTLM " NTLM_LAST "\r\n", "401 No",
                 "\"user\":\"ana\",\"result\":\"failed\",\"cleartext\":false,\"inferred\":false,"
                 "\"domain\":\"TIENDA\"");
    expect_login("Proxy-Authorization: Negotiate " NTLM_LAST "\r\n", "200 OK",
                 "\"user\":\"ana\",\"result\":\"succeeded\"");
    expect_login("Authorization: Negotiate " NTLM_NOBODY "\r\n", "200 OK", NULL);
    expect_login("Authorization: Negotiate YIIGhgYGKwYBBQUC\r\n", "200 OK", NULL);
    expect_login("Authorization: Bearer Ym9iOnNlY3JldA\r\n", "200 OK", NULL);
    expect_login("Authorization: Basic !!!!\r\n", "200 OK", NULL);
    expect_login("Authorization: Basic Ym9i\r\n", "200 OK", NULL); /* no colon */
}

static void
test_forms(void **state)
{
    static const char *const form[] = {"\"service\":\"http\",\"user\":\"ana mar\xc3\xad"
                                       "a\",\"result\":\"unknown\",\"cleartext\":true"};
    static const char *const json[] = {
        "\"service\":\"http\",\"user\":\"ana\",\"result\":\"unknown\",\"cleartext\":true"};
    struct text request, response;
    char user[HTTP_USER_MAX];

    (void)state;
    respond(&response, "", TEXT(""));
    upload(&request, "application/x-www-form-urlencoded; charset=UTF-8",
           TEXT("x=1&user=ana+mar%C3%ADa&pass=secret&go="));
    expect_of_exchange(&request, &response, form, 1);
    upload(&request, "application/json",
           TEXT("{\"a\":[1],\"email\":\"ana\",\"password\":\"secret\"}"));
    expect_of_exchange(&request, &response, json, 1);
    assert_false(http_login_of_form(str_of("user=ana&q=1"), user));
    assert_false(http_login_of_form(str_of("user=ana&pass="), user));
    assert_true(http_login_of_form(str_of("pwd=x"), user) && user[0] == '\0');
    assert_false(http_login_of_json(slice_of(TEXT("{\"user\":\"a\"}")), user));
    assert_false(http_login_of_json(slice_of(TEXT("{\"user\":\"a\",\"password\":")), user));
}

/* The body itself may hold the password for detectors; no record does. */
static void
test_no_secret_in_records(void **state)
{
    static const char request[] =
        "POST http://bob:hunter2@h/l?password=hunter2&c=4111111111111111 HTTP/1.1\r\nHost: h\r\n"
        "Authorization: Basic Ym9iOmh1bnRlcjI=\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 23\r\n\r\n"
        "user=bob&passwd=hunter2";
    const struct line lines[] = {{0, TEXT(request)}, {1, TEXT("HTTP/1.1 200 OK\r\n\r\nhi")}};
    struct kit_log log;
    char *line, *rest;
    unsigned records = 0;

    (void)state;
    dialog_tcp(&log, lines, 2, 80, DIALOG_WHOLE);
    rest = (char *)(uintptr_t)buf_str(&log.text);
    while ((line = strsep(&rest, "\n")) != NULL) {
        if (line[0] != '{')
            continue;
        records++;
        assert_null(strstr(line, "hunter2"));
        assert_null(strstr(line, "4111111111111111"));
    }
    assert_true(records >= 5);
    kit_log_free(&log);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codings),
        cmocka_unit_test(test_two_members),
        cmocka_unit_test(test_brotli_stays),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_chunked),
        cmocka_unit_test(test_chunk_framing),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_disposition),
        cmocka_unit_test(test_upload),
        cmocka_unit_test(test_odd_uploads),
        cmocka_unit_test(test_credentials),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_no_secret_in_records),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
