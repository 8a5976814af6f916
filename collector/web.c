/* SPDX-License-Identifier: Apache-2.0 */
/* The web listener: enrolment, the API, the dashboard's files. */
#include <string.h>

#include "collector/service.h"
#include "collector/web/assets.h"

enum { BODY_DEPTH_BYTES = 64 * 1024 };

void
service_answer_failed(struct http_call *call, enum vg_err err)
{
    bool again = err == VG_ERR_LIMIT || err == VG_AGAIN || err == VG_ERR_NOMEM;

    http_put_header(call, "Retry-After", again ? "5" : "30");
    http_answer_error(call, 503, "busy", "try again later");
}

json_t *
service_body(struct http_call *call)
{
    json_t *body = NULL;
    enum vg_err err = vg_json_parse(http_body(call), BODY_DEPTH_BYTES, &body);

    if (err == VG_OK && json_is_object(body))
        return body;
    json_decref(body);
    http_answer_error(call, err == VG_ERR_LIMIT ? 413 : 400, "format", "no JSON object");
    return NULL;
}

static const struct web_asset *
asset_of(const char *path)
{
    for (const struct web_asset *a = WEB_ASSETS; a->path != NULL; a++)
        if (strcmp(a->path, path) == 0)
            return a;
    return NULL;
}

static void
asset_answer(const struct web_asset *asset, struct http_call *call)
{
    const char *known = http_header(call, "If-None-Match");
    const char *accepts = http_header(call, "Accept-Encoding");

    http_put_header(call, "ETag", asset->etag);
    http_put_header(call, "Cache-Control",
                    asset->immutable ? "public, max-age=31536000, immutable" : "no-cache");
    if (known != NULL && strcmp(known, asset->etag) == 0) {
        http_answer(call, 304, asset->mime, slice_of(NULL, 0));
        return;
    }
    if (asset->gzip && (accepts == NULL || strstr(accepts, "gzip") == NULL)) {
        http_answer_error(call, 406, "encoding", "the client must accept gzip");
        return;
    }
    if (asset->gzip)
        http_put_header(call, "Content-Encoding", "gzip");
    http_put_header(call, "Vary", "Accept-Encoding");
    http_answer(call, 200, asset->mime, slice_of(asset->bytes, asset->len));
}

void
web_handle(void *ctx, struct http_call *call)
{
    struct service *service = ctx;
    const char *path = http_path(call);
    const struct web_asset *asset;

    http_put_header(call, "Content-Security-Policy", WEB_CONTENT_SECURITY_POLICY);
    http_put_header(call, "Referrer-Policy", "no-referrer");
    http_put_header(call, "X-Frame-Options", "DENY");
    http_put_header(call, "Cross-Origin-Opener-Policy", "same-origin");
    http_put_header(call, "Cross-Origin-Resource-Policy", "same-origin");
    if (strncmp(path, "/api/", 5) == 0)
        api_handle(service, call);
    else if (http_is_post(call) && strncmp(path, "/enroll/", 8) == 0)
        enroll_handle(service, call);
    else if (http_is_post(call))
        http_answer_error(call, 405, "method", "GET alone");
    else if (strcmp(path, "/healthz") == 0)
        http_answer_json(call, 200, json_pack("{ss}", "status", "ok"));
    else if (strcmp(path, "/ca.pem") == 0) /* an agent checks its fingerprint before enrolling */
        http_answer(call, 200, "application/x-pem-file", buf_slice(&service->authority.ca));
    else if ((asset = asset_of(path)) != NULL)
        asset_answer(asset, call);
    else
        http_answer_error(call, 404, "unknown", "no such page");
}
