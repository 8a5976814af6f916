/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/propose_inside.h"

#include <stdlib.h>

enum { NOTHING = -1 };

struct proposal {
    struct table table;
    int column[MAP_COUNT]; /* which is which, NOTHING for none */
};

/* Most of the filled values. */
static bool
mostly(const struct column *c, unsigned n)
{
    return c->filled > 0 && n * 10 >= c->filled * 8;
}

static bool
is_time(const struct column *c)
{
    for (size_t i = 0; PROPOSE_TIMES[i] != NULL; i++)
        if (mostly(c, c->formats[i]))
            return true;
    return mostly(c, c->unix_s) || mostly(c, c->unix_ms);
}

/* Whether what stands in a column can be the field at all. */
static bool
is_possible(const struct column *c, enum map_field field)
{
    switch (field) {
    case MAP_TIME:
        return is_time(c);
    case MAP_CLOCK:
        return mostly(c, c->clocks) && !is_time(c);
    case MAP_AMOUNT:
    case MAP_DEBIT:
        return mostly(c, c->numbers) && !is_time(c);
    case MAP_KIND:
    case MAP_OUTCOME:
        return c->filled > 0 && c->values <= COLUMN_VALUES_MAX && !mostly(c, c->numbers);
    case MAP_EMAIL:
        return mostly(c, c->mails);
    case MAP_IP:
        return c->filled == 0 || c->addresses > 0 || !mostly(c, c->numbers);
    case MAP_CURRENCY:
        return mostly(c, c->currencies);
    default:
        return c->filled > 0 && !is_time(c);
    }
}

/* What stands in it says it without a name. */
static unsigned
content_says(const struct column *c, enum map_field field)
{
    if (field == MAP_TIME && is_time(c))
        return 20;
    if (field == MAP_EMAIL && mostly(c, c->mails))
        return 50;
    if (field == MAP_CARD && mostly(c, c->cards))
        return 150;
    if (field == MAP_CURRENCY && mostly(c, c->currencies) && c->values <= 3)
        return 30;
    return 0;
}

/* Field by field the best column that no other has, the surest fields first. */
static void
columns_choose(struct proposal *p)
{
    static const enum map_field order[] = {
        MAP_TIME,  MAP_CARD,     MAP_EMAIL,    MAP_CURRENCY, MAP_CLOCK,    MAP_AMOUNT,
        MAP_DEBIT, MAP_ID,       MAP_KIND,     MAP_OUTCOME,  MAP_LAST4,    MAP_BIN,
        MAP_IP,    MAP_EMPLOYEE, MAP_TERMINAL, MAP_ORIGINAL, MAP_CUSTOMER, MAP_NAME,
        MAP_ORDER, MAP_REASON,   MAP_ACCOUNT,  MAP_DEVICE,   MAP_COUNTRY};
    bool taken[PROPOSE_COLUMNS_MAX] = {false};

    for (size_t f = 0; f < MAP_COUNT; f++)
        p->column[f] = NOTHING;
    for (size_t k = 0; k < VG_ARRAY_LEN(order); k++) {
        unsigned best = 0;

        for (size_t i = 0; i < p->table.count; i++) {
            const struct column *c = &p->table.column[i];
            unsigned words = words_field(c->name, order[k]), says = content_says(c, order[k]);
            unsigned score = words > says ? words : says;

            if (taken[i] || score <= best || !is_possible(c, order[k]))
                continue;
            best = score;
            p->column[order[k]] = (int)i;
        }
        if (best > 0)
            taken[p->column[order[k]]] = true;
    }
}

static const struct column *
chosen(const struct proposal *p, enum map_field field)
{
    return p->column[field] == NOTHING ? NULL : &p->table.column[p->column[field]];
}

/* ---- writing ---- */

static void
put_text(struct buf *out, const char *text)
{
    buf_put_u8(out, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            buf_put_u8(out, '\\');
        buf_put_u8(out, (uint8_t)*text);
    }
    buf_put_u8(out, '"');
}

static void
put_field(struct buf *out, const char *before, const struct column *c, const char *after)
{
    buf_printf(out, "%s[", before);
    put_text(out, c->name);
    buf_printf(out, "]%s", after);
}

