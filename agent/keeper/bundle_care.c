/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keeper/bundle_care.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "agent/bundle/bundle_try.h"
#include "agent/platform/platform.h"
#include "common/hex.h"
#include "common/log.h"
#include "common/vtime.h"

struct fetch {
    int64_t version, size, offset;
    char sha256[BUNDLE_HEX];
    char path[BUNDLE_PATH_BYTES];
    platform_file part; /* open while it comes */
    bool whole;
};

enum source { SOURCE_NONE, SOURCE_FETCHED, SOURCE_DROPPED, SOURCE_AGAIN };

struct bundle_care {
    struct bundle_care_options o;
    struct bundle_state state;
    char base[BUNDLE_BASE];
    struct fetch fetch; /* version 0: none */
    struct bundle_try *trying;
    enum source source; /* of what is tried */
    bool again;         /* the program's rules are others than those under ours */
    bool news;
    int64_t heard;         /* the last version that the answer to events told */
    int64_t not_before_ns; /* monotonic: nothing is fetched until then */
    int64_t crash_ns[BUNDLE_CRASHES];
    /* Between two hellos the collector's clock is told by ours that only rises. */
    int64_t told_ns, told_at_ns;
};

/* ---- time ---- */

/* The collector's, where it told; else the machine's own, but never before a time that was told once. */
static int64_t
judged_now(const struct bundle_care *c)
{
    int64_t now_ns = vtime_now();

    if (c->told_ns != 0)
        return c->told_ns + (platform_clock_monotonic() - c->told_at_ns);
    return now_ns > c->state.seen_ns ? now_ns : c->state.seen_ns;
}

/* ---- telling ---- */

static void
tell(struct bundle_care *c, const char *detector, enum severity severity, const char *word,
     const char *why, int64_t version)
{
    c->news = true;
    log_event(severity >= SEVERITY_LOW ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, detector,
              "version=%lld word=%s why=%s", (long long)version, word, log_quote(why));
    c->o.tell(c->o.ctx, detector, severity,
              json_pack("{sI sI ss ss}", "version", (json_int_t)version, "running",
                        (json_int_t)c->state.now.version, "word", word, "why", why));
}

static const char *
rules_now(const struct bundle_care *c, char out[BUNDLE_PATH_BYTES])
{
    return bundle_rules(c->o.config->state_dir, &c->state, c->base, out) ? out : NULL;
}

static void
changed(struct bundle_care *c)
{
    char path[BUNDLE_PATH_BYTES];
    const char *rules = rules_now(c, path);

    memset(c->crash_ns, 0, sizeof c->crash_ns);
    c->again = c->state.now.version > 0 && rules == NULL; /* what we went back to stood elsewhere */
    c->o.changed(c->o.ctx, rules != NULL ? rules : c->o.config->rules_base);
    bundle_sweep(c->o.config->state_dir, &c->state);
}

/* ---- fetching ---- */

static void
fetch_end(struct bundle_care *c, bool remove)
{
    struct fetch *f = &c->fetch;

    if (f->part != PLATFORM_NO_HANDLE)
        platform_unlock(f->part);
    if (remove && f->path[0] != '\0')
        (void)!platform_file_remove(f->path);
    *f = (struct fetch){.part = PLATFORM_NO_HANDLE};
}

static void
fetch_failed(struct bundle_care *c, const char *word, const char *why)
{
    struct bundle_error error;
    int64_t version = c->fetch.version;

    (void)bundle_refuse(&error, VG_OK, word, "%s", why);
    if (bundle_state_refuse(c->o.config->state_dir, &c->state, version, c->fetch.sha256, &error,
                            judged_now(c)) != VG_OK)
        log_event(LOG_LEVEL_ERROR, "bundle.state", "error=%s", log_quote("cannot be written"));
    fetch_end(c, true);
    c->not_before_ns = platform_clock_monotonic() + BUNDLE_RETRY_NS;
    tell(c, "agent.bundle_refused", SEVERITY_LOW, word, why, version);
}

/* One that was refused for itself is not asked for again. */
static bool
is_wanted(const struct bundle_care *c, int64_t version, const char *sha256)
{
    const struct bundle_no *no = &c->state.refused;

    if (version <= c->state.highest || version > BUNDLE_VERSION_MAX)
        return false;
    return no->version != version || strcmp(no->sha256, sha256) != 0 ||
           bundle_word_passes(no->error.word);
}

