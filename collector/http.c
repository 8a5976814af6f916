/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/http.h"

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

enum { SWEEP_S = 2, HEADERS_MAX = 16 * 1024, PEER_SIZE = 64, BACKLOG = 256 };

/* Lives as long as its SSL object, which frees it (conn_freed): whatever way a connection goes. evhttp
 * tells us of a connection only with its first whole request, so a connection is ended from here by
 * shutting its socket down: evhttp sees the end and does the rest. */
struct conn {
    struct http_server *server;
    struct bufferevent *bev; /* evhttp's; lives as long as the SSL object */
    char peer[PEER_SIZE];    /* "" until the sweep after the accept */
    int64_t since_s;         /* when the wait that has a deadline began */
    bool busy;               /* a handler has its call: no deadline */
    bool doomed;
    size_t held; /* bytes that came since the last answer: of the budget */
    bool cert_known, cert_there;
    struct pki_info cert;
    LIST_ENTRY(conn) link;
};

struct http_call {
    struct evhttp_request *req;
    struct conn *conn;
    char *path;
};

struct http_server {
    struct http_options o;
    struct evhttp *http;
    struct evconnlistener *listener; /* owned by http */
    struct event *sweep, *fresh;
    int index; /* of the connection in its SSL object */
    LIST_HEAD(, conn) conns;
    struct http_counts counts;
};

static int64_t
now_s(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec;
}

static void
release(struct conn *conn)
{
    conn->server->o.budget->used -= conn->held;
    conn->held = 0;
}

static void
conn_freed(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp)
{
    struct conn *conn = ptr;

    (void)parent, (void)ad, (void)idx, (void)argl, (void)argp;
    if (conn == NULL)
        return;
    release(conn);
    conn->server->counts.open--;
    LIST_REMOVE(conn, link);
    free(conn);
}

static void
end(struct conn *conn)
{
    conn->doomed = true;
    (void)shutdown(bufferevent_getfd(conn->bev), SHUT_RDWR);
}

/* Counts what comes in. evhttp keeps a body in memory until it is whole. */
static void
on_input(struct evbuffer *buffer, const struct evbuffer_cb_info *info, void *arg)
{
    struct conn *conn = arg;
    struct http_budget *budget = conn->server->o.budget;

    (void)buffer;
    conn->held += info->n_added;
    budget->used += info->n_added;
    if (budget->used > budget->max && !conn->doomed && info->n_added > 0) {
        conn->server->counts.over_budget++;
        end(conn);
    }
}

/* evhttp falls back to clear text when this gives NULL, so a failure gives a connection without TLS
 * state, whose requests are refused (conn_of() is NULL). */
