/* SPDX-License-Identifier: Apache-2.0 */
/* net.ransomware: files on a share are being locked, or a locking program calls its masters.
 *
 * For each client and server, within WINDOW: files renamed by an added ending, files that were read
 * and then written over with bytes without order, notes of the same name laid into several folders.
 * For each client: requests that post one field of hex digits to changing addresses, and the same
 * path posted to several bare addresses of the world, as such programs report for work.
 * Backups write much but read and delete little of the same; photos and packed files have their
 * format's head; Office renames to .tmp and back: none of these counts. */
#include "agent/detect/detectors.h"

#include <stdlib.h>

#include "agent/detect/domain.h"
#include "agent/detect/mask.h"
#include "agent/detect/net_ransomware_private.h"
#include "agent/detect/net_tell.h"
#include "common/vtime.h"

enum { PATH_MAX_POSTED = 48 };

enum kind { KIND_RENAMED, KIND_REWRITTEN, KIND_NOTES, KIND_POSTS, KIND_BARE };
static const struct {
    const char *name, *es, *en;
    enum severity severity;
} KINDS[] = {
    [KIND_RENAMED] = {"renamed",
                      "cambió el nombre de muchos archivos, todos con un final añadido, en",
                      "renamed many files, each with an ending added, on", SEVERITY_CRITICAL},
    [KIND_REWRITTEN] = {"rewritten", "leyó muchos archivos y los reescribió ilegibles en",
                        "read many files and wrote them back unreadable on", SEVERITY_CRITICAL},
    [KIND_NOTES] = {"notes", "dejó el mismo aviso de rescate en varias carpetas de",
                    "left the same ransom note in several folders of", SEVERITY_CRITICAL},
    [KIND_POSTS] = {"posts", "manda datos cifrados, con direcciones que cambian cada vez, a",
                    "sends enciphered data, each time with a changed address, to", SEVERITY_HIGH},
    [KIND_BARE] = {"bare", "manda lo mismo a varios servidores sin nombre; el último:",
                   "sends the same to several servers without a name; the last one:",
                   SEVERITY_MEDIUM},
};

/* ---- reports ---- */

struct told {
    enum kind kind;
    uint32_t count;
    struct str detail;
};

static void
tell(struct ransomware *r, const struct flow_view *f, const struct told *t, int64_t now_ns)
{
    struct party subject, peer;
    struct finding finding = {.detector = "net.ransomware",
                              .time_ns = now_ns,
                              .subject = &subject,
                              .peer = &peer,
                              .severity = KINDS[t->kind].severity,
                              .score = 60 + 10.0 * KINDS[t->kind].severity};
    char detail[120];

    net_tell_party(r->scene, &subject, &f->src);
    net_tell_peer(r->scene, &peer, f->server_name, &f->dst);
    mask_text(detail, sizeof(detail), t->detail.at, t->detail.len);
    finding.facts = net_tell_flow(r->scene, f, str_of(""));
    (void)json_object_update_missing_new(
        finding.facts,
        json_pack("{s:s, s:s, s:s, s:I, s:s, s:I}", "kind", KINDS[t->kind].name, "action_es",
                  KINDS[t->kind].es, "action_en", KINDS[t->kind].en, "times", (json_int_t)t->count,
                  "detail", detail, "seconds", (json_int_t)(r->window_ns / VG_SEC_NS)));
    finding.evidence = json_array();
    (void)json_array_append_new(finding.evidence, net_evidence_flow(f));
    judge_finding(r->judge, &finding);
}

static bool
window_over(const struct ransomware *r, int64_t first_ns, int64_t now_ns)
{
    return first_ns == 0 || now_ns - first_ns > r->window_ns || first_ns > now_ns;
}

static void
decide(struct ransomware *r, const struct flow_view *f, uint8_t *told, bool yes,
       const struct told *t, int64_t now_ns)
{
    if (!yes || (*told & 1u << t->kind) != 0)
        return;
    *told = (uint8_t)(*told | 1u << t->kind);
    tell(r, f, t, now_ns);
}

/* ---- files on shares ---- */

static struct ransom_files *
files_of(struct ransomware *r, const struct flow_view *f, int64_t now_ns)
{
    struct net_key k = {0};
    struct ransom_files *x;

    net_key_addr(&k, &f->src);
    net_key_addr(&k, &f->dst);
    x = keytab_touch(r->shares, str_hash(&STR_HASH_STORED, k.bytes, k.len), NULL);
    if (x != NULL && window_over(r, x->first_ns, now_ns))
        *x = (struct ransom_files){.first_ns = now_ns};
    return x;
}

