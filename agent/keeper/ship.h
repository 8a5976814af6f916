/* SPDX-License-Identifier: Apache-2.0 */
/* ship: events go to the collector, in order, as long as it takes (collector/API.md).
 *
 * The queue is the store: what the collector called durable is marked there and nowhere else, so that
 * any crash on either side repeats at most what the collector already has. One request at a time:
 * hello at the start, every SHIP_HELLO_NS and soon after there are other rules for us, batches by count, size and age, renewal of the
 * certificate at two thirds of its life. Failures wait with exponential back-off and full jitter, or
 * as long as Retry-After says. Runs on the keeper's loop and never blocks it.
 *
 * An agent that is not enrolled looks for its identity every SHIP_LOOK_NS: `vigia-agent enroll` works
 * while `run` runs. */
#pragma once

#include <event2/event.h>

#include "agent/keeper/bundle_care.h"
#include "agent/keeper/exceptions.h"
#include "agent/keeper/settings_care.h"
#include "agent/keeper/store.h"

#define SHIP_HELLO_NS (INT64_C(300) * 1000000000)
#define SHIP_LOOK_NS  (INT64_C(5) * 1000000000)
/* A new certificate because of its age, and a new store id, at most once in this time: a collector that
 * is broken or hostile, or a clock that is wrong, makes no loop of them. */
#define SHIP_ONCE_NS (INT64_C(3600) * 1000000000)
/* Hello because the collector has news: at most so often. */
#define SHIP_NEWS_NS (INT64_C(10) * 1000000000)
/* When there are other rules for all agents, each says hello at a moment of its own within this time. */
#define SHIP_SPREAD_NS (INT64_C(30) * 1000000000)
/* How long a small batch waits for more. */
#define SHIP_AGE_NS (INT64_C(200) * 1000000)

enum {
    SHIP_BATCH_EVENTS = 500,
    SHIP_BATCH_BYTES = 512 * 1024,
    SHIP_BACKOFF_BASE_S = 1,
    SHIP_BACKOFF_MAX_S = 300,
    SHIP_REFUSED_WAIT_S = 3600, /* revoked or unknown: asks again, in case that was undone */
};

struct ship;

struct ship_options {
    struct event_base *loop;
    struct store *store;
    const char *state_dir;
    /* What hello tells as "status" ({"workers": [...]}): new reference; NULL for none. */
    json_t *(*status)(void *ctx);
    struct bundle_care *bundles;   /* fetched through here; NULL: none are */
    struct exceptions *exceptions; /* told through here; NULL: the collector is not asked for any */
    struct settings_care *settings; /* told of what hello brings; NULL */
    void *ctx;
};

enum vg_err ship_new(const struct ship_options *options, struct ship **out) VG_MUST_CHECK;
/* There are new events. Cheap; NULL is fine. */
void ship_kick(struct ship *ship);
/* Says hello at once, because there is news in its status. NULL is fine. */
void ship_hello(struct ship *ship);
/* This agent has an identity: the collector mails, not we. */
bool ship_enrolled(const struct ship *ship);
/* For `status`: {"state": "not_enrolled|connected|waiting|revoked|unknown", "url", "agent", "site",
 * "tenant", "shipped", "pending", "last_contact", "last_error", "cert_not_after"}. New reference. */
json_t *ship_status(const struct ship *ship);
void ship_free(struct ship *ship);

/* Seconds to wait before try number `failures` (1..): 0 to min(max, base * 2^(failures-1)), chosen by
 * `random` (all 32 bits used). */
double ship_backoff_s(unsigned failures, uint32_t random);
