/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/logfile.h"

#include <stdlib.h>

#include "agent/pay/csv.h"
#include "agent/pay/jsonl.h"
#include "agent/pay/logbytes.h"
#include "agent/pay/recognise.h"
#include "agent/pay/textlog.h"
#include "common/utf8.h"

enum {
    BUFFER_START = 128 * 1024,
    BUFFER_MAX = 2 * LOGFILE_RECORD_MAX,
    CLEAN_MAX = 4 * LOGFILE_RECORD_MAX, /* Windows-1252 and tokens make a record longer */
    SOURCE_MAX = 256,
    SAME_BYTES = 64,
};

struct logfile {
    struct logfile_options options;
    char source[SOURCE_MAX];
    platform_file file;
    struct logbytes *bytes;

    uint8_t *data; /* decoded, unread: [start, end); data[0] stands at `base` */
    size_t start, end, room;
    uint64_t base, line;
    uint8_t head[LOGFILE_MARK_HEAD]; /* the first bytes of all */
    size_t head_len;
    bool at_end;   /* the last read gave nothing */
    bool skipping; /* within a record that is too long, which began at skip_from */
    uint64_t skip_from, skip_line;

    const struct profile *profile;
    bool ready; /* header read, mapper made */
    bool style_known;
    enum amount_style style;
    uint8_t delimiter;
    size_t columns;
    int16_t column_slot[CSV_COLUMNS_MAX];
    struct buf header; /* cleaned */
    struct str column_name[CSV_COLUMNS_MAX];

    struct buf utf8, clean, again;
    struct csv_arena arena;
    struct csv_row row;
    struct values values;
    struct mapper mapper;
    struct card_hits hits, more_hits;
    struct card_view cards[CARD_HITS_MAX];
    size_t card_count, txn_count;
    struct logfile_counts counts;
    char shape[LOGFILE_SHAPES][LOGFILE_SHAPE_MAX + 1];
};

enum vg_err
logfile_new(const struct logfile_options *options, platform_file file, struct logfile **out)
{
    struct logfile *f = calloc(1, sizeof *f);
    enum vg_err err = VG_ERR_NOMEM;

    if (f == NULL) {
        platform_file_close(file);
        return err;
    }
    f->options = *options;
    f->file = file;
    f->profile = options->profile;
    (void)vg_strcpy(f->source, sizeof f->source, options->source);
    buf_init(&f->utf8, CLEAN_MAX);
    buf_init(&f->clean, CLEAN_MAX);
    buf_init(&f->again, CLEAN_MAX);
    buf_init(&f->header, CLEAN_MAX);
    f->data = malloc(BUFFER_START);
    f->arena.data = malloc(LOGFILE_RECORD_MAX);
    if (f->data == NULL || f->arena.data == NULL)
        goto fail;
    f->room = BUFFER_START;
    f->arena.room = LOGFILE_RECORD_MAX;
    err = logbytes_new(file, &f->bytes);
    if (err != VG_OK)
        goto fail;
    *out = f;
    return VG_OK;
fail:
    logfile_free(f);
    return err;
}

void
logfile_free(struct logfile *f)
{
    if (f == NULL)
        return;
    logbytes_free(f->bytes);
    platform_file_close(f->file);
    buf_done(&f->utf8);
    buf_done(&f->clean);
    buf_done(&f->again);
    buf_done(&f->header);
    free(f->arena.data);
    free(f->data);
    free(f);
}

/* ---- the window over the bytes ---- */

static struct slice
unread(const struct logfile *f)
{
    return slice_of(f->data + f->start, f->end - f->start);
}

static void
consume(struct logfile *f, size_t n, size_t lines)
{
    f->start += n;
    f->line += lines;
}

