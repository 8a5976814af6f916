/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/map_inside.h"
#include "agent/pay/secret.h"

void
mapper_init(struct mapper *m, const struct profile *profile, struct tokens *tokens,
            const struct zone *zone, const char *currency, struct str source)
{
    m->profile = profile;
    m->tokens = tokens;
    m->when = (struct when_zone){.zone = profile->zone_utc       ? NULL
                                         : profile->zone != NULL ? profile->zone
                                                                 : zone,
                                 .day_hour = profile->day_hour};
    m->row_zone = 0;
    m->dropped = 0;
    m->latest_ns = 0;
    m->style = profile->style;
    m->currency[0] = '\0';
    memset(m->last_currency, 0, sizeof m->last_currency);
    m->last_decimals = amount_decimals(m->last_currency);
    (void)amount_currency(slice_of(currency, strlen(currency)), m->currency);
    m->source = source;
    m->count = m->used = 0;
    for (size_t i = 0; i < profile->names.count; i++)
        m->secret[i] = secret_name(profile->names.name[i]);
}

/* "-" and "--" stand for nothing in many exports. */
static bool
is_dashes(struct slice v)
{
    return v.left <= 2 && byte_at(v, 0) == '-' && (v.left == 1 || byte_at(v, 1) == '-');
}

/* The first non-empty value, else the constant. */
static struct slice
source_value(const struct record *r, const struct map_source *source)
{
    for (size_t i = 0; i < source->count; i++) {
        if (r->values->present[source->slot[i]] && !r->m->secret[source->slot[i]]) {
            struct slice v = bytes_trim(r->values->value[source->slot[i]]);

            if (v.left > 0 && !is_dashes(v))
                return v;
        }
    }
    return slice_of(source->constant.at, source->constant.len);
}

static struct slice
field_value(const struct record *r, int kind, enum map_field field)
{
    const struct map_source *own = &r->m->profile->by_kind[kind][field];

    return source_value(r, own->count > 0 ? own : &r->m->profile->base[field]);
}

/* ---- kind, outcome, amount, time ---- */

