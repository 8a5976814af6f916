/* SPDX-License-Identifier: Apache-2.0 */
/* net.name_poisoning: a device answers, on the local network, for names that are not its own, to have
 * log-ins sent to itself (LLMNR, RFC 4795; NetBIOS, RFC 1002; multicast DNS, RFC 6762).
 *
 * An honest device answers for its own name and gives its own address; a name server gives others'
 * addresses. So what counts is a device that gives its own address
 *   proxy: for "wpad" or "isatap", which nobody is called;
 *   names: for NAMES_MIN names (services_min by multicast DNS, where a device may have several);
 *   login: somebody then logs in to it: the password's hash is gone. */
#include "agent/detect/detectors.h"

#include <stdlib.h>
#include <string.h>

#include "agent/detect/codec.h"
#include "agent/detect/keytab.h"
#include "agent/detect/mask.h"
#include "agent/detect/net_common.h"
#include "agent/detect/net_tell.h"
#include "common/vtime.h"

enum { ANSWERERS_MAX = 128, NAMES_MAX = 8, POISON_VERSION = 1, LABEL_MAX = 48 };
#define NAMES_NS VG_DAY_NS
#define LOGIN_NS (10 * VG_MIN_NS)
#define AGAIN_NS VG_DAY_NS

struct answerer {
    int64_t from_ns, last_ns, told_ns, login_ns;
    uint8_t names;
    uint32_t name[NAMES_MAX]; /* hashes */
    char last[LABEL_MAX];     /* the last one that is not its own */
};

struct poisoning {
    struct judge *judge;
    const struct net_scene *scene;
    struct keytab *answerers;
    uint32_t names_min, services_min;
};

static uint64_t
key_of(const struct net_addr *a)
{
    return str_hash(&STR_HASH_STORED, a, sizeof(*a));
}

static void
report(struct poisoning *p, const struct answerer *a, const struct net_addr *who, const char *style,
       const struct login_view *login, int64_t now_ns)
{
    char host[NET_ADDR_TEXT_MAX], device[NET_TELL_MAX], victim[NET_TELL_MAX] = "-", user[80] = "";
    struct party subject, peer;
    struct finding finding = {.detector = "net.name_poisoning",
                              .time_ns = now_ns,
                              .subject = &subject,
                              .severity = login != NULL ? SEVERITY_CRITICAL : SEVERITY_INFO,
                              .score = login != NULL ? 95 : 80,
                              .group = login != NULL ? "login" : NULL};

    net_tell_party(p->scene, &subject, who);
    if (login != NULL) {
        net_tell_party(p->scene, &peer, &login->flow->src);
        finding.peer = &peer;
        net_tell_device(p->scene, &login->flow->src, login->flow->program, victim);
        mask_text(user, sizeof(user), login->user.at, login->user.len);
    }
    finding.facts =
        json_pack("{s:s, s:s, s:s, s:s, s:i, s:s, s:s}", "host", net_addr_format(who, host),
                  "device", net_tell_device(p->scene, who, NULL, device), "style", style, "name",
                  a->last[0] != '\0' ? a->last : "-", "names", (int)a->names, "victim", victim,
                  "user", user[0] != '\0' ? user : "-");
    finding.evidence = json_pack("[{s:s, s:s, s:s, s:s}]", "type", "name", "answered_by", host,
                                 "name", a->last, "victim", victim);
    judge_finding(p->judge, &finding);
}

/* "FILES.local" and "files" are one name. */
static struct str
first_label(struct str name)
{
    const char *dot = memchr(name.at, '.', name.len);

    return dot != NULL ? str_n(name.at, (size_t)(dot - name.at)) : name;
}

static uint32_t
name_hash(struct str label)
{
    char lower[LABEL_MAX];
    size_t n = label.len < sizeof(lower) ? label.len : sizeof(lower);

    for (size_t i = 0; i < n; i++)
        lower[i] =
            label.at[i] >= 'A' && label.at[i] <= 'Z' ? (char)(label.at[i] | 0x20) : label.at[i];
    return (uint32_t)str_hash(&STR_HASH_STORED, lower, n);
}

