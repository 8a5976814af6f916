/* SPDX-License-Identifier: Apache-2.0 */
/* pay.benford: the figure of each month: how the first digits of the amounts fall against Benford's
 * law, for those who audit. An `info` event, never an alert: prices of a shop need not follow the law.
 *
 * Approved sales of the shop's currency, month by local days; a month with fewer than LEAST of them has
 * no figure. The distance is the mean absolute deviation (Nigrini 2012: over 0.015 is nonconformity),
 * told beside that of the month before. */
#include <math.h>
#include <stdlib.h>

#include "agent/detect/codec.h"
#include "agent/detect/detectors.h"
#include "agent/detect/pay_frame.h"
#include "common/vtime.h"
#include "common/zone.h"

enum { DIGITS = 9, LEAST = 1000, STATE_VERSION = 1 };

struct benford {
    struct pay_frame frame; /* no tables */
    uint64_t counts[DIGITS], total;
    double before; /* the distance of the month before; -1: none */
    int64_t until_ns;
};

static void
end_month(struct benford *b, int64_t now_ns)
{
    struct party subject;
    struct finding f = {
        .detector = "pay.benford", .time_ns = now_ns, .subject = &subject, .score = 10};
    double distance = 0, most = 0;
    int digit = 1;

    for (int i = 0; i < DIGITS; i++) {
        double off = (double)b->counts[i] / (double)b->total - log10(1 + 1.0 / (i + 1));

        distance += fabs(off) / DIGITS;
        if (fabs(off) > fabs(most)) {
            most = off;
            digit = i + 1;
        }
    }
    party_set(&subject, "log", "payments", NULL);
    f.facts =
        json_pack("{s:I, s:f, s:f, s:I, s:f, s:f}", "amounts", (json_int_t)b->total, "distance",
                  round(1e4 * distance) / 1e4, "before", round(1e4 * b->before) / 1e4, "digit",
                  (json_int_t)digit, "digit_share", (double)b->counts[digit - 1] / (double)b->total,
                  "law_share", log10(1 + 1.0 / digit));
    judge_finding(b->frame.judge, &f);
    b->before = distance;
}

static void
turn(struct benford *b, int64_t now_ns)
{
    struct zone_local at;

    if (now_ns < b->until_ns)
        return;
    if (b->until_ns != 0 && b->total > LEAST)
        end_month(b, now_ns);
    for (int i = 0; i < DIGITS; i++)
        b->counts[i] = 0;
    b->total = 0;
    zone_to_local(b->frame.zone, now_ns, &at);
    b->until_ns = zone_from_local(b->frame.zone, at.month == 12 ? at.year + 1 : at.year,
                                  at.month == 12 ? 1 : at.month + 1, 1, 0, 0, 0);
}

static void
benford_observe(void *self, const struct obs *obs)
{
    struct benford *b = self;
    const struct txn_view *t = obs->txn;
    int64_t x;

    pay_frame_time(&b->frame, obs->time_ns);
    turn(b, obs->time_ns);
    if (t->kind != TXN_SALE || t->outcome != TXN_APPROVED || !t->has_amount || t->amount <= 0 ||
        (t->currency[0] != '\0' && b->frame.currency[0] != '\0' &&
         !str_eq(str_of(t->currency), str_of(b->frame.currency))))
        return;
    for (x = t->amount; x > DIGITS; x /= 10)
        continue;
    b->counts[x - 1]++;
    b->total++;
}

static void
benford_put(const void *self, struct buf *out)
{
    const struct benford *b = self;

    for (int i = 0; i < DIGITS; i++)
        buf_put_be64(out, b->counts[i]);
    codec_put_f64(out, b->before);
    codec_put_i64(out, b->until_ns);
}

static void
benford_get(void *self, struct slice *in)
{
    struct benford *b = self;

    b->total = 0;
    for (int i = 0; i < DIGITS; i++) {
        b->counts[i] = slice_be64(in);
        b->total += b->counts[i];
    }
    b->before = codec_f64(in);
    b->until_ns = codec_time(in);
}

static enum vg_err
benford_make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    struct benford *b = calloc(1, sizeof *b);
    enum vg_err err;

    if (b == NULL)
        return VG_ERR_NOMEM;
    b->before = -1;
    b->frame.version = STATE_VERSION;
    b->frame.put = benford_put;
    b->frame.get = benford_get;
    err = pay_frame_init(&b->frame, env, 0, why);
    if (err != VG_OK) {
        pay_frame_free(b);
        return err;
    }
    *self = b;
    return VG_OK;
}

const struct detector PAY_BENFORD = {
    .name = "pay.benford",
    .sensor = "pay",
    .kinds = UINT32_C(1) << OBS_TXN,
    .make = benford_make,
    .observe = benford_observe,
    .save = pay_frame_save,
    .load = pay_frame_load,
    .free = pay_frame_free,
};
