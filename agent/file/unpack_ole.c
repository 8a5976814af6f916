/* SPDX-License-Identifier: Apache-2.0 */
/* The source of the macros in an OLE document (MS-OVBA 2.4.1, compressed containers). They are found by
 * the text that each module begins with, which the packing leaves readable, and not by the tables of
 * sectors; a module that lies in pieces is unpacked as far as its first one. */
#include "agent/file/unpack_private.h"

#include <stdio.h>
#include <string.h>

enum {
    CHUNK = 4096, /* unpacked */
    CHUNK_SIGNATURE = 3,
    CONTAINER_SIGNATURE = 1,
    CHUNKS_MAX = 4096,
    NAME = 32,
};

/* "Attribute VB_Name": the first token byte of the first chunk, eight letters, the next token byte. */
static const char MARK[] = "\0Attribut\0e";
enum { MARK_BYTES = sizeof(MARK) - 1, MARK_AT = 3 }; /* after signature and header */

struct chunk {
    uint8_t bytes[CHUNK];
    size_t len;
};

/* One copy token; false where it points before the chunk. */
static bool
copy(struct chunk *c, uint16_t token)
{
    unsigned bits = 4;
    size_t length, back;

    while ((size_t)1 << bits < c->len)
        bits++;
    length = (token & (0xffffu >> bits)) + 3u;
    back = (size_t)(token >> (16 - bits)) + 1;
    if (back > c->len)
        return false;
    for (; length > 0 && c->len < CHUNK; length--, c->len++)
        c->bytes[c->len] = c->bytes[c->len - back];
    return true;
}

static bool
unpack_chunk(struct slice in, struct chunk *c)
{
    c->len = 0;
    while (in.left > 0) {
        uint8_t flags = slice_u8(&in);

        for (int i = 0; i < 8 && in.left > 0; i++) {
            if ((flags >> i & 1) == 0) {
                if (c->len == CHUNK)
                    return false;
                c->bytes[c->len++] = slice_u8(&in);
            } else if (!copy(c, slice_le16(&in)) || in.bad) {
                return false;
            }
        }
    }
    return true;
}

static void
module(struct unpack *u, struct slice in, size_t number)
{
    struct chunk chunk;
    char name[NAME];
    bool more = true;

    slice_skip(&in, 1);
    snprintf(name, sizeof(name), "macro %zu", number);
    if (!unpack_begin(u, name))
        return;
    for (int i = 0; more && i < CHUNKS_MAX && in.left > 0; i++) {
        uint16_t header = slice_le16(&in);
        struct slice data;

        if ((header >> 12 & 7) != CHUNK_SIGNATURE)
            break;
        data = slice_sub(&in,
                         (size_t)(header & 0xfff) + 1); /* size - 3, of which two are the header */
        if (data.bad)
            break;
        if ((header & 0x8000) == 0) {
            size_t len = data.left;

            more = unpack_more(u, slice_take(&data, len), len);
            continue;
        }
        more = unpack_chunk(data, &chunk);
        more = unpack_more(u, chunk.bytes, chunk.len) && more;
    }
    unpack_end(u);
}

void
unpack_ole(struct unpack *u, struct slice file)
{
    size_t number = 0;

    for (size_t at = 0; at + MARK_AT + MARK_BYTES <= file.left; at++) {
        struct slice in = file, look;
        const uint8_t *all, *next;
        size_t left = file.left - at;

        slice_skip(&in, at);
        look = in;
        all = slice_take(&look, left);
        next = memchr(all, CONTAINER_SIGNATURE, left);
        if (next == NULL)
            return;
        at += (size_t)(next - all);
        slice_skip(&in, (size_t)(next - all));
        look = in;
        slice_skip(&look, MARK_AT);
        all = slice_take(&look, MARK_BYTES);
        if (all != NULL && memcmp(all, MARK, MARK_BYTES) == 0)
            module(u, in, ++number);
        if (u->level[u->depth].capped)
            return;
    }
}
