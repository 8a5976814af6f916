/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/cards.h"

#include <stdlib.h>

#include "agent/detect/card_number.h"
#include "agent/net/record.h"

struct cards_place {
    struct obs obs;
    union {
        struct dns_view dns;
        struct http_view http;
        struct tls_view tls;
        struct record_view record;
        struct login_view login;
        struct body_view body;
    };
    struct cert_view cert;
    struct record_field fields[RECORD_FIELDS_MAX];
    size_t used;
    _Alignas(struct str) uint8_t bytes[CARDS_BYTES];
};
_Static_assert(sizeof(struct cards_place) <= CARDS_PLACE_BYTES, "the engine counts on it");

/* ---- whether there is anything to do ---- */

/* A loop that compilers turn into vector instructions: most texts end here. */
static bool
many_digits(struct str s)
{
    size_t digits = 0;

    for (size_t i = 0; s.len >= CARD_DIGITS_MIN && i < s.len; i++)
        digits += (uint8_t)(s.at[i] - '0') < 10;
    return digits >= CARD_DIGITS_MIN;
}

static bool
many_in_list(const struct str *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (many_digits(list[i]))
            return true;
    return false;
}

/* Hashes in hex may look like a card's number, and are useless with a part of them gone. */
static bool
is_computed(const struct record_field *f)
{
    static const char *const names[] = {"sha256", "infohash"};

    for (size_t i = 0; i < VG_ARRAY_LEN(names); i++)
        if (strcmp(f->name, names[i]) == 0)
            return true;
    return false;
}

static bool
many_in_field(const struct record_field *f)
{
    if (f->type == FIELD_LIST)
        return many_in_list(f->list, f->list_count);
    return f->type == FIELD_TEXT && !is_computed(f) && many_digits(f->text);
}

static bool
many_in_record(const struct record_view *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (many_in_field(&r->fields[i]))
            return true;
    return false;
}

static bool
many_in_tls(const struct tls_view *t)
{
    const struct cert_view *c = t->cert;

    return many_digits(t->sni) || many_digits(t->alpn) || many_digits(t->server_alpn) ||
           (c != NULL && (many_digits(c->issuer) || many_digits(c->subject) ||
                          many_digits(c->serial) || many_in_list(c->names, c->name_count)));
}

static bool
many_in(const struct obs *obs)
{
    switch (obs->kind) {
    case OBS_DNS:
        return many_digits(obs->dns->query) ||
               many_in_list(obs->dns->answers, obs->dns->answer_count);
    case OBS_HTTP:
        return many_digits(obs->http->uri) || many_digits(obs->http->host) ||
               many_digits(obs->http->user_agent) || many_digits(obs->http->method) ||
               many_digits(obs->http->mime);
    case OBS_TLS:
        return many_in_tls(obs->tls);
    case OBS_RECORD:
        return many_in_record(obs->record);
    case OBS_LOGIN:
        return many_digits(obs->login->user) || many_digits(obs->login->domain);
    case OBS_BODY:
        return many_digits(obs->body->name) || many_digits(obs->body->mime) ||
               many_digits(obs->body->host);
    default:
        return false;
    }
}

/* ---- the copy ---- */

/* NULL: there is no room for it. */
static void *
take(struct cards_place *p, size_t len)
{
    size_t align = _Alignof(struct str), at = (p->used + align - 1) / align * align;

    if (at > CARDS_BYTES || len > CARDS_BYTES - at)
        return NULL;
    p->used = at + len;
    return p->bytes + at;
}

static void
cover(struct cards_place *p, struct str *s, uint64_t *left_out)
{
    char *copy;

    if (!many_digits(*s))
        return;
    copy = take(p, s->len);
    if (copy == NULL) {
        ++*left_out;
        *s = str_of("");
        return;
    }
    memcpy(copy, s->at, s->len);
    card_mask(copy, s->len);
    s->at = copy;
}

