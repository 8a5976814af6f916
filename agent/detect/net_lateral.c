/* SPDX-License-Identifier: Apache-2.0 */
/* net.lateral: somebody moves from one PC to the next with Windows' own tools.
 *
 * Calls, pipes, shares and files are read as signs (net_lateral_signs.h). What by its nature runs
 * something on another PC, or takes its secrets, is a finding; what an administrator's or inventory
 * program also does is a hint: a test with an honest p, made the first time that a pair of devices
 * does so. Two habits need history (health says "learning"): remote desktops and shared folders
 * between devices of the shop; a pair that never did so before is then a test as rare as new pairs
 * are here. Several targets within an hour are told as a search; replication is told unless the
 * caller has itself answered as a domain's controller. */
#include "agent/detect/detectors.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/mask.h"
#include "agent/detect/net_lateral_private.h"
#include "common/vtime.h"

enum { DETAIL_MAX = 160, HOURS_MIN = 24, PORT_WINRM = 5985 };
#define GROUP_NS (6 * VG_HOUR_NS) /* so long a sign of a pair is told once */
#define TALLY_NS VG_HOUR_NS
#define HINTS    (~(uint32_t)0 << LATERAL_LOOK_SERVICE)

struct seen {
    enum lateral_sign sign;
    const char *detail; /* for technicians: the call, the file */
    struct str user;
    uint32_t things; /* targets, or tickets, of a tally; else 1 */
};

/* ---- keys ---- */

static uint64_t
key_of(char kind, const struct net_addr *a, const struct net_addr *b)
{
    struct net_key k = {0};

    net_key_u8(&k, (uint8_t)kind);
    net_key_addr(&k, a);
    if (b != NULL)
        net_key_addr(&k, b);
    return str_hash(&STR_HASH_STORED, k.bytes, k.len);
}

/* ---- reports ---- */

static json_t *
facts_of(const struct lateral *l, const struct flow_view *f, const struct seen *s)
{
    const struct lateral_about *about = lateral_about(s->sign);
    json_t *facts = net_tell_flow(l->scene, f, str_of(""));
    char user[64];

    mask_text(user, sizeof(user), s->user.at, s->user.len);
    (void)json_object_update_missing_new(
        facts, json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "sign", about->name, "action_es",
                         about->es, "action_en", about->en, "detail", s->detail, "user", user,
                         "things", (json_int_t)s->things));
    return facts;
}

static json_t *
evidence_of(const struct flow_view *f)
{
    json_t *list = json_array();

    (void)json_array_append_new(list, net_evidence_flow(f));
    return list;
}

static void
tell(struct lateral *l, const struct flow_view *f, const struct seen *s, int64_t now_ns)
{
    const struct lateral_about *about = lateral_about(s->sign);
    struct party subject, peer;
    struct finding finding = {.detector = "net.lateral",
                              .time_ns = now_ns,
                              .subject = &subject,
                              .peer = &peer,
                              .severity = about->severity,
                              .score = 50 + 10.0 * about->severity};

    net_tell_party(l->scene, &subject, &f->src);
    net_tell_party(l->scene, &peer, &f->dst);
    if (about->severity < SEVERITY_HIGH)
        finding.group = "look";
    finding.facts = facts_of(l, f, s);
    finding.evidence = evidence_of(f);
    judge_finding(l->judge, &finding);
}

static void
hint(struct lateral *l, struct lateral_pair *pair, const struct flow_view *f, const struct seen *s,
     double p, int64_t now_ns)
{
    struct party subject, peer;
    struct test test = {
        .detector = "net.lateral", .time_ns = now_ns, .subject = &subject, .peer = &peer, .p = p};
    uint32_t bit = UINT32_C(1) << s->sign;

    net_tell_party(l->scene, &subject, &f->src);
    net_tell_party(l->scene, &peer, &f->dst);
    /* What was alerted and never answered is not yet a habit. */
    if ((pair->known & bit) != 0 &&
        (now_ns - pair->tested_ns < GROUP_NS ||
         judge_learn_share(l->judge, "net.lateral", &subject, &peer, now_ns) > 0))
        return;
    pair->known |= bit;
    pair->tested_ns = now_ns;
    if (judge_wants(l->judge, p)) {
        test.facts = facts_of(l, f, s);
        test.evidence = evidence_of(f);
    }
    judge_test(l->judge, &test);
}

