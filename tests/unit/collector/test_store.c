/* SPDX-License-Identifier: Apache-2.0 */
/* The storage interface on SQLite: uniqueness, tenants, tokens, the outbox, cursors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "collector/search.h"
#include "collector/store/store.h"
#include "common/vtime.h"

static const struct storage_scope NOBODY = {.kind = STORAGE_SEES_TENANT, .id = "nobody"};
#define NOW INT64_C(1790000000000000000)

struct world {
    char dir[64], path[96];
    struct storage *s;
    struct storage_site site;
    struct storage_scope own; /* who sees the tenant of `site` */
};

static int
setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    char why[STORAGE_WHY_MAX];
    struct storage_site site = {.name = "Centro",
                                .zone = "America/Mexico_City",
                                .language = "es-MX",
                                .mail = "dueno@example.mx"};

    strcpy(w->dir, "/tmp/vg-store-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->path, sizeof w->path, "%s/c.sqlite", w->dir);
    assert_int_equal(storage_open(w->path, STORAGE_WRITE, &w->s, why), VG_OK);
    assert_int_equal(w->s->ops->tenant_add(w->s, "Proveedor", NOW, site.tenant), VG_OK);
    assert_int_equal(w->s->ops->site_add(w->s, &site, NOW, site.id), VG_OK);
    assert_int_equal(w->s->ops->site_find(w->s, &STORAGE_EVERYTHING, "Centro", &w->site), VG_OK);
    w->own = storage_scope_tenant(w->site.tenant);
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
add_agent(struct world *w, const char *id, uint8_t mark)
{
    struct storage_agent agent = {.host = "caja-1", .machine = "m", .version = "0.1.0"};
    uint8_t fp[STORAGE_HASH_SIZE] = {mark};

    strcpy(agent.id, id);
    strcpy(agent.tenant, w->site.tenant);
    strcpy(agent.site, w->site.id);
    assert_int_equal(w->s->ops->agent_add(w->s, &agent, NOW), VG_OK);
    assert_int_equal(w->s->ops->cert_add(w->s, fp, id, NOW, NOW + VG_DAY_NS), VG_OK);
}

#define AGENT "018f0000-0000-7000-8000-0000000000a1"
#define STORE "018f0000-0000-4000-8000-0000000000b1"

/* An incident with one event under (stream, seq). */
static void
add_incident(struct world *w, int64_t stream, int64_t seq, int64_t time_ns, const char *subject,
             struct storage_incident *out)
{
    struct storage_incident i = {.family = "net.scan",
                                 .detector = "net.scan",
                                 .subject_kind = "host",
                                 .severity = SEVERITY_HIGH,
                                 .first_ns = time_ns,
                                 .last_ns = time_ns,
                                 .count = 1,
                                 .stream = stream,
                                 .seq = seq};
    struct storage_event e = {.stream = stream,
                              .seq = seq,
                              .class = "alert",
                              .detector = "net.scan",
                              .severity = SEVERITY_HIGH,
                              .time_ns = time_ns,
                              .recorded_ns = time_ns,
                              .received_ns = NOW};
    char id[UUID_TEXT_SIZE];
    static const char body[] = "{\"subject\":{\"kind\":\"host\",\"id\":\"x\",\"label\":\"x\"}}";

    strcpy(i.tenant, w->site.tenant);
    strcpy(i.site, w->site.id);
    strcpy(i.subject_id, subject);
    strcpy(i.subject_label, subject);
    assert_int_equal(uuid_v7(NOW, i.id), VG_OK);
    assert_int_equal(uuid_v7(NOW, id), VG_OK);
    e.id = id;
    e.tenant = i.tenant;
    e.site = i.site;
    e.incident = i.id;
    e.body = slice_of(body, sizeof body - 1);
    assert_int_equal(w->s->ops->event_put(w->s, &e), VG_OK);
    assert_int_equal(w->s->ops->incident_add(w->s, &i, NOW), VG_OK);
    if (out != NULL)
        *out = i;
}

static void
test_people(void **state)
{
    struct world *w = *state;
    const struct storage_ops *ops = w->s->ops;
    struct storage_user user = {.name = "ana",
                                .role = STORAGE_TECHNICIAN,
                                .language = "es-MX",
                                .password = "x"},
                        found;
    struct storage_session session;
    struct storage_site other = w->site, got;
    struct storage_scope elsewhere;
    json_t *list;
    char id[UUID_TEXT_SIZE];
    uint8_t hash[STORAGE_HASH_SIZE] = {1};

    assert_int_equal(ops->tenant_add(w->s, "Proveedor", NOW, id), VG_ERR_EXISTS);
    assert_int_equal(ops->site_add(w->s, &w->site, NOW, id), VG_ERR_EXISTS);
    assert_int_equal(ops->user_add(w->s, &user, NOW), VG_OK);
    assert_int_equal(ops->user_add(w->s, &user, NOW), VG_ERR_EXISTS);
    assert_int_equal(ops->user_find(w->s, "ana", &found), VG_OK);
    assert_int_equal(found.role, STORAGE_TECHNICIAN);
    assert_int_equal(ops->user_find(w->s, "eva", &found), VG_ERR_NOENT);
    session = (struct storage_session){.user = found, .csrf = "c", .expires_ns = NOW + 10};
    assert_int_equal(ops->session_add(w->s, hash, &session, NOW), VG_OK);
    assert_int_equal(ops->session_find(w->s, hash, NOW + 9, &session), VG_OK);
    assert_string_equal(session.user.name, "ana");
    assert_int_equal(ops->session_find(w->s, hash, NOW + 10, &session), VG_ERR_NOENT);
    assert_int_equal(ops->user_set_password(w->s, found.id, "y"), VG_OK);
    assert_int_equal(ops->session_find(w->s, hash, NOW + 9, &session), VG_ERR_NOENT);

    /* The same name at two tenants is told, not guessed. */
    assert_int_equal(ops->tenant_add(w->s, "Otro", NOW, other.tenant), VG_OK);
    elsewhere = storage_scope_tenant(other.tenant);
    assert_int_equal(ops->site_add(w->s, &other, NOW, id), VG_OK);
    assert_int_equal(ops->site_find(w->s, &STORAGE_EVERYTHING, "Centro", &got), VG_ERR_EXISTS);
    assert_int_equal(ops->site_find(w->s, &elsewhere, "Centro", &got), VG_OK);
    assert_string_equal(got.id, id);
    assert_int_equal(ops->site_find(w->s, &elsewhere, w->site.id, &got), VG_ERR_NOENT);

    /* A user of the provider sees all tenants, those given, or (given none yet) nobody. */
    assert_int_equal(storage_scope_of(&found).kind, STORAGE_SEES_ALL);
    assert_int_equal(ops->user_given(w->s, found.id, true), VG_OK);
    assert_int_equal(ops->user_find(w->s, "ana", &found), VG_OK);
    session.scope = storage_scope_of(&found);
    assert_int_equal(session.scope.kind, STORAGE_SEES_GIVEN);
    assert_int_equal(ops->site_find(w->s, &session.scope, "Centro", &got), VG_ERR_NOENT);
    assert_int_equal(ops->user_give(w->s, found.id, other.tenant), VG_OK);
    assert_int_equal(ops->site_find(w->s, &session.scope, "Centro", &got), VG_OK);
    assert_string_equal(got.id, id);
    assert_int_equal(ops->tenants(w->s, &session.scope, &list), VG_OK);
    assert_int_equal(json_array_size(list), 1);
    json_decref(list);
    assert_int_equal(ops->users(w->s, &STORAGE_EVERYTHING, &list), VG_OK);
    assert_string_equal(
        json_string_value(json_array_get(json_object_get(json_array_get(list, 0), "tenants"), 0)),
        "Otro");
    json_decref(list);
    assert_int_equal(ops->user_given(w->s, found.id, false), VG_OK);
    assert_int_equal(ops->site_find(w->s, &STORAGE_EVERYTHING, id, &got), VG_OK);
    /* A zeroed scope sees nothing at all. */
    session.scope = (struct storage_scope){0};
    assert_int_equal(ops->site_find(w->s, &session.scope, id, &got), VG_ERR_NOENT);
    assert_int_equal(ops->sites(w->s, &session.scope, &list), VG_OK);
    assert_int_equal(json_array_size(list), 0);
    json_decref(list);
}

static void
test_token_works_once(void **state)
{
    struct world *w = *state;
    const struct storage_ops *ops = w->s->ops;
    uint8_t hash[STORAGE_HASH_SIZE] = {7}, late[STORAGE_HASH_SIZE] = {8};
    struct storage_site site;
    char token[UUID_TEXT_SIZE];

    assert_int_equal(ops->token_add(w->s, hash, &w->site, "ana", NOW, NOW + 100, token), VG_OK);
    assert_int_equal(ops->token_add(w->s, late, &w->site, "ana", NOW, NOW + 100, token), VG_OK);
    assert_int_equal(ops->token_use(w->s, hash, AGENT, NOW + 99, &site), VG_OK);
    assert_string_equal(site.id, w->site.id);
    assert_int_equal(ops->token_use(w->s, hash, AGENT, NOW + 99, &site), VG_ERR_NOENT);
    assert_int_equal(ops->token_use(w->s, late, AGENT, NOW + 100, &site), VG_ERR_NOENT);
}

static void
test_agents(void **state)
{
    struct world *w = *state;
    const struct storage_ops *ops = w->s->ops;
    struct storage_hello hello = {.version = "9",
                                  .last_seq = 4,
                                  .status =
                                      "{\"workers\":[{\"name\":\"net\",\"state\":\"live\"}]}"};
    struct storage_agent agent;
    uint8_t fp[STORAGE_HASH_SIZE] = {5}, key[32] = {1}, second[32] = {2}, got[32];

    add_agent(w, AGENT, 5);
    assert_int_equal(ops->cert_find(w->s, fp, &agent), VG_OK);
    assert_false(agent.revoked);
    assert_int_equal(ops->agent_hello(w->s, AGENT, &hello, NOW), VG_OK);
    assert_int_equal(ops->agent_revoke(w->s, &NOBODY, AGENT, NOW), VG_ERR_NOENT);
    assert_int_equal(ops->agent_revoke(w->s, &w->own, AGENT, NOW), VG_OK);
    assert_int_equal(ops->cert_find(w->s, fp, &agent), VG_OK);
    assert_true(agent.revoked);
    assert_int_equal(ops->seal_key_add(w->s, AGENT, STORE, key), VG_OK);
    assert_int_equal(ops->seal_key_add(w->s, AGENT, STORE, second), VG_OK);
    assert_int_equal(ops->seal_key(w->s, AGENT, STORE, got), VG_OK);
    assert_memory_equal(got, key, 32); /* the first one stays */
}

static void
test_incidents_page_by_page(void **state)
{
    struct world *w = *state;
    const struct storage_ops *ops = w->s->ops;
    struct storage_incident_query q = {
        .state = "all", .severity = "", .site = "", .detector = "", .cursor = "", .limit = 3};
    struct search search;
    struct zone *utc = zone_utc();
    int64_t stream, durable;
    size_t seen = 0, pages = 0;
    char cursor[64] = "", last[64] = "9";
    json_t *page;

    add_agent(w, AGENT, 5);
    assert_int_equal(ops->stream_open(w->s, AGENT, STORE, NOW, &stream, &durable), VG_OK);
    for (int64_t n = 1; n <= 8; n++) /* pairs at the same instant: the id decides */
        add_incident(w, stream, n, NOW + n / 2 * VG_SEC_NS, n == 5 ? "a%b_c" : "x", NULL);
    for (; pages < 9; pages++) {
        json_t *row;
        size_t i;

        q.cursor = cursor;
        assert_int_equal(ops->incidents(w->s, &w->own, &q, &page), VG_OK);
        json_array_foreach(json_object_get(page, "items"), i, row)
        {
            const char *time = vg_json_str(row, "last", "");

            assert_true(strcmp(time, last) <= 0);
            strcpy(last, time);
            seen++;
        }
        if (vg_json_str(page, "next", NULL) == NULL)
            break;
        strcpy(cursor, vg_json_str(page, "next", ""));
        json_decref(page);
    }
    json_decref(page);
    assert_int_equal(seen, 8);
    assert_int_equal(pages, 2);
    q.cursor = "";
    search_parse("%b_", utc, &search);
    q.search = &search;
    assert_int_equal(ops->incidents(w->s, &STORAGE_EVERYTHING, &q, &page), VG_OK);
    assert_int_equal(json_array_size(json_object_get(page, "items")), 1);
    json_decref(page);
    q.search = NULL;
    q.state = "resolved";
    assert_int_equal(ops->incidents(w->s, &STORAGE_EVERYTHING, &q, &page), VG_OK);
    assert_int_equal(json_array_size(json_object_get(page, "items")), 0);
    json_decref(page);
    q.state = "all";
    q.severity = "critical";
    assert_int_equal(ops->incidents(w->s, &STORAGE_EVERYTHING, &q, &page), VG_OK);
    assert_int_equal(json_array_size(json_object_get(page, "items")), 0);
    json_decref(page);
    q.severity = "";
    assert_int_equal(ops->incidents(w->s, &NOBODY, &q, &page), VG_OK);
    assert_int_equal(json_array_size(json_object_get(page, "items")), 0);
    json_decref(page);
    q.cursor = "12:zz";
    assert_int_equal(ops->incidents(w->s, &STORAGE_EVERYTHING, &q, &page), VG_ERR_FORMAT);
    zone_free(utc);
}

static void
test_incident_states(void **state)
{
    struct world *w = *state;
    const struct storage_ops *ops = w->s->ops;
    struct storage_incident i;
    int64_t stream, durable;
    json_t *row;

    add_agent(w, AGENT, 5);
    assert_int_equal(ops->stream_open(w->s, AGENT, STORE, NOW, &stream, &durable), VG_OK);
    add_incident(w, stream, 1, NOW, "x", &i);
    assert_int_equal(ops->incident_set(w->s, &NOBODY, i.id, "acknowledged", "ana", "", NOW),
                     VG_ERR_NOENT);
    assert_int_equal(ops->incident_set(w->s, &w->own, i.id, "resolved_false", "ana", "ruido", NOW),
                     VG_OK);
    assert_int_equal(ops->incident_get(w->s, &NOBODY, i.id, &row), VG_ERR_NOENT);
    assert_int_equal(ops->incident_get(w->s, &w->own, i.id, &row), VG_OK);
    assert_string_equal(vg_json_str(row, "state", ""), "resolved_false");
    assert_int_equal(json_array_size(json_object_get(row, "history")), 1);
    assert_int_equal(json_array_size(json_object_get(row, "events")), 1);
    json_decref(row);
    assert_int_equal(ops->overview(w->s, &STORAGE_EVERYTHING, NOW, &row), VG_OK);
    assert_int_equal(vg_json_int(json_object_get(row, "open"), "high", -1), 0);
    assert_int_equal(json_array_size(json_object_get(row, "days")), 30);
    json_decref(row);
}

static json_t *
claim(struct world *w, int64_t now_ns)
{
    json_t *mails;

    assert_int_equal(w->s->ops->mail_claim(w->s, now_ns, VG_MIN_NS, 10, &mails), VG_OK);
    return mails;
}

static void
test_outbox(void **state)
{
    struct world *w = *state;
    const struct storage_ops *ops = w->s->ops;
    struct storage_incident a, b, c;
    int64_t stream, durable, id, due;
    char key[64];
    json_t *mails, *row;

    add_agent(w, AGENT, 5);
    assert_int_equal(ops->stream_open(w->s, AGENT, STORE, NOW, &stream, &durable), VG_OK);
    add_incident(w, stream, 1, NOW, "x", &a);
    add_incident(w, stream, 2, NOW, "y", &b);
    add_incident(w, stream, 3, NOW, "z", &c);
    assert_int_equal(ops->mail_next(w->s, &due), VG_OK);
    assert_true(due == INT64_MAX);
    assert_int_equal(ops->mail_queue(w->s, &a, false, NOW), VG_OK);
    mails = claim(w, NOW);
    assert_int_equal(json_array_size(mails), 1);
    row = json_array_get(mails, 0);
    id = vg_json_int(row, "id", 0);
    strcpy(key, vg_json_str(row, "key", ""));
    assert_string_equal(vg_json_str(row, "to", ""), "dueno@example.mx");
    assert_int_equal(json_array_size(json_object_get(row, "incidents")), 1);
    json_decref(mails);

    /* Leased: nobody else gets it; the mailer dies: due again, under the same key. */
    mails = claim(w, NOW + VG_SEC_NS);
    assert_int_equal(json_array_size(mails), 0);
    json_decref(mails);
    mails = claim(w, NOW + VG_MIN_NS);
    assert_int_equal(json_array_size(mails), 1);
    assert_string_equal(vg_json_str(json_array_get(mails, 0), "key", ""), key);
    assert_int_equal(vg_json_int(json_array_get(mails, 0), "attempts", 0), 2);
    json_decref(mails);
    assert_int_equal(ops->mail_done(w->s, id, STORAGE_MAIL_LATER, "busy", NOW + VG_HOUR_NS, NOW),
                     VG_OK);
    assert_int_equal(ops->mail_next(w->s, &due), VG_OK);
    assert_true(due == NOW + VG_HOUR_NS);
    mails = claim(w, NOW + VG_HOUR_NS);
    assert_int_equal(json_array_size(mails), 1);
    json_decref(mails);
    assert_int_equal(ops->mail_done(w->s, id, STORAGE_MAIL_SENT, NULL, 0, NOW), VG_OK);
    assert_int_equal(ops->mail_done(w->s, id, STORAGE_MAIL_SENT, NULL, 0, NOW), VG_ERR_NOENT);
    mails = claim(w, NOW + VG_DAY_NS);
    assert_int_equal(json_array_size(mails), 0);
    json_decref(mails);

    /* Old alerts gather in one summary. */
    assert_int_equal(ops->mail_queue(w->s, &b, true, NOW), VG_OK);
    assert_int_equal(ops->mail_queue(w->s, &c, true, NOW + 1), VG_OK);
    mails = claim(w, NOW + 1);
    assert_int_equal(json_array_size(mails), 0);
    json_decref(mails);
    mails = claim(w, NOW + STORAGE_SUMMARY_WAIT_NS);
    assert_int_equal(json_array_size(mails), 1);
    assert_string_equal(vg_json_str(json_array_get(mails, 0), "kind", ""), "summary");
    assert_int_equal(json_array_size(json_object_get(json_array_get(mails, 0), "incidents")), 2);
    json_decref(mails);
}

static void
test_backup_and_check(void **state)
{
    struct world *w = *state;
    char copy[128], why[STORAGE_WHY_MAX];
    struct storage *second;

    assert_int_equal(w->s->ops->check(w->s, why), VG_OK);
    snprintf(copy, sizeof copy, "%s/copy.sqlite", w->dir);
    assert_int_equal(w->s->ops->backup(w->s, copy), VG_OK);
    assert_int_equal(w->s->ops->backup(w->s, copy), VG_ERR_EXISTS);
    assert_int_equal(storage_open(copy, STORAGE_READ, &second, why), VG_OK);
    assert_int_equal(second->ops->check(second, why), VG_OK);
    storage_close(second);
    snprintf(copy, sizeof copy, "%s/none.sqlite", w->dir);
    assert_int_not_equal(storage_open(copy, STORAGE_READ, &second, why), VG_OK);
    assert_true(strlen(why) > 0);
}

/* What was real and dealt with, and happens again, begins a new incident; what was harmless does not. */
static void
test_again_after_it_was_resolved(void **state)
{
    static const struct {
        const char *state;
        int64_t after_s;
        bool joins;
    } rows[] = {{"new", 60, true},
                {"in_progress", 60, true},
                {"resolved_true", -1, true},
                {"resolved_true", 60, false},
                {"resolved_false", 60, true},
                {"resolved_expected", 60, true}};
    struct world *w = *state;
    const struct storage_ops *ops = w->s->ops;
    struct storage_incident i, found;
    int64_t stream, durable;

    add_agent(w, AGENT, 5);
    assert_int_equal(ops->stream_open(w->s, AGENT, STORE, NOW, &stream, &durable), VG_OK);
    add_incident(w, stream, 1, NOW - VG_MIN_NS, "x", &i);
    for (size_t k = 0; k < VG_ARRAY_LEN(rows); k++) {
        struct storage_incident like = i;

        assert_int_equal(ops->incident_set(w->s, &w->own, i.id, rows[k].state, "ana", NULL, NOW),
                         VG_OK);
        like.first_ns = like.last_ns = NOW + rows[k].after_s * VG_SEC_NS;
        if ((ops->incident_match(w->s, &like, 6 * VG_HOUR_NS, &found) == VG_OK) != rows[k].joins)
            fail_msg("%s, %d s after", rows[k].state, (int)rows[k].after_s);
    }
}

/* What is done to a resolved incident later (an assignee, an alert that comes late) is no new resolution: what
 * happened since the resolution is news all the same. */
static void
test_resolved_is_resolved_then(void **state)
{
    struct world *w = *state;
    const struct storage_ops *ops = w->s->ops;
    struct storage_incident i, found, like;
    int64_t stream, durable;

    add_agent(w, AGENT, 5);
    assert_int_equal(ops->stream_open(w->s, AGENT, STORE, NOW, &stream, &durable), VG_OK);
    add_incident(w, stream, 1, NOW - VG_MIN_NS, "x", &i);
    assert_int_equal(ops->incident_set(w->s, &w->own, i.id, "resolved_true", "ana", NULL, NOW),
                     VG_OK);
    assert_int_equal(ops->incident_grow(w->s, &i, NOW + 30 * VG_MIN_NS), VG_OK);
    like = i;
    like.first_ns = like.last_ns = NOW + 20 * VG_MIN_NS;
    assert_int_equal(ops->incident_match(w->s, &like, 6 * VG_HOUR_NS, &found), VG_ERR_NOENT);
    assert_int_equal(
        ops->incident_set(w->s, &w->own, i.id, "in_progress", "ana", NULL, NOW + VG_HOUR_NS),
        VG_OK);
    assert_int_equal(ops->incident_match(w->s, &like, 6 * VG_HOUR_NS, &found), VG_OK);
}

/* One agent cannot use up what all share. */
static void
test_stores_and_certificates_have_caps(void **state)
{
    struct world *w = *state;
    const struct storage_ops *ops = w->s->ops;
    uint8_t print[STORAGE_HASH_SIZE] = {0};
    char store[UUID_TEXT_SIZE];
    int64_t stream, durable, last = 0;

    add_agent(w, AGENT, 5);
    for (unsigned n = 0; n < STORAGE_STREAMS_MAX + 5; n++) {
        enum vg_err wanted = n < STORAGE_STREAMS_MAX ? VG_OK : VG_ERR_DENIED;

        snprintf(store, sizeof store, "018f0000-0000-4000-8000-%012x", n);
        assert_int_equal(ops->stream_open(w->s, AGENT, store, NOW, &stream, &durable), wanted);
        last = stream > last ? stream : last;
    }
    assert_in_range(last, 1, STORAGE_STREAMS_MAX);
    snprintf(store, sizeof store, "018f0000-0000-4000-8000-%012x", 7);
    assert_int_equal(ops->stream_open(w->s, AGENT, store, NOW, &stream, &durable), VG_OK);
    /* What the collector says of it goes where the collector writes. */
    assert_int_equal(ops->stream_open(w->s, AGENT, AGENT, NOW, &stream, &durable), VG_OK);
    for (uint8_t n = 0; n < 40; n++) {
        print[1] = n;
        assert_int_equal(ops->cert_add(w->s, print, AGENT, NOW + n, NOW * 2),
                         n < STORAGE_CERTS_A_DAY - 1 ? VG_OK : VG_ERR_DENIED);
    }
    assert_int_equal(ops->cert_add(w->s, print, AGENT, NOW + 2 * VG_DAY_NS, NOW * 2), VG_OK);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_people, setup, teardown),
        cmocka_unit_test_setup_teardown(test_token_works_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_agents, setup, teardown),
        cmocka_unit_test_setup_teardown(test_incidents_page_by_page, setup, teardown),
        cmocka_unit_test_setup_teardown(test_incident_states, setup, teardown),
        cmocka_unit_test_setup_teardown(test_again_after_it_was_resolved, setup, teardown),
        cmocka_unit_test_setup_teardown(test_resolved_is_resolved_then, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stores_and_certificates_have_caps, setup, teardown),
        cmocka_unit_test_setup_teardown(test_outbox, setup, teardown),
        cmocka_unit_test_setup_teardown(test_backup_and_check, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
