/* SPDX-License-Identifier: Apache-2.0 */
/* net.ai_service: which services that answer with a model the shop uses, from which device, and how
 * much it gives them (category `ai` of rules/indicators/apps.yaml).
 *
 * For the owner to govern, not to be alarmed by: without a list of allowed services the first use of
 * one by a device is an `info` event, as is the figure of each month (net.ai_month). With a list a
 * service that is not on it alerts at its first use by a device. An upload of `upload_mb` in a day
 * alerts in any case: that is a price list or a file of customers, not a question. */
#include "agent/detect/detectors.h"

#include <stdlib.h>
#include <string.h>

#include "agent/detect/codec.h"
#include "agent/detect/keytab.h"
#include "agent/detect/mask.h"
#include "agent/detect/net_tell.h"
#include "common/vtime.h"

enum {
    USES_MAX = 512, /* (device, service) */
    AI_VERSION = 1,
    CELL_OWN_BYTES = 48,
    APP_MAX_LEN = 40,
    OPEN_FLOWS = 2, /* long ones that are followed at once */
    MONTH_LIST_MAX = 12,
};
#define FORGET_NS (180 * VG_DAY_NS) /* after so long a use is a first one again */

struct use {
    char app[APP_MAX_LEN];
    uint32_t device; /* hash */
    int64_t last_ns, day;
    uint64_t day_bytes, month_bytes, month_flows;
    double usual_bytes; /* of a day with use, slowly forgotten */
    bool told_upload;
    struct {
        uint64_t id, bytes;
    } open[OPEN_FLOWS];
};

struct net_ai {
    struct judge *judge;
    const struct net_scene *scene;
    const struct zone *zone;
    struct zone *own_zone;
    struct keytab *uses;
    char *allow; /* names of services, separated by blanks; NULL: no list */
    uint64_t upload_bytes;
    int64_t day, month; /* local, since 1970 */
    bool changed;
};

static bool
allowed(const struct net_ai *n, const char *app)
{
    size_t len = strlen(app);

    for (const char *at = n->allow; at != NULL && *at != '\0';) {
        size_t word = strcspn(at, " ");

        if (word == len && memcmp(at, app, len) == 0)
            return true;
        at += word;
        at += strspn(at, " ");
    }
    return n->allow == NULL;
}

/* ---- reports ---- */

static void
tell(struct net_ai *n, const struct flow_view *f, const struct use *u, const char *event,
     enum severity severity, int64_t now_ns)
{
    struct party subject, peer;
    struct finding finding = {.detector = "net.ai_service",
                              .time_ns = now_ns,
                              .subject = &subject,
                              .peer = &peer,
                              .severity = severity,
                              .group = event,
                              .score = 20 + 10.0 * severity};

    net_tell_party(n->scene, &subject, &f->src);
    party_set(&peer, "program", u->app, NULL);
    finding.facts = net_tell_flow(n->scene, f, str_of(""));
    (void)json_object_update_new(
        finding.facts,
        json_pack("{s:s, s:s, s:b, s:b, s:I, s:I}", "service", u->app, "event", event, "allowed",
                  (int)allowed(n, u->app), "policy", (int)(n->allow != NULL), "sent",
                  (json_int_t)u->day_bytes, "usual", (json_int_t)u->usual_bytes));
    finding.evidence = json_array();
    (void)json_array_append_new(finding.evidence, net_evidence_flow(f));
    judge_finding(n->judge, &finding);
}

struct month_sum {
    const char *app[MONTH_LIST_MAX];
    size_t apps, uses;
    uint64_t bytes, flows;
};

