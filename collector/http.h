/* SPDX-License-Identifier: Apache-2.0 */
/* http: one TLS listener on libevent's evhttp, with what evhttp leaves out: absolute deadlines, caps on
 * connections (in all and for one address), one budget for the bodies of all of them.
 *
 * Over a cap the oldest connection goes that has not finished its handshake (of that address, where the
 * cap is an address's), then the new one: whoever only connects keeps nobody out who has a certificate.
 *
 * Everything runs on the loop's thread. A call belongs to its handler until it is answered, once;
 * the connection stays open meanwhile, whatever the client does. */
#pragma once

#include <event2/event.h>
#include <openssl/ssl.h>

#include "collector/config.h"
#include "common/pki.h"

enum { HTTP_HANDSHAKE_S = 10 };

struct http_server;
struct http_call;

/* Bytes of request bodies held at once, over all listeners that share it. */
struct http_budget {
    size_t used, max;
};

struct http_options {
    struct event_base *loop;
    struct collector_listen listen;
    SSL_CTX *tls; /* a reference is taken */
    size_t body_max, connections_max, connections_of_one;
    int deadline_s; /* from the connection, or the answer before, to a whole request; and to send
                       an answer. For the handshake HTTP_HANDSHAKE_S, where that is less */
    struct http_budget *budget;
    void (*handle)(void *ctx, struct http_call *call);
    void *ctx;
};

/* Since the start. said_nothing: gone without a byte that could be read (a handshake that failed, a look at
 * the port); broken: gone after bytes that made no request (too large, malformed, cut short). */
#define HTTP_COUNTS(X)                                                                             \
    X(accepted)                                                                                    \
    X(requests)                                                                                    \
    X(over_cap) X(over_deadline) X(over_budget) X(said_nothing) X(broken) X(streams_behind)
struct http_counts {
#define HTTP_COUNT_FIELD(name) uint64_t name;
    HTTP_COUNTS(HTTP_COUNT_FIELD)
#undef HTTP_COUNT_FIELD
    size_t open, streams; /* now */
};

/* VG_ERR_SYS: errno says why the address cannot be listened on. */
enum vg_err http_new(const struct http_options *options, struct http_server **out) VG_MUST_CHECK;
uint16_t http_port(const struct http_server *server);        /* the one it got when asked for 0 */
void http_set_tls(struct http_server *server, SSL_CTX *tls); /* for new connections */
struct http_counts http_counts(const struct http_server *server);
void http_stop(struct http_server *server); /* accepts no more */
void http_free(struct http_server *server); /* after all calls are answered; NULL is fine */

/* ---- a call ---- */
bool http_is_post(const struct http_call *call);     /* else it is a GET */
const char *http_path(const struct http_call *call); /* not decoded, without the query */
const char *http_header(const struct http_call *call, const char *name); /* NULL */
const char *http_peer(const struct http_call *call);                     /* its address */
struct slice http_body(struct http_call *call); /* borrowed until the answer */
/* A parameter of the query, decoded, into out (always terminated); false when absent or too long. */
bool http_query(const struct http_call *call, const char *name, char *out, size_t size);
/* The certificate of the client: NULL where it has none. Borrowed until the answer. */
const struct pki_info *http_cert(const struct http_call *call);

/* Extra headers, before the answer; `value` is checked: no line ends. */
void http_put_header(struct http_call *call, const char *name, const char *value);
void http_answer(struct http_call *call, int status, const char *mime, struct slice body);
/* Takes the reference; NULL: 500. */
void http_answer_json(struct http_call *call, int status, json_t *body);
void http_answer_error(struct http_call *call, int status, const char *word, const char *message);

/* ---- an answer that goes on (http_stream.c) ---- */
struct http_stream;
enum { HTTP_STREAM_BEHIND_MAX = 64 * 1024 }; /* bytes that wait for a slow reader */

/* Begins the answer 200; the call is over. `gone` is called once, when the connection ends for whatever
 * reason; then the stream is no more. NULL: the call was answered with an error, `gone` is not called. */
struct http_stream *http_stream_begin(struct http_call *call, const char *mime,
                                      void (*gone)(void *ctx), void *ctx);
/* False: the reader does not keep up, or there is no memory: the stream is being ended (gone() follows). */
bool http_stream_put(struct http_stream *stream, struct slice bytes);
void http_stream_end(struct http_stream *stream); /* gone() follows, from the loop */
