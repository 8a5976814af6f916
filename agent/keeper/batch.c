/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keeper/batch.h"

#include <stdlib.h>
#include <string.h>

enum { VALUE_WEIGHT = 128 };

void
batch_init(struct batch *b, const char *sensor)
{
    *b = (struct batch){.sensor = sensor};
}

void
batch_clear(struct batch *b)
{
    for (size_t i = 0; i < b->event_count; i++)
        json_decref(b->events[i]);
    for (size_t i = 0; i < b->observation_count; i++)
        free(b->observations[i]);
    for (size_t i = 0; i < b->row_count; i++) {
        free(b->rows[i].detector);
        free(b->rows[i].key);
        free(b->rows[i].blob);
    }
    for (size_t i = 0; i < b->position_count; i++) {
        free(b->positions[i].source);
        free(b->positions[i].json);
    }
    free(b->events);
    free(b->observations);
    free(b->rows);
    free(b->positions);
    free(b->health);
    batch_init(b, b->sensor);
}

/* Makes room for one more element: the arrays hold a power of two (16 at least) of them, so that
 * no capacity has to be kept beside the count. */
static bool
grow(void **array, size_t count, size_t element)
{
    size_t room = 16;
    void *grown;

    while (room < count)
        room *= 2;
    if (*array != NULL && count < room)
        return true;
    if (*array != NULL)
        room *= 2;
    grown = realloc(*array, room * element);
    if (grown == NULL)
        return false;
    *array = grown;
    return true;
}

/* Counts n more bytes; false when the batch would be larger than a transaction may be. */
static bool
count_bytes(struct batch *b, size_t n)
{
    if (n > BATCH_BYTES_MAX - b->bytes)
        return false;
    b->bytes += n;
    return true;
}

/* A copy with a NUL behind it, never NULL for an empty slice. */
static uint8_t *
copy(struct slice s)
{
    uint8_t *out = malloc(s.left + 1);

    if (out == NULL)
        return NULL;
    out[s.left] = '\0';
    (void)slice_copy(&s, out, s.left);
    return out;
}

/* What a tree takes in memory, about: three bytes of text make a value of a hundred. Trees come from
 * the parser, which has a cap on depth. */
static size_t
weight(const json_t *tree)
{
    size_t sum = VALUE_WEIGHT + (json_is_string(tree) ? json_string_length(tree) : 0), i;
    const char *key;
    json_t *value;

    json_array_foreach(tree, i, value) sum += weight(value);
    json_object_foreach((json_t *)tree, key, value) sum +=
        VALUE_WEIGHT + strlen(key) + weight(value);
    return sum;
}

enum vg_err
batch_event(struct batch *b, json_t *event)
{
    size_t n = weight(event);
    enum vg_err err = VG_ERR_LIMIT;

    if (b->event_count == BATCH_EVENTS_MAX || n > BATCH_BYTES_MAX - b->event_bytes)
        goto fail;
    err = VG_ERR_NOMEM;
    if (!grow((void **)&b->events, b->event_count, sizeof b->events[0]))
        goto fail;
    b->events[b->event_count++] = event;
    b->event_bytes += n;
    return VG_OK;
fail:
    json_decref(event);
    return err;
}

enum vg_err
batch_observation(struct batch *b, struct slice json)
{
    char *text;

    if (b->observation_count == BATCH_OBSERVATIONS_MAX || !count_bytes(b, json.left)) {
        b->observations_dropped++;
        return VG_OK;
    }
    if (!grow((void **)&b->observations, b->observation_count, sizeof b->observations[0]))
        return VG_ERR_NOMEM;
    text = (char *)copy(json);
    if (text == NULL)
        return VG_ERR_NOMEM;
    b->observations[b->observation_count++] = text;
    return VG_OK;
}

enum vg_err
batch_row(struct batch *b, struct slice detector, struct slice key, uint16_t version,
          struct slice blob)
{
    struct batch_row row = {.version = version, .key_len = key.left};

    if (b->row_count == BATCH_ROWS_MAX || !count_bytes(b, detector.left + key.left + blob.left))
        return VG_ERR_LIMIT;
    if (!grow((void **)&b->rows, b->row_count, sizeof b->rows[0]))
        return VG_ERR_NOMEM;
    row.detector = (char *)copy(detector);
    row.key = copy(key);
    if (row.detector == NULL || row.key == NULL)
        goto fail;
    if (version != 0 || blob.left > 0) {
        row.blob = copy(blob);
        row.blob_len = blob.left;
        if (row.blob == NULL)
            goto fail;
    }
    b->rows[b->row_count++] = row;
    return VG_OK;
fail:
    free(row.detector);
    free(row.key);
    return VG_ERR_NOMEM;
}

enum vg_err
batch_position(struct batch *b, struct slice source, struct slice json)
{
    struct batch_position position;

    if (b->position_count == BATCH_POSITIONS_MAX || !count_bytes(b, source.left + json.left))
        return VG_ERR_LIMIT;
    if (!grow((void **)&b->positions, b->position_count, sizeof b->positions[0]))
        return VG_ERR_NOMEM;
    position.source = (char *)copy(source);
    position.json = (char *)copy(json);
    if (position.source == NULL || position.json == NULL) {
        free(position.source);
        free(position.json);
        return VG_ERR_NOMEM;
    }
    b->positions[b->position_count++] = position;
    return VG_OK;
}
