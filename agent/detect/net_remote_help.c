/* SPDX-License-Identifier: Apache-2.0 */
/* net.remote_help: somebody far away sees or steers a PC (AnyDesk, TeamViewer, RustDesk, Quick
 * Assist and their like): the tool of technicians, and of those who rob shops over the telephone.
 *
 * For each (device, tool), the tool by the list of applications or by the name that the address was
 * looked up by (AnyDesk sends no name of its own):
 *   session   a connection that carries a screen: SESSION_BYTES with SESSION_OUT_BYTES from the
 *             device, or a record that says so. Told at the device's first one, at once; later ones
 *             only while the first was not accepted (judge_learn_share), or out of hours.
 *   standby   the tool is installed and waits: STANDBY_CONTACTS spread over STANDBY_NS. Told once.
 * A visit to a maker's site sends little; one look-up is nothing. RDP and VNC within the shop or to
 * a server outside are work; answered from outside they are net.exposed_service. */
#include "agent/detect/detectors.h"

#include <stdlib.h>
#include <string.h>

#include "agent/detect/codec.h"
#include "agent/detect/domain.h"
#include "agent/detect/keytab.h"
#include "agent/detect/net_common.h"
#include "agent/detect/net_tell.h"
#include "common/vtime.h"

enum {
    TOOLS_MAX = 512,
    TOOLS_VERSION = 1,
    CELL_OWN_BYTES = 48,
    TOOL_NAME_MAX = 40,
    STANDBY_CONTACTS = 4,
    SESSION_BYTES = 100 * 1000,
    SESSION_OUT_BYTES = 20 * 1000,
    SESSION_IN_BYTES = 5 * 1000,
    MARGIN_MIN = 30, /* a session that ends a little after closing time is not out of hours */
};
#define STANDBY_NS (30 * VG_MIN_NS)

struct tool {
    int64_t first_ns, last_ns; /* contacts */
    int64_t session_ns;        /* the first session; 0: none */
    int64_t told_ns, told_late_ns;
    uint32_t contacts, sessions;
    bool standby_told;
};

struct remote_help {
    struct judge *judge;
    const struct net_scene *scene;
    const struct zone *zone;
    const struct shop_hours *hours;
    const char *names; /* of the settings, borrowed: domains by look-up */
    struct keytab *tools;
    int64_t repeat_ns, own_ns;
};

enum reason { FIRST, AGAIN, LATE, STANDBY };

/* ---- which tool ---- */

/* The part of the registered domain before its suffix, "anydesk" of "anydesk.com". */
static struct str
first_label(struct str domain)
{
    const char *dot = domain.len > 0 ? memchr(domain.at, '.', domain.len) : NULL;

    return str_n(domain.at, dot != NULL ? (size_t)(dot - domain.at) : domain.len);
}

static bool
listed(const char *list, struct str name, struct str *domain)
{
    while (*list != '\0') {
        size_t n = strcspn(list, " ");

        *domain = str_n(list, n);
        if (n > 0 && domain_under(name, *domain))
            return true;
        list += n + (list[n] == ' ');
    }
    return false;
}

static struct str
tool_of(const struct remote_help *r, const struct flow_view *f)
{
    struct str domain;

    if (str_is(f->category, "remote_help"))
        return f->app;
    if (f->server_name.len == 0 && !net_addr_is_local(&f->dst) &&
        listed(r->names, net_scene_resolved(r->scene, &f->dst), &domain))
        return first_label(domain);
    return str_of("");
}

/* ---- when ---- */

static bool
inside(const struct shop_hours *h, unsigned weekday, int minute)
{
    int open = h->day[weekday].open_min, close = h->day[weekday].close_min;

    if (open == close)
        return false;
    if (close < open)
        close += 24 * 60;
    return minute >= open - MARGIN_MIN && minute < close + MARGIN_MIN;
}

/* Without known hours nothing is late. */
static bool
is_late(const struct remote_help *r, int64_t now_ns)
{
    struct zone_local l;
    int minute;

    if (r->hours == NULL || !r->hours->known || r->zone == NULL)
        return false;
    zone_to_local(r->zone, now_ns, &l);
    minute = (int)(l.hour * 60 + l.min);
    return !inside(r->hours, l.weekday, minute) &&
           !inside(r->hours, (l.weekday + 6) % 7, minute + 24 * 60);
}

/* ---- reports ---- */

static const struct net_addr *
device_of(const struct flow_view *f)
{
    return !net_addr_is_local(&f->src) && net_addr_is_local(&f->dst) ? &f->dst : &f->src;
}

static void
parties(const struct remote_help *r, const struct flow_view *f, const char *tool,
        struct party *subject, struct party *peer)
{
    net_tell_party(r->scene, subject, device_of(f));
    party_set(peer, "program", tool, NULL);
}