/* Goes on where an earlier life stopped. */
static void
fetch_begin(struct bundle_care *c, int64_t version, int64_t size, const char *sha256)
{
    struct fetch f = {.version = version, .size = size, .part = PLATFORM_NO_HANDLE};
    struct platform_stat stat = {.size = 0};
    char name[BUNDLE_HEX + 8];

    fetch_end(c, c->fetch.version > 0 && strcmp(c->fetch.sha256, sha256) != 0);
    (void)vg_strcpy(f.sha256, sizeof f.sha256, sha256);
    (void)snprintf(name, sizeof name, "%.32s.part", sha256);
    bundle_sweep_parts(c->o.config->state_dir, name);
    if (!bundle_path(c->o.config->state_dir, name, f.path) ||
        platform_file_open_own(f.path, &f.part) != VG_OK)
        return;
    if (platform_file_stat(f.part, &stat) == VG_OK && stat.size <= (uint64_t)size)
        f.offset = (int64_t)stat.size;
    f.whole = f.offset == f.size;
    c->fetch = f;
}

static bool
is_hash(const char *text)
{
    uint8_t bytes[BUNDLE_SHA256];

    return strlen(text) == BUNDLE_HEX - 1 && hex_parse_str(text, bytes, sizeof bytes) == VG_OK;
}

static void
pin_key(struct bundle_care *c, const char *hex)
{
    uint8_t keys[BUNDLE_KEYS_MAX][BUNDLE_KEY];
    char path[BUNDLE_PATH_BYTES];

    if (!is_hash(hex) || bundle_keys(c->o.config, keys) > 0 ||
        snprintf(path, sizeof path, "%s/identity/bundle.pub", c->o.config->state_dir) >=
            (int)sizeof path)
        return;
    if (platform_file_replace(path, slice_of(hex, strlen(hex)), false) != VG_OK)
        return;
    log_event(LOG_LEVEL_INFO, "bundle.key_pinned", "key=%s", hex);
    c->o.tell(c->o.ctx, "agent.bundle_key", SEVERITY_INFO, json_pack("{ss}", "key", hex));
}

void
bundle_care_hello(struct bundle_care *c, const json_t *answer)
{
    const json_t *offer = json_object_get(answer, "bundle");
    const char *sha256 = vg_json_str(offer, "sha256", ""), *time = vg_json_str(answer, "time", "");
    int64_t version = vg_json_int(offer, "version", 0), size = vg_json_int(offer, "size", 0);

    if (vtime_parse(time, strlen(time), &c->told_ns) == VG_OK)
        c->told_at_ns = platform_clock_monotonic();
    else
        c->told_ns = 0;
    pin_key(c, vg_json_str(answer, "bundle_key", ""));
    if (c->o.config->rules_named || !c->o.config->bundles || size <= 0 || size > BUNDLE_BYTES_MAX ||
        !is_hash(sha256) || !is_wanted(c, version, sha256) || c->trying != NULL ||
        (c->fetch.version == version && strcmp(c->fetch.sha256, sha256) == 0))
        return;
    fetch_begin(c, version, size, sha256);
}

bool
bundle_care_heard(struct bundle_care *c, int64_t version)
{
    bool known = version == c->heard || version == c->fetch.version;

    c->heard = version;
    return !known && !c->o.config->rules_named && c->o.config->bundles && is_wanted(c, version, "");
}

bool
bundle_care_wants(const struct bundle_care *c)
{
    return c->fetch.version > 0 && !c->fetch.whole &&
           platform_clock_monotonic() >= c->not_before_ns;
}

json_t *
bundle_care_question(struct bundle_care *c)
{
    const struct fetch *f = &c->fetch;

    if (!bundle_care_wants(c))
        return NULL;
    return json_pack("{sI sI}", "version", (json_int_t)f->version, "offset", (json_int_t)f->offset);
}

void
bundle_care_piece(struct bundle_care *c, const struct slice *piece)
{
    struct fetch *f = &c->fetch;

    if (f->version == 0)
        return;
    if (piece == NULL || piece->left == 0 || (int64_t)piece->left > f->size - f->offset) {
        fetch_end(c, piece != NULL); /* offered again with the next hello */
        c->not_before_ns = platform_clock_monotonic() + VG_MIN_NS;
        return;
    }
    if (platform_file_write(f->part, (uint64_t)f->offset, *piece) != VG_OK) {
        fetch_failed(c, "disk", "the download cannot be written: is the disk full?");
        return;
    }
    f->offset += (int64_t)piece->left;
    f->whole = f->offset == f->size;
}

