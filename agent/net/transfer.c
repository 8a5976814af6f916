/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/transfer.h"

#include <openssl/evp.h>
#include <stdio.h>

#include "agent/detect/card_number.h"
#include "agent/net/engine.h"
#include "agent/net/magic.h"
#include "agent/net/record.h"

enum { SHA256_BYTES = 32 };

struct transfer {
    size_t size;
    const char *service;
    struct str name, mime, host, coding;
    uint64_t stream, start, at; /* at: where the next byte stands, holes included */
    uint64_t missing;
    const struct magic *magic; /* NULL: more bytes are needed to tell */
    uint8_t *head;             /* first bytes while they are too few; MAGIC_BYTES, owned */
    uint16_t head_len;
    bool from_server, started;
    uint8_t client;
    EVP_MD_CTX *hash; /* owned; NULL: no hash is wanted */
    char text[];
};

/* ---- beginning ---- */

static size_t
text_len(struct str s)
{
    return s.len < TRANSFER_TEXT_MAX ? s.len : TRANSFER_TEXT_MAX;
}

static struct str
copy_text(struct transfer *t, size_t *used, struct str s)
{
    char *to = t->text + *used;
    size_t n = text_len(s);

    memcpy(to, s.at, n);
    *used += n;
    return str_n(to, n);
}

struct transfer *
transfer_begin(const struct protocol_call *call, const struct transfer_about *about)
{
    struct transfers *all = net_transfers(call->engine);
    struct str coding = about->coding.at != NULL ? about->coding : str_of("");
    size_t used = 0, size = sizeof(struct transfer) + text_len(about->name) +
                            text_len(about->mime) + text_len(about->host) + text_len(coding);
    struct transfer *t;

    if (!net_wants(call->engine, OBS_BODY) && !net_wants(call->engine, OBS_RECORD))
        return NULL;
    if (all->open >= TRANSFERS_MAX || (t = net_parser_alloc(call->engine, size)) == NULL) {
        net_engine_counters(call->engine)->transfers_refused++;
        return NULL;
    }
    all->open++;
    t->size = size;
    t->service = about->service;
    t->name = copy_text(t, &used, about->name);
    card_mask(t->text, used);
    t->mime = copy_text(t, &used, about->mime);
    t->host = copy_text(t, &used, about->host);
    t->coding = copy_text(t, &used, coding);
    t->stream = ++all->begun;
    t->start = t->at = about->offset;
    t->from_server = about->from_server;
    t->client = (uint8_t)about->client;
    return t;
}

/* ---- kind and hash ---- */

static void
drop_hash(struct transfer *t)
{
    EVP_MD_CTX_free(t->hash);
    t->hash = NULL;
}

static void
hash_bytes(struct transfer *t, struct slice bytes)
{
    if (t->hash == NULL)
        return;
    if (t->at - t->start > TRANSFER_HASH_MAX ||
        EVP_DigestUpdate(t->hash, bytes.at, bytes.left) != 1)
        drop_hash(t);
}

/* Bytes of no known kind under a name or a media type that says nothing may be anything. */
static bool
worth_a_hash(const struct transfer *t)
{
    static const char *const vague[] = {"application/octet-stream", "application/x-msdownload",
                                        "application/x-dosexec", "binary/octet-stream",
                                        "application/x-download"};

    if (t->magic->carries || magic_name_carries(t->name))
        return true;
    for (size_t i = 0; t->magic->name[0] == '\0' && i < VG_ARRAY_LEN(vague); i++)
        if (str_eq_nocase(t->mime, str_of(vague[i])))
            return true;
    return false;
}

static void
identify(struct transfer *t, struct slice head)
{
    t->magic = magic_of(head);
    /* A piece from the middle has neither a kind nor a hash of its own. */
    if (t->start > 0 || t->missing > 0)
        t->magic = magic_of(slice_of(NULL, 0));
    else if (worth_a_hash(t) && (t->hash = EVP_MD_CTX_new()) != NULL &&
             EVP_DigestInit_ex(t->hash, EVP_sha256(), NULL) != 1)
        drop_hash(t);
}

static void
drop_head(struct transfer *t, const struct protocol_call *call)
{
    net_parser_free(call->engine, t->head, MAGIC_BYTES);
    t->head = NULL;
    t->head_len = 0;
}

/* What has been gathered is all that there will be, or enough. */
static void
identify_gathered(struct transfer *t, const struct protocol_call *call)
{
    struct slice head = slice_of(t->head, t->head_len);

    identify(t, head);
    hash_bytes(t, head);
    drop_head(t, call);
}

