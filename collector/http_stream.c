/* SPDX-License-Identifier: Apache-2.0 */
/* An answer that goes on: pieces of it whenever there is something to say, until either side ends it. */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "collector/http_int.h"

struct http_stream {
    struct evhttp_request *req;
    struct http_conn *conn;
    void (*gone)(void *ctx);
    void *ctx;
};

/* Called by evhttp while it frees the connection, for whatever reason: a request that it has let go of by
 * then is ours to free. */
static void
on_close(struct evhttp_connection *evcon, void *arg)
{
    struct http_stream *st = arg;

    (void)evcon;
    st->conn->server->counts.streams--;
    st->gone(st->ctx);
    if (evhttp_request_get_connection(st->req) == NULL)
        evhttp_request_free(st->req);
    free(st);
}

struct http_stream *
http_stream_begin(struct http_call *call, const char *mime, void (*gone)(void *ctx), void *ctx)
{
    struct http_stream *st = calloc(1, sizeof *st);
    struct evhttp_connection *evcon = evhttp_request_get_connection(call->req);
    const struct timeval sending = {.tv_sec = call->conn->server->o.deadline_s};

    if (st == NULL || evcon == NULL) {
        free(st);
        http_answer_error(call, 503, "memory", "try again later");
        return NULL;
    }
    *st = (struct http_stream){.req = call->req, .conn = call->conn, .gone = gone, .ctx = ctx};
    http_put_header(call, "Content-Type", mime);
    http_put_header(call, "Cache-Control", "no-store");
    http_put_header(call, "X-Content-Type-Options", "nosniff");
    http_put_header(call, "Strict-Transport-Security", "max-age=31536000");
    http_release(call->conn);
    call->conn->server->counts.streams++;
    evhttp_connection_set_closecb(evcon, on_close, st);
    evhttp_send_reply_start(call->req, 200, "OK");
    /* Nobody must say anything to us; but what we say must be read. */
    (void)bufferevent_set_timeouts(call->conn->bev, NULL, &sending);
    free(call->path);
    free(call);
    return st;
}

bool
http_stream_put(struct http_stream *st, struct slice bytes)
{
    struct evbuffer *out;

    if (st->conn->doomed)
        return false;
    if (evbuffer_get_length(bufferevent_get_output(st->conn->bev)) + bytes.left >
        HTTP_STREAM_BEHIND_MAX) {
        st->conn->server->counts.streams_behind++;
        http_end(st->conn);
        return false;
    }
    out = evbuffer_new();
    if (out == NULL || evbuffer_add(out, bytes.at, bytes.left) != 0) {
        if (out != NULL)
            evbuffer_free(out);
        http_end(st->conn);
        return false;
    }
    evhttp_send_reply_chunk(st->req, out);
    evbuffer_free(out);
    return true;
}

void
http_stream_end(struct http_stream *st)
{
    http_end(st->conn); /* on_close() follows from the loop */
}