static bool
hash_fits(const struct fetch *f)
{
    uint8_t sum[EVP_MAX_MD_SIZE];
    char hex[BUNDLE_HEX] = "";
    struct buf whole = {.data = NULL};
    size_t n = 0;

    if (platform_file_slurp(f->path, BUNDLE_BYTES_MAX, &whole) == VG_OK &&
        EVP_Q_digest(NULL, "SHA256", NULL, whole.data, whole.len, sum, &n) == 1)
        hex_put(sum, BUNDLE_SHA256, hex);
    buf_done(&whole);
    return strcmp(hex, f->sha256) == 0;
}

/* ---- trying ---- */

static void
try_path(struct bundle_care *c, const char *path, enum source source)
{
    struct bundle_try_wish wish = {.program = c->o.program,
                                   .config = c->o.config,
                                   .path = path,
                                   .state = &c->state,
                                   .again = source == SOURCE_AGAIN,
                                   .now_ns = judged_now(c),
                                   .sandbox = c->o.sandbox};
    enum vg_err err = bundle_try_start(&wish, &c->trying);

    c->source = source;
    if (err != VG_OK) {
        c->trying = NULL;
        c->not_before_ns = platform_clock_monotonic() + VG_MIN_NS;
        log_event(LOG_LEVEL_ERROR, "bundle.trial", "error=%s", vg_err_name(err));
    }
}

static void
try_next(struct bundle_care *c)
{
    char path[BUNDLE_PATH_BYTES], name[32];
    struct platform_stat stat;

    if (c->o.config->rules_named || !c->o.config->bundles)
        return;
    (void)snprintf(name, sizeof name, "%lld.bundle", (long long)c->state.now.version);
    if (bundle_path(c->o.config->state_dir, "drop.bundle", path) &&
        platform_path_stat(path, &stat) == VG_OK) {
        try_path(c, path, SOURCE_DROPPED);
    } else if (platform_clock_monotonic() < c->not_before_ns) {
        return;
    } else if (c->again && bundle_path(c->o.config->state_dir, name, path)) {
        c->again = false;
        try_path(c, path, SOURCE_AGAIN);
    } else if (c->fetch.version > 0 && c->fetch.whole) {
        if (hash_fits(&c->fetch)) {
            try_path(c, c->fetch.path, SOURCE_FETCHED);
        } else { /* came through damaged, or the part was of something else */
            fetch_end(c, true);
            c->not_before_ns = platform_clock_monotonic() + VG_MIN_NS;
        }
    }
}

static enum severity
severity_of(const char *word)
{
    return strcmp(word, "signature") == 0 || strcmp(word, "hash") == 0 ? SEVERITY_MEDIUM
                                                                       : SEVERITY_LOW;
}

/* Rules that ran until the program was updated, and cannot over the new one's. */
static void
drop_now(struct bundle_care *c, const struct bundle_error *error)
{
    int64_t version = c->state.now.version;

    c->state.last = (struct bundle_entry){.version = 0};
    if (bundle_state_leave(c->o.config->state_dir, &c->state, error, judged_now(c)) != VG_OK)
        return;
    tell(c, "agent.bundle_left", SEVERITY_LOW, error->word, error->why, version);
}

static void
settle(struct bundle_care *c, const struct bundle_verdict *v)
{
    const char *state_dir = c->o.config->state_dir;
    char path[BUNDLE_PATH_BYTES];
    enum vg_err err;

    if (c->source == SOURCE_AGAIN && !v->good) {
        c->again = bundle_word_passes(v->error.word);
        if (c->again)
            c->not_before_ns = platform_clock_monotonic() + BUNDLE_RETRY_NS;
        else
            drop_now(c, &v->error);
        bundle_sweep(state_dir, &c->state);
        return;
    }
    if (v->good && c->told_ns != 0 && c->state.seen_ns < judged_now(c))
        c->state.seen_ns = judged_now(c);
    err = bundle_settle(state_dir, &c->state, v, c->source == SOURCE_FETCHED ? c->fetch.version : 0,
                        c->fetch.sha256, judged_now(c));
    if (c->source == SOURCE_DROPPED && bundle_path(state_dir, "drop.bundle", path))
        (void)!platform_file_remove(path);
    if (c->source == SOURCE_FETCHED)
        fetch_end(c, !bundle_word_passes(v->error.word) || v->good);
    if (err != VG_OK) { /* the old rules stay; offered again */
        log_event(LOG_LEVEL_ERROR, "bundle.state", "error=%s", vg_err_name(err));
        c->not_before_ns = platform_clock_monotonic() + VG_MIN_NS;
    } else if (v->good) {
        if (bundle_base(c->o.config->rules_base, c->base) != VG_OK)
            c->base[0] = '\0';
        tell(c, "agent.bundle_taken", SEVERITY_INFO, "taken", "verified and tried",
             v->entry.version);
        changed(c);
        return;
    } else {
        if (bundle_word_passes(v->error.word))
            c->not_before_ns = platform_clock_monotonic() + BUNDLE_RETRY_NS;
        tell(c, "agent.bundle_refused", severity_of(v->error.word), v->error.word, v->error.why,
             c->state.refused.version);
    }
    bundle_sweep(state_dir, &c->state);
}

