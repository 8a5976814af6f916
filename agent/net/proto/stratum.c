/* SPDX-License-Identifier: Apache-2.0 */
/* stratum: miners and their pools: JSON-RPC, a line each, over TCP (Slush Pool's Stratum V1; NiceHash's
 * EthereumStratum/1.0.0; eth-proxy; the "login" form of Monero's pools). Record "stratum", for each
 * log-in and for the first share:
 *   method  of the request: mining.subscribe, mining.authorize, login, eth_submitLogin, ...
 *   agent   the mining program, as it calls itself
 *   worker  whom the coins go to, masked: the first and last four characters of the account
 *   pool    host that the miner believes it calls, where it says
 *   result  accepted, refused; absent while unanswered */
#include <stdio.h>

#include "agent/net/engine.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/record.h"
#include "common/json.h"

enum {
    LINE_BYTES_MAX = 8192,
    LINES_MAX = 64,
    AGENT_MAX = 64,
    POOL_MAX = 128,
    WORKER_MAX = 16,
};

enum role { SUBSCRIBE, LOGIN, SHARE };

static const struct {
    const char *method;
    enum role role;
} METHODS[] = {
    {"mining.subscribe", SUBSCRIBE}, {"mining.configure", SUBSCRIBE},
    {"mining.hello", SUBSCRIBE},     {"mining.extranonce.subscribe", SUBSCRIBE},
    {"mining.authorize", LOGIN},     {"login", LOGIN},
    {"eth_submitLogin", LOGIN},      {"eth_login", LOGIN},
    {"mining.submit", SHARE},        {"submit", SHARE},
    {"eth_submitWork", SHARE},
};

struct stratum {
    struct buf line[2];
    char agent[AGENT_MAX], pool[POOL_MAX], worker[WORKER_MAX];
    const char *method; /* static; of the request that waits for its answer, NULL: none */
    int64_t id;
    uint8_t miner, role, lines;
};

/* ---- its look ---- */

/* The text behind "key": in what may be half a line; false where it is not there, or not whole. */
static bool
text_behind(struct slice in, const char *key, struct slice *out)
{
    size_t len = strlen(key);

    while (in.left > len) {
        struct slice at = in, word = slice_sub(&at, len);
        uint8_t quote;
        size_t n = 0;

        slice_skip(&in, 1);
        if (memcmp(word.at, key, len) != 0)
            continue;
        do
            quote = slice_u8(&at);
        while (quote == ' ' || quote == ':');
        if (quote != '"')
            continue;
        for (struct slice look = at; look.left > 0 && slice_u8(&look) != '"';)
            n++;
        if (n == at.left)
            return false;
        *out = slice_sub(&at, n);
        return true;
    }
    return false;
}

static bool
is_text(struct slice in)
{
    while (in.left > 0) {
        uint8_t c = slice_u8(&in);

        if (c < 0x20 && c != '\t' && c != '\n' && c != '\r')
            return false;
    }
    return true;
}

/* "login" and "submit" are words that others use too: theirs come with the miner's own. */
static bool
is_mining(struct slice method, struct slice head)
{
    struct str name = str_n(method.at, method.left), all = str_n(head.at, head.left);

    for (size_t i = 0; i < VG_ARRAY_LEN(METHODS); i++)
        if (str_is(name, METHODS[i].method))
            return !(str_is(name, "login") || str_is(name, "submit")) ||
                   (str_has(all, str_of("\"params\"")) &&
                    (str_has(all, str_of("\"pass\"")) || str_has(all, str_of("\"job_id\""))));
    return false;
}

static enum probe
stratum_probe(struct slice head, uint16_t sport, uint16_t dport)
{
    struct slice first = head, method;

    (void)sport;
    (void)dport;
    if (slice_u8(&first) != '{' || !is_text(head))
        return PROBE_NO;
    if (text_behind(head, "\"method\"", &method) && is_mining(method, head))
        return PROBE_YES;
    return str_has(str_n(head.at, head.left), str_of("\n")) ? PROBE_NO : PROBE_MORE;
}

/* ---- what is told ---- */

static void
tell(const struct stratum *s, const struct protocol_call *call, const char *result)
{
    struct record r = {.type = "stratum"};

    record_text_put(&r, "method", str_of(s->method));
    record_text_opt(&r, "agent", str_of(s->agent));
    record_text_opt(&r, "worker", str_of(s->worker));
    record_text_opt(&r, "pool", str_of(s->pool));
    record_text_opt(&r, "result", str_of(result));
    record_tell(&r, call, s->miner);
}

/* The account, without the name of the machine behind it ("." or "/"). */
static void
mask_worker(struct stratum *s, const char *worker)
{
    size_t len = strcspn(worker, "./+");

    if (len == 0)
        return;
    if (len <= 8)
        (void)snprintf(s->worker, sizeof(s->worker), "%.2s...", worker);
    else
        (void)snprintf(s->worker, sizeof(s->worker), "%.4s...%.4s", worker, worker + len - 4);
}

