/* SPDX-License-Identifier: Apache-2.0 */
/* Second factors, recovery codes, links and tokens: what a thief of the database, of a code, of a link
 * or of time would need. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "collector/name_check.h"
#include "collector/password_link.h"
#include "collector/second_factor.h"
#include "common/vtime.h"

#define NOW INT64_C(1790000000000000000)

static const uint8_t KEY[32] = {7}, OTHER_KEY[32] = {8};
static const char USER[] = "0192f5a0-0000-7000-8000-000000000001";
static const char OTHER[] = "0192f5a0-0000-7000-8000-000000000002";

/* RFC 6238, appendix B: "12345678901234567890", the last six of eight digits. */
static void
test_codes_of_the_rfc(void **state)
{
    static const struct {
        int64_t time_s;
        const char *code;
    } rows[] = {{1111111109, "081804"},
                {1111111111, "050471"},
                {1234567890, "005924"},
                {2000000000, "279037"},
                {INT64_C(20000000000), "353130"}};
    uint8_t secret[FACTOR_SECRET];
    int64_t step;

    (void)state;
    memcpy(secret, "12345678901234567890", sizeof secret);
    for (size_t i = 0; i < VG_ARRAY_LEN(rows); i++) {
        int64_t t = rows[i].time_s;

        for (int64_t off = -1; off <= 1; off++) { /* clocks differ */
            assert_int_equal(factor_check(secret, rows[i].code, t + 30 * off, &step), VG_OK);
            assert_int_equal(step, t / 30);
        }
        assert_int_equal(factor_check(secret, rows[i].code, t + 90, &step), VG_ERR_DENIED);
        assert_int_equal(factor_check(secret, rows[i].code, t - 90, &step), VG_ERR_DENIED);
    }
    assert_int_equal(factor_check(secret, " 081 804 ", 1111111109, &step), VG_OK);
    assert_int_equal(factor_check(secret, "08180", 1111111109, &step), VG_ERR_DENIED);
    assert_int_equal(factor_check(secret, "0818044", 1111111109, &step), VG_ERR_DENIED);
    assert_int_equal(factor_check(secret, "08180x", 1111111109, &step), VG_ERR_DENIED);
    assert_int_equal(factor_check(secret, "", 1111111109, &step), VG_ERR_DENIED);
    assert_int_equal(factor_check(secret, "081804", 0, &step), VG_ERR_DENIED);
}