/* Those that fit all values; where day and month can be either both stand there, and the file decides
 * (dates.h). */
static void
put_times(const struct proposal *p, struct buf *out)
{
    const struct column *time = chosen(p, MAP_TIME), *clock = chosen(p, MAP_CLOCK);
    const char *comma = "";

    buf_put_str(out, "  formats: [");
    if (mostly(time, time->unix_s) || mostly(time, time->unix_ms)) {
        buf_put_str(out, mostly(time, time->unix_s) ? "unix" : "unix_ms");
        comma = ", ";
    }
    for (size_t i = 0;
         PROPOSE_TIMES[i] != NULL && !mostly(time, time->unix_s) && !mostly(time, time->unix_ms);
         i++) {
        if (time->formats[i] == 0 || (clock != NULL && strchr(PROPOSE_TIMES[i], 'H') != NULL))
            continue;
        buf_put_str(out, comma);
        comma = ", ";
        if (strcmp(PROPOSE_TIMES[i], "iso") == 0) {
            buf_put_str(out, "iso");
            continue;
        }
        if (clock != NULL)
            buf_printf(out, "\"%s %%H:%%M:%%S\", ", PROPOSE_TIMES[i]);
        buf_printf(out, "\"%s%s\"", PROPOSE_TIMES[i], clock != NULL ? " %H:%M" : "");
    }
    buf_put_str(out, "]\n");
}

/* Days alone: no value has a clock in it. */
static bool
is_day(const struct column *c)
{
    for (unsigned i = 0; i < c->values && i < COLUMN_VALUES_MAX; i++)
        if (strchr(c->value[i], ':') != NULL)
            return false;
    return !mostly(c, c->unix_s) && !mostly(c, c->unix_ms);
}

static void
put_values(struct buf *out, const struct column *c, const char *(*meaning)(const char *))
{
    buf_put_str(out, "  values:\n");
    for (unsigned i = 0; i < c->values && i < COLUMN_VALUES_MAX; i++) {
        const char *what = meaning(c->value[i]);

        buf_put_str(out, what != NULL ? "    " : "    # what is it? ");
        put_text(out, c->value[i]);
        buf_printf(out, ": %s\n",
                   what != NULL            ? what
                   : meaning == words_kind ? "sale"
                                           : "approved");
    }
}

/* A map of comments alone would be none. */
static bool
any_known(const struct column *c, const char *(*meaning)(const char *))
{
    for (unsigned i = 0; i < c->values && i < COLUMN_VALUES_MAX; i++)
        if (meaning(c->value[i]) != NULL)
            return true;
    return false;
}

static void
put_meaning(const struct proposal *p, struct buf *out, const char *key, enum map_field field,
            const char *(*meaning)(const char *), const char *otherwise)
{
    const struct column *c = chosen(p, field);

    if (c == NULL)
        return;
    buf_printf(out, "%s:\n", key);
    put_field(out, "  field: ", c, "\n");
    if (any_known(c, meaning))
        put_values(out, c, meaning);
    buf_printf(out, "  otherwise: %s\n", otherwise);
}

static void
put_fields(const struct proposal *p, struct buf *out)
{
    static const struct {
        enum map_field field;
        const char *name;
    } fields[] = {{MAP_ID, "id"},
                  {MAP_REASON, "reason"},
                  {MAP_CURRENCY, "currency"},
                  {MAP_CARD, "card"},
                  {MAP_BIN, "bin"},
                  {MAP_LAST4, "last4"},
                  {MAP_CUSTOMER, "customer"},
                  {MAP_NAME, "name"},
                  {MAP_EMAIL, "email"},
                  {MAP_IP, "ip"},
                  {MAP_DEVICE, "device"},
                  {MAP_TERMINAL, "terminal"},
                  {MAP_EMPLOYEE, "employee"},
                  {MAP_ORDER, "order"},
                  {MAP_ORIGINAL, "original"},
                  {MAP_ACCOUNT, "account"},
                  {MAP_COUNTRY, "country"}};
    bool any = false;

    for (size_t i = 0; i < VG_ARRAY_LEN(fields); i++) {
        const struct column *c = chosen(p, fields[i].field);

        if (c == NULL)
            continue;
        if (!any)
            buf_put_str(out, "fields:\n");
        any = true;
        buf_printf(out, "  %s: ", fields[i].name);
        put_field(out, "", c, "\n");
    }
}