static void
head_keep(struct logfile *f)
{
    uint64_t reached = f->base + f->end;

    if (f->base > f->head_len)
        return; /* behind a gap: only after a resume, which has read the head before */
    while (f->head_len < LOGFILE_MARK_HEAD && f->head_len < reached) {
        f->head[f->head_len] = f->data[f->head_len - f->base];
        f->head_len++;
    }
}

/* Before a plain file is read on: what was read last still stands there. Else it was truncated or
 * replaced meanwhile, and its new bytes do not continue the old ones. */
static enum vg_err
still_same(const struct logfile *f)
{
    uint8_t bytes[SAME_BYTES];
    size_t want = f->end < SAME_BYTES ? f->end : SAME_BYTES, got;
    enum vg_err err;

    if (want == 0 || !logbytes_plain(f->bytes))
        return VG_OK;
    err = platform_file_read(f->file, f->base + f->end - want, bytes, want, &got);
    if (err != VG_OK)
        return err;
    return got == want && memcmp(bytes, f->data + f->end - want, want) == 0 ? VG_OK : VG_ERR_DENIED;
}

/* More bytes behind the unread ones; at_end when there are none. */
static enum vg_err
refill(struct logfile *f)
{
    size_t got;
    enum vg_err err;

    if (f->start > LOGFILE_MARK_TAIL) { /* the last read bytes stay, for their digest */
        size_t drop = f->start - LOGFILE_MARK_TAIL;

        memmove(f->data, f->data + drop, f->end - drop);
        f->base += drop;
        f->end -= drop;
        f->start -= drop;
    }
    if (f->end == f->room && f->room < BUFFER_MAX) {
        uint8_t *grown = realloc(f->data, f->room * 2);

        if (grown == NULL)
            return VG_ERR_NOMEM;
        f->data = grown;
        f->room *= 2;
    }
    err = still_same(f);
    if (err == VG_OK)
        err = logbytes_read(f->bytes, f->data + f->end, f->room - f->end, &got);
    if (err != VG_OK)
        return err;
    f->end += got;
    f->at_end = got == 0;
    head_keep(f);
    return VG_OK;
}

static void
skip_mark(struct logfile *f)
{
    if (f->base + f->start == 0 && f->end - f->start >= 3 &&
        memcmp(f->data + f->start, "\xef\xbb\xbf", 3) == 0)
        consume(f, 3, 0);
}

/* ---- one record's bytes ---- */

struct span {
    size_t start, end, next, lines;
};

static enum vg_err
span_find(const struct logfile *f, bool final, struct span *s)
{
    struct slice text = unread(f);
    size_t newline;

    s->start = 0;
    if (f->profile->reader == PROFILE_JSON)
        return jsonl_record(text, final, &s->start, &s->end, &s->next, &s->lines);
    if (f->profile->reader == PROFILE_CSV)
        return csv_record(text, f->delimiter, final, &s->end, &s->next, &s->lines);
    newline = bytes_find(text, 0, '\n');
    if (text.left == 0 || (newline >= text.left && !final))
        return VG_AGAIN;
    s->next = newline < text.left ? newline + 1 : newline;
    s->end = newline > 0 && byte_at(text, newline - 1) == '\r' ? newline - 1 : newline;
    s->lines = 1;
    return VG_OK;
}

/* A record longer than the cap: all up to a line end is passed over. */
static void
overflow(struct logfile *f)
{
    struct slice text = unread(f);
    size_t newline = bytes_find(text, 0, '\n');

    if (!f->skipping) {
        f->skip_from = f->base + f->start;
        f->skip_line = f->line;
        f->counts.too_long++;
        f->counts.records++;
    }
    f->skipping = newline >= text.left;
    consume(f, f->skipping ? text.left : newline + 1, !f->skipping);
}