static void
report(struct remote_help *r, const struct tool *t, const struct flow_view *f, const char *tool,
       enum reason why, int64_t now_ns)
{
    static const char *const reasons[] = {"first", "again", "late", "standby"};
    static const char *const groups[] = {NULL, NULL, "late", "standby"};
    struct party subject, peer;
    struct finding finding = {.detector = "net.remote_help",
                              .time_ns = now_ns,
                              .subject = &subject,
                              .peer = &peer,
                              .group = groups[why],
                              .severity = why == STANDBY ? SEVERITY_LOW
                                          : why == AGAIN ? SEVERITY_MEDIUM
                                                         : SEVERITY_INFO,
                              .score = why == STANDBY ? 35
                                       : why == AGAIN ? 55
                                                      : 70};
    int64_t seconds = (f->end_ns - f->start_ns) / VG_SEC_NS;

    parties(r, f, tool, &subject, &peer);
    finding.facts = net_tell_flow(r->scene, f, str_of(""));
    if (finding.facts != NULL)
        (void)json_object_update_missing_new(
            finding.facts,
            json_pack("{s:s, s:s, s:b, s:b, s:I, s:I, s:I, s:I, s:I}", "tool", tool, "reason",
                      reasons[why], "late", is_late(r, now_ns), "incoming", device_of(f) == &f->dst,
                      "sessions", (json_int_t)t->sessions, "contacts", (json_int_t)t->contacts,
                      "bytes_out", (json_int_t)f->payload_out, "bytes_in",
                      (json_int_t)f->payload_in, "seconds",
                      (json_int_t)(seconds > 0 ? seconds : 1)));
    finding.evidence = json_pack("[o]", net_evidence_flow(f));
    judge_finding(r->judge, &finding);
}

/* ---- contacts and sessions ---- */

static struct tool *
tool_use(struct remote_help *r, const struct flow_view *f, struct str name, int64_t now_ns)
{
    struct net_key key = {0};
    struct tool *t;

    net_key_addr(&key, device_of(f));
    net_key_str(&key, name);
    t = keytab_touch(r->tools, net_key_hash(&key), NULL);
    if (t != NULL && t->first_ns == 0)
        t->first_ns = now_ns;
    return t;
}

/* The owner knows it: nobody was told of it, or it was told and not contradicted. */
static bool
is_usual(const struct remote_help *r, const struct tool *t, const struct flow_view *f,
         const char *tool, int64_t now_ns)
{
    struct party subject, peer;

    if (t->session_ns == 0 || now_ns - t->session_ns < r->own_ns)
        return false;
    parties(r, f, tool, &subject, &peer);
    return judge_learn_share(r->judge, "net.remote_help", &subject, &peer, now_ns) > 0;
}

static void
on_session(struct remote_help *r, struct tool *t, const struct flow_view *f, const char *tool,
           int64_t now_ns)
{
    bool first = t->session_ns == 0, late = is_late(r, now_ns);

    if (first || is_usual(r, t, f, tool, now_ns) == false) {
        if (first || now_ns - t->told_ns >= r->repeat_ns) {
            if (first)
                t->session_ns = now_ns;
            t->told_ns = t->told_late_ns = now_ns;
            report(r, t, f, tool, first ? FIRST : AGAIN, now_ns);
        }
        return;
    }
    if (late && now_ns - t->told_late_ns >= VG_DAY_NS) {
        t->told_late_ns = now_ns;
        report(r, t, f, tool, LATE, now_ns);
    }
}

static bool
carries_screen(const struct flow_view *f, const struct net_addr *device)
{
    uint64_t sent = device == &f->src ? f->payload_out : f->payload_in;
    uint64_t received = device == &f->src ? f->payload_in : f->payload_out;

    return sent + received >= SESSION_BYTES && sent >= SESSION_OUT_BYTES &&
           received >= SESSION_IN_BYTES;
}

/* Work, or another detector's: see above. A screen that the device itself shows to the world (a VNC
 * server that calls out) is help. */
static bool
is_other_work(const struct flow_view *f)
{
    if (str_is(f->app, "rdp") || str_is(f->protocol, "rdp"))
        return true;
    return str_is(f->app, "vnc") && (net_addr_is_local(&f->dst) || f->dport != 5500);
}

static void
on_flow(struct remote_help *r, const struct flow_view *f, bool ended, int64_t now_ns)
{
    struct str name = tool_of(r, f);
    char tool[TOOL_NAME_MAX];
    struct tool *t;

    if (name.len == 0 || name.len >= sizeof(tool) || is_other_work(f) || f->payload_in == 0 ||
        f->payload_out == 0)
        return;
    t = tool_use(r, f, name, now_ns);
    if (t == NULL)
        return;
    memcpy(tool, name.at, name.len);
    tool[name.len] = '\0';
    t->last_ns = now_ns;
    if (ended)
        t->contacts += t->contacts < UINT32_MAX;
    if (carries_screen(f, device_of(f))) {
        t->sessions += ended;
        on_session(r, t, f, tool, now_ns);
    } else if (!t->standby_told && t->session_ns == 0 && t->contacts >= STANDBY_CONTACTS &&
               now_ns - t->first_ns >= STANDBY_NS) {
        t->standby_told = true;
        report(r, t, f, tool, STANDBY, now_ns);
    }
}

