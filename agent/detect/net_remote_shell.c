/* SPDX-License-Identifier: Apache-2.0 */
/* net.remote_shell: somebody gives commands to a computer of the shop from afar. All findings:
 *
 * shell: the prompts of a shell cross in the clear over a connection of no known protocol. Where they
 * come from the side that called, that computer called its master (a reverse shell); else whoever
 * called entered by it. staged: the called server speaks first and hands over a program, its length
 * before it, as the stagers of attack frameworks expect (a bare one is net.exploit's). greeting: a
 * remote-control tool introduces its computer. winrm, dcom: somebody works on another PC of the shop
 * by Windows' own ways to run commands: over SESSION_NS, or with several calls. That he entered at all
 * is net.lateral's to tell; both are about the one who works there, and so one incident (event.h).
 *
 * What crosses stays in the parser (agent/net/proto/raw.c). */
#include "agent/detect/detectors.h"

#include <stdlib.h>

#include "agent/detect/codec.h"
#include "agent/detect/keytab.h"
#include "agent/detect/net_common.h"
#include "agent/detect/net_tell.h"
#include "common/vtime.h"

enum { SESSIONS_MAX = 64, SESSIONS_VERSION = 1, CELL_OWN_BYTES = 48, DCOM_CALLS_LEAST = 2 };
#define SESSION_NS (5 * VG_SEC_NS)
#define FORGET_NS  (30 * VG_MIN_NS)

struct session { /* of WinRM, between two machines */
    int64_t first_ns, last_ns;
};

struct remote_shell {
    struct judge *judge;
    const struct net_scene *scene;
    struct keytab *sessions;
    uint64_t findings;
};

_Static_assert(SESSIONS_MAX *(sizeof(struct session) + CELL_OWN_BYTES) +
                       sizeof(struct remote_shell) <=
                   NET_REMOTE_SHELL_BYTES,
               "the memory of detectors is promised");

enum about { VICTIM_CALLS, MASTER_CALLS, WINDOWS_WAY /* the master calls, and it is about him */ };

static void
find(struct remote_shell *s, const struct flow_view *f, enum about about, const char *style,
     const char *detail, double score, int64_t now_ns)
{
    const struct net_addr *victim = about == VICTIM_CALLS ? &f->src : &f->dst;
    const struct net_addr *other = about == VICTIM_CALLS ? &f->dst : &f->src;
    char ours[NET_TELL_MAX], theirs[NET_TELL_MAX];
    struct party subject, peer;
    struct finding finding = {.detector = "net.remote_shell",
                              .time_ns = now_ns,
                              .subject = &subject,
                              .peer = &peer,
                              .score = score,
                              .group = style};

    net_tell_party(s->scene, &subject, about == WINDOWS_WAY ? other : victim);
    net_tell_party(s->scene, &peer, about == WINDOWS_WAY ? victim : other);
    finding.facts = net_tell_flow(s->scene, f, f->server_name);
    if (finding.facts == NULL)
        return;
    (void)json_object_update_missing_new(
        finding.facts, json_pack("{s:s, s:s, s:s, s:s, s:b}", "style", style, "detail", detail,
                                 "victim", net_tell_place(s->scene, str_of(""), victim, ours),
                                 "master", net_tell_place(s->scene, str_of(""), other, theirs),
                                 "reverse", (int)(about == VICTIM_CALLS)));
    finding.evidence = json_array();
    (void)json_array_append_new(finding.evidence, net_evidence_flow(f));
    s->findings++;
    judge_finding(s->judge, &finding);
}

static bool
is_true(const struct record_view *r, const char *name)
{
    const struct record_field *field = record_find(r, name);

    return field != NULL && field->number != 0;
}

static enum about
caller(const struct record_view *r, const char *by_victim)
{
    return is_true(r, by_victim) ? VICTIM_CALLS : MASTER_CALLS;
}

/* Where a terminal in the clear is what the port is for. */
static bool
terminal_port(uint16_t port)
{
    return port == 23 || port == 2323 || port == 513 || port == 514;
}

static void
on_raw(struct remote_shell *s, const struct record_view *r, int64_t now_ns)
{
    const struct flow_view *f = r->flow;
    struct str shell = record_text(r, "shell"), greeting = record_text(r, "greeting");

    if (shell.len > 0 && (is_true(r, "by_client") || !terminal_port(f->dport)))
        find(s, f, caller(r, "by_client"), "shell", str_is(shell, "unix") ? "unix" : "windows", 90,
             now_ns);
    if (is_true(r, "staged"))
        find(s, f, is_true(r, "pushed_by_client") ? MASTER_CALLS : VICTIM_CALLS, "staged",
             "length and program", 85, now_ns);
    if (greeting.len > 0)
        find(s, f, caller(r, "greeting_by_client"), "greeting",
             str_is(greeting, "fields")  ? "fields"
             : str_is(greeting, "njrat") ? "njrat"
                                         : "gh0st",
             str_is(greeting, "fields") ? 70 : 90, now_ns);
}