static void
test_secret_at_rest(void **state)
{
    uint8_t secret[FACTOR_SECRET], back[FACTOR_SECRET], sealed[STORAGE_FACTOR_SIZE];
    char text[FACTOR_TEXT], uri[FACTOR_URI], longest[STORAGE_NAME_MAX + 1], host[254];
    json_t *picture;

    (void)state;
    assert_int_equal(factor_make(KEY, USER, secret, sealed), VG_OK);
    assert_int_equal(factor_open(KEY, USER, sealed, back), VG_OK);
    assert_memory_equal(secret, back, sizeof secret);
    assert_int_equal(factor_open(OTHER_KEY, USER, sealed, back), VG_ERR_DENIED);
    assert_int_equal(factor_open(KEY, OTHER, sealed, back), VG_ERR_DENIED);
    for (size_t i = 0; i < sizeof sealed; i++) {
        sealed[i] ^= 1;
        assert_int_equal(factor_open(KEY, USER, sealed, back), VG_ERR_DENIED);
        sealed[i] ^= 1;
    }
    /* RFC 4648, 10, "foobar" repeated would need padding: 20 known bytes do not. */
    memcpy(secret, "12345678901234567890", sizeof secret);
    factor_text(secret, text);
    assert_string_equal(text, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    assert_int_equal(factor_uri(secret, "Ana & Eva/1", "vigia.example.mx", uri), VG_OK);
    assert_string_equal(uri, "otpauth://totp/Vig%C3%ADa:Ana%20%26%20Eva%2F1%40vigia.example.mx"
                             "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Vig%C3%ADa");
    /* The longest name and host, all of it escaped, still fits its picture. */
    memset(longest, 0xc3, STORAGE_NAME_MAX);
    longest[STORAGE_NAME_MAX] = '\0';
    memset(host, 'h', 253);
    host[253] = '\0';
    assert_int_equal(factor_uri(secret, longest, host, uri), VG_OK);
    picture = factor_picture(uri);
    assert_non_null(picture);
    assert_int_equal(json_array_size(json_object_get(picture, "rows")),
                     json_integer_value(json_object_get(picture, "size")));
    json_decref(picture);
}

static void
test_recovery_codes(void **state)
{
    char codes[RECOVERY_CODES][RECOVERY_TEXT];
    uint8_t a[STORAGE_HASH_SIZE], b[STORAGE_HASH_SIZE];

    (void)state;
    assert_int_equal(recovery_make(codes), VG_OK);
    assert_string_not_equal(codes[0], codes[1]);
    assert_int_equal(strlen(codes[0]), RECOVERY_TEXT - 1);
    assert_int_equal(recovery_hash(KEY, USER, "abcde-fghjk", a), VG_OK);
    assert_int_equal(recovery_hash(KEY, USER, " ABCDE FGHJK", b), VG_OK);
    assert_memory_equal(a, b, sizeof a);
    assert_int_equal(recovery_hash(KEY, OTHER, "abcde-fghjk", b), VG_OK);
    assert_memory_not_equal(a, b, sizeof a);
    assert_int_equal(recovery_hash(OTHER_KEY, USER, "abcde-fghjk", b), VG_OK);
    assert_memory_not_equal(a, b, sizeof a);
    assert_int_equal(recovery_hash(KEY, USER, "abcde-fghj", a), VG_ERR_FORMAT);
    assert_int_equal(recovery_hash(KEY, USER, "abcde-fghjkm", a), VG_ERR_FORMAT);
    assert_int_equal(recovery_hash(KEY, USER, "abcde-fghj1", a), VG_ERR_FORMAT);
}

static void
test_link_text(void **state)
{
    char text[LINK_TEXT], id[UUID_TEXT_SIZE];

    (void)state;
    assert_int_equal(link_text(KEY, USER, text), VG_OK);
    assert_int_equal(link_parse(KEY, text, id), VG_OK);
    assert_string_equal(id, USER);
    assert_int_equal(link_parse(OTHER_KEY, text, id), VG_ERR_DENIED);
    for (size_t i = 0; text[i] != '\0'; i++) {
        text[i] ^= 1;
        assert_int_equal(link_parse(KEY, text, id), VG_ERR_DENIED);
        text[i] ^= 1;
    }
    text[LINK_TEXT - 2] = '\0';
    assert_int_equal(link_parse(KEY, text, id), VG_ERR_DENIED);
    assert_int_equal(link_parse(KEY, "", id), VG_ERR_DENIED);
}

/* ---- in the database ---- */

struct world {
    char dir[64], path[96];
    struct storage *s;
    struct storage_user user;
};

static int
setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct storage_user user = {.name = "ana",
                                .role = STORAGE_ADMIN,
                                .language = "en",
                                .password = "x",
                                .mail = "ana@example.mx"};
    char why[STORAGE_WHY_MAX];

    strcpy(w->dir, "/tmp/vg-sign-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->path, sizeof w->path, "%s/c.sqlite", w->dir);
    assert_int_equal(storage_open(w->path, STORAGE_WRITE, &w->s, why), VG_OK);
    assert_int_equal(w->s->ops->user_add(w->s, &user, NOW), VG_OK);
    assert_int_equal(w->s->ops->user_find(w->s, "ana", &w->user), VG_OK);
    *state = w;
    return 0;
}

static int
teardown(void **state)
{
    struct world *w = *state;
    char command[128];

    storage_close(w->s);
    snprintf(command, sizeof command, "rm -r %s", w->dir);
    assert_int_equal(system(command), 0);
    free(w);
    return 0;
}

static void
test_codes_work_once(void **state)
{
    struct world *w = *state;
    const struct storage_ops *ops = w->s->ops;
    uint8_t secret[FACTOR_SECRET], sealed[STORAGE_FACTOR_SIZE], hashes[2][STORAGE_HASH_SIZE];
    uint8_t before[STORAGE_FACTOR_SIZE];
    struct storage_factor factor;
    struct storage_user user;
    int64_t left;

    assert_int_equal(ops->factor_get(w->s, w->user.id, &factor), VG_ERR_NOENT);
    assert_int_equal(ops->factor_use(w->s, w->user.id, 5), VG_ERR_NOENT);
    assert_int_equal(factor_make(KEY, w->user.id, secret, sealed), VG_OK);
    assert_int_equal(ops->factor_begin(w->s, w->user.id, sealed), VG_OK);
    assert_int_equal(ops->factor_get(w->s, w->user.id, &factor), VG_OK);
    assert_memory_equal(factor.next, sealed, sizeof sealed);
    assert_true(factor.begun && !factor.on);
    assert_int_equal(ops->factor_use(w->s, w->user.id, 100), VG_ERR_NOENT); /* it only waits */
    assert_int_equal(ops->factor_confirm(w->s, w->user.id, sealed, 100), VG_OK);
    assert_int_equal(ops->user_find(w->s, "ana", &user), VG_OK);
    assert_true(user.factor);
    assert_int_equal(ops->factor_use(w->s, w->user.id, 100), VG_ERR_NOENT); /* replayed */
    assert_int_equal(ops->factor_use(w->s, w->user.id, 99), VG_ERR_NOENT);
    assert_int_equal(ops->factor_use(w->s, w->user.id, 101), VG_OK);

    /* Another is begun: what is on stays on, until a code of just the one that waits is right. */
    memcpy(before, sealed, sizeof before);
    assert_int_equal(factor_make(KEY, w->user.id, secret, sealed), VG_OK);
    assert_int_equal(ops->factor_begin(w->s, w->user.id, sealed), VG_OK);
    assert_int_equal(ops->user_find(w->s, "ana", &user), VG_OK);
    assert_true(user.factor);
    assert_int_equal(ops->factor_use(w->s, w->user.id, 102), VG_OK);
    assert_int_equal(ops->factor_confirm(w->s, w->user.id, before, 103), VG_ERR_NOENT);
    assert_int_equal(ops->factor_confirm(w->s, w->user.id, sealed, 103), VG_OK);
    assert_int_equal(ops->factor_get(w->s, w->user.id, &factor), VG_OK);
    assert_memory_equal(factor.sealed, sealed, sizeof sealed);
    assert_true(factor.on && !factor.begun);

    assert_int_equal(recovery_hash(KEY, w->user.id, "aaaaa-aaaaa", hashes[0]), VG_OK);
    assert_int_equal(recovery_hash(KEY, w->user.id, "bbbbb-bbbbb", hashes[1]), VG_OK);
    assert_int_equal(
        ops->recovery_set(w->s, w->user.id, (const uint8_t(*)[STORAGE_HASH_SIZE])hashes, 2), VG_OK);
    assert_int_equal(ops->recovery_use(w->s, w->user.id, hashes[1]), VG_OK);
    assert_int_equal(ops->recovery_use(w->s, w->user.id, hashes[1]), VG_ERR_NOENT);
    assert_int_equal(ops->recovery_left(w->s, w->user.id, &left), VG_OK);
    assert_int_equal(left, 1);
    assert_int_equal(ops->factor_remove(w->s, w->user.id), VG_OK);
    assert_int_equal(ops->recovery_use(w->s, w->user.id, hashes[0]), VG_ERR_NOENT);
}

static void
test_links_work_once(void **state)
{
    struct world *w = *state;
    const struct storage_ops *ops = w->s->ops;
    struct storage_user whose;
    struct mail_text mail = {0};
    char first[UUID_TEXT_SIZE], text[LINK_TEXT];
    json_t *mails, *row;

    for (int i = 0; i < STORAGE_LINKS_AN_HOUR; i++)
        assert_int_equal(ops->link_add(w->s, w->user.id, i == 0, NOW + i, NOW + VG_HOUR_NS), VG_OK);
    assert_int_equal(ops->link_add(w->s, w->user.id, false, NOW + 9, NOW + VG_HOUR_NS),
                     VG_ERR_NOENT); /* no flood of mails */
    assert_int_equal(ops->link_add(w->s, OTHER, false, NOW, NOW + VG_HOUR_NS), VG_ERR_NOENT);
    assert_int_equal(ops->mail_claim(w->s, NOW + 10, VG_MIN_NS, 10, &mails), VG_OK);
    assert_int_equal(json_array_size(mails), STORAGE_LINKS_AN_HOUR);
    row = json_array_get(mails, 0);
    assert_string_equal(vg_json_str(row, "to", ""), "ana@example.mx");
    assert_string_equal(vg_json_str(row, "kind", ""), "invitation");
    strcpy(first, vg_json_str(row, "key", ""));
    assert_int_equal(link_mail(KEY, "https://v.example.mx:8444", row, &mail), VG_OK);
    assert_string_equal(mail.subject, "Your Vigía account");
    assert_int_equal(link_text(KEY, first, text), VG_OK);
    assert_non_null(strstr(mail.text, text));
    assert_non_null(strstr(mail.html, text));
    mail_text_done(&mail);
    json_decref(mails);

    assert_int_equal(ops->link_use(w->s, first, NOW + VG_HOUR_NS, &whose), VG_ERR_NOENT);
    assert_int_equal(ops->link_use(w->s, first, NOW + 20, &whose), VG_OK);
    assert_string_equal(whose.name, "ana");
    assert_int_equal(ops->link_use(w->s, first, NOW + 21, &whose), VG_ERR_NOENT);
}

/* Links to an address that is not the user's any more, and those from before the password, end. */
static void
test_links_end(void **state)
{
    struct world *w = *state;
    const struct storage_ops *ops = w->s->ops;
    struct storage_user user = w->user, whose;
    json_t *mails;

    for (int i = 0; i < 3; i++)
        assert_int_equal(ops->link_add(w->s, user.id, true, NOW + i * VG_HOUR_NS, NOW + VG_WEEK_NS),
                         VG_OK);
    assert_int_equal(ops->mail_claim(w->s, NOW + VG_DAY_NS, VG_MIN_NS, 10, &mails), VG_OK);
    assert_int_equal(ops->user_change(w->s, &user), VG_OK); /* the same address */
    strcpy(user.mail, "otra@example.mx");
    assert_int_equal(ops->user_change(w->s, &user), VG_OK);
    assert_int_equal(ops->link_use(w->s, vg_json_str(json_array_get(mails, 0), "key", ""),
                                   NOW + VG_DAY_NS, &whose),
                     VG_ERR_NOENT);
    json_decref(mails);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            ops->link_add(w->s, user.id, true, NOW + VG_DAY_NS + i * VG_HOUR_NS, NOW + VG_WEEK_NS),
            VG_OK);
        assert_int_equal(ops->mail_claim(w->s, NOW + 2 * VG_DAY_NS, VG_MIN_NS, 10, &mails), VG_OK);
        if (i == 0)
            assert_int_equal(ops->user_set_password(w->s, user.id, "y"), VG_OK);
        assert_int_equal(ops->link_use(w->s, vg_json_str(json_array_get(mails, 0), "key", ""),
                                       NOW + 2 * VG_DAY_NS, &whose),
                         i == 0 ? VG_ERR_NOENT : VG_OK);
        json_decref(mails);
    }
}

