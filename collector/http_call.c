/* SPDX-License-Identifier: Apache-2.0 */
/* A call by itself: what it asks, and its answer. */
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <stdlib.h>
#include <string.h>

#include "collector/http_int.h"

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
    struct http_conn *conn = call->conn;
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
    http_release(call->conn);
    call->conn->busy = false;
    call->conn->since_s = http_now_s();
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