static void
on_record(struct remote_help *r, const struct record_view *v, int64_t now_ns)
{
    const struct record_field *session = record_find(v, "session");
    struct str name = record_text(v, "tool");
    char tool[TOOL_NAME_MAX];
    struct tool *t;

    if (session == NULL || session->number == 0 || name.len == 0 || name.len >= sizeof(tool))
        return;
    t = tool_use(r, v->flow, name, now_ns);
    if (t == NULL)
        return;
    memcpy(tool, name.at, name.len);
    tool[name.len] = '\0';
    t->last_ns = now_ns;
    on_session(r, t, v->flow, tool, now_ns);
}

static void
observe(void *self, const struct obs *obs)
{
    struct remote_help *r = self;

    if (obs->kind == OBS_FLOW_END || obs->kind == OBS_FLOW_UPDATE)
        on_flow(r, obs->flow, obs->kind == OBS_FLOW_END, obs->time_ns);
    else if (obs->kind == OBS_RECORD && strcmp(obs->record->type, "remote_help") == 0)
        on_record(r, obs->record, obs->time_ns);
}

/* ---- rows ---- */

static void
put(const void *cell, struct buf *out)
{
    const struct tool *t = cell;

    codec_put_i64(out, t->first_ns);
    codec_put_i64(out, t->last_ns);
    codec_put_i64(out, t->session_ns);
    codec_put_i64(out, t->told_ns);
    codec_put_i64(out, t->told_late_ns);
    buf_put_be32(out, t->contacts);
    buf_put_be32(out, t->sessions);
    buf_put_u8(out, t->standby_told);
}

static void
get(void *cell, struct slice *in)
{
    struct tool *t = cell;

    t->first_ns = codec_time(in);
    t->last_ns = codec_time(in);
    t->session_ns = codec_time(in);
    t->told_ns = codec_time(in);
    t->told_late_ns = codec_time(in);
    t->contacts = slice_be32(in);
    t->sessions = slice_be32(in);
    t->standby_told = slice_u8(in) != 0;
}

static void
remote_help_free(void *self)
{
    struct remote_help *r = self;

    if (r == NULL)
        return;
    keytab_free(r->tools);
    free(r);
}

_Static_assert(TOOLS_MAX *(sizeof(struct tool) + CELL_OWN_BYTES) <= NET_REMOTE_HELP_BYTES,
               "the memory of detectors is promised");

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    static const struct keytab_options options = {.cell_bytes = sizeof(struct tool),
                                                  .cells_max = TOOLS_MAX,
                                                  .row_bits = 3,
                                                  .name = 't',
                                                  .version = TOOLS_VERSION,
                                                  .put = put,
                                                  .get = get};
    const char *names = json_string_value(json_object_get(env->settings, "names"));
    struct remote_help *r = calloc(1, sizeof(*r));

    if (r == NULL)
        return VG_ERR_NOMEM;
    r->judge = env->judge;
    r->scene = env->scene;
    r->zone = env->zone;
    r->hours = env->hours;
    r->names = names != NULL ? names : "";
    r->repeat_ns = 7 * VG_DAY_NS;
    r->own_ns = VG_HOUR_NS;
    if (!net_setting_duration(env, "repeat", VG_HOUR_NS, 366 * VG_DAY_NS, &r->repeat_ns, why)) {
        remote_help_free(r);
        return VG_ERR_CONFIG;
    }
    if (keytab_new(&options, &r->tools) != VG_OK) {
        remote_help_free(r);
        return VG_ERR_NOMEM;
    }
    *self = r;
    return VG_OK;
}

static void
save(void *self, struct state_out *out)
{
    keytab_save(((struct remote_help *)self)->tools, out);
}

static enum vg_err
load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    return keytab_load(((struct remote_help *)self)->tools, key, version, blob);
}

static void
health(const void *self, json_t *counters)
{
    const struct remote_help *r = self;

    (void)json_object_set_new(counters, "tools", json_integer((json_int_t)keytab_count(r->tools)));
    (void)json_object_set_new(counters, "evicted",
                              json_integer((json_int_t)keytab_evicted(r->tools)));
}

const struct detector NET_REMOTE_HELP = {
    .name = "net.remote_help",
    .sensor = "net",
    .kinds = 1u << OBS_FLOW_UPDATE | 1u << OBS_FLOW_END | 1u << OBS_RECORD,
    .make = make,
    .observe = observe,
    .save = save,
    .load = load,
    .free = remote_help_free,
    .health = health,
};
