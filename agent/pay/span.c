/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/span.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/vtime.h"

#define PAST_NS VG_HOUR_NS

/* Never 0. */
static uint64_t
hash_of(const struct txn_view *t)
{
    uint64_t id = t->id.len > 0 ? str_hash(&STR_HASH_STORED, t->id.at, t->id.len)
                                : (uint64_t)t->amount * UINT64_C(0x9e3779b97f4a7c15);

    return ((id ^ (uint64_t)t->time_ns) * UINT64_C(0xd6e8feb86659fd93)) | 1;
}

void
span_see(struct spans *s, const struct txn_view *t)
{
    if (s->is.first == 0) {
        s->is.first = hash_of(t);
        s->is.first_ns = s->is.last_ns = t->time_ns;
        if (s->was.first != s->is.first)
            s->was = (struct span){0};
    }
    if (t->time_ns > s->is.last_ns)
        s->is.last_ns = t->time_ns;
    s->is.rows = s->rows;
    if (t->time_ns <= s->was.last_ns)
        s->again_rows = s->rows;
}

void
span_inherit(struct spans *s, const struct spans *old)
{
    s->was = old->is;
    /* One that was itself not yet compared with a longer one. */
    if (old->was.rows > old->is.rows)
        s->was = old->was;
}

bool
span_is_past(const struct spans *s)
{
    return s->was.rows > 0 && s->is.first != 0 && s->is.last_ns > s->was.last_ns + PAST_NS;
}

uint64_t
span_lost(const struct spans *s)
{
    return s->is.first != 0 && s->was.rows > s->again_rows ? s->was.rows - s->again_rows : 0;
}

enum { NUMBERS = SPAN_TEXT / 16 };

void
span_text(const struct spans *s, char out[SPAN_TEXT + 1])
{
    const uint64_t all[NUMBERS] = {s->rows,
                                   (uint64_t)s->is.first_ns,
                                   (uint64_t)s->is.last_ns,
                                   s->is.first,
                                   s->is.rows,
                                   (uint64_t)s->was.first_ns,
                                   (uint64_t)s->was.last_ns,
                                   s->was.first,
                                   s->was.rows,
                                   s->again_rows};

    for (size_t i = 0; i < NUMBERS; i++)
        (void)snprintf(out + 16 * i, 17, "%016" PRIx64, all[i]);
}

void
span_parse(struct spans *s, const char *text)
{
    uint64_t all[NUMBERS];
    char one[17] = "";

    *s = (struct spans){0};
    if (strlen(text) != SPAN_TEXT || strspn(text, "0123456789abcdef") != SPAN_TEXT)
        return;
    for (size_t i = 0; i < NUMBERS; i++) {
        memcpy(one, text + 16 * i, 16);
        all[i] = strtoull(one, NULL, 16);
    }
    *s = (struct spans){.rows = all[0],
                        .is = {(int64_t)all[1], (int64_t)all[2], all[3], all[4]},
                        .was = {(int64_t)all[5], (int64_t)all[6], all[7], all[8]},
                        .again_rows = all[9]};
}