static struct lateral_pair *
pair_of(struct lateral *l, const struct flow_view *f, int64_t now_ns)
{
    struct lateral_pair *pair = keytab_touch(l->pairs, key_of('p', &f->src, &f->dst), NULL);

    if (pair != NULL && (now_ns - pair->told_ns > GROUP_NS || pair->told_ns > now_ns))
        pair->told = pair->graver = 0;
    return pair;
}

static void
on_sign(struct lateral *l, const struct flow_view *f, const struct seen *s, int64_t now_ns)
{
    const struct lateral_about *about = lateral_about(s->sign);
    struct lateral_pair *pair;

    if (s->sign == LATERAL_NONE || net_addr_eq(&f->src, &f->dst) || net_addr_is_group(&f->dst))
        return;
    pair = pair_of(l, f, now_ns);
    if (pair == NULL)
        return;
    if (about->severity == SEVERITY_INFO) {
        hint(l, pair, f, s, about->p, now_ns);
        return;
    }
    if ((pair->told & UINT32_C(1) << s->sign) != 0 ||
        (pair->graver && about->severity < SEVERITY_HIGH))
        return;
    if (pair->told == 0)
        pair->told_ns = now_ns;
    pair->told |= UINT32_C(1) << s->sign;
    pair->graver |= about->severity >= SEVERITY_HIGH;
    tell(l, f, s, now_ns);
}

/* ---- several targets within an hour ---- */

static void
count_thing(struct lateral *l, const struct flow_view *f, char kind, const void *thing, size_t len,
            uint32_t least, const struct seen *s, int64_t now_ns)
{
    struct lateral_tally *t = keytab_touch(l->tallies, key_of(kind, &f->src, NULL), NULL);
    struct seen many = *s;

    if (t == NULL)
        return;
    if (t->first_ns == 0 || now_ns - t->first_ns > TALLY_NS || t->first_ns > now_ns)
        *t = (struct lateral_tally){.first_ns = now_ns};
    (void)distinct_add(&t->things, thing, len);
    many.things = distinct_count(&t->things);
    if (t->told || many.things < least)
        return;
    t->told = true;
    on_sign(l, f, &many, now_ns);
}

static void
count_target(struct lateral *l, const struct flow_view *f, const struct seen *s, int64_t now_ns)
{
    struct seen many = *s;

    if (s->sign == LATERAL_LOOK_SHARES) {
        many.sign = LATERAL_SHARES;
        count_thing(l, f, 'e', f->dst.bytes, sizeof(f->dst.bytes), l->share_hosts, &many, now_ns);
    } else if (s->sign == LATERAL_LOOK_USERS || s->sign == LATERAL_LOOK_SERVICE ||
               s->sign == LATERAL_ADMIN_SHARE) {
        many.sign = LATERAL_SEARCH;
        count_thing(l, f, 'u', f->dst.bytes, sizeof(f->dst.bytes), l->search_hosts, &many, now_ns);
    }
}

/* ---- habits of pairs ---- */

static bool
learning(struct lateral *l, int64_t now_ns)
{
    int64_t since = net_scene_since_ns(l->scene);

    if (l->learned_ns == 0 && since != 0 && now_ns - since >= l->learn_ns &&
        net_scene_hours(l->scene) >= HOURS_MIN) {
        l->learned_ns = now_ns;
        l->habits_changed = true;
    }
    return l->learned_ns == 0;
}

/* The chance of a new pair within an hour, from how many there were since habits are known (a
 * Poisson rate under Jeffreys' prior, with a day to begin with). */
static void
on_pair(struct lateral *l, const struct flow_view *f, enum lateral_sign sign, struct str user,
        int64_t now_ns)
{
    struct seen s = {.sign = sign, .detail = lateral_about(sign)->name, .user = user, .things = 1};
    struct lateral_pair *pair;
    double days, p;

    if (!net_addr_is_local(&f->src) || !net_addr_is_local(&f->dst) || net_addr_eq(&f->src, &f->dst))
        return;
    pair = pair_of(l, f, now_ns);
    if (pair == NULL)
        return;
    if (learning(l, now_ns)) {
        pair->known |= UINT32_C(1) << sign;
        return;
    }
    days = fmax(0, (double)(now_ns - l->learned_ns) / (double)VG_DAY_NS);
    p = -expm1(-(l->fresh + 0.5) / (days + 1) / 24);
    if ((pair->known & UINT32_C(1) << sign) == 0) {
        l->fresh++;
        l->habits_changed = true;
    }
    hint(l, pair, f, &s, p, now_ns);
}

/* ---- what is looked at ---- */

static void
serves_domain(struct lateral *l, const struct net_addr *a, int64_t now_ns)
{
    struct lateral_server *s = keytab_touch(l->servers, key_of('s', a, NULL), NULL);

    if (s != NULL)
        s->last_ns = now_ns;
}

