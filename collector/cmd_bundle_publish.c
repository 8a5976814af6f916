/* SPDX-License-Identifier: Apache-2.0 */
/* bundle trust, publish, status, stop, rollback: on the collector, also while it serves. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/cmd_bundle.h"
#include "collector/files.h"
#include "collector/rollout.h"
#include "common/hex.h"
#include "common/vtime.h"

enum { TENANTS_MAX = 64, LIFE_DAYS = 90 };
static const char WHO[] = "command line";

struct publish {
    const struct bundle_call *call;
    struct cli_world w;
    struct buf whole;
    struct bundle inside;
    struct storage_bundle row;
    char tenant[TENANTS_MAX][UUID_TEXT_SIZE];
    size_t tenants;
    int64_t now_ns;
};

/* ---- trust ---- */

int
bundle_trust(const struct bundle_call *c)
{
    uint8_t key[BUNDLE_KEY];
    struct cli_world w;
    int code = VG_EXIT_DONE;
    enum vg_err err;

    if (hex_parse_str(c->operand, key, sizeof key) != VG_OK)
        return cli_usage(c->self, "%s is no public key: 64 hex digits, as keygen prints them",
                         c->operand);
    if (!cli_open(&c->line, CLI_STORE, &w, &code))
        return code;
    err = w.store->ops->bundle_key_set(w.store, key, vtime_now());
    if (err == VG_OK)
        err = w.store->ops->audit(w.store, STORAGE_ALL, WHO, "bundle.key", c->operand, NULL,
                                  vtime_now());
    if (err != VG_OK)
        code = cli_failed(&w, "bundle", err);
    cli_close(&w);
    return code;
}

/* ---- publish ---- */

static bool
take_tenants(struct publish *p)
{
    const char *at = p->call->line.value[OPT_TENANT];
    char name[STORAGE_NAME_MAX + 1];

    while (at != NULL && *at != '\0') {
        size_t n = strcspn(at, ",");

        if (n >= sizeof name || p->tenants == TENANTS_MAX) {
            (void)cli_usage(p->call->self, "too many tenants, or a name that is too long");
            return false;
        }
        memcpy(name, at, n);
        name[n] = '\0';
        if (p->w.store->ops->tenant_find(p->w.store, name, p->tenant[p->tenants]) != VG_OK) {
            (void)cli_usage(p->call->self, "no tenant \"%s\"", name);
            return false;
        }
        p->tenants++;
        at += n + (at[n] == ',');
    }
    return true;
}

static bool
take_pace(struct publish *p, int64_t share)
{
    const char *canary = p->call->line.value[OPT_CANARY], *quiet = p->call->line.value[OPT_QUIET];
    char *end;

    p->row.share = share;
    p->row.quiet_ns = ROLLOUT_QUIET_NS;
    if (canary != NULL) {
        p->row.share = strtoll(canary, &end, 10);
        if (end == canary || (*end != '\0' && strcmp(end, "%") != 0) || p->row.share < 1 ||
            p->row.share > 100) {
            (void)cli_usage(p->call->self, "--canary is 1 to 100 per cent of the agents");
            return false;
        }
    }
    if (quiet != NULL && (vtime_parse_duration(quiet, &p->row.quiet_ns) != VG_OK ||
                          p->row.quiet_ns < VG_SEC_NS || p->row.quiet_ns > 30 * VG_DAY_NS)) {
        (void)cli_usage(p->call->self, "--quiet is a time up to 30d; write: --quiet 1h");
        return false;
    }
    return true;
}

/* As an agent will: a bundle that no agent takes is not published. */
static enum vg_err
check_whole(struct publish *p, struct bundle_error *why)
{
    uint8_t key[1][BUNDLE_KEY];
    enum vg_err err = p->w.store->ops->bundle_key(p->w.store, key[0]);

    if (err == VG_ERR_NOENT)
        return bundle_refuse(why, VG_ERR_DENIED, "key",
                             "no key is trusted yet; write: bundle trust KEY");
    if (err == VG_OK)
        err = bundle_verify(buf_slice(&p->whole), (const uint8_t(*)[BUNDLE_KEY])key, 1, why);
    if (err == VG_OK)
        err = bundle_read(buf_slice(&p->whole), &p->inside, why);
    if (err == VG_OK)
        err = bundle_fresh(&p->inside, 0, p->now_ns, why);
    if (err != VG_OK)
        return err;
    p->row.version = p->inside.version;
    p->row.size = (int64_t)p->whole.len;
    p->row.created_ns = p->inside.created_ns;
    p->row.expires_ns = p->inside.expires_ns;
    memcpy(p->row.sha256, p->inside.archive_sha256, sizeof p->row.sha256);
    (void)vg_strcpy(p->row.note, sizeof p->row.note, p->inside.note);
    return VG_OK;
}

