/* SPDX-License-Identifier: Apache-2.0 */
/* net.cleartext_credentials: a password crossed the network readable (login_view.cleartext).
 *
 * Certain by nature, so a finding: one for each (client, server, service), told again when REPEAT_NS
 * went by, because a mail program sends its password every few minutes. Anonymous and guest accounts
 * have no password; an SNMP community is none (its name is on every printer); a try that failed told
 * nobody a password that works. Mail that stays inside the shop (its own mail server) is left out: its
 * password opens one mailbox and is sent by every PC all day. How bad it is depends on who can read along: on the way through the
 * Internet anybody; inside the shop whoever is on its network. */
#include "agent/detect/detectors.h"

#include <stdlib.h>
#include <string.h>

#include "agent/detect/codec.h"
#include "agent/detect/keytab.h"
#include "agent/detect/mask.h"
#include "agent/detect/net_common.h"
#include "agent/detect/net_tell.h"
#include "common/vtime.h"

enum {
    PAIRS_MAX = 1024,
    PAIRS_ROW_BITS = 4,
    PAIRS_VERSION = 1,
    USER_MAX = 64,
    CELL_OWN_BYTES = 48
};

struct pair {
    int64_t told_ns;
};

struct cleartext {
    struct judge *judge;
    const struct net_scene *scene;
    struct keytab *pairs;
    int64_t repeat_ns;
};

static bool
no_secret(const struct login_view *l)
{
    static const char *const services[] = {"snmp"};
    static const char *const users[] = {"anonymous", "ftp", "guest", "invitado"};

    for (size_t i = 0; i < VG_ARRAY_LEN(services); i++)
        if (strcmp(l->service, services[i]) == 0)
            return true;
    for (size_t i = 0; i < VG_ARRAY_LEN(users); i++)
        if (str_eq_nocase(l->user, str_of(users[i])))
            return true;
    return false;
}

static bool
is_loopback(const struct net_addr *a)
{
    static const uint8_t one6[16] = {[15] = 1};

    return a->family == 4 ? a->bytes[0] == 127 : memcmp(a->bytes, one6, sizeof(one6)) == 0;
}

/* With these a stranger commands a machine or reads all its data, not one mailbox. */
static bool
commands_machine(const char *service)
{
    static const char *const names[] = {"telnet", "ldap",  "redis", "postgresql",
                                        "tds",    "mysql", "vnc",   "rlogin"};

    for (size_t i = 0; i < VG_ARRAY_LEN(names); i++)
        if (strcmp(service, names[i]) == 0)
            return true;
    return false;
}

static bool
own_mail(const struct login_view *l)
{
    return net_addr_is_local(&l->flow->src) && net_addr_is_local(&l->flow->dst) &&
           (strcmp(l->service, "imap") == 0 || strcmp(l->service, "pop3") == 0 ||
            strcmp(l->service, "smtp") == 0);
}

static void
report(struct cleartext *c, const struct login_view *l, int64_t now_ns)
{
    const struct flow_view *f = l->flow;
    bool inside = net_addr_is_local(&f->src) && net_addr_is_local(&f->dst);
    char user[USER_MAX];
    struct party subject, peer;
    struct finding finding = {.detector = "net.cleartext_credentials",
                              .time_ns = now_ns,
                              .subject = &subject,
                              .peer = &peer,
                              .group = l->service};

    net_tell_party(c->scene, &subject, &f->src);
    net_tell_peer(c->scene, &peer, f->server_name, &f->dst);
    finding.severity = inside                         ? SEVERITY_LOW
                       : commands_machine(l->service) ? SEVERITY_HIGH
                                                      : SEVERITY_MEDIUM;
    finding.score = inside ? 40 : commands_machine(l->service) ? 75 : 60;
    finding.facts = net_tell_flow(c->scene, f, str_of(""));
    if (finding.facts != NULL)
        (void)json_object_update_missing_new(
            finding.facts,
            json_pack("{s:s, s:s, s:s, s:b}", "service", l->service, "user",
                      mask_text(user, sizeof(user), l->user.at, l->user.len), "reach",
                      inside ? "shop" : "world", "accepted", l->result == LOGIN_SUCCEEDED));
    finding.evidence = json_pack("[o]", net_evidence_flow(f));
    judge_finding(c->judge, &finding);
}

static void
observe(void *self, const struct obs *obs)
{
    struct cleartext *c = self;
    const struct login_view *l = obs->login;
    struct net_key key = {0};
    struct pair *p;
    bool fresh;

    if (obs->kind != OBS_LOGIN || !l->cleartext || l->result == LOGIN_FAILED || no_secret(l) ||
        is_loopback(&l->flow->dst) || own_mail(l))
        return;
    net_key_addr(&key, &l->flow->src);
    net_key_addr(&key, &l->flow->dst);
    net_key_str(&key, str_of(l->service));
    p = keytab_touch(c->pairs, net_key_hash(&key), &fresh);
    if (p == NULL || (!fresh && obs->time_ns - p->told_ns < c->repeat_ns))
        return;
    p->told_ns = obs->time_ns;
    report(c, l, obs->time_ns);
}

static void
put(const void *cell, struct buf *out)
{
    codec_put_i64(out, ((const struct pair *)cell)->told_ns);
}

static void
get(void *cell, struct slice *in)
{
    ((struct pair *)cell)->told_ns = codec_time(in);
}

static void
cleartext_free(void *self)
{
    struct cleartext *c = self;

    if (c == NULL)
        return;
    keytab_free(c->pairs);
    free(c);
}

_Static_assert(PAIRS_MAX *(sizeof(struct pair) + CELL_OWN_BYTES) <= NET_CLEARTEXT_CREDENTIALS_BYTES,
               "the memory of detectors is promised");

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    static const struct keytab_options options = {.cell_bytes = sizeof(struct pair),
                                                  .cells_max = PAIRS_MAX,
                                                  .row_bits = PAIRS_ROW_BITS,
                                                  .name = 'p',
                                                  .version = PAIRS_VERSION,
                                                  .put = put,
                                                  .get = get};
    struct cleartext *c = calloc(1, sizeof(*c));

    if (c == NULL)
        return VG_ERR_NOMEM;
    c->judge = env->judge;
    c->scene = env->scene;
    c->repeat_ns = 30 * VG_DAY_NS;
    if (!net_setting_duration(env, "repeat", VG_HOUR_NS, 366 * VG_DAY_NS, &c->repeat_ns, why)) {
        cleartext_free(c);
        return VG_ERR_CONFIG;
    }
    if (keytab_new(&options, &c->pairs) != VG_OK) {
        cleartext_free(c);
        return VG_ERR_NOMEM;
    }
    *self = c;
    return VG_OK;
}

static void
save(void *self, struct state_out *out)
{
    keytab_save(((struct cleartext *)self)->pairs, out);
}

static enum vg_err
load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    return keytab_load(((struct cleartext *)self)->pairs, key, version, blob);
}

static void
health(const void *self, json_t *counters)
{
    const struct cleartext *c = self;

    (void)json_object_set_new(counters, "pairs", json_integer((json_int_t)keytab_count(c->pairs)));
    (void)json_object_set_new(counters, "evicted",
                              json_integer((json_int_t)keytab_evicted(c->pairs)));
}

const struct detector NET_CLEARTEXT_CREDENTIALS = {
    .name = "net.cleartext_credentials",
    .sensor = "net",
    .kinds = 1u << OBS_LOGIN,
    .make = make,
    .observe = observe,
    .save = save,
    .load = load,
    .free = cleartext_free,
    .health = health,
};