static uint8_t
low(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

/* * is any text, ? any letter. On a mismatch the last * takes one letter more. */
static bool
pattern_fits(struct slice pattern, struct slice value)
{
    size_t p = 0, v = 0, star = SIZE_MAX, from = 0;

    while (v < value.left) {
        if (p < pattern.left && byte_at(pattern, p) == '*') {
            star = p++;
            from = v;
        } else if (p < pattern.left && (byte_at(pattern, p) == '?' ||
                                        low(byte_at(pattern, p)) == low(byte_at(value, v)))) {
            p++;
            v++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            v = ++from;
        } else {
            return false;
        }
    }
    while (p < pattern.left && byte_at(pattern, p) == '*')
        p++;
    return p == pattern.left;
}

/* The row that means this value, or map->count. */
static size_t
value_row(const struct map_values *map, struct slice value)
{
    size_t i = 0;

    for (; i < map->count && value.left > 0; i++) {
        struct str text = map->row[i].text;

        if (map->row[i].pattern
                ? pattern_fits(slice_of(text.at, text.len), bytes_part(value, 0, MAP_TEXT_MAX))
                : str_eq_nocase(bytes_str(value), text))
            return i;
    }
    return map->count;
}

/* Of the columns the first whose value means something: a receipt that is "Closed" tells nothing of
 * its kind, its type does. */
static int
value_of(const struct record *r, const struct map_values *map, const struct map_source *source)
{
    for (size_t i = 0; i < source->count; i++) {
        size_t row = map->count;

        if (r->values->present[source->slot[i]])
            row = value_row(map, bytes_trim(r->values->value[source->slot[i]]));
        if (row < map->count)
            return map->row[row].value;
    }
    return map->otherwise;
}

/* A record of ours has, in each column that `only` names, one of its values. */
static bool
is_wanted(const struct record *r)
{
    const struct profile *p = r->m->profile;

    for (size_t i = 0; i < p->only_count; i++) {
        size_t row = value_row(&p->only[i].values, source_value(r, &p->only[i].field));

        if (row == p->only[i].values.count)
            return false;
    }
    return true;
}

/* The zone that the record names, else the log's. */
static struct when_zone *
zone_of(const struct record *r)
{
    struct mapper *m = r->m;
    const struct map_zones *zones = &m->profile->zones;
    size_t row;

    if (zones->names.count == 0)
        return &m->when;
    row = value_row(&zones->names, source_value(r, &zones->field));
    if (row == zones->names.count)
        return &m->when;
    if (m->row_zone != row + 1) {
        m->row_zone = row + 1;
        m->row_when = (struct when_zone){.zone = zones->zone[row],
                                         .offset_s = zones->names.row[row].value,
                                         .day_hour = m->profile->day_hour};
    }
    return &m->row_when;
}

static enum vg_err
time_of(const struct record *r, struct slice value, struct slice clock, int64_t *out)
{
    const struct profile *p = r->m->profile;
    struct when_zone *zone = zone_of(r);
    enum vg_err err = VG_ERR_FORMAT;

    zone->latest_ns = r->m->latest_ns;
    if (clock.left > 0) {
        char *joined = map_arena(r->m, value.left + 1 + clock.left);

        if (joined == NULL)
            return VG_ERR_LIMIT;
        memcpy(joined, value.at, value.left);
        joined[value.left] = ' ';
        memcpy(joined + value.left + 1, clock.at, clock.left);
        value = slice_of(joined, value.left + 1 + clock.left);
    }
    for (size_t i = 0; i < p->format_count && err != VG_OK; i++)
        if ((r->m->dropped & 1U << i) == 0)
            err = when_parse(value, p->formats[i], zone, out);
    if (err == VG_OK && *out > r->m->latest_ns)
        r->m->latest_ns = *out;
    return err;
}

static enum vg_err
amount_of(const struct record *r, struct slice value, const char currency[4], int64_t *out)
{
    struct mapper *m = r->m;

    if (memcmp(m->last_currency, currency, sizeof m->last_currency) != 0) {
        memcpy(m->last_currency, currency, sizeof m->last_currency);
        m->last_decimals = amount_decimals(currency);
    }
    return amount_parse(value, m->style, m->last_decimals, m->profile->minor, out);
}

/* Credit and debit in two columns make one signed amount. */
static enum vg_err
amount_read(const struct record *r, int kind, struct txn_view *t, bool *negative)
{
    struct slice credit = field_value(r, kind, MAP_AMOUNT);
    struct slice debit = field_value(r, kind, MAP_DEBIT);
    int64_t amount = 0, minus = 0;
    enum vg_err err = VG_OK;

    *negative = false;
    if (credit.left == 0 && debit.left == 0)
        return VG_OK;
    if (credit.left > 0)
        err = amount_of(r, credit, t->currency, &amount);
    if (err == VG_OK && debit.left > 0)
        err = amount_of(r, debit, t->currency, &minus);
    if (err != VG_OK)
        return err;
    if (amount == 0 && minus != 0)
        amount = minus > 0 ? -minus : minus;
    *negative = amount < 0;
    t->amount = amount < 0 ? -amount : amount;
    t->has_amount = true;
    return VG_OK;
}

static void
currency_read(const struct record *r, int kind, struct txn_view *t)
{
    if (!amount_currency(field_value(r, kind, MAP_CURRENCY), t->currency))
        memcpy(t->currency, r->m->currency, sizeof t->currency);
}

static void
parts_read(const struct record *r, int kind, struct txn_view *t)
{
    struct slice bin = field_value(r, kind, MAP_BIN), last4 = field_value(r, kind, MAP_LAST4);
    struct slice country = field_value(r, kind, MAP_COUNTRY);
    char code[4];

    map_masked(last4, t);
    if (bin.left >= 6 && t->bin[0] == '\0') {
        bool digits = true;

        for (size_t i = 0; i < 6; i++)
            digits &= byte_at(bin, i) >= '0' && byte_at(bin, i) <= '9';
        if (digits)
            map_digits(t->bin, bin, 6);
    }
    if (country.left == 2) {
        uint8_t a = byte_at(country, 0) & 0xdf, b = byte_at(country, 1) & 0xdf;

        code[0] = (char)a;
        code[1] = (char)b;
        code[2] = '\0';
        if (a >= 'A' && a <= 'Z' && b >= 'A' && b <= 'Z')
            memcpy(t->country, code, sizeof t->country);
    }
}

static enum vg_err
texts_read(const struct record *r, int kind, struct txn_view *t)
{
    const struct {
        enum map_field field;
        struct str *to;
    } plain[] = {
        {MAP_ID, &t->id},
        {MAP_REASON, &t->reason},
        {MAP_CUSTOMER, &t->customer},
        {MAP_IP, &t->ip},
        {MAP_DEVICE, &t->device},
        {MAP_TERMINAL, &t->terminal},
        {MAP_EMPLOYEE, &t->employee},
        {MAP_ORDER, &t->order},
        {MAP_ORIGINAL, &t->original},
    };
    struct slice mail, name, account, card, label;
    enum vg_err err = VG_OK;

    for (size_t i = 0; i < VG_ARRAY_LEN(plain) && err == VG_OK; i++)
        err = map_plain(r->m, field_value(r, kind, plain[i].field), plain[i].to);
    if (err == VG_OK && map_is_name(t->customer))
        err = map_name(r->m, slice_of(t->customer.at, t->customer.len), &t->customer);
    mail = field_value(r, kind, MAP_EMAIL);
    if (err == VG_OK && mail.left > 0)
        err = map_mail(r->m, mail, &t->email, &t->mail_shape, &t->mailbox);
    name = field_value(r, kind, MAP_NAME);
    if (err == VG_OK && name.left > 0 && t->customer.len == 0)
        err = map_name(r->m, name, &t->customer);
    account = field_value(r, kind, MAP_ACCOUNT);
    if (err == VG_OK && account.left > 0) {
        account = map_lowered(r->m, map_cut(account), " -.");
        err = map_token(r->m, TOKEN_ACCOUNT, account, &t->account);
    }
    card = field_value(r, kind, MAP_CARD);
    if (err == VG_OK && card.left > 0)
        err = map_card(r, card, t);
    label = field_value(r, kind, MAP_LABEL);
    if (label.left == 1 && (byte_at(label, 0) == '0' || byte_at(label, 0) == '1'))
        t->label = byte_at(label, 0) - '0';
    return err;
}

/* ---- more transactions in the same row ---- */

static enum vg_err
also_read(const struct record *r, const struct map_also *also, const struct txn_view *first)
{
    struct slice value = source_value(r, &also->amount), when = source_value(r, &also->time);
    struct txn_view *t;
    int64_t amount;
    char *id;
    enum vg_err err;

    if (value.left == 0)
        return VG_OK;
    err = amount_of(r, value, first->currency, &amount);
    if (err != VG_OK || amount == 0)
        return err;
    t = &r->m->txn[r->m->count];
    *t = *first;
    t->kind = (enum txn_kind)also->kind;
    t->outcome = TXN_APPROVED;
    t->amount = amount < 0 ? -amount : amount;
    t->reason = str_of("");
    err = map_plain(r->m, source_value(r, &also->reason), &t->reason);
    if (err == VG_OK && when.left > 0 && time_of(r, when, slice_of(NULL, 0), &t->time_ns) != VG_OK)
        t->time_ns = first->time_ns;
    if (err != VG_OK || first->id.len == 0) {
        r->m->count += err == VG_OK;
        return err;
    }
    t->original = first->id;
    id = map_arena(r->m, first->id.len + also->suffix.len);
    if (id == NULL)
        return VG_ERR_LIMIT;
    memcpy(id, first->id.at, first->id.len);
    memcpy(id + first->id.len, also->suffix.at, also->suffix.len);
    t->id = str_n(id, first->id.len + also->suffix.len);
    r->m->count++;
    return VG_OK;
}

static enum vg_err
first_read(const struct record *r, int kind, struct txn_view *t)
{
    const struct profile *p = r->m->profile;
    struct slice when = field_value(r, kind, MAP_TIME);
    bool negative;
    enum vg_err err;

    err = time_of(r, when, field_value(r, kind, MAP_CLOCK), &t->time_ns);
    if (err != VG_OK)
        return err;
    currency_read(r, kind, t);
    err = amount_read(r, kind, t, &negative);
    if (err != VG_OK)
        return err;
    if (negative && kind == TXN_SALE) {
        if (p->negative == PROFILE_SKIP) {
            r->m->count = 0;
            return VG_END;
        }
        t->kind = (enum txn_kind)p->negative;
        kind = p->negative;
    }
    t->outcome = (enum txn_outcome)value_of(r, &p->outcomes, &p->base[MAP_OUTCOME]);
    err = texts_read(r, kind, t);
    if (err == VG_OK)
        parts_read(r, kind, t);
    return err;
}

enum vg_err
mapper_read(struct mapper *m, const struct values *values, struct slice clean,
            const struct card_hits *hits, uint64_t line)
{
    const struct record r = {.m = m, .values = values, .clean = clean, .hits = hits};
    struct txn_view *t = &m->txn[0];
    enum vg_err err;
    int kind;

    m->count = m->used = 0;
    kind = is_wanted(&r) ? value_of(&r, &m->profile->kinds, &m->profile->base[MAP_KIND])
                         : PROFILE_SKIP;
    if (kind == TXN_SALE && m->profile->sales.values.count > 0)
        kind = value_of(&r, &m->profile->sales.values, &m->profile->sales.field);
    if (kind == PROFILE_SKIP)
        return VG_OK;
    *t = (struct txn_view){.kind = (enum txn_kind)kind,
                           .label = -1,
                           .source = m->source,
                           .line = line,
                           .id = {"", 0},
                           .reason = {"", 0},
                           .card = {"", 0},
                           .customer = {"", 0},
                           .email = {"", 0},
                           .mail_shape = {"", 0},
                           .mailbox = {"", 0},
                           .ip = {"", 0},
                           .device = {"", 0},
                           .terminal = {"", 0},
                           .employee = {"", 0},
                           .order = {"", 0},
                           .original = {"", 0},
                           .account = {"", 0}};
    err = first_read(&r, kind, t);
    if (err == VG_END)
        return VG_OK;
    if (err != VG_OK)
        return err == VG_ERR_LIMIT ? VG_ERR_FORMAT : err;
    m->count = 1;
    for (size_t i = 0; i < m->profile->also_count; i++) {
        err = also_read(&r, &m->profile->also[i], t);
        if (err != VG_OK)
            return err == VG_ERR_LIMIT ? VG_ERR_FORMAT : err;
    }
    return VG_OK;
}
