/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/http_int.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <time.h>

enum { SWEEP_S = 2, HEADERS_MAX = 16 * 1024, BACKLOG = 256 };

int64_t
http_now_s(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec;
}

void
http_release(struct http_conn *conn)
{
    conn->server->o.budget->used -= conn->held;
    conn->held = 0;
}

static void
conn_freed(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp)
{
    struct http_conn *conn = ptr;

    (void)parent, (void)ad, (void)idx, (void)argl, (void)argp;
    if (conn == NULL)
        return;
    if (!conn->doomed && conn->held > 0)
        conn->server->counts.broken++;
    else if (!conn->doomed && !conn->spoke)
        conn->server->counts.said_nothing++;
    http_release(conn);
    conn->server->counts.open--;
    LIST_REMOVE(conn, link);
    free(conn);
}

void
http_end(struct http_conn *conn)
{
    conn->doomed = true;
    (void)shutdown(bufferevent_getfd(conn->bev), SHUT_RDWR);
}

/* Counts what comes in. evhttp keeps a body in memory until it is whole. */
static void
on_input(struct evbuffer *buffer, const struct evbuffer_cb_info *info, void *arg)
{
    struct http_conn *conn = arg;
    struct http_budget *budget = conn->server->o.budget;

    (void)buffer;
    conn->held += info->n_added;
    budget->used += info->n_added;
    if (budget->used > budget->max && !conn->doomed && info->n_added > 0) {
        conn->server->counts.over_budget++;
        http_end(conn);
    }
}

/* evhttp falls back to clear text when this gives NULL, so a failure gives a connection without TLS
 * state, whose requests are refused (conn_of() is NULL). */
static struct bufferevent *
on_accept(struct event_base *loop, void *arg)
{
    struct http_server *server = arg;
    struct http_conn *conn = calloc(1, sizeof *conn);
    SSL *ssl = conn != NULL ? SSL_new(server->o.tls) : NULL;
    struct bufferevent *bev;

    if (ssl == NULL) {
        free(conn);
        return bufferevent_socket_new(loop, -1, BEV_OPT_CLOSE_ON_FREE);
    }
    conn->server = server;
    conn->since_s = http_now_s();
    LIST_INSERT_HEAD(&server->conns, conn, link);
    server->counts.open++;
    server->counts.accepted++;
    if (SSL_set_ex_data(ssl, server->index, conn) != 1) {
        conn_freed(NULL, conn, NULL, 0, 0, NULL);
        SSL_free(ssl);
        return bufferevent_socket_new(loop, -1, BEV_OPT_CLOSE_ON_FREE);
    }
    bev = bufferevent_openssl_socket_new(loop, -1, ssl, BUFFEREVENT_SSL_ACCEPTING,
                                         BEV_OPT_CLOSE_ON_FREE);
    if (bev == NULL) {
        SSL_free(ssl);
        return bufferevent_socket_new(loop, -1, BEV_OPT_CLOSE_ON_FREE);
    }
    bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
    conn->bev = bev;
    (void)evbuffer_add_cb(bufferevent_get_input(bev), on_input, conn);
    event_active(server->fresh, EV_TIMEOUT, 0); /* has its socket by then */
    return bev;
}

static struct http_conn *
conn_of(const struct http_server *server, struct evhttp_request *req)
{
    struct evhttp_connection *evcon = evhttp_request_get_connection(req);
    struct bufferevent *bev = evcon != NULL ? evhttp_connection_get_bufferevent(evcon) : NULL;
    SSL *ssl = bev != NULL ? bufferevent_openssl_get_ssl(bev) : NULL;

    return ssl != NULL ? SSL_get_ex_data(ssl, server->index) : NULL;
}

