/* SPDX-License-Identifier: Apache-2.0 */
/* Mails: fields with other characters, parameters, parts within parts, codings. */
#include "agent/net/proto/mime.h"
#include "agent/net/proto/mime_fields.h"
#include "agent/net/proto/sasl.h"
#include "agent/net/record.h"
#include "dialog.h"

static void
test_texts(void **state)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {" plain ", "plain"},
        {"=?utf-8?B?UGFnw7M=?=", "Pag\xc3\xb3"},
        {"=?UTF-8?q?a_=3D=C3=B1?= x", "a =\xc3\xb1 x"},
        {"=?iso-8859-1?Q?Ma=F1ana?=", "Ma\xc3\xb1"
                                      "ana"},
        {"=?utf-8?B?QQ==?= =?utf-8?B?Qg==?=", "AB"},
        {"=?utf-8?B?QQ==", "=?utf-8?B?QQ=="},
        {"a\x01\x02\tz", "a   z"},
        {"", ""},
    };
    char out[64], tiny[5];

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(rows); i++) {
        struct str s = mime_field_text(str_of(rows[i].in), out, sizeof(out));

        assert_string_equal(out, rows[i].out);
        assert_int_equal(s.len, strlen(out));
    }
    (void)mime_field_text(str_of("abc\xc3\xb1"), tiny, sizeof(tiny)); /* no half of a character */
    assert_string_equal(tiny, "abc");
}

static void
test_params(void **state)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"attachment; filename=a.exe", "a.exe"},
        {"attachment; size=3; FileName = \"a b;c.exe\"; x=y", "a b;c.exe"},
        {"attachment; filename*=utf-8'es'pag%C3%B3.zip", "pag\xc3\xb3.zip"},
        {"attachment; filename*0=\"one \"; filename*1=two.zip", "one two.zip"},
        {"x; filename*0*=iso-8859-1''a%F1; filename*1=b", "a\xc3\xb1"
                                                          "b"},
        {"x; filename=\"=?utf-8?B?cGFnw7MuemlwCg==?=\"", "pag\xc3\xb3.zip "},
        {"filename=a", ""},
        {"x; filenames=a", ""},
        {"x; filename", ""},
        {"", ""},
    };
    char out[64];

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(rows); i++) {
        (void)mime_field_param(str_of(rows[i].in), "filename", out, sizeof(out));
        assert_string_equal(out, rows[i].out);
    }
    assert_true(str_is(mime_field_value(str_of(" text/html ; a=b")), "text/html"));
}

/* ---- whole mails ---- */

static void
walk(struct kit_log *log, const char *mail, size_t step)
{
    struct net_engine *e = kit_engine(log);
    struct flow flow = {.key.family = 4, .key.proto = 6, .app = "smtp"};
    struct protocol_call call = {.engine = e, .flow = &flow};
    struct mime_about about = {.service = "smtp"};
    struct mime *m = mime_begin(&call, &about);
    struct slice in = slice_of(mail, strlen(mail));
    struct record r = {.type = "smtp"};

    assert_non_null(m);
    while (in.left > 0) {
        size_t n = in.left < step ? in.left : step;
        uint8_t *copy = malloc(n);

        assert_non_null(copy);
        assert_true(slice_copy(&in, copy, n));
        mime_bytes(m, &call, slice_of(copy, n));
        free(copy);
    }
    mime_finish(m, &call, true);
    mime_put(m, &r);
    record_tell(&r, &call, 0);
    mime_free(m, &call);
    assert_int_equal(net_transfers(e)->open, 0);
    net_engine_free(e);
}

static const char NESTED[] = "From: \"Ana\" <ana@x.mx>\r\n"
                             "To: b@x.mx\r\n"
                             "Subject: =?utf-8?B?UGFnw7M=?=\r\n"
                             " de hoy\r\n"
                             "X-Mailer: Bulk 1\r\n"
                             "Content-Type: multipart/mixed;\r\n"
                             "\tboundary=\"out\"\r\n"
                             "\r\n"
                             "preamble\r\n"
                             "--out\r\n"
                             "Content-Type: multipart/alternative; boundary=in\r\n"
                             "\r\n"
                             "--in\r\n"
                             "Content-Type: text/plain\r\n"
                             "\r\n"
                             "--not a boundary\r\n"
                             "hello\r\n"
                             "--in\r\n"
                             "Content-Type: text/html\r\n"
                             "\r\n"
                             "<b>hello</b>\r\n"
                             "--in--\r\n"
                             "--out\r\n"
                             "Content-Type: application/octet-stream; name=old.bin\r\n"
                             "Content-Transfer-Encoding: BASE64\r\n"
                             "Content-Disposition: attachment; filename=\"nota.exe\"\r\n"
                             "\r\n"
                             "TVqQ\r\n"
                             "AQMB\r\n"
                             "AQ==\r\n"
                             "--out\r\n"
                             "Content-Disposition: attachment; filename=lista.csv\r\n"
                             "Content-Transfer-Encoding: quoted-printable\r\n"
                             "\r\n"
                             "a=3Db=\r\n"
                             "c\r\n"
                             "d=C3=B1=zz\r\n"
                             "--out\r\n"
                             "Content-Type: message/rfc822\r\n"
                             "\r\n"
                             "Subject: inner\r\n"
                             "Content-Type: application/pdf; name=in.pdf\r\n"
                             "\r\n"
                             "%PDF-1\r\n"
                             "x\r\n"
                             "--out--\r\n"
                             "epilogue\r\n";

