/* SPDX-License-Identifier: Apache-2.0 */
#include "common/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
buf_init(struct buf *b, size_t cap)
{
    *b = (struct buf){.cap = cap};
}

void
buf_done(struct buf *b)
{
    free(b->data);
    *b = (struct buf){.cap = b->cap};
}

void
buf_clear(struct buf *b)
{
    b->len = 0;
    b->bad = false;
}

/* Room for n more bytes and one NUL. */
static bool
reserve(struct buf *b, size_t n)
{
    size_t want, room;
    uint8_t *grown;

    if (b->bad)
        return false;
    if (n > b->cap || b->len > b->cap - n) {
        b->bad = true;
        return false;
    }
    want = b->len + n + 1;
    if (want <= b->room)
        return true;
    room = b->room < 64 ? 64 : b->room;
    while (room < want)
        room *= 2;
    if (room > b->cap + 1)
        room = b->cap + 1;
    grown = realloc(b->data, room);
    if (grown == NULL) {
        b->bad = true;
        return false;
    }
    b->data = grown;
    b->room = room;
    return true;
}

void
buf_put(struct buf *b, const void *bytes, size_t n)
{
    if (n == 0 || !reserve(b, n))
        return;
    memcpy(b->data + b->len, bytes, n);
    b->len += n;
}

void
buf_put_u8(struct buf *b, uint8_t v)
{
    buf_put(b, &v, 1);
}

void
buf_put_be16(struct buf *b, uint16_t v)
{
    const uint8_t raw[2] = {(uint8_t)(v >> 8), (uint8_t)v};

    buf_put(b, raw, sizeof raw);
}

void
buf_put_be32(struct buf *b, uint32_t v)
{
    buf_put_be16(b, (uint16_t)(v >> 16));
    buf_put_be16(b, (uint16_t)v);
}

void
buf_put_be64(struct buf *b, uint64_t v)
{
    buf_put_be32(b, (uint32_t)(v >> 32));
    buf_put_be32(b, (uint32_t)v);
}

void
buf_put_str(struct buf *b, const char *s)
{
    buf_put(b, s, strlen(s));
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list args;
    int n;

    va_start(args, fmt);
    n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (n < 0 || !reserve(b, (size_t)n)) {
        b->bad = true;
        return;
    }
    va_start(args, fmt);
    (void)vsnprintf((char *)b->data + b->len, (size_t)n + 1, fmt, args);
    va_end(args);
    b->len += (size_t)n;
}

void
buf_consume(struct buf *b, size_t n)
{
    if (n >= b->len) {
        b->len = 0;
        return;
    }
    memmove(b->data, b->data + n, b->len - n);
    b->len -= n;
}

const char *
buf_str(struct buf *b)
{
    if (!reserve(b, 0))
        return NULL;
    b->data[b->len] = '\0';
    return (const char *)b->data;
}
