/* SPDX-License-Identifier: Apache-2.0 */
/* ldap: who binds to a directory and what is asked of it (RFC 4511), over TCP; CLDAP (MS-ADTS, 6.3.3)
 * over UDP.
 *
 * Record "ldap", one for each request with an answer of its own: operation ("bind", "search",
 * "modify", "add", "delete", "rename", "compare", "extended"), dn (bind name, base of the search, or
 * entry), auth (bind: "anonymous", "simple", "sasl"), mechanism (SASL), scope, filter, oid
 * (extended), entries (that a search found), result (number, absent while unanswered).
 * Binds are log-ins, service "ldap". After StartTLS the flow is TLS's; after a SASL bind that
 * enciphers there is nothing more to read. */
#include "agent/detect/mask.h"
#include "agent/net/ber.h"
#include "agent/net/engine.h"
#include "agent/net/proto/ldap_filter.h"
#include "agent/net/proto/ldap_request.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/proto/pull.h"
#include "agent/net/record.h"

enum {
    LDAP_MESSAGE_MAX = 4096, /* of a longer message we read the beginning */
    LDAP_ENTRY_BYTES = 24,   /* enough of a search entry to see that it is one */
    LDAP_PENDING_MAX = 16,
    LDAP_DN_MAX = 200,
    LDAP_LENGTH_MAX = 64 * 1024 * 1024,
};
enum { PORT_LDAP = 389, PORT_GLOBAL_CATALOG = 3268 };

enum { RESULT_SUCCESS = 0, RESULT_SASL_IN_PROGRESS = 14, RESULT_INVALID_CREDENTIALS = 49 };
static const char OID_START_TLS[] = "1.3.6.1.4.1.1466.20037";

/* A request that waits for its answer. */
struct pending {
    struct pending *next;
    uint32_t id, entries;
    uint8_t request; /* tag */
    uint8_t auth;    /* tag, 0: anonymous */
    int8_t scope;
    uint8_t dn_len, detail_len; /* detail: filter, SASL mechanism, or OID */
    char text[];
};

struct ldap {
    struct pending *oldest;
    unsigned waiting;
    uint8_t client;             /* direction index, once known */
    bool told;                  /* `client` is known */
    bool sasl;                  /* a SASL bind succeeded: sealed messages may follow */
    struct ntlm_text sasl_user; /* of the NTLM message in a SASL bind */
    uint32_t skip[2];
    struct pull in[2];
};

struct operation {
    uint8_t request, response;
    const char *name;
};
static const struct operation OPERATIONS[] = {
    {LDAP_BIND_REQUEST, LDAP_BIND_RESPONSE, "bind"},
    {LDAP_SEARCH_REQUEST, LDAP_SEARCH_DONE, "search"},
    {0x66, 0x67, "modify"},
    {0x68, 0x69, "add"},
    {LDAP_DELETE_REQUEST, 0x6b, "delete"},
    {0x6c, 0x6d, "rename"},
    {0x6e, 0x6f, "compare"},
    {LDAP_EXTENDED_REQUEST, LDAP_EXTENDED_RESPONSE, "extended"},
};

static const struct operation *
operation_of(uint32_t tag, bool response)
{
    for (size_t i = 0; i < VG_ARRAY_LEN(OPERATIONS); i++)
        if ((response ? OPERATIONS[i].response : OPERATIONS[i].request) == tag)
            return &OPERATIONS[i];
    return NULL;
}

static bool
known_tag(uint32_t tag)
{
    return operation_of(tag, false) != NULL || operation_of(tag, true) != NULL ||
           tag == LDAP_UNBIND_REQUEST || tag == LDAP_SEARCH_ENTRY || tag == LDAP_ABANDON_REQUEST ||
           tag == LDAP_SEARCH_REFERENCE || tag == LDAP_INTERMEDIATE;
}

/* ---- what is told ---- */

static struct str
dn_of(const struct pending *p)
{
    return str_n(p->text, p->dn_len);
}

static struct str
detail_of(const struct pending *p)
{
    return str_n(p->text + p->dn_len, p->detail_len);
}

static void
tell_login(struct ldap *l, const struct protocol_call *call, const struct pending *p,
           int64_t result)
{
    struct login_view login = {.service = "ldap", .user = dn_of(p)};

    if (p->auth == 0 || result == RESULT_SASL_IN_PROGRESS)
        return;
    if (p->auth == LDAP_AUTH_SASL && l->sasl_user.len > 0)
        login.user = ntlm_str(&l->sasl_user);
    login.cleartext = p->auth == LDAP_AUTH_SIMPLE;
    if (result == RESULT_SUCCESS)
        login.result = LOGIN_SUCCEEDED;
    else if (result == RESULT_INVALID_CREDENTIALS)
        login.result = LOGIN_FAILED;
    login_tell(&login, call, l->client);
}

