/* SPDX-License-Identifier: Apache-2.0 */
/* net.brute_force: somebody guesses passwords. One tally for each of
 *   'p' client, server and service: many tries within minutes, or spread over a day;
 *   's' client and service:         many users (spraying, enumeration), many servers;
 *   't' server and service:         many clients of the world, a few tries each;
 *   'w' client, server and page:    a web form that answers the same again and again;
 *   'h' client and server:          the same over TLS, by sizes;
 *   'v' client:                     extensions and numbers of a telephone system that refuse.
 * A try counts as failed when the protocol says so or (ssh, rdp) when sizes do. Where log-ins are
 * enciphered from the first byte many short connections are tries.
 *
 * What is no attack: a person who mistypes (a few tries); a program with an old password, which
 * tries the same user again and again, or keeps the pace of a clock (cron) where the user does not
 * show: fast it must be much faster than such a program, slow it is only counted in health
 * ("stale"). What a pair fails on an ordinary day raises its thresholds. */
#include "agent/detect/detectors.h"

#include <stdlib.h>
#include <string.h>

#include "agent/detect/net_brute_force_private.h"
#include "common/vtime.h"

#define BRUTE_SLOW_NS VG_DAY_NS
#define PHASE_NS      (5 * VG_SEC_NS)
enum { WINDOWS_A_DAY = 144, PORT_RDP = 3389 };

/* ---- sets and windows ---- */

static void
set_add(struct brute_set *s, const void *bytes, size_t len)
{
    uint32_t hash = (uint32_t)str_hash(&STR_HASH_STORED, bytes, len);

    for (unsigned i = 0; i < s->count; i++)
        if (s->at[i] == hash)
            return;
    if (s->count < BRUTE_SET_MAX)
        s->at[s->count++] = hash;
}

static bool
is_over(int64_t began_ns, int64_t now_ns, int64_t length_ns)
{
    return began_ns == 0 || now_ns - began_ns > length_ns || began_ns - now_ns > length_ns;
}

/* What was told is not learned as usual. */
void
brute_age(const struct brute *b, struct brute_tally *t, int64_t now_ns)
{
    if (is_over(t->slow_ns, now_ns, BRUTE_SLOW_NS)) {
        uint32_t usual = t->reported > 0 ? t->usual : (7 * t->usual + 3 * t->slow) / 10;

        *t = (struct brute_tally){.slow_ns = now_ns, .fast_ns = now_ns, .usual = usual};
    } else if (is_over(t->fast_ns, now_ns, b->set.window_ns)) {
        t->fast_ns = now_ns;
        t->fast = t->fast_ok = t->same = 0;
        t->names_fast = (struct brute_set){0};
    }
}

uint64_t
brute_key(char kind, const struct net_addr *src, const struct net_addr *dst, struct str what)
{
    struct net_key k = {0};

    net_key_u8(&k, (uint8_t)kind);
    if (src != NULL)
        net_key_addr(&k, src);
    if (dst != NULL)
        net_key_addr(&k, dst);
    net_key_str(&k, what);
    return net_key_hash(&k);
}

struct brute_tally *
brute_failed(struct brute *b, uint64_t key, const struct brute_try *a, const struct net_addr *end)
{
    struct brute_tally *t = keytab_touch(b->tallies, key, NULL);
    int64_t phase;

    if (t == NULL)
        return NULL;
    brute_age(b, t, a->now_ns);
    t->fast++;
    t->slow++;
    phase = (a->now_ns - t->slow_ns) % VG_MIN_NS;
    if (phase < 0)
        phase += VG_MIN_NS;
    t->in_phase += phase < PHASE_NS || phase > VG_MIN_NS - PHASE_NS;
    if (a->user.len > 0) {
        set_add(&t->names_fast, a->user.at, a->user.len);
        set_add(&t->names_slow, a->user.at, a->user.len);
    }
    if (end != NULL)
        set_add(&t->ends, end->bytes, sizeof(end->bytes));
    return t;
}

/* ---- when it is guessing ---- */

/* Programs that try again by themselves as fast as they can. */
static bool
retries_alone(const char *service)
{
    static const char *const names[] = {"sip", "http", "smb", "ldap", "radius"};

    for (size_t i = 0; i < VG_ARRAY_LEN(names); i++)
        if (strcmp(service, names[i]) == 0)
            return true;
    return false;
}

static uint32_t
fast_needed(const struct brute *b, const struct brute_tally *t, const struct brute_try *a)
{
    bool one = t->names_fast.count == 1 || t->names_fast.count == 2;
    uint32_t needed = one ? b->set.one_user : b->set.tries;

    if (strcmp(a->service, "mail over TLS") == 0)
        needed = b->set.encrypted_mail;
    else if (one && retries_alone(a->service))
        needed *= strcmp(a->service, "http") == 0 ? 2 : 3;
    return needed + 6 * t->usual / WINDOWS_A_DAY;
}

static bool
mostly_failed(uint32_t failed, uint32_t ok)
{
    return 9 * ok <= failed;
}