static bool
is_controller(const struct lateral *l, const struct net_addr *a)
{
    return keytab_find(l->servers, key_of('s', a, NULL)) != NULL;
}

static void
on_dcerpc(struct lateral *l, const struct record_view *r, int64_t now_ns)
{
    struct str interface = record_text(r, "interface"), operation = record_text(r, "operation");
    struct seen s = {
        .sign = lateral_call(interface, operation), .user = record_text(r, "user"), .things = 1};
    char detail[DETAIL_MAX], text[DETAIL_MAX];

    if (str_is(interface, "netlogon") && !str_is(operation, "bind"))
        serves_domain(l, &r->flow->dst, now_ns);
    if (s.sign == LATERAL_NONE ||
        (s.sign == LATERAL_REPLICATION && is_controller(l, &r->flow->src)))
        return;
    (void)snprintf(text, sizeof(text), "%.*s %.*s", (int)interface.len, interface.at,
                   (int)operation.len, operation.at);
    s.detail = mask_text(detail, sizeof(detail), text, strlen(text));
    on_sign(l, r->flow, &s, now_ns);
    count_target(l, r->flow, &s, now_ns);
}

static const char *
file_detail(struct str share, struct str path, char out[DETAIL_MAX])
{
    char text[2 * DETAIL_MAX];

    (void)snprintf(text, sizeof(text), "%.*s\\%.*s", (int)share.len, share.at, (int)path.len,
                   path.at);
    return mask_text(out, DETAIL_MAX, text, strlen(text));
}

static bool
succeeded(const struct record_view *r)
{
    return str_is(record_text(r, "status"), "STATUS_SUCCESS");
}

/* A file that is made or written over; what the pipe of a tool is called. */
static enum lateral_sign
created(const struct record_view *r, struct str share, struct str path)
{
    const struct record_field *pipe = record_find(r, "pipe"),
                              *directory = record_find(r, "directory");
    struct str action = record_text(r, "action");

    if (pipe != NULL && pipe->number != 0)
        return lateral_pipe(path);
    if ((directory != NULL && directory->number != 0) || action.len == 0 ||
        str_is(action, "opened"))
        return LATERAL_NONE;
    return lateral_written(share, path, str_of(""));
}

static void
on_smb(struct lateral *l, const struct record_view *r, int64_t now_ns)
{
    struct str command = record_text(r, "command"), share = record_text(r, "share");
    struct str path = record_text(r, "path");
    struct seen s = {.user = record_text(r, "user"), .things = 1};
    char detail[DETAIL_MAX];

    if (str_is(command, "session")) {
        if (succeeded(r) && !str_is(record_text(r, "auth"), "anonymous"))
            on_pair(l, r->flow, LATERAL_NEW_SMB, s.user, now_ns);
        return;
    }
    if (str_is(command, "tree") && lateral_share_is_admin(share))
        s.sign = LATERAL_ADMIN_SHARE;
    else if (str_is(command, "create") && succeeded(r))
        s.sign = created(r, share, path);
    if (s.sign == LATERAL_NONE)
        return;
    s.detail = file_detail(share, path, detail);
    on_sign(l, r->flow, &s, now_ns);
    count_target(l, r->flow, &s, now_ns);
}

/* What was written, by its first bytes. */
static void
on_file(struct lateral *l, const struct record_view *r, int64_t now_ns)
{
    const struct record_field *down = record_find(r, "from_server");
    struct str share = record_text(r, "host"), path = record_text(r, "name");
    char detail[DETAIL_MAX];
    struct seen s = {.things = 1};

    if (!str_is(record_text(r, "service"), "smb") || down == NULL || down->number != 0)
        return;
    s.sign = lateral_written(share, path, record_text(r, "magic"));
    s.detail = file_detail(share, path, detail);
    on_sign(l, r->flow, &s, now_ns);
}

static void
on_kerberos(struct lateral *l, const struct record_view *r, int64_t now_ns)
{
    const struct record_field *success = record_find(r, "success"), *weak = record_find(r, "weak");
    const struct record_field *preauth = record_find(r, "preauth");
    struct str service = record_text(r, "service");
    char detail[DETAIL_MAX];
    struct seen s = {.user = record_text(r, "client"), .things = 1};

    if (success == NULL)
        return; /* no answer */
    serves_domain(l, &r->flow->dst, now_ns);
    if (success->number == 0 || weak == NULL || weak->number == 0)
        return;
    s.detail = mask_text(detail, sizeof(detail), service.at, service.len);
    if (str_is(record_text(r, "request"), "TGS") && !lateral_service_is_machine(service)) {
        s.sign = LATERAL_ROAST;
        count_thing(l, r->flow, 'k', service.at, service.len, l->tickets, &s, now_ns);
    } else if (str_is(record_text(r, "request"), "AS") && preauth != NULL && preauth->number == 0) {
        s.sign = LATERAL_ROAST_USER;
        on_sign(l, r->flow, &s, now_ns);
    }
}

