/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keeper/post.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECT_S = 20, TOTAL_S = 120, REUSE_S = 20 };

struct post {
    struct event_base *loop;
    CURLM *multi;
    CURL *easy; /* NULL: nothing under way */
    struct event *timer;
    struct curl_slist *headers;
    struct buf answer;
    char error[CURL_ERROR_SIZE];
    post_done_fn *done;
    void *ctx;
};

static void
finish(struct post *p, CURLcode code)
{
    struct post_answer a = {.why = ""};
    curl_off_t retry = 0;
    long status = 0;

    (void)curl_easy_getinfo(p->easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(p->easy, CURLINFO_RETRY_AFTER, &retry);
    if (code != CURLE_OK) {
        status = 0;
        a.why = p->error[0] != '\0' ? p->error : curl_easy_strerror(code);
    }
    a.status = (int)status;
    a.retry_after_s = retry > 0 && retry < 86400 ? (int)retry : 0;
    a.body = buf_slice(&p->answer);
    (void)curl_multi_remove_handle(p->multi, p->easy);
    curl_easy_cleanup(p->easy);
    p->easy = NULL;
    curl_slist_free_all(p->headers);
    p->headers = NULL;
    p->done(p->ctx, &a);
}

static void
look(struct post *p)
{
    CURLMsg *message;
    int left;

    while (p->easy != NULL && (message = curl_multi_info_read(p->multi, &left)) != NULL)
        if (message->msg == CURLMSG_DONE) {
            finish(p, message->data.result);
            return; /* done() may have started the next one */
        }
}

static void
on_socket(evutil_socket_t fd, short what, void *ctx)
{
    struct post *p = ctx;
    int running, mask = 0;

    if ((what & EV_READ) != 0)
        mask |= CURL_CSELECT_IN;
    if ((what & EV_WRITE) != 0)
        mask |= CURL_CSELECT_OUT;
    (void)curl_multi_socket_action(p->multi, fd, mask, &running);
    look(p);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
    struct post *p = ctx;
    int running;

    (void)fd, (void)what;
    (void)curl_multi_socket_action(p->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    look(p);
}

static int
watch_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
    struct post *p = ctx;
    struct event *event = socket_ctx;
    short wanted = EV_PERSIST;

    (void)easy;
    if (event != NULL)
        event_free(event);
    (void)curl_multi_assign(p->multi, fd, NULL);
    if (what == CURL_POLL_REMOVE)
        return 0;
    if ((what & CURL_POLL_IN) != 0)
        wanted |= EV_READ;
    if ((what & CURL_POLL_OUT) != 0)
        wanted |= EV_WRITE;
    event = event_new(p->loop, fd, wanted, on_socket, p);
    if (event == NULL || event_add(event, NULL) != 0) {
        if (event != NULL)
            event_free(event);
        return -1;
    }
    (void)curl_multi_assign(p->multi, fd, event);
    return 0;
}

static int
set_timer(CURLM *multi, long ms, void *ctx)
{
    struct post *p = ctx;
    const struct timeval at = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

    (void)multi;
    if (ms < 0)
        return event_del(p->timer);
    return event_add(p->timer, &at);
}

static size_t
take(char *bytes, size_t size, size_t count, void *ctx)
{
    struct post *p = ctx;

    (void)size;
    buf_put(&p->answer, bytes, count);
    return p->answer.bad ? 0 : count;
}

enum vg_err
post_new(struct event_base *loop, post_done_fn *done, void *ctx, struct post **out)
{
    struct post *p = calloc(1, sizeof *p);

    if (p == NULL)
        return VG_ERR_NOMEM;
    p->loop = loop;
    p->done = done;
    p->ctx = ctx;
    buf_init(&p->answer, POST_ANSWER_MAX);
    p->timer = event_new(loop, -1, 0, on_timer, p);
    p->multi = curl_multi_init();
    if (p->timer == NULL || p->multi == NULL) {
        post_free(p);
        return VG_ERR_NOMEM;
    }
    (void)curl_multi_setopt(p->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    (void)curl_multi_setopt(p->multi, CURLMOPT_SOCKETDATA, p);
    (void)curl_multi_setopt(p->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    (void)curl_multi_setopt(p->multi, CURLMOPT_TIMERDATA, p);
    (void)curl_multi_setopt(p->multi, CURLMOPT_MAXCONNECTS, 1L);
    *out = p;
    return VG_OK;
}

void
post_free(struct post *p)
{
    if (p == NULL)
        return;
    if (p->easy != NULL) {
        (void)curl_multi_remove_handle(p->multi, p->easy);
        curl_easy_cleanup(p->easy);
    }
    curl_slist_free_all(p->headers);
    if (p->multi != NULL)
        (void)curl_multi_cleanup(p->multi);
    if (p->timer != NULL)
        event_free(p->timer);
    buf_done(&p->answer);
    free(p);
}

static bool
add_headers(struct post *p, const char *const *headers)
{
    /* No Expect: a round trip saved; nothing else that libcurl would add by itself. */
    static const char *const own[] = {"Content-Type: application/json", "Expect:", NULL};

    for (int list = 0; list < 2; list++)
        for (const char *const *h = list == 0 ? own : headers; h != NULL && *h != NULL; h++) {
            struct curl_slist *grown = curl_slist_append(p->headers, *h);

            if (grown == NULL)
                return false;
            p->headers = grown;
        }
    return true;
}

static void
set_identity(CURL *easy, const struct identity *id)
{
    struct curl_blob cert = {id->cert.data, id->cert.len, CURL_BLOB_COPY};
    struct curl_blob key = {id->key.data, id->key.len, CURL_BLOB_COPY};
    struct curl_blob ca = {id->ca.data, id->ca.len, CURL_BLOB_COPY};

    (void)curl_easy_setopt(easy, CURLOPT_SSLCERT_BLOB, &cert);
    (void)curl_easy_setopt(easy, CURLOPT_SSLKEY_BLOB, &key);
    (void)curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &ca);
    (void)curl_easy_setopt(easy, CURLOPT_CAPATH, NULL); /* not the system's */
}

enum vg_err
post_start(struct post *p, const struct identity *id, const char *path, const char *const *headers,
           struct slice body)
{
    char url[IDENTITY_URL_MAX + 64];
    CURL *easy;

    if (p->easy != NULL)
        return VG_ERR_EXISTS;
    easy = curl_easy_init();
    if (easy == NULL || !add_headers(p, headers))
        goto fail;
    (void)snprintf(url, sizeof url, "%s%s", id->url, path);
    buf_clear(&p->answer);
    p->error[0] = '\0';
    set_identity(easy, id);
    (void)curl_easy_setopt(easy, CURLOPT_URL, url);
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
    (void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(easy, CURLOPT_POST, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.left);
    (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.at);
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, p->headers);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, p);
    (void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, p->error);
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)TOTAL_S);
    (void)curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)REUSE_S);
    (void)curl_easy_setopt(easy, CURLOPT_USERAGENT, "vigia-agent/" VIGIA_VERSION);
    if (curl_multi_add_handle(p->multi, easy) != CURLM_OK)
        goto fail;
    p->easy = easy;
    return VG_OK;
fail:
    curl_easy_cleanup(easy);
    curl_slist_free_all(p->headers);
    p->headers = NULL;
    return VG_ERR_NOMEM;
}

bool
post_busy(const struct post *p)
{
    return p->easy != NULL;
}
