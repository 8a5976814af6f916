/* SPDX-License-Identifier: Apache-2.0 */
/* net.yara: YARA over what HTTP, SMB, FTP and mail carry, in both directions.
 *
 * A body comes in pieces; they gather in a window that is scanned when it is full and at the end of
 * the body, and the last YARA_NET_OVERLAP bytes stay, so that a match across windows is found. So a
 * condition about a whole body holds for bodies up to the window; longer ones are seen window by
 * window. Payload is never saved: after a restart the pieces of an open body are shown again
 * (`again`) and the windows are rebuilt without reporting. Of all bodies together
 * so many bytes a second are looked at (event time), and what a quiet while left over: a backup over the
 * network does not keep a core busy. What was not scanned is counted. */
#include "agent/detect/detectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/mask.h"
#include "agent/detect/net_common.h"
#include "agent/detect/net_tell.h"
#include "agent/detect/yara.h"
#include "common/vtime.h"

enum {
    YARA_NET_STREAMS_MAX = 64,
    YARA_NET_SPARES_MAX = 8,
    YARA_NET_WINDOW = 512 * 1024,
    YARA_NET_OVERLAP = 16 * 1024,
    YARA_NET_MEMORY_MAX = NET_YARA_BYTES - 512 * 1024, /* of all windows but the one that grows */
    YARA_NET_BODY_MAX = 16 * 1024 * 1024, /* default of body_bytes: scanned of one body */
    YARA_NET_A_SECOND = 8 * 1024 * 1024,  /* default of bytes_a_second */
    YARA_NET_SAVED_S = 16,                /* so many seconds' worth can be saved up */
    YARA_NET_VERSION = 1,
    YARA_NET_TIMEOUT_S = 5,
    YARA_NET_TOLD_MAX = 8,
};

struct stream { /* one open body */
    uint64_t id;
    bool used;
    uint64_t touched;  /* rising, to know the one that waits longest */
    struct buf window; /* bytes [start, start + window.len) of the body */
    uint64_t start;
    size_t fresh;                     /* bytes of the window that no scan has seen */
    uint64_t scanned;                 /* of the body */
    char told[YARA_NET_TOLD_MAX][64]; /* rules that were reported for this body */
    size_t told_count;
};

struct net_yara {
    struct judge *judge;
    const struct net_scene *scene;
    struct yara_rules *rules; /* NULL: there are none, nothing is scanned */
    struct yara_report report;
    struct stream stream[YARA_NET_STREAMS_MAX];
    /* Memory of old windows for the next ones: fresh pages cost as much as a look. */
    struct buf spare[YARA_NET_SPARES_MAX];
    size_t spares;
    uint64_t touch, body_max;
    struct {
        int64_t a_second, left; /* bytes */
        int64_t last_ns;        /* event time; 0: nothing was seen yet */
        bool changed;
    } budget;
    size_t memory; /* room of all windows and of the spare ones */
    struct {
        uint64_t bodies, bytes, skipped, over_budget, gaps, cut, timeouts, failed, matches;
    } count;
};

/* ---- reports ---- */

static bool
told_before(struct stream *st, const char *rule)
{
    for (size_t i = 0; i < st->told_count; i++) {
        if (strcmp(st->told[i], rule) == 0)
            return true;
    }
    if (st->told_count < YARA_NET_TOLD_MAX)
        (void)vg_strcpy(st->told[st->told_count++], sizeof(st->told[0]), rule);
    return false;
}

static void
report(struct net_yara *y, const struct stream *st, const struct body_view *b, int64_t now_ns,
       const struct yara_match *match)
{
    char uri[512], mime[96];
    struct party subject, peer;
    struct finding finding = {.detector = "net.yara",
                              .time_ns = now_ns,
                              .subject = &subject,
                              .peer = &peer,
                              .severity = match->severity,
                              .group = match->rule,
                              .score = 60 + 10.0 * match->severity};

    mask_uri(uri, sizeof(uri), b->name);
    mask_text(mime, sizeof(mime), b->mime.at, b->mime.len);
    net_tell_party(y->scene, &subject, &b->flow->src);
    net_tell_peer(y->scene, &peer, b->host, &b->flow->dst);
    finding.facts = net_tell_flow(y->scene, b->flow, b->host);
    if (finding.facts == NULL)
        return;
    (void)json_object_update_new(finding.facts, json_pack("{s:s, s:s, s:b}", "uri", uri, "mime",
                                                          mime, "download", (int)b->from_server));
    yara_put_facts(match, finding.facts);
    finding.evidence = json_array();
    (void)json_array_append_new(finding.evidence, yara_evidence(match, st->start));
    (void)json_array_append_new(finding.evidence, net_evidence_flow(b->flow));
    judge_finding(y->judge, &finding);
}

/* ---- windows ---- */