void
bundle_care_tick(struct bundle_care *c)
{
    struct bundle_verdict verdict;

    if (c->trying == NULL) {
        try_next(c);
        return;
    }
    if (bundle_try_poll(c->trying, &verdict) != VG_OK)
        return;
    bundle_try_free(c->trying);
    c->trying = NULL;
    settle(c, &verdict);
}

/* ---- crashes ---- */

void
bundle_care_crashed(struct bundle_care *c, const char *worker)
{
    int64_t mono_ns = platform_clock_monotonic(), oldest = c->crash_ns[0];
    int64_t version = c->state.now.version;
    struct bundle_error error;

    if (version == 0 || c->o.config->rules_named)
        return;
    memmove(c->crash_ns, c->crash_ns + 1, sizeof c->crash_ns - sizeof c->crash_ns[0]);
    c->crash_ns[BUNDLE_CRASHES - 1] = mono_ns;
    oldest = c->crash_ns[0];
    c->state.crashes++;
    c->news = true;
    if (oldest == 0 || mono_ns - oldest > BUNDLE_CRASH_NS ||
        judged_now(c) - c->state.now.since_ns > BUNDLE_PROBATION_NS) {
        if (bundle_state_save(c->o.config->state_dir, &c->state) != VG_OK)
            log_event(LOG_LEVEL_ERROR, "bundle.state", "error=%s", log_quote("not written"));
        return;
    }
    (void)bundle_refuse(&error, VG_OK, "crash", "%s crashed %d times in a short while with it",
                        worker, BUNDLE_CRASHES);
    /* Also where the disk is full: the rules in memory count until the next start. */
    if (bundle_state_leave(c->o.config->state_dir, &c->state, &error, judged_now(c)) != VG_OK)
        log_event(LOG_LEVEL_ERROR, "bundle.state", "error=%s", log_quote("not written"));
    tell(c, "agent.bundle_left", SEVERITY_MEDIUM, error.word, error.why, version);
    changed(c);
}

/* ---- beginning and end ---- */

bool
bundle_care_news(struct bundle_care *c)
{
    bool news = c->news;

    c->news = false;
    return news;
}

json_t *
bundle_care_status(const struct bundle_care *c)
{
    json_t *status = bundle_state_tell(&c->state);

    if (status != NULL) {
        const char *mode = c->o.config->rules_named ? "own" : c->o.config->bundles ? "on" : "off";

        (void)json_object_set_new(status, "mode", json_string(mode));
        (void)json_object_set_new(status, "trying", json_boolean(c->trying != NULL));
    }
    return status;
}

enum vg_err
bundle_care_new(const struct bundle_care_options *options, struct bundle_care **out)
{
    struct bundle_care *c = calloc(1, sizeof *c);
    char path[BUNDLE_PATH_BYTES];
    enum vg_err err = VG_ERR_LIMIT;

    if (c == NULL)
        return VG_ERR_NOMEM;
    c->o = *options;
    c->fetch.part = PLATFORM_NO_HANDLE;
    if (bundle_path(options->config->state_dir, "", path))
        err = platform_folder_make(path, true);
    if (err == VG_OK)
        err = bundle_state_load(options->config->state_dir, &c->state);
    if (err != VG_OK) {
        /* Rules are no reason not to start: those of the program run, until those that did have
         * been tried again. */
        log_event(LOG_LEVEL_ERROR, "bundle.state", "error=%s", vg_err_name(err));
    }
    if (options->config->rules_base != NULL &&
        bundle_base(options->config->rules_base, c->base) == VG_OK)
        c->again = c->state.now.version > 0 &&
                   (rules_now(c, path) == NULL || strcmp(path, options->config->rules_dir) != 0);
    if (err == VG_OK)
        bundle_sweep(options->config->state_dir, &c->state);
    *out = c;
    return VG_OK;
}

void
bundle_care_free(struct bundle_care *c)
{
    if (c == NULL)
        return;
    bundle_try_free(c->trying);
    fetch_end(c, false);
    free(c);
}
