/* SPDX-License-Identifier: Apache-2.0 */
/* Which transfer brought a file: by its hash, or by size and name where it has none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/keeper/brought.h"

#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void
note(struct brought *b, const char *text)
{
    json_t *o;

    assert_int_equal(vg_json_parse(slice_of(text, strlen(text)), 8192, &o), VG_OK);
    brought_note(b, o);
    json_decref(o);
}

/* "from flow service" of a file. */
static const char *
found(const struct brought *b, const char *name, int size, const char *sha256)
{
    static char text[300];
    json_t *event = json_pack("{s:{s:s, s:i, s:s, s:s, s:s, s:s}}", "facts", "name", name, "size",
                              size, "sha256", sha256, "from", "", "flow", "", "service", "");
    const json_t *facts = json_object_get(event, "facts");

    brought_fill(b, event);
    (void)snprintf(text, sizeof text, "%s %s %s", vg_json_str(facts, "from", "?"),
                   vg_json_str(facts, "flow", "?"), vg_json_str(facts, "service", "?"));
    json_decref(event);
    return text;
}

static void
test_brought(void **state)
{
    struct brought *b = brought_new();

    assert_non_null(b);
    note(b, "{\"type\":\"http\",\"name\":\"/a.exe\",\"whole\":true}");
    note(b,
         "{\"type\":\"file\",\"src\":\"10.0.0.5\",\"dst\":\"1.2.3.4\",\"flow\":\"f1\",\"service\":"
         "\"http\",\"name\":\"/x/"
         "a.exe?k=1\",\"host\":\"bad.example\",\"from_server\":true,\"bytes\":7,"
         "\"missing\":0,\"whole\":true,\"sha256\":\"" SHA "\"}");
    note(b,
         "{\"type\":\"file\",\"src\":\"10.0.0.5\",\"dst\":\"1.2.3.4\",\"flow\":\"f2\",\"service\":"
         "\"ftp\",\"name\":\"pub/"
         "b.php\",\"host\":\"\",\"from_server\":true,\"bytes\":9,\"missing\":0,"
         "\"whole\":true}");
    note(b,
         "{\"type\":\"file\",\"src\":\"10.0.0.9\",\"dst\":\"10.0.0.5\",\"flow\":\"f3\",\"service\":"
         "\"smb\",\"name\":\"web\\\\c.php\",\"host\":\"\",\"from_server\":false,\"bytes\":11,"
         "\"missing\":0,\"whole\":true}");
    note(
        b,
        "{\"type\":\"file\",\"flow\":\"f4\",\"name\":\"d.php\",\"host\":\"x\",\"from_server\":true,"
        "\"bytes\":12,\"missing\":3,\"whole\":true}");
    note(b, "[1]");
    assert_string_equal(found(b, "renamed", 7, SHA), "bad.example f1 http");
    assert_string_equal(found(b, "a.exe", 7, ""), "  "); /* hashed transfers go by their hash */
    assert_string_equal(found(b, "b.php", 9, SHA), "1.2.3.4 f2 ftp");
    assert_string_equal(found(b, "b.php", 8, ""), "  ");
    assert_string_equal(found(b, "other.php", 9, ""), "  ");
    assert_string_equal(found(b, "c.php", 11, ""), "10.0.0.9 f3 smb");
    assert_string_equal(found(b, "d.php", 12, ""), "  "); /* parts of it were not seen */
    for (int i = 0; i < BROUGHT_MAX; i++)
        note(b,
             "{\"type\":\"file\",\"flow\":\"n\",\"name\":\"n\",\"host\":\"n\",\"from_server\":true,"
             "\"bytes\":1,\"missing\":0,\"whole\":true}");
    assert_string_equal(found(b, "b.php", 9, ""), "  "); /* forgotten */
    assert_string_equal(found(b, "n", 1, ""), "n n ");
    brought_free(b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_brought)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
