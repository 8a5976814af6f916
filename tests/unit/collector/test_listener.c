/* SPDX-License-Identifier: Apache-2.0 */
/* What the listeners do to clients that are slow, many or large. A loop in this process; the clients
 * are plain sockets and OpenSSL on the same loop's turns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>

#include "collector/authority.h"
#include "collector/http.h"
#include "collector/tls.h"
#include "common/vtime.h"

enum { DEADLINE_S = 1, CAP = 8, CAP_OF_ONE = 6, BODY_MAX = 10000 };

struct world {
    char dir[64];
    struct collector_config config;
    struct authority authority;
    struct event_base *loop;
    struct http_budget budget;
    struct http_server *server;
    struct http_call *held; /* a call that is answered later */
    struct http_stream *stream;
    unsigned gone; /* streams */
    size_t calls;
};

static void
on_gone(void *ctx)
{
    struct world *w = ctx;

    w->stream = NULL;
    w->gone++;
}

static void
handle(void *ctx, struct http_call *call)
{
    struct world *w = ctx;
    char value[8];

    w->calls++;
    if (strcmp(http_path(call), "/hold") == 0) {
        w->held = call;
        return;
    }
    if (strcmp(http_path(call), "/stream") == 0) {
        w->stream = http_stream_begin(call, "text/event-stream", on_gone, w);
        assert_non_null(w->stream);
        return;
    }
    assert_false(http_query(call, "missing", value, sizeof value));
    http_answer_json(call, 200,
                     json_pack("{ss sI ss}", "path", http_path(call), "bytes",
                               (json_int_t)http_body(call).left, "peer", http_peer(call)));
}

static int
setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct conf_error why;
    struct http_options o = {.deadline_s = DEADLINE_S,
                             .connections_max = CAP,
                             .connections_of_one = CAP_OF_ONE,
                             .body_max = BODY_MAX,
                             .handle = handle};
    char path[96];
    FILE *f;
    SSL_CTX *tls;

    strcpy(w->dir, "/tmp/vg-http-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(path, sizeof path, "%s/c.yaml", w->dir);
    f = fopen(path, "w");
    fputs("readers: 1\n", f);
    fclose(f);
    assert_int_equal(collector_config_load(path, w->dir, &w->config, &why), VG_OK);
    assert_int_equal(authority_open(&w->config, vtime_now(), &w->authority), VG_OK);
    assert_int_equal(tls_web(&w->authority, &w->config, &tls), VG_OK);
    w->loop = event_base_new();
    w->budget.max = 3 * BODY_MAX;
    o.loop = w->loop;
    o.tls = tls;
    o.budget = &w->budget;
    o.ctx = w;
    strcpy(o.listen.host, "127.0.0.1");
    assert_int_equal(http_new(&o, &w->server), VG_OK);
    SSL_CTX_free(tls);
    *state = w;
    return 0;
}

static int
teardown(void **state)
{
    struct world *w = *state;
    char command[128];

    http_free(w->server);
    event_base_free(w->loop);
    authority_done(&w->authority);
    collector_config_done(&w->config);
    assert_int_equal(w->budget.used, 0);
    snprintf(command, sizeof command, "rm -r %s", w->dir);
    assert_int_equal(system(command), 0);
    free(w);
    return 0;
}

static void
turn(struct world *w, int ms)
{
    for (int i = 0; i < ms; i += 10) {
        const struct timespec nap = {.tv_nsec = 10 * 1000000};

        (void)event_base_loop(w->loop, EVLOOP_NONBLOCK);
        (void)nanosleep(&nap, NULL);
    }
}

static int
dial(struct world *w)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(http_port(w->server))};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

/* The peer has ended it. */
static bool
ended(int fd)
{
    char byte[512];
    ssize_t n = recv(fd, byte, sizeof byte, 0);

    while (n > 0)
        n = recv(fd, byte, sizeof byte, 0);
    return n == 0 || (n < 0 && errno != EAGAIN);
}

struct client {
    SSL_CTX *ctx;
    SSL *ssl;
    int fd;
};

static struct client
dial_tls(struct world *w)
{
    struct client c = {.ctx = SSL_CTX_new(TLS_client_method()), .fd = dial(w)};
    int code = 0;

    c.ssl = SSL_new(c.ctx);
    (void)SSL_set_fd(c.ssl, c.fd);
    for (int i = 0; i < 200 && (code = SSL_connect(c.ssl)) != 1; i++)
        turn(w, 10);
    assert_int_equal(code, 1);
    return c;
}

