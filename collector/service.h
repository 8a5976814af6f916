/* SPDX-License-Identifier: Apache-2.0 */
/* service: what the parts of a running collector share. Lives on the loop's thread; what other threads
 * touch says so. */
#pragma once

#include "collector/authority.h"
#include "collector/counts.h"
#include "collector/http.h"
#include "collector/live.h"
#include "collector/login.h"
#include "collector/notify.h"
#include "collector/settings.h"
#include "collector/token_keys.h"
#include "collector/work.h"
#include "common/texts.h"

struct service {
    struct event_base *loop;
    const struct collector_config *config; /* read by all threads */
    struct authority authority;            /* read by all threads, replaced never */
    struct token_keys token_keys;          /* the same */
    struct settings_key settings_key;      /* the same */
    uint8_t factor_key[TOKEN_KEYS_SIZE], link_key[TOKEN_KEYS_SIZE]; /* the same */
    struct work *work;
    struct texts *texts;   /* read by all threads */
    struct notify *notify; /* sends the outbox */
    struct live *live;     /* tells open dashboards; NULL: not yet */
    struct login_limit *logins;
    struct http_server *agents, *web;
    struct http_budget budget;
    struct agent_counts counts;
    int64_t since_ns; /* when it began to serve */
};

/* The two listeners' handlers; ctx is the service. */
void agents_handle(void *ctx, struct http_call *call);
void web_handle(void *ctx, struct http_call *call);

/* web.c passes these on. */
void enroll_handle(struct service *service, struct http_call *call); /* POST /enroll/TOKEN */
void api_handle(struct service *service, struct http_call *call);    /* /api/... */

/* The answer for an error of storage or queue: 503 with Retry-After where trying again helps. */
void service_answer_failed(struct http_call *call, enum vg_err err);
/* A JSON object of the body, or NULL after answering 400. */
json_t *service_body(struct http_call *call);
