/* SPDX-License-Identifier: Apache-2.0 */
/* handshakes: the conversations of tests/fixtures/net/handshakes.txt, by name. */
#pragma once

#include "common/hex.h"
#include "dialog.h"

enum { HANDSHAKE_LINES_MAX = 16, HANDSHAKE_BYTES_MAX = 8192 };

struct handshake {
    struct line line[HANDSHAKE_LINES_MAX];
    size_t count;
    uint8_t *bytes[HANDSHAKE_LINES_MAX]; /* owned */
};

static inline uint8_t
handshake_digit(char c)
{
    return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* Each line in a heap block of its own, so that one byte too many is seen. */
static inline struct handshake
handshake_load(const char *name)
{
    static char text[2 * HANDSHAKE_BYTES_MAX + 64];
    struct handshake h = {.count = 0};
    FILE *f = fopen("tests/fixtures/net/handshakes.txt", "r");
    size_t n = strlen(name);

    assert_non_null(f);
    while (fgets(text, sizeof(text), f) != NULL) {
        size_t len = strcspn(text, "\n");

        assert_int_equal(text[len], '\n');
        if (strncmp(text, name, n) != 0 || text[n] != ' ')
            continue;
        assert_true(h.count < HANDSHAKE_LINES_MAX);
        len = (len - n - 3) / 2;
        h.bytes[h.count] = malloc(len);
        assert_non_null(h.bytes[h.count]);
        for (size_t i = 0; i < len; i++)
            h.bytes[h.count][i] = (uint8_t)(handshake_digit(text[n + 3 + 2 * i]) << 4 |
                                            handshake_digit(text[n + 4 + 2 * i]));
        h.line[h.count] = (struct line){text[n + 1] == 's', h.bytes[h.count], len};
        h.count++;
    }
    fclose(f);
    assert_true(h.count > 0);
    return h;
}

static inline void
handshake_free(struct handshake *h)
{
    for (size_t i = 0; i < h->count; i++)
        free(h->bytes[i]);
}