static void
hang_up(struct client *c)
{
    SSL_free(c->ssl);
    SSL_CTX_free(c->ctx);
    close(c->fd);
}

/* Sends (as much as goes) and gives the answer's status, 0 when the connection ended without. */
static int
ask(struct world *w, struct client *c, const char *head, size_t body)
{
    char *text = calloc(1, strlen(head) + body + 1), answer[2048];
    size_t at = 0, n;
    int status = 0;

    strcpy(text, head);
    memset(text + strlen(head), 'x', body);
    n = strlen(head) + body;
    for (int i = 0; i < 300 && status == 0; i++) {
        int sent = at < n ? SSL_write(c->ssl, text + at, (int)(n - at)) : 0;
        int got;

        if (sent > 0)
            at += (size_t)sent;
        turn(w, 10);
        got = SSL_read(c->ssl, answer, sizeof answer - 1);
        if (got > 0) {
            answer[got] = '\0';
            status = atoi(answer + strlen("HTTP/1.1 "));
        } else if (SSL_get_error(c->ssl, got) != SSL_ERROR_WANT_READ && i > 100) {
            break;
        }
    }
    free(text);
    return status;
}

static void
test_calls(void **state)
{
    struct world *w = *state;
    struct client c = dial_tls(w);

    assert_int_equal(ask(w, &c, "GET /a?x=1 HTTP/1.1\r\nHost: h\r\n\r\n", 0), 200);
    assert_int_equal(
        ask(w, &c, "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 9000\r\n\r\n", 9000), 200);
    assert_int_equal(w->calls, 2);
    assert_int_equal(w->budget.used, 0);
    assert_int_equal(
        ask(w, &c, "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 10001\r\n\r\n", 10001), 413);
    assert_int_equal(w->calls, 2);
    hang_up(&c);
    turn(w, 50);
}

static void
test_slow_clients_are_ended(void **state)
{
    struct world *w = *state;
    struct client c = dial_tls(w);
    int silent = dial(w);
    bool gone = false;

    /* One never begins TLS, one sends a byte of its header now and then. */
    for (int i = 0; i < 60 && !gone; i++) {
        (void)SSL_write(c.ssl, "G", 1);
        turn(w, 100);
        gone = ended(silent) && http_counts(w->server).open == 0;
    }
    assert_true(gone);
    /* evhttp itself ends the one that says nothing; the one that trickles is ours to end. */
    assert_true(http_counts(w->server).over_deadline >= 1);
    assert_int_equal(w->calls, 0);
    hang_up(&c);
    close(silent);
}

