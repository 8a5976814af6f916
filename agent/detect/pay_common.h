/* SPDX-License-Identifier: Apache-2.0 */
/* pay_common: what the payment detectors share: who a transaction is about, its evidence, settings,
 * and the small distributions that counts are held against. */
#pragma once

#include "agent/detect/detector.h"

/* A stored hash of a text under a role, so that one text in two roles makes two keys. 0 for "". */
uint64_t pay_key(const char *role, struct str text);
/* The same in two steps, for a text in several roles: its hash, 0 for "". */
uint64_t pay_text_hash(struct str text);
uint64_t pay_key_of(const char *role, uint64_t text_hash);

/* kind is a party kind; a keyed token without a label gets its first letters as one. False where `id`
 * is empty. */
bool pay_party(struct party *out, const char *kind, struct str id, const char *label);
/* The card, else the customer, else the terminal, else the log. */
void pay_party_of(struct party *out, const struct txn_view *t);
void pay_party_card(struct party *out, const struct txn_view *t);

/* The transaction as one element of evidence: never a card number. New reference. */
json_t *pay_evidence(const struct txn_view *t);
/* Text for facts: UTF-8, or with '?' for what is not and for NUL, which no reader of JSON takes: an
 * event that holds one would be refused. "-" where empty. New reference. */
json_t *pay_text(struct str text);

/* A number from the settings; VG_ERR_CONFIG with `why` where it is not one within min..max. */
enum vg_err pay_setting(const json_t *settings, const char *name, double otherwise, double min,
                        double max, double *out, char why[DETECT_WHY_MAX]) VG_MUST_CHECK;

/* Upper tail P(X >= k) of a negative binomial with this mean and size (gamma-mixed Poisson: a small
 * size is a long tail). k may be fractional (forgotten counts). In (0, 1]. */
double pay_count_p(double k, double mean, double size);
