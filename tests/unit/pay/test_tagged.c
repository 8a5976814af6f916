/* SPDX-License-Identifier: Apache-2.0 */
/* tagged and xmlrec: records of tags, in SGML and in XML. */
#include "pay_own.h"

#include "agent/pay/tagged.h"
#include "agent/pay/xmlrec.h"

enum { ARENA = 4096 };
static const char *const WANTED[] = {"AMT",    "Amt",    "Amt@Ccy",
                                     "log@at", "Sub.Id", "field.4@value",
                                     "El.4",   "@dir",   "field.127.field.2@value"};

struct rig {
    struct names names;
    struct values values;
    struct csv_arena arena;
    struct xmlrec *xml;
};

static struct rig *
rig_new(void)
{
    struct rig *r = calloc(1, sizeof *r);

    assert_non_null(r);
    for (size_t i = 0; i < VG_ARRAY_LEN(WANTED); i++) {
        uint8_t slot;

        assert_int_equal(names_add(&r->names, str_of(WANTED[i]), &slot), VG_OK);
    }
    r->arena.data = malloc(ARENA);
    r->arena.room = ARENA;
    assert_non_null(r->arena.data);
    assert_int_equal(xmlrec_new(7, &r->xml), VG_OK);
    return r;
}

static void
rig_free(struct rig *r)
{
    xmlrec_free(r->xml);
    free(r->arena.data);
    free(r);
}

static void
read_one(struct rig *r, bool xml, const char *text, size_t len, char out[1024])
{
    const struct str keys[] = {str_of("id"), str_of("Number")};
    struct own o = own_n(text, len);
    bool escaped = false;
    size_t n = 0;
    enum vg_err err;

    memset(r->values.present, 0, sizeof r->values.present);
    r->arena.len = 0;
    err = xml ? xmlrec_read(r->xml, o.text, keys, 2, &r->names, &r->arena, &r->values)
              : tagged_read(o.text, &r->names, &r->arena, &r->values, &escaped);
    out[0] = '\0';
    if (err != VG_OK)
        n += (size_t)snprintf(out, 1024, "%s", err == VG_ERR_LIMIT ? "limit" : "no");
    for (size_t i = 0; err == VG_OK && i < VG_ARRAY_LEN(WANTED); i++)
        if (r->values.present[i])
            n +=
                (size_t)snprintf(out + n, 1024 - n, "%s=%.*s;", WANTED[i],
                                 (int)r->values.value[i].left, (const char *)r->values.value[i].at);
    free(o.block);
}

struct one {
    const char *text, *want;
};

static void
check_all(bool xml, const struct one *cases, size_t count)
{
    struct rig *r = rig_new();
    char got[1024];

    for (size_t i = 0; i < count; i++) {
        read_one(r, xml, cases[i].text, strlen(cases[i].text), got);
        assert_string_equal(got, cases[i].want);
        for (size_t n = 0; n < strlen(cases[i].text); n++)
            read_one(r, xml, cases[i].text, n, got);
    }
    rig_free(r);
}

static void
test_sgml(void **state)
{
    static const struct one cases[] = {
        {"<T><AMT>-6.60\r\n<NAME>MC'S #1</T>", "AMT=-6.60;"},
        {"<T><AMT>1</AMT><AMT>2</AMT></T>", "AMT=1;"},
        {"<T><AMT><AMT>2</T>", "AMT=2;"},
        {"<T><AMT><![CDATA[ A<B&amp; ]]></AMT></T>", "AMT=A<B&amp;;"},
        {"<T><AMT>A&amp;B&#x20ac;&#65;&lt;&bad;</AMT></T>", "AMT=A&B\xe2\x82\xac"
                                                            "A<&bad;;"},
        {"<!-- <AMT>1 --><T><x:AMT>3</x:AMT></T>", "AMT=3;"},
        {"<log realm='a>b' at=\"2026\">", "log@at=2026;"},
        {"<T><AMT>5", "AMT=5;"},
        {"a < b <AMT>7", "AMT=7;"},
        {"", ""},
    };

    check_all(false, cases, VG_ARRAY_LEN(cases));
}

static void
test_xml(void **state)
{
    static const struct one cases[] = {
        {"<N dir=\"in\"><Amt Ccy=\"EUR\">8.850</Amt><Amt>9</Amt></N>",
         "Amt=8.850;Amt@Ccy=EUR;@dir=in;"},
        {"<c:N><c:Sub><c:Id>A&amp;&lt;B</c:Id></c:Sub></c:N>", "Sub.Id=A&<B;"},
        {"<m><field id=\"4\" value=\"100\"/><field id=\"127\"><field id=\"2\" "
         "value=\"x\"/></field></m>",
         "field.4@value=100;field.127.field.2@value=x;"},
        {"<m><El Number=\"4\"><![CDATA[7]]></El></m>", "El.4=7;"},
        {"<N><Amt>1</Sub></N>", "no"},
        {"<N><Amt>&unknown;</Amt></N>", "no"},
        {"<N>", "no"},
        {"", "no"},
    };

    check_all(true, cases, VG_ARRAY_LEN(cases));
}

static void
test_depth(void **state)
{
    struct rig *r = rig_new();
    char text[512], got[1024];
    size_t n = 0;

    for (int i = 0; i < XMLREC_DEPTH_MAX + 1; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "<a>");
    read_one(r, true, text, n, got);
    assert_string_equal(got, "limit");
    rig_free(r);
}

static void
records(const char *text, size_t len, bool final, char out[1024])
{
    const struct str names[] = {str_of("T"), str_of("isomsg")};
    struct own o = own_n(text, len);
    struct slice rest = o.text;
    size_t n = 0, start, end, next, lines;

    out[0] = '\0';
    while (rest.left > 0) {
        enum vg_err err = tagged_record(rest, names, 2, final, &start, &end, &next, &lines);
        struct slice record;

        if (err == VG_AGAIN)
            break;
        assert_true(next > 0 && next <= rest.left && start < end && end <= rest.left);
        record = bytes_part(rest, start, end);
        n += (size_t)snprintf(out + n, 1024 - n, err == VG_OK ? "[%.*s]" : "(%.*s)",
                              (int)record.left, (const char *)record.at);
        slice_skip(&rest, next);
    }
    free(o.block);
}

static void
test_records(void **state)
{
    static const struct one cases[] = {
        {"<OFX><T><A>1</T>\n<T><A>2</T></OFX>", "[<T><A>1</T>][<T><A>2</T>]"},
        {"<isomsg><isomsg id='1'/><isomsg><f/></isomsg></isomsg><x>",
         "[<isomsg><isomsg id='1'/><isomsg><f/></isomsg></isomsg>]"},
        {"<!-- <T> --><?x <T>?><T a='>'/>", "[<T a='>'/>]"},
        {"<T><![CDATA[</T>]]></T>", "[<T><![CDATA[</T>]]></T>]"},
        {"<T>1</T><T>2", "[<T>1</T>](<T>2)"},
        {"nothing", ""},
    };
    char got[1024];

    for (size_t i = 0; i < VG_ARRAY_LEN(cases); i++) {
        records(cases[i].text, strlen(cases[i].text), true, got);
        assert_string_equal(got, cases[i].want);
        for (size_t n = 0; n < strlen(cases[i].text); n++) {
            records(cases[i].text, n, true, got);
            records(cases[i].text, n, false, got);
            assert_null(strchr(got, '('));
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sgml),
        cmocka_unit_test(test_xml),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_records),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