/* Of those that only connect the oldest go: a client with something to say is let in all the same. */
static void
test_too_many_connections(void **state)
{
    struct world *w = *state;
    int fds[CAP_OF_ONE + 4], open = 0;
    struct client c;

    for (size_t i = 0; i < VG_ARRAY_LEN(fds); i++) {
        fds[i] = dial(w);
        turn(w, 20);
    }
    turn(w, 50);
    for (size_t i = 0; i < VG_ARRAY_LEN(fds); i++)
        open += !ended(fds[i]);
    assert_int_equal(open, CAP_OF_ONE);
    assert_true(ended(fds[0]) && !ended(fds[VG_ARRAY_LEN(fds) - 1]));
    assert_int_equal(http_counts(w->server).over_cap, 4);
    c = dial_tls(w);
    assert_int_equal(ask(w, &c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", 0), 200);
    assert_int_equal(http_counts(w->server).over_cap, 5);
    for (size_t i = 0; i < VG_ARRAY_LEN(fds); i++)
        close(fds[i]);
    hang_up(&c);
    turn(w, 100);
    assert_int_equal(http_counts(w->server).open, 0);
    assert_true(http_counts(w->server).said_nothing > 0);
}

/* Whoever has finished a handshake stays; then it is the new one that goes. */
static void
test_too_many_with_a_handshake(void **state)
{
    struct world *w = *state;
    struct client c[CAP_OF_ONE];
    int late;

    for (size_t i = 0; i < CAP_OF_ONE; i++)
        c[i] = dial_tls(w);
    late = dial(w);
    turn(w, 50);
    assert_true(ended(late));
    for (size_t i = 0; i < CAP_OF_ONE; i++) {
        assert_int_equal(ask(w, &c[i], "GET / HTTP/1.1\r\nHost: h\r\n\r\n", 0), 200);
        hang_up(&c[i]);
    }
    close(late);
    turn(w, 50);
}

/* Bodies that never end are held only up to the budget of all. */
static void
test_budget_of_all(void **state)
{
    struct world *w = *state;
    struct client c[5];
    char *half = malloc(8000);

    memset(half, 'x', 8000);
    for (size_t i = 0; i < 5; i++) {
        static const char head[] = "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 9999\r\n\r\n";

        c[i] = dial_tls(w);
        (void)SSL_write(c[i].ssl, head, sizeof head - 1);
        (void)SSL_write(c[i].ssl, half, 8000);
        turn(w, 60);
        assert_true(w->budget.used <= w->budget.max + 16 * 1024);
    }
    assert_true(http_counts(w->server).over_budget >= 1);
    for (size_t i = 0; i < 5; i++)
        hang_up(&c[i]);
    turn(w, 200);
    assert_int_equal(w->budget.used, 0);
    free(half);
}

/* A client that goes away while its call is being worked on. */
static void
test_gone_before_the_answer(void **state)
{
    struct world *w = *state;
    struct client c = dial_tls(w);
    static const char head[] = "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n";

    (void)SSL_write(c.ssl, head, sizeof head - 1);
    turn(w, 100);
    assert_non_null(w->held);
    hang_up(&c);
    turn(w, 2500); /* longer than the deadline: a call that is worked on has none */
    http_answer_error(w->held, 404, "late", "late");
    turn(w, 100);
    assert_int_equal(http_counts(w->server).open, 0);
}

/* An answer that goes on: it outlives the deadline while it is read, holds little for one who does not read,
 * and ends from either side. */
static void
test_streams(void **state)
{
    struct world *w = *state;
    struct client c = dial_tls(w);
    static const char head[] = "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n";
    static char piece[8192], answer[4096];
    int sent = 0;

    assert_int_equal(ask(w, &c, head, 0), 200);
    for (int i = 0; i < 15; i++) {
        assert_true(http_stream_put(w->stream, slice_of("data: x\n\n", 9)));
        turn(w, 100);
        assert_true(SSL_read(c.ssl, answer, sizeof answer) > 0);
    }
    assert_int_equal(http_counts(w->server).streams, 1);
    hang_up(&c); /* the reader goes */
    turn(w, 100);
    assert_int_equal(w->gone, 1);
    c = dial_tls(w);
    assert_int_equal(ask(w, &c, head, 0), 200);
    http_stream_end(w->stream); /* we go */
    turn(w, 100);
    assert_int_equal(w->gone, 2);
    hang_up(&c);
    c = dial_tls(w);
    assert_int_equal(ask(w, &c, head, 0), 200);
    memset(piece, 'x', sizeof piece);
    while (http_stream_put(w->stream, slice_of(piece, sizeof piece)) && sent++ < 10000)
        turn(w, 10);
    turn(w, 100);
    assert_int_equal(w->gone, 3); /* behind by more than it may be */
    assert_true(sent < 10000);
    assert_int_equal(http_counts(w->server).streams_behind, 1);
    hang_up(&c);
    c = dial_tls(w);
    assert_int_equal(ask(w, &c, head, 0), 200); /* one that is open when the listener is freed */
    turn(w, 50);
    http_stop(w->server);
    hang_up(&c);
}

/* Who listens to a stream and speaks all the same fills nothing: the budget is of all. */
static void
test_nobody_speaks_into_a_stream(void **state)
{
    struct world *w = *state;
    struct client c = dial_tls(w);
    static const char head[] = "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n";
    static char rubbish[4096];

    assert_int_equal(ask(w, &c, head, 0), 200);
    memset(rubbish, 'x', sizeof rubbish);
    for (int i = 0; i < 8; i++) {
        (void)SSL_write(c.ssl, rubbish, sizeof rubbish);
        turn(w, 60);
    }
    assert_int_equal(w->gone, 1);
    assert_int_equal(w->budget.used, 0);
    assert_int_equal(http_counts(w->server).open, 0);
    hang_up(&c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_calls, setup, teardown),
        cmocka_unit_test_setup_teardown(test_slow_clients_are_ended, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_many_connections, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_many_with_a_handshake, setup, teardown),
        cmocka_unit_test_setup_teardown(test_budget_of_all, setup, teardown),
        cmocka_unit_test_setup_teardown(test_gone_before_the_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nobody_speaks_into_a_stream, setup, teardown),
        cmocka_unit_test_setup_teardown(test_streams, setup, teardown),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
