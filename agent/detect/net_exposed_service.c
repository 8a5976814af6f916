/* SPDX-License-Identifier: Apache-2.0 */
/* net.exposed_service: a service that belongs inside answers the Internet: remote desktop, file
 * shares, a database, a screen, a camera, a printer, the router's own administration.
 *
 * Certain by nature: a connection that a host of the world began and a device of the shop answered
 * with data. One finding for each (device, service), told again after `repeat`. A public web site, a
 * mail server, a VPN, a game, file sharing and the telephone provider are meant to be reached. SSH
 * is too, but it is worth to know (low). */
#include "agent/detect/detectors.h"

#include <stdlib.h>
#include <string.h>

#include "agent/detect/codec.h"
#include "agent/detect/keytab.h"
#include "agent/detect/net_common.h"
#include "agent/detect/net_tell.h"
#include "common/vtime.h"

enum { EXPOSED_MAX = 512, EXPOSED_VERSION = 1, CELL_OWN_BYTES = 48, CALLERS_MAX = 8 };

struct exposed {
    int64_t told_ns;
    uint32_t calls;               /* answered, since it was first seen */
    uint32_t caller[CALLERS_MAX]; /* different hosts, by hash */
    uint8_t callers;
};

struct exposure {
    struct judge *judge;
    const struct net_scene *scene;
    struct keytab *services;
    int64_t repeat_ns;
};

struct service {
    const char *name;     /* for people, and the protocol's name where the sensor knows it */
    const char *protocol; /* flow_view.protocol; NULL: by port only */
    uint16_t ports[4];    /* where the protocol did not show (enciphered) */
    enum severity severity;
};

/* Ports: IANA's registry; of cameras, recorders and routers their makers' manuals (Dahua 37777, XM
 * 34567, Hikvision 8000, MikroTik Winbox 8291). */
static const struct service SERVICES[] = {
    {"rdp", "rdp", {3389}, SEVERITY_HIGH},
    {"smb", "smb", {445, 139}, SEVERITY_HIGH},
    {"vnc", "vnc", {5900, 5901, 5800}, SEVERITY_HIGH},
    {"telnet", "telnet", {23, 2323}, SEVERITY_HIGH},
    {"mysql", "mysql", {3306}, SEVERITY_HIGH},
    {"sql server", "tds", {1433}, SEVERITY_HIGH},
    {"postgresql", "postgresql", {5432}, SEVERITY_HIGH},
    {"redis", "redis", {6379}, SEVERITY_HIGH},
    {"mongodb", NULL, {27017}, SEVERITY_HIGH},
    {"oracle", NULL, {1521}, SEVERITY_HIGH},
    {"elasticsearch", NULL, {9200}, SEVERITY_HIGH},
    {"docker", NULL, {2375}, SEVERITY_HIGH},
    {"winrm", NULL, {5985, 5986}, SEVERITY_HIGH},
    {"dcerpc", "dcerpc", {135}, SEVERITY_HIGH},
    {"ldap", "ldap", {389}, SEVERITY_HIGH},
    {"modbus", "modbus", {502}, SEVERITY_HIGH},
    {"winbox", NULL, {8291}, SEVERITY_MEDIUM},
    {"camera", NULL, {554, 37777, 34567, 8000}, SEVERITY_MEDIUM},
    {"printer", NULL, {9100, 515, 631}, SEVERITY_MEDIUM},
    {"mqtt", "mqtt", {1883}, SEVERITY_MEDIUM},
    {"ftp", "ftp", {21}, SEVERITY_MEDIUM},
    {"ssh", "ssh", {22}, SEVERITY_LOW},
};

static const struct service *
service_of(const struct flow_view *f)
{
    for (size_t i = 0; f->protocol.len > 0 && i < VG_ARRAY_LEN(SERVICES); i++)
        if (SERVICES[i].protocol != NULL && str_is(f->protocol, SERVICES[i].protocol))
            return &SERVICES[i];
    /* another protocol that was recognised is not what the port stands for */
    for (size_t i = 0; i < VG_ARRAY_LEN(SERVICES); i++)
        for (size_t k = 0; k < VG_ARRAY_LEN(SERVICES[i].ports); k++)
            if (SERVICES[i].ports[k] != 0 && f->dport == SERVICES[i].ports[k] &&
                (f->protocol.len == 0 || str_is(f->protocol, "tls") ||
                 SERVICES[i].protocol == NULL))
                return &SERVICES[i];
    return NULL;
}