/* `result` below 0: unanswered. */
static void
tell(struct ldap *l, const struct protocol_call *call, const struct pending *p, int64_t result)
{
    static const char *const scopes[] = {"base", "one", "subtree", "children"};
    const struct operation *o = operation_of(p->request, false);
    struct record r = {.type = "ldap"};

    record_text_put(&r, "operation", str_of(o != NULL ? o->name : ""));
    record_text_opt(&r, "dn", dn_of(p));
    if (p->request == LDAP_BIND_REQUEST) {
        record_text_put(&r, "auth",
                        str_of(p->auth == LDAP_AUTH_SASL     ? "sasl"
                               : p->auth == LDAP_AUTH_SIMPLE ? "simple"
                                                             : "anonymous"));
        record_text_opt(&r, "mechanism", detail_of(p));
    } else if (p->request == LDAP_SEARCH_REQUEST) {
        if (p->scope >= 0 && p->scope < (int)VG_ARRAY_LEN(scopes))
            record_text_put(&r, "scope", str_of(scopes[p->scope]));
        record_text_opt(&r, "filter", detail_of(p));
        record_number(&r, "entries", p->entries);
    } else if (p->request == LDAP_EXTENDED_REQUEST) {
        record_text_opt(&r, "oid", detail_of(p));
    }
    if (result >= 0)
        record_number(&r, "result", result);
    record_tell(&r, call, l->client);
    if (p->request == LDAP_BIND_REQUEST)
        tell_login(l, call, p, result);
}

static void
forget(struct ldap *l, const struct protocol_call *call, struct pending **place)
{
    struct pending *p = *place;

    *place = p->next;
    l->waiting--;
    net_parser_free(call->engine, p, sizeof(*p) + p->dn_len + p->detail_len);
}

/* ---- requests ---- */

/* What is no digit or dot is left out. */
static size_t
put_oid(struct str oid, char *out, size_t size)
{
    size_t len = 0;

    for (size_t i = 0; i < oid.len && len < size; i++)
        if ((oid.at[i] >= '0' && oid.at[i] <= '9') || oid.at[i] == '.')
            out[len++] = oid.at[i];
    return len;
}

static void
on_request(struct ldap *l, const struct protocol_call *call, uint32_t id, const struct ber *op)
{
    struct buf *text = net_scratch(call->engine);
    struct pending *p, **place = &l->oldest;
    char dn[LDAP_DN_MAX + 1], detail[LDAP_FILTER_TEXT_MAX + 8];
    struct ldap_request request;
    size_t dn_len, detail_len;

    buf_clear(text);
    ldap_request_read(op, text, &request);
    if (request.user.len > 0)
        l->sasl_user = request.user;
    dn_len = strlen(mask_text(dn, sizeof(dn), request.dn.at, request.dn.len));
    detail_len =
        op->tag == LDAP_EXTENDED_REQUEST
            ? put_oid(request.detail, detail, sizeof(detail))
            : strlen(mask_text(detail, sizeof(detail), request.detail.at, request.detail.len));
    if (l->waiting == LDAP_PENDING_MAX) {
        tell(l, call, l->oldest, -1);
        forget(l, call, &l->oldest);
    }
    p = net_parser_alloc(call->engine, sizeof(*p) + dn_len + detail_len);
    if (p == NULL)
        return;
    p->id = id;
    p->request = (uint8_t)op->tag;
    p->auth = request.auth;
    p->scope = request.scope;
    p->dn_len = (uint8_t)dn_len;
    p->detail_len = (uint8_t)detail_len;
    memcpy(p->text, dn, dn_len);
    memcpy(p->text + dn_len, detail, detail_len);
    while (*place != NULL)
        place = &(*place)->next;
    *place = p;
    l->waiting++;
    l->client = (uint8_t)call->dir;
    l->told = true;
}

/* ---- answers ---- */

static struct pending **
find(struct ldap *l, uint32_t id)
{
    struct pending **place = &l->oldest;

    while (*place != NULL && (*place)->id != id)
        place = &(*place)->next;
    return place;
}