static struct bufferevent *
on_accept(struct event_base *loop, void *arg)
{
    struct http_server *server = arg;
    struct conn *conn = calloc(1, sizeof *conn);
    SSL *ssl = conn != NULL ? SSL_new(server->o.tls) : NULL;
    struct bufferevent *bev;

    if (ssl == NULL) {
        free(conn);
        return bufferevent_socket_new(loop, -1, BEV_OPT_CLOSE_ON_FREE);
    }
    conn->server = server;
    conn->since_s = now_s();
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

static struct conn *
conn_of(const struct http_server *server, struct evhttp_request *req)
{
    struct evhttp_connection *evcon = evhttp_request_get_connection(req);
    struct bufferevent *bev = evcon != NULL ? evhttp_connection_get_bufferevent(evcon) : NULL;
    SSL *ssl = bev != NULL ? bufferevent_openssl_get_ssl(bev) : NULL;

    return ssl != NULL ? SSL_get_ex_data(ssl, server->index) : NULL;
}

static void
peer_of(struct conn *conn)
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

/* Looks at connections that were accepted since the last time: are they too many? */
static void
on_fresh(evutil_socket_t fd, short what, void *arg)
{
    struct http_server *server = arg;
    struct conn *conn, *other;

    (void)fd, (void)what;
    LIST_FOREACH(conn, &server->conns, link)
    {
        size_t same = 0;

        if (conn->peer[0] != '\0' || conn->bev == NULL)
            break; /* newest first: the rest was looked at before */
        peer_of(conn);
        LIST_FOREACH(other, &server->conns, link)
        same += !other->doomed && strcmp(other->peer, conn->peer) == 0;
        if (server->counts.open > server->o.connections_max ||
            same > server->o.connections_of_one) {
            server->counts.over_cap++;
            end(conn);
        }
    }
}

static void
on_request(struct evhttp_request *req, void *arg)
{
    struct http_server *server = arg;
    struct conn *conn = conn_of(server, req);
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
    conn->busy = true;
    server->o.handle(server->o.ctx, call);
}

static void
on_sweep(evutil_socket_t fd, short what, void *arg)
{
    struct http_server *server = arg;
    struct conn *conn;
    int64_t now = now_s();

    (void)fd, (void)what;
    LIST_FOREACH(conn, &server->conns, link)
    {
        if (conn->busy || conn->doomed || now - conn->since_s <= server->o.deadline_s)
            continue;
        server->counts.over_deadline++;
        end(conn);
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

/* ---- a call ---- */

bool
http_is_post(const struct http_call *call)
{
    return evhttp_request_get_command(call->req) == EVHTTP_REQ_POST;
}

const char *
http_path(const struct http_call *call)
{
    return call->path;
}

const char *
http_header(const struct http_call *call, const char *name)
{
    return evhttp_find_header(evhttp_request_get_input_headers(call->req), name);
}

const char *
http_peer(const struct http_call *call)
{
    return call->conn->peer;
}

struct slice
http_body(struct http_call *call)
{
    struct evbuffer *in = evhttp_request_get_input_buffer(call->req);
    size_t n = evbuffer_get_length(in);

    return slice_of(n > 0 ? evbuffer_pullup(in, -1) : NULL, n);
}

bool
http_query(const struct http_call *call, const char *name, char *out, size_t size)
{
    const char *uri = evhttp_request_get_uri(call->req), *mark = strchr(uri, '?'), *value;
    struct evkeyvalq query;
    bool found = false;

    out[0] = '\0';
    if (mark == NULL || evhttp_parse_query_str(mark + 1, &query) != 0)
        return false;
    value = evhttp_find_header(&query, name);
    if (value != NULL && strlen(value) < size)
        found = vg_strcpy(out, size, value);
    evhttp_clear_headers(&query);
    return found;
}

const struct pki_info *
http_cert(const struct http_call *call)
{
    struct conn *conn = call->conn;
    SSL *ssl;
    X509 *cert;

    if (conn->cert_known)
        return conn->cert_there ? &conn->cert : NULL;
    ssl = bufferevent_openssl_get_ssl(
        evhttp_connection_get_bufferevent(evhttp_request_get_connection(call->req)));
    cert = SSL_get1_peer_certificate(ssl);
    conn->cert_known = true;
    conn->cert_there = cert != NULL && pki_info_x509(cert, &conn->cert) == VG_OK;
    X509_free(cert);
    return conn->cert_there ? &conn->cert : NULL;
}

void
http_put_header(struct http_call *call, const char *name, const char *value)
{
    (void)evhttp_add_header(evhttp_request_get_output_headers(call->req), name, value);
}

static const char *
reason(int status)
{
    static const struct {
        int status;
        const char *text;
    } reasons[] = {{200, "OK"},
                   {304, "Not Modified"},
                   {400, "Bad Request"},
                   {401, "Unauthorized"},
                   {403, "Forbidden"},
                   {404, "Not Found"},
                   {405, "Method Not Allowed"},
                   {406, "Not Acceptable"},
                   {409, "Conflict"},
                   {413, "Content Too Large"},
                   {415, "Unsupported Media Type"},
                   {429, "Too Many Requests"},
                   {500, "Internal Server Error"},
                   {503, "Service Unavailable"}};

    for (size_t i = 0; i < VG_ARRAY_LEN(reasons); i++)
        if (reasons[i].status == status)
            return reasons[i].text;
    return "Status";
}

void
http_answer(struct http_call *call, int status, const char *mime, struct slice body)
{
    struct evbuffer *out = evbuffer_new();

    http_put_header(call, "Content-Type", mime);
    http_put_header(call, "X-Content-Type-Options", "nosniff");
    http_put_header(call, "Strict-Transport-Security", "max-age=31536000");
    if (out != NULL)
        (void)evbuffer_add(out, body.at, body.left);
    release(call->conn);
    call->conn->busy = false;
    call->conn->since_s = now_s();
    evhttp_send_reply(call->req, status, reason(status), out);
    if (out != NULL)
        evbuffer_free(out);
    free(call->path);
    free(call);
}

void
http_answer_json(struct http_call *call, int status, json_t *body)
{
    char *text = body != NULL ? vg_json_text(body) : NULL;

    json_decref(body);
    http_put_header(call, "Cache-Control", "no-store");
    if (text == NULL)
        http_answer(call, 500, "application/json", slice_of("{\"error\":\"memory\"}", 18));
    else
        http_answer(call, status, "application/json", slice_of(text, strlen(text)));
    free(text);
}

void
http_answer_error(struct http_call *call, int status, const char *word, const char *message)
{
    http_answer_json(call, status, json_pack("{ss ss}", "error", word, "message", message));
}