/* A clock that was years ahead once and came back: nothing made under it lives for years, and codes of the
 * phone are taken again. */
static void
test_clock_that_came_back(void **state)
{
    struct world *w = *state;
    const struct storage_ops *ops = w->s->ops;
    int64_t ahead = NOW + 2000 * VG_DAY_NS, step = NOW / VG_SEC_NS / 30;
    struct storage_session session = {.user = w->user, .csrf = "c"}, found;
    uint8_t hash[STORAGE_HASH_SIZE] = {1}, secret[FACTOR_SECRET], sealed[STORAGE_FACTOR_SIZE];
    struct storage_user whose;
    json_t *mails;

    session.expires_ns = ahead + VG_HOUR_NS;
    assert_int_equal(ops->session_add(w->s, hash, &session, ahead), VG_OK);
    assert_int_equal(ops->session_find(w->s, hash, ahead, &found), VG_OK);
    assert_int_equal(ops->session_find(w->s, hash, ahead - VG_MIN_NS, &found), VG_OK);
    assert_int_equal(ops->session_find(w->s, hash, NOW, &found), VG_ERR_NOENT);
    assert_int_equal(ops->link_add(w->s, w->user.id, false, ahead, ahead + VG_HOUR_NS), VG_OK);
    assert_int_equal(ops->mail_claim(w->s, ahead, VG_MIN_NS, 10, &mails), VG_OK);
    assert_int_equal(
        ops->link_use(w->s, vg_json_str(json_array_get(mails, 0), "key", ""), NOW, &whose),
        VG_ERR_NOENT);
    json_decref(mails);
    assert_int_equal(factor_make(KEY, w->user.id, secret, sealed), VG_OK);
    assert_int_equal(ops->factor_begin(w->s, w->user.id, sealed), VG_OK);
    assert_int_equal(ops->factor_confirm(w->s, w->user.id, sealed, ahead / VG_SEC_NS / 30), VG_OK);
    assert_int_equal(ops->factor_use(w->s, w->user.id, step), VG_OK);
    assert_int_equal(ops->factor_use(w->s, w->user.id, step), VG_ERR_NOENT);
    assert_int_equal(ops->factor_use(w->s, w->user.id, step - 1), VG_ERR_NOENT);
}