/* One transaction: published and in the ring, or not at all. */
static int
put(struct publish *p, const char *name, int64_t rolled_back)
{
    struct storage *s = p->w.store;
    struct bundle_error why = {.why = ""};
    enum vg_err err = check_whole(p, &why);

    if (err != VG_OK)
        return bundle_failed(name, err, &why);
    err = s->ops->begin(s);
    if (err != VG_OK)
        return cli_failed(&p->w, "bundle", err);
    err = rollout_publish(s, &p->row, buf_slice(&p->whole),
                          (const char(*)[UUID_TEXT_SIZE])p->tenant, p->tenants, WHO, p->now_ns);
    if (err == VG_OK && rolled_back > 0)
        err = s->ops->bundle_set(s, rolled_back, "stopped", "rolled back", p->now_ns);
    if (err == VG_OK)
        err = s->ops->commit(s);
    if (err != VG_OK) {
        s->ops->rollback(s);
        if (err == VG_ERR_EXISTS) {
            (void)bundle_refuse(&why, VG_ERR_DENIED, "old",
                                "its version %lld does not rise over those published already",
                                (long long)p->row.version);
            return bundle_failed(name, VG_ERR_DENIED, &why);
        }
        return cli_failed(&p->w, "bundle", err);
    }
    if (p->row.share < 100)
        printf(
            "version %lld: to %lld %% of the agents first, to all after %lld s without trouble\n",
            (long long)p->row.version, (long long)p->row.share,
            (long long)(p->row.quiet_ns / VG_SEC_NS));
    else
        printf("version %lld: to all agents at once\n", (long long)p->row.version);
    return VG_EXIT_DONE;
}

static void
publish_done(struct publish *p)
{
    bundle_done(&p->inside);
    buf_done(&p->whole);
    cli_close(&p->w);
}

int
bundle_publish(const struct bundle_call *c)
{
    struct publish p = {.call = c, .now_ns = vtime_now()};
    int code = VG_EXIT_INPUT;

    if (bundle_slurp(c->operand, &p.whole) != VG_OK) {
        buf_done(&p.whole);
        return code;
    }
    if (!cli_open(&c->line, CLI_STORE, &p.w, &code)) {
        buf_done(&p.whole);
        return code;
    }
    code = VG_EXIT_USAGE;
    if (take_tenants(&p) && take_pace(&p, ROLLOUT_SHARE))
        code = put(&p, c->operand, 0);
    publish_done(&p);
    return code;
}

/* ---- rollback ---- */

static enum vg_err
load_whole(struct storage *s, int64_t version, struct buf *out)
{
    enum vg_err err = VG_OK;
    int64_t part = 0;

    buf_init(out, BUNDLE_BYTES_MAX);
    while (err == VG_OK)
        err = s->ops->bundle_piece(s, version, part++, out);
    return err == VG_ERR_NOENT && out->len > 0 ? VG_OK : err;
}

/* The newest, and what all had before it: version 0 are the program's own rules. */
static enum vg_err
choose_target(struct publish *p, struct storage_bundle *newest, int64_t *target,
              struct bundle_error *why)
{
    struct storage *s = p->w.store;
    const char *to = p->call->line.value[OPT_TO];
    struct storage_bundle b;
    char *end;
    enum vg_err err = s->ops->bundle_below(s, INT64_MAX, newest);

