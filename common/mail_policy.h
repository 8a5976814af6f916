/* SPDX-License-Identifier: Apache-2.0 */
/* mail_policy: when the owner gets a mail. One for an incident; another in its thread when it grew
 * more severe, at most one an hour; so many a day, then one that says so and a summary a day later;
 * one summary for alerts that were old when they arrived. Pure: the caller keeps the state. */
#pragma once

#include "common/event.h"
#include "common/vtime.h"

#define MAIL_LATE_NS       (48 * VG_HOUR_NS) /* older than this when recorded: to the summary */
#define MAIL_UPDATE_GAP_NS VG_HOUR_NS
#define MAIL_DAY_NS        VG_DAY_NS
enum { MAIL_DAY_CAP = 10 };

/* What was mailed of one incident. */
struct mail_thread {
    unsigned mails; /* 0: none yet */
    enum severity told;
    int64_t last_ns;
};

/* What was mailed to one site in the last MAIL_DAY_NS. */
struct mail_day {
    unsigned mails;
    bool full_told;
};

enum mail_act {
    MAIL_ACT_NONE,
    MAIL_ACT_SEND,   /* the first mail of the incident */
    MAIL_ACT_UPDATE, /* another in its thread */
    MAIL_ACT_LATER,  /* an update, at *due_ns, unless it is overtaken */
    MAIL_ACT_FULL,   /* say that the day is full, and hold this one for the summary */
    MAIL_ACT_HOLD,   /* for the summary */
};
enum mail_act mail_policy(const struct mail_thread *thread, const struct mail_day *day,
                          enum severity severity, int64_t now_ns, int64_t *due_ns);

bool mail_policy_late(int64_t time_ns, int64_t recorded_ns);

/* How long to wait after a failed try: a minute, doubling to an hour. `attempts` from 1. */
int64_t mail_policy_backoff(unsigned attempts);