static int64_t
calls_of(const struct record_view *r)
{
    const struct record_field *calls = record_find(r, "calls");

    return calls != NULL ? calls->number : 1;
}

static void
on_record(struct remote_shell *s, const struct record_view *r, int64_t now_ns)
{
    if (str_is(str_of(r->type), "raw"))
        on_raw(s, r, now_ns);
    else if (str_is(str_of(r->type), "dcerpc") &&
             str_is(record_text(r, "interface"), "IDispatch") &&
             str_is(record_text(r, "operation"), "Invoke") && calls_of(r) >= DCOM_CALLS_LEAST)
        find(s, r->flow, WINDOWS_WAY, "dcom", "IDispatch::Invoke", 65,
             now_ns); /* MS-OAUT, 3.1.4.4 */
}

/* True once somebody works there for a while. */
static bool
session_lasts(struct remote_shell *s, const struct flow_view *f, int64_t now_ns)
{
    struct net_key k = {0};
    struct session *session;

    net_key_addr(&k, &f->src);
    net_key_addr(&k, &f->dst);
    session = keytab_touch(s->sessions, net_key_hash(&k), NULL);
    if (session == NULL)
        return false;
    if (session->first_ns == 0 || now_ns - session->last_ns > FORGET_NS)
        session->first_ns = now_ns;
    session->last_ns = now_ns;
    return now_ns - session->first_ns >= SESSION_NS;
}

/* MS-WSMV, 2.2.1: WS-Management over HTTP. */
static void
on_http(struct remote_shell *s, const struct http_view *h, int64_t now_ns)
{
    static const char path[] = "/wsman";
    size_t n = sizeof(path) - 1;

    if (h->status == 200 && str_is(h->method, "POST") && h->uri.len >= n &&
        str_is(str_n(h->uri.at, n), path) && session_lasts(s, h->flow, now_ns))
        find(s, h->flow, WINDOWS_WAY, "winrm", "WS-Management", 60, now_ns);
}

static void
observe(void *self, const struct obs *obs)
{
    if (obs->kind == OBS_RECORD)
        on_record(self, obs->record, obs->time_ns);
    else if (obs->kind == OBS_HTTP)
        on_http(self, obs->http, obs->time_ns);
}

/* ---- life and state ---- */

static void
put(const void *cell, struct buf *out)
{
    const struct session *s = cell;

    codec_put_i64(out, s->first_ns);
    codec_put_i64(out, s->last_ns);
}

static void
get(void *cell, struct slice *in)
{
    struct session *s = cell;

    s->first_ns = codec_time(in);
    s->last_ns = codec_time(in);
}

static void
remote_shell_free(void *self)
{
    struct remote_shell *s = self;

    if (s == NULL)
        return;
    keytab_free(s->sessions);
    free(s);
}

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    static const struct keytab_options options = {.cell_bytes = sizeof(struct session),
                                                  .cells_max = SESSIONS_MAX,
                                                  .row_bits = 1,
                                                  .name = 's',
                                                  .version = SESSIONS_VERSION,
                                                  .put = put,
                                                  .get = get};
    struct remote_shell *s = calloc(1, sizeof(*s));

    (void)why;
    if (s == NULL)
        return VG_ERR_NOMEM;
    s->judge = env->judge;
    s->scene = env->scene;
    if (keytab_new(&options, &s->sessions) != VG_OK) {
        remote_shell_free(s);
        return VG_ERR_NOMEM;
    }
    *self = s;
    return VG_OK;
}

static void
save(void *self, struct state_out *out)
{
    keytab_save(((struct remote_shell *)self)->sessions, out);
}

static enum vg_err
load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct remote_shell *s = self;

    return keytab_owns(s->sessions, key) ? keytab_load(s->sessions, key, version, blob)
                                         : VG_ERR_FORMAT;
}

static void
health(const void *self, json_t *counters)
{
    const struct remote_shell *s = self;

    (void)json_object_set_new(counters, "findings", json_integer((json_int_t)s->findings));
}

const struct detector NET_REMOTE_SHELL = {
    .name = "net.remote_shell",
    .sensor = "net",
    .kinds = 1u << OBS_RECORD | 1u << OBS_HTTP,
    .make = make,
    .observe = observe,
    .save = save,
    .load = load,
    .free = remote_shell_free,
    .health = health,
};
