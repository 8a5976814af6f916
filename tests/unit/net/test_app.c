/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/app.h"
#include "dialog.h"

static struct app_list *
shipped(void)
{
    struct app_list *list = NULL;
    struct conf_error err = {.text = ""};

    if (app_list_load_rules("rules", &list, &err) != VG_OK)
        fail_msg("%s", err.text);
    return list;
}

static void
is_app(const struct app *found, const char *name, const char *category)
{
    assert_non_null(found);
    assert_string_equal(found->name, name);
    assert_string_equal(found->category, category);
}

static void
test_names(void **state)
{
    struct app_list *list = shipped();

    (void)state;
    is_app(app_of_host(list, str_of("openai.com")), "openai", "ai");
    is_app(app_of_host(list, str_of("API.OpenAI.com.")), "openai", "ai");
    is_app(app_of_host(list, str_of("a.b.c.d.e.f.g.h.i.j.k.relay.net.anydesk.com:443")), "anydesk",
           "remote_help");
    assert_null(app_of_host(list, str_of("notopenai.com")));
    assert_null(app_of_host(list, str_of("openai.com.example")));
    assert_null(app_of_host(list, str_of("com")));
    assert_null(app_of_host(list, str_of("")));
    assert_null(app_of_host(list, str_of(".")));
    assert_null(app_of_host(list, str_of("192.0.2.1")));
    /* The longest wins: a part of a great house may be an entry of its own. */
    is_app(app_of_host(list, str_of("gemini.google.com")), "google_gemini", "ai");
    is_app(app_of_host(list, str_of("www.google.com")), "google", "office");
    is_app(app_of_host(list, str_of("instance-x.screenconnect.com")), "screenconnect",
           "remote_help");
    assert_null(app_of_host(NULL, str_of("openai.com")));
    app_list_free(list);
}

static void
test_other_keys(void **state)
{
    struct app_list *list = shipped();
    const struct str tor = str_of("t10d360300_77f462745360_33a13ba74d1c"), none = str_of(NULL);

    (void)state;
    is_app(app_of_protocol(list, str_of("stratum")), "stratum", "mining");
    assert_null(app_of_protocol(list, str_of("tls")));
    is_app(app_of_port(list, 6, 5938), "teamviewer", "remote_help");
    assert_null(app_of_port(list, 6, 51820)); /* that one is UDP */
    is_app(app_of_port(list, 17, 51820), "wireguard", "vpn");
    assert_null(app_of_port(list, 1, 5938));
    is_app(app_of_hello(list, none, str_of("h2,dot"), none), "encrypted_dns", "dns");
    assert_null(app_of_hello(list, none, str_of("h2,http/1.1,"), none));
    is_app(app_of_hello(list, tor, none, str_of("www.ct7ctrgb6cr7.com")), "tor", "tor");
    assert_null(app_of_hello(list, tor, none, str_of("www.example.org")));
    app_list_free(list);
}

static void
test_random_names(void **state)
{
    (void)state;
    assert_true(app_name_random(str_of("www.q4cyamnc6mtokjurvdclt.com")));
    assert_true(app_name_random(str_of("www.abcd.net")));
    assert_false(app_name_random(str_of("www.abc.net")));                        /* 3 */
    assert_false(app_name_random(str_of("www.abcdefghijklmnopqrstuvwxyz.com"))); /* 26 */
    assert_false(app_name_random(str_of("www.my-shop.com")));
    assert_false(app_name_random(str_of("www.shop1.com"))); /* 1 is not in base 32 */
    assert_false(app_name_random(str_of("www.a.b.com.net")));
    assert_false(app_name_random(str_of("")));
}

static void
is_wrong(const char *text, const char *says)
{
    struct app_list *list = NULL;
    struct conf_error err = {.text = ""};

    assert_int_equal(app_list_parse("apps.yaml", slice_of(text, strlen(text)), &list, &err),
                     VG_ERR_CONFIG);
    assert_null(list);
    if (strstr(err.text, says) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.text, says);
}

