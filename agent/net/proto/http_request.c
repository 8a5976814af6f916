/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/http_request.h"

#include "agent/detect/card_context.h"
#include "agent/net/engine.h"
#include "agent/net/proto/http_login.h"
#include "agent/net/proto/http_session.h"
#include "agent/net/record.h"
#include "agent/net/secrets.h"

void
http_request_free(const struct protocol_call *call, struct http_request *r)
{
    if (r != NULL)
        net_parser_free(call->engine, r, r->size);
}

/* Line ends are there only in a field that was folded: white space. */
static struct str
copy_text(struct http_request *r, size_t *used, struct str s, size_t max)
{
    char *to = r->text + *used;
    size_t n = s.len < max ? s.len : max;

    for (size_t i = 0; i < n; i++)
        to[i] = s.at[i] == '\r' || s.at[i] == '\n' ? ' ' : s.at[i];
    *used += n;
    return str_n(to, n);
}

static size_t
at_most(size_t n, size_t max)
{
    return n < max ? n : max;
}

/* A log-in in the head, or in the query. */
static void
find_login(struct http_request *r, const struct http_head *h, struct http_login *login)
{
    const char *mark = h->uri.len > 0 ? memchr(h->uri.at, '?', h->uri.len) : NULL;

    r->login = r->judged = http_login_of_field(h->authorization, login);
    if (!r->login && mark != NULL) {
        size_t n = (size_t)(mark - h->uri.at) + 1;

        r->login = login->cleartext =
            http_login_of_form(str_n(mark + 1, h->uri.len - n), login->user);
    }
    r->cleartext = login->cleartext;
}

/* Before it is masked. */
static void
find_card(struct http_request *r)
{
    struct card_context found;

    if (card_in_context(r->uri, &found))
        memcpy(r->card, found.last4, sizeof(r->card));
}

struct http_request *
http_request_new(const struct protocol_call *call, const struct http_head *h)
{
    struct http_request found = {.login = false}, *r;
    struct http_login login;
    char odd_text[HTTP_ODD_MAX], mime[HTTP_MIME_MAX];
    struct str odd = http_odd_fields(h->fields, odd_text);
    struct str type = http_media_type(h->content_type, mime);
    size_t used = 0, size;

    find_login(&found, h, &login);
    size = sizeof(struct http_request) + h->method.len + at_most(h->uri.len, HTTP_URI_MAX) +
           at_most(h->host.len, HTTP_TEXT_MAX) + at_most(h->user_agent.len, HTTP_TEXT_MAX) +
           at_most(h->referer.len, HTTP_TEXT_MAX) + type.len + odd.len + strlen(login.user) +
           strlen(login.domain);
    r = net_parser_alloc(call->engine, size);
    if (r == NULL)
        return NULL;
    r->size = size;
    r->login = found.login;
    r->cleartext = found.cleartext;
    r->judged = found.judged;
    r->session = http_session_of(h->cookie, h->host);
    r->method = copy_text(r, &used, h->method, HTTP_METHOD_MAX);
    r->uri = copy_text(r, &used, h->uri, HTTP_URI_MAX);
    find_card(r);
    r->uri.len = secrets_mask_uri(r->text + (used - r->uri.len), r->uri.len);
    r->host = copy_text(r, &used, h->host, HTTP_TEXT_MAX);
    r->user_agent = copy_text(r, &used, h->user_agent, HTTP_TEXT_MAX);
    r->referer = copy_text(r, &used, h->referer, HTTP_TEXT_MAX);
    r->type = copy_text(r, &used, type, HTTP_MIME_MAX);
    memcpy(r->text + used, odd.at, odd.len);
    r->odd = str_n(r->text + used, odd.len);
    used += odd.len;
    r->user = copy_text(r, &used, str_of(login.user), HTTP_USER_MAX);
    r->domain = copy_text(r, &used, str_of(login.domain), HTTP_USER_MAX);
    return r;
}

/* A form is answered by a page, whatever is on it. */
enum login_result
http_request_result(const struct http_request *r, int status)
{
    if (!r->judged)
        return LOGIN_UNKNOWN;
    if (status == 401 || status == 403 || status == 407)
        return LOGIN_FAILED;
    return status / 100 == 2 || status == 304 ? LOGIN_SUCCEEDED : LOGIN_UNKNOWN;
}

void
http_request_tell(const struct http_request *r, const struct protocol_call *call, unsigned client,
                  int status, struct str mime)
{
    struct flow_view flow;
    struct http_view view = {
        .flow = &flow,
        .method = r->method,
        .host = r->host,
        .uri = r->uri,
        .user_agent = r->user_agent,
        .mime = mime,
        .referer = r->referer,
        .request_type = r->type,
        .odd_fields = r->odd,
        .status = status,
        .incomplete = r->incomplete,
        .request_body = r->body,
        .session = r->session,
        .card = str_of(r->card),
    };
    struct obs obs = {.kind = OBS_HTTP, .time_ns = call->time_ns, .http = &view};

    net_flow_view(call, client, &flow);
    net_emit(call->engine, &obs);
    if (r->login) {
        struct login_view login = {.service = "http",
                                   .user = r->user,
                                   .domain = r->domain,
                                   .result = http_request_result(r, status),
                                   .cleartext = r->cleartext};

        login_tell(&login, call, client);
    }
}
