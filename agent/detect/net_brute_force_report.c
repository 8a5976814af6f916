/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>

#include "agent/detect/net_brute_force_private.h"
#include "agent/detect/net_tell.h"
#include "common/vtime.h"

static const char *
style_name(enum brute_style style)
{
    static const char *const names[] = {
        [BRUTE_FAST] = "fast",       [BRUTE_SLOW] = "slow",       [BRUTE_USERS] = "users",
        [BRUTE_TARGETS] = "targets", [BRUTE_SOURCES] = "sources", [BRUTE_WEB] = "web",
        [BRUTE_VOIP] = "voip",       [BRUTE_SCANNER] = "scanner"};

    return names[style];
}

static json_t *
facts_of(const struct brute *b, const struct brute_tally *t, const struct brute_try *a,
         enum brute_style style)
{
    json_t *facts = net_tell_flow(b->scene, a->flow, str_of(""));
    int64_t seconds = (a->now_ns - t->slow_ns) / VG_SEC_NS;
    uint8_t others = t->ends.count > 0 ? t->ends.count : 1;
    bool many_sources = style == BRUTE_SOURCES;

    if (facts == NULL)
        return NULL;
    (void)json_object_update_missing_new(
        facts, json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "service", a->service,
                         "style", style_name(style), "failed", (json_int_t)t->slow, "succeeded",
                         (json_int_t)t->slow_ok, "users", (json_int_t)t->names_slow.count,
                         "targets", (json_int_t)(many_sources ? 1 : others), "sources",
                         (json_int_t)(many_sources ? others : 1), "seconds",
                         (json_int_t)(seconds > 0 ? seconds : 1), "usual", (json_int_t)t->usual));
    return facts;
}

/* The world tries every open door all day; a device of the shop that tries is taken over. */
static enum severity
severity_of(const struct brute_tally *t, const struct brute_try *a, enum brute_style style)
{
    if (t->won > 0)
        return SEVERITY_CRITICAL;
    if (!net_addr_is_local(&a->flow->src))
        return style == BRUTE_SCANNER || style == BRUTE_VOIP ? SEVERITY_LOW : SEVERITY_MEDIUM;
    return SEVERITY_INFO;
}

static void
tell(struct brute *b, const struct brute_tally *t, const struct brute_try *a,
     enum brute_style style, const char *group)
{
    struct party subject, peer;
    struct finding finding = {.detector = "net.brute_force",
                              .time_ns = a->now_ns,
                              .subject = &subject,
                              .group = group,
                              .severity = severity_of(t, a, style),
                              .score = fmin(100, 45 + 15 * log10(1.0 + t->slow))};

    net_tell_party(b->scene, &subject, style == BRUTE_SOURCES ? &a->flow->dst : &a->flow->src);
    if (style != BRUTE_SOURCES && t->ends.count <= 1) {
        net_tell_party(b->scene, &peer, &a->flow->dst);
        finding.peer = &peer;
    }
    finding.facts = facts_of(b, t, a, style);
    finding.evidence = json_pack("[o]", net_evidence_flow(a->flow));
    judge_finding(b->judge, &finding);
}

void
brute_report(struct brute *b, struct brute_tally *t, const struct brute_try *a,
             enum brute_style style)
{
    char group[48];

    if (t->reported != 0 && t->slow / 10 < t->reported)
        return;
    if (t->reported == 0)
        (void)snprintf(group, sizeof(group), "%s", a->service);
    else
        (void)snprintf(group, sizeof(group), "%s grown %u", a->service,
                       (unsigned)log10(1.0 + t->slow));
    t->reported = t->slow > 0 ? t->slow : 1;
    tell(b, t, a, style, group);
}

void
brute_report_success(struct brute *b, struct brute_tally *t, const struct brute_try *a,
                     enum brute_style style)
{
    char group[48];

    (void)snprintf(group, sizeof(group), "%s success", a->service);
    tell(b, t, a, style, group);
}