static void
peer_of(struct http_conn *conn)
{
    struct sockaddr_storage ss;
    socklen_t size = sizeof ss;
    const void *address = NULL;

    memset(&ss, 0, sizeof ss);
    if (getpeername(bufferevent_getfd(conn->bev), (struct sockaddr *)&ss, &size) == 0)
        address = ss.ss_family == AF_INET6 ? (void *)&((struct sockaddr_in6 *)&ss)->sin6_addr
                                           : (void *)&((struct sockaddr_in *)&ss)->sin_addr;
    if (address == NULL || inet_ntop(ss.ss_family, address, conn->peer, sizeof conn->peer) == NULL)
        (void)vg_strcpy(conn->peer, sizeof conn->peer, "?");
}

static bool
handshaken(const struct http_conn *conn)
{
    SSL *ssl = conn->bev != NULL ? bufferevent_openssl_get_ssl(conn->bev) : NULL;

    return ssl != NULL && SSL_is_init_finished(ssl);
}

/* The oldest that has not finished its handshake, of `peer` or (NULL) of all; itself is one. */
static struct http_conn *
oldest_stranger(const struct http_server *server, const char *peer)
{
    struct http_conn *conn, *found = NULL;

    LIST_FOREACH(conn, &server->conns, link) /* newest first */
    if (!conn->doomed && !conn->busy && (peer == NULL || strcmp(conn->peer, peer) == 0) &&
        !handshaken(conn))
        found = conn;
    return found;
}

/* Looks at connections that were accepted since the last time: are they too many? */
static void
on_fresh(evutil_socket_t fd, short what, void *arg)
{
    struct http_server *server = arg;
    struct http_conn *conn, *other;

    (void)fd, (void)what;
    LIST_FOREACH(conn, &server->conns, link)
    {
        size_t same = 0, all = 0;

        if (conn->peer[0] != '\0' || conn->bev == NULL)
            break; /* newest first: the rest was looked at before */
        peer_of(conn);
        LIST_FOREACH(other, &server->conns, link)
        {
            all += !other->doomed;
            same += !other->doomed && strcmp(other->peer, conn->peer) == 0;
        }
        if (all > server->o.connections_max || same > server->o.connections_of_one) {
            other =
                oldest_stranger(server, same > server->o.connections_of_one ? conn->peer : NULL);
            server->counts.over_cap++;
            http_end(other != NULL ? other : conn);
        }
    }
}

static void
on_request(struct evhttp_request *req, void *arg)
{
    struct http_server *server = arg;
    struct http_conn *conn = conn_of(server, req);
    struct http_call *call;
    const char *uri = evhttp_request_get_uri(req);

    if (conn == NULL || conn->doomed) {
        evhttp_send_error(req, 503, NULL);
        return;
    }
    call = calloc(1, sizeof *call);
    if (call != NULL)
        call->path = strndup(uri, strcspn(uri, "?#"));
    if (call == NULL || call->path == NULL) {
        free(call);
        evhttp_send_error(req, 503, NULL);
        return;
    }
    call->req = req;
    call->conn = conn;
    conn->busy = conn->spoke = true;
    server->counts.requests++;
    server->o.handle(server->o.ctx, call);
}

static void
on_sweep(evutil_socket_t fd, short what, void *arg)
{
    struct http_server *server = arg;
    struct http_conn *conn;
    int64_t now = http_now_s();

    (void)fd, (void)what;
    LIST_FOREACH(conn, &server->conns, link)
    {
        int wait_s = server->o.deadline_s;

        if (wait_s > HTTP_HANDSHAKE_S && !handshaken(conn))
            wait_s = HTTP_HANDSHAKE_S;
        if (conn->busy || conn->doomed || now - conn->since_s <= wait_s)
            continue;
        server->counts.over_deadline++;
        http_end(conn);
    }
}

