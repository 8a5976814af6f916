/* SPDX-License-Identifier: Apache-2.0 */
/* sink: where a sensor's records go: the link to the keeper in `run`, standard output in `read`,
 * `pay` and `scan`, an array in tests. All that lies between two commits is one transaction. */
#pragma once

#include "common/event.h"

struct sink_ops {
    /* An event without id, store, seq, recorded, incident. The reference is taken. */
    void (*event)(void *ctx, json_t *event);
    /* Context kept for some days: one compact JSON object. May be dropped when over a cap. */
    void (*observation)(void *ctx, struct slice json);
    /* A baseline row; an empty blob with version 0 removes it. */
    void (*state)(void *ctx, const char *detector, struct slice key, uint16_t version,
                  struct slice blob);
    /* Where a source has been read to, as a compact JSON object. */
    void (*position)(void *ctx, const char *source, struct slice json);
    /* Ends the transaction and returns when it is durable (at once where there is no store).
     * VG_ERR_SYS when the keeper is gone: the worker ends. */
    enum vg_err (*commit)(void *ctx);
    /* Counters: a flat JSON object of integers and texts; the newest of each sensor is kept. */
    void (*health)(void *ctx, struct slice json);
};

struct sink {
    const struct sink_ops *ops;
    void *ctx;
};

/* Size limits of one row; larger ones are the detector's own mistake. */
enum { STATE_KEY_MAX = 256, STATE_BLOB_MAX = 256 * 1024 };