/* One user only, or always at the same second of the minute: a program with an old password. From
 * the world nobody's program should try at all. */
static bool
is_stale(const struct brute_tally *t, const struct brute_try *a)
{
    if (!net_addr_is_local(&a->flow->src) && net_addr_is_local(&a->flow->dst))
        return false;
    return t->names_slow.count == 1 ||
           (t->names_slow.count == 0 && 10 * t->in_phase >= 8 * t->slow);
}

static void
judge_pair(struct brute *b, struct brute_tally *t, const struct brute_try *a)
{
    if (t->fast >= fast_needed(b, t, a) && mostly_failed(t->fast, t->fast_ok)) {
        brute_report(b, t, a, BRUTE_FAST);
    } else if (t->slow >= b->set.slow_tries && t->slow >= 3 * t->usual &&
               a->now_ns - t->slow_ns >= BRUTE_SPREAD_NS && mostly_failed(t->slow, t->slow_ok) &&
               strcmp(a->service, "mail over TLS") != 0) {
        if (is_stale(t, a))
            b->stale++;
        else
            brute_report(b, t, a, BRUTE_SLOW);
    }
}

/* A server that hands on the log-ins of many people (web mail, terminal server) fails now and then
 * and succeeds mostly. */
static void
judge_source(struct brute *b, struct brute_tally *t, const struct brute_try *a)
{
    bool fast = t->names_fast.count >= b->set.users && 3 * t->fast_ok <= t->fast;
    bool slow = t->names_slow.count >= BRUTE_SET_MAX && t->slow >= 3 * BRUTE_SET_MAX / 2 &&
                3 * t->slow_ok <= t->slow;
    uint32_t each = t->names_slow.count >= 3 ? 3 : 10; /* Windows tries its own user everywhere */

    if (fast || slow)
        brute_report(b, t, a, BRUTE_USERS);
    else if (t->ends.count >= b->set.ends && t->slow >= each * t->ends.count &&
             mostly_failed(t->slow, t->slow_ok) && strcmp(a->service, "mail over TLS") != 0)
        brute_report(b, t, a, BRUTE_TARGETS);
}

static void
on_failed(struct brute *b, const struct brute_try *a)
{
    const struct flow_view *f = a->flow;
    uint64_t by_source = brute_key('s', &f->src, NULL, str_of(a->service));
    uint64_t by_pair = brute_key('p', &f->src, &f->dst, str_of(a->service));
    struct brute_tally *t = brute_failed(b, by_source, a, &f->dst);
    bool told = false, world = !net_addr_is_local(&f->src);

    if (t != NULL) {
        judge_source(b, t, a);
        told = t->reported > 0;
    }
    t = brute_failed(b, by_pair, a, &f->dst);
    if (t != NULL && !told) {
        judge_pair(b, t, a);
        told = t->reported > 0;
    }
    if (!world)
        return;
    t = brute_failed(b, brute_key('t', NULL, &f->dst, str_of(a->service)), a, &f->src);
    if (t != NULL && !told && t->ends.count >= b->set.ends + 1 && t->slow >= b->set.slow_tries)
        brute_report(b, t, a, BRUTE_SOURCES);
}

/* ---- successes ---- */

static void
succeeded(struct brute *b, uint64_t key, const struct brute_try *a, enum brute_style style)
{
    struct brute_tally *t = keytab_change(b->tallies, key);
    bool machine = a->user.len > 0 && a->user.at[a->user.len - 1] == '$';

    if (t == NULL)
        return;
    brute_age(b, t, a->now_ns);
    t->fast_ok++;
    t->slow_ok++;
    if (machine || t->won > 0 || (t->fast < 5 && t->reported == 0))
        return;
    t->won = 1;
    if (t->reported > 0)
        brute_report_success(b, t, a, style);
}

static void
on_try(struct brute *b, const struct brute_try *a)
{
    const struct flow_view *f = a->flow;

    if (a->failed) {
        on_failed(b, a);
        return;
    }
    succeeded(b, brute_key('s', &f->src, NULL, str_of(a->service)), a, BRUTE_USERS);
    succeeded(b, brute_key('p', &f->src, &f->dst, str_of(a->service)), a, BRUTE_FAST);
}

static void
on_login(struct brute *b, const struct login_view *l, int64_t now_ns)
{
    struct brute_try a = {.flow = l->flow,
                          .service = l->service,
                          .user = l->user,
                          .failed = l->result != LOGIN_SUCCEEDED,
                          .now_ns = now_ns};

    /* a form's answer is judged with its page */
    if (l->result == LOGIN_UNKNOWN &&
        (strcmp(l->service, "http") == 0 || strcmp(l->service, "snmp") == 0))
        return;
    on_try(b, &a);
}

/* ---- enciphered log-ins ---- */

static bool
is_mail_over_tls(const struct flow_view *f)
{
    return f->dport == 993 || f->dport == 995 || f->dport == 465; /* RFC 8314 */
}

