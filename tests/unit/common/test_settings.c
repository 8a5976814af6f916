/* SPDX-License-Identifier: Apache-2.0 */
/* Settings from afar: what may be set, how levels lie over each other, and that nothing unsigned passes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/settings.h"

static const char AGENT[] = "0192f5a0-0000-7000-8000-000000000001";

static enum vg_err
parse(const char *text, json_t **out)
{
    struct conf_error why;

    return settings_parse(slice_of(text, strlen(text)), out, &why);
}

static void
test_what_may_be_set(void **state)
{
    static const char *const good[] = {
        "{}",
        "{\"alerts\": {\"budget_per_week\": 1.5}}",
        "{\"shop\": {\"kind\": \"cafe\", \"hours\": {\"mon-fri\": \"09:00-20:00\", \"sun\": "
        "\"closed\"}}}",
        "{\"detectors\": {\"off\": [\"net.scan\", \"pay.*\"]}}",
        "{\"scan\": {\"response\": \"quarantine\", \"full_pass\": \"03:00\", \"sticks\": false}}",
    };
    static const char *const bad[] = {
        "{\"store\": {\"path\": \"/etc\"}}",      /* no paths */
        "{\"service\": {\"user\": \"root\"}}",    /* no users */
        "{\"mail\": {\"to\": \"x@example.mx\"}}", /* nor where mails go */
        "{\"files\": [\"/etc\"]}",
        "{\"rules\": \"/tmp\"}",
        "{\"sandbox\": false}",
        "{\"bundles\": {\"key\": \"00\"}}",
        "{\"shop\": {\"name\": \"x\"}}",
        "{\"alerts\": {\"budget_per_week\": -1}}",
        "{\"alerts\": {\"budget_per_week\": 1e9}}",
        "{\"alerts\": {\"budget_per_week\": \"three\"}}",
        "{\"shop\": {\"hours\": {\"mon\": \"9-20\"}}}",
        "{\"shop\": {\"hours\": {\"someday\": \"09:00-20:00\"}}}",
        "{\"detectors\": {\"off\": [\"net.scan; rm -rf\"]}}",
        "{\"scan\": {\"response\": \"delete\"}}",
        "[]",
        "",
        "{",
    };
    json_t *tree;
    char *large = malloc(SETTINGS_BYTES_MAX + 2);

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(good); i++) {
        tree = NULL;
        if (parse(good[i], &tree) != VG_OK)
            fail_msg("refused: %s", good[i]);
        json_decref(tree);
    }
    for (size_t i = 0; i < VG_ARRAY_LEN(bad); i++) {
        tree = NULL;
        if (strlen(bad[i]) > 0 && parse(bad[i], &tree) == VG_OK)
            fail_msg("taken: %s", bad[i]);
        json_decref(tree);
    }
    memset(large, ' ', SETTINGS_BYTES_MAX + 1);
    large[SETTINGS_BYTES_MAX + 1] = '\0';
    assert_int_equal(parse(large, &tree), VG_ERR_LIMIT);
    free(large);
}

static void
test_levels(void **state)
{
    json_t *all = json_object(), *one = NULL, *names;

    (void)state;
    assert_int_equal(parse("{\"alerts\": {\"budget_per_week\": 3}, \"detectors\": {\"off\": "
                           "[\"net.scan\"]}, \"shop\": {\"kind\": \"cafe\"}}",
                           &one),
                     VG_OK);
    assert_int_equal(settings_merge(all, one), VG_OK);
    json_decref(one);
    assert_int_equal(parse("{\"detectors\": {\"off\": [\"pay.amount\"]}, \"scan\": {\"sticks\": "
                           "false}}",
                           &one),
                     VG_OK);
    assert_int_equal(settings_merge(all, one), VG_OK);
    json_decref(one);
    assert_int_equal(json_array_size(json_object_get(json_object_get(all, "detectors"), "off")), 1);
    assert_string_equal(json_string_value(json_array_get(
                            json_object_get(json_object_get(all, "detectors"), "off"), 0)),
                        "pay.amount");
    assert_string_equal(vg_json_str(json_object_get(all, "shop"), "kind", ""), "cafe");
    names = settings_names(all);
    assert_int_equal(json_array_size(names), 4);
    json_decref(names);
    json_decref(all);
}

