/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/rollout.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/str.h"
#include "common/vtime.h"

/* ---- the ring ---- */

struct ranked {
    uint8_t hash[32];
    const char *id;
};

static int
by_hash(const void *a, const void *b)
{
    return memcmp(((const struct ranked *)a)->hash, ((const struct ranked *)b)->hash, 32);
}

static size_t
rank(const json_t *agents, bool lately, int64_t now_ns, struct ranked *out)
{
    const json_t *one;
    size_t i, count = 0, n;

    json_array_foreach(agents, i, one)
    {
        const char *id = vg_json_str(one, "id", "");

        if (lately && now_ns - vg_json_int(one, "seen", 0) > ROLLOUT_LATELY_NS)
            continue;
        out[count].id = id;
        if (EVP_Q_digest(NULL, "SHA256", NULL, id, strlen(id), out[count].hash, &n) == 1)
            count++;
    }
    qsort(out, count, sizeof *out, by_hash);
    return count;
}

enum vg_err
rollout_ring(const json_t *agents, int64_t share, int64_t now_ns, json_t **out)
{
    struct ranked *all = calloc(json_array_size(agents) + 1, sizeof *all);
    json_t *ring = json_array();
    size_t count, wanted;

    if (all == NULL || ring == NULL) {
        free(all);
        json_decref(ring);
        return VG_ERR_NOMEM;
    }
    count = rank(agents, true, now_ns, all);
    if (count == 0)
        count = rank(agents, false, now_ns, all);
    wanted = (count * (size_t)share + 99) / 100;
    for (size_t i = 0; i < wanted && i < count; i++)
        (void)json_array_append_new(ring, json_string(all[i].id));
    free(all);
    *out = ring;
    return VG_OK;
}

static enum vg_err
choose(struct storage *s, const struct storage_bundle *b, int64_t now_ns)
{
    json_t *agents = NULL, *ring = NULL, *one;
    size_t i;
    enum vg_err err = s->ops->bundle_scope(s, b->version, &agents);

    if (err == VG_OK)
        err = rollout_ring(agents, b->share, now_ns, &ring);
    json_decref(agents);
    json_array_foreach(ring, i, one)
    {
        if (err == VG_OK)
            err = s->ops->bundle_canary(s, b->version, json_string_value(one));
    }
    json_decref(ring);
    return err;
}

enum vg_err
rollout_publish(struct storage *s, struct storage_bundle *b, struct slice whole,
                const char (*tenants)[UUID_TEXT_SIZE], size_t tenant_count, const char *who,
                int64_t now_ns)
{
    struct storage_bundle newest;
    char version[24];
    enum vg_err err = s->ops->bundle_below(s, INT64_MAX, &newest);

    if (err == VG_OK && newest.version >= b->version)
        return VG_ERR_EXISTS;
    if (err != VG_OK && err != VG_ERR_NOENT)
        return err;
    b->published_ns = now_ns;
    (void)vg_strcpy(b->state, sizeof b->state, "canary");
    err = s->ops->bundle_add(s, b, whole);
    for (size_t i = 0; err == VG_OK && i < tenant_count; i++)
        err = s->ops->bundle_tenant(s, b->version, tenants[i]);
    if (err == VG_OK)
        err = s->ops->bundle_supersede(s, b->version, now_ns);
    if (err == VG_OK && b->share < 100)
        err = choose(s, b, now_ns);
    else if (err == VG_OK)
        err = s->ops->bundle_set(s, b->version, "all", "published to all at once", now_ns);
    (void)snprintf(version, sizeof version, "%lld", (long long)b->version);
    if (err == VG_OK)
        err = s->ops->audit(s, STORAGE_ALL, who, "bundle.published", version, b->note, now_ns);
    return err;
}

/* ---- what agents say ---- */

/* Not for what is in the bundle: the agent's disk, its clock, a busy machine, or it is past this version already. */
static bool
passes(const char *word)
{
    static const char *const words[] = {"disk", "memory", "expired", "future", "busy", "old"};

    for (size_t i = 0; i < VG_ARRAY_LEN(words); i++)
        if (strcmp(words[i], word) == 0)
            return true;
    return false;
}