static void
test_errors(void **state)
{
    (void)state;
    is_wrong("apps:\n- {app: x, category: ai, domains: [X.com]}\n", "apps.yaml:2: ");
    is_wrong("apps:\n- {app: x, category: ai, domains: [com]}\n", "is no domain");
    is_wrong("apps:\n- {app: x, category: ai, domains: [a..b]}\n", "is no domain");
    is_wrong("apps:\n- {app: x, category: ai, domains: [.a.b]}\n", "is no domain");
    is_wrong("apps:\n- {app: x, category: nonsense}\n", "apps.yaml:2: ");
    is_wrong("apps:\n- {app: x}\n", "category");
    is_wrong("apps:\n- {app: x y, category: ai}\n", "is no name");
    is_wrong("apps:\n- {app: x, category: ai, ports: [tcp/0]}\n", "is no port");
    is_wrong("apps:\n- {app: x, category: ai, ports: [tcp/65536]}\n", "is no port");
    is_wrong("apps:\n- {app: x, category: ai, ports: [x5938]}\n", "is no port");
    is_wrong("apps:\n- {app: x, category: ai, ja4: [t13d]}\n", "is no JA4");
    is_wrong("apps:\n- {app: x, category: ai, colour: red}\n", "colour");
    is_wrong("# a.com\napps:\n- {app: x, category: ai, domains: [a.com, xa.com]}\n"
             "- {app: y, category: web,\n   domains: [a.com]}\n",
             "apps.yaml:5: domains: a.com stands twice");
    is_wrong("x: [", "not readable as YAML");
}

static void
test_one_key_of_two_kinds(void **state)
{
    const char *text = "apps:\n- {app: x, category: ai, protocols: [dot]}\n"
                       "- {app: y, category: dns, alpn: [dot]}\n";
    struct app_list *list = NULL;
    struct conf_error err = {.text = ""};

    (void)state;
    assert_int_equal(app_list_parse("t", slice_of(text, strlen(text)), &list, &err), VG_OK);
    assert_int_equal(app_list_count(list), 2);
    assert_int_equal(app_list_keys(list), 2);
    is_app(app_of_protocol(list, str_of("dot")), "x", "ai");
    is_app(app_of_hello(list, str_of(NULL), str_of("dot"), str_of(NULL)), "y", "dns");
    app_list_free(list);
}

/* A flow through the engine: the first line from the client, the second from the server. */
static void
one_flow(struct kit_log *log, const char *out, const char *in, uint16_t port)
{
    struct app_list *list = shipped();
    struct net_engine *e = kit_engine(log);
    uint32_t seq[2] = {1, 1};

    net_engine_name_apps(e, list);
    dialog_packet(e, 0, port, seq, TCP_SYN, "", 0, 1000);
    seq[0]++;
    dialog_packet(e, 1, port, seq, TCP_SYN | TCP_ACK, "", 0, 2000);
    seq[1]++;
    dialog_packet(e, 0, port, seq, TCP_ACK, out, strlen(out), 3000);
    seq[0] += (uint32_t)strlen(out);
    dialog_packet(e, 1, port, seq, TCP_ACK, in, strlen(in), 4000);
    net_engine_flush(e);
    net_engine_free(e);
    app_list_free(list);
}

static void
test_flows(void **state)
{
    struct kit_log log;

    (void)state;
    one_flow(&log, "GET / HTTP/1.1\r\nHost: chat.DeepSeek.com\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n",
             80);
    assert_true(kit_says(&log, "\"app\":\"deepseek\",\"protocol\":\"http\",\"category\":\"ai\""));
    kit_log_free(&log);
    one_flow(&log, "GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", 80);
    assert_true(kit_says(&log, "\"app\":\"http\",\"protocol\":\"http\""));
    assert_false(kit_says(&log, "category"));
    kit_log_free(&log);
    /* By port: both sides speak and nobody knows the language. */
    one_flow(&log, "\x01\x02\x03", "\x04\x05\x06", 4899);
    assert_true(
        kit_says(&log, "\"app\":\"radmin\",\"protocol\":\"\",\"category\":\"remote_help\""));
    kit_log_free(&log);
    one_flow(&log, "\x01\x02\x03", "", 4899);
    assert_true(kit_says(&log, "\"app\":\"\",\"protocol\":\"\""));
    kit_log_free(&log);
    /* The protocol contradicts the port. */
    one_flow(&log, "GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", 4899);
    assert_true(kit_says(&log, "\"app\":\"http\",\"protocol\":\"http\""));
    kit_log_free(&log);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),        cmocka_unit_test(test_other_keys),
        cmocka_unit_test(test_random_names), cmocka_unit_test(test_errors),
        cmocka_unit_test(test_flows),        cmocka_unit_test(test_one_key_of_two_kinds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
