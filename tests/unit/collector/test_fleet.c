/* SPDX-License-Identifier: Apache-2.0 */
/* The fleet on SQLite: tenants and sites changed, tokens open and withdrawn, agents listed, revoked and
 * removed; and that nobody else's are there. */
#include "tests/unit/collector/fleet_world.h"

#include "collector/site_check.h"

static const struct storage_scope NOBODY = {.kind = STORAGE_SEES_TENANT, .id = "nobody"};
static const struct storage_agent_query ALL = {.site = "", .text = "", .state = ""};

/* The state of the only agent that `query` finds; "" for none. */
static const char *
state_of(struct world *w, const struct storage_scope *scope, struct storage_agent_query query,
         int64_t now_ns, char out[32])
{
    json_t *page = NULL, *items;

    assert_int_equal(w->s->ops->agents(w->s, scope, &query, now_ns, &page), VG_OK);
    items = json_object_get(page, "items");
    assert_true(json_array_size(items) <= 1);
    (void)vg_strcpy(out, 32, vg_json_str(json_array_get(items, 0), "state", ""));
    json_decref(page);
    return out;
}

static void
test_tenant_and_site_change(void **state)
{
    struct world *w = *state;
    const struct storage_ops *ops = w->s->ops;
    struct storage_site site = w->site, got;
    char name[STORAGE_NAME_MAX + 1], id[UUID_TEXT_SIZE];

    assert_int_equal(ops->tenant_get(w->s, &NOBODY, site.tenant, name), VG_ERR_NOENT);
    assert_int_equal(ops->tenant_rename(w->s, &NOBODY, site.tenant, "X"), VG_ERR_NOENT);
    assert_int_equal(ops->tenant_add(w->s, "Otros", NOW, id), VG_OK);
    assert_int_equal(ops->tenant_rename(w->s, &w->own, site.tenant, "Otros"), VG_ERR_EXISTS);
    assert_int_equal(ops->tenant_rename(w->s, &w->own, site.tenant, "Nuevos"), VG_OK);
    assert_int_equal(ops->tenant_get(w->s, &w->own, site.tenant, name), VG_OK);
    assert_string_equal(name, "Nuevos");
    strcpy(site.name, "Norte");
    strcpy(site.hours, "{\"sat\":\"10:00-14:00\"}");
    assert_int_equal(ops->site_set(w->s, &NOBODY, &site), VG_ERR_NOENT);
    assert_int_equal(ops->site_set(w->s, &w->own, &site), VG_OK);
    assert_int_equal(ops->site_find(w->s, &w->own, "Norte", &got), VG_OK);
    assert_string_equal(got.hours, site.hours);
    assert_string_equal(got.tenant_name, "Nuevos");
}

static void
test_site_fields(void **state)
{
    struct storage_site site = ((struct world *)*state)->site;
    char why[SITE_WHY_MAX];

    assert_null(site_wrong_field(&site, why));
    strcpy(site.hours, "{\"mon-fri\":\"09:00-20:00\",\"sat\":\"closed\"}");
    assert_null(site_wrong_field(&site, why));
    strcpy(site.hours, "{\"mon\":\"9-20\"}");
    assert_string_equal(site_wrong_field(&site, why), "hours");
    assert_non_null(strstr(why, "mon"));
    strcpy(site.hours, "[]");
    assert_string_equal(site_wrong_field(&site, why), "hours");
    strcpy(site.mail, "nobody");
    assert_string_equal(site_wrong_field(&site, why), "mail");
    strcpy(site.zone, "../../etc/passwd");
    assert_string_equal(site_wrong_field(&site, why), "zone");
    strcpy(site.name, "a\nb");
    assert_string_equal(site_wrong_field(&site, why), "name");
}

static void
test_tokens(void **state)
{
    struct world *w = *state;
    const struct storage_ops *ops = w->s->ops;
    uint8_t hash[STORAGE_HASH_SIZE] = {7}, used[STORAGE_HASH_SIZE] = {8};
    char id[UUID_TEXT_SIZE], other[UUID_TEXT_SIZE];
    struct storage_site site;
    json_t *list = NULL;

    assert_int_equal(ops->token_add(w->s, hash, &w->site, "ana", NOW, NOW + 100, id), VG_OK);
    assert_int_equal(ops->token_add(w->s, used, &w->site, "ana", NOW, NOW + 100, other), VG_OK);
    assert_int_equal(ops->token_use(w->s, used, AGENT, NOW + 1, &site), VG_OK);
    assert_int_equal(ops->tokens(w->s, &w->own, w->site.id, NOW + 1, &list), VG_OK);
    assert_int_equal(json_array_size(list), 1);
    assert_string_equal(vg_json_str(json_array_get(list, 0), "id", ""), id);
    assert_string_equal(vg_json_str(json_array_get(list, 0), "who", ""), "ana");
    json_decref(list);
    assert_int_equal(ops->tokens(w->s, &NOBODY, "", NOW + 1, &list), VG_OK);
    assert_int_equal(json_array_size(list), 0);
    json_decref(list);
    assert_int_equal(ops->token_withdraw(w->s, &NOBODY, id, NOW + 1, &site), VG_ERR_NOENT);
    assert_int_equal(ops->token_withdraw(w->s, &w->own, other, NOW + 1, &site), VG_ERR_NOENT);
    assert_int_equal(ops->token_withdraw(w->s, &w->own, id, NOW + 1, &site), VG_OK);
    assert_string_equal(site.id, w->site.id);
    assert_int_equal(ops->token_use(w->s, hash, AGENT, NOW + 2, &site), VG_ERR_NOENT);
}

