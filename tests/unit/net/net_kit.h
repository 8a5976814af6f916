/* SPDX-License-Identifier: Apache-2.0 */
/* net_kit: what the tests of the net sensor share. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/net/capture.h"
#include "agent/net/engine.h"
#include "agent/net/metadata.h"

static const char *const KIT_FIXTURES[] = {
    "tests/fixtures/net/dns.pcap",     "tests/fixtures/net/http.pcap",
    "tests/fixtures/net/tls.pcapng",   "tests/fixtures/net/flows.pcap",
    "tests/fixtures/net/network.pcap", "tests/fixtures/net/null.pcap",
    "tests/fixtures/net/loop.pcap",    "tests/fixtures/net/sll2.pcap",
    "tests/fixtures/net/snapped.pcap", "tests/fixtures/net/tunnels.pcap",
    "tests/fixtures/net/wifi.pcap",    "tests/fixtures/net/neighbours.pcap",
    "tests/fixtures/net/streams.pcap", "tests/fixtures/net/names.pcap",
};

/* Everything that an engine said, as text. */
struct kit_log {
    struct buf text;
    unsigned count[OBS_KIND_COUNT];
};

static inline void
kit_body(const struct body_view *b, struct buf *out)
{
    buf_printf(out, "body %s %.*s %.*s at %llu:%s%s ", b->from_server ? "server" : "client",
               (int)b->name.len, b->name.at, (int)b->mime.len, b->mime.at,
               (unsigned long long)b->offset, b->first ? " first" : "", b->last ? " last" : "");
    buf_put(out, b->bytes, b->len);
}

static inline void
kit_observe(void *ctx, const struct obs *obs)
{
    struct kit_log *log = ctx;

    log->count[obs->kind]++;
    if (obs->kind == OBS_BODY)
        kit_body(obs->body, &log->text);
    else if (!metadata_put(obs, &log->text))
        buf_printf(&log->text, "kind %d", obs->kind);
    buf_printf(&log->text, " %lld\n", (long long)obs->time_ns);
}

static inline void
kit_log_init(struct kit_log *log)
{
    memset(log, 0, sizeof(*log));
    buf_init(&log->text, (size_t)64 * 1024 * 1024);
}

static inline struct net_engine *
kit_engine(struct kit_log *log)
{
    struct net_engine *e = NULL;

    kit_log_init(log);
    assert_int_equal(net_engine_new(kit_observe, log, 1024, &e), VG_OK);
    return e;
}

static inline struct capture *
kit_open(const char *path)
{
    struct capture *c = NULL;
    char why[CAPTURE_WHY_MAX] = "";

    assert_int_equal(capture_open_file(path, &c, why), VG_OK);
    assert_int_equal(capture_begin(c, why), VG_OK);
    return c;
}

/* Feeds a whole capture; each frame in a heap block of its own, cut to `most` bytes. */
static inline void
kit_feed(struct net_engine *e, const char *path, size_t most)
{
    struct capture *c = kit_open(path);
    struct frame f;

    while (capture_next(c, &f) == VG_OK) {
        size_t n = f.bytes.left < most ? f.bytes.left : most;
        uint8_t *copy = malloc(n > 0 ? n : 1);

        assert_non_null(copy);
        (void)slice_copy(&f.bytes, copy, n);
        net_engine_frame(e, capture_link(c), f.time_ns, slice_of(copy, n), f.wire);
        free(copy);
    }
    net_engine_flush(e);
    capture_free(c);
}

static inline bool
kit_says(struct kit_log *log, const char *part)
{
    const char *text = buf_str(&log->text);

    return text != NULL && strstr(text, part) != NULL;
}
