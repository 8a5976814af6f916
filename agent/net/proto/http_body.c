/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/http_body.h"

#include <openssl/crypto.h>

#include "agent/net/proto/http_decode.h"
#include "agent/net/proto/http_login.h"
#include "agent/net/proto/http_multipart.h"
#include "agent/net/record.h"
#include "agent/net/secrets.h"

enum { NAME_MAX_BYTES = 1024 };

enum form { FORM_NONE, FORM_URLENCODED, FORM_JSON };

struct http_body {
    struct transfer *file;
    struct http_decoder *decoder;
    struct http_multipart *multipart;
    struct transfer *part; /* of a multipart body: the one that is open */
    bool in_field;         /* of a multipart form: this part is no file, it goes into `file` */
    bool over;             /* damaged, too large, or nothing more to be learned */
    bool piece;            /* a range: never a whole file */
    bool from_server;
    enum form form;
    unsigned client;
    struct buf fields;    /* a form that may hold a log-in */
    struct str uri, host; /* kept for the parts of multipart bodies, in `text` */
    size_t size;
    char text[];
};

/* ---- files ---- */

/* RFC 5987: utf-8''%e2%82%ac; behind the second quote it is percent-encoded. */
static struct str
extended_name(struct str value, char out[NAME_MAX_BYTES])
{
    for (unsigned quotes = 0; quotes < 2; quotes++) {
        const char *at = value.len > 0 ? memchr(value.at, '\'', value.len) : NULL;

        if (at == NULL)
            return str_of("");
        value = str_n(at + 1, value.len - (size_t)(at - value.at) - 1);
    }
    return str_n(out, secrets_decode(value, out, NAME_MAX_BYTES));
}

/* The file's own name where the fields give one (RFC 6266), else "". */
static struct str
own_name(struct str disposition, char out[NAME_MAX_BYTES])
{
    struct str name = extended_name(http_parameter(disposition, "filename*"), out);

    return name.len > 0 ? name : http_parameter(disposition, "filename");
}

static struct transfer *
begin_file(const struct http_body *b, const struct protocol_call *call, struct str name,
           struct str mime, struct str left, const struct http_head *h)
{
    struct transfer_about about = {
        .service = "http",
        .name = name,
        .mime = mime,
        .host = b->host,
        .coding = left,
        .offset = h->has_range ? h->range_first : 0,
        .from_server = b->from_server,
        .client = b->client,
    };

    return transfer_begin(call, &about);
}

static bool
is_piece(const struct http_head *h)
{
    return h->has_range &&
           (h->range_first > 0 || h->range_total == 0 || h->range_last + 1 != h->range_total);
}

/* ---- parts ---- */

static void
part_begin(void *ctx, const struct protocol_call *call, const struct http_head *fields)
{
    struct http_body *b = ctx;
    char name[NAME_MAX_BYTES], mime[HTTP_MIME_MAX];
    struct str own = own_name(fields->disposition, name);

    b->in_field = own.len == 0 && !fields->has_range && !b->from_server;
    b->piece = is_piece(fields);
    if (!b->in_field)
        b->part = begin_file(b, call, own.len > 0 ? own : b->uri,
                             http_media_type(fields->content_type, mime), str_of(""), fields);
}

static void
part_bytes(void *ctx, const struct protocol_call *call, struct slice bytes)
{
    struct http_body *b = ctx;

    transfer_bytes(b->in_field ? b->file : b->part, call, bytes);
}

static void
part_end(void *ctx, const struct protocol_call *call, bool whole)
{
    struct http_body *b = ctx;

    if (b->in_field)
        transfer_bytes(b->file, call, slice_of("\n", 1));
    transfer_end(b->part, call, whole && !b->piece);
    b->part = NULL;
    b->in_field = false;
}

/* ---- log-ins ---- */

static enum form
form_of(const struct http_head *h, bool from_server, struct str mime)
{
    if (from_server || h->codings.count > 0 || (h->has_length && h->length > HTTP_FORM_MAX))
        return FORM_NONE;
    if (str_is(mime, "application/x-www-form-urlencoded"))
        return FORM_URLENCODED;
    return str_is(mime, "application/json") ? FORM_JSON : FORM_NONE;
}

static void
drop_fields(struct http_body *b, const struct protocol_call *call)
{
    if (b->fields.data != NULL)
        OPENSSL_cleanse(b->fields.data, b->fields.room);
    net_gather_done(call->engine, &b->fields);
    b->form = FORM_NONE;
}

static void
tell_login(struct http_body *b, const struct protocol_call *call)
{
    char user[HTTP_USER_MAX];
    bool found = false;

    if (b->form == FORM_URLENCODED)
        found = http_login_of_form(str_n(b->fields.data, b->fields.len), user);
    else if (b->form == FORM_JSON)
        found = http_login_of_json(buf_slice(&b->fields), user);
    if (found) {
        struct login_view login = {.service = "http", .user = str_of(user), .cleartext = true};

        login_tell(&login, call, b->client);
    }
}

