/* SPDX-License-Identifier: Apache-2.0 */
/* map: what a record holds under the profile's names, to transactions. E-mail addresses, payout
 * accounts and whatever identifies a card become keyed tokens here; whole card numbers have become
 * tokens before (card.h). Security codes and PINs are left out, whatever a profile asks for. */
#pragma once

#include "agent/pay/card.h"
#include "agent/pay/profile.h"

enum { MAP_TXNS_MAX = 1 + PROFILE_ALSO_MAX, MAP_TEXT_MAX = 200, MAP_ARENA_SIZE = 32 * 1024 };

struct mapper {
    const struct profile *profile;
    struct tokens *tokens;
    struct when_zone when, row_when;
    size_t row_zone;        /* which of the profile's zones row_when is, + 1 */
    int64_t latest_ns;      /* the newest time so far: which year a date without one is of */
    uint32_t dropped;       /* bits: formats of time that the file's dates rule out */
    bool secret[NAMES_MAX]; /* names whose values are never looked at (secret.h) */
    enum amount_style style;
    char currency[4]; /* where the log names none */
    char last_currency[4];
    unsigned last_decimals; /* of last_currency */
    struct str source;
    /* The last record's result, valid until the next one. */
    struct txn_view txn[MAP_TXNS_MAX];
    size_t count; /* 0: the record is none of ours */
    size_t used;
    char arena[MAP_ARENA_SIZE];
};

/* `currency` is the shop's. Texts and zone outlive the mapper. */
void mapper_init(struct mapper *m, const struct profile *profile, struct tokens *tokens,
                 const struct zone *zone, const char *currency, struct str source);

/* `clean` is the record that `hits` point into. VG_ERR_FORMAT: no transaction can be read from it. */
enum vg_err mapper_read(struct mapper *m, const struct values *values, struct slice clean,
                        const struct card_hits *hits, uint64_t line) VG_MUST_CHECK;
