/* SPDX-License-Identifier: Apache-2.0 */
/* net.exfiltration: information leaves for a place where none went before.
 *
 * One row for each (device, place): since when it uploads there, on how many days, and how much in
 * the hours at hand. A place where a device uploaded on an earlier day is its habit: nothing is said
 * of it. Of a new one:
 *   upload  BULK_BYTES went out in a few hours, three times what came in: a finding where the place
 *           is new to the whole shop too, a test where the lists know it as a place for that
 *           (cloud storage, mail, meetings, social networks). Needs some days of watching; before,
 *           four times the bulk to an address without a name.
 *   site    a site where anybody leaves files for anybody (`drop_sites`) got more than a visit asks
 *   mail    a document went by mail through a server outside, readable on its way
 *   file    a document went by HTTP or FTP to an address outside, readable on its way: a test
 * Conversations that go both ways at once, as calls do, are no upload. */
#include "agent/detect/detectors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/codec.h"
#include "agent/detect/domain.h"
#include "agent/detect/keytab.h"
#include "agent/detect/mask.h"
#include "agent/detect/net_common.h"
#include "agent/detect/net_tell.h"
#include "common/json.h"
#include "common/vtime.h"

enum {
    PLACES_MAX = 1024,
    FLOWS_MAX = 256,
    EXFILTRATION_VERSION = 1,
    SITE_BYTES = 16 * 1024,
    DOCUMENT_BYTES = 4096
};
#define UPLOAD_NS  (6 * VG_HOUR_NS) /* an upload is summed over so long */
#define NEW_NS     VG_DAY_NS        /* a place is new to the shop for so long */
#define WATCHED_NS (3 * VG_DAY_NS)
#define OUT_RATIO  3
#define KNOWN_P    1e-3 /* a bulk to a new place that is made for it: a few a year for each device */
#define FILE_P     3e-3

struct place {
    int64_t first_ns, since_ns; /* first upload of all; of the hours at hand */
    uint64_t out, in;
    bool told;
};

struct counted { /* of a flow that is still open */
    uint64_t out, in;
};

struct exfiltration {
    struct judge *judge;
    const struct net_scene *scene;
    struct keytab *places, *flows;
    char *drop_sites;
    double bulk_bytes;
};

struct told {
    const char *sign;
    struct str site, file;
    uint64_t out, in;
    int64_t since_ns;
    double p; /* 0: a finding */
    enum severity severity;
};

/* ---- reports ---- */

static json_t *
facts_of(const struct exfiltration *x, const struct flow_view *f, const struct told *told,
         int64_t now_ns)
{
    json_t *facts = net_tell_flow(x->scene, f, told->site);
    char file[128];
    int64_t seconds = (now_ns - told->since_ns) / VG_SEC_NS;

    (void)json_object_update_missing_new(
        facts, json_pack("{s:s, s:s, s:I, s:I, s:I}", "sign", told->sign, "file",
                         mask_text(file, sizeof file, told->file.at, told->file.len), "bytes_out",
                         (json_int_t)told->out, "bytes_in", (json_int_t)told->in, "seconds",
                         (json_int_t)(seconds > 0 ? seconds : 1)));
    return facts;
}

static void
report(struct exfiltration *x, const struct flow_view *f, const struct told *told, int64_t now_ns)
{
    struct party subject, peer;
    json_t *evidence = json_array();

    net_tell_party(x->scene, &subject, &f->src);
    net_tell_peer(x->scene, &peer, told->site, &f->dst);
    (void)json_array_append_new(evidence, net_evidence_flow(f));
    if (told->p > 0) {
        struct test test = {.detector = "net.exfiltration",
                            .time_ns = now_ns,
                            .subject = &subject,
                            .peer = &peer,
                            .p = told->p};

        if (judge_wants(x->judge, told->p)) {
            test.facts = facts_of(x, f, told, now_ns);
            test.evidence = json_incref(evidence);
        }
        judge_test(x->judge, &test);
        json_decref(evidence);
    } else {
        struct finding finding = {.detector = "net.exfiltration",
                                  .time_ns = now_ns,
                                  .subject = &subject,
                                  .peer = &peer,
                                  .severity = told->severity,
                                  .score = told->severity == SEVERITY_LOW ? 50 : 75,
                                  .facts = facts_of(x, f, told, now_ns),
                                  .evidence = evidence};

        judge_finding(x->judge, &finding);
    }
}

/* ---- places ---- */

static struct str
site_of(const struct exfiltration *x, const struct flow_view *f)
{
    struct str name = f->server_name;

    if (name.len == 0 || domain_is_address(name))
        name = net_scene_resolved(x->scene, &f->dst);
    return name.len > 0 && !domain_is_address(name) ? domain_registered(name) : str_of("");
}

static uint64_t
place_key(const struct flow_view *f, struct str site)
{
    struct net_key k = {0};

    net_key_addr(&k, &f->src);
    if (site.len > 0)
        net_key_u64(&k, domain_hash(site));
    else
        net_key_addr(&k, &f->dst);
    return str_hash(&STR_HASH_STORED, k.bytes, k.len);
}

