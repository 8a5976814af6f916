/* SPDX-License-Identifier: Apache-2.0 */
/* map_inside: inside map: map_text.c makes texts fit to be kept, map.c makes transactions of them. */
#pragma once

#include "agent/pay/map.h"

/* One record on its way. */
struct record {
    struct mapper *m;
    const struct values *values;
    struct slice clean;
    const struct card_hits *hits;
};

/* ---- map_text.c ---- */

/* From the record's arena; NULL when it is full. */
char *map_arena(struct mapper *m, size_t n);
/* Cut to MAP_TEXT_MAX at a border between characters. */
struct slice map_cut(struct slice s);
enum vg_err map_token(struct mapper *m, enum token_kind kind, struct slice value,
                      struct str *out) VG_MUST_CHECK;
/* The value without the bytes that `drop` names (no letters or digits), in lower case. */
struct slice map_lowered(struct mapper *m, struct slice value, const char *drop);
/* The token of an address, its shape and the token of the mailbox behind it (obs.h, mail_shape,
 * mailbox; both NULL: not wanted), "" of what is none. */
enum vg_err map_mail(struct mapper *m, struct slice value, struct str *token, struct str *shape,
                     struct str *mailbox) VG_MUST_CHECK;
/* Whether a customer is told by a person's name rather than by a number: words without a digit. */
bool map_is_name(struct str customer);
enum vg_err map_name(struct mapper *m, struct slice value, struct str *out) VG_MUST_CHECK;
/* Any other text: borrowed as it stands, unless an address is in it. */
enum vg_err map_plain(struct mapper *m, struct slice value, struct str *out) VG_MUST_CHECK;
void map_digits(char *to, struct slice from, size_t n);
/* First six and last four digits of a number that is written in part: 411111XXXXXX1111. */
void map_masked(struct slice value, struct txn_view *t);
enum vg_err map_card(const struct record *r, struct slice value, struct txn_view *t) VG_MUST_CHECK;