static void
on_record(struct lateral *l, const struct record_view *r, int64_t now_ns)
{
    if (r->flow == NULL)
        return;
    if (strcmp(r->type, "dcerpc") == 0)
        on_dcerpc(l, r, now_ns);
    else if (strcmp(r->type, "smb") == 0)
        on_smb(l, r, now_ns);
    else if (strcmp(r->type, "file") == 0)
        on_file(l, r, now_ns);
    else if (strcmp(r->type, "kerberos") == 0)
        on_kerberos(l, r, now_ns);
    else if (strcmp(r->type, "rdp") == 0)
        on_pair(l, r->flow, LATERAL_NEW_RDP, str_of(""), now_ns);
}

/* WinRM (MS-WSMV): SOAP to /wsman. Subscriptions are how Windows forwards event logs. */
static void
on_http(struct lateral *l, const struct http_view *h, int64_t now_ns)
{
    static const char path[] = "/wsman", events[] = "/wsman/sub";
    struct seen s = {.sign = LATERAL_SHELL, .detail = "WinRM /wsman", .things = 1};

    if (h->uri.len < sizeof(path) - 1 ||
        !str_eq_nocase(str_n(h->uri.at, sizeof(path) - 1), str_of(path)) ||
        (h->uri.len >= sizeof(events) - 1 &&
         str_eq_nocase(str_n(h->uri.at, sizeof(events) - 1), str_of(events))))
        return;
    /* 401: nobody was let in yet; a refusal of the SOAP call is a 500. */
    if (str_is(h->method, "POST") && (h->status == 200 || h->status == 500))
        on_sign(l, h->flow, &s, now_ns);
}

static void
observe(void *self, const struct obs *obs)
{
    struct lateral *l = self;

    if (obs->kind == OBS_RECORD)
        on_record(l, obs->record, obs->time_ns);
    else if (obs->kind == OBS_HTTP)
        on_http(l, obs->http, obs->time_ns);
}

/* ---- life ---- */

static void
lateral_free(void *self)
{
    struct lateral *l = self;

    if (l == NULL)
        return;
    keytab_free(l->pairs);
    keytab_free(l->tallies);
    keytab_free(l->servers);
    free(l);
}

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    struct lateral *l = calloc(1, sizeof(*l));

    if (l == NULL)
        return VG_ERR_NOMEM;
    l->judge = env->judge;
    l->scene = env->scene;
    l->search_hosts = 3;
    l->share_hosts = 8;
    l->tickets = 3;
    l->learn_ns = 3 * VG_DAY_NS;
    if (!net_setting_u32(env, "search_hosts", 2, 1000, &l->search_hosts, why) ||
        !net_setting_u32(env, "share_hosts", 2, 1000, &l->share_hosts, why) ||
        !net_setting_u32(env, "tickets", 2, 1000, &l->tickets, why) ||
        !net_setting_duration(env, "learn", VG_HOUR_NS, 90 * VG_DAY_NS, &l->learn_ns, why)) {
        lateral_free(l);
        return VG_ERR_CONFIG;
    }
    if (lateral_tables(l) != VG_OK) {
        lateral_free(l);
        return VG_ERR_NOMEM;
    }
    *self = l;
    return VG_OK;
}

static void
health(const void *self, json_t *counters)
{
    const struct lateral *l = self;

    (void)json_object_set_new(counters, "pairs", json_integer((json_int_t)keytab_count(l->pairs)));
    (void)json_object_set_new(
        counters, "evicted",
        json_integer((json_int_t)(keytab_evicted(l->pairs) + keytab_evicted(l->tallies))));
    if (l->learned_ns == 0)
        (void)json_object_set_new(counters, "learning", json_integer(1));
}

const struct detector NET_LATERAL = {
    .name = "net.lateral",
    .sensor = "net",
    .kinds = 1u << OBS_RECORD | 1u << OBS_HTTP,
    .make = make,
    .observe = observe,
    .save = lateral_save,
    .load = lateral_load,
    .free = lateral_free,
    .health = health,
};