static void
add_app(struct month_sum *m, const char *app)
{
    for (size_t i = 0; i < m->apps; i++) {
        if (strcmp(m->app[i], app) == 0)
            return;
    }
    if (m->apps < MONTH_LIST_MAX)
        m->app[m->apps++] = app;
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The figure of the month that ended; begins a new one. */
static void
end_month(struct net_ai *n, int64_t now_ns)
{
    struct month_sum m = {.apps = 0};
    uint64_t key[USES_MAX];
    size_t count = keytab_keys(n->uses, key, USES_MAX);
    struct party subject;
    struct finding finding = {
        .detector = "net.ai_month", .time_ns = now_ns, .subject = &subject, .score = 10};
    json_t *list;

    for (size_t i = 0; i < count; i++) {
        const struct use *seen = keytab_find(n->uses, key[i]);
        struct use *u;

        if (seen == NULL || seen->month_flows == 0)
            continue;
        u = keytab_change(n->uses, key[i]);
        add_app(&m, u->app);
        m.uses++;
        m.bytes += u->month_bytes;
        m.flows += u->month_flows;
        u->month_bytes = u->month_flows = 0;
    }
    if (m.uses == 0)
        return;
    qsort(m.app, m.apps, sizeof(m.app[0]), by_name);
    list = json_array();
    for (size_t i = 0; i < m.apps; i++)
        (void)json_array_append_new(list, json_string(m.app[i]));
    party_set(&subject, "program", "ai", NULL);
    finding.facts = json_pack("{s:s, s:o, s:I, s:I, s:I}", "host", "", "services", list, "pairs",
                              (json_int_t)m.uses, "conversations", (json_int_t)m.flows, "sent",
                              (json_int_t)m.bytes);
    judge_finding(n->judge, &finding);
}

/* ---- observations ---- */

static void
pass_time(struct net_ai *n, int64_t now_ns)
{
    struct zone_local l;
    int64_t day = now_ns / VG_DAY_NS, month;

    if (day == n->day)
        return;
    n->day = day;
    zone_to_local(n->zone, now_ns, &l);
    month = (int64_t)l.year * 12 + l.month;
    if (n->month != 0 && month > n->month)
        end_month(n, now_ns);
    if (month > n->month) {
        n->month = month;
        n->changed = true;
    }
}

/* What the flow has sent since it was last looked at. */
static uint64_t
newly_sent(struct use *u, const struct flow_view *f, bool end)
{
    size_t at = 0;
    uint64_t before = 0;

    while (at < OPEN_FLOWS && u->open[at].id != f->id)
        at++;
    if (at < OPEN_FLOWS)
        before = u->open[at].bytes;
    else
        at = f->id % OPEN_FLOWS; /* a third long one takes a place: it may count twice, once */
    u->open[at].id = end ? 0 : f->id;
    u->open[at].bytes = end ? 0 : f->payload_out;
    return f->payload_out > before ? f->payload_out - before : 0;
}

static void
next_day(struct use *u, int64_t day)
{
    if (u->day != 0)
        u->usual_bytes += ((double)u->day_bytes - u->usual_bytes) * 0.2;
    u->day = day;
    u->day_bytes = 0;
    u->told_upload = false;
}

static void
on_flow(struct net_ai *n, const struct flow_view *f, bool end, int64_t now_ns)
{
    struct net_key key = {0}, who = {0};
    char app[APP_MAX_LEN];
    struct use *u;
    bool fresh;

    if (!str_is(f->category, "ai") || !net_addr_is_local(&f->src) || f->packets_in == 0)
        return;
    mask_text(app, sizeof(app), f->app.at, f->app.len);
    net_key_addr(&who, &f->src);
    net_key_addr(&key, &f->src);
    net_key_u64(&key, str_hash(&STR_HASH_STORED, app, strlen(app)));
    u = keytab_touch(n->uses, str_hash(&STR_HASH_STORED, key.bytes, key.len), &fresh);
    if (u == NULL)
        return;
    if (now_ns - u->last_ns > FORGET_NS)
        fresh = true;
    (void)vg_strcpy(u->app, sizeof(u->app), app);
    u->device = (uint32_t)str_hash(&STR_HASH_STORED, who.bytes, who.len);
    u->last_ns = now_ns;
    if (u->day != now_ns / VG_DAY_NS)
        next_day(u, now_ns / VG_DAY_NS);
    u->day_bytes += newly_sent(u, f, end);
    if (end) {
        u->month_flows++;
        u->month_bytes += f->payload_out;
    }
    if (fresh)
        tell(n, f, u, "first", allowed(n, app) ? SEVERITY_INFO : SEVERITY_MEDIUM, now_ns);
    if (u->day_bytes >= n->upload_bytes && !u->told_upload) {
        u->told_upload = true;
        tell(n, f, u, "upload",
             allowed(n, app) && n->allow != NULL ? SEVERITY_LOW : SEVERITY_MEDIUM, now_ns);
    }
}

static void
observe(void *self, const struct obs *obs)
{
    struct net_ai *n = self;

    pass_time(n, obs->time_ns);
    if (obs->kind == OBS_FLOW_UPDATE || obs->kind == OBS_FLOW_END)
        on_flow(n, obs->flow, obs->kind == OBS_FLOW_END, obs->time_ns);
}

/* ---- life and state ---- */

static void
put_use(const void *cell, struct buf *out)
{
    const struct use *u = cell;

    codec_put_text(out, u->app, strlen(u->app));
    buf_put_be32(out, u->device);
    codec_put_i64(out, u->last_ns);
    codec_put_i64(out, u->day);
    buf_put_be64(out, u->day_bytes);
    buf_put_be64(out, u->month_bytes);
    buf_put_be64(out, u->month_flows);
    codec_put_f64(out, u->usual_bytes);
    buf_put_u8(out, u->told_upload);
    for (size_t i = 0; i < OPEN_FLOWS; i++) {
        buf_put_be64(out, u->open[i].id);
        buf_put_be64(out, u->open[i].bytes);
    }
}

static void
get_use(void *cell, struct slice *in)
{
    struct use *u = cell;
    struct slice app = slice_sub(in, slice_be32(in));

    if (app.left >= sizeof(u->app) || memchr(app.at, '\0', app.left) != NULL)
        in->bad = true;
    else
        (void)slice_copy(&app, u->app, app.left);
    u->device = slice_be32(in);
    u->last_ns = codec_time(in);
    u->day = codec_i64(in);
    u->day_bytes = slice_be64(in);
    u->month_bytes = slice_be64(in);
    u->month_flows = slice_be64(in);
    u->usual_bytes = codec_f64(in);
    u->told_upload = slice_u8(in) != 0;
    for (size_t i = 0; i < OPEN_FLOWS; i++) {
        u->open[i].id = slice_be64(in);
        u->open[i].bytes = slice_be64(in);
    }
    if (u->usual_bytes < 0 || u->usual_bytes > 1e18)
        in->bad = true;
}

static void
net_ai_free(void *self)
{
    struct net_ai *n = self;

    if (n == NULL)
        return;
    keytab_free(n->uses);
    zone_free(n->own_zone);
    free(n->allow);
    free(n);
}

_Static_assert(USES_MAX *(sizeof(struct use) + CELL_OWN_BYTES) <= NET_AI_SERVICE_BYTES,
               "the memory of detectors is promised");

static enum vg_err
read_settings(struct net_ai *n, const struct detector_env *env, char why[DETECT_WHY_MAX])
{
    const json_t *allow = env->settings != NULL ? json_object_get(env->settings, "allow") : NULL;
    double mb = 50;

    if (!net_setting_real(env, "upload_mb", 0.001, 1e6, &mb, why))
        return VG_ERR_CONFIG;
    n->upload_bytes = (uint64_t)(mb * 1e6);
    if (allow == NULL || (json_is_string(allow) && json_string_length(allow) == 0))
        return VG_OK;
    if (!json_is_string(allow)) {
        (void)snprintf(why, DETECT_WHY_MAX, "allow: names of services separated by blanks");
        return VG_ERR_CONFIG;
    }
    n->allow = strdup(json_string_value(allow));
    return n->allow != NULL ? VG_OK : VG_ERR_NOMEM;
}

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    static const struct keytab_options uses = {.cell_bytes = sizeof(struct use),
                                               .cells_max = USES_MAX,
                                               .row_bits = 4,
                                               .name = 'u',
                                               .version = AI_VERSION,
                                               .put = put_use,
                                               .get = get_use};
    struct net_ai *n = calloc(1, sizeof(*n));
    enum vg_err err;

    if (n == NULL)
        return VG_ERR_NOMEM;
    n->judge = env->judge;
    n->scene = env->scene;
    n->day = INT64_MIN;
    err = read_settings(n, env, why);
    if (err == VG_OK && env->zone == NULL && (n->own_zone = zone_utc()) == NULL)
        err = VG_ERR_NOMEM;
    if (err == VG_OK)
        err = keytab_new(&uses, &n->uses);
    if (err != VG_OK) {
        net_ai_free(n);
        return err;
    }
    n->zone = env->zone != NULL ? env->zone : n->own_zone;
    *self = n;
    return VG_OK;
}