static enum vg_err
heard_no(struct storage *s, const char *agent, const json_t *bundle, const char *key,
         int64_t now_ns)
{
    const json_t *no = json_object_get(bundle, key);
    const char *word = vg_json_str(no, "word", "");
    char why[STORAGE_WHY_MAX];
    struct storage_report r = {.version = vg_json_int(no, "version", 0), .why = why};

    if (r.version <= 0 || r.version == vg_json_int(bundle, "version", 0))
        return VG_OK; /* it runs by now, for all that was before */
    (void)snprintf(why, sizeof why, "%.16s: %.200s", word, vg_json_str(no, "why", ""));
    str_plain(why);
    r.state = strcmp(key, "left") == 0 ? "left" : passes(word) ? "waiting" : "refused";
    return s->ops->bundle_report(s, agent, &r, now_ns);
}

enum vg_err
rollout_heard(struct storage *s, const char *agent, const json_t *bundle, int64_t now_ns)
{
    struct storage_report r = {.version = vg_json_int(bundle, "version", 0),
                               .state = "running",
                               .crashes = vg_json_int(bundle, "crashes", 0),
                               .why = ""};
    enum vg_err err;

    if (!json_is_object(bundle))
        return VG_OK;
    err = heard_no(s, agent, bundle, "refused", now_ns);
    if (err == VG_OK)
        err = heard_no(s, agent, bundle, "left", now_ns);
    if (err == VG_OK && r.version > 0)
        err = s->ops->bundle_report(s, agent, &r, now_ns);
    return err;
}

/* ---- the decision ---- */

static bool
is_storm(const json_t *row, int64_t now_ns)
{
    int64_t ran_ns = now_ns - vg_json_int(row, "since", now_ns);
    double usual = (double)vg_json_int(row, "before", 0) * (double)ran_ns / STORAGE_NOISE_BEFORE_NS;

    return (double)vg_json_int(row, "alerts", 0) > ROLLOUT_STORM + ROLLOUT_STORM_TIMES * usual;
}

/* Whether this agent alone is reason enough. */
static bool
goes_wrong(const json_t *row, int64_t now_ns, char why[STORAGE_WHY_MAX])
{
    const char *state = vg_json_str(row, "state", ""), *host = vg_json_str(row, "host", "");
    bool running = strcmp(state, "running") == 0;

    if (strcmp(state, "refused") == 0 || strcmp(state, "left") == 0)
        (void)snprintf(why, STORAGE_WHY_MAX, "%.60s %s it: %.160s", host, state,
                       vg_json_str(row, "why", ""));
    else if (running && vg_json_int(row, "crashes", 0) > 0)
        (void)snprintf(why, STORAGE_WHY_MAX, "%.60s: a sensor crashed with it", host);
    else if (running && is_storm(row, now_ns))
        (void)snprintf(why, STORAGE_WHY_MAX,
                       "%.60s: a storm of alerts: %lld since it runs, %lld in the week before",
                       host, (long long)vg_json_int(row, "alerts", 0),
                       (long long)vg_json_int(row, "before", 0));
    else
        return false;
    return true;
}

static enum rollout_verdict
decide_canary(const struct storage_bundle *b, const json_t *ring, int64_t now_ns,
              char why[STORAGE_WHY_MAX])
{
    size_t i, run = 0, quiet = 0, on = 0;
    const json_t *row;

    json_array_foreach(ring, i, row)
    {
        bool running = strcmp(vg_json_str(row, "state", ""), "running") == 0;
        bool online = now_ns - vg_json_int(row, "seen", 0) < STORAGE_SILENT_NS;

        if (!vg_json_bool(row, "canary", false))
            continue;
        if (goes_wrong(row, now_ns, why))
            return ROLLOUT_STOP;
        run += running;
        on += online;
        quiet += running && online && now_ns - vg_json_int(row, "since", now_ns) >= b->quiet_ns;
    }
    (void)snprintf(why, STORAGE_WHY_MAX, "canaries: %zu run it, %zu are on, %zu were quiet so long",
                   run, on, quiet);
    return quiet > 0 && quiet == on ? ROLLOUT_PROMOTE : ROLLOUT_WAIT;
}

/* One PC may have a trouble of its own; several have this one. */
static enum rollout_verdict
decide_all(const json_t *ring, char why[STORAGE_WHY_MAX])
{
    size_t i, wrong = 0, all = json_array_size(ring);
    const json_t *row;

    json_array_foreach(ring, i, row)
    {
        const char *state = vg_json_str(row, "state", "");

        wrong += strcmp(state, "refused") == 0 || strcmp(state, "left") == 0;
    }
    (void)snprintf(why, STORAGE_WHY_MAX, "%zu of %zu agents refused or left it", wrong, all);
    return wrong >= 2 && wrong * 20 >= all ? ROLLOUT_STOP : ROLLOUT_WAIT;
}

