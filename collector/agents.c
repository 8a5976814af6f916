/* SPDX-License-Identifier: Apache-2.0 */
/* The agents' listener: events, hello, renew. Who calls is told by the fingerprint of the certificate,
 * looked up at each request, so that a revocation holds at once. */
#include <stdlib.h>
#include <string.h>

#include "collector/clone.h"
#include "collector/ingest.h"
#include "collector/rollout.h"
#include "collector/service.h"
#include "collector/silence.h"
#include "common/hex.h"
#include "common/log.h"
#include "common/str.h"
#include "common/vtime.h"

enum { HOST_MAX = 127, STATUS_MAX = 32 * 1024 };

struct agent_job {
    struct work_job job;
    struct service *service;
    struct http_call *call;
    struct pki_info cert;
    char peer[64];
    struct storage_agent agent;
    char raised[UUID_TEXT_SIZE]; /* an incident about the agent itself, "": none */
    bool heard;                  /* by hello: it is not silent any more */
    int64_t now_ns;
    json_t *body;   /* hello, renew; owned */
    json_t *answer; /* owned until answered */
    int status;     /* with a `word` and a `message`: an error */
    const char *word, *message;
    /* events */
    struct slice bytes; /* borrowed from the call, which waits for us */
    bool packed;
    char store[UUID_TEXT_SIZE];
    int64_t first, durable;
    struct ingest ingest;
    struct buf issued; /* renew */
    struct buf piece;  /* bundle */
};

static enum vg_err
refuse(struct agent_job *j, int status, const char *word, const char *message)
{
    j->status = status;
    j->word = word;
    j->message = message;
    return VG_ERR_DENIED;
}

/* VG_OK: the certificate is of an agent that may speak. `expired_fine`: it may have run out, by less
 * than the grace. */
static enum vg_err
identify(struct agent_job *j, struct storage *s, bool expired_fine)
{
    int64_t grace_ns = expired_fine ? PKI_GRACE_DAYS * VG_DAY_NS : 0;
    enum vg_err err = s->ops->cert_find(s, j->cert.fingerprint, &j->agent);

    if (err == VG_ERR_NOENT)
        return refuse(j, 403, "unknown", "this certificate is not known here");
    if (err != VG_OK)
        return err;
    if (j->agent.revoked)
        return refuse(j, 403, "revoked", "this agent was revoked");
    if (j->now_ns > j->cert.until_ns + grace_ns)
        return refuse(j, 403, "expired", "the certificate has run out: renew it");
    return VG_OK;
}

/* What came of the call, for GET /api/health. */
static void
tally(const struct agent_job *j)
{
    struct agent_counts *c = &j->service->counts;
    const struct {
        const char *word;
        uint64_t *count;
    } words[] = {{"unknown", &c->unknown},     {"revoked", &c->revoked},
                 {"expired", &c->expired},     {"store_conflict", &c->conflicts},
                 {"too_large", &c->too_large}, {"format", &c->malformed},
                 {"csr", &c->malformed},       {"stores", &c->stores},
                 {"too_often", &c->too_often}};

    c->calls++;
    if (j->job.err == VG_ERR_LIMIT && j->status == 0)
        c->busy++;
    for (size_t i = 0; j->status != 0 && i < VG_ARRAY_LEN(words); i++)
        if (strcmp(j->word, words[i].word) == 0)
            (*words[i].count)++;
}

/* Open dashboards hear of what the collector itself raised or ended about the agent. */
static void
tell_own(const struct agent_job *j)
{
    if (j->raised[0] != '\0')
        live_changed(j->service->live, j->agent.tenant, j->raised);
    if (j->heard && j->agent.silent[0] != '\0')
        live_changed(j->service->live, j->agent.tenant, j->agent.silent);
}

static void
done(struct work_job *job)
{
    struct agent_job *j = (struct agent_job *)job;

    tally(j);
    if (j->status == 0 && job->err == VG_OK)
        tell_own(j);
    if (j->status != 0)
        http_answer_error(j->call, j->status, j->word, j->message);
    else if (job->err != VG_OK)
        service_answer_failed(j->call, job->err);
    else if (j->piece.len > 0)
        http_answer(j->call, 200, "application/octet-stream", buf_slice(&j->piece));
    else {
        http_answer_json(j->call, 200, j->answer);
        j->answer = NULL;
    }
    json_decref(j->answer);
    json_decref(j->body);
    ingest_done(&j->ingest);
    buf_done(&j->issued);
    buf_done(&j->piece);
    free(j);
}

