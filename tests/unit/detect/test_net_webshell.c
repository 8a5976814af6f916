/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/opaque.h"
#include "tests/unit/detect/fake_judge.h"

static struct judge judge;
static uint64_t streams;

#define BASE64                                                                                     \
    "W54e1wsh0bhfJSg06dOzFPUUUrKIXzP752OSdWb9FyjecRSYd3F3RjeP70Cy+sC5DMCTQcZ3s+7+M+TebE8GejtM8XtP" \
    "ojqX+RzrVfswTjQ2jTfqqmI2OIjvxyMtpOQ+rViF+/2D6VqwlL8lSvfaE0/w26J1RJBvvwX3KigfTUFifW3S/F2TJXqp"

static void
content(void *self, const struct flow_view *f, bool from_server, const char *uri, const char *mime,
        const char *text, int64_t t)
{
    struct body_view b = {.flow = f,
                          .stream = ++streams,
                          .from_server = from_server,
                          .name = str_of(uri),
                          .mime = str_of(mime),
                          .host = str_of("s.example"),
                          .bytes = (const uint8_t *)text,
                          .len = strlen(text),
                          .first = true,
                          .last = true};
    struct obs obs = {.kind = OBS_BODY, .time_ns = t, .body = &b};

    NET_WEBSHELL.observe(self, &obs);
}

struct exchange {
    const char *uri, *type, *request, *mime, *answer;
    int status;
};

static void
talk(void *self, struct net_addr server, const struct exchange *x, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        struct flow_view f = flow_of(ip4(192, 168, 1, 9), server, 80, T0 + i * VG_MIN_NS);
        struct http_view h = {.flow = &f,
                              .method = str_of("POST"),
                              .uri = str_of(x->uri),
                              .status = x->status != 0 ? x->status : 200};
        struct obs obs = {.kind = OBS_HTTP, .time_ns = f.end_ns, .http = &h};

        content(self, &f, false, x->uri, x->type, x->request, f.end_ns);
        NET_WEBSHELL.observe(self, &obs);
        content(self, &f, true, x->uri, x->mime, x->answer, f.end_ns);
        see_flow(&NET_WEBSHELL, self, OBS_FLOW_END, &f);
    }
}

static void *
start(void)
{
    fake_judge_done(&judge);
    return fake_make(&NET_WEBSHELL, &judge, NULL);
}

static const struct exchange DRIVEN = {"/a/logo.jsp", "", BASE64, "text/html", BASE64, 200},
                             FORM = {"/a/logo.php?x=1",
                                     "application/x-www-form-urlencoded",
                                     "pass=" BASE64 "%2B",
                                     "text/html",
                                     BASE64,
                                     200},
                             JSON = {"/a.aspx",
                                     "",
                                     "{\"id\":\"1\",\"body\":{\"user\":\"" BASE64 "\"}}",
                                     "text/html",
                                     "{\"id\":\"1\",\"body\":{\"user\":\"" BASE64 "\"}}",
                                     200};

static void
test_driven_pages(void **state)
{
    const struct exchange *all[] = {&DRIVEN, &FORM, &JSON};

    for (size_t i = 0; i < VG_ARRAY_LEN(all); i++) {
        void *self = start();

        talk(self, ip4(192, 168, 1, 80), all[i], 1);
        assert_int_equal(judge.count, 0); /* once may be anything */
        talk(self, ip4(192, 168, 1, 80), all[i], 3);
        assert_int_equal(judge.count, 1);
        assert_string_equal(judge.report[0].subject, "192.168.1.9");
        assert_string_equal(judge.report[0].peer, "192.168.1.80");
        NET_WEBSHELL.free(self);
    }
}

static void
test_what_is_harmless(void **state)
{
    static const struct exchange all[] = {
        {"/a/logo.jsp", "", BASE64, "text/html",
         "<html><body>Guardado, gracias por su compra</body></html>", 200},
        {"/a/logo.jsp", "", "nombre=Ana&mensaje=Quiero+saber+si+abren+el+lunes", "text/html",
         BASE64, 200},
        {"/a/upload", "", BASE64, "text/html", BASE64, 200},   /* no script */
        {"/a/logo.jsp", "", BASE64, "image/png", BASE64, 200}, /* a picture */
        {"/a/logo.jsp", "", BASE64, "text/html", BASE64, 404}, /* not there */
    };
    void *self = start();

    for (size_t i = 0; i < VG_ARRAY_LEN(all); i++)
        talk(self, ip4(192, 168, 1, 80), &all[i], 20);
    /* An app of the Internet says what it sends. */
    talk(self, ip4(198, 51, 100, 4), &FORM, 20);
    assert_int_equal(judge.count, 0);
    talk(self, ip4(198, 51, 100, 4), &DRIVEN, 3);
    assert_int_equal(judge.count, 0);
    talk(self, ip4(198, 51, 100, 4), &DRIVEN, 3);
    assert_int_equal(judge.count, 1);
    NET_WEBSHELL.free(self);
}

static void
test_restart_and_rows(void **state)
{
    static struct judge other;
    struct fake_store store = {.count = 0};
    struct flow_view f = flow_of(ip4(192, 168, 1, 9), ip4(192, 168, 1, 80), 80, T0);
    struct http_view h = {
        .flow = &f, .method = str_of("POST"), .uri = str_of("/x.jsp"), .status = 200};
    struct obs obs = {.kind = OBS_HTTP, .time_ns = T0, .http = &h};
    void *self = start();

    fake_judge_done(&other);
    talk(self, ip4(192, 168, 1, 80), &DRIVEN, 1);
    content(self, &f, false, "/a/logo.jsp", "", BASE64, T0);
    self = fake_restart(&NET_WEBSHELL, self, &store, &judge);
    NET_WEBSHELL.observe(self, &obs);
    content(self, &f, true, "/a/logo.jsp", "text/html", BASE64, T0);
    assert_int_equal(judge.count, 1);
    fake_truncate_rows(&NET_WEBSHELL, &store, &other);
    NET_WEBSHELL.free(self);
    fake_store_done(&store);
}

static bool
opaque_text(const char *text)
{
    return opaque_looks(slice_of(text, strlen(text)));
}

static void
test_opaque(void **state)
{
    uint8_t noise[512];
    uint32_t x = 12345;

    for (size_t i = 0; i < sizeof(noise); i++) {
        x = x * 1664525 + 1013904223;
        noise[i] = (uint8_t)(x >> 24);
    }
    assert_true(opaque_looks(slice_of(noise, sizeof(noise))));
    memcpy(noise, "\x89PNG", 4);
    assert_false(opaque_looks(slice_of(noise, sizeof(noise))));
    assert_true(opaque_text(BASE64));
    assert_false(opaque_text("short"));
    assert_false(opaque_text("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    assert_false(opaque_text(
        "esta-es-una-direccion-larga-con-guiones-y-sin-espacios-como-en-las-noticias-2024"));
    assert_false(opaque_text("nombre=Ana&calle=Cinco+de+Mayo&ciudad=Puebla&mensaje=Hola"));
    assert_false(
        opaque_text("{\"a\":1,\"b\":[1,2,3],\"c\":\"texto en claro con \xc3\xa1\xc3\xa9\"}"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opaque),
        cmocka_unit_test(test_driven_pages),
        cmocka_unit_test(test_what_is_harmless),
        cmocka_unit_test(test_restart_and_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
