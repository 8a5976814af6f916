/* SPDX-License-Identifier: Apache-2.0 */
/* The streams of a PDF that are packed by Flate alone (ISO 32000-1, 7.3.8 and 7.4.4), found by their
 * keyword and not by the cross-reference table, which hostile files bend. */
#include "agent/file/unpack_private.h"

#include <stdio.h>
#include <string.h>

#define ZLIB_CONST /* next_in points to what is not changed */
#include <zlib.h>

enum { DICTIONARY = 1024, OUTPUT = 16 * 1024, NAME = 32 };

/* `bytes` from the next `word` on, and what was skipped; false: there is none. */
static bool
find(struct slice *bytes, const char *word, size_t *skipped)
{
    size_t len = strlen(word);
    struct slice at = *bytes;

    while (at.left >= len) {
        struct slice begin = at;
        const uint8_t *all = slice_take(&begin, at.left);
        const uint8_t *next = memchr(all, word[0], at.left - len + 1);

        if (next == NULL)
            return false;
        slice_skip(&at, (size_t)(next - all));
        if (memcmp(next, word, len) == 0) {
            *skipped = bytes->left - at.left;
            *bytes = at;
            return true;
        }
        slice_skip(&at, 1);
    }
    return false;
}

static void
inflate_stream(struct unpack *u, struct slice packed, size_t number)
{
    uint8_t out[OUTPUT];
    char name[NAME];
    z_stream z = {.avail_in = (uInt)packed.left};
    int rc = Z_OK;
    bool more = true;

    z.next_in = slice_take(&packed, packed.left);
    if (inflateInit(&z) != Z_OK) { /* no memory */
        u->level[u->depth].capped = true;
        u->counts->failed++;
        return;
    }
    snprintf(name, sizeof(name), "stream %zu", number);
    if (unpack_begin(u, name)) {
        while (more && rc == Z_OK) {
            z.next_out = out;
            z.avail_out = sizeof(out);
            rc = inflate(&z, Z_NO_FLUSH);
            more = unpack_more(u, out, sizeof(out) - z.avail_out);
            if (z.avail_out == sizeof(out))
                break;
        }
        if (more && rc != Z_STREAM_END)
            u->level[u->depth].damaged = true;
        u->counts->failed += rc == Z_MEM_ERROR;
        unpack_end(u);
    }
    (void)inflateEnd(&z);
}

void
unpack_pdf(struct unpack *u, struct slice file)
{
    struct slice at = file;
    size_t skipped, number = 0;

    while (!u->level[u->depth].capped && find(&at, "stream", &skipped)) {
        size_t place = file.left - at.left;
        size_t back = place < DICTIONARY ? place : DICTIONARY;
        struct slice before = file, dictionary, data;
        uint8_t end;

        slice_skip(&before, place - back);
        dictionary = slice_sub(&before, back);
        slice_skip(&at, 6);
        data = at;
        end = slice_u8(&data);
        if (end == '\r')
            end = slice_u8(&data);
        if (data.bad || end != '\n') /* "endstream", or a word of a text */
            continue;
        number++;
        if (find(&dictionary, "/Fl", &skipped)) /* FlateDecode, or Fl in short */
            inflate_stream(u, data, number);
    }
}
