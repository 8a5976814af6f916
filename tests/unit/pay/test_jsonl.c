/* SPDX-License-Identifier: Apache-2.0 */
#include "pay_own.h"

#include "agent/pay/jsonl.h"

enum { ARENA = 4096 };

static const char *const WANTED[] = {"id", "data.object.amount", "data.list.0.id", "data.list.1.id",
                                     "text"};

struct rig {
    struct names names;
    struct values values;
    struct csv_arena arena;
};

static struct rig *
rig_new(void)
{
    struct rig *r = calloc(1, sizeof *r);

    assert_non_null(r);
    for (size_t i = 0; i < VG_ARRAY_LEN(WANTED); i++) {
        uint8_t slot;

        assert_int_equal(names_add(&r->names, str_of(WANTED[i]), &slot), VG_OK);
        assert_int_equal(slot, i);
    }
    r->arena.data = malloc(ARENA);
    r->arena.room = ARENA;
    assert_non_null(r->arena.data);
    return r;
}

static void
rig_free(struct rig *r)
{
    free(r->arena.data);
    free(r);
}

/* "name=value;" of each wanted name that is there, or the error. */
static void
read_one(struct rig *r, const char *text, char out[1024])
{
    struct own o = own(text);
    size_t n = 0;
    bool escaped;
    enum vg_err err;

    memset(r->values.present, 0, sizeof r->values.present);
    r->arena.len = 0;
    err = jsonl_read(o.text, &r->names, &r->arena, &r->values, &escaped);
    if (err != VG_OK)
        n += (size_t)snprintf(out, 1024, "%s", err == VG_ERR_LIMIT ? "limit" : "no");
    for (size_t i = 0; err == VG_OK && i < VG_ARRAY_LEN(WANTED); i++)
        if (r->values.present[i])
            n += (size_t)snprintf(
                out + n, 1024 - n, "%s=%.*s;", WANTED[i], (int)r->values.value[i].left,
                r->values.value[i].left > 0 ? (const char *)r->values.value[i].at : "");
    out[n] = '\0';
    free(o.block);
}

static void
test_read(void **state)
{
    static const struct {
        const char *in, *want;
    } cases[] = {
        {"{}", ""},
        {"{\"id\":\"a\"}", "id=a;"},
        {" { \"id\" : \"a\" , \"x\" : 5 } ", "id=a;"},
        {"{\"data\":{\"object\":{\"amount\":-12.5e3}}}", "data.object.amount=-12.5e3;"},
        {"{\"data\":{\"list\":[{\"id\":1},{\"id\":2},{\"id\":3}]}}",
         "data.list.0.id=1;data.list.1.id=2;"},
        {"{\"id\":null,\"text\":\"null\"}", "text=null;"},
        {"{\"id\":true,\"text\":\"\"}", "id=true;text=;"},
        {"{\"id\":card_abc,\"text\":1}", "id=card_abc;text=1;"}, /* a token lost its quotes */
        {"{\"id\":\"a\",}", "id=a;"},                            /* a comma too many */
        {"{\"id\":\"a\",,\"text\":\"b\"}", "id=a;text=b;"},
        {"{\"id\":\"a\",\"id\":\"b\"}", "id=b;"},
        {"{\"text\":\"a\\\"b\\\\c\\/d\\te\\u00e1\\u20ac\\ud83d\\ude00\"}",
         "text=a\"b\\c/d\te\xc3\xa1\xe2\x82\xac\xf0\x9f\x98\x80;"},
        {"{\"text\":\"\\ud83d\"}", "text=\xef\xbf\xbd;"}, /* half a pair */
        {"{\"text\":\"\\u0000\"}", "text= ;"},
        {"{\"text\":\"\\x\"}", "no"},
        {"{\"text\":\"\\u12\"}", "no"},
        {"{\"id\":\"a\"", "no"},
        {"{\"id\":\"a\"}}", "no"},
        {"{\"id\":}", "no"},
        {"{\"id\"}", "no"},
        {"{id:1, data:{object:{amount:5}}}", "id=1;data.object.amount=5;"}, /* JavaScript */
        {"{:1}", "no"},
        {"{\"id\":\"a}", "no"},
        {"{\"id\":[}", "no"},
        {"[1]", "no"},
        {"", "no"},
        {"{\"data.object.amount\":1}", "data.object.amount=1;"}, /* flat names look alike */
    };
    struct rig *r = rig_new();

    for (size_t i = 0; i < VG_ARRAY_LEN(cases); i++) {
        char out[1024];

        read_one(r, cases[i].in, out);
        if (strcmp(out, cases[i].want) != 0)
            fail_msg("%s: %s, not %s", cases[i].in, out, cases[i].want);
    }
    rig_free(r);
}

static void
test_escaped_tells(void **state)
{
    struct rig *r = rig_new();
    struct own o = own("{\"other\":\"\\u0041\",\"text\":\"A\"}");
    bool escaped;

    assert_int_equal(jsonl_read(o.text, &r->names, &r->arena, &r->values, &escaped), VG_OK);
    assert_false(escaped); /* nobody wants `other` */
    free(o.block);
    o = own("{\"text\":\"\\u0041\"}");
    assert_int_equal(jsonl_read(o.text, &r->names, &r->arena, &r->values, &escaped), VG_OK);
    assert_true(escaped);
    free(o.block);
    rig_free(r);
}

