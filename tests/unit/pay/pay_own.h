/* SPDX-License-Identifier: Apache-2.0 */
/* A text in a heap block of exactly its own length, so that ASan sees a read behind its end. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/slice.h"

struct own {
    uint8_t *block;
    struct slice text;
};

static inline struct own
own_n(const void *text, size_t n)
{
    struct own o = {.block = malloc(n > 0 ? n : 1)};

    assert_non_null(o.block);
    memcpy(o.block, text, n);
    o.text = slice_of(o.block, n);
    return o;
}

static inline struct own
own(const char *text)
{
    return own_n(text, strlen(text));
}