/* ---- POST /v1/events ---- */

static enum vg_err
events_read(struct work_job *job, struct storage *s)
{
    struct agent_job *j = (struct agent_job *)job;
    enum vg_err err = identify(j, s, false);

    if (err != VG_OK)
        return err;
    if (strcmp(j->store, j->agent.id) == 0)
        return refuse(j, 400, "format", "this store is the collector's own");
    err = ingest_parse(j->bytes, j->packed, j->store, j->first, &j->ingest);
    if (err == VG_ERR_LIMIT)
        return refuse(j, 413, "too_large", "send smaller batches");
    if (err == VG_ERR_FORMAT)
        return refuse(j, 400, "format", "no batch of events in rising order");
    return err == VG_OK ? VG_AGAIN : err;
}

/* A store that is not the one of its last hello: is it one that was left? */
static enum vg_err
heard_store(struct agent_job *j, struct storage *s)
{
    const struct clone_heard heard = {.store = j->store, .address = j->peer};
    enum vg_err err;

    if (strcmp(j->store, j->agent.store) == 0)
        return VG_OK;
    err = clone_look(s, &j->agent, &heard, j->now_ns, j->raised);
    return err == VG_OK ? s->ops->agent_store(s, j->agent.id, j->store) : err;
}

/* Which rules this agent should run, so that it need not wait for its next hello to hear. */
static enum vg_err
tell_bundle(struct agent_job *j, struct storage *s)
{
    struct storage_bundle b;
    enum vg_err err = s->ops->bundle_offer(s, &j->agent, j->now_ns, &b);

    if (err == VG_OK)
        (void)json_object_set_new(j->answer, "bundle_version", json_integer((json_int_t)b.version));
    return err == VG_ERR_NOENT ? VG_OK : err;
}

static enum vg_err
events_write(struct work_job *job, struct storage *s)
{
    struct agent_job *j = (struct agent_job *)job;
    json_t *refused;
    enum vg_err err = heard_store(j, s);

    if (err == VG_OK)
        err = ingest_commit(s, &j->agent, j->store, &j->ingest, j->now_ns, &j->durable);

    if (err == VG_ERR_EXISTS)
        return refuse(j, 409, "store_conflict", "another event is known under this number");
    if (err == VG_ERR_DENIED)
        return refuse(j, 429, "stores", "this agent has begun too many stores");
    if (err != VG_OK)
        return err;
    json_decref(j->answer); /* of a first try whose commit failed */
    j->answer = json_pack("{ss sI}", "store", j->store, "durable", (json_int_t)j->durable);
    refused = ingest_refused(&j->ingest);
    if (refused != NULL)
        (void)json_object_set_new(j->answer, "refused", refused);
    err = s->ops->feedback_news(s, &j->agent, j->now_ns);
    if (err == VG_OK) /* it comes with the answer to hello */
        (void)json_object_set_new(j->answer, "news", json_true());
    if (err == VG_OK || err == VG_ERR_NOENT)
        err = tell_bundle(j, s);
    return err != VG_OK ? err : j->answer != NULL ? VG_OK : VG_ERR_NOMEM;
}

static void
events_done(struct work_job *job)
{
    struct agent_job *j = (struct agent_job *)job;
    size_t refused = json_array_size(json_object_get(j->answer, "refused"));

    if (j->status == 409)
        log_event(LOG_LEVEL_WARN, "ingest.conflict", "agent=%s store=%s", j->agent.id, j->store);
    if (refused > 0)
        log_event(LOG_LEVEL_WARN, "ingest.refused", "agent=%s records=%zu", j->agent.id, refused);
    if (j->status == 0 && job->err == VG_OK) {
        struct agent_counts *c = &j->service->counts;

        c->batches++;
        c->records += j->ingest.count;
        c->records_refused += refused;
        c->records_repeated += j->ingest.repeated;
        c->records_moved += j->ingest.moved;
        notify_kick(j->service->notify);
        for (size_t i = 0; i < j->ingest.touched_count; i++)
            live_changed(j->service->live, j->agent.tenant, j->ingest.touched[i]);
    }
    if (j->ingest.moved > 0)
        log_event(LOG_LEVEL_WARN, "ingest.clock", "agent=%s records=%zu", j->agent.id,
                  j->ingest.moved);
    done(job);
}

