/* SPDX-License-Identifier: Apache-2.0 */
/* net.remote_shell: somebody gives commands to a computer of the shop from afar. All findings:
 *
 * shell: the prompts of a shell cross in the clear over a connection of no known protocol. Where they
 * come from the side that called, that computer called its master (a reverse shell); else whoever
 * called entered by it. staged: the called server speaks first and hands over a program, its length
 * before it, as the stagers of attack frameworks expect (a bare one is net.exploit's). greeting: a remote-control tool introduces its computer. winrm, dcom: Windows' own ways
 * to run commands on another PC of the shop; technicians of large firms use them, small shops do not.
 *
 * No state: the judge groups what goes on. What crosses stays in the parser (agent/net/proto/raw.c). */
#include "agent/detect/detectors.h"

#include <stdlib.h>

#include "agent/detect/net_common.h"
#include "agent/detect/net_tell.h"

struct remote_shell {
    struct judge *judge;
    const struct net_scene *scene;
    uint64_t findings;
};

_Static_assert(sizeof(struct remote_shell) <= NET_REMOTE_SHELL_BYTES,
               "the memory of detectors is promised");

/* `victim`: the side that is commanded. */
static void
find(struct remote_shell *s, const struct flow_view *f, bool client_is_victim, const char *style,
     const char *detail, double score, int64_t now_ns)
{
    const struct net_addr *victim = client_is_victim ? &f->src : &f->dst;
    const struct net_addr *other = client_is_victim ? &f->dst : &f->src;
    char ours[NET_TELL_MAX], theirs[NET_TELL_MAX];
    struct party subject, peer;
    struct finding finding = {.detector = "net.remote_shell",
                              .time_ns = now_ns,
                              .subject = &subject,
                              .peer = &peer,
                              .score = score,
                              .group = style};

    net_tell_party(s->scene, &subject, victim);
    net_tell_party(s->scene, &peer, other);
    finding.facts = net_tell_flow(s->scene, f, f->server_name);
    if (finding.facts == NULL)
        return;
    (void)json_object_update_missing_new(
        finding.facts, json_pack("{s:s, s:s, s:s, s:s, s:b}", "style", style, "detail", detail,
                                 "victim", net_tell_place(s->scene, str_of(""), victim, ours),
                                 "master", net_tell_place(s->scene, str_of(""), other, theirs),
                                 "reverse", (int)client_is_victim));
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
        find(s, f, is_true(r, "by_client"), "shell", str_is(shell, "unix") ? "unix" : "windows", 90,
             now_ns);
    if (is_true(r, "staged"))
        find(s, f, !is_true(r, "pushed_by_client"), "staged", "length and program", 85, now_ns);
    if (greeting.len > 0)
        find(s, f, is_true(r, "greeting_by_client"), "greeting",
             str_is(greeting, "fields")  ? "fields"
             : str_is(greeting, "njrat") ? "njrat"
                                         : "gh0st",
             str_is(greeting, "fields") ? 70 : 90, now_ns);
}

static void
on_record(struct remote_shell *s, const struct record_view *r, int64_t now_ns)
{
    if (str_is(str_of(r->type), "raw"))
        on_raw(s, r, now_ns);
    else if (str_is(str_of(r->type), "dcerpc") &&
             str_is(record_text(r, "interface"), "IDispatch") &&
             str_is(record_text(r, "operation"), "Invoke"))
        find(s, r->flow, false, "dcom", "IDispatch::Invoke", 65, now_ns); /* MS-OAUT, 3.1.4.4 */
}

/* MS-WSMV, 2.2.1: WS-Management over HTTP; PowerShell's remote sessions say their version. */
static void
on_http(struct remote_shell *s, const struct http_view *h, int64_t now_ns)
{
    static const char path[] = "/wsman";
    size_t n = sizeof(path) - 1;

    if (h->status == 200 && str_is(h->method, "POST") && h->uri.len >= n &&
        str_is(str_n(h->uri.at, n), path))
        find(s, h->flow, false, "winrm", "WS-Management", 60, now_ns);
}

static void
observe(void *self, const struct obs *obs)
{
    if (obs->kind == OBS_RECORD)
        on_record(self, obs->record, obs->time_ns);
    else if (obs->kind == OBS_HTTP)
        on_http(self, obs->http, obs->time_ns);
}

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    struct remote_shell *s = calloc(1, sizeof(*s));

    (void)why;
    if (s == NULL)
        return VG_ERR_NOMEM;
    s->judge = env->judge;
    s->scene = env->scene;
    *self = s;
    return VG_OK;
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
    .free = free,
    .health = health,
};
