/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/pay_health.h"

#include <stdio.h>
#include <string.h>

#include "agent/platform/platform.h"

enum { FILES_A_MINUTE = 20 };

void
pay_health_init(struct pay_health *h)
{
    *h = (struct pay_health){.told = {.burst = FILES_A_MINUTE}};
}

/* Room for one more line, NULL where it is not worth another's: the oldest of no known format goes,
 * else the oldest. */
static char *
line_new(struct pay_health *h, bool known)
{
    unsigned gone = 0;

    if (h->files == PAY_HEALTH_FILES) {
        while (gone < PAY_HEALTH_FILES && h->known[gone])
            gone++;
        if (gone == PAY_HEALTH_FILES && !known)
            return NULL;
        gone %= PAY_HEALTH_FILES;
        for (unsigned i = gone; i + 1 < PAY_HEALTH_FILES; i++) {
            memcpy(h->file[i], h->file[i + 1], PAY_HEALTH_LINE);
            h->known[i] = h->known[i + 1];
        }
        h->files--;
    }
    h->known[h->files] = known;
    return h->file[h->files++];
}

void
pay_health_file(struct pay_health *h, const char *name, const char *format,
                const struct logfile_counts *c)
{
    bool known = format[0] != '\0';
    char *line = line_new(h, known);
    unsigned long long bad = c->bad + c->too_long;

    if (line != NULL)
        (void)snprintf(line, PAY_HEALTH_LINE,
                       "%s: %s, %llu records, %llu transactions, %llu skipped, %llu bad", name,
                       known ? format : "no known format", (unsigned long long)c->records,
                       (unsigned long long)c->transactions, (unsigned long long)c->skipped, bad);
    if (log_allowed(&h->told, platform_clock_monotonic()))
        log_event(known ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "pay.file",
                  "name=%s format=%s records=%llu transactions=%llu skipped=%llu bad=%llu",
                  log_quote(name), known ? format : "unknown", (unsigned long long)c->records,
                  (unsigned long long)c->transactions, (unsigned long long)c->skipped, bad);
}

/* "file_1" is the newest. A name that is no UTF-8 is left to the log. */
static void
files_put(const struct pay_health *h, json_t *health)
{
    for (unsigned i = 0; i < h->files; i++) {
        char key[16];

        (void)snprintf(key, sizeof key, "file_%u", i + 1);
        (void)json_object_set_new(health, key, json_string(h->file[h->files - 1 - i]));
    }
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
        {"folders_unlisted", c->folders_unlisted},
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
    files_put(h, health);
    (void)json_object_set_new(health, "caught_up", json_boolean(now->caught_up));
    panel_health(now->panel, health);
    buf_init(&text, 64 * 1024);
    vg_json_write(health, &text);
    if (!text.bad)
        sink->ops->health(sink->ctx, buf_slice(&text));
    buf_done(&text);
    json_decref(health);
}