/* A connection that ended right after its handshake and a few words. A session is longer. */
static void
on_flow(struct brute *b, const struct flow_view *f, int64_t now_ns)
{
    bool rdp = f->dport == PORT_RDP || str_is(f->protocol, "rdp");
    bool ended = f->state == FLOW_CLOSED || f->state == FLOW_RESET || f->state == FLOW_TIMEOUT;
    struct brute_try a = {.flow = f,
                          .service = rdp ? "rdp" : "mail over TLS",
                          .user = str_of(""),
                          .failed = true,
                          .now_ns = now_ns};

    if (f->proto != 6 || f->midstream || !ended)
        return;
    if (!rdp && !is_mail_over_tls(f)) {
        brute_on_https(b, f, now_ns);
        return;
    }
    if (f->payload_out < 200 || f->payload_in < 200) /* nobody said who they are */
        return;
    if (f->end_ns - f->start_ns > 30 * VG_SEC_NS || f->payload_in > (rdp ? 100000 : 12000)) {
        a.failed = false;
        if (!rdp)
            return;
    }
    on_try(b, &a);
}

/* ---- the detector ---- */

static void
observe(void *self, const struct obs *obs)
{
    struct brute *b = self;

    if (obs->kind == OBS_LOGIN)
        on_login(b, obs->login, obs->time_ns);
    else if (obs->kind == OBS_FLOW_END)
        on_flow(b, obs->flow, obs->time_ns);
    else if (obs->kind == OBS_HTTP)
        brute_on_http(b, obs->http, obs->time_ns);
    else if (obs->kind == OBS_RECORD && strcmp(obs->record->type, "sip") == 0)
        brute_on_sip(b, obs->record, obs->time_ns);
}

static void
brute_free(void *self)
{
    struct brute *b = self;

    if (b == NULL)
        return;
    keytab_free(b->tallies);
    free(b);
}

_Static_assert(BRUTE_TALLIES_MAX *(sizeof(struct brute_tally) + BRUTE_CELL_OWN) <=
                   NET_BRUTE_FORCE_BYTES,
               "the memory of detectors is promised");

static bool
read_settings(const struct detector_env *env, struct brute_settings *set, char why[DETECT_WHY_MAX])
{
    *set = (struct brute_settings){.tries = 15,
                                   .one_user = 20,
                                   .slow_tries = 30,
                                   .users = 6,
                                   .ends = 4,
                                   .web = 20,
                                   .encrypted_mail = 80,
                                   .encrypted_web = 80,
                                   .window_ns = 10 * VG_MIN_NS};
    return net_setting_u32(env, "tries", 5, 1000, &set->tries, why) &&
           net_setting_u32(env, "one_user", 5, 1000, &set->one_user, why) &&
           net_setting_u32(env, "slow_tries", 10, 1000, &set->slow_tries, why) &&
           net_setting_u32(env, "users", 3, BRUTE_SET_MAX, &set->users, why) &&
           net_setting_u32(env, "ends", 3, BRUTE_SET_MAX - 1, &set->ends, why) &&
           net_setting_u32(env, "web", 5, 1000, &set->web, why) &&
           net_setting_u32(env, "encrypted_mail", 20, 1000, &set->encrypted_mail, why) &&
           net_setting_u32(env, "encrypted_web", 20, 1000, &set->encrypted_web, why) &&
           net_setting_duration(env, "window", VG_MIN_NS, VG_HOUR_NS, &set->window_ns, why);
}

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    struct brute *b = calloc(1, sizeof(*b));

    if (b == NULL)
        return VG_ERR_NOMEM;
    b->judge = env->judge;
    b->scene = env->scene;
    if (!read_settings(env, &b->set, why)) {
        brute_free(b);
        return VG_ERR_CONFIG;
    }
    if (keytab_new(&BRUTE_TABLE, &b->tallies) != VG_OK) {
        brute_free(b);
        return VG_ERR_NOMEM;
    }
    *self = b;
    return VG_OK;
}

static void
save(void *self, struct state_out *out)
{
    keytab_save(((struct brute *)self)->tallies, out);
}

static enum vg_err
load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    return keytab_load(((struct brute *)self)->tallies, key, version, blob);
}

static void
health(const void *self, json_t *counters)
{
    const struct brute *b = self;

    (void)json_object_set_new(counters, "tallies",
                              json_integer((json_int_t)keytab_count(b->tallies)));
    (void)json_object_set_new(counters, "evicted",
                              json_integer((json_int_t)keytab_evicted(b->tallies)));
    (void)json_object_set_new(counters, "stale", json_integer((json_int_t)b->stale));
}

const struct detector NET_BRUTE_FORCE = {
    .name = "net.brute_force",
    .sensor = "net",
    .kinds = 1u << OBS_LOGIN | 1u << OBS_FLOW_END | 1u << OBS_HTTP | 1u << OBS_RECORD,
    .make = make,
    .observe = observe,
    .save = save,
    .load = load,
    .free = brute_free,
    .health = health,
};
