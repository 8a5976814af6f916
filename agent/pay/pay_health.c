/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/pay_health.h"

#include "agent/platform/platform.h"

enum { FILES_A_MINUTE = 20 };

enum vg_err
pay_health_init(struct pay_health *h)
{
    h->recognised = json_array();
    h->told.burst = FILES_A_MINUTE;
    return h->recognised != NULL ? VG_OK : VG_ERR_NOMEM;
}

void
pay_health_done(struct pay_health *h)
{
    json_decref(h->recognised);
    h->recognised = NULL;
}

void
pay_health_file(struct pay_health *h, const char *name, const char *format,
                const struct logfile_counts *c)
{
    bool known = format[0] != '\0';
    json_t *row;

    if (log_allowed(&h->told, platform_clock_monotonic()))
        log_event(known ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "pay.file",
                  "name=%s format=%s records=%llu transactions=%llu skipped=%llu bad=%llu",
                  log_quote(name), known ? format : "unknown", (unsigned long long)c->records,
                  (unsigned long long)c->transactions, (unsigned long long)c->skipped,
                  (unsigned long long)(c->bad + c->too_long));
    row = json_pack("{s:s,s:s,s:I,s:I,s:I,s:I}", "file", name, "format", known ? format : "unknown",
                    "records", (json_int_t)c->records, "transactions", (json_int_t)c->transactions,
                    "skipped", (json_int_t)c->skipped, "bad", (json_int_t)(c->bad + c->too_long));
    if (row == NULL) /* a name that is no UTF-8 */
        return;
    if (json_array_size(h->recognised) == PAY_HEALTH_FILES)
        (void)json_array_remove(h->recognised, 0);
    (void)json_array_append_new(h->recognised, row);
}

void
pay_health_tell(const struct pay_health *h, const struct pay_health_now *now,
                const struct sink *sink)
{
    const struct tail_counts *c = tail_counts(now->tail);
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {
        {"files", c->files},
        {"files_unknown", c->unknown},
        {"files_unreadable", c->unreadable},
        {"files_damaged", c->damaged},
        {"files_replaced", c->replaced},
        {"files_forgotten", c->evicted},
        {"records", c->records.records},
        {"records_skipped", c->records.skipped},
        {"records_bad", c->records.bad},
        {"records_too_long", c->records.too_long},
        {"transactions", now->sensor->transactions},
        {"transactions_again", now->sensor->duplicates},
        {"transactions_future", now->sensor->future},
        {"card_numbers", now->sensor->cards},
    };
    const char *shape = tail_bad_shape(now->tail);
    json_t *health = json_object();
    struct buf text;

    for (size_t i = 0; i < VG_ARRAY_LEN(rows); i++)
        (void)json_object_set_new(health, rows[i].name, json_integer((json_int_t)rows[i].value));
    if (shape[0] != '\0')
        (void)json_object_set_new(health, "bad_like", json_string(shape));
    if (now->key_public)
        (void)json_object_set_new(health, "token_key", json_string("public"));
    if (json_array_size(h->recognised) > 0)
        (void)json_object_set(health, "recognised", h->recognised);
    (void)json_object_set_new(health, "caught_up", json_boolean(now->caught_up));
    panel_health(now->panel, health);
    buf_init(&text, 64 * 1024);
    vg_json_write(health, &text);
    if (!text.bad)
        sink->ops->health(sink->ctx, buf_slice(&text));
    buf_done(&text);
    json_decref(health);
}