static int64_t
number(const char *text)
{
    char *end;
    long long n = text != NULL ? strtoll(text, &end, 10) : 0;

    return text != NULL && end != text && *end == '\0' && n > 0 && n <= STORAGE_SEQ_MAX ? n : 0;
}

static bool
malformed(struct agent_job *j, int status, const char *word, const char *message)
{
    j->service->counts.calls++;
    j->service->counts.malformed++;
    http_answer_error(j->call, status, word, message);
    return false;
}

static bool
events_start(struct agent_job *j)
{
    const char *store = http_header(j->call, "X-Vigia-Store");
    const char *encoding = http_header(j->call, "Content-Encoding");

    if (store == NULL || !uuid_valid(store) || !vg_strcpy(j->store, sizeof j->store, store)) {
        return malformed(j, 400, "format", "X-Vigia-Store is no UUID");
    }
    if (encoding != NULL && strcmp(encoding, "zstd") != 0) {
        return malformed(j, 415, "encoding", "zstd or none");
    }
    j->packed = encoding != NULL;
    j->first = number(http_header(j->call, "X-Vigia-Seq"));
    j->bytes = http_body(j->call);
    j->job.read = events_read;
    j->job.write = events_write;
    j->job.done = events_done;
    return true;
}

/* ---- POST /v1/hello ---- */

static enum vg_err
hello_read(struct work_job *job, struct storage *s)
{
    struct agent_job *j = (struct agent_job *)job;
    enum vg_err err = identify(j, s, false);

    return err == VG_OK ? VG_AGAIN : err;
}

/* What this agent should run, where that is more than it ever had; and who signs. */
static enum vg_err
offer(struct agent_job *j, struct storage *s, int64_t highest)
{
    struct storage_bundle b;
    uint8_t key[32];
    char hex[65];
    enum vg_err err = s->ops->bundle_key(s, key);

    if (err == VG_ERR_NOENT)
        return VG_OK;
    if (err != VG_OK)
        return err;
    hex_put(key, sizeof key, hex);
    (void)json_object_set_new(j->answer, "bundle_key", json_string(hex));
    err = s->ops->bundle_offer(s, &j->agent, j->now_ns, &b);
    if (err == VG_ERR_NOENT || (err == VG_OK && b.version <= highest))
        return VG_OK;
    if (err != VG_OK)
        return err;
    hex_put(b.sha256, sizeof b.sha256, hex);
    (void)json_object_set_new(j->answer, "bundle",
                              json_pack("{sI sI ss}", "version", (json_int_t)b.version, "size",
                                        (json_int_t)b.size, "sha256", hex));
    return VG_OK;
}

/* What people said, that this agent does not have yet; one that does not speak of feedback gets none. */
static enum vg_err
tell_feedback(struct agent_job *j, struct storage *s)
{
    int64_t has = vg_json_int(j->body, "feedback", -1);
    json_t *list = NULL;
    enum vg_err err;

    if (has < 0)
        return VG_OK;
    err = s->ops->feedback_heard(s, j->agent.id, has);
    if (err == VG_OK)
        err = s->ops->feedback(s, &j->agent, has, j->now_ns, &list);
    if (err == VG_OK && json_array_size(list) > 0)
        (void)json_object_set(j->answer, "feedback", list);
    json_decref(list);
    return err;
}

/* Text of the body, cut to what a column takes; NULL when absent. */
static const char *
told(const json_t *body, const char *key, char *out, size_t size)
{
    const char *text = vg_json_str(body, key, NULL);

    if (text == NULL)
        return NULL;
    (void)vg_strcpy(out, size, text);
    str_plain(out);
    return out;
}