enum rollout_verdict
rollout_decide(const struct storage_bundle *b, const json_t *ring, int64_t now_ns,
               char why[STORAGE_WHY_MAX])
{
    return strcmp(b->state, "canary") == 0 ? decide_canary(b, ring, now_ns, why)
                                           : decide_all(ring, why);
}

static enum vg_err
add_noise(struct storage *s, json_t *ring)
{
    json_t *row;
    size_t i;
    enum vg_err err = VG_OK;

    json_array_foreach(ring, i, row)
    {
        struct storage_noise noise = {.alerts = 0};

        if (!vg_json_bool(row, "canary", false) ||
            strcmp(vg_json_str(row, "state", ""), "running") != 0)
            continue;
        err = s->ops->bundle_noise(s, vg_json_str(row, "agent", ""), vg_json_int(row, "since", 0),
                                   &noise);
        if (err != VG_OK)
            break;
        (void)json_object_set_new(row, "alerts", json_integer(noise.alerts));
        (void)json_object_set_new(row, "before", json_integer(noise.before));
    }
    return err;
}

static enum vg_err
carry_out(struct storage *s, const struct storage_bundle *b, enum rollout_verdict verdict,
          const char *why, int64_t now_ns)
{
    const char *state = verdict == ROLLOUT_STOP ? "stopped" : "all";
    char version[24];
    enum vg_err err;

    if (verdict == ROLLOUT_WAIT)
        return VG_OK;
    (void)snprintf(version, sizeof version, "%lld", (long long)b->version);
    err = s->ops->bundle_set(s, b->version, state, why, now_ns);
    if (err == VG_OK)
        err = s->ops->audit(s, STORAGE_ALL, "collector",
                            verdict == ROLLOUT_STOP ? "bundle.stopped" : "bundle.promoted", version,
                            why, now_ns);
    if (err == VG_OK)
        log_event(verdict == ROLLOUT_STOP ? LOG_LEVEL_WARN : LOG_LEVEL_INFO,
                  verdict == ROLLOUT_STOP ? "bundle.stopped" : "bundle.promoted",
                  "version=%s why=%s", version, log_quote(why));
    return err;
}

static bool
is_open(const struct storage_bundle *b, int64_t now_ns)
{
    return (strcmp(b->state, "canary") == 0 || strcmp(b->state, "all") == 0) &&
           b->expires_ns > now_ns;
}

enum vg_err
rollout_pending(struct storage *s, int64_t now_ns)
{
    struct storage_bundle b = {.version = INT64_MAX};
    enum vg_err err;

    while ((err = s->ops->bundle_below(s, b.version, &b)) == VG_OK)
        if (is_open(&b, now_ns))
            return VG_OK;
    return err;
}

/* Nobody was there to choose at first, or those chosen were revoked since: nobody would ever prove it. */
static bool
has_canary(const json_t *ring)
{
    const json_t *row;
    size_t i;

    json_array_foreach(ring, i, row) if (vg_json_bool(row, "canary", false)) return true;
    return false;
}

static enum vg_err
judge_one(struct storage *s, const struct storage_bundle *b, int64_t now_ns)
{
    char why[STORAGE_WHY_MAX];
    json_t *ring = NULL;
    enum vg_err err = s->ops->bundle_ring(s, b->version, &ring);

    if (err == VG_OK && strcmp(b->state, "canary") == 0 && !has_canary(ring))
        err = choose(s, b, now_ns); /* they are looked at the next time */
    else if (err == VG_OK && (err = add_noise(s, ring)) == VG_OK)
        err = carry_out(s, b, rollout_decide(b, ring, now_ns, why), why, now_ns);
    json_decref(ring);
    return err;
}

enum vg_err
rollout_judge(struct storage *s, int64_t now_ns)
{
    struct storage_bundle b = {.version = INT64_MAX};
    bool newest_all = true; /* of those that all have, the newest alone is still on its way */
    enum vg_err err;

    while ((err = s->ops->bundle_below(s, b.version, &b)) == VG_OK) {
        bool all = strcmp(b.state, "all") == 0;

        if (!is_open(&b, now_ns) || (all && !newest_all))
            continue;
        newest_all = newest_all && !all;
        err = judge_one(s, &b, now_ns);
        if (err != VG_OK)
            return err;
    }
    return err == VG_ERR_NOENT ? VG_OK : err;
}