    if (err != VG_OK)
        return bundle_refuse(why, err, "none", "nothing was published yet");
    if (to != NULL) {
        *target = strtoll(to, &end, 10);
        if (*end != '\0' || *target < 0 || *target >= newest->version)
            return bundle_refuse(why, VG_ERR_CONFIG, "to", "--to is a version before %lld, or 0",
                                 (long long)newest->version);
        return VG_OK;
    }
    b = *newest;
    while ((err = s->ops->bundle_below(s, b.version, &b)) == VG_OK)
        if (b.promoted_ns != 0 && strcmp(b.state, "stopped") != 0)
            break;
    *target = err == VG_OK ? (b.origin != 0 ? b.origin : b.version) : 0;
    return err == VG_ERR_NOENT ? VG_OK : err;
}

/* The files of the former one under a version that rises. */
static enum vg_err
make_again(struct publish *p, int64_t target, int64_t above, struct bundle_error *why)
{
    struct bundle_wish wish = {.version = bundle_version_of(p->now_ns),
                               .created_ns = p->now_ns / VG_SEC_NS * VG_SEC_NS,
                               .note = ""};
    char note[64];
    struct buf old = {.data = NULL};
    struct bundle inside = {.version = 0};
    enum vg_err err = VG_OK;

    (void)snprintf(note, sizeof note, "rollback to %lld", (long long)target);
    wish.note = note;
    wish.expires_ns = wish.created_ns + LIFE_DAYS * VG_DAY_NS;
    if (wish.version <= above)
        wish.version = above + 1;
    if (!bundle_wishes(p->call, &wish))
        return VG_ERR_CONFIG;
    if (target > 0) {
        err = load_whole(p->w.store, target, &old);
        if (err == VG_ERR_NOENT)
            err = bundle_refuse(why, err, "to", "version %lld was never published",
                                (long long)target);
        if (err == VG_OK)
            err = bundle_read(buf_slice(&old), &inside, why);
    }
    wish.source = calloc(inside.count + 1, sizeof *wish.source);
    if (err == VG_OK && wish.source == NULL)
        err = VG_ERR_NOMEM;
    for (size_t i = 0; err == VG_OK && i < inside.count; i++) {
        (void)vg_strcpy(wish.source[i].path, BUNDLE_PATH_MAX, inside.file[i].path);
        wish.source[i].bytes = inside.file[i].bytes;
        wish.count++;
    }
    buf_init(&p->whole, BUNDLE_BYTES_MAX);
    if (err == VG_OK)
        err = bundle_make(&wish, &p->whole, why);
    free(wish.source);
    bundle_done(&inside);
    buf_done(&old);
    p->row.origin = target;
    return err;
}

static int
roll_back(struct publish *p)
{
    const struct cli_line *line = &p->call->line;
    struct bundle_error why = {.why = ""};
    struct storage_bundle newest;
    struct buf pem = {.data = NULL};
    int64_t target = 0;
    int code;
    enum vg_err err = choose_target(p, &newest, &target, &why);

    if (err == VG_OK)
        err = make_again(p, target, newest.version, &why);
    if (err == VG_OK && line->value[OPT_OUT] != NULL) {
        err = files_replace(line->value[OPT_OUT], buf_slice(&p->whole), false);
        if (err == VG_OK)
            printf("%s: the rules of version %lld; sign it, then: bundle publish %s --canary 100\n",
                   line->value[OPT_OUT], (long long)target, line->value[OPT_OUT]);
        return err == VG_OK ? VG_EXIT_DONE : bundle_failed(line->value[OPT_OUT], err, &why);
    }
    if (err != VG_OK)
        return bundle_failed("rollback", err, &why);
    err = bundle_key_load(line->value[OPT_KEY], &pem);
    if (err == VG_OK && (err = bundle_sign(buf_slice(&pem), &p->whole)) != VG_OK)
        (void)bundle_failed(line->value[OPT_KEY], err, NULL);
    bundle_key_wipe(&pem);
    if (err != VG_OK)
        return VG_EXIT_USAGE;
    code = put(p, "rollback", newest.version);
    if (code == VG_EXIT_DONE)
        printf("it has the rules of version %lld\n", (long long)target);
    return code;
}

