/* SPDX-License-Identifier: Apache-2.0 */
/* (that a mail reader understands the result is tests/e2e/test_mail.py's business) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/mail.h"
#include "common/mail_encode.h"
#include "common/mail_send.h"
#include "common/vtime.h"

static struct zone *utc;

static struct mail_message
sample(void)
{
    return (struct mail_message){
        .from = "vigia@example.mx",
        .from_name = "Vigía",
        .to = "owner@example.mx",
        .subject = "Hello",
        .text = "Hello\n",
        .html = "<p>Hello</p>\n",
        .language = "es-MX",
        .id = "<018f.0@vigia.invalid>",
        .time_ns = INT64_C(1795370400) * VG_SEC_NS,
        .zone = utc,
    };
}

/* Built text, the caller's to free. */
static char *
built(const struct mail_message *m)
{
    struct buf b;
    char *text;

    buf_init(&b, 4 * MAIL_BYTES_MAX);
    assert_int_equal(mail_build(m, &b), VG_OK);
    assert_non_null(buf_str(&b));
    text = strdup(buf_str(&b));
    assert_non_null(text);
    buf_done(&b);
    return text;
}

/* What every message must hold to: CRLF only, short lines, no lone dot, ASCII. */
static void
check_wire_form(const char *text)
{
    size_t column = 0, i;

    for (i = 0; text[i] != '\0'; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c == '\r') {
            assert_int_equal(text[i + 1], '\n');
            continue;
        }
        if (c == '\n') {
            assert_true(i > 0 && text[i - 1] == '\r');
            column = 0;
            continue;
        }
        assert_true(c == '\t' || (c >= 0x20 && c < 0x7f));
        if (column == 0)
            assert_int_not_equal(c, '.');
        column++;
        assert_true(column <= 78);
    }
    assert_int_equal(column, 0);
}

static unsigned
header_count(const char *text)
{
    unsigned n = 0;
    const char *line = text, *end = strstr(text, "\r\n\r\n");

    assert_non_null(end);
    for (; line != NULL && line < end; line = strstr(line, "\r\n"), line += line != NULL ? 2 : 0)
        if (*line != ' ')
            n++;
    return n;
}

static void
test_hostile_values_add_no_header(void **state)
{
    static const char *const hostile[] = {
        "a\r\nBcc: thief@example.com",
        "a\nBcc: thief@example.com",
        "a\rBcc: thief@example.com\r\n\r\nbody",
        "=?UTF-8?Q?a=0D=0ABcc:_thief@example.com?=",
        "\xe2\x80\xa8"
        "Bcc: thief@example.com",
        "\xc2\x85"
        "Bcc: thief@example.com",
        "\xff\xfe\r\n.\r\n",
    };
    struct mail_message m = sample();
    char *plain = built(&m);
    unsigned headers = header_count(plain);
    size_t i;

    (void)state;
    free(plain);
    for (i = 0; i < VG_ARRAY_LEN(hostile); i++) {
        char *text;

        m = sample();
        m.subject = hostile[i];
        m.from_name = hostile[i];
        m.language = hostile[i];
        text = built(&m);
        check_wire_form(text);
        assert_int_equal(header_count(text), headers);
        assert_null(strstr(text, "\nBcc"));
        /* what looks like an encoded word is text, so it must be encoded itself */
        assert_null(strstr(text, "?Q?"));
        free(text);
    }
}

static void
test_bad_addresses_and_ids_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "a",
        "@b",
        "a@",
        "a@b@c",
        "a b@c.mx",
        "a@b.mx\r\n",
        "a@b.mx\nBcc",
        "<a@b.mx>",
        "a,b@c.mx",
        ".a@b.mx",
        "a.@b.mx",
        "a..b@c.mx",
        "a@.mx",
        "a@b.",
        "\"a\"@b.mx",
        "a@[1.2.3.4]",
        "ñ@b.mx",
        "a@b.mx,c@d.mx",
        "a@b_c.mx",
    };
    struct buf b;
    size_t i;

    (void)state;
    buf_init(&b, MAIL_BYTES_MAX);
    for (i = 0; i < VG_ARRAY_LEN(bad); i++) {
        struct mail_message m = sample();

        assert_false(mail_address_valid(bad[i]));
        m.to = bad[i];
        assert_int_equal(mail_build(&m, &b), VG_ERR_FORMAT);
        m = sample();
        m.from = bad[i];
        assert_int_equal(mail_build(&m, &b), VG_ERR_FORMAT);
        if (strcmp(bad[i], "<a@b.mx>") == 0)
            continue; /* that is an id */
        m = sample();
        m.id = bad[i];
        assert_int_equal(mail_build(&m, &b), VG_ERR_FORMAT);
        m = sample();
        m.references = bad[i];
        assert_int_equal(mail_build(&m, &b), VG_ERR_FORMAT);
        assert_int_equal(b.len, 0);
    }
    assert_true(mail_address_valid("owner@example.mx"));
    assert_true(mail_address_valid("juan.perez+caja1@sub.example-tienda.com.mx"));
    buf_done(&b);
}

static void
test_long_and_strange_bodies_stay_short_lines(void **state)
{
    struct mail_message m = sample();
    char *big = malloc(20001), *text;
    size_t i;

    (void)state;
    assert_non_null(big);
    for (i = 0; i < 20000; i++)
        big[i] = "x.\n=é \tF\r."[i % 11];
    big[20000] = '\0';
    m.text = big;
    m.html = big;
    memset(big + 3000, 'y', 5000);
    memset(big + 9000, '.', 300);
    text = built(&m);
    check_wire_form(text);
    free(text);
    m.subject = big + 3000;
    text = built(&m);
    check_wire_form(text);
    free(text);
    free(big);
}