/* The name that the device goes by, as far as it told: NetBIOS cuts it after 15 characters. */
static bool
goes_by(const struct poisoning *p, const struct net_addr *who, struct str label)
{
    struct net_device_view d;
    struct str own;

    if (!net_scene_device(p->scene, who, &d) || d.name[0] == '\0')
        return false;
    own = first_label(str_of(d.name));
    return str_eq_nocase(own, label) ||
           (label.len == 15 && own.len > 15 && str_eq_nocase(str_n(own.at, 15), label));
}

static bool
gives_itself(const struct record_view *r)
{
    const struct record_field *list =
        record_find(r, strcmp(r->type, "llmnr") == 0 ? "answers" : "addresses");
    char own[NET_ADDR_TEXT_MAX];

    net_addr_format(&r->flow->src, own);
    for (size_t i = 0; list != NULL && list->type == FIELD_LIST && i < list->list_count; i++) {
        if (str_is(list->list[i], own))
            return true;
    }
    return false;
}

static bool
knows(const struct answerer *a, uint32_t hash)
{
    for (size_t i = 0; i < a->names; i++) {
        if (a->name[i] == hash)
            return true;
    }
    return false;
}

/* `r`'s sender says that it is `name`; `enough` names make it a liar. */
static void
answers(struct poisoning *p, const struct record_view *r, struct str name, uint32_t enough,
        int64_t now_ns)
{
    struct str label = first_label(name);
    struct answerer *a;
    bool proxy = str_eq_nocase(label, str_of("wpad")) || str_eq_nocase(label, str_of("isatap"));
    const char *style = NULL;

    if (label.len == 0 || !net_addr_is_local(&r->flow->src))
        return;
    a = keytab_touch(p->answerers, key_of(&r->flow->src), NULL);
    if (a == NULL)
        return;
    if (a->from_ns == 0 || llabs(now_ns - a->from_ns) > NAMES_NS)
        *a = (struct answerer){.from_ns = now_ns, .told_ns = a->told_ns, .login_ns = a->login_ns};
    a->last_ns = now_ns;
    if (!goes_by(p, &r->flow->src, label))
        mask_text(a->last, sizeof(a->last), label.at, label.len);
    if (!knows(a, name_hash(label)) && a->names < NAMES_MAX)
        a->name[a->names++] = name_hash(label);
    if (proxy)
        style = "proxy";
    else if (a->names >= enough)
        style = "names";
    if (style == NULL || (a->told_ns != 0 && llabs(now_ns - a->told_ns) < AGAIN_NS))
        return;
    a->told_ns = now_ns;
    report(p, a, &r->flow->src, style, NULL, now_ns);
}

static void
on_record(struct poisoning *p, const struct record_view *r, int64_t now_ns)
{
    const struct record_field *response = record_find(r, "response"),
                              *group = record_find(r, "group"), *suffix = record_find(r, "suffix"),
                              *names;

    if (response == NULL || response->number == 0)
        return;
    if (strcmp(r->type, "llmnr") == 0 && gives_itself(r)) {
        answers(p, r, record_text(r, "query"), p->names_min, now_ns);
    } else if (strcmp(r->type, "nbns") == 0 && (group == NULL || group->number == 0) &&
               (suffix == NULL || suffix->number == 0 || suffix->number == 0x20) &&
               gives_itself(r)) { /* 1b to 1e and 03: domains and users, which it may well be */
        answers(p, r, record_text(r, "name"), p->names_min, now_ns);
    } else if (strcmp(r->type, "mdns") == 0 && gives_itself(r)) {
        names = record_find(r, "names");
        for (size_t i = 0; names != NULL && names->type == FIELD_LIST && i < names->list_count; i++)
            answers(p, r, names->list[i], p->services_min, now_ns);
    }
}

