/* SPDX-License-Identifier: Apache-2.0 */
/* judge_kit: a sink that keeps events and rows, and seeded random numbers, for tests of detectors. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/detect/detector.h"

/* xoshiro256** (Blackman and Vigna 2018), seeded by splitmix64. */
struct kit_rng {
    uint64_t s[4];
};

static inline uint64_t
kit_next(struct kit_rng *r)
{
    uint64_t *s = r->s, out = ((s[1] * 5) << 7 | (s[1] * 5) >> 57) * 9, t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = s[3] << 45 | s[3] >> 19;
    return out;
}

static inline void
kit_seed(struct kit_rng *r, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        uint64_t z = (seed += UINT64_C(0x9e3779b97f4a7c15));

        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        r->s[i] = z ^ (z >> 31);
    }
}

/* In (0, 1). */
static inline double
kit_uniform(struct kit_rng *r)
{
    return ((double)(kit_next(r) >> 11) + 0.5) / 9007199254740992.0;
}

struct kit_row {
    char detector[64];
    uint8_t key[STATE_KEY_MAX];
    size_t key_len, blob_len;
    uint16_t version;
    uint8_t *blob;
};

enum { KIT_ROWS_MAX = 20000 };

struct kit {
    struct sink sink;
    json_t *events; /* array */
    struct kit_row *rows;
    size_t row_count;
};

static inline void
kit_event(void *ctx, json_t *event)
{
    char why[EVENT_WHY_MAX] = "", *line = vg_json_text(event);
    json_t *read = NULL;

    if (event_check(event, false, why) != VG_OK)
        fail_msg("event: %s", why);
    /* The keeper ends a sensor whose events it cannot read. */
    if (line == NULL ||
        vg_json_parse(slice_of(line, strlen(line)), EVENT_BYTES_MAX, &read) != VG_OK)
        fail_msg("event: no reader takes it: %s", line != NULL ? line : "");
    json_decref(read);
    free(line);
    if (getenv("KIT_SHOW") != NULL) {
        char *text = vg_json_text(event);

        print_message("%s\n", text != NULL ? text : "");
        free(text);
    }
    assert_int_equal(json_array_append_new(((struct kit *)ctx)->events, event), 0);
}

/* Rows replace each other by detector and key, as in the store. */
static inline void
kit_state(void *ctx, const char *detector, struct slice key, uint16_t version, struct slice blob)
{
    struct kit *kit = ctx;
    struct kit_row *row = NULL;

    assert_true(key.left <= STATE_KEY_MAX && blob.left <= STATE_BLOB_MAX);
    for (size_t i = 0; i < kit->row_count && row == NULL; i++)
        if (strcmp(kit->rows[i].detector, detector) == 0 && kit->rows[i].key_len == key.left &&
            memcmp(kit->rows[i].key, key.at, key.left) == 0)
            row = &kit->rows[i];
    if (row == NULL) {
        if (version == 0)
            return;
        assert_true(kit->row_count < KIT_ROWS_MAX);
        row = &kit->rows[kit->row_count++];
        *row = (struct kit_row){.key_len = key.left};
        (void)vg_strcpy(row->detector, sizeof row->detector, detector);
        memcpy(row->key, key.at, key.left);
    }
    free(row->blob);
    row->version = version;
    row->blob_len = blob.left;
    row->blob = malloc(blob.left + 1);
    assert_non_null(row->blob);
    memcpy(row->blob, blob.at, blob.left);
}

static inline void
kit_init(struct kit *kit)
{
    static const struct sink_ops ops = {.event = kit_event, .state = kit_state};

    *kit = (struct kit){.sink = {&ops, kit}, .events = json_array()};
    kit->rows = calloc(KIT_ROWS_MAX, sizeof *kit->rows);
    assert_non_null(kit->rows);
}

static inline void
kit_done(struct kit *kit)
{
    json_decref(kit->events);
    for (size_t i = 0; i < kit->row_count; i++)
        free(kit->rows[i].blob);
    free(kit->rows);
}