static const struct service WEB_CAMERA = {"camera", NULL, {0}, SEVERITY_MEDIUM};
static const struct service WEB_ADMIN = {"router", NULL, {0}, SEVERITY_HIGH};

static bool
begins(struct str s, const char *with)
{
    size_t n = strlen(with);

    return s.len >= n && str_eq_nocase(str_n(s.at, n), str_of(with));
}

/* Pages that only a camera, a recorder or a router has (the programming guides of Hikvision ISAPI,
 * Dahua CGI, Axis VAPIX, Foscam, ONVIF; luci of OpenWrt, GoForm and HNAP of routers). */
static const struct service *
service_of_page(struct str uri)
{
    static const char *const camera[] = {
        "/isapi/",       "/doc/page/login.asp",   "/cgi-bin/magicbox",
        "/axis-cgi/",    "/cgi-bin/hi3510",       "/onvif/",
        "/rpc2_login",   "/cgi-bin/snapshot",     "/videostream.cgi",
        "/snapshot.cgi", "/cgi-bin/cgiproxy.fcgi"};
    static const char *const router[] = {"/cgi-bin/luci", "/goform/", "/hnap1", "/webfig/",
                                         "/boaform/"};

    for (size_t i = 0; i < VG_ARRAY_LEN(camera); i++)
        if (begins(uri, camera[i]))
            return &WEB_CAMERA;
    for (size_t i = 0; i < VG_ARRAY_LEN(router); i++)
        if (begins(uri, router[i]))
            return &WEB_ADMIN;
    return NULL;
}