/* Who was lured shows by what follows. */
static void
on_login(struct poisoning *p, const struct login_view *login, int64_t now_ns)
{
    const struct answerer *known = keytab_find(p->answerers, key_of(&login->flow->dst));
    struct answerer *a;

    if (known == NULL || known->told_ns == 0 || now_ns - known->last_ns > LOGIN_NS ||
        (known->login_ns != 0 && now_ns - known->login_ns < AGAIN_NS))
        return;
    a = keytab_change(p->answerers, key_of(&login->flow->dst));
    a->login_ns = now_ns;
    report(p, a, &login->flow->dst, "login", login, now_ns);
}

static void
observe(void *self, const struct obs *obs)
{
    if (obs->kind == OBS_RECORD)
        on_record(self, obs->record, obs->time_ns);
    else if (obs->kind == OBS_LOGIN)
        on_login(self, obs->login, obs->time_ns);
}

/* ---- life ---- */

static void
put(const void *cell, struct buf *out)
{
    const struct answerer *a = cell;

    codec_put_i64(out, a->from_ns);
    codec_put_i64(out, a->last_ns);
    codec_put_i64(out, a->told_ns);
    codec_put_i64(out, a->login_ns);
    buf_put_u8(out, a->names);
    for (size_t i = 0; i < a->names; i++)
        buf_put_be32(out, a->name[i]);
    codec_put_name(out, a->last);
}

static void
get(void *cell, struct slice *in)
{
    struct answerer *a = cell;
    uint8_t names;

    a->from_ns = codec_time(in);
    a->last_ns = codec_time(in);
    a->told_ns = codec_time(in);
    a->login_ns = codec_time(in);
    names = slice_u8(in);
    if (names > NAMES_MAX)
        in->bad = true;
    for (size_t i = 0; i < names && !in->bad; i++)
        a->name[a->names++] = slice_be32(in);
    codec_name(in, a->last, sizeof(a->last));
}

static void
poisoning_free(void *self)
{
    struct poisoning *p = self;

    if (p == NULL)
        return;
    keytab_free(p->answerers);
    free(p);
}

_Static_assert(ANSWERERS_MAX *(sizeof(struct answerer) + 48) <= NET_NAME_POISONING_BYTES,
               "the memory of detectors is promised");

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    static const struct keytab_options options = {.cell_bytes = sizeof(struct answerer),
                                                  .cells_max = ANSWERERS_MAX,
                                                  .row_bits = 2,
                                                  .name = 'a',
                                                  .version = POISON_VERSION,
                                                  .put = put,
                                                  .get = get};
    struct poisoning *p = calloc(1, sizeof(*p));
    enum vg_err err = VG_OK;

    if (p == NULL)
        return VG_ERR_NOMEM;
    p->judge = env->judge;
    p->scene = env->scene;
    p->names_min = 3;
    p->services_min = 6;
    if (!net_setting_u32(env, "names", 2, NAMES_MAX, &p->names_min, why) ||
        !net_setting_u32(env, "services", 2, NAMES_MAX, &p->services_min, why))
        err = VG_ERR_CONFIG;
    if (err == VG_OK)
        err = keytab_new(&options, &p->answerers);
    if (err != VG_OK) {
        poisoning_free(p);
        return err;
    }
    *self = p;
    return VG_OK;
}

static void
save(void *self, struct state_out *out)
{
    keytab_save(((struct poisoning *)self)->answerers, out);
}

static enum vg_err
load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct poisoning *p = self;

    return keytab_owns(p->answerers, key) ? keytab_load(p->answerers, key, version, blob)
                                          : VG_ERR_FORMAT;
}

static void
health(const void *self, json_t *counters)
{
    const struct poisoning *p = self;

    (void)json_object_set_new(counters, "answerers",
                              json_integer((json_int_t)keytab_count(p->answerers)));
    (void)json_object_set_new(counters, "evicted",
                              json_integer((json_int_t)keytab_evicted(p->answerers)));
}

const struct detector NET_NAME_POISONING = {
    .name = "net.name_poisoning",
    .sensor = "net",
    .kinds = 1u << OBS_RECORD | 1u << OBS_LOGIN,
    .make = make,
    .observe = observe,
    .save = save,
    .load = load,
    .free = poisoning_free,
    .health = health,
};
