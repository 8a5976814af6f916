/* SPDX-License-Identifier: Apache-2.0 */
/* search: what a person typed into the search box, taken apart. Pure.
 *
 *   caja spoof            both words, anywhere; the beginning of a word is enough
 *   "tacos centro"        these words in this order
 *   -router               without it
 *   detector:net.scan     in one place alone: detector, device, peer, site, tenant, fact, note
 *   severity:high         that one and graver
 *   state:open            or resolved, or a state's own word
 *   assignee:ana          or me, none
 *   after:2026-11-01  before:2026-12-01     days of the reader's zone
 *
 * Field names and their values are also understood in Spanish. Whatever is typed means something: an
 * unknown field is text, what is over the limits is left out. */
#pragma once

#include "common/event.h"
#include "common/zone.h"

enum { SEARCH_WORDS_MAX = 16, SEARCH_TEXT_MAX = 256 };

enum search_field {
    SEARCH_ANYWHERE,
    SEARCH_DEVICE,
    SEARCH_PEER,
    SEARCH_DETECTOR,
    SEARCH_SITE,
    SEARCH_TENANT,
    SEARCH_FACT,
    SEARCH_NOTE,
    SEARCH_SEVERITY, /* text: severity_name() */
    SEARCH_STATE,    /* text: "open", "resolved" or a state */
    SEARCH_ASSIGNEE, /* text: "me", "none" or a name */
};

struct search_word {
    enum search_field field;
    bool without;     /* must not be there */
    bool whole;       /* quoted: no mere beginnings */
    const char *text; /* in search.text; has a letter or digit */
};

struct search {
    struct search_word word[SEARCH_WORDS_MAX];
    size_t count;
    int64_t after_ns, before_ns; /* [after, before); 0 and INT64_MAX: any time */
    bool has_state;
    char text[2 * SEARCH_TEXT_MAX];
};

/* Words point into *out: it must not be copied. */
void search_parse(const char *typed, const struct zone *zone, struct search *out);
