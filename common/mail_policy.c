/* SPDX-License-Identifier: Apache-2.0 */
#include "common/mail_policy.h"

enum mail_act
mail_policy(const struct mail_thread *thread, const struct mail_day *day, enum severity severity,
            int64_t now_ns, int64_t *due_ns)
{
    if (severity == SEVERITY_INFO || (thread->mails > 0 && severity <= thread->told))
        return MAIL_ACT_NONE;
    if (day->mails >= MAIL_DAY_CAP)
        return day->full_told ? MAIL_ACT_HOLD : MAIL_ACT_FULL;
    if (thread->mails == 0)
        return MAIL_ACT_SEND;
    if (now_ns - thread->last_ns >= MAIL_UPDATE_GAP_NS)
        return MAIL_ACT_UPDATE;
    *due_ns = thread->last_ns + MAIL_UPDATE_GAP_NS;
    return MAIL_ACT_LATER;
}

bool
mail_policy_late(int64_t time_ns, int64_t recorded_ns)
{
    return recorded_ns - time_ns >= MAIL_LATE_NS;
}

int64_t
mail_policy_backoff(unsigned attempts)
{
    unsigned doublings = attempts < 1 ? 0 : attempts > 7 ? 6 : attempts - 1;
    int64_t wait = VG_MIN_NS << doublings;

    return wait < VG_HOUR_NS ? wait : VG_HOUR_NS;
}