/* Undoes quoted-printable, for the round trip. */
static size_t
unquote(const char *in, size_t n, char *out)
{
    size_t i, len = 0;

    for (i = 0; i < n; i++) {
        unsigned v;

        if (in[i] == '\r')
            continue;
        if (in[i] != '=')
            out[len++] = in[i];
        else if (in[i + 1] == '\r')
            i += 2;
        else {
            assert_int_equal(sscanf(in + i + 1, "%2x", &v), 1);
            out[len++] = (char)v;
            i += 2;
        }
    }
    return len;
}

static void
test_quoted_printable_comes_back(void **state)
{
    uint32_t seed = 7;
    int round;

    (void)state;
    for (round = 0; round < 500; round++) {
        char in[300], back[1000];
        struct buf b;
        size_t n = (size_t)(round % 297) + 1, i;

        for (i = 0; i < n; i++) {
            seed = seed * 1664525 + 1013904223;
            in[i] = "ab .=\n\xc3\xa9\t~F-"[seed >> 24 & 7 ? seed >> 16 & 7 : seed >> 20 & 11];
        }
        in[n - 1] = '\n';
        buf_init(&b, 10000);
        mail_put_quoted_printable(&b, slice_of(in, n));
        assert_non_null(buf_str(&b));
        check_wire_form(buf_str(&b));
        assert_int_equal(unquote((const char *)b.data, b.len, back), n);
        assert_memory_equal(back, in, n);
        buf_done(&b);
    }
}

static void
test_date_is_in_the_zone(void **state)
{
    struct zone *mexico = NULL;
    struct mail_message m = sample();
    char *text;

    (void)state;
    assert_int_equal(zone_load("America/Mexico_City", &mexico), VG_OK);
    m.zone = mexico;
    text = built(&m);
    assert_non_null(strstr(text, "Date: Sun, 22 Nov 2026 12:00:00 -0600\r\n"));
    free(text);
    zone_free(mexico);
}

static void
test_thread_and_names(void **state)
{
    struct mail_message m = sample();
    char id[MAIL_ID_SIZE], name[MAIL_NAME_SIZE], again[MAIL_NAME_SIZE], *text;

    (void)state;
    assert_true(mail_id("0190f3e1-aaaa-7bbb-8ccc-0123456789ab", 3, id));
    assert_string_equal(id, "<0190f3e1-aaaa-7bbb-8ccc-0123456789ab.3@vigia.invalid>");
    assert_false(mail_id("a b", 0, id));
    assert_false(mail_id("a\r\nX: y", 0, id));
    assert_false(mail_id("", 0, id));
    m.references = m.id;
    m.id = "<018f.1@vigia.invalid>";
    text = built(&m);
    assert_non_null(strstr(text, "\r\nMessage-ID: <018f.1@vigia.invalid>\r\n"
                                 "In-Reply-To: <018f.0@vigia.invalid>\r\n"
                                 "References: <018f.0@vigia.invalid>\r\n"));
    free(text);
    mail_name(m.id, m.time_ns, name);
    mail_name(m.id, m.time_ns + 1, again);
    assert_string_equal(name, again);
    mail_name(m.references, m.time_ns, again);
    assert_string_not_equal(name, again);
}

static enum vg_err
deliver_fails(const char *folder, const char *name, struct slice content)
{
    (void)folder;
    (void)name;
    (void)content;
    return VG_ERR_SYS;
}

static enum vg_err
deliver_exists(const char *folder, const char *name, struct slice content)
{
    assert_string_equal(folder, "box");
    assert_null(strchr(name, '/'));
    assert_int_equal(content.left, 4);
    return VG_ERR_EXISTS;
}

static void
test_results_of_sending(void **state)
{
    struct mail_route route = {
        .kind = MAIL_ROUTE_MAILDIR, .folder = "box", .deliver = deliver_fails};
    struct slice mail = slice_of("mail", 4);
    char why[MAIL_WHY_MAX] = "";
    json_t *smtp = json_pack("{s:s, s:i, s:s}", "host", "127.0.0.1", "port", 1, "tls", "none");

    (void)state;
    assert_int_equal(mail_send(&route, "a@b.mx", "c@d.mx", "<1.0@x.mx>", 0, mail, why), MAIL_RETRY);
    assert_true(why[0] != '\0');
    route.deliver = deliver_exists;
    assert_int_equal(mail_send(&route, "a@b.mx", "c@d.mx", "<1.0@x.mx>", 0, mail, why), MAIL_SENT);
    /* nobody listens on port 1 */
    route = (struct mail_route){.kind = MAIL_ROUTE_SMTP, .smtp = smtp};
    why[0] = '\0';
    assert_int_equal(mail_send(&route, "a@b.mx", "c@d.mx", "<1.0@x.mx>", 0, mail, why), MAIL_RETRY);
    assert_true(why[0] != '\0');
    /* an address that could break out of the command never reaches the server */
    assert_int_equal(
        mail_send(&route, "a@b.mx", "c@d.mx>\r\nRCPT TO:<e@f.mx", "<1.0@x.mx>", 0, mail, why),
        MAIL_RETRY);
    assert_string_equal(why, "no server, sender or recipient");
    json_decref(smtp);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hostile_values_add_no_header),
        cmocka_unit_test(test_bad_addresses_and_ids_are_refused),
        cmocka_unit_test(test_long_and_strange_bodies_stay_short_lines),
        cmocka_unit_test(test_quoted_printable_comes_back),
        cmocka_unit_test(test_date_is_in_the_zone),
        cmocka_unit_test(test_thread_and_names),
        cmocka_unit_test(test_results_of_sending),
    };
    int failed;

    utc = zone_utc();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    zone_free(utc);
    return failed;
}