static struct place *
place_use(struct exfiltration *x, const struct flow_view *f, struct str site, int64_t now_ns)
{
    struct place *p = keytab_touch(x->places, place_key(f, site), NULL);

    if (p == NULL)
        return NULL;
    if (p->first_ns == 0)
        p->first_ns = now_ns;
    if (p->since_ns == 0 || llabs(now_ns - p->since_ns) > UPLOAD_NS) {
        p->since_ns = now_ns;
        p->out = p->in = 0;
        p->told = false;
    }
    return p;
}

/* It went there on an earlier day, and nobody was told of it. */
static bool
habit(const struct exfiltration *x, const struct flow_view *f, const struct place *p,
      struct str site, int64_t now_ns)
{
    struct party subject, peer;

    if (now_ns - p->first_ns < NEW_NS)
        return false;
    net_tell_party(x->scene, &subject, &f->src);
    net_tell_peer(x->scene, &peer, site, &f->dst);
    return judge_learn_share(x->judge, "net.exfiltration", &subject, &peer, now_ns) > 0;
}

/* ---- uploads ---- */

static bool
made_for_it(struct str category)
{
    static const char *const ONES[] = {"cloud_storage", "mail",    "meeting", "voip",   "messaging",
                                       "social",        "updates", "cdn",     "backup", "video",
                                       "streaming",     "hosting", "ai",      "bank",   "payments"};

    for (size_t i = 0; i < VG_ARRAY_LEN(ONES); i++)
        if (str_is(category, ONES[i]))
            return true;
    return false;
}

static void
judge_upload(struct exfiltration *x, const struct flow_view *f, struct place *p, struct str site,
             int64_t now_ns)
{
    struct told told = {.site = site, .out = p->out, .in = p->in, .since_ns = p->since_ns};
    struct net_place_view place;
    int64_t since_ns = net_scene_since_ns(x->scene);
    bool watched = since_ns != 0 && now_ns - since_ns >= WATCHED_NS;
    bool known = net_scene_place(x->scene, f->server_name, &f->dst, &place);

    if (p->told)
        return;
    if (site.len > 0 && p->out >= SITE_BYTES && domain_in_list(site, x->drop_sites)) {
        told.sign = "site";
        told.severity = p->out >= x->bulk_bytes ? SEVERITY_HIGH : SEVERITY_LOW;
    } else if ((double)p->out < x->bulk_bytes || p->out < OUT_RATIO * p->in) {
        return;
    } else if (watched) {
        told.sign = "upload";
        if (made_for_it(f->category) || (known && now_ns - place.first_ns > NEW_NS))
            told.p = KNOWN_P;
    } else if (site.len == 0 && (double)p->out >= 4 * x->bulk_bytes) {
        told.sign = "upload";
    } else {
        return;
    }
    p->told = true;
    if (!habit(x, f, p, site, now_ns))
        report(x, f, &told, now_ns);
}

static void
on_flow(struct exfiltration *x, const struct obs *obs)
{
    const struct flow_view *f = obs->flow;
    struct counted before = {0}, *c;
    const struct counted *known = keytab_find(x->flows, f->id);
    struct str site;
    struct place *p;

    if (net_addr_is_local(&f->dst) || net_addr_is_group(&f->dst) || !net_addr_is_local(&f->src) ||
        f->payload_out < DOCUMENT_BYTES)
        return;
    if (known != NULL)
        before = *known;
    if (obs->kind == OBS_FLOW_END) {
        keytab_remove(x->flows, f->id);
    } else {
        c = keytab_touch(x->flows, f->id, NULL);
        if (c != NULL)
            *c = (struct counted){f->payload_out, f->payload_in};
    }
    site = site_of(x, f);
    p = place_use(x, f, site, obs->time_ns);
    if (p == NULL)
        return;
    p->out += f->payload_out - (before.out < f->payload_out ? before.out : f->payload_out);
    p->in += f->payload_in - (before.in < f->payload_in ? before.in : f->payload_in);
    judge_upload(x, f, p, site, obs->time_ns);
}

/* ---- documents that can be read on their way ---- */

static bool
document(struct str magic, struct str name)
{
    static const char *const KINDS[] = {"zip", "pdf", "ole",    "office",
                                        "rar", "7z",  "sqlite", "gzip"};
    static const char *const ENDS[] = {".docx", ".xlsx", ".pptx", ".doc", ".xls", ".pdf", ".zip",
                                       ".rar",  ".7z",   ".csv",  ".mdb", ".bak", ".sql", ".txt"};

    for (size_t i = 0; i < VG_ARRAY_LEN(KINDS); i++)
        if (str_is(magic, KINDS[i]))
            return true;
    for (size_t i = 0; i < VG_ARRAY_LEN(ENDS); i++)
        if (domain_under(name, str_of(ENDS[i] + 1)))
            return true;
    return false;
}