struct signed_doc {
    struct buf pem, text;
    uint8_t key[ED25519_KEY];
    char signature[SETTINGS_SIGN_HEX];
};

static void
make(struct signed_doc *d, const char *agent, int64_t version, const char *settings)
{
    struct settings_doc doc = {.version = version};

    (void)vg_strcpy(doc.agent, sizeof doc.agent, agent);
    doc.settings = json_loads(settings, 0, NULL);
    buf_init(&d->pem, 4096);
    buf_init(&d->text, 2 * SETTINGS_BYTES_MAX);
    assert_int_equal(ed25519_new(&d->pem), VG_OK);
    assert_int_equal(ed25519_public(buf_slice(&d->pem), d->key), VG_OK);
    assert_int_equal(settings_sign(buf_slice(&d->pem), &doc, &d->text, d->signature), VG_OK);
    settings_done(&doc);
}

static void
done(struct signed_doc *d)
{
    buf_done(&d->pem);
    buf_done(&d->text);
}

static void
test_signed(void **state)
{
    struct signed_doc d, other;
    struct settings_doc doc;
    struct conf_error why;

    (void)state;
    make(&d, AGENT, 7, "{\"alerts\": {\"budget_per_week\": 2}}");
    make(&other, AGENT, 8, "{}");
    assert_int_equal(settings_open(d.key, buf_slice(&d.text), d.signature, &doc, &why), VG_OK);
    assert_int_equal(doc.version, 7);
    assert_string_equal(doc.agent, AGENT);
    settings_done(&doc);
    assert_int_equal(settings_open(other.key, buf_slice(&d.text), d.signature, &doc, &why),
                     VG_ERR_DENIED);
    assert_int_equal(settings_open(d.key, buf_slice(&d.text), other.signature, &doc, &why),
                     VG_ERR_DENIED);
    assert_int_equal(settings_open(d.key, buf_slice(&d.text), "", &doc, &why), VG_ERR_DENIED);
    for (size_t i = 0; i < d.text.len; i++) { /* any bit */
        d.text.data[i] ^= 1;
        assert_int_equal(settings_open(d.key, buf_slice(&d.text), d.signature, &doc, &why),
                         VG_ERR_DENIED);
        d.text.data[i] ^= 1;
    }
    for (size_t n = 0; n < d.text.len; n++)
        assert_int_equal(settings_open(d.key, slice_of(d.text.data, n), d.signature, &doc, &why),
                         VG_ERR_DENIED);
    done(&d);
    done(&other);
}

/* Signed, and still no settings of ours: a collector that was taken over sets no path. */
static void
test_signed_nonsense(void **state)
{
    static const struct {
        const char *agent;
        int64_t version;
        const char *settings;
        enum vg_err err;
    } rows[] = {{"x", 7, "{}", VG_ERR_FORMAT},
                {AGENT, 0, "{}", VG_ERR_FORMAT},
                {AGENT, -1, "{}", VG_ERR_FORMAT},
                {AGENT, 7, "[]", VG_ERR_FORMAT},
                {AGENT, 7, "{\"store\": {\"path\": \"/etc\"}}", VG_ERR_CONFIG},
                {AGENT, 7, "{\"alerts\": {\"budget_per_week\": -3}}", VG_ERR_CONFIG}};

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(rows); i++) {
        struct signed_doc d;
        struct settings_doc doc;
        struct conf_error why;

        make(&d, rows[i].agent, rows[i].version, rows[i].settings);
        assert_int_equal(settings_open(d.key, buf_slice(&d.text), d.signature, &doc, &why),
                         rows[i].err);
        assert_true(why.text[0] != '\0');
        done(&d);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_may_be_set),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_signed),
        cmocka_unit_test(test_signed_nonsense),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