static enum vg_err
hello_write(struct work_job *job, struct storage *s)
{
    struct agent_job *j = (struct agent_job *)job;
    char host[HOST_MAX + 1], machine[HOST_MAX + 1], version[32], now[VTIME_TEXT_MAX];
    const char *store = vg_json_str(j->body, "store", NULL);
    const char *key_text = vg_json_str(j->body, "seal_key", NULL);
    char *status = vg_json_text(json_object_get(j->body, "status"));
    struct storage_hello hello = {.host = told(j->body, "host", host, sizeof host),
                                  .machine = told(j->body, "machine", machine, sizeof machine),
                                  .version = told(j->body, "version", version, sizeof version),
                                  .last_seq = vg_json_int(j->body, "last_seq", -1)};
    const json_t *bundle = json_object_get(json_object_get(j->body, "status"), "bundle");
    const json_t *settings = json_object_get(json_object_get(j->body, "status"), "settings");
    int64_t stream, durable = 0;
    uint8_t key[32];
    enum vg_err err;

    if (store != NULL && uuid_valid(store) && strcmp(store, j->agent.id) != 0)
        hello.store = store;
    if (status != NULL && strlen(status) <= STATUS_MAX && status[0] == '{')
        hello.status = status;
    err = clone_look(s, &j->agent,
                     &(struct clone_heard){hello.machine, hello.store, hello.host, j->peer},
                     j->now_ns, j->raised);
    if (err == VG_OK)
        err = silence_heard(s, &j->agent, j->now_ns);
    j->heard = err == VG_OK;
    if (err == VG_OK)
        err = s->ops->agent_hello(s, j->agent.id, &hello, j->now_ns);
    if (err == VG_OK)
        err = rollout_heard(s, j->agent.id, bundle, j->now_ns);
    if (err == VG_OK && hello.store != NULL) {
        err = s->ops->stream_open(s, j->agent.id, store, j->now_ns, &stream, &durable);
        if (err == VG_ERR_DENIED)
            return refuse(j, 429, "stores", "this agent has begun too many stores");
        if (err == VG_OK && key_text != NULL && hex_parse_str(key_text, key, sizeof key) == VG_OK)
            err = s->ops->seal_key_add(s, j->agent.id, store, key);
    }
    free(status);
    if (err != VG_OK)
        return err;
    json_decref(j->answer);
    j->answer =
        json_pack("{ss sI}", "time", vtime_format(j->now_ns, now), "durable", (json_int_t)durable);
    if (j->answer == NULL)
        return VG_ERR_NOMEM;
    err = tell_feedback(j, s);
    if (err == VG_OK && settings != NULL) /* one that does not speak of them gets none */
        err = settings_offer(&j->service->settings_key, s, &j->agent,
                             vg_json_int(settings, "version", 0), j->answer);
    return err == VG_OK ? offer(j, s, vg_json_int(bundle, "highest", 0)) : err;
}

/* ---- POST /v1/bundle ---- */

/* Only what was offered to this agent: no ring is got round by asking. */
static enum vg_err
bundle_read_piece(struct work_job *job, struct storage *s)
{
    struct agent_job *j = (struct agent_job *)job;
    int64_t offset = vg_json_int(j->body, "offset", -1);
    struct storage_bundle b;
    enum vg_err err = identify(j, s, false);

    if (err == VG_OK)
        err = s->ops->bundle_offer(s, &j->agent, j->now_ns, &b);
    if (err == VG_ERR_NOENT || (err == VG_OK && (b.version != vg_json_int(j->body, "version", 0) ||
                                                 offset < 0 || offset >= b.size)))
        return refuse(j, 404, "unknown", "no such bundle is for this agent");
    if (err == VG_OK) {
        buf_init(&j->piece, STORAGE_BUNDLE_PIECE);
        err = s->ops->bundle_piece(s, b.version, offset / STORAGE_BUNDLE_PIECE, &j->piece);
    }
    if (err == VG_OK)
        buf_consume(&j->piece, (size_t)(offset % STORAGE_BUNDLE_PIECE));
    return err;
}

/* ---- POST /v1/renew ---- */

static enum vg_err
renew_read(struct work_job *job, struct storage *s)
{
    struct agent_job *j = (struct agent_job *)job;
    const char *csr = vg_json_str(j->body, "csr", "");
    struct pki_info info;
    enum vg_err err = identify(j, s, true);

    if (err != VG_OK)
        return err;
    err = authority_sign(&j->service->authority, j->agent.id, slice_of(csr, strlen(csr)), j->now_ns,
                         &j->issued, &info);
    if (err == VG_ERR_FORMAT || err == VG_ERR_DENIED)
        return refuse(j, 400, "csr", "no certificate request for a P-256 key");
    j->cert = info; /* what renew_write() registers */
    return err == VG_OK ? VG_AGAIN : err;
}

