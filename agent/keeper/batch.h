/* SPDX-License-Identifier: Apache-2.0 */
/* batch: all that one worker sent between two commits, waiting to become one transaction. */
#pragma once

#include "agent/detect/sink.h"

enum {
    BATCH_EVENTS_MAX = 2000,
    BATCH_OBSERVATIONS_MAX = 20000,
    BATCH_ROWS_MAX = 200000,
    BATCH_POSITIONS_MAX = 1024,
    BATCH_BYTES_MAX = 64 * 1024 * 1024,
};

struct batch_row {
    char *detector;
    uint8_t *key, *blob; /* blob NULL with version 0: remove */
    size_t key_len, blob_len;
    uint16_t version;
};

struct batch_position {
    char *source, *json;
};

/* Everything is owned by the batch. */
struct batch {
    const char *sensor; /* borrowed: "net" ... */
    json_t **events;
    size_t event_count;
    char **observations;
    size_t observation_count, observations_dropped;
    struct batch_row *rows;
    size_t row_count;
    struct batch_position *positions;
    size_t position_count;
    char *health;       /* the newest, or NULL */
    size_t bytes;       /* of all but the events */
    size_t event_bytes; /* what their trees take in memory, about */
};

void batch_init(struct batch *b, const char *sensor);
void batch_clear(struct batch *b); /* after a commit, or when the worker died before one */

/* Copies in; VG_ERR_LIMIT over a cap (the worker is ended), except observations, which are dropped
 * and counted. batch_event takes the reference. VG_ERR_NOMEM. */
enum vg_err batch_event(struct batch *b, json_t *event) VG_MUST_CHECK;
enum vg_err batch_observation(struct batch *b, struct slice json) VG_MUST_CHECK;
enum vg_err batch_row(struct batch *b, struct slice detector, struct slice key, uint16_t version,
                      struct slice blob) VG_MUST_CHECK;
enum vg_err batch_position(struct batch *b, struct slice source, struct slice json) VG_MUST_CHECK;