static void
cover_list(struct cards_place *p, const struct str **list, size_t *count, uint64_t *left_out)
{
    struct str *copy;

    if (!many_in_list(*list, *count))
        return;
    copy = take(p, *count * sizeof(**list));
    if (copy == NULL) {
        ++*left_out;
        *count = 0;
        return;
    }
    memcpy(copy, *list, *count * sizeof(**list));
    for (size_t i = 0; i < *count; i++)
        cover(p, &copy[i], left_out);
    *list = copy;
}

static void
cover_record(struct cards_place *p, const struct record_view *r, uint64_t *left_out)
{
    p->record = *r;
    p->record.count = r->count < RECORD_FIELDS_MAX ? r->count : RECORD_FIELDS_MAX;
    memcpy(p->fields, r->fields, p->record.count * sizeof(p->fields[0]));
    p->record.fields = p->fields;
    p->obs.record = &p->record;
    for (size_t i = 0; i < p->record.count; i++) {
        struct record_field *f = &p->fields[i];

        if (f->type == FIELD_LIST)
            cover_list(p, &f->list, &f->list_count, left_out);
        else if (f->type == FIELD_TEXT && !is_computed(f))
            cover(p, &f->text, left_out);
    }
}

static void
cover_tls(struct cards_place *p, const struct tls_view *t, uint64_t *left_out)
{
    p->tls = *t;
    p->obs.tls = &p->tls;
    cover(p, &p->tls.sni, left_out);
    cover(p, &p->tls.alpn, left_out);
    cover(p, &p->tls.server_alpn, left_out);
    if (t->cert == NULL)
        return;
    p->cert = *t->cert;
    p->tls.cert = &p->cert;
    cover(p, &p->cert.issuer, left_out);
    cover(p, &p->cert.subject, left_out);
    cover(p, &p->cert.serial, left_out);
    cover_list(p, &p->cert.names, &p->cert.name_count, left_out);
}

static void
cover_texts(struct cards_place *p, struct str *const *texts, size_t count, uint64_t *left_out)
{
    for (size_t i = 0; i < count; i++)
        cover(p, texts[i], left_out);
}

static void
cover_all(struct cards_place *p, const struct obs *obs, uint64_t *left_out)
{
    struct str *const http[] = {&p->http.method, &p->http.host, &p->http.uri, &p->http.user_agent,
                                &p->http.mime};
    struct str *const body[] = {&p->body.name, &p->body.mime, &p->body.host};

    p->obs = *obs;
    p->used = 0;
    switch (obs->kind) {
    case OBS_DNS:
        p->dns = *obs->dns;
        p->obs.dns = &p->dns;
        cover(p, &p->dns.query, left_out);
        cover_list(p, &p->dns.answers, &p->dns.answer_count, left_out);
        break;
    case OBS_HTTP:
        p->http = *obs->http;
        p->obs.http = &p->http;
        cover_texts(p, http, VG_ARRAY_LEN(http), left_out);
        break;
    case OBS_TLS:
        cover_tls(p, obs->tls, left_out);
        break;
    case OBS_RECORD:
        cover_record(p, obs->record, left_out);
        break;
    case OBS_LOGIN:
        p->login = *obs->login;
        p->obs.login = &p->login;
        cover(p, &p->login.user, left_out);
        cover(p, &p->login.domain, left_out);
        break;
    case OBS_BODY:
        p->body = *obs->body;
        p->obs.body = &p->body;
        cover_texts(p, body, VG_ARRAY_LEN(body), left_out);
        break;
    default:
        break;
    }
}

const struct obs *
cards_cover(struct cards *c, const struct obs *obs, uint64_t *left_out)
{
    if (!many_in(obs))
        return obs;
    if (c->place == NULL && (c->place = malloc(sizeof(*c->place))) == NULL) {
        ++*left_out;
        return NULL;
    }
    cover_all(c->place, obs, left_out);
    return &c->place->obs;
}

void
cards_done(struct cards *c)
{
    free(c->place);
    c->place = NULL;
}