static void
put_recognise(const struct proposal *p, struct buf *out)
{
    static const enum map_field sure[] = {MAP_TIME, MAP_CLOCK,   MAP_AMOUNT,  MAP_DEBIT,
                                          MAP_ID,   MAP_KIND,    MAP_OUTCOME, MAP_TERMINAL,
                                          MAP_CARD, MAP_EMPLOYEE};
    const char *comma = "";

    buf_put_str(out, "recognise: [");
    for (size_t i = 0; i < VG_ARRAY_LEN(sure); i++) {
        const struct column *c = chosen(p, sure[i]);

        /* In JSON a member may be missing in some objects. */
        if (c == NULL || (p->table.json && sure[i] != MAP_TIME && c->filled < p->table.rows))
            continue;
        buf_put_str(out, comma);
        put_text(out, c->name);
        comma = ", ";
    }
    buf_put_str(out, "]\n");
}

static void
put_unused(const struct proposal *p, struct buf *out)
{
    const char *comma = "# Not used:";

    for (size_t i = 0; i < p->table.count; i++) {
        bool used = false;

        for (size_t f = 0; f < MAP_COUNT; f++)
            used |= p->column[f] == (int)i;
        if (used)
            continue;
        buf_printf(out, "%s %s", comma, p->table.column[i].name);
        comma = ",";
    }
    buf_put_str(out, comma[0] == ',' ? "\n" : "");
}

static void
write_all(const struct proposal *p, const char *name, struct buf *out)
{
    const struct column *clock = chosen(p, MAP_CLOCK), *amount = chosen(p, MAP_AMOUNT);
    const struct column *debit = chosen(p, MAP_DEBIT);

    buf_put_str(out, "# Proposed from a sample: read it, correct it, and try it with\n"
                     "#   vigia-agent check --format THIS.yaml SAMPLE\n");
    put_unused(p, out);
    buf_put_str(out, "format: ");
    put_text(out, name);
    buf_put_str(out, "\nabout: Proposed from a sample\n");
    buf_printf(out, "reader: %s\n", p->table.json ? "json" : "csv");
    put_recognise(p, out);
    buf_put_str(out, "time:\n");
    put_field(out, "  field: ", chosen(p, MAP_TIME), "\n");
    if (clock != NULL)
        put_field(out, "  clock: ", clock, "\n");
    put_times(p, out);
    if (clock == NULL && is_day(chosen(p, MAP_TIME)))
        buf_put_str(out, "  hour: 12 # the log has no time of day\n");
    buf_put_str(out, "  zone: shop # or UTC, or one like America/Mexico_City\n");
    if (amount != NULL || debit != NULL) {
        buf_put_str(out, "amount:\n");
        if (amount != NULL)
            put_field(out, "  field: ", amount, "\n");
        if (debit != NULL)
            put_field(out, "  debit: ", debit, "\n  negative: payout\n");
        if (p->table.json && amount != NULL && amount->wholes == amount->filled)
            buf_put_str(out, "  units: major # minor where 1250 means 12.50\n");
        buf_put_str(out, "  style: auto # dot or comma where it is always one\n");
    }
    put_meaning(p, out, "kind", MAP_KIND, words_kind, "sale");
    put_meaning(p, out, "outcome", MAP_OUTCOME, words_outcome, "approved");
    put_fields(p, out);
}

enum vg_err
propose_profile(struct slice head, bool whole, const char *name, struct buf *out)
{
    struct proposal *p = calloc(1, sizeof *p);
    enum vg_err err;

    if (p == NULL)
        return VG_ERR_NOMEM;
    err = table_read(&p->table, head, whole);
    if (err == VG_OK) {
        columns_choose(p);
        if (chosen(p, MAP_TIME) == NULL)
            err = VG_ERR_FORMAT;
        else
            write_all(p, name, out);
    }
    table_done(&p->table);
    free(p);
    return err == VG_OK && out->bad ? VG_ERR_NOMEM : err;
}
