/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/file/file_scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/mask.h"
#include "agent/file/file_pool.h"
#include "common/vtime.h"

struct file_scan {
    struct judge *judge;
    struct yara_rules *rules;
    struct file_look *look; /* of the owner's thread, where there is no pool */
    struct file_pool *pool;
    struct file_known *known;               /* borrowed */
    const struct file_responder *responder; /* borrowed; NULL: all is told alone */
    struct file_scan_counts counts;
    bool packed;
};

enum vg_err
file_scan_new(struct judge *judge, struct file_scan **out)
{
    struct file_scan *scan = calloc(1, sizeof(*scan));

    if (scan == NULL)
        return VG_ERR_NOMEM;
    scan->judge = judge;
    *out = scan;
    return VG_OK;
}

enum vg_err
file_scan_load(struct file_scan *scan, const char *rules_dir, struct yara_report *report)
{
    char folder[1024];
    enum vg_err err;

    snprintf(folder, sizeof(folder), "%s/yara", rules_dir);
    err = yara_load(folder, &scan->rules, report);
    return err == VG_OK ? file_look_new(scan->rules, &scan->look) : err;
}

void
file_scan_respond(struct file_scan *scan, const struct file_responder *responder)
{
    scan->responder = responder;
}

void
file_scan_known(struct file_scan *scan, struct file_known *known)
{
    scan->known = known;
}

void
file_scan_packed(struct file_scan *scan)
{
    scan->packed = true;
    if (scan->look != NULL)
        file_look_packed(scan->look);
}

void
file_scan_free(struct file_scan *scan)
{
    if (scan == NULL)
        return;
    file_pool_free(scan->pool);
    file_look_free(scan->look);
    yara_free(scan->rules);
    free(scan);
}

/* ---- telling ---- */

static void
put_text(json_t *o, const char *name, const char *text)
{
    if (text[0] != '\0')
        (void)json_object_set_new(o, name, json_string(text));
}

static json_t *
evidence_of(const struct file_hit *hit, const struct file_verdict *v)
{
    json_t *all = json_array(), *one = yara_evidence(&hit->match, 0);
    json_t *strings = json_object_get(one, "strings");

    for (size_t i = 0; i < hit->match.string_count; i++)
        put_text(json_array_get(strings, i), "context", hit->context[i]);
    put_text(one, "inside", hit->inside);
    put_text(one, "sha256", v->sha256);
    (void)json_array_append_new(all, one);
    return all;
}

static void
put_response(json_t *facts, const struct file_response *r)
{
    bool taken = r->id[0] != '\0';
    char restore[64] = "", shown[sizeof(r->program_path)];

    if (taken)
        snprintf(restore, sizeof(restore), "vigia-agent quarantine restore %s", r->id);
    (void)json_object_set_new(facts, "response", json_string(taken ? "quarantine" : "report"));
    (void)json_object_set_new(facts, "outcome", json_string(r->outcome));
    (void)json_object_set_new(facts, "advice", json_string(taken ? "taken" : "stays"));
    (void)json_object_set_new(facts, "quarantine", json_string(r->id));
    (void)json_object_set_new(facts, "restore", json_string(restore));
    mask_text(shown, sizeof(shown), r->program, strlen(r->program));
    (void)json_object_set_new(facts, "program", json_string(shown));
    mask_text(shown, sizeof(shown), r->program_path, strlen(r->program_path));
    (void)json_object_set_new(facts, "program_path", json_string(shown));
    /* Of a transfer that the net sensor saw, the keeper knows. */
    (void)json_object_set_new(facts, "from", json_string(""));
    (void)json_object_set_new(facts, "flow", json_string(""));
    (void)json_object_set_new(facts, "service", json_string(""));
}

/* `again`: it was told already, with another outcome. */
static void
report(struct file_scan *scan, const char *path, const struct file_verdict *v,
       const struct file_hit *hit, const struct file_response *response, bool again, int64_t now_ns)
{
    const struct yara_match *match = &hit->match;
    char shown[PARTY_ID_MAX], group[sizeof(match->rule) + 16];
    const char *slash;
    struct party subject;
    struct finding finding = {.detector = "file.yara",
                              .time_ns = now_ns,
                              .subject = &subject,
                              .severity = match->severity,
                              .group = group,
                              .score = 60 + 10.0 * match->severity};

    snprintf(group, sizeof(group), "%s%s%s", match->rule, again ? " " : "",
             again ? response->outcome : "");
    mask_text(shown, sizeof(shown), path, strlen(path));
    slash = strrchr(shown, '/');
    party_set(&subject, "file", shown, slash != NULL && slash[1] != '\0' ? slash + 1 : NULL);
    finding.facts = json_pack("{s:s, s:s, s:s, s:I, s:s, s:s}", "path", shown, "name",
                              subject.label, "inside", hit->inside, "size",
                              (json_int_t)v->stat.size, "sha256", v->sha256, "owner", v->owner);
    yara_put_facts(match, finding.facts);
    put_response(finding.facts, response);
    finding.evidence = evidence_of(hit, v);
    judge_finding(scan->judge, &finding);
}