/* Scans what is new in the window. `b` NULL: the body's view is gone, so nothing can be told. */
static void
scan(struct net_yara *y, struct stream *st, const struct body_view *b, int64_t now_ns, bool quiet)
{
    struct yara_result result;
    enum vg_err err;

    if (st->fresh == 0)
        return;
    err = yara_scan(y->rules, buf_slice(&st->window), YARA_NET_TIMEOUT_S, &result);
    y->count.bytes += st->fresh;
    y->count.timeouts += err == VG_ERR_LIMIT;
    y->count.failed += err != VG_OK && err != VG_ERR_LIMIT;
    st->scanned += st->fresh;
    st->fresh = 0;
    for (size_t i = 0; i < result.count; i++) {
        if (told_before(st, result.match[i].rule))
            continue;
        y->count.matches++;
        if (!quiet)
            report(y, st, b, now_ns, &result.match[i]);
    }
}

static void
slide(struct net_yara *y, struct stream *st, size_t keep)
{
    size_t drop = st->window.len > keep ? st->window.len - keep : 0;

    buf_consume(&st->window, drop);
    st->start += drop;
}

static void
drop_spares(struct net_yara *y)
{
    while (y->spares > 0) {
        y->memory -= y->spare[--y->spares].room;
        buf_done(&y->spare[y->spares]);
    }
}

static void
forget(struct net_yara *y, struct stream *st)
{
    y->count.skipped += st->fresh;
    if (y->spares < YARA_NET_SPARES_MAX && st->window.room > 0 && !st->window.bad) {
        buf_clear(&st->window);
        y->spare[y->spares++] = st->window;
    } else {
        y->memory -= st->window.room;
        buf_done(&st->window);
    }
    memset(st, 0, sizeof(*st));
}

static struct stream *
oldest(struct net_yara *y, const struct stream *but)
{
    struct stream *old = NULL;

    for (size_t i = 0; i < YARA_NET_STREAMS_MAX; i++) {
        struct stream *st = &y->stream[i];

        if (st->used && st != but && (old == NULL || st->touched < old->touched))
            old = st;
    }
    return old;
}

static struct stream *
stream_of(struct net_yara *y, uint64_t id)
{
    struct stream *unused = NULL;

    for (size_t i = 0; i < YARA_NET_STREAMS_MAX; i++) {
        if (y->stream[i].used && y->stream[i].id == id)
            return &y->stream[i];
        if (!y->stream[i].used && unused == NULL)
            unused = &y->stream[i];
    }
    if (unused == NULL) {
        unused = oldest(y, NULL);
        y->count.cut++;
        forget(y, unused);
    }
    unused->used = true;
    unused->id = id;
    buf_init(&unused->window, YARA_NET_WINDOW);
    if (y->spares > 0)
        unused->window = y->spare[--y->spares];
    y->count.bodies++;
    return unused;
}

/* Fills the window from the piece; scans each time that it is full. */
static void
take_piece(struct net_yara *y, struct stream *st, const struct body_view *b, int64_t now_ns,
           bool quiet)
{
    struct slice piece = slice_of(b->bytes, b->len);

    while (piece.left > 0) {
        size_t room = YARA_NET_WINDOW - st->window.len;
        size_t n = piece.left < room ? piece.left : room;
        size_t before = st->window.room;
        struct stream *old;

        if (st->scanned + st->fresh >= y->body_max) {
            y->count.skipped += piece.left;
            return;
        }
        buf_put(&st->window, slice_take(&piece, n), n);
        if (st->window.bad) { /* no memory: this body is given up */
            y->count.skipped += n + piece.left;
            forget(y, st);
            return;
        }
        y->memory += st->window.room - before;
        if (y->memory > YARA_NET_MEMORY_MAX)
            drop_spares(y);
        while (y->memory > YARA_NET_MEMORY_MAX && (old = oldest(y, st)) != NULL) {
            y->count.cut++;
            forget(y, old);
            drop_spares(y);
        }
        st->fresh += n;
        if (st->window.len == YARA_NET_WINDOW) {
            scan(y, st, b, now_ns, quiet);
            slide(y, st, YARA_NET_OVERLAP);
        }
    }
}

/* Whether so many bytes may still be looked at now; time that goes back gives nothing. */
static bool
afford(struct net_yara *y, size_t bytes, int64_t now_ns)
{
    int64_t most = y->budget.a_second * YARA_NET_SAVED_S;
    int64_t passed_ns = now_ns - y->budget.last_ns;

    if (y->budget.last_ns == 0 || passed_ns >= YARA_NET_SAVED_S * VG_SEC_NS)
        y->budget.left = most;
    else if (passed_ns > 0)
        y->budget.left += (int64_t)((double)y->budget.a_second * ((double)passed_ns / VG_SEC_NS));
    if (y->budget.left > most)
        y->budget.left = most;
    if (y->budget.last_ns == 0 || passed_ns > 0)
        y->budget.last_ns = now_ns;
    y->budget.changed = true;
    if (y->budget.left < (int64_t)bytes)
        return false;
    y->budget.left -= (int64_t)bytes;
    return true;
}

/* A piece that is passed over: a hole in its body, which then may be at its end. */
static void
pass_over(struct net_yara *y, const struct body_view *b, int64_t now_ns, bool quiet)
{
    y->count.over_budget += b->len;
    for (size_t i = 0; i < YARA_NET_STREAMS_MAX && b->last; i++) {
        struct stream *st = &y->stream[i];

        if (!st->used || st->id != b->stream)
            continue;
        scan(y, st, b, now_ns, quiet);
        forget(y, st);
    }
}