static void
test_parts(void **state)
{
    static const size_t steps[] = {1, 3, 64, 100000};

    (void)state;
    for (unsigned i = 0; i < VG_ARRAY_LEN(steps); i++) {
        struct kit_log log;

        walk(&log, NESTED, steps[i]);
        assert_true(kit_says(&log, "\"from\":\"\\\"Ana\\\" <ana@x.mx>\",\"to\":\"b@x.mx\","
                                   "\"subject\":\"Pag\xc3\xb3 de hoy\",\"user_agent\":\"Bulk 1\","
                                   "\"files\":3"));
        assert_true(kit_says(&log, "\"name\":\"nota.exe\",\"mime\":\"application/octet-stream\","));
        assert_true(kit_says(&log, "\"bytes\":7,\"missing\":0,\"whole\":true,\"magic\":\"exe\""));
        assert_true(kit_says(&log, "\"name\":\"lista.csv\""));
        assert_true(kit_says(&log, "a=bc\r\nd\xc3\xb1=zz "));
        assert_true(kit_says(&log, "\"name\":\"in.pdf\",\"mime\":\"application/pdf\""));
        assert_true(kit_says(&log, "%PDF-1\r\nx "));
        assert_false(kit_says(&log, "hello"));
        assert_false(kit_says(&log, "epilogue"));
        kit_log_free(&log);
    }
}

/* However deep it is nested: bounded, and what lies too deep is not followed. */
static void
test_depth(void **state)
{
    struct buf mail = {.cap = 1 << 20};
    struct kit_log log;

    (void)state;
    for (unsigned i = 0; i < 100; i++)
        buf_printf(&mail, "Content-Type: multipart/mixed; boundary=b%u\r\n\r\n--b%u\r\n", i, i);
    buf_put_str(&mail, "Content-Type: image/png\r\n\r\nx\r\n");
    walk(&log, buf_str(&mail), 1000);
    assert_true(kit_says(&log, "\"files\":0"));
    kit_log_free(&log);
    buf_clear(&mail);
    for (unsigned i = 0; i < 100; i++)
        buf_put_str(&mail, "Content-Type: message/rfc822\r\n\r\n");
    walk(&log, buf_str(&mail), 1000);
    kit_log_free(&log);
    buf_clear(&mail);
    buf_put_str(&mail, "Content-Type: multipart/mixed; boundary=b\r\n\r\n");
    for (unsigned i = 0; i < 200; i++)
        buf_put_str(&mail, "--b\r\nContent-Type: image/png\r\n\r\nx\r\n");
    walk(&log, buf_str(&mail), 1000);
    assert_true(kit_says(&log, "\"files\":64"));
    kit_log_free(&log);
    buf_done(&mail);
}

/* Only the name stays of what a client proves itself with. */
static void
test_sasl(void **state)
{
    struct sasl s;

    (void)state;
    sasl_begin(&s, str_of("PLAIN AGFuYQBzM2NyZXQ=")); /* \0 ana \0 s3cret */
    assert_string_equal(s.user, "ana");
    assert_true(s.cleartext);
    sasl_begin(&s, str_of("plain ="));
    assert_string_equal(s.user, "");
    sasl_line(&s, str_of("AGFuYQBzM2NyZXQ="));
    assert_string_equal(s.user, "ana");
    sasl_begin(&s, str_of("LOGIN"));
    sasl_line(&s, str_of("YW5h"));
    sasl_line(&s, str_of("czNjcmV0"));
    assert_string_equal(s.user, "ana");
    sasl_begin(&s, str_of("CRAM-MD5"));
    sasl_line(&s, str_of("YW5hIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw"));
    assert_string_equal(s.user, "ana");
    assert_false(s.cleartext);
    sasl_begin(&s, str_of("XOAUTH2 dXNlcj1hbmFAeC5teAFhdXRoPUJlYXJlciB5YTI5AQE="));
    assert_string_equal(s.user, "ana@x.mx");
    sasl_begin(&s, str_of("GSSAPI YW5h"));
    assert_string_equal(s.user, "");
    sasl_begin(&s, str_of("PLAIN !!!"));
    assert_string_equal(s.user, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts), cmocka_unit_test(test_params), cmocka_unit_test(test_parts),
        cmocka_unit_test(test_depth), cmocka_unit_test(test_sasl),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