static void
test_names(void **state)
{
    char name[STORAGE_NAME_MAX + 2];

    (void)state;
    assert_true(name_fits("Abarrotes «La Güera» ñandú 2"));
    assert_true(name_fits("小店"));
    assert_false(name_fits(""));
    assert_false(name_fits(" ana") || name_fits("ana "));
    assert_false(name_fits("a\nb") || name_fits("a\x7f") || name_fits("a\xc2\x85"));
    assert_false(name_fits("ana\xe2\x80\xae"
                           "xm")); /* turns what follows round */
    assert_false(name_fits("an\xe2\x80\x8b"
                           "a"));       /* looks like "ana" */
    assert_false(name_fits("ana\xff")); /* no UTF-8 */
    assert_true(name_fits_user("ana"));
    assert_false(name_fits_user("command line") || name_fits_user("?"));
    memset(name, 'n', sizeof name);
    name[STORAGE_NAME_MAX + 1] = '\0';
    assert_false(name_fits(name));
    name[STORAGE_NAME_MAX] = '\0';
    assert_true(name_fits(name));
}

static void
test_tokens_and_sessions(void **state)
{
    struct world *w = *state;
    const struct storage_ops *ops = w->s->ops;
    struct storage_api_token token = {.name = "reporte", .rights = 5, .expires_ns = NOW + 10};
    struct storage_session session = {.user = w->user, .csrf = "c", .expires_ns = NOW + 10}, found;
    uint8_t hash[STORAGE_HASH_SIZE] = {1}, second[STORAGE_HASH_SIZE] = {2};
    char id[UUID_TEXT_SIZE];
    unsigned rights;
    int64_t admins;

    strcpy(token.user, w->user.id);
    assert_int_equal(ops->api_token_add(w->s, &token, hash, NOW, id), VG_OK);
    assert_int_equal(ops->api_token_find(w->s, hash, NOW + 9, &found, &rights), VG_OK);
    assert_int_equal(rights, 5);
    assert_int_equal(found.scope.kind, STORAGE_SEES_ALL);
    assert_int_equal(ops->api_token_find(w->s, hash, NOW + 10, &found, &rights), VG_ERR_NOENT);
    assert_int_equal(ops->api_token_end(w->s, OTHER, id), VG_ERR_NOENT);
    assert_int_equal(ops->api_token_end(w->s, w->user.id, id), VG_OK);
    assert_int_equal(ops->api_token_find(w->s, hash, NOW + 9, &found, &rights), VG_ERR_NOENT);
    for (int i = 0; i < STORAGE_API_TOKENS_MAX; i++) {
        uint8_t one[STORAGE_HASH_SIZE] = {3, (uint8_t)i};

        assert_int_equal(ops->api_token_add(w->s, &token, one, NOW, id), VG_OK);
    }
    assert_int_equal(ops->api_token_add(w->s, &token, hash, NOW, id), VG_ERR_EXISTS);

    assert_int_equal(ops->session_add(w->s, hash, &session, NOW), VG_OK);
    assert_int_equal(ops->session_add(w->s, second, &session, NOW), VG_OK);
    assert_int_equal(ops->session_find(w->s, hash, NOW, &found), VG_OK);
    assert_false(found.whole);
    assert_int_equal(ops->session_whole(w->s, hash), VG_OK);
    assert_int_equal(ops->sessions_end(w->s, w->user.id, hash), VG_OK);
    assert_int_equal(ops->session_find(w->s, hash, NOW, &found), VG_OK);
    assert_true(found.whole);
    assert_int_equal(ops->session_find(w->s, second, NOW, &found), VG_ERR_NOENT);

    assert_int_equal(ops->user_admins(w->s, &admins), VG_OK);
    assert_int_equal(admins, 1);
    assert_int_equal(ops->user_remove(w->s, w->user.id), VG_OK);
    assert_int_equal(ops->user_remove(w->s, w->user.id), VG_ERR_NOENT);
    assert_int_equal(ops->session_find(w->s, hash, NOW, &found), VG_ERR_NOENT);
    assert_int_equal(ops->user_admins(w->s, &admins), VG_OK);
    assert_int_equal(admins, 0);
}