/* The next record in the window, reading on as needed. VG_ERR_FORMAT: bytes that are no record. */
static enum vg_err
span_next(struct logfile *f, bool final, struct span *s)
{
    for (;;) {
        enum vg_err err = VG_AGAIN;

        skip_mark(f);
        if (f->skipping)
            overflow(f);
        else
            err = span_find(f, final && f->at_end, s);
        if (err == VG_ERR_FORMAT || (err == VG_OK && s->end - s->start <= LOGFILE_RECORD_MAX))
            return err;
        if (err == VG_OK || f->end - f->start > LOGFILE_RECORD_MAX) {
            overflow(f);
            continue;
        }
        if (f->at_end) {
            /* Look once more: a live file may have grown since. */
            size_t before = f->end - f->start;

            err = refill(f);
            if (err != VG_OK)
                return err;
            if (f->end - f->start == before)
                return VG_AGAIN;
            continue;
        }
        err = refill(f);
        if (err != VG_OK)
            return err;
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

static void
record_bad(struct logfile *f, struct slice record)
{
    shape_keep(f, record);
    f->counts.bad++;
}

/* Code points of the bytes 0x80 to 0x9f in Windows-1252 (0: none). */
static const uint16_t WINDOWS[32] = {
    0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178};

static bool
is_ascii(struct slice s)
{
    while (s.left >= 8)
        if ((slice_le64(&s) & UINT64_C(0x8080808080808080)) != 0)
            return false;
    while (s.left > 0)
        if (slice_u8(&s) >= 0x80)
            return false;
    return true;
}

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

/* The record as valid UTF-8 without card numbers. */
static enum vg_err
record_clean(struct logfile *f, struct slice raw, struct slice *out)
{
    if (!is_ascii(raw) && !is_utf8(raw)) {
        buf_clear(&f->utf8);
        while (raw.left > 0) {
            uint8_t c = slice_u8(&raw);
            uint32_t code = c >= 0x80 && c < 0xa0 ? WINDOWS[c - 0x80] : c;

            if (c < 0x80)
                buf_put_u8(&f->utf8, c);
            else
                utf8_put(&f->utf8, code != 0 ? code : UTF8_REPLACEMENT);
        }
        if (f->utf8.bad)
            return VG_ERR_LIMIT;
        raw = buf_slice(&f->utf8);
    }
    return card_clean(f->options.tokens, raw, &f->clean, out, &f->hits);
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
static enum vg_err
values_clean(struct logfile *f)
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

/* ---- getting to know the file ---- */

static void
columns_name(struct logfile *f)
{
    f->columns = f->row.count;
    for (size_t i = 0; i < f->row.count; i++)
        f->column_name[i] = bytes_str(bytes_trim(f->row.cell[i]));
}

/* The header line: from its own copy, which the names borrow. */
static enum vg_err
header_read(struct logfile *f, bool final)
{
    struct slice clean, own;
    struct span s;
    size_t matched;
    enum vg_err err;

    if (f->profile->column_count > 0) {
        f->columns = f->profile->column_count;
        for (size_t i = 0; i < f->columns; i++) {
            f->column_name[i] = f->profile->columns[i];
            f->column_slot[i] = (int16_t)names_find(&f->profile->names, f->column_name[i]);
        }
        return VG_OK;
    }
    err = span_next(f, final, &s);
    if (err != VG_OK)
        return err;
    err = record_clean(f, bytes_part(unread(f), s.start, s.end), &clean);
    if (err != VG_OK)
        return err;
    buf_clear(&f->header);
    buf_put(&f->header, clean.at, clean.left);
    f->arena.len = 0;
    own = buf_slice(&f->header);
    err = csv_split(own, f->delimiter, &f->arena, &f->row);
    if (err != VG_OK || f->header.bad)
        return VG_ERR_NOENT;
    recognise_header(f->profile, &f->row, f->column_slot, &matched);
    if (matched < f->profile->recognise_count)
        return VG_ERR_NOENT;
    columns_name(f);
    /* Quoted names with quotes within live in the arena, which the next record reuses. */
    for (size_t i = 0; i < f->columns; i++)
        if ((const uint8_t *)f->column_name[i].at >= f->arena.data &&
            (const uint8_t *)f->column_name[i].at < f->arena.data + f->arena.room)
            f->column_name[i] = str_of("");
    consume(f, s.next, s.lines);
    return VG_OK;
}

static void
delimiter_find(struct logfile *f)
{
    struct slice text = unread(f);

    if (f->delimiter == 0)
        f->delimiter = f->profile->delimiter;
    if (f->delimiter == 0)
        f->delimiter = csv_guess_delimiter(bytes_part(text, 0, bytes_find(text, 0, '\n')));
    if (f->delimiter == 0)
        f->delimiter = ',';
}

/* VG_AGAIN until enough of the file is there to say what it is. */
static enum vg_err
make_ready(struct logfile *f, bool final)
{
    struct slice head;
    enum vg_err err = VG_OK;

    f->at_end = false;
    while (!f->at_end && f->end - f->start < LOGFILE_HEAD_BYTES && err == VG_OK)
        err = refill(f);
    skip_mark(f);
    head = unread(f);
    if (err != VG_OK && head.left == 0)
        return err;
    if (head.left == 0 ||
        (!final && bytes_find(head, 0, '\n') >= head.left && head.left < LOGFILE_HEAD_BYTES))
        return VG_AGAIN;
    if (f->profile == NULL)
        f->profile =
            recognise_head(f->options.profiles, f->options.only,
                           bytes_part(head, 0, LOGFILE_HEAD_BYTES), final && f->at_end, &f->arena);
    if (f->profile == NULL)
        return VG_ERR_NOENT;
    if (f->profile->reader == PROFILE_CSV) {
        delimiter_find(f);
        if (!f->style_known && f->profile->style_auto)
            f->style = recognise_style(f->profile, bytes_part(head, 0, LOGFILE_HEAD_BYTES),
                                       f->delimiter, &f->arena);
        err = header_read(f, final);
        if (err != VG_OK)
            return err;
    }
    mapper_init(&f->mapper, f->profile, f->options.tokens, f->options.zone, f->options.currency,
                str_of(f->source));
    if (f->profile->style_auto && f->profile->reader == PROFILE_CSV)
        f->mapper.style = f->style;
    f->style = f->mapper.style;
    f->style_known = true;
    f->ready = true;
    return VG_OK;
}

/* ---- one record's content ---- */

static enum vg_err
csv_values(struct logfile *f, struct slice clean)
{
    enum vg_err err = csv_split(clean, f->delimiter, &f->arena, &f->row);

    if (err != VG_OK)
        return err;
    for (size_t i = 0; i < f->row.count && i < f->columns; i++) {
        if (f->column_slot[i] < 0)
            continue;
        f->values.value[f->column_slot[i]] = f->row.cell[i];
        f->values.present[f->column_slot[i]] = true;
    }
    return VG_OK;
}

static enum vg_err
record_values(struct logfile *f, struct slice clean)
{
    bool escaped = false;
    enum vg_err err;

    memset(f->values.present, 0, f->profile->names.count * sizeof f->values.present[0]);
    f->arena.len = 0;
    switch (f->profile->reader) {
    case PROFILE_CSV:
        return csv_values(f, clean);
    case PROFILE_TEXT:
        return textlog_read(f->profile->text, clean, &f->values);
    default:
        err = jsonl_read(clean, &f->profile->names, &f->arena, &f->values, &escaped);
        return err == VG_OK && escaped ? values_clean(f) : err;
    }
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
    if (f->profile->reader == PROFILE_TEXT)
        return str_of("");
    for (size_t i = 0; i < f->row.count && i < f->columns; i++)
        if (where >= f->row.cell[i].at && where < f->row.cell[i].at + f->row.cell[i].left)
            return f->column_name[i];
    return str_of("");
}

static void
cards_tell(struct logfile *f, struct slice clean, uint64_t line)
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

static bool
is_blank(struct slice record)
{
    return bytes_trim(record).left == 0;
}

static enum vg_err
record_read(struct logfile *f, struct slice raw, uint64_t line)
{
    struct slice clean;
    enum vg_err err;

    if (is_blank(raw))
        return VG_OK;
    f->counts.records++;
    err = record_clean(f, raw, &clean);
    if (err == VG_OK) {
        err = record_values(f, clean);
        cards_tell(f, clean, line);
        if (err == VG_END) {
            f->counts.skipped++;
            return VG_OK;
        }
        if (err == VG_OK)
            err = mapper_read(&f->mapper, &f->values, clean, &f->hits, line);
    }
    if (err == VG_ERR_SYS || err == VG_ERR_NOMEM)
        return err;
    if (err != VG_OK) {
        record_bad(f, raw);
        return VG_OK;
    }
    f->txn_count = f->mapper.count;
    f->counts.transactions += f->txn_count;
    f->counts.skipped += f->txn_count == 0;
    return VG_OK;
}

/* Bytes that are no record may show a card number all the same. */
static enum vg_err
record_damaged(struct logfile *f, struct slice raw, uint64_t line)
{
    struct slice clean;
    enum vg_err err = record_clean(f, raw, &clean);

    f->counts.records++;
    record_bad(f, raw);
    f->row.count = 0;
    if (err == VG_OK)
        cards_tell(f, clean, line);
    return err == VG_ERR_SYS || err == VG_ERR_NOMEM ? err : VG_OK;
}

enum vg_err
logfile_next(struct logfile *f, bool final)
{
    struct slice raw;
    struct span s;
    uint64_t line;
    enum vg_err err;

    f->txn_count = f->card_count = 0;
    if (!f->ready) {
        err = make_ready(f, final);
        if (err != VG_OK)
            return err;
    }
    err = span_next(f, final, &s);
    if (err != VG_OK && err != VG_ERR_FORMAT)
        return err;
    raw = bytes_part(unread(f), s.start, s.end);
    line = f->line + 1;
    consume(f, s.next, s.lines);
    if (err == VG_OK)
        return record_read(f, raw, line);
    return record_damaged(f, raw, line);
}

/* ---- telling ---- */

const struct txn_view *
logfile_txns(const struct logfile *f, size_t *count)
{
    *count = f->txn_count;
    return f->mapper.txn;
}

const struct card_view *
logfile_cards(const struct logfile *f, size_t *count)
{
    *count = f->card_count;
    return f->cards;
}

const struct profile *
logfile_profile(const struct logfile *f)
{
    return f->profile;
}

uint64_t
logfile_offset(const struct logfile *f)
{
    return f->skipping ? f->skip_from : f->base + f->start;
}

bool
logfile_plain(const struct logfile *f)
{
    return logbytes_plain(f->bytes);
}

bool
logfile_midway(const struct logfile *f)
{
    return logbytes_midway(f->bytes);
}

bool
logfile_partial(const struct logfile *f)
{
    return f->end > f->start || f->skipping;
}

const struct logfile_counts *
logfile_counts(const struct logfile *f)
{
    return &f->counts;
}

const char *
logfile_bad_shape(const struct logfile *f, size_t i)
{
    return i < LOGFILE_SHAPES ? f->shape[i] : "";
}

platform_file
logfile_file(const struct logfile *f)
{
    return f->file;
}

static size_t
at_most(uint64_t n, size_t max)
{
    return n < max ? (size_t)n : max;
}

/* Of the first bytes, as many as were read up to `offset`. */
static uint64_t
head_digest(const struct logfile *f, uint64_t offset)
{
    return str_hash(&f->options.mark_key, f->head, at_most(offset, LOGFILE_MARK_HEAD));
}

/* Of the bytes before the window's start. */
static uint64_t
tail_digest(const struct logfile *f, size_t at, uint64_t offset)
{
    size_t n = at_most(offset, LOGFILE_MARK_TAIL);

    return n <= at ? str_hash(&f->options.mark_key, f->data + at - n, n) : 0;
}

void
logfile_state(const struct logfile *f, struct logfile_state *out)
{
    /* While a record that is too long is passed over its beginning may have left the window; it is
     * then read again from there without the help of the tail's digest. */
    uint64_t offset = logfile_offset(f);

    *out = (struct logfile_state){
        .offset = offset, .line = f->skipping ? f->skip_line : f->line, .style = f->style};
    if (f->ready)
        (void)vg_strcpy(out->format, sizeof out->format, f->profile->name);
    out->head = head_digest(f, offset);
    if (offset >= f->base)
        out->tail = tail_digest(f, (size_t)(offset - f->base), offset);
}

/* Fills the window until `n` bytes stand in it. */
static enum vg_err
window_fill(struct logfile *f, size_t n)
{
    f->at_end = false;
    while (f->end < n) {
        enum vg_err err = refill(f);

        if (err != VG_OK)
            return err;
        if (f->at_end)
            return VG_ERR_SHORT;
    }
    return VG_OK;
}

/* Where the file is not as long as the head was, what there is of it must at least not differ: that
 * cannot be told from a digest, so a file that short counts as other content. */
static enum vg_err
head_check(struct logfile *f, const struct logfile_state *state)
{
    enum vg_err err = window_fill(f, at_most(state->offset, LOGFILE_MARK_HEAD));

    if (err != VG_OK)
        return err == VG_ERR_SHORT ? VG_ERR_DENIED : err;
    return head_digest(f, state->offset) == state->head ? VG_OK : VG_ERR_DENIED;
}

/* To the bytes before the offset, which are compared, and so to the offset. */
static enum vg_err
offset_seek(struct logfile *f, const struct logfile_state *state)
{
    size_t before = at_most(state->offset, LOGFILE_MARK_TAIL);
    enum vg_err err = logbytes_seek(f->bytes, state->offset - before);

    if (err != VG_OK)
        return err;
    f->base = state->offset - before;
    f->start = f->end = 0;
    err = window_fill(f, before);
    if (err != VG_OK)
        return err;
    if (state->tail != 0 && tail_digest(f, before, state->offset) != state->tail)
        return VG_ERR_DENIED;
    f->start = before;
    f->line = state->line;
    f->at_end = false;
    return VG_OK;
}

enum vg_err
logfile_resume(struct logfile *f, const struct logfile_state *state)
{
    enum vg_err err;

    if (state->format[0] == '\0' || state->offset == 0)
        return VG_OK;
    err = head_check(f, state);
    if (err != VG_OK)
        return err;
    if (f->profile == NULL)
        f->profile = profiles_find(f->options.profiles, state->format);
    if (f->profile == NULL)
        return VG_ERR_NOENT;
    f->style = state->style;
    f->style_known = true;
    err = make_ready(f, false);
    if (err != VG_OK)
        return err == VG_AGAIN ? VG_ERR_SHORT : err;
    f->mapper.style = state->style;
    return offset_seek(f, state);
}

bool
logfile_unchanged(const struct logfile *f, uint64_t size)
{
    uint64_t offset = logfile_offset(f);
    size_t want = at_most(offset, LOGFILE_MARK_TAIL), got = 0;
    uint8_t bytes[LOGFILE_MARK_HEAD];

    if (!logfile_plain(f) || offset < f->base || (size_t)(offset - f->base) < want)
        return true; /* nothing to compare with */
    if (size < offset)
        return false;
    if (platform_file_read(f->file, offset - want, bytes, want, &got) != VG_OK || got != want ||
        memcmp(bytes, f->data + (offset - f->base) - want, want) != 0)
        return false;
    want = at_most(offset, f->head_len);
    return platform_file_read(f->file, 0, bytes, want, &got) == VG_OK && got == want &&
           memcmp(bytes, f->head, want) == 0;
}