void
file_scan_recall(struct file_scan *scan, const struct file_known_left *left)
{
    scan->counts.unscanned += left->unscanned;
    scan->counts.inside.capped += left->capped;
    scan->counts.inside.damaged += left->damaged;
    scan->counts.inside.locked += left->locked;
}

static uint32_t
at_most_32(uint64_t count)
{
    return count < UINT32_MAX ? (uint32_t)count : UINT32_MAX;
}

/* Nothing was found, and another look would find nothing either: what went wrong in this one, or took too
 * long, may go better in the next. */
static void
remember(struct file_scan *scan, const struct file_verdict *v, int64_t now_ns)
{
    const struct file_known_left left = {.unscanned = v->unscanned,
                                         .capped = at_most_32(v->inside.capped),
                                         .damaged = at_most_32(v->inside.damaged),
                                         .locked = at_most_32(v->inside.locked)};

    if (scan->known != NULL && v->count + v->more == 0 && !v->timeout && v->inside.failed == 0)
        file_known_put(scan->known, &v->stat, &left, now_ns);
}

static void
report_all(struct file_scan *scan, const char *path, const struct file_verdict *v,
           const struct file_response *response, bool again, int64_t now_ns)
{
    for (size_t i = 0; i < v->count; i++)
        report(scan, path, v, &v->hit[i], response, again, now_ns);
}

/* What matched: told, with what is done. False: not now. */
static bool
respond(struct file_scan *scan, const char *path, const struct file_verdict *v, int64_t now_ns)
{
    const struct file_responder *who = scan->responder;
    struct file_response response = {.outcome = "report"};
    const char *told;

    if (v->count == 0)
        return true;
    if (who != NULL && !who->begin(who->ctx, path, v, &response))
        return false;
    if (strcmp(response.outcome, FILE_WANTED) == 0)
        return true;
    told = response.outcome;
    report_all(scan, path, v, &response, false, now_ns);
    if (who != NULL)
        who->end(who->ctx, &response);
    if (strcmp(told, response.outcome) != 0)
        report_all(scan, path, v, &response, true, now_ns);
    return true;
}

/* Counts and tells what is known of a file now. */
static void
tell(struct file_scan *scan, const char *path, const struct file_verdict *v, int64_t now_ns)
{
    if (v->err != VG_OK) {
        scan->counts.refused++;
        scan->counts.starved += v->err == VG_ERR_NOMEM;
        return;
    }
    if (!respond(scan, path, v, now_ns))
        return;
    scan->counts.files++;
    scan->counts.bytes += v->scanned;
    scan->counts.unscanned += v->unscanned;
    scan->counts.timeouts += v->timeout;
    scan->counts.matches += v->count + v->more;
    scan->counts.inside.members += v->inside.members;
    scan->counts.inside.bytes += v->inside.bytes;
    scan->counts.inside.capped += v->inside.capped;
    scan->counts.inside.damaged += v->inside.damaged;
    scan->counts.inside.locked += v->inside.locked;
    scan->counts.inside.failed += v->inside.failed;
    remember(scan, v, now_ns);
}

/* ---- one after the other ---- */

static enum vg_err
end_one(struct file_scan *scan, const char *path, struct file_verdict *v, int64_t now_ns,
        size_t *matches)
{
    enum vg_err err = v->err;

    tell(scan, path, v, now_ns);
    if (err == VG_OK && matches != NULL)
        *matches = v->count + v->more;
    file_verdict_done(v);
    return err;
}

enum vg_err
file_scan_handle(struct file_scan *scan, platform_file file, const char *path, int64_t now_ns,
                 size_t *matches)
{
    struct file_verdict verdict;

    file_look_handle(scan->look, file, &verdict);
    return end_one(scan, path, &verdict, now_ns, matches);
}

enum vg_err
file_scan_path(struct file_scan *scan, const char *path, int64_t now_ns, size_t *matches)
{
    struct file_verdict verdict;

    file_look_path(scan->look, path, &verdict);
    return end_one(scan, path, &verdict, now_ns, matches);
}

/* ---- several at a time ---- */

static void
on_told(void *ctx, const char *path, const struct file_verdict *verdict)
{
    tell(ctx, path, verdict, vtime_now());
}

enum vg_err
file_scan_threads(struct file_scan *scan, size_t threads, struct file_known *known)
{
    scan->known = known;
    return file_pool_new(scan->rules, threads, scan->packed, on_told, scan, &scan->pool);
}

enum vg_err
file_scan_put(struct file_scan *scan, const char *path)
{
    return file_pool_put(scan->pool, path);
}

void
file_scan_finish(struct file_scan *scan)
{
    if (scan->pool != NULL)
        file_pool_finish(scan->pool);
}

const struct file_scan_counts *
file_scan_counts(const struct file_scan *scan)
{
    return &scan->counts;
}