static enum vg_err
count_row(void *ctx, const json_t *row)
{
    (void)row;
    (*(size_t *)ctx)++;
    return VG_OK;
}

static void
test_audit_pages(void **state)
{
    struct world *w = *state;
    const struct storage_ops *ops = w->s->ops;
    struct storage_scope tenant, none = {0};
    char id[UUID_TEXT_SIZE];
    size_t n = 0;
    json_t *page;

    assert_int_equal(ops->tenant_add(w->s, "Uno", NOW, id), VG_OK);
    tenant = storage_scope_tenant(id);
    for (int i = 0; i < 5; i++)
        assert_int_equal(ops->audit(w->s, i % 2 ? id : STORAGE_ALL, "ana", "login", "", NULL, NOW),
                         VG_OK);
    assert_int_equal(ops->audit_page(w->s, &STORAGE_EVERYTHING, INT64_MAX, "", 2, &page), VG_OK);
    assert_int_equal(json_array_size(json_object_get(page, "items")), 2);
    assert_int_equal(vg_json_int(page, "next", 0), 4);
    json_decref(page);
    assert_int_equal(ops->audit_page(w->s, &STORAGE_EVERYTHING, 4, "", 3, &page), VG_OK);
    assert_int_equal(json_array_size(json_object_get(page, "items")), 3);
    assert_true(json_is_null(json_object_get(page, "next")));
    json_decref(page);
    assert_int_equal(ops->audit_page(w->s, &tenant, INT64_MAX, "", 9, &page), VG_OK);
    assert_int_equal(json_array_size(json_object_get(page, "items")), 2);
    assert_string_equal(
        vg_json_str(json_array_get(json_object_get(page, "items"), 0), "tenant", ""), "Uno");
    json_decref(page);
    assert_int_equal(ops->audit_page(w->s, &none, INT64_MAX, "", 9, &page), VG_OK);
    assert_int_equal(json_array_size(json_object_get(page, "items")), 0);
    json_decref(page);
    assert_int_equal(ops->audit_all(w->s, &tenant, count_row, &n), VG_OK);
    assert_int_equal(n, 2);
}