static struct evconnlistener *
listen_on(struct event_base *loop, const struct collector_listen *listen)
{
    const char *host = strcmp(listen->host, "localhost") == 0 ? "127.0.0.1" : listen->host;
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(listen->port)};
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(listen->port)};
    bool is_v6 = inet_pton(AF_INET6, host, &v6.sin6_addr) == 1;
    struct sockaddr *address = is_v6 ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4;
    int size = is_v6 ? (int)sizeof v6 : (int)sizeof v4, one = 1;
    struct evconnlistener *listener;

    if (!is_v6 && inet_pton(AF_INET, host, &v4.sin_addr) != 1) {
        errno = EADDRNOTAVAIL;
        return NULL;
    }
    listener = evconnlistener_new_bind(
        loop, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE,
        BACKLOG, address, size);
    /* Accepted sockets inherit it: answers of two small writes do not wait for an ACK. */
    if (listener != NULL)
        (void)setsockopt(evconnlistener_get_fd(listener), IPPROTO_TCP, TCP_NODELAY, &one,
                         sizeof one);
    return listener;
}

enum vg_err
http_new(const struct http_options *options, struct http_server **out)
{
    struct http_server *s = calloc(1, sizeof *s);
    const struct timeval every = {.tv_sec = SWEEP_S};

    if (s == NULL)
        return VG_ERR_NOMEM;
    s->o = *options;
    LIST_INIT(&s->conns);
    (void)SSL_CTX_up_ref(s->o.tls);
    s->index = SSL_get_ex_new_index(0, NULL, NULL, NULL, conn_freed);
    s->http = evhttp_new(options->loop);
    s->sweep = event_new(options->loop, -1, EV_PERSIST, on_sweep, s);
    s->fresh = event_new(options->loop, -1, 0, on_fresh, s);
    if (s->index < 0 || s->http == NULL || s->sweep == NULL || s->fresh == NULL ||
        event_add(s->sweep, &every) != 0)
        goto fail;
    evhttp_set_bevcb(s->http, on_accept, s);
    evhttp_set_gencb(s->http, on_request, s);
    evhttp_set_allowed_methods(s->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST);
    evhttp_set_max_headers_size(s->http, HEADERS_MAX);
    evhttp_set_max_body_size(s->http, (ev_ssize_t)options->body_max);
    evhttp_set_timeout(s->http, options->deadline_s);
    s->listener = listen_on(options->loop, &options->listen);
    if (s->listener == NULL || evhttp_bind_listener(s->http, s->listener) == NULL)
        goto fail;
    *out = s;
    return VG_OK;
fail:
    http_free(s);
    return VG_ERR_SYS;
}

uint16_t
http_port(const struct http_server *server)
{
    struct sockaddr_storage ss;
    socklen_t size = sizeof ss;

    if (getsockname(evconnlistener_get_fd(server->listener), (struct sockaddr *)&ss, &size) != 0)
        return 0;
    return ntohs(ss.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&ss)->sin6_port
                                          : ((struct sockaddr_in *)&ss)->sin_port);
}

void
http_set_tls(struct http_server *server, SSL_CTX *tls)
{
    (void)SSL_CTX_up_ref(tls);
    SSL_CTX_free(server->o.tls);
    server->o.tls = tls;
}

struct http_counts
http_counts(const struct http_server *server)
{
    return server->counts;
}

void
http_stop(struct http_server *server)
{
    if (server != NULL && server->listener != NULL)
        (void)evconnlistener_disable(server->listener);
}

void
http_free(struct http_server *server)
{
    struct event_base *loop;

    if (server == NULL)
        return;
    loop = server->o.loop;
    if (server->http != NULL)
        evhttp_free(server->http);
    /* Freed connections are finished by the loop: they still point here. */
    for (int i = 0; i < 8 && !LIST_EMPTY(&server->conns); i++)
        (void)event_base_loop(loop, EVLOOP_NONBLOCK);
    if (server->sweep != NULL)
        event_free(server->sweep);
    if (server->fresh != NULL)
        event_free(server->fresh);
    SSL_CTX_free(server->o.tls);
    free(server);
}
