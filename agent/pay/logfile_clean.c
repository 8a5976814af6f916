/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/logfile_inside.h"

#include "agent/pay/isodump.h"
#include "common/utf8.h"

/* Code points of the bytes 0x80 to 0x9f in Windows-1252 (0: none). */
static const uint16_t WINDOWS[32] = {
    0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178};

static bool
is_utf8(struct slice s)
{
    while (s.left > 0) {
        size_t n = byte_at(s, 0) < 0x80 ? 1 : utf8_len(s);

        if (n == 0)
            return false;
        slice_skip(&s, n);
    }
    return true;
}

enum vg_err
logfile_decode(struct slice raw, struct buf *scratch, struct slice *out)
{
    *out = raw;
    if (bytes_ascii(raw) || is_utf8(raw))
        return VG_OK;
    buf_clear(scratch);
    while (raw.left > 0) {
        uint8_t c = slice_u8(&raw);
        uint32_t code = c >= 0x80 && c < 0xa0 ? WINDOWS[c - 0x80] : c;

        if (c < 0x80)
            buf_put_u8(scratch, c);
        else
            utf8_put(scratch, code != 0 ? code : UTF8_REPLACEMENT);
    }
    if (scratch->bad)
        return VG_ERR_LIMIT;
    *out = buf_slice(scratch);
    return VG_OK;
}

enum vg_err
logfile_utf8(struct logfile *f, struct slice raw, struct slice *out)
{
    return logfile_decode(raw, &f->utf8, out);
}

enum vg_err
logfile_clean(struct logfile *f, struct slice raw, struct slice *out)
{
    struct slice text;
    enum vg_err err = VG_OK;

    buf_clear(&f->utf8);
    if (f->profile->reader == PROFILE_DUMP && isodump_list(raw, &f->utf8))
        text = buf_slice(&f->utf8);
    else
        err = logfile_utf8(f, raw, &text);
    return err == VG_OK ? card_clean(f->options.tokens, text, &f->clean, out, &f->hits) : err;
}

static void
escaped_tell(struct logfile *f, struct slice value, struct str field)
{
    f->counts.cards += f->more_hits.count + f->more_hits.more;
    for (size_t i = 0; i < f->more_hits.count && f->card_count < CARD_HITS_MAX; i++) {
        const struct card_hit *h = &f->more_hits.hit[i];
        struct card_view *c = &f->cards[f->card_count++];

        *c = (struct card_view){.source = str_of(f->source),
                                .line = f->line,
                                .field = field,
                                .token = bytes_str(bytes_part(value, h->at, h->at + TOKEN_LEN))};
        memcpy(c->last4, h->last4, sizeof c->last4);
    }
}

/* Texts that were unescaped may hold a number that the line did not show. */
enum vg_err
logfile_values_clean(struct logfile *f)
{
    for (size_t i = 0; i < f->profile->names.count; i++) {
        struct slice *v = &f->values.value[i], clean;
        enum vg_err err;
        uint8_t *to;

        if (!f->values.present[i] || v->at < f->arena.data ||
            v->at >= f->arena.data + f->arena.room)
            continue;
        err = card_clean(f->options.tokens, *v, &f->again, &clean, &f->more_hits);
        if (err != VG_OK)
            return err;
        if (f->more_hits.count == 0)
            continue;
        if (clean.left > f->arena.room - f->arena.len)
            return VG_ERR_LIMIT;
        to = f->arena.data + f->arena.len;
        memcpy(to, clean.at, clean.left);
        f->arena.len += clean.left;
        *v = slice_of(to, clean.left);
        escaped_tell(f, *v, f->profile->names.name[i]);
    }
    return VG_OK;
}

/* The key whose value holds the byte at `at`: the nearest "key": before it. */
static struct str
json_key_before(struct slice record, size_t at)
{
    while (at > 1) {
        size_t end = --at;

        if (byte_at(record, at) != ':' || byte_at(record, at - 1) != '"')
            continue;
        for (at = end - 1; at > 0 && byte_at(record, at - 1) != '"'; at--)
            ;
        return bytes_str(bytes_part(record, at, end - 1));
    }
    return str_of("");
}

static struct str
field_at(const struct logfile *f, struct slice clean, size_t at)
{
    const uint8_t *where = clean.at + at;

    if (f->profile->reader == PROFILE_JSON)
        return json_key_before(clean, at);
    if (f->profile->reader != PROFILE_CSV)
        return str_of("");
    for (size_t i = 0; i < f->row.count && i < f->columns; i++)
        if (where >= f->row.cell[i].at && where < f->row.cell[i].at + f->row.cell[i].left)
            return f->column_name[i];
    return str_of("");
}

void
logfile_cards_tell(struct logfile *f, struct slice clean, uint64_t line)
{
    f->counts.cards += f->hits.count + f->hits.more;
    for (size_t i = 0; i < f->hits.count && f->card_count < CARD_HITS_MAX; i++) {
        const struct card_hit *h = &f->hits.hit[i];
        struct card_view *c = &f->cards[f->card_count];
        struct slice token = bytes_part(clean, h->at, h->at + TOKEN_LEN);

        *c = (struct card_view){.source = str_of(f->source),
                                .line = line,
                                .field = field_at(f, clean, h->at),
                                .token = bytes_str(token)};
        if (c->field.len > MAP_TEXT_MAX)
            c->field = str_of("");
        memcpy(c->last4, h->last4, sizeof c->last4);
        f->card_count++;
    }
}

static void
shape_keep(struct logfile *f, struct slice record)
{
    char *to = f->shape[f->counts.bad % LOGFILE_SHAPES];
    size_t n = 0;

    for (; n < record.left && n < LOGFILE_SHAPE_MAX; n++) {
        uint8_t c = byte_at(record, n);

        if (c >= '0' && c <= '9')
            to[n] = '0';
        else if (c <= ' ')
            to[n] = ' ';
        else
            to[n] = (char)(c < 0x7f && strchr(",;|:\"'{}[]()=<>#@.-/_+*", c) != NULL ? c : 'a');
    }
    to[n] = '\0';
}

void
logfile_bad(struct logfile *f, struct slice record)
{
    shape_keep(f, record);
    f->counts.bad++;
}

enum { SHOWN_BYTES_MAX = 4096 };

void
logfile_name(struct tokens *tokens, const char *name, char out[LOGFILE_NAME_MAX])
{
    struct card_hits hits;
    struct buf line, scratch;
    struct slice clean;
    size_t n = 0;

    buf_init(&line, SHOWN_BYTES_MAX);
    buf_init(&scratch, SHOWN_BYTES_MAX * 2);
    utf8_put_line(&line, slice_of(name, strnlen(name, SHOWN_BYTES_MAX / 4)));
    if (!line.bad && card_clean(tokens, buf_slice(&line), &scratch, &clean, &hits) == VG_OK) {
        n = clean.left < LOGFILE_NAME_MAX ? clean.left : LOGFILE_NAME_MAX - 1;
        while (n < clean.left && n > 0 && (byte_at(clean, n) & 0xc0) == 0x80)
            n--;
        memcpy(out, clean.at, n);
    }
    out[n] = '\0';
    buf_done(&line);
    buf_done(&scratch);
}
