/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/http_chunks.h"

#include <string.h>

enum { DIGITS_MAX = 15 };

enum state {
    SIZE,
    EXTENSION, /* the rest of the size's line */
    DATA,
    DATA_END,    /* the line end behind the data */
    TRAILER,     /* at the start of a line */
    TRAILER_LINE /* within one */
};

static int
hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static enum vg_err
in_size(struct http_chunks *c, struct slice *in)
{
    struct slice peek = *in;
    int digit = hex_digit(slice_u8(&peek));

    if (digit < 0) {
        c->state = EXTENSION;
        return c->digits > 0 ? VG_OK : VG_ERR_FORMAT;
    }
    *in = peek;
    c->left = c->left << 4 | (unsigned)digit;
    return ++c->digits <= DIGITS_MAX ? VG_OK : VG_ERR_FORMAT;
}

/* Up to and with the line's end; false when it is not there yet. */
static bool
skip_line(struct slice *in, uint16_t *line)
{
    const uint8_t *end = memchr(in->at, '\n', in->left);
    size_t n = end != NULL ? (size_t)(end - in->at) + 1 : in->left, all = *line + n;

    *line = (uint16_t)(all < HTTP_CHUNK_LINE_MAX ? all : HTTP_CHUNK_LINE_MAX);
    slice_skip(in, n);
    return end != NULL;
}

static enum vg_err
in_extension(struct http_chunks *c, struct slice *in)
{
    if (skip_line(in, &c->line)) {
        c->state = c->left > 0 ? DATA : TRAILER;
        c->digits = 0;
        c->line = 0;
    }
    return c->line < HTTP_CHUNK_LINE_MAX ? VG_OK : VG_ERR_FORMAT;
}

static enum vg_err
in_data_end(struct http_chunks *c, struct slice *in)
{
    uint8_t b = slice_u8(in);

    if (b == '\n')
        c->state = SIZE;
    return b == '\n' || b == '\r' ? VG_OK : VG_ERR_FORMAT;
}

static enum vg_err
in_trailer(struct http_chunks *c, struct slice *in)
{
    struct slice peek = *in;
    uint8_t b = slice_u8(&peek);

    if (c->state == TRAILER && b == '\n') {
        *in = peek;
        return VG_END;
    }
    if (c->state == TRAILER && b == '\r') {
        *in = peek;
        c->line++;
    } else {
        c->state = skip_line(in, &c->line) ? TRAILER : TRAILER_LINE;
    }
    return c->line < HTTP_CHUNK_LINE_MAX ? VG_OK : VG_ERR_FORMAT;
}

enum vg_err
http_chunks_next(struct http_chunks *c, struct slice *in, struct slice *data)
{
    enum vg_err err = VG_OK;

    *data = slice_of(NULL, 0);
    while (in->left > 0 && err == VG_OK) {
        switch (c->state) {
        case SIZE:
            err = in_size(c, in);
            break;
        case EXTENSION:
            err = in_extension(c, in);
            break;
        case DATA:
            *data = slice_sub(in, c->left < in->left ? (size_t)c->left : in->left);
            c->left -= data->left;
            if (c->left == 0)
                c->state = DATA_END;
            return VG_OK;
        case DATA_END:
            err = in_data_end(c, in);
            break;
        default:
            err = in_trailer(c, in);
            break;
        }
    }
    return err;
}

bool
http_chunks_skip(struct http_chunks *c, uint64_t bytes)
{
    if (c->state != DATA || bytes > c->left)
        return false;
    c->left -= bytes;
    if (c->left == 0)
        c->state = DATA_END;
    return true;
}