static void
nested(char *out, size_t depth)
{
    size_t n = 0;

    for (size_t i = 0; i < depth; i++)
        n += (size_t)sprintf(out + n, "{\"a\":");
    n += (size_t)sprintf(out + n, "1");
    for (size_t i = 0; i < depth; i++)
        out[n++] = '}';
    out[n] = '\0';
}

static void
test_caps(void **state)
{
    struct rig *r = rig_new();
    char *text = malloc(4 * JSONL_MEMBERS_MAX + 64), out[1024];
    size_t n;

    assert_non_null(text);
    nested(text, JSONL_DEPTH_MAX);
    read_one(r, text, out);
    assert_string_equal(out, "");
    nested(text, JSONL_DEPTH_MAX + 1);
    read_one(r, text, out);
    assert_string_equal(out, "limit");

    n = (size_t)sprintf(text, "{\"x\":[");
    for (size_t i = 0; i < JSONL_MEMBERS_MAX; i++)
        n += (size_t)sprintf(text + n, "1,");
    (void)sprintf(text + n, "1]}");
    read_one(r, text, out);
    assert_string_equal(out, "limit");

    /* A path that is too long fits no name, and the one behind it is found again. */
    n = (size_t)sprintf(text, "{\"");
    memset(text + n, 'k', JSONL_PATH_MAX + 5);
    n += JSONL_PATH_MAX + 5;
    (void)sprintf(text + n, "\":{\"id\":1},\"id\":2}");
    read_one(r, text, out);
    assert_string_equal(out, "id=2;");

    /* Unescaped texts beyond the arena. */
    r->arena.room = 4;
    read_one(r, "{\"text\":\"\\u0041BCDEF\"}", out);
    assert_string_equal(out, "limit");
    free(text);
    rig_free(r);
}

/* "start-end/next/lines", "again", or "no next/lines". */
static void
record(const char *text, bool final, char out[64])
{
    struct own o = own(text);
    size_t start = 0, end = 0, next = 0, lines = 0;
    enum vg_err err = jsonl_record(o.text, final, &start, &end, &next, &lines);

    if (err == VG_AGAIN)
        (void)snprintf(out, 64, "again");
    else
        (void)snprintf(out, 64, "%s%zu-%zu/%zu/%zu", err == VG_OK ? "" : "no ", start, end, next,
                       lines);
    free(o.block);
}

static void
test_record(void **state)
{
    static const struct {
        const char *in, *growing, *final;
    } cases[] = {
        {"", "again", "again"},
        {" \n[", "again", "again"},
        {"{}", "0-2/2/0", "0-2/2/0"},
        {"{}\n{}", "0-2/3/1", "0-2/3/1"},
        {"{}\r\n{}", "0-2/4/1", "0-2/4/1"},
        {"[\n{\"a\":1},\n{}]", "2-9/9/1", "2-9/9/1"},
        {"{\n\"a\":{\n}}\n", "0-10/11/3", "0-10/11/3"},
        {"{\"a\":\"}\\\"}\"}x", "0-12/12/0", "0-12/12/0"},
        {"{\"a\":1", "again", "no 0-6/6/0"},
        {"{\"a\":\n{}", "no 0-6/6/1", "no 0-6/6/1"},    /* torn off by the next line */
        {"{\"a\":\"x\n{}", "no 0-8/8/1", "no 0-8/8/1"}, /* within a text */
        {"hola\n{}", "no 0-4/5/1", "no 0-4/5/1"},
        {"hola", "again", "no 0-4/4/0"},
    };

    for (size_t i = 0; i < VG_ARRAY_LEN(cases); i++) {
        char out[64];

        record(cases[i].in, false, out);
        if (strcmp(out, cases[i].growing) != 0)
            fail_msg("%s grows: %s, not %s", cases[i].in, out, cases[i].growing);
        record(cases[i].in, true, out);
        if (strcmp(out, cases[i].final) != 0)
            fail_msg("%s ends: %s, not %s", cases[i].in, out, cases[i].final);
    }
}

/* Every beginning: records go forward to its end, values lie within. */
static void
test_truncations(void **state)
{
    static const char text[] =
        "[{\"id\":\"\\ud83d\\ude00\\n\",\"data\":{\"object\":{\"amount\":-1.5},\"list\":[{\"id\":"
        "card_x},null,"
        "[[]]]}},\r\n{\"text\":\"tor\n{\"text\":\"\\u00e1\"}\n nada {\n{\"id\": 1,, }]";
    struct rig *r = rig_new();

    for (size_t n = 0; n < sizeof text; n++) {
        struct own o = own_n(text, n);
        struct slice left = o.text;
        size_t start, end, next, lines;
        enum vg_err err;

        while ((err = jsonl_record(left, true, &start, &end, &next, &lines)) != VG_AGAIN) {
            struct slice one = left;
            bool escaped;

            assert_true(start <= end && end <= left.left && next > 0 && next <= left.left);
            slice_skip(&one, start);
            one.left = end - start;
            r->arena.len = 0;
            memset(r->values.present, 0, sizeof r->values.present);
            if (jsonl_read(one, &r->names, &r->arena, &r->values, &escaped) == VG_OK)
                for (size_t i = 0; i < VG_ARRAY_LEN(WANTED); i++)
                    if (r->values.present[i])
                        assert_true(r->values.value[i].left <= end - start);
            slice_skip(&left, next);
        }
        free(o.block);
    }
    rig_free(r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),        cmocka_unit_test(test_escaped_tells),
        cmocka_unit_test(test_caps),        cmocka_unit_test(test_record),
        cmocka_unit_test(test_truncations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
