/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/map.h"

/* One record on its way. */
struct record {
    struct mapper *m;
    const struct values *values;
    struct slice clean;
    const struct card_hits *hits;
};

void
mapper_init(struct mapper *m, const struct profile *profile, struct tokens *tokens,
            const struct zone *zone, const char *currency, struct str source)
{
    m->profile = profile;
    m->tokens = tokens;
    m->when = (struct when_zone){.zone = profile->zone_utc       ? NULL
                                         : profile->zone != NULL ? profile->zone
                                                                 : zone};
    m->style = profile->style;
    m->currency[0] = '\0';
    (void)amount_currency(slice_of(currency, strlen(currency)), m->currency);
    m->source = source;
    m->count = m->used = 0;
}

/* The first non-empty value, else the constant. */
static struct slice
source_value(const struct record *r, const struct map_source *source)
{
    for (size_t i = 0; i < source->count; i++) {
        if (r->values->present[source->slot[i]]) {
            struct slice v = bytes_trim(r->values->value[source->slot[i]]);

            if (v.left > 0)
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

/* ---- texts ---- */

static char *
arena_take(struct mapper *m, size_t n)
{
    char *p;

    if (n > sizeof m->arena - m->used)
        return NULL;
    p = m->arena + m->used;
    m->used += n;
    return p;
}

/* Cut to MAP_TEXT_MAX at a border between characters. */
static struct slice
text_cut(struct slice s)
{
    size_t n = s.left;

    if (n <= MAP_TEXT_MAX)
        return s;
    n = MAP_TEXT_MAX;
    while (n > 0 && (byte_at(s, n) & 0xc0) == 0x80)
        n--;
    return bytes_part(s, 0, n);
}

static bool
is_mail_byte(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ||
           c == '_' || c == '%' || c == '+' || c == '-' || c >= 0x80;
}

static enum vg_err
token_text(struct mapper *m, enum token_kind kind, struct slice value, struct str *out)
{
    char *to = arena_take(m, TOKEN_TEXT_MAX);
    enum vg_err err;

    if (to == NULL)
        return VG_ERR_LIMIT;
    err = tokens_make(m->tokens, kind, value, to);
    if (err == VG_OK)
        *out = str_n(to, TOKEN_LEN);
    return err;
}

/* The value without the bytes that `drop` names, in lower case. */
static struct slice
lowered(struct mapper *m, struct slice value, const char *drop)
{
    char *to = arena_take(m, value.left);
    size_t n = 0;

    if (to == NULL)
        return slice_of(NULL, 0);
    for (size_t i = 0; i < value.left; i++) {
        uint8_t c = byte_at(value, i);

        if (c >= 'A' && c <= 'Z')
            c = (uint8_t)(c - 'A' + 'a');
        if (c != 0 && strchr(drop, c) != NULL)
            continue;
        to[n++] = (char)c;
    }
    return slice_of(to, n);
}

static enum vg_err
mail_text(struct mapper *m, struct slice value, struct str *out)
{
    value = lowered(m, text_cut(value), " ");
    if (value.left == 0)
        return VG_OK;
    return token_text(m, TOKEN_MAIL, value, out);
}

/* Any other text: borrowed as it stands, unless an address is in it. */
static enum vg_err
plain_text(struct mapper *m, struct slice value, struct str *out)
{
    size_t at = bytes_find(value, 0, '@'), from = at, to = at + 1;
    struct slice head, tail;
    struct str token = str_of("");
    enum vg_err err;
    char *joined;

    value = text_cut(value);
    if (at >= value.left) {
        *out = bytes_str(value);
        return VG_OK;
    }
    while (from > 0 && is_mail_byte(byte_at(value, from - 1)))
        from--;
    while (is_mail_byte(byte_at(value, to)))
        to++;
    err = mail_text(m, bytes_part(value, from, to), &token);
    if (err != VG_OK)
        return err;
    head = bytes_part(value, 0, from);
    tail = bytes_part(value, to, value.left);
    if (bytes_find(tail, 0, '@') < tail.left)
        tail = slice_of(NULL, 0); /* a second one: the rest is not kept */
    joined = arena_take(m, head.left + token.len + tail.left);
    if (joined == NULL)
        return VG_ERR_LIMIT;
    memcpy(joined, head.at, head.left);
    memcpy(joined + head.left, token.at, token.len);
    memcpy(joined + head.left + token.len, tail.at, tail.left);
    *out = str_n(joined, head.left + token.len + tail.left);
    return VG_OK;
}

/* ---- cards ---- */

static bool
is_token(struct slice value)
{
    if (value.left < TOKEN_LEN || memcmp(value.at, "card_", TOKEN_PREFIX) != 0)
        return false;
    for (size_t i = TOKEN_PREFIX; i < TOKEN_LEN; i++)
        if (byte_at(value, i) < 'a' || byte_at(value, i) > 'p')
            return false;
    return true;
}

static void
copy_digits(char *to, struct slice from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (char)byte_at(from, i);
    to[n] = '\0';
}

/* First six and last four digits of a number that is written in part: 411111XXXXXX1111, ****1111. */
static void
parts_of_masked(struct slice value, struct txn_view *t)
{
    size_t lead = 0, trail = 0;

    while (lead < value.left && byte_at(value, lead) >= '0' && byte_at(value, lead) <= '9')
        lead++;
    while (trail < value.left && byte_at(value, value.left - 1 - trail) >= '0' &&
           byte_at(value, value.left - 1 - trail) <= '9')
        trail++;
    if (lead >= 6 && lead < value.left && t->bin[0] == '\0')
        copy_digits(t->bin, value, 6);
    if (trail >= 4 && t->last4[0] == '\0')
        copy_digits(t->last4, bytes_part(value, value.left - 4, value.left), 4);
}

static enum vg_err
card_text(const struct record *r, struct slice value, struct txn_view *t)
{
    struct slice digits;
    uint8_t number[CARD_DIGITS_MAX];
    size_t n = 0;

    if (is_token(value)) {
        t->card = str_n(value.at, TOKEN_LEN);
        for (size_t i = 0; i < r->hits->count; i++) {
            const struct card_hit *h = &r->hits->hit[i];
            struct slice token = bytes_part(r->clean, h->at, h->at + TOKEN_LEN);

            if (token.left == TOKEN_LEN && memcmp(token.at, value.at, TOKEN_LEN) == 0) {
                memcpy(t->bin, h->bin, sizeof t->bin);
                memcpy(t->last4, h->last4, sizeof t->last4);
                break;
            }
        }
        return VG_OK;
    }
    value = text_cut(value);
    digits = lowered(r->m, value, " -./_\t");
    for (; n < digits.left && n < CARD_DIGITS_MAX; n++) {
        uint8_t c = byte_at(digits, n);

        if (c < '0' || c > '9')
            break;
        number[n] = (uint8_t)(c - '0');
    }
    /* A number written with other separators than card.h knows: the same card all the same. */
    if (n == digits.left && card_valid(number, n)) {
        copy_digits(t->bin, digits, 6);
        copy_digits(t->last4, bytes_part(digits, n - 4, n), 4);
        return token_text(r->m, TOKEN_CARD, digits, &t->card);
    }
    parts_of_masked(value, t);
    /* A network's or processor's own name of the card (a fingerprint): case counts in it. */
    return token_text(r->m, TOKEN_CARD, value, &t->card);
}

/* ---- kind, outcome, amount, time ---- */

static int
value_of(const struct map_values *map, struct slice value)
{
    for (size_t i = 0; i < map->count && value.left > 0; i++) {
        struct str text = map->row[i].text, v = bytes_str(value);

        if (map->row[i].prefix && v.len > text.len)
            v.len = text.len;
        if (str_eq_nocase(v, text))
            return map->row[i].value;
    }
    return map->otherwise;
}

static enum vg_err
time_of(const struct record *r, struct slice value, struct slice clock, int64_t *out)
{
    const struct profile *p = r->m->profile;
    enum vg_err err = VG_ERR_FORMAT;

    if (clock.left > 0) {
        char *joined = arena_take(r->m, value.left + 1 + clock.left);

        if (joined == NULL)
            return VG_ERR_LIMIT;
        memcpy(joined, value.at, value.left);
        joined[value.left] = ' ';
        memcpy(joined + value.left + 1, clock.at, clock.left);
        value = slice_of(joined, value.left + 1 + clock.left);
    }
    for (size_t i = 0; i < p->format_count && err != VG_OK; i++)
        err = when_parse(value, p->formats[i], &r->m->when, out);
    return err;
}

static enum vg_err
amount_of(const struct record *r, struct slice value, const char *currency, int64_t *out)
{
    return amount_parse(value, r->m->style, amount_decimals(currency), r->m->profile->minor, out);
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

    parts_of_masked(last4, t);
    if (bin.left >= 6 && t->bin[0] == '\0') {
        bool digits = true;

        for (size_t i = 0; i < 6; i++)
            digits &= byte_at(bin, i) >= '0' && byte_at(bin, i) <= '9';
        if (digits)
            copy_digits(t->bin, bin, 6);
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
    struct slice mail, account, card, label;
    enum vg_err err = VG_OK;

    for (size_t i = 0; i < VG_ARRAY_LEN(plain) && err == VG_OK; i++)
        err = plain_text(r->m, field_value(r, kind, plain[i].field), plain[i].to);
    mail = field_value(r, kind, MAP_EMAIL);
    if (err == VG_OK && mail.left > 0)
        err = mail_text(r->m, mail, &t->email);
    account = field_value(r, kind, MAP_ACCOUNT);
    if (err == VG_OK && account.left > 0) {
        account = lowered(r->m, text_cut(account), " -.");
        err = token_text(r->m, TOKEN_ACCOUNT, account, &t->account);
    }
    card = field_value(r, kind, MAP_CARD);
    if (err == VG_OK && card.left > 0)
        err = card_text(r, card, t);
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
    err = plain_text(r->m, source_value(r, &also->reason), &t->reason);
    if (err == VG_OK && when.left > 0 && time_of(r, when, slice_of(NULL, 0), &t->time_ns) != VG_OK)
        t->time_ns = first->time_ns;
    if (err != VG_OK || first->id.len == 0) {
        r->m->count += err == VG_OK;
        return err;
    }
    t->original = first->id;
    id = arena_take(r->m, first->id.len + also->suffix.len);
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
    t->outcome = (enum txn_outcome)value_of(&p->outcomes, field_value(r, kind, MAP_OUTCOME));
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
    kind = value_of(&m->profile->kinds, source_value(&r, &m->profile->base[MAP_KIND]));
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