static void
save(void *self, struct state_out *out)
{
    struct net_ai *n = self;
    struct buf blob;

    keytab_save(n->uses, out);
    if (!n->changed)
        return;
    buf_init(&blob, 16);
    codec_put_i64(&blob, n->month);
    if (!blob.bad) {
        state_put(out, slice_of("m", 1), AI_VERSION, buf_slice(&blob));
        n->changed = false;
    }
    buf_done(&blob);
}

static enum vg_err
load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct net_ai *n = self;
    int64_t month;

    if (keytab_owns(n->uses, key))
        return keytab_load(n->uses, key, version, blob);
    month = codec_i64(&blob);
    if (key.left != 1 || slice_u8(&key) != 'm' || version != AI_VERSION || blob.bad ||
        blob.left > 0)
        return VG_ERR_FORMAT;
    n->month = month;
    return VG_OK;
}

static void
health(const void *self, json_t *counters)
{
    const struct net_ai *n = self;

    (void)json_object_set_new(counters, "uses", json_integer((json_int_t)keytab_count(n->uses)));
    (void)json_object_set_new(counters, "evicted",
                              json_integer((json_int_t)keytab_evicted(n->uses)));
}

const struct detector NET_AI_SERVICE = {
    .name = "net.ai_service",
    .sensor = "net",
    .kinds = 1u << OBS_FLOW_UPDATE | 1u << OBS_FLOW_END | 1u << OBS_TICK,
    .make = make,
    .observe = observe,
    .save = save,
    .load = load,
    .free = net_ai_free,
    .health = health,
};