static void
on_body(struct net_yara *y, const struct body_view *b, int64_t now_ns, bool quiet)
{
    struct stream *st;

    if (y->rules == NULL || b->flow == NULL)
        return;
    if (!quiet && !afford(y, b->len, now_ns)) { /* what is shown again was paid then */
        pass_over(y, b, now_ns, quiet);
        return;
    }
    st = stream_of(y, b->stream);
    st->touched = ++y->touch;
    if (b->offset != st->start + st->window.len) { /* bytes are missing: nothing goes across */
        y->count.gaps += st->window.len > 0;
        scan(y, st, b, now_ns, quiet);
        slide(y, st, 0);
        st->start = b->offset;
    }
    take_piece(y, st, b, now_ns, quiet);
    if (b->last && st->used) {
        scan(y, st, b, now_ns, quiet);
        forget(y, st);
    }
}

static bool
idle(const void *self)
{
    const struct net_yara *y = self;

    return y->rules == NULL;
}

static void
observe(void *self, const struct obs *obs)
{
    if (obs->kind == OBS_BODY)
        on_body(self, obs->body, obs->time_ns, false);
}

static void
again(void *self, const struct obs *obs)
{
    if (obs->kind == OBS_BODY)
        on_body(self, obs->body, obs->time_ns, true);
}

/* ---- life ---- */

static void
net_yara_free(void *self)
{
    struct net_yara *y = self;

    if (y == NULL)
        return;
    for (size_t i = 0; i < YARA_NET_STREAMS_MAX; i++)
        buf_done(&y->stream[i].window);
    drop_spares(y);
    yara_free(y->rules);
    free(y);
}

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    struct net_yara *y = calloc(1, sizeof(*y));
    uint32_t body_max = YARA_NET_BODY_MAX, a_second = YARA_NET_A_SECOND;
    char folder[1024];
    enum vg_err err;

    if (y == NULL)
        return VG_ERR_NOMEM;
    y->judge = env->judge;
    y->scene = env->scene;
    if (!net_setting_u32(env, "body_bytes", 65536, 1u << 30, &body_max, why) ||
        !net_setting_u32(env, "bytes_a_second", 65536, 1u << 30, &a_second, why)) {
        net_yara_free(y);
        return VG_ERR_CONFIG;
    }
    y->body_max = body_max;
    y->budget.a_second = a_second;
    snprintf(folder, sizeof(folder), "%s/yara", env->rules_dir != NULL ? env->rules_dir : "rules");
    err = yara_load(folder, &y->rules, &y->report);
    /* Without a rule the other detectors still work; health says that none is there. */
    if (err != VG_OK && err != VG_ERR_NOENT) {
        net_yara_free(y);
        return err;
    }
    *self = y;
    return VG_OK;
}

static void
save(void *self, struct state_out *out)
{
    struct net_yara *y = self;
    struct buf row;

    if (!y->budget.changed)
        return;
    buf_init(&row, 16);
    buf_put_be64(&row, (uint64_t)y->budget.left);
    buf_put_be64(&row, (uint64_t)y->budget.last_ns);
    if (!row.bad)
        state_put(out, slice_of("b", 1), YARA_NET_VERSION, buf_slice(&row));
    buf_done(&row);
    y->budget.changed = false;
}

static enum vg_err
load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct net_yara *y = self;
    int64_t left = (int64_t)slice_be64(&blob), last_ns = (int64_t)slice_be64(&blob);

    if (version != YARA_NET_VERSION || slice_u8(&key) != 'b' || blob.bad || left < 0 || last_ns < 0)
        return VG_ERR_FORMAT;
    y->budget.left = left; /* held under its limit at the next piece */
    y->budget.last_ns = last_ns;
    return VG_OK;
}

static void
health(const void *self, json_t *counters)
{
    const struct net_yara *y = self;
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {
        {"rules", y->report.rules},
        {"bad_files", y->report.bad},
        {"compiled_at_start", !y->report.ready},
        {"rules_without_needs", y->report.without_needs},
        {"bodies", y->count.bodies},
        {"bytes_scanned", y->count.bytes},
        {"bytes_skipped", y->count.skipped},
        {"bytes_over_budget", y->count.over_budget},
        {"gaps", y->count.gaps},
        {"bodies_cut", y->count.cut},
        {"timeouts", y->count.timeouts},
        {"failed", y->count.failed},
        {"matches", y->count.matches},
    };

    for (size_t i = 0; i < VG_ARRAY_LEN(rows); i++)
        (void)json_object_set_new(counters, rows[i].name, json_integer((json_int_t)rows[i].value));
    if (y->report.why[0] != '\0')
        (void)json_object_set_new(counters, "bad_file", json_string(y->report.why));
}

const struct detector NET_YARA = {
    .name = "net.yara",
    .sensor = "net",
    .kinds = 1u << OBS_BODY,
    .idle = idle,
    .make = make,
    .observe = observe,
    .again = again,
    .save = save,
    .load = load,
    .free = net_yara_free,
    .health = health,
};