/* Takes what is still missing of the head from *bytes. */
static void
look_at_head(struct transfer *t, const struct protocol_call *call, struct slice *bytes)
{
    size_t room = MAGIC_BYTES - t->head_len, n = bytes->left < room ? bytes->left : room;

    if (t->head == NULL && bytes->left >= MAGIC_BYTES) {
        struct slice all = *bytes;

        identify(t, slice_sub(&all, MAGIC_BYTES));
        return;
    }
    if (t->head == NULL && (t->head = net_parser_alloc(call->engine, MAGIC_BYTES)) == NULL) {
        identify(t, *bytes);
        return;
    }
    (void)slice_copy(bytes, t->head + t->head_len, n);
    t->head_len = (uint16_t)(t->head_len + n);
    if (t->head_len == MAGIC_BYTES)
        identify_gathered(t, call);
}

/* ---- pieces ---- */

static void
tell_piece(struct transfer *t, const struct protocol_call *call, struct slice bytes, bool last)
{
    struct flow_view flow;
    struct body_view view = {
        .flow = &flow,
        .stream = t->stream,
        .from_server = t->from_server,
        .name = t->name,
        .mime = t->mime,
        .host = t->host,
        .bytes = bytes.at,
        .len = bytes.left,
        .offset = t->at,
        .first = !t->started,
        .last = last,
    };
    struct obs obs = {.kind = OBS_BODY, .time_ns = call->time_ns, .body = &view};

    net_flow_view(call, t->client, &flow);
    t->started = true;
    net_emit(call->engine, &obs);
}

void
transfer_bytes(struct transfer *t, const struct protocol_call *call, struct slice bytes)
{
    size_t len = bytes.left;

    if (t == NULL || len == 0)
        return;
    if (net_wants(call->engine, OBS_BODY))
        tell_piece(t, call, bytes, false);
    if (t->magic == NULL && net_wants(call->engine, OBS_RECORD))
        look_at_head(t, call, &bytes);
    hash_bytes(t, bytes);
    t->at += len;
}

void
transfer_gap(struct transfer *t, const struct protocol_call *call, uint64_t bytes)
{
    if (t == NULL || bytes == 0)
        return;
    if (t->head != NULL) /* before the hole is counted: these bytes are the beginning */
        identify_gathered(t, call);
    drop_hash(t);
    t->at += bytes;
    t->missing += bytes;
}

/* ---- the end ---- */

static struct str
sha256_text(struct transfer *t, char out[2 * SHA256_BYTES + 1])
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    out[0] = '\0';
    if (t->hash == NULL || EVP_DigestFinal_ex(t->hash, digest, &len) != 1 || len != SHA256_BYTES)
        return str_of("");
    for (size_t i = 0; i < SHA256_BYTES; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
    return str_n(out, 2 * (size_t)SHA256_BYTES);
}

static void
tell_record(struct transfer *t, const struct protocol_call *call, bool whole)
{
    char sha256[2 * SHA256_BYTES + 1];
    struct record r = {.type = "file"};

    if (t->magic == NULL)
        identify_gathered(t, call);
    record_text_put(&r, "service", str_of(t->service));
    record_text_put(&r, "name", t->name);
    record_text_opt(&r, "mime", t->mime);
    record_text_opt(&r, "host", t->host);
    record_bool(&r, "from_server", t->from_server);
    record_number(&r, "bytes", (int64_t)(t->at - t->start - t->missing));
    if (t->start > 0)
        record_number(&r, "offset", (int64_t)t->start);
    record_number(&r, "missing", (int64_t)t->missing);
    record_bool(&r, "whole", whole && t->missing == 0);
    record_text_opt(&r, "coding", t->coding);
    record_text_put(&r, "magic", str_of(t->magic->name));
    if (whole)
        record_text_opt(&r, "sha256", sha256_text(t, sha256));
    record_tell(&r, call, t->client);
}

bool
transfer_is_empty(const struct transfer *t)
{
    return t == NULL || t->at == t->start;
}

void
transfer_drop(struct transfer *t, const struct protocol_call *call)
{
    if (t == NULL)
        return;
    drop_hash(t);
    drop_head(t, call);
    net_transfers(call->engine)->open--;
    net_parser_free(call->engine, t, t->size);
}

void
transfer_end(struct transfer *t, const struct protocol_call *call, bool whole)
{
    if (t == NULL)
        return;
    if (t->started)
        tell_piece(t, call, slice_of(NULL, 0), true);
    if (net_wants(call->engine, OBS_RECORD))
        tell_record(t, call, whole);
    transfer_drop(t, call);
}
