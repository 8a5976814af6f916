/* SPDX-License-Identifier: Apache-2.0 */
/* mail_words: the fixed words of a mail to the owner, in each language; inner part of mail_alert. */
#pragma once

#include "common/texts.h"

struct mail_words {
    const char *code;
    const char *severity[5], *urgency[5];
    const char *what, *why, *now, *call, *call_unknown, *worse, *details, *footer;
    const char *times, *seen_by, *first, *last, *about, *with, *detector, *incident, *evidence,
        *dashboard, *attack;
    const char *late_title, *late_why, *cap_title, *cap_why, *full_title, *full_why, *more, *list;
};

/* Static. Anything that is not Spanish is English. */
const struct mail_words *mail_words_of(const struct text_view *view);