static bool
comes_from_world(const struct flow_view *f)
{
    return f->proto == 6 && !f->midstream && (f->first_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN &&
           !net_addr_is_local(&f->src) && !net_addr_is_group(&f->src) &&
           net_addr_is_local(&f->dst) && !net_addr_is_group(&f->dst);
}

static void
report(struct exposure *x, const struct exposed *e, const struct service *s,
       const struct flow_view *f, int64_t now_ns)
{
    struct party subject, peer;
    struct finding finding = {.detector = "net.exposed_service",
                              .time_ns = now_ns,
                              .subject = &subject,
                              .peer = &peer,
                              .severity = s->severity,
                              .score = s->severity == SEVERITY_HIGH     ? 75
                                       : s->severity == SEVERITY_MEDIUM ? 55
                                                                        : 35};

    /* what is open is the news, not who came: somebody always does */
    net_tell_party(x->scene, &subject, &f->dst);
    party_set(&peer, "program", s->name, NULL);
    finding.facts = net_tell_flow(x->scene, f, str_of(""));
    if (finding.facts != NULL)
        (void)json_object_update_missing_new(
            finding.facts,
            json_pack("{s:s, s:I, s:I, s:I, s:I}", "service", s->name, "calls",
                      (json_int_t)e->calls, "callers", (json_int_t)e->callers, "bytes_in",
                      (json_int_t)f->payload_out, "bytes_out", (json_int_t)f->payload_in));
    finding.evidence = json_pack("[o]", net_evidence_flow(f));
    judge_finding(x->judge, &finding);
}

static void
answered(struct exposure *x, const struct service *s, const struct flow_view *f, int64_t now_ns)
{
    uint32_t hash = (uint32_t)str_hash(&STR_HASH_STORED, f->src.bytes, sizeof(f->src.bytes));
    struct net_key key = {0};
    struct exposed *e;
    bool fresh, known = false;

    net_key_addr(&key, &f->dst);
    net_key_str(&key, str_of(s->name));
    e = keytab_touch(x->services, net_key_hash(&key), &fresh);
    if (e == NULL)
        return;
    e->calls += e->calls < UINT32_MAX;
    for (unsigned i = 0; i < e->callers; i++)
        known = known || e->caller[i] == hash;
    if (!known && e->callers < CALLERS_MAX)
        e->caller[e->callers++] = hash;
    if (!fresh && now_ns - e->told_ns < x->repeat_ns)
        return;
    e->told_ns = now_ns;
    report(x, e, s, f, now_ns);
}

static void
observe(void *self, const struct obs *obs)
{
    struct exposure *x = self;
    const struct flow_view *f = obs->kind == OBS_HTTP ? obs->http->flow : obs->flow;
    const struct service *s;

    if (!comes_from_world(f))
        return;
    if (obs->kind == OBS_HTTP)
        s = obs->http->status > 0 && obs->http->status != 404 ? service_of_page(obs->http->uri)
                                                              : NULL;
    else
        s = f->payload_in > 0 && f->payload_out > 0 ? service_of(f) : NULL;
    if (s != NULL)
        answered(x, s, f, obs->time_ns);
}

/* ---- rows ---- */

static void
put(const void *cell, struct buf *out)
{
    const struct exposed *e = cell;

    codec_put_i64(out, e->told_ns);
    buf_put_be32(out, e->calls);
    buf_put_u8(out, e->callers);
    for (unsigned i = 0; i < e->callers; i++)
        buf_put_be32(out, e->caller[i]);
}

static void
get(void *cell, struct slice *in)
{
    struct exposed *e = cell;

    e->told_ns = codec_time(in);
    e->calls = slice_be32(in);
    e->callers = slice_u8(in);
    if (e->callers > CALLERS_MAX) {
        e->callers = 0;
        in->bad = true;
    }
    for (unsigned i = 0; i < e->callers; i++)
        e->caller[i] = slice_be32(in);
}

static void
exposure_free(void *self)
{
    struct exposure *x = self;

    if (x == NULL)
        return;
    keytab_free(x->services);
    free(x);
}

_Static_assert(EXPOSED_MAX *(sizeof(struct exposed) + CELL_OWN_BYTES) <= NET_EXPOSED_SERVICE_BYTES,
               "the memory of detectors is promised");

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    static const struct keytab_options options = {.cell_bytes = sizeof(struct exposed),
                                                  .cells_max = EXPOSED_MAX,
                                                  .row_bits = 3,
                                                  .name = 's',
                                                  .version = EXPOSED_VERSION,
                                                  .put = put,
                                                  .get = get};
    struct exposure *x = calloc(1, sizeof(*x));

    if (x == NULL)
        return VG_ERR_NOMEM;
    x->judge = env->judge;
    x->scene = env->scene;
    x->repeat_ns = 30 * VG_DAY_NS;
    if (!net_setting_duration(env, "repeat", VG_HOUR_NS, 366 * VG_DAY_NS, &x->repeat_ns, why)) {
        exposure_free(x);
        return VG_ERR_CONFIG;
    }
    if (keytab_new(&options, &x->services) != VG_OK) {
        exposure_free(x);
        return VG_ERR_NOMEM;
    }
    *self = x;
    return VG_OK;
}

static void
save(void *self, struct state_out *out)
{
    keytab_save(((struct exposure *)self)->services, out);
}

static enum vg_err
load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    return keytab_load(((struct exposure *)self)->services, key, version, blob);
}

static void
health(const void *self, json_t *counters)
{
    const struct exposure *x = self;

    (void)json_object_set_new(counters, "services",
                              json_integer((json_int_t)keytab_count(x->services)));
    (void)json_object_set_new(counters, "evicted",
                              json_integer((json_int_t)keytab_evicted(x->services)));
}

const struct detector NET_EXPOSED_SERVICE = {
    .name = "net.exposed_service",
    .sensor = "net",
    .kinds = 1u << OBS_FLOW_UPDATE | 1u << OBS_FLOW_END | 1u << OBS_HTTP,
    .make = make,
    .observe = observe,
    .save = save,
    .load = load,
    .free = exposure_free,
    .health = health,
};
