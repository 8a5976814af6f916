/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/span.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/vtime.h"

#define PAST_NS VG_HOUR_NS
/* Two sales further apart than this may have a night between them. */
#define NIGHT_NS (6 * VG_HOUR_NS)
/* A log that is begun anew each day or shift is no news. */
#define LOG_OF_DAYS_NS (2 * VG_DAY_NS)

/* Of the old rows at most so many (one in) stand in a log that was emptied: an export comes whole. */
enum { EMPTIED_SHARE = 4 };

/* Never 0. */
static uint64_t
hash_of(const struct txn_view *t)
{
    uint64_t id = t->id.len > 0 ? str_hash(&STR_HASH_STORED, t->id.at, t->id.len)
                                : (uint64_t)t->amount * UINT64_C(0x9e3779b97f4a7c15);

    return ((id ^ (uint64_t)t->time_ns) * UINT64_C(0xd6e8feb86659fd93)) | 1;
}

/* Whether the content that begins with this transaction can be compared with the one before. */
static bool
is_related(const struct span *was, uint64_t hash, int64_t time_ns, uint64_t *how)
{
    *how = SPAN_SAME;
    if (was->head[0].hash == hash)
        return true;
    for (size_t i = 1; i < SPAN_HEAD; i++) {
        int64_t apart = was->head[i].time_ns - was->head[i - 1].time_ns;

        *how = SPAN_CUT;
        if (was->head[i].hash == hash && apart > -NIGHT_NS && apart < NIGHT_NS)
            return true;
    }
    *how = SPAN_EMPTIED;
    return was->last_ns - was->head[0].time_ns >= LOG_OF_DAYS_NS && time_ns >= was->last_ns &&
           time_ns - was->last_ns <= PAST_NS;
}

static void
head_add(struct span *is, uint64_t hash, int64_t time_ns)
{
    for (size_t i = 0; i < SPAN_HEAD; i++)
        if (is->head[i].hash == 0) {
            is->head[i].hash = hash;
            is->head[i].time_ns = time_ns;
            return;
        }
}

void
span_see(struct spans *s, const struct txn_view *t)
{
    if (s->is.head[0].hash == 0) {
        s->is.last_ns = t->time_ns;
        if (!is_related(&s->was, hash_of(t), t->time_ns, &s->how))
            s->was = (struct span){0};
    }
    if (s->is.head[SPAN_HEAD - 1].hash == 0)
        head_add(&s->is, hash_of(t), t->time_ns);
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
    return s->was.rows > 0 && s->is.head[0].hash != 0 && s->is.last_ns > s->was.last_ns + PAST_NS;
}

uint64_t
span_lost(const struct spans *s)
{
    if (s->is.head[0].hash == 0)
        return 0;
    if (s->how == SPAN_EMPTIED)
        return s->is.rows <= s->was.rows / EMPTIED_SHARE ? s->was.rows : 0;
    if (s->was.rows <= s->again_rows || (s->how == SPAN_CUT && s->was.rows <= s->is.rows))
        return 0;
    return s->was.rows - s->again_rows;
}

enum { NUMBERS = SPAN_TEXT / 16, SPAN_NUMBERS = 2 * SPAN_HEAD + 2 };

static void
numbers_of(const struct span *s, uint64_t out[SPAN_NUMBERS])
{
    for (size_t i = 0; i < SPAN_HEAD; i++) {
        out[2 * i] = s->head[i].hash;
        out[2 * i + 1] = (uint64_t)s->head[i].time_ns;
    }
    out[SPAN_NUMBERS - 2] = (uint64_t)s->last_ns;
    out[SPAN_NUMBERS - 1] = s->rows;
}

static bool
time_of(uint64_t number, int64_t *out)
{
    *out = (int64_t)number;
    return *out > INT64_MIN / 4 && *out < INT64_MAX / 4; /* they are held against each other */
}

static bool
numbers_to(const uint64_t in[SPAN_NUMBERS], struct span *s)
{
    for (size_t i = 0; i < SPAN_HEAD; i++) {
        s->head[i].hash = in[2 * i];
        if (!time_of(in[2 * i + 1], &s->head[i].time_ns))
            return false;
    }
    s->rows = in[SPAN_NUMBERS - 1];
    return time_of(in[SPAN_NUMBERS - 2], &s->last_ns);
}

void
span_text(const struct spans *s, char out[SPAN_TEXT + 1])
{
    uint64_t all[NUMBERS] = {s->rows, s->again_rows, s->how};

    numbers_of(&s->is, all + 3);
    numbers_of(&s->was, all + 3 + SPAN_NUMBERS);
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
    *s = (struct spans){.rows = all[0], .again_rows = all[1], .how = all[2]};
    if (!numbers_to(all + 3, &s->is) || !numbers_to(all + 3 + SPAN_NUMBERS, &s->was))
        *s = (struct spans){0};
}
