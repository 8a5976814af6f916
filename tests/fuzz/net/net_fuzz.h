/* SPDX-License-Identifier: Apache-2.0 */
/* net_fuzz: an engine whose words are checked for what must always hold. */
#pragma once

#include <stdlib.h>

#include "agent/net/engine.h"
#include "agent/net/metadata.h"
#include "common/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_HOLDS(x)                                                                              \
    do {                                                                                           \
        if (!(x))                                                                                  \
            __builtin_trap();                                                                      \
    } while (0)

struct fuzz_run {
    unsigned started, ended;
    int64_t last_ns;
    struct buf line;
};

static inline void
fuzz_observe(void *ctx, const struct obs *obs)
{
    struct fuzz_run *run = ctx;

    run->started += obs->kind == OBS_FLOW_START;
    run->ended += obs->kind == OBS_FLOW_END;
    FUZZ_HOLDS(obs->time_ns >= run->last_ns); /* detectors rely on the order of time */
    run->last_ns = obs->time_ns;
    if (obs->kind == OBS_BODY) {
        volatile uint8_t sum = 0;

        for (size_t i = 0; i < obs->body->len; i++)
            sum = (uint8_t)(sum + obs->body->bytes[i]);
    }
    buf_clear(&run->line);
    if (metadata_put(obs, &run->line)) { /* whatever the input: one valid JSON object */
        json_t *parsed = NULL;

        FUZZ_HOLDS(!run->line.bad);
        FUZZ_HOLDS(vg_json_parse(buf_slice(&run->line), run->line.len, &parsed) == VG_OK);
        json_decref(parsed);
    }
}

/* An engine is dear to make under a sanitizer and as new after a flush: one serves FUZZ_ENGINE_RUNS
 * inputs, then another takes its place, so that nothing that grows is missed. */
enum { FUZZ_ENGINE_RUNS = 500 };
static struct {
    struct net_engine *engine;
    struct fuzz_run *run;
    unsigned runs;
} fuzz_kept;

static inline void
fuzz_observe_kept(void *ctx, const struct obs *obs)
{
    (void)ctx;
    fuzz_observe(fuzz_kept.run, obs);
}

static inline struct net_engine *
fuzz_engine(struct fuzz_run *run)
{
    buf_init(&run->line, 1024 * 1024);
    fuzz_kept.run = run;
    if (fuzz_kept.engine == NULL)
        FUZZ_HOLDS(net_engine_new(fuzz_observe_kept, NULL, 8, &fuzz_kept.engine) == VG_OK);
    return fuzz_kept.engine;
}

/* In a heap block of its own, so that one byte too many is seen. */
static inline void
fuzz_frame(struct net_engine *e, int link, int64_t t, struct slice bytes)
{
    size_t len = bytes.left;
    uint8_t *copy = malloc(len > 0 ? len : 1);

    FUZZ_HOLDS(copy != NULL);
    (void)slice_copy(&bytes, copy, len);
    net_engine_frame(e, link, t, slice_of(copy, len), (uint32_t)len);
    free(copy);
}

static inline void
fuzz_done(struct fuzz_run *run, struct net_engine *e)
{
    net_engine_flush(e);
    FUZZ_HOLDS(run->started == run->ended);
    FUZZ_HOLDS(net_engine_flows(e) == 0);
    if (++fuzz_kept.runs % FUZZ_ENGINE_RUNS == 0) {
        net_engine_free(e);
        fuzz_kept.engine = NULL;
    }
    buf_done(&run->line);
}