static void
on_rename(struct ransomware *r, const struct record_view *v, int64_t now_ns)
{
    struct str added = ransom_added_ending(record_text(v, "path"), record_text(v, "target"));
    struct ransom_files *x;
    uint32_t ending;

    if (added.len == 0)
        return;
    x = files_of(r, v->flow, now_ns);
    if (x == NULL)
        return;
    ending = (uint32_t)str_hash(&STR_HASH_STORED, added.at, added.len);
    x->renamed++;
    if (x->same_ending == 0 || x->ending == ending) {
        x->ending = ending;
        x->same_ending++;
    } else {
        x->same_ending--; /* the majority's ending stays (Boyer and Moore 1981) */
    }
    decide(r, v->flow, &x->told, x->same_ending >= r->renamed || x->renamed >= 2 * r->renamed,
           &(struct told){KIND_RENAMED, x->renamed, added}, now_ns);
}

static void
on_created(struct ransomware *r, const struct record_view *v, int64_t now_ns)
{
    struct str path = record_text(v, "path"), action = record_text(v, "action");
    struct str folder = ransom_folder(path);
    struct ransom_files *x;

    if (action.len == 0 || str_is(action, "opened") || !ransom_is_note(&r->notes, path))
        return;
    x = files_of(r, v->flow, now_ns);
    if (x == NULL)
        return;
    (void)distinct_add(&x->noted, folder.at, folder.len);
    decide(r, v->flow, &x->told, distinct_count(&x->noted) >= r->noted,
           &(struct told){KIND_NOTES, distinct_count(&x->noted), path}, now_ns);
}

static void
on_record(struct ransomware *r, const struct record_view *v, int64_t now_ns)
{
    struct str command;
    struct ransom_files *x;

    if (v->flow == NULL || strcmp(v->type, "smb") != 0 ||
        !str_is(record_text(v, "status"), "STATUS_SUCCESS"))
        return;
    command = record_text(v, "command");
    if (str_is(command, "rename"))
        on_rename(r, v, now_ns);
    else if (str_is(command, "create"))
        on_created(r, v, now_ns);
    else if (str_is(command, "delete") && (x = files_of(r, v->flow, now_ns)) != NULL)
        x->deleted++;
}

/* Whether the name was read before; it is then. Two bits of a name. */
static bool
was_read(struct ransom_files *x, struct str name, bool add)
{
    uint64_t h = str_hash(&STR_HASH_STORED, name.at, name.len);
    uint32_t a = (uint32_t)h % RANSOM_READ_BITS, b = (uint32_t)(h >> 32) % RANSOM_READ_BITS;
    bool yes = (x->seen[a / 8] & 1u << a % 8) != 0 && (x->seen[b / 8] & 1u << b % 8) != 0;

    if (add) {
        x->seen[a / 8] = (uint8_t)(x->seen[a / 8] | 1u << a % 8);
        x->seen[b / 8] = (uint8_t)(x->seen[b / 8] | 1u << b % 8);
    }
    return yes;
}

/* The beginning of a file that is read or written. */
static void
on_file(struct ransomware *r, const struct body_view *b, int64_t now_ns)
{
    bool opaque = ransom_is_opaque(slice_of(b->bytes, b->len));
    struct ransom_files *x = files_of(r, b->flow, now_ns);

    if (x == NULL)
        return;
    if (b->from_server) {
        if (!opaque) {
            x->read++;
            (void)was_read(x, b->name, true);
        }
        return;
    }
    if (!opaque)
        return;
    x->opaque++;
    x->rewritten += was_read(x, b->name, false);
    decide(r, b->flow, &x->told,
           x->rewritten >= r->rewritten ||
               (x->opaque >= 2 * r->rewritten && x->read >= r->rewritten &&
                x->deleted + x->renamed >= r->rewritten),
           &(struct told){KIND_REWRITTEN, x->opaque, b->name}, now_ns);
}

/* ---- calls to the masters ---- */

static struct ransom_calls *
calls_of(struct ransomware *r, const struct flow_view *f, int64_t now_ns)
{
    struct net_key k = {0};
    struct ransom_calls *c;

    net_key_addr(&k, &f->src);
    c = keytab_touch(r->callers, str_hash(&STR_HASH_STORED, k.bytes, k.len), NULL);
    if (c != NULL && window_over(r, c->first_ns, now_ns))
        *c = (struct ransom_calls){.first_ns = now_ns};
    return c;
}

static void
on_form(struct ransomware *r, const struct body_view *b, int64_t now_ns)
{
    struct ransom_calls *c;

    if (!ransom_is_hex_form(slice_of(b->bytes, b->len)))
        return;
    c = calls_of(r, b->flow, now_ns);
    if (c == NULL)
        return;
    c->posts++;
    (void)distinct_add(&c->forms, b->name.at, b->name.len);
    (void)distinct_add(&c->sites, b->host.at, b->host.len);
    decide(r, b->flow, &c->told,
           c->posts >= r->posts &&
               (distinct_count(&c->forms) >= r->posts || distinct_count(&c->sites) >= 2),
           &(struct told){KIND_POSTS, c->posts, b->name}, now_ns);
}