static void
on_file(struct exfiltration *x, const struct record_view *r, int64_t now_ns)
{
    const struct flow_view *f = r->flow;
    const struct record_field *from_server = record_find(r, "from_server");
    const struct record_field *bytes = record_find(r, "bytes");
    struct str service = record_text(r, "service"), site;
    bool mail = str_is(service, "smtp");
    struct told told = {.sign = mail ? "mail" : "file",
                        .file = record_text(r, "name"),
                        .since_ns = f->start_ns,
                        .severity = SEVERITY_LOW,
                        .p = mail ? 0 : FILE_P};
    struct place *p;

    if (net_addr_is_local(&f->dst) || !net_addr_is_local(&f->src) || from_server == NULL ||
        from_server->number != 0 || bytes == NULL || bytes->number < DOCUMENT_BYTES ||
        !(mail || str_is(service, "http") || str_is(service, "ftp")) ||
        !document(record_text(r, "magic"), told.file))
        return;
    site = site_of(x, f);
    p = place_use(x, f, site, now_ns);
    if (p == NULL || habit(x, f, p, site, now_ns))
        return;
    told.site = site;
    told.out = (uint64_t)bytes->number;
    report(x, f, &told, now_ns);
}

static void
observe(void *self, const struct obs *obs)
{
    if (obs->kind != OBS_RECORD)
        on_flow(self, obs);
    else if (strcmp(obs->record->type, "file") == 0)
        on_file(self, obs->record, obs->time_ns);
}

/* ---- the detector ---- */

static void
put_place(const void *cell, struct buf *out)
{
    const struct place *p = cell;

    buf_put_be64(out, (uint64_t)p->first_ns);
    buf_put_be64(out, (uint64_t)p->since_ns);
    buf_put_be64(out, p->out);
    buf_put_be64(out, p->in);
    buf_put_u8(out, p->told);
}

static void
get_place(void *cell, struct slice *in)
{
    struct place *p = cell;

    p->first_ns = codec_time(in);
    p->since_ns = codec_time(in);
    p->out = slice_be64(in);
    p->in = slice_be64(in);
    p->told = slice_u8(in) != 0;
}

static void
put_flow(const void *cell, struct buf *out)
{
    const struct counted *c = cell;

    buf_put_be64(out, c->out);
    buf_put_be64(out, c->in);
}

static void
get_flow(void *cell, struct slice *in)
{
    struct counted *c = cell;

    c->out = slice_be64(in);
    c->in = slice_be64(in);
}

static void
exfiltration_free(void *self)
{
    struct exfiltration *x = self;

    if (x == NULL)
        return;
    keytab_free(x->places);
    keytab_free(x->flows);
    free(x->drop_sites);
    free(x);
}

enum { CELL_BYTES = 48 /* what keytab adds */ };
_Static_assert(PLACES_MAX *(sizeof(struct place) + CELL_BYTES) +
                       FLOWS_MAX * (sizeof(struct counted) + CELL_BYTES) <=
                   NET_EXFILTRATION_BYTES,
               "the memory of detectors is promised");

static enum vg_err
tables(struct exfiltration *x)
{
    const struct keytab_options places = {.cell_bytes = sizeof(struct place),
                                          .cells_max = PLACES_MAX,
                                          .row_bits = 8,
                                          .name = 'p',
                                          .version = EXFILTRATION_VERSION,
                                          .put = put_place,
                                          .get = get_place};
    const struct keytab_options flows = {.cell_bytes = sizeof(struct counted),
                                         .cells_max = FLOWS_MAX,
                                         .row_bits = 6,
                                         .name = 'f',
                                         .version = EXFILTRATION_VERSION,
                                         .put = put_flow,
                                         .get = get_flow};
    enum vg_err err = keytab_new(&places, &x->places);

    return err != VG_OK ? err : keytab_new(&flows, &x->flows);
}

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    struct exfiltration *x = calloc(1, sizeof(*x));

    if (x == NULL)
        return VG_ERR_NOMEM;
    x->judge = env->judge;
    x->scene = env->scene;
    x->bulk_bytes = 50e6;
    if (!net_setting_real(env, "bulk_bytes", 1e5, 1e12, &x->bulk_bytes, why)) {
        exfiltration_free(x);
        return VG_ERR_CONFIG;
    }
    x->drop_sites = strdup(vg_json_str(env->settings, "drop_sites", ""));
    if (x->drop_sites == NULL || tables(x) != VG_OK) {
        exfiltration_free(x);
        return VG_ERR_NOMEM;
    }
    *self = x;
    return VG_OK;
}

static void
save(void *self, struct state_out *out)
{
    struct exfiltration *x = self;

    keytab_save(x->places, out);
    keytab_save(x->flows, out);
}

static enum vg_err
load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct exfiltration *x = self;

    if (keytab_owns(x->places, key))
        return keytab_load(x->places, key, version, blob);
    if (keytab_owns(x->flows, key))
        return keytab_load(x->flows, key, version, blob);
    return VG_ERR_FORMAT;
}

const struct detector NET_EXFILTRATION = {
    .name = "net.exfiltration",
    .sensor = "net",
    .kinds = 1u << OBS_RECORD | 1u << OBS_FLOW_UPDATE | 1u << OBS_FLOW_END,
    .make = make,
    .observe = observe,
    .save = save,
    .load = load,
    .free = exfiltration_free,
};
