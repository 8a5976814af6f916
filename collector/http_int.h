/* SPDX-License-Identifier: Apache-2.0 */
/* http_int: what http.c (connections) and http_call.c (calls) share. Not for anybody else. */
#pragma once

#include <sys/queue.h>

#include "collector/http.h"

enum { HTTP_PEER_SIZE = 64 };

/* Lives as long as its SSL object, which frees it (conn_freed): whatever way a connection goes. evhttp
 * tells us of a connection only with its first whole request, so a connection is ended from here by
 * shutting its socket down: evhttp sees the end and does the rest. */
struct http_conn {
    struct http_server *server;
    struct bufferevent *bev;   /* evhttp's; lives as long as the SSL object */
    char peer[HTTP_PEER_SIZE]; /* "" until the sweep after the accept */
    int64_t since_s;           /* when the wait that has a deadline began */
    bool busy;                 /* a handler has its call: no deadline */
    bool doomed, spoke;        /* is being ended; has made a whole request */
    size_t held;               /* bytes that came since the last answer: of the budget */
    bool cert_known, cert_there;
    struct pki_info cert;
    LIST_ENTRY(http_conn) link;
};

struct http_call {
    struct evhttp_request *req;
    struct http_conn *conn;
    char *path;
};

struct http_server {
    struct http_options o;
    struct evhttp *http;
    struct evconnlistener *listener; /* owned by http */
    struct event *sweep, *fresh;
    int index; /* of the connection in its SSL object */
    LIST_HEAD(, http_conn) conns;
    struct http_counts counts;
};

int64_t http_now_s(void); /* of a clock that only rises */
/* Shuts the socket down: evhttp sees the end and frees the connection, from the loop. */
void http_end(struct http_conn *conn);
/* What the connection held of the budget is given back. */
void http_release(struct http_conn *conn);