static void
on_body(struct ransomware *r, const struct body_view *b, int64_t now_ns)
{
    if (!b->first || b->flow == NULL || b->offset != 0)
        return;
    if (str_is(b->flow->protocol, "smb"))
        on_file(r, b, now_ns);
    else if (!b->from_server && str_is(b->flow->protocol, "http"))
        on_form(r, b, now_ns);
}

/* The same path posted to several addresses that have no name. */
static void
on_http(struct ransomware *r, const struct http_view *h, int64_t now_ns)
{
    struct ransom_calls *c;
    uint64_t path;

    if (h->request_body == 0 || h->uri.len < 3 || h->uri.len > PATH_MAX_POSTED ||
        !str_is(h->method, "POST") || !domain_is_address(h->host) ||
        net_addr_is_local(&h->flow->dst))
        return;
    c = calls_of(r, h->flow, now_ns);
    if (c == NULL)
        return;
    path = str_hash(&STR_HASH_STORED, h->uri.at, h->uri.len);
    if (c->path != path) {
        c->path = path;
        c->bare = (struct distinct){0};
    }
    (void)distinct_add(&c->bare, h->flow->dst.bytes, sizeof(h->flow->dst.bytes));
    decide(r, h->flow, &c->told, distinct_count(&c->bare) >= r->bare,
           &(struct told){KIND_BARE, distinct_count(&c->bare), h->uri}, now_ns);
}

static void
observe(void *self, const struct obs *obs)
{
    struct ransomware *r = self;

    if (obs->kind == OBS_BODY)
        on_body(r, obs->body, obs->time_ns);
    else if (obs->kind == OBS_RECORD)
        on_record(r, obs->record, obs->time_ns);
    else if (obs->kind == OBS_HTTP)
        on_http(r, obs->http, obs->time_ns);
}

/* ---- life ---- */

static void
ransomware_free(void *self)
{
    struct ransomware *r = self;

    if (r == NULL)
        return;
    keytab_free(r->shares);
    keytab_free(r->callers);
    free(r);
}

static bool
set_notes(struct ransomware *r, const struct detector_env *env, char why[DETECT_WHY_MAX])
{
    const json_t *list = env->settings != NULL ? json_object_get(env->settings, "notes") : NULL;

    if (list == NULL ||
        (json_is_string(list) && ransom_notes_set(&r->notes, str_of(json_string_value(list)))))
        return true;
    (void)vg_strcpy(why, DETECT_WHY_MAX, "notes: at most 48 words under 32 letters");
    return false;
}

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    struct ransomware *r = calloc(1, sizeof(*r));

    if (r == NULL)
        return VG_ERR_NOMEM;
    r->judge = env->judge;
    r->scene = env->scene;
    r->renamed = 12;
    r->rewritten = 12;
    r->noted = 3;
    r->posts = 3;
    r->bare = 4;
    r->window_ns = 10 * VG_MIN_NS;
    (void)ransom_notes_set(&r->notes,
                           str_of("howtodecrypt howtorecover howtorestore recoverfiles"));
    if (!net_setting_u32(env, "renamed", 3, 10000, &r->renamed, why) ||
        !net_setting_u32(env, "rewritten", 3, 10000, &r->rewritten, why) ||
        !net_setting_u32(env, "noted", 2, 1000, &r->noted, why) ||
        !net_setting_u32(env, "posts", 2, 1000, &r->posts, why) ||
        !net_setting_u32(env, "bare", 2, 1000, &r->bare, why) || !set_notes(r, env, why) ||
        !net_setting_duration(env, "window", VG_MIN_NS, VG_DAY_NS, &r->window_ns, why)) {
        ransomware_free(r);
        return VG_ERR_CONFIG;
    }
    if (ransomware_tables(r) != VG_OK) {
        ransomware_free(r);
        return VG_ERR_NOMEM;
    }
    *self = r;
    return VG_OK;
}

static void
health(const void *self, json_t *counters)
{
    const struct ransomware *r = self;

    (void)json_object_set_new(counters, "shares",
                              json_integer((json_int_t)keytab_count(r->shares)));
    (void)json_object_set_new(
        counters, "evicted",
        json_integer((json_int_t)(keytab_evicted(r->shares) + keytab_evicted(r->callers))));
}

const struct detector NET_RANSOMWARE = {
    .name = "net.ransomware",
    .sensor = "net",
    .kinds = 1u << OBS_RECORD | 1u << OBS_BODY | 1u << OBS_HTTP,
    .make = make,
    .observe = observe,
    .save = ransomware_save,
    .load = ransomware_load,
    .free = ransomware_free,
    .health = health,
};
