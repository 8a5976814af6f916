/* SPDX-License-Identifier: Apache-2.0 */
/* POST /enroll/TOKEN: one PC becomes an agent of the token's site. The token is used up in the same
 * transaction that makes the agent, so a broken connection can cost the token but never gives two
 * agents for one. */
#include <stdlib.h>
#include <string.h>

#include "collector/password.h"
#include "collector/service.h"
#include "common/hex.h"
#include "common/log.h"
#include "common/str.h"
#include "common/vtime.h"

struct enroll_job {
    struct work_job job;
    struct service *service;
    struct http_call *call;
    json_t *body, *answer;
    uint8_t hash[STORAGE_HASH_SIZE];
    struct storage_agent agent;
    struct storage_site site;
    struct pki_info cert;
    struct buf issued;
    int64_t now_ns;
    bool bad_csr, bad_token;
};

/* The certificate is made before the token is looked at: it costs little and is worth nothing until
 * its fingerprint is known. */
static enum vg_err
enroll_read(struct work_job *job, struct storage *s)
{
    struct enroll_job *j = (struct enroll_job *)job;
    const char *csr = vg_json_str(j->body, "csr", "");
    enum vg_err err = uuid_v7(j->now_ns, j->agent.id);

    (void)s;
    if (err == VG_OK)
        err = authority_sign(&j->service->authority, j->agent.id, slice_of(csr, strlen(csr)),
                             j->now_ns, &j->issued, &j->cert);
    j->bad_csr = err == VG_ERR_FORMAT || err == VG_ERR_DENIED;
    return err == VG_OK ? VG_AGAIN : err;
}

static enum vg_err
register_agent(struct enroll_job *j, struct storage *s)
{
    const char *store = vg_json_str(j->body, "store", "");
    uint8_t key[32];
    enum vg_err err;

    (void)vg_strcpy(j->agent.tenant, sizeof j->agent.tenant, j->site.tenant);
    (void)vg_strcpy(j->agent.site, sizeof j->agent.site, j->site.id);
    (void)vg_strcpy(j->agent.host, sizeof j->agent.host, vg_json_str(j->body, "host", ""));
    (void)vg_strcpy(j->agent.machine, sizeof j->agent.machine, vg_json_str(j->body, "machine", ""));
    (void)vg_strcpy(j->agent.version, sizeof j->agent.version, vg_json_str(j->body, "version", ""));
    str_plain(j->agent.host);
    str_plain(j->agent.machine);
    str_plain(j->agent.version);
    err = s->ops->agent_add(s, &j->agent, j->now_ns);
    if (err == VG_OK)
        err = s->ops->cert_add(s, j->cert.fingerprint, j->agent.id, j->now_ns, j->cert.until_ns);
    if (err == VG_OK && uuid_valid(store) &&
        hex_parse_str(vg_json_str(j->body, "seal_key", ""), key, sizeof key) == VG_OK)
        err = s->ops->seal_key_add(s, j->agent.id, store, key);
    if (err == VG_OK)
        err = s->ops->audit(s, j->site.tenant, "agent", "agent.enrolled", j->agent.id, NULL,
                            j->now_ns);
    return err;
}

static enum vg_err
enroll_write(struct work_job *job, struct storage *s)
{
    struct enroll_job *j = (struct enroll_job *)job;
    const struct buf *ca = &j->service->authority.ca;
    uint8_t token_key[TOKEN_KEYS_SIZE];
    char key[65];
    uint8_t bundle_key[32];
    enum vg_err err = s->ops->token_use(s, j->hash, j->agent.id, j->now_ns, &j->site);

    j->bad_token = err == VG_ERR_NOENT;
    if (err == VG_OK)
        err = register_agent(j, s);
    if (err == VG_OK)
        err = token_keys_of(&j->service->token_keys, j->site.tenant, token_key);
    if (err != VG_OK)
        return err;
    hex_put(token_key, sizeof token_key, key);
    json_decref(j->answer);
    j->answer = json_pack("{ss ss% ss% ss ss ss ss s{ss ss ss}}", "agent", j->agent.id, "cert",
                          (const char *)j->issued.data, j->issued.len, "ca", (const char *)ca->data,
                          ca->len, "url", j->service->config->agents_url, "token_key", key,
                          "tenant", j->site.tenant_name, "site", j->site.name, "shop", "name",
                          j->site.name, "zone", j->site.zone, "language", j->site.language);
    if (j->answer == NULL)
        return VG_ERR_NOMEM;
    (void)json_object_set_new(j->answer, "settings_key",
                              json_string(j->service->settings_key.public));
    err = s->ops->bundle_key(s, bundle_key);
    if (err == VG_ERR_NOENT)
        return VG_OK; /* told with a hello, once there is one */
    if (err != VG_OK)
        return err;
    hex_put(bundle_key, sizeof bundle_key, key);
    return json_object_set_new(j->answer, "bundle_key", json_string(key)) == 0 ? VG_OK
                                                                               : VG_ERR_NOMEM;
}

static void
enroll_done(struct work_job *job)
{
    struct enroll_job *j = (struct enroll_job *)job;

    if (job->err == VG_OK) {
        log_event(LOG_LEVEL_INFO, "agent.enrolled", "agent=%s site=%s", j->agent.id, j->site.id);
        http_answer_json(j->call, 200, j->answer);
    } else if (j->bad_token) {
        log_event(LOG_LEVEL_WARN, "enroll.refused", "peer=%s", http_peer(j->call));
        http_answer_error(j->call, 403, "token", "this token is unknown, used or too old");
    } else if (j->bad_csr) {
        http_answer_error(j->call, 400, "csr", "no certificate request for a P-256 key");
    } else {
        service_answer_failed(j->call, job->err);
    }
    if (job->err != VG_OK)
        json_decref(j->answer);
    json_decref(j->body);
    buf_done(&j->issued);
    free(j);
}

void
enroll_handle(struct service *service, struct http_call *call)
{
    const char *token = http_path(call) + strlen("/enroll/");
    struct enroll_job *j = calloc(1, sizeof *j);

    if (j == NULL || strlen(token) > 128 || secret_hash(token, j->hash) != VG_OK) {
        free(j);
        http_answer_error(call, 403, "token", "this token is unknown, used or too old");
        return;
    }
    j->service = service;
    j->call = call;
    j->now_ns = vtime_now();
    buf_init(&j->issued, PKI_PEM_MAX);
    j->body = service_body(call);
    if (j->body == NULL) {
        free(j);
        return;
    }
    j->job.read = enroll_read;
    j->job.write = enroll_write;
    j->job.done = enroll_done;
    if (work_add(service->work, &j->job) != VG_OK) {
        j->job.err = VG_ERR_LIMIT;
        enroll_done(&j->job);
    }
}