static enum vg_err
renew_write(struct work_job *job, struct storage *s)
{
    struct agent_job *j = (struct agent_job *)job;
    enum vg_err err =
        s->ops->cert_add(s, j->cert.fingerprint, j->agent.id, j->now_ns, j->cert.until_ns);

    if (err == VG_ERR_DENIED)
        return refuse(j, 429, "too_often", "this agent had enough certificates for a day");
    if (err == VG_OK)
        err = s->ops->audit(s, j->agent.tenant, "agent", "agent.renewed", j->agent.id, NULL,
                            j->now_ns);
    if (err != VG_OK)
        return err;
    json_decref(j->answer);
    j->answer =
        json_pack("{ss% ss%}", "cert", (const char *)j->issued.data, j->issued.len, "ca",
                  (const char *)j->service->authority.ca.data, j->service->authority.ca.len);
    return j->answer != NULL ? VG_OK : VG_ERR_NOMEM;
}

/* ---- POST /v1/seal-key: the agent's own `verify` asks for its first key ---- */

static enum vg_err
seal_read(struct work_job *job, struct storage *s)
{
    struct agent_job *j = (struct agent_job *)job;
    uint8_t key[32];
    char hex[65];
    enum vg_err err = identify(j, s, false);

    if (err != VG_OK)
        return err;
    err = s->ops->seal_key(s, j->agent.id, vg_json_str(j->body, "store", ""), key);
    if (err == VG_ERR_NOENT)
        return refuse(j, 404, "unknown", "no key of this store is known here");
    if (err != VG_OK)
        return err;
    hex_put(key, sizeof key, hex);
    j->answer = json_pack("{ss}", "seal_key", hex);
    return j->answer != NULL ? VG_OK : VG_ERR_NOMEM;
}

static const struct route {
    const char *path;
    enum vg_err (*read)(struct work_job *job, struct storage *s);
    enum vg_err (*write)(struct work_job *job, struct storage *s);
} ROUTES[] = {
    {"/v1/events", NULL, NULL},
    {"/v1/hello", hello_read, hello_write},
    {"/v1/renew", renew_read, renew_write},
    {"/v1/seal-key", seal_read, NULL},
    {"/v1/bundle", bundle_read_piece, NULL},
};

static const struct route *
route_of(const char *path)
{
    for (size_t i = 0; i < VG_ARRAY_LEN(ROUTES); i++)
        if (strcmp(ROUTES[i].path, path) == 0)
            return &ROUTES[i];
    return NULL;
}

void
agents_handle(void *ctx, struct http_call *call)
{
    struct service *service = ctx;
    const struct route *route = route_of(http_path(call));
    const struct pki_info *cert = http_cert(call);
    struct agent_job *j;

    if (route == NULL || !http_is_post(call) || cert == NULL) {
        service->counts.calls++;
        service->counts.malformed++;
        http_answer_error(call, cert == NULL ? 403 : 404, "unknown", "no such thing here");
        return;
    }
    j = calloc(1, sizeof *j);
    if (j == NULL) {
        service_answer_failed(call, VG_ERR_NOMEM);
        return;
    }
    j->service = service;
    j->call = call;
    j->cert = *cert;
    (void)vg_strcpy(j->peer, sizeof j->peer, http_peer(call));
    j->now_ns = vtime_now();
    buf_init(&j->issued, PKI_PEM_MAX);
    if (route->read == NULL) {
        if (!events_start(j)) {
            free(j);
            return;
        }
    } else {
        j->body = service_body(call);
        if (j->body == NULL) {
            service->counts.calls++;
            service->counts.malformed++;
            free(j);
            return;
        }
        j->job.read = route->read;
        j->job.write = route->write;
        j->job.done = done;
    }
    if (work_add(service->work, &j->job) != VG_OK) {
        j->job.err = VG_ERR_LIMIT;
        done(&j->job);
    }
}