static void
test_agents(void **state)
{
    struct world *w = *state;
    const struct storage_ops *ops = w->s->ops;
    const struct storage_hello hello = {
        .last_seq = 4,
        .status = "{\"workers\":[{\"name\":\"net\",\"state\":\"live\",\"restarts\":2,\"health\":"
                  "{\"kernel_drops\":7,\"flows_evicted\":0}}],\"bundle\":{\"version\":3}}"};
    struct storage_agent agent;
    json_t *row = NULL, *sensor;
    uint8_t fp[STORAGE_HASH_SIZE] = {5};
    char word[32];

    (void)world_agent(w, 0);
    assert_int_equal(ops->cert_add(w->s, fp, AGENT, NOW, NOW + VG_DAY_NS), VG_OK);
    assert_string_equal(state_of(w, &w->own, ALL, NOW, word), "never");
    assert_int_equal(ops->agent_hello(w->s, AGENT, &hello, NOW), VG_OK);
    assert_string_equal(state_of(w, &w->own, ALL, NOW + 1, word), "online");
    assert_string_equal(state_of(w, &NOBODY, ALL, NOW + 1, word), "");
    assert_string_equal(
        state_of(w, &w->own, (struct storage_agent_query){"", "aja", ""}, NOW + 1, word), "online");
    assert_string_equal(
        state_of(w, &w->own, (struct storage_agent_query){"", "%", ""}, NOW + 1, word), "");
    assert_string_equal(
        state_of(w, &w->own, (struct storage_agent_query){"", "", "silent"}, NOW + 1, word), "");
    assert_string_equal(state_of(w, &w->own, (struct storage_agent_query){w->site.id, "", "silent"},
                                 NOW + STORAGE_SILENT_NS, word),
                        "silent");
    assert_int_equal(ops->agent_get(w->s, &NOBODY, AGENT, NOW, &row), VG_ERR_NOENT);
    assert_int_equal(ops->agent_get(w->s, &w->own, AGENT, NOW, &row), VG_OK);
    sensor = json_array_get(json_object_get(row, "sensors"), 0);
    assert_int_equal(vg_json_int(json_object_get(sensor, "drops"), "kernel_drops", 0), 7);
    assert_int_equal(json_object_size(json_object_get(sensor, "drops")), 1);
    assert_int_equal(vg_json_int(sensor, "restarts", 0), 2);
    assert_int_equal(vg_json_int(row, "bundle", 0), 3);
    assert_int_equal(json_array_size(json_object_get(row, "certs")), 1);
    assert_true(json_is_object(json_object_get(row, "status")));
    json_decref(row);

    assert_int_equal(ops->agent_remove(w->s, &w->own, AGENT, NOW), VG_ERR_NOENT); /* not revoked */
    assert_int_equal(ops->agent_revoke(w->s, &NOBODY, AGENT, NOW), VG_ERR_NOENT);
    assert_int_equal(ops->agent_revoke(w->s, &w->own, AGENT, NOW), VG_OK);
    assert_string_equal(state_of(w, &w->own, ALL, NOW, word), "revoked");
    assert_int_equal(ops->agent_remove(w->s, &NOBODY, AGENT, NOW), VG_ERR_NOENT);
    assert_int_equal(ops->agent_remove(w->s, &w->own, AGENT, NOW), VG_OK);
    assert_string_equal(state_of(w, &w->own, ALL, NOW, word), "");
    assert_int_equal(ops->agent_find(w->s, &w->own, AGENT, &agent), VG_ERR_NOENT);
    assert_int_equal(ops->cert_find(w->s, fp, &agent), VG_OK); /* still shut out, not unknown */
    assert_true(agent.revoked);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_tenant_and_site_change, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_site_fields, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_tokens, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_agents, world_open, world_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