static const char *
element(const json_t *params, size_t i)
{
    const char *text = json_string_value(json_array_get(params, i));

    return text != NULL ? text : "";
}

static void
read_params(struct stratum *s, const json_t *params)
{
    const char *agent = vg_json_str(params, "agent", ""), *pool = "", *worker;

    worker = vg_json_str(params, "login", "");
    if (json_is_array(params) && s->role == SUBSCRIBE) {
        agent = element(params, 0);
        pool = element(params, 2);
    } else if (json_is_array(params) && s->role == LOGIN) {
        worker = element(params, 0);
    }
    if (agent[0] != '\0' && s->agent[0] == '\0')
        (void)vg_strcpy(s->agent, sizeof(s->agent), agent);
    if (pool[0] != '\0' && s->pool[0] == '\0')
        (void)vg_strcpy(s->pool, sizeof(s->pool), pool);
    if (worker[0] != '\0' && s->worker[0] == '\0')
        mask_worker(s, worker);
}

static enum vg_err
on_request(struct stratum *s, const struct protocol_call *call, const json_t *json)
{
    const char *method = vg_json_str(json, "method", "");
    size_t i = 0;

    while (i < VG_ARRAY_LEN(METHODS) && strcmp(METHODS[i].method, method) != 0)
        i++;
    if (i == VG_ARRAY_LEN(METHODS))
        return VG_OK;
    if (s->method != NULL && s->role == LOGIN)
        tell(s, call, "");
    s->miner = (uint8_t)call->dir;
    s->role = (uint8_t)METHODS[i].role;
    s->method = METHODS[i].method;
    s->id = vg_json_int(json, "id", -1);
    read_params(s, json_object_get(json, "params"));
    return VG_OK;
}

static enum vg_err
on_answer(struct stratum *s, const struct protocol_call *call, const json_t *json)
{
    const json_t *result = json_object_get(json, "result"), *error = json_object_get(json, "error");
    bool good = result != NULL && !json_is_false(result) && !json_is_null(result) &&
                (error == NULL || json_is_null(error));
    bool last = s->role == SHARE;

    if (s->method == NULL || call->dir == s->miner || vg_json_int(json, "id", -2) != s->id)
        return VG_OK;
    if (s->role != SUBSCRIBE)
        tell(s, call, good ? "accepted" : "refused");
    s->method = NULL;
    return last ? VG_END : VG_OK;
}

static enum vg_err
on_line(struct stratum *s, const struct protocol_call *call, struct slice line)
{
    json_t *json = NULL;
    enum vg_err err;

    if (++s->lines > LINES_MAX)
        return VG_END;
    err = vg_json_parse(line, LINE_BYTES_MAX, &json);
    if (err != VG_OK)
        return err == VG_ERR_NOMEM ? err : VG_OK;
    err = json_object_get(json, "method") != NULL ? on_request(s, call, json)
                                                  : on_answer(s, call, json);
    json_decref(json);
    return err;
}

/* ---- the stream ---- */

static void *
stratum_open(const struct protocol_call *call)
{
    struct stratum *s = net_parser_alloc(call->engine, sizeof(*s));

    if (s == NULL)
        return NULL;
    for (unsigned d = 0; d < 2; d++)
        buf_init(&s->line[d], LINE_BYTES_MAX);
    return s;
}

static void
stratum_close(void *self, const struct protocol_call *call)
{
    struct stratum *s = self;

    if (s->method != NULL && s->role == LOGIN)
        tell(s, call, "");
    for (unsigned d = 0; d < 2; d++)
        net_gather_done(call->engine, &s->line[d]);
    net_parser_free(call->engine, s, sizeof(*s));
}

static enum vg_err
stratum_bytes(void *self, const struct protocol_call *call, struct slice bytes)
{
    struct stratum *s = self;
    struct buf *line = &s->line[call->dir];

    while (bytes.left > 0) {
        const uint8_t *end = memchr(bytes.at, '\n', bytes.left);
        struct slice part = slice_sub(&bytes, end != NULL ? (size_t)(end - bytes.at) : bytes.left);
        enum vg_err err = net_gather(call->engine, line, part.at, part.left);

        if (err != VG_OK)
            return err;
        if (end == NULL)
            break;
        slice_skip(&bytes, 1);
        err = on_line(s, call, buf_slice(line));
        buf_clear(line);
        if (err != VG_OK)
            return err;
    }
    return VG_OK;
}

static enum vg_err
stratum_gap(void *self, const struct protocol_call *call, uint32_t bytes)
{
    struct stratum *s = self;

    (void)bytes;
    buf_clear(&s->line[call->dir]); /* the rest of the line that follows is no JSON: passed over */
    return VG_OK;
}

const struct protocol PROTOCOL_STRATUM = {
    .name = "stratum",
    .probe = stratum_probe,
    .open = stratum_open,
    .bytes = stratum_bytes,
    .gap = stratum_gap,
    .close = stratum_close,
};
