/* SPDX-License-Identifier: Apache-2.0 */
/* live: tells dashboards that are open what changed, as server-sent events (GET /api/events), so that they
 * load it anew. Only ids go out, and only to those who see the tenant; a page that was told nothing has
 * missed nothing that its next load would not show.
 *
 * Changes gather for LIVE_PAUSE_MS. Every LIVE_BEAT_S each stream gets a comment, so that both sides notice an
 * end, and its session is looked up again: a stream ends with its session, and sees what the person sees
 * then. A reader who does not keep up loses the stream (http.h). All on the loop's thread. */
#pragma once

#include "collector/http.h"
#include "collector/work.h"

enum {
    LIVE_STREAMS_MAX = 200,
    LIVE_STREAMS_OF_ONE = 8, /* of one person */
    LIVE_WAITING_MAX = 256,  /* changes; one more sends them at once */
    LIVE_IDS_MAX = 50,       /* named in one event; with more it only says so */
    LIVE_PAUSE_MS = 300,
    LIVE_BEAT_S = 20,
};

struct live;

/* `work` must outlive it. VG_ERR_NOMEM. */
enum vg_err live_new(struct event_base *loop, struct work *work, struct live **out) VG_MUST_CHECK;
/* After the streams' listener is freed. NULL is fine. */
void live_free(struct live *live);

/* An incident of this tenant is new or changed, and committed. NULL `live`: nothing. */
void live_changed(struct live *live, const char *tenant, const char *incident);

/* Answers the call with a stream, or with 429 where there are too many. `hash`: of the session's cookie;
 * `tenants`: ids that the person sees, of a scope STORAGE_SEES_GIVEN. */
void live_open(struct live *live, struct http_call *call, const struct storage_session *session,
               const uint8_t hash[STORAGE_HASH_SIZE], const json_t *tenants);
/* The ids of a scope's tenants, for live_open(): NULL without an error where a scope needs none. */
enum vg_err live_tenants(struct storage *s, const struct storage_scope *scope,
                         json_t **out) VG_MUST_CHECK;