static void
on_result(struct ldap *l, const struct protocol_call *call, uint32_t id, const struct ber *op,
          const struct operation *o)
{
    struct pending **place = find(l, id);
    struct pending lost = {.id = id, .request = o->request, .scope = -1, .auth = 0};
    struct slice in = op->value;
    int64_t result = -1;

    if (!ber_take_int(&in, &result) || result < 0)
        return;
    if (*place == NULL) { /* the request was not seen */
        if (!l->told)
            l->client = (uint8_t)(1 - call->dir);
        if (o->request == LDAP_BIND_REQUEST)
            tell(l, call, &lost, result);
        return;
    }
    if ((*place)->request != o->request)
        return;
    tell(l, call, *place, result);
    if (result == RESULT_SUCCESS && o->request == LDAP_BIND_REQUEST &&
        (*place)->auth == LDAP_AUTH_SASL)
        l->sasl = true;
    if (result == RESULT_SUCCESS && str_is(detail_of(*place), OID_START_TLS) &&
        o->request == LDAP_EXTENDED_REQUEST)
        net_flow_handover(call->flow);
    forget(l, call, place);
}

/* `cut`: the beginning of a message. */
static enum vg_err
on_message(struct ldap *l, const struct protocol_call *call, struct slice message)
{
    const struct operation *o;
    struct ber outer, op;
    int64_t id;

    if (ber_next_cut(&message, &outer) != VG_OK || !ber_take_int(&outer.value, &id) || id < 0 ||
        id > INT32_MAX || ber_next_cut(&outer.value, &op) != VG_OK || !known_tag(op.tag))
        return VG_ERR_FORMAT;
    if ((o = operation_of(op.tag, false)) != NULL) {
        on_request(l, call, (uint32_t)id, &op);
    } else if ((o = operation_of(op.tag, true)) != NULL) {
        on_result(l, call, (uint32_t)id, &op, o);
    } else if (op.tag == LDAP_SEARCH_ENTRY) {
        struct pending **place = find(l, (uint32_t)id);

        if (*place != NULL)
            (*place)->entries++;
    }
    return VG_OK;
}

/* ---- streams ---- */

static void *
ldap_open(const struct protocol_call *call)
{
    struct ldap *l = net_parser_alloc(call->engine, sizeof(*l));

    if (l == NULL)
        return NULL;
    pull_init(&l->in[0], LDAP_MESSAGE_MAX);
    pull_init(&l->in[1], LDAP_MESSAGE_MAX);
    return l;
}

static void
ldap_close(void *self, const struct protocol_call *call)
{
    struct ldap *l = self;

    while (l->oldest != NULL) {
        tell(l, call, l->oldest, -1);
        forget(l, call, &l->oldest);
    }
    pull_free(&l->in[0], call->engine);
    pull_free(&l->in[1], call->engine);
    net_parser_free(call->engine, l, sizeof(*l));
}

/* A message begins like this: SEQUENCE, INTEGER of at most four octets, a known operation. */
static enum probe
looks(struct slice in)
{
    struct ber outer, id, op;
    enum vg_err err = ber_next_cut(&in, &outer);

    if (err == VG_OK && outer.tag != BER_SEQUENCE)
        return PROBE_NO;
    if (err == VG_OK && (outer.len < 5 || outer.len > LDAP_LENGTH_MAX))
        return PROBE_NO;
    if (err == VG_OK)
        err = ber_next(&outer.value, &id);
    if (err == VG_OK && (id.tag != BER_INTEGER || id.len < 1 || id.len > 4))
        return PROBE_NO;
    if (err == VG_OK)
        err = ber_next_cut(&outer.value, &op);
    if (err == VG_ERR_FORMAT)
        return PROBE_NO;
    if (err != VG_OK)
        return PROBE_MORE;
    return known_tag(op.tag) && op.len <= outer.len ? PROBE_YES : PROBE_NO;
}

static enum probe
ldap_probe(struct slice head, uint16_t sport, uint16_t dport)
{
    struct slice in = head, at = head;
    struct ber outer, id, op;
    bool by_port = sport == PORT_LDAP || dport == PORT_LDAP || sport == PORT_GLOBAL_CATALOG ||
                   dport == PORT_GLOBAL_CATALOG;
    enum probe answer;

    if (slice_u8(&at) != BER_SEQUENCE)
        return PROBE_NO;
    answer = looks(in);
    if (answer == PROBE_MORE)
        return head.left < 16 ? PROBE_MORE : PROBE_NO;
    if (answer == PROBE_NO || by_port)
        return answer;
    /* on another port only what begins a conversation: a bind, or the answer to one */
    if (ber_next_cut(&in, &outer) != VG_OK || ber_next(&outer.value, &id) != VG_OK ||
        ber_next_cut(&outer.value, &op) != VG_OK)
        return PROBE_NO;
    if (op.tag == LDAP_BIND_REQUEST) {
        int64_t version;
        struct slice left = op.value;

        if (op.value.left < 3)
            return PROBE_MORE;
        return ber_take_int(&left, &version) && version >= 2 && version <= 3 ? PROBE_YES : PROBE_NO;
    }
    return op.tag == LDAP_BIND_RESPONSE && op.value.left >= 3 && op.len + op.head + 3 <= outer.len
               ? PROBE_YES
               : PROBE_NO;
}