/* ---- the body ---- */

static void
begin_multipart(struct http_body *b, const struct protocol_call *call, struct str type)
{
    struct http_part_user user = {
        .begin = part_begin, .bytes = part_bytes, .end = part_end, .ctx = b};

    b->multipart = http_multipart_new(call->engine, http_parameter(type, "boundary"), &user);
}

static struct http_body *
body_new(const struct protocol_call *call, const struct http_body_about *about)
{
    size_t uri = about->uri.len, host = about->host.len;
    size_t size = sizeof(struct http_body) + uri + host;
    struct http_body *b = net_parser_alloc(call->engine, size);

    if (b == NULL)
        return NULL;
    b->size = size;
    b->from_server = about->from_server;
    b->client = about->client;
    buf_init(&b->fields, HTTP_FORM_MAX);
    memcpy(b->text, about->uri.at, uri);
    memcpy(b->text + uri, about->host.at, host);
    b->uri = str_n(b->text, uri);
    b->host = str_n(b->text + uri, host);
    return b;
}

struct http_body *
http_body_begin(const struct protocol_call *call, const struct http_body_about *about)
{
    const struct http_head *h = about->head;
    char mime[HTTP_MIME_MAX], name[NAME_MAX_BYTES];
    struct str type = http_media_type(h->content_type, mime), left, own;
    bool files = net_wants(call->engine, OBS_BODY) || net_wants(call->engine, OBS_RECORD);
    bool multipart = files && type.len > 10 && memcmp(type.at, "multipart/", 10) == 0;
    enum form form =
        net_wants(call->engine, OBS_LOGIN) ? form_of(h, about->from_server, type) : FORM_NONE;
    struct http_body *b;

    if (!files && form == FORM_NONE)
        return NULL;
    b = body_new(call, about);
    if (b == NULL)
        return NULL;
    b->form = form;
    b->decoder = files ? http_decoder_new(call->engine, &h->codings, &left) : NULL;
    if (multipart)
        begin_multipart(b, call, h->content_type);
    if (!files || (b->multipart != NULL && about->from_server))
        return b;
    own = about->from_server ? own_name(h->disposition, name) : str_of("");
    b->piece = is_piece(h);
    b->file = begin_file(b, call, own.len > 0 ? own : about->uri, type, left, h);
    return b;
}

static void
content(void *ctx, const struct protocol_call *call, struct slice bytes)
{
    struct http_body *b = ctx;

    if (b->multipart != NULL)
        http_multipart_bytes(b->multipart, call, bytes);
    else
        transfer_bytes(b->file, call, bytes);
}

/* Everything that is open ends here. */
static void
finish(struct http_body *b, const struct protocol_call *call, bool whole)
{
    http_multipart_free(b->multipart, call);
    b->multipart = NULL;
    if (transfer_is_empty(b->file)) /* a form of files only, a chunked body without a chunk */
        transfer_drop(b->file, call);
    else
        transfer_end(b->file, call, whole && !b->piece);
    b->file = NULL;
    http_decoder_free(b->decoder, call->engine);
    b->decoder = NULL;
    b->over = true;
}

void
http_body_bytes(struct http_body *b, const struct protocol_call *call, struct slice bytes)
{
    enum vg_err err;

    if (b == NULL || bytes.left == 0)
        return;
    if (b->form != FORM_NONE && net_gather(call->engine, &b->fields, bytes.at, bytes.left) != VG_OK)
        drop_fields(b, call);
    if (b->over)
        return;
    if (b->decoder == NULL) {
        content(b, call, bytes);
        return;
    }
    err = http_decoder_bytes(b->decoder, call, bytes, content, b);
    if (err == VG_ERR_LIMIT)
        net_engine_counters(call->engine)->inflate_limit++;
    if (err != VG_OK)
        finish(b, call, false);
}

void
http_body_gap(struct http_body *b, const struct protocol_call *call, uint64_t bytes)
{
    if (b == NULL)
        return;
    drop_fields(b, call);
    if (b->over)
        return;
    if (b->decoder != NULL) {
        finish(b, call, false);
        return;
    }
    if (b->multipart != NULL)
        http_multipart_gap(b->multipart, call);
    transfer_gap(b->multipart != NULL && !b->in_field ? b->part : b->file, call, bytes);
}

void
http_body_end(struct http_body *b, const struct protocol_call *call, bool whole)
{
    if (b == NULL)
        return;
    if (whole)
        tell_login(b, call);
    drop_fields(b, call);
    finish(b, call, whole);
    net_parser_free(call->engine, b, b->size);
}
