/* SPDX-License-Identifier: Apache-2.0 */
/* pay_cases: the latest payments as they were scored, until their labels come.
 *
 * A ring of PAY_CASES_MAX, the oldest goes when it is full; found by key through an index of small
 * buckets, each of which keeps its newest (PAY_CASES_BUCKET; more than that have to share one before
 * anything is lost, counted). A key that comes again means the newer one. Memory grows by pieces with
 * use, at most about 12 MiB. Rows of PAY_CASES_ROW neighbours. Owner: pay.score. */
#pragma once

#include "agent/detect/detector.h"
#include "agent/detect/pay_run.h"

enum { PAY_CASES_MAX = 98304, PAY_CASES_ROW = 64, PAY_CASES_BUCKET = 8 };
enum { PAY_CASE_PARTIES = 3, PAY_CASE_CAUSES = 3 + PAY_CASE_PARTIES, PAY_CASE_FACETS = 8 };

struct pay_case {
    uint64_t key; /* 0: none */
    int64_t time_ns;
    uint64_t card, party[PAY_CASE_PARTIES]; /* keys; 0: none */
    double amount;                          /* minor units */
    float evidence;                         /* pay_holder_see() */
    float p[PAY_CASE_CAUSES];
    float at_habit, at_large; /* places on the curves */
    struct pay_run_place place[PAY_CASE_PARTIES];
    uint8_t facet[PAY_CASE_FACETS];
    uint8_t money;    /* index of its currency */
    bool has_amount;  /* and it is a sale's: only then is there a currency */
    uint8_t labelled; /* enum pay_case_label */
};
enum pay_case_label { PAY_CASE_UNLABELLED, PAY_CASE_GENUINE, PAY_CASE_FRAUD };

struct pay_cases;

enum vg_err pay_cases_new(struct pay_cases **out) VG_MUST_CHECK;
void pay_cases_free(struct pay_cases *cases);

/* Says that this key will be kept soon: lets the index be fetched meanwhile. */
void pay_cases_expect(const void *cases, uint64_t key);
/* A copy of the case is kept under its key, which is not 0; the copy, borrowed until the next call, or
 * NULL without memory. */
struct pay_case *pay_cases_keep(struct pay_cases *cases, const struct pay_case *c);
/* To be changed; NULL when unknown. Borrowed until the next call. */
struct pay_case *pay_cases_change(struct pay_cases *cases, uint64_t key);
size_t pay_cases_count(const struct pay_cases *cases);
uint64_t pay_cases_lost(const struct pay_cases *cases); /* oldest that went */

/* Rows whose keys begin with this letter; the rest as for a keytab. */
#define PAY_CASES_NAME 'x'
void pay_cases_save(struct pay_cases *cases, struct state_out *out, uint16_t version);
enum vg_err pay_cases_load(struct pay_cases *cases, struct slice key,
                           struct slice blob) VG_MUST_CHECK;
