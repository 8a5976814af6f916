/* SPDX-License-Identifier: Apache-2.0 */
/* judge: the one place where tests and findings become alerts.
 *
 * Tests carry a tail probability. Those on one subject within JUDGE_WINDOW_NS are combined over
 * their detectors by the Cauchy combination (Liu and Xie 2020, valid under dependence); the result
 * is held against a threshold that aims at the target number of alerts a week, and spends the
 * budget (DESIGN, Budget), which is refilled by event time. What the cap suppresses becomes an
 * `info` event, counted. Findings are certain by nature: they alert at once, grouped by detector,
 * subject and peer for EVENT_INCIDENT_HOURS; a group that grows tenfold says so in a new event.
 *
 * The threshold is target / (tests a week), and the rate of tests is itself learned; every call of
 * judge_test() counts as one, also with a large p, so a detector reports each test that it makes.
 * Evidence on one subject is one alert: what else was found on it within the window stands in the
 * fact `also`, with its evidence. While a group is open a detector that has not spoken in it speaks
 * once more when its own test passes the threshold: a further reason, no further token.
 *
 * Feedback: `mine` and `noise` (for 90 days) on (detector, subject, peer) are exceptions: such tests
 * and findings are counted as excused and give no alert. The share of useful answers moves how far
 * the detector is believed: p is divided by its odds, scores of findings move with them.
 *
 * A group (of findings, or of alerts on one subject) ends EVENT_INCIDENT_HOURS after its last
 * evidence and in any case JUDGE_GROUP_LIFE_NS after it began. */
#pragma once

#include "agent/detect/obs.h"
#include "agent/detect/sink.h"
#include "common/texts.h"

#define JUDGE_WINDOW_NS     (INT64_C(3600) * 1000000000)
#define JUDGE_GROUP_LIFE_NS (24 * JUDGE_WINDOW_NS)
enum {
    JUDGE_SUBJECTS_MAX = 4096,
    JUDGE_GROUPS_MAX = 4096,
    JUDGE_VERDICTS_MAX = 2048,
    JUDGE_BELIEFS_MAX = 128,
    JUDGE_EXCEPTIONS_MAX = 512,
};

struct judge;

struct judge_settings {
    double budget_per_week; /* of this sensor: its share of the site's */
    double target_per_week; /* what thresholds aim at, below the budget */
};

/* `texts` gives severity and ATT&CK ids of each detector; both borrowed, must outlive the judge. */
enum vg_err judge_new(const struct judge_settings *settings, const char *sensor,
                      const struct texts *texts, const struct sink *sink,
                      struct judge **out) VG_MUST_CHECK;
void judge_free(struct judge *judge);

/* Whether a test with this p could alert: build facts only then. */
bool judge_wants(const struct judge *judge, double p);
/* Emit nothing and spend nothing, but count tests as ever (--learn). */
void judge_mute(struct judge *judge, bool muted);
/* The p below which a test alone alerts now. */
double judge_threshold(const struct judge *judge);

/* The weight 0..1 with which to learn an observation whose test gave p: one minus the suspicion
 * that it is no part of what is normal (Sellke, Bayarri and Berger 2001, with the prior odds
 * JUDGE_PRIOR_ODDS). 0.2 at p = 1e-4, 0.99 at p = 0.1. Pure. */
#define JUDGE_PRIOR_ODDS 0.01
double judge_learn_weight(double p);
/* -log10(p) on a smooth, strictly rising scale 0..100: 1e-4 is 50. Pure. */
double judge_score(double p);
/* Counters into a flat object: tests, alerts, suppressed, tables turned away. */
void judge_health(const struct judge *judge, json_t *out);

struct test {
    const char *detector;
    int64_t time_ns;
    const struct party *subject, *peer; /* peer may be NULL */
    double p;                           /* in (0, 1]; upper tail under the learned baseline */
    json_t *facts;                      /* taken; NULL unless judge_wants(p) */
    json_t *evidence;                   /* taken; NULL or an array */
};
/* True when the test passes the threshold and the shop has been told of its subject: by an alert now,
 * or by the open group that it joined; false also where the budget held the alert back. For what goes
 * on for weeks: its detector need not say so every day. */
bool judge_test(struct judge *judge, struct test *test);

/* Most tests come to nothing: true where this one does, and then it is counted; the detector need not
 * say whom it is about. False: judge_test() it. */
bool judge_test_idle(struct judge *judge, int64_t time_ns, double p);

/* What findings of the same detector, subject, peer and group have in common, made once: zeroed by the
 * detector, which keeps it while they stay the same. */
struct judge_known {
    uint64_t group, verdict; /* keys; 0: not made */
};

struct finding {
    const char *detector;
    int64_t time_ns;
    const struct party *subject, *peer;
    double score;           /* 0..100 */
    enum severity severity; /* SEVERITY_INFO: the detector's own from its rules file */
    const char *group; /* more than detector, subject and peer that keeps findings apart; NULL */
    json_t *facts;     /* taken */
    json_t *evidence;  /* taken; NULL or an array */
    /* Instead of both, for what is found a thousand times over: sets them, and is called only when the
     * finding is told. NULL: none. */
    void (*fill)(struct finding *finding, void *ctx);
    void *ctx;
    struct judge_known *known; /* NULL: not kept */
};
void judge_finding(struct judge *judge, struct finding *finding);

/* From the owner or the technician. */
void judge_feedback(struct judge *judge, int64_t time_ns, const struct feedback_view *view);
/* What is known from now on, in place of all told before: [{"detector": or a family, "subject": {"kind","id"}
 * or null: any, "peer": {"id"} or null: any, "until"}]. Such tests and findings are excused, and learned as
 * normal, until then by event time. Not saved: whoever told it tells it again after a start. */
void judge_exceptions(struct judge *judge, const json_t *list);
/* The share 0..1 at which a baseline may learn what belongs to (detector, subject, peer): 0 after an
 * alert on it, 1/2 when that stayed unanswered for 14 days, 1 without an alert or after `mine` or
 * `noise`, 0 after `useful`. `peer` as in the test or finding; may be NULL. */
double judge_learn_share(const struct judge *judge, const char *detector,
                         const struct party *subject, const struct party *peer, int64_t now_ns);

/* The score of what is being observed now, 0..100, from all its tests so far (for `pay --scores`):
 * begin before an observation is given to the detectors, read after. Comparable across a log. */
void judge_observation_begin(struct judge *judge);
double judge_observation_score(const struct judge *judge);

/* A score of its own for what is being observed, by a detector that has a model of it (pay.score): it
 * takes the place of the tests' one until the next begin, and stands with its reasons, the strongest
 * first, in the facts `risk` and `reasons` of the events that the observation gives. */
enum { JUDGE_REASONS = 3 };
struct judge_scored {
    double score; /* 0..100 */
    struct {
        const char *name; /* static; texts: words of the rules (texts.h) */
        double share;     /* of the score, 0..1 */
    } reason[JUDGE_REASONS];
    size_t count;
};
/* `why` is asked for the reasons where somebody wants them, with `ctx`, until the next begin. */
void judge_observation_tell(struct judge *judge, double score,
                            void (*why)(const void *ctx, struct judge_scored *out),
                            const void *ctx);
/* NULL: nobody told. Borrowed until the next begin. */
const struct judge_scored *judge_observation_told(struct judge *judge);

/* Rows of the judge itself (budget, open groups, recent subjects), as a detector's. */
void judge_save(struct judge *judge);
enum vg_err judge_load(struct judge *judge, struct slice key, uint16_t version,
                       struct slice blob) VG_MUST_CHECK;
#define JUDGE_STATE_NAME "judge"