/* A database of schema 3: an administrator of one tenant becomes one of the provider's who sees it. */
static void
test_older_people(void **state)
{
    struct world *w = *state;
    struct storage_user user;
    char path[128], why[STORAGE_WHY_MAX];
    struct storage *s;
    sqlite3 *db;

    snprintf(path, sizeof path, "%s/old.sqlite", w->dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    extern const char SQLITE_SCHEMA_1[], SQLITE_SCHEMA_3[];
    assert_int_equal(sqlite3_exec(db, SQLITE_SCHEMA_1, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, SQLITE_SCHEMA_3, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db,
                     "INSERT INTO tenants VALUES ('t1', 'Uno', x'', 1);"
                     "INSERT INTO users VALUES ('u1', 't1', 'eva', 'admin', 'en', 'x', 1),"
                     "('u2', 't1', 'leo', 'readonly', 'en', 'x', 1), ('u3', '', 'ana', 'admin',"
                     " 'en', 'x', 1); PRAGMA user_version = 3;",
                     NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(storage_open(path, STORAGE_WRITE, &s, why), VG_OK);
    assert_int_equal(s->ops->user_find(s, "eva", &user), VG_OK);
    assert_int_equal(user.role, STORAGE_ADMIN);
    assert_int_equal(storage_scope_of(&user).kind, STORAGE_SEES_GIVEN);
    assert_string_equal(user.tenant, "");
    assert_int_equal(s->ops->user_find(s, "leo", &user), VG_OK);
    assert_int_equal(storage_scope_of(&user).kind, STORAGE_SEES_TENANT);
    assert_int_equal(s->ops->user_find(s, "ana", &user), VG_OK);
    assert_int_equal(storage_scope_of(&user).kind, STORAGE_SEES_ALL);
    storage_close(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes_of_the_rfc),
        cmocka_unit_test(test_secret_at_rest),
        cmocka_unit_test(test_recovery_codes),
        cmocka_unit_test(test_link_text),
        cmocka_unit_test_setup_teardown(test_codes_work_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_links_work_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_links_end, setup, teardown),
        cmocka_unit_test_setup_teardown(test_clock_that_came_back, setup, teardown),
        cmocka_unit_test(test_names),
        cmocka_unit_test_setup_teardown(test_tokens_and_sessions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_audit_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(test_older_people, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
