/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/mime_decode.h"

#include "agent/net/proto/words.h"

enum mime_coding
mime_coding_of(struct str name)
{
    if (words_is(name, "base64"))
        return MIME_BASE64;
    return words_is(name, "quoted-printable") ? MIME_QUOTED : MIME_PLAIN;
}

struct sink_of {
    struct mime_decoder *d;
    struct transfer *file;
    const struct protocol_call *call;
};

static void
flush(struct sink_of *s)
{
    if (s->d->used > 0)
        transfer_bytes(s->file, s->call, slice_of(s->d->out, s->d->used));
    s->d->used = 0;
}

static void
put(struct sink_of *s, uint8_t c)
{
    if (s->d->used == MIME_OUT_BYTES)
        flush(s);
    s->d->out[s->d->used++] = c;
}

static void
put_line_end(struct sink_of *s)
{
    if (s->d->line_end == 2)
        put(s, '\r');
    if (s->d->line_end > 0)
        put(s, '\n');
    s->d->line_end = 0;
}

static void
decode_base64(struct sink_of *s, struct slice in)
{
    struct mime_decoder *d = s->d;

    while (in.left > 0 && !d->padded) {
        uint8_t c = slice_u8(&in);
        int v = words_sextet(c);

        d->padded = c == '=';
        if (v < 0) /* RFC 2045, 6.8: others are ignored */
            continue;
        d->bits = d->bits << 6 | (uint32_t)v;
        d->have = (uint8_t)(d->have + 6);
        if (d->have >= 8) {
            d->have = (uint8_t)(d->have - 8);
            put(s, (uint8_t)(d->bits >> d->have));
        }
    }
}

/* True: the line goes on in the next one. */
static bool
decode_quoted(struct sink_of *s, struct slice in)
{
    while (in.left > 0) {
        uint8_t c = slice_u8(&in);
        struct slice ahead = in;
        int high, low;

        if (c != '=') {
            put(s, c);
            continue;
        }
        if (in.left == 0)
            return true;
        high = words_hex(slice_u8(&ahead));
        low = words_hex(slice_u8(&ahead));
        if (!ahead.bad && high >= 0 && low >= 0) {
            put(s, (uint8_t)(high << 4 | low));
            in = ahead;
        } else {
            put(s, c);
        }
    }
    return false;
}

void
mime_decode(struct mime_decoder *d, struct transfer *file, const struct protocol_call *call,
            const struct line_piece *line)
{
    struct sink_of s = {d, file, call};
    struct slice in = slice_of(line->text.at, line->text.len);

    if (d->coding == MIME_BASE64) {
        decode_base64(&s, in);
        return;
    }
    put_line_end(&s);
    if (d->coding == MIME_QUOTED) {
        d->line_end = decode_quoted(&s, in) ? 0 : line->end_bytes;
        return;
    }
    while (in.left > 0) {
        size_t room = MIME_OUT_BYTES - d->used, n = in.left < room ? in.left : room;

        (void)slice_copy(&in, d->out + d->used, n);
        d->used += (uint32_t)n;
        if (d->used == MIME_OUT_BYTES)
            flush(&s);
    }
    d->line_end = line->end_bytes;
}

void
mime_decode_gap(struct mime_decoder *d, struct transfer *file, const struct protocol_call *call,
                uint64_t bytes)
{
    struct sink_of s = {d, file, call};

    if (d->coding == MIME_BASE64) { /* 4 characters are 3 bytes; whole groups are lost */
        bytes = bytes / 4 * 3;
        d->have = 0;
    }
    flush(&s);
    if (bytes > 0)
        transfer_gap(file, call, bytes);
}

void
mime_decode_end(struct mime_decoder *d, struct transfer *file, const struct protocol_call *call)
{
    struct sink_of s = {d, file, call};

    flush(&s);
}