/* How much of the message at `head` we want to see at once. */
static size_t
wanted(struct slice head, size_t whole)
{
    struct ber outer, id, op;

    if (ber_next_cut(&head, &outer) == VG_OK && ber_next(&outer.value, &id) == VG_OK &&
        ber_next_cut(&outer.value, &op) == VG_OK &&
        (op.tag == LDAP_SEARCH_ENTRY || op.tag == LDAP_SEARCH_REFERENCE) &&
        whole > LDAP_ENTRY_BYTES)
        return LDAP_ENTRY_BYTES;
    return whole < LDAP_MESSAGE_MAX ? whole : LDAP_MESSAGE_MAX;
}

/* After a SASL bind each message may be wrapped: four octets of length, then a token. */
static bool
sealed(struct slice head)
{
    return slice_u8(&head) != BER_SEQUENCE;
}

/* One message off *bytes. VG_AGAIN: it is not all there. */
static enum vg_err
take_message(struct ldap *l, const struct protocol_call *call, struct slice *bytes)
{
    struct pull *in = &l->in[call->dir];
    struct slice head, part;
    struct ber outer;
    enum vg_err err = pull_peek(in, call, bytes, 6, &head); /* the least message has seven */
    size_t whole, want;

    if (err != VG_OK)
        return err;
    if (l->sasl && sealed(head))
        return VG_END;
    if (ber_next_cut(&head, &outer) != VG_OK || outer.tag != BER_SEQUENCE || outer.len < 5 ||
        outer.len > LDAP_LENGTH_MAX)
        return VG_ERR_FORMAT;
    whole = (size_t)outer.head + outer.len;
    err = pull_peek(in, call, bytes, whole < LDAP_ENTRY_BYTES ? whole : LDAP_ENTRY_BYTES, &part);
    if (err != VG_OK)
        return err;
    want = wanted(part, whole);
    err = pull_peek(in, call, bytes, want, &part);
    if (err != VG_OK)
        return err;
    err = on_message(l, call, part);
    pull_done(in, call, bytes, want);
    l->skip[call->dir] = (uint32_t)(whole - want);
    return err;
}

static enum vg_err
ldap_bytes(void *self, const struct protocol_call *call, struct slice bytes)
{
    struct ldap *l = self;
    uint32_t *skip = &l->skip[call->dir];

    for (;;) {
        uint32_t n = *skip < bytes.left ? *skip : (uint32_t)bytes.left;
        enum vg_err err;

        slice_skip(&bytes, n);
        *skip -= n;
        if (call->flow->handover)
            net_handover_rest(call, bytes.left);
        if (*skip > 0 || call->flow->handover)
            return VG_OK;
        err = take_message(l, call, &bytes);
        if (err != VG_OK)
            return err == VG_AGAIN ? VG_OK : err;
    }
}

static enum vg_err
ldap_gap(void *self, const struct protocol_call *call, uint32_t bytes)
{
    struct ldap *l = self;
    uint32_t *skip = &l->skip[call->dir];

    if (bytes > *skip) /* where messages begin is lost */
        return VG_END;
    *skip -= bytes;
    return VG_OK;
}

/* ---- datagrams: one message or more in each, no binds ---- */

static bool
ldap_datagram(const struct protocol_call *call, const struct packet *pkt)
{
    struct slice in = pkt->payload;
    struct ldap *l = call->flow->parser;

    if (pkt->sport != PORT_LDAP && pkt->dport != PORT_LDAP)
        return false;
    if (looks(in) != PROBE_YES)
        return false;
    if (l == NULL && (l = call->flow->parser = ldap_open(call)) == NULL)
        return false;
    while (in.left > 0) {
        struct slice message = in;
        struct ber outer;

        if (ber_next_cut(&in, &outer) != VG_OK || on_message(l, call, message) != VG_OK)
            break;
    }
    call->flow->handover = false;
    return true;
}

const struct protocol PROTOCOL_LDAP = {
    .name = "ldap",
    .probe = ldap_probe,
    .open = ldap_open,
    .bytes = ldap_bytes,
    .gap = ldap_gap,
    .close = ldap_close,
    .datagram = ldap_datagram,
};