int
bundle_rollback(const struct bundle_call *c)
{
    struct publish p = {.call = c, .now_ns = vtime_now()};
    int code;

    if (c->line.value[OPT_OUT] == NULL && c->line.value[OPT_KEY] == NULL)
        return cli_usage(c->self, "the former rules need a signature of their own; write: bundle "
                                  "rollback --key KEYFILE, or --out FILE to sign it elsewhere");
    if (!cli_open(&c->line, CLI_STORE, &p.w, &code))
        return code;
    code = VG_EXIT_USAGE;
    if (take_tenants(&p) &&
        take_pace(&p, 100)) /* known rules: to all at once, if nothing is said */
        code = roll_back(&p);
    publish_done(&p);
    return code;
}

/* ---- stop, status ---- */

int
bundle_stop(const struct bundle_call *c)
{
    struct cli_world w;
    char *end;
    int64_t version = strtoll(c->operand, &end, 10);
    int code = VG_EXIT_DONE;
    enum vg_err err;

    if (*end != '\0')
        return cli_usage(c->self, "stop takes a version");
    if (!cli_open(&c->line, CLI_STORE, &w, &code))
        return code;
    err = w.store->ops->bundle_set(w.store, version, "stopped", "by hand", vtime_now());
    if (err == VG_OK)
        err = w.store->ops->audit(w.store, STORAGE_ALL, WHO, "bundle.stopped", c->operand,
                                  "by hand", vtime_now());
    if (err == VG_ERR_NOENT)
        code = cli_usage(c->self, "no version %s", c->operand);
    else if (err != VG_OK)
        code = cli_failed(&w, "bundle", err);
    cli_close(&w);
    return code;
}

static json_t *
row_json(const struct storage_bundle *b, json_t *ring)
{
    char published[VTIME_TEXT_MAX], expires[VTIME_TEXT_MAX], hex[2 * STORAGE_HASH_SIZE + 1];

    hex_put(b->sha256, STORAGE_HASH_SIZE, hex);
    return json_pack("{sI ss ss sI ss ss ss sI so}", "version", (json_int_t)b->version, "state",
                     b->state, "why", b->why, "canary", (json_int_t)b->share, "published",
                     vtime_format(b->published_ns, published), "expires",
                     vtime_format(b->expires_ns, expires), "note", b->note, "origin",
                     (json_int_t)b->origin, "agents", ring);
}

static void
print_ring(const json_t *ring)
{
    const json_t *row;
    size_t i;

    json_array_foreach(ring, i, row)
        printf("    %s\t%s\t%s%s\tcrashes %lld\t%s\n", vg_json_str(row, "agent", ""),
               vg_json_str(row, "host", ""), vg_json_bool(row, "canary", false) ? "canary " : "",
               vg_json_str(row, "state", ""), (long long)vg_json_int(row, "crashes", 0),
               vg_json_str(row, "why", ""));
}

/* Newest first; the agents of the newest, or with --json of all. */
static enum vg_err
print_all(const struct bundle_call *c, struct storage *s)
{
    struct storage_bundle b = {.version = INT64_MAX};
    bool json = c->line.value[OPT_JSON] != NULL, first = true;
    json_t *all = json_array(), *ring = NULL;
    enum vg_err err;

    while ((err = s->ops->bundle_below(s, b.version, &b)) == VG_OK) {
        err = s->ops->bundle_ring(s, b.version, &ring);
        if (err != VG_OK)
            break;
        if (!json) {
            printf("%lld\t%s\t%s%s%s\n", (long long)b.version, b.state, b.note,
                   b.why[0] != '\0' ? "\t" : "", b.why);
            if (first)
                print_ring(ring);
            json_decref(ring);
        } else {
            (void)json_array_append_new(all, row_json(&b, ring));
        }
        first = false;
    }
    if (json && err == VG_ERR_NOENT)
        (void)(json_dumpf(all, stdout, JSON_COMPACT) == 0 && putchar('\n'));
    json_decref(all);
    return err == VG_ERR_NOENT ? VG_OK : err;
}

int
bundle_status(const struct bundle_call *c)
{
    struct cli_world w;
    int code = VG_EXIT_DONE;
    enum vg_err err;

    if (!cli_open(&c->line, CLI_STORE, &w, &code))
        return code;
    err = print_all(c, w.store);
    if (err != VG_OK)
        code = cli_failed(&w, "bundle", err);
    cli_close(&w);
    return code;
}
