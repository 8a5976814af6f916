/* SPDX-License-Identifier: Apache-2.0 */
/* pay.missing_sales: numbers are missing in a series that has no gaps: sales were deleted, or part of
 * a log was.
 *
 * Ids and order numbers that end in digits form series: by log, by what stands before the digits, and
 * with and without the terminal (a till may count for itself). A gap is held for WAIT_NS, in which late rows may
 * fill it. Then it is a test: its p is how often this series has gaps (with a prior: printers jam), so
 * that a shop whose abandoned orders take numbers hears nothing; gaps as long as this or longer count,
 * and the prior is one over the length (what tears a series harmlessly tears it by one or two: Zipf's
 * law). A number far back (a counter that starts anew each
 * day) begins the series again.
 *
 * Apart from numbers: a log that was written anew and lacks records that had stood in it (OBS_LOG, lost)
 * is a finding, until an export turns out to do that again and again. One that lacks them all began
 * anew: the first time somebody may have emptied it, after that it is rotated to where nobody looks. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/detect/codec.h"
#include "agent/detect/detectors.h"
#include "agent/detect/pay_frame.h"
#include "agent/detect/pay_keys.h"
#include "common/vtime.h"
#include "common/zone.h"

#define WAIT_NS (2 * VG_HOUR_NS)
/* A series in which fewer follow directly is none. */
#define DIRECT_SHARE 0.9
#define DIRECT_LEAST 200.0
#define GAPS_PRIOR   3.0
/* So many edited logs in that time are news; after that it is this shop's way. */
#define EDITS_NEWS        3.0
#define EDITS_MEMORY_NS   (30 * VG_DAY_NS)
#define EMPTIED_NEWS      1.0
#define EMPTIED_MEMORY_NS (180 * VG_DAY_NS)
/* Longer digits are times or random. */
#define DIGITS_MAX 12

enum { SIZES = 11, SERIES_MAX = 512, BACK_MAX = 200, MISSING_MAX = 1000 };
enum { SERIES_VERSION = 1, STATE_VERSION = 3 };

struct series {
    int64_t last;                      /* number */
    double steps, direct, gaps[SIZES]; /* gaps by the logarithm of their length */
    int64_t due_ns;                    /* of the gap that is held; 0: none */
    int64_t from, missing, before_ns, after_ns;
    uint32_t filled;
    bool by_terminal;
    char name[64], first[48]; /* whose it is; the id before the gap */
    char next[48];
};

struct missing {
    struct pay_frame frame; /* tables[0]: series */
    int64_t due_ns;         /* the earliest gap; INT64_MAX: none */
    /* Logs that lacked records, forgotten with EDITS_MEMORY_NS; that lacked all, with EMPTIED_MEMORY_NS. */
    double edited, emptied;
    int64_t edited_ns;
};

/* ---- gaps ---- */

static unsigned
size_of(int64_t missing)
{
    unsigned size = 0;

    for (; missing > 1 && size < SIZES - 1; missing /= 2)
        size++;
    return size;
}

static double
gaps_from(const struct series *s, unsigned size)
{
    double gaps = 0;

    for (; size < SIZES; size++)
        gaps += s->gaps[size];
    return gaps;
}

static double
p_of(const struct series *s)
{
    int64_t missing = s->missing - s->filled;
    double p = (gaps_from(s, size_of(missing)) + GAPS_PRIOR / (double)missing) / (s->steps + 1);

    return p < 1 ? p : 1;
}

static const char *
phrase(const struct missing *m, const char *sign, const char *what)
{
    char key[32];

    (void)snprintf(key, sizeof key, "%s_%s", sign, what);
    return vg_json_str(m->frame.settings, key, "-");
}

/* `sign`: "gap" or "edited", whose phrases the settings have. Takes before and after. */
static json_t *
facts_of(const struct missing *m, const char *sign, uint64_t missing, json_t *before, json_t *after,
         int64_t apart_ns, uint64_t numbers, double gaps)
{
    return json_pack("{s:I, s:o, s:o, s:I, s:I, s:I, s:s, s:s, s:s, s:s}", "missing",
                     (json_int_t)missing, "before", before, "after", after, "seconds",
                     (json_int_t)(apart_ns / VG_SEC_NS), "numbers", (json_int_t)numbers, "gaps",
                     (json_int_t)gaps, "lack_es", phrase(m, sign, "lack_es"), "lack_en",
                     phrase(m, sign, "lack_en"), "past_es", phrase(m, sign, "past_es"), "past_en",
                     phrase(m, sign, "past_en"));
}

static void
speak(struct missing *m, struct series *s)
{
    struct party subject;
    struct test test = {
        .detector = "pay.missing_sales", .time_ns = s->due_ns, .subject = &subject, .p = p_of(s)};

    party_set(&subject, s->by_terminal ? "terminal" : "log", s->name, NULL);
    if (judge_wants(m->frame.judge, test.p))
        test.facts = facts_of(m, "gap", (uint64_t)(s->missing - s->filled),
                              pay_text(str_of(s->first)), pay_text(str_of(s->next)),
                              s->after_ns - s->before_ns, (uint64_t)s->steps, gaps_from(s, 0));
    judge_test(m->frame.judge, &test);
}

static void
settle(struct missing *m, struct series *s)
{
    if (s->missing > s->filled) {
        if (s->steps >= DIRECT_LEAST && s->direct >= DIRECT_SHARE * s->steps &&
            pay_frame_learned(&m->frame))
            speak(m, s);
        s->gaps[size_of(s->missing - s->filled)] += 1;
    }
    s->due_ns = 0;
}

static void
release(struct missing *m, int64_t now_ns)
{
    uint64_t keys[SERIES_MAX];
    size_t count;

    if (now_ns < m->due_ns)
        return;
    m->due_ns = INT64_MAX;
    count = keytab_keys(m->frame.tables[0], keys, SERIES_MAX);
    for (size_t i = 0; i < count; i++) {
        const struct series *seen = keytab_find(m->frame.tables[0], keys[i]);
        struct series *s;

        if (seen == NULL || seen->due_ns == 0)
            continue;
        if (seen->due_ns > now_ns) {
            m->due_ns = seen->due_ns < m->due_ns ? seen->due_ns : m->due_ns;
            continue;
        }
        s = keytab_change(m->frame.tables[0], keys[i]);
        settle(m, s);
    }
}

/* ---- edited logs ---- */

/* In the shop's zone. */
static json_t *
clock_text(const struct missing *m, int64_t t_ns)
{
    struct zone_local at;
    char text[48];

    zone_to_local(m->frame.zone, t_ns, &at);
    (void)snprintf(text, sizeof text, "%04d-%02d-%02d %02d:%02d", (int)at.year, (int)at.month,
                   (int)at.day, (int)at.hour, (int)at.min);
    return json_string(text);
}

static void
edited(struct missing *m, const struct log_view *v, int64_t now_ns)
{
    struct party subject;
    struct finding finding = {.detector = "pay.missing_sales",
                              .time_ns = now_ns,
                              .subject = &subject,
                              .score = 75,
                              .group = "edited"};

    bool all = v->lost >= v->held;

    if (now_ns > m->edited_ns) {
        m->edited *= exp(-(double)(now_ns - m->edited_ns) / (double)EDITS_MEMORY_NS);
        m->emptied *= exp(-(double)(now_ns - m->edited_ns) / (double)EMPTIED_MEMORY_NS);
        m->edited_ns = now_ns;
    }
    m->edited += all ? 0 : 1;
    m->emptied += all ? 1 : 0;
    if (all ? m->emptied > EMPTIED_NEWS : m->edited > EDITS_NEWS)
        return;
    if (!pay_party(&subject, "log", v->source, NULL))
        party_set(&subject, "log", "-", NULL);
    finding.facts =
        facts_of(m, "edited", v->lost, clock_text(m, v->first_ns), clock_text(m, v->last_ns),
                 v->last_ns - v->first_ns, v->held, (all ? m->emptied : m->edited) - 1);
    judge_finding(m->frame.judge, &finding);
}

/* ---- numbers ---- */

/* An id or order number, and the key of its log's series without the place: of what stands before the
 * digits that it ends in. */
struct number {
    struct str text;
    int64_t n; /* -1: none */
    uint64_t series;
};

static struct number
number_of(struct str text, uint64_t log)
{
    struct slice s = slice_of(text.at, text.len);
    int64_t n = 0;
    size_t digits = 0, start = 0, at = 0;
    uint8_t b;

    while (s.left > 0) {
        b = slice_u8(&s);
        at++;
        if (b < '0' || b > '9') {
            digits = 0;
            n = 0;
            start = at;
        } else if (++digits <= DIGITS_MAX) {
            n = n * 10 + (b - '0');
        }
    }
    if (digits == 0 || digits > DIGITS_MAX)
        return (struct number){text, -1, 0};
    return (struct number){text, n, log * 31 + pay_key("head", str_n(text.at, start))};
}

static void
jump(struct missing *m, struct series *s, const struct txn_view *t, struct str id, int64_t n)
{
    int64_t missing = n - s->last - 1;

    s->steps += 1;
    if (s->due_ns != 0)
        settle(m, s);
    if (missing > MISSING_MAX) /* another series, or the counter was set */
        return;
    s->due_ns = t->time_ns + WAIT_NS;
    if (s->due_ns < m->due_ns)
        m->due_ns = s->due_ns;
    s->from = s->last + 1;
    s->missing = missing;
    s->filled = 0;
    s->after_ns = t->time_ns;
    pay_frame_copy(s->next, sizeof s->next, id);
}

static void
see(struct missing *m, const struct txn_view *t, const struct number *number, uint64_t place)
{
    int64_t n = number->n, apart;
    struct series *s;
    bool fresh;

    if (n < 0)
        return;
    s = keytab_touch(m->frame.tables[0], number->series + place * UINT64_C(0x9e3779b97f4a7c15),
                     &fresh);
    if (s == NULL)
        return;
    if (fresh) {
        s->by_terminal = place != 0;
        pay_frame_copy(s->name, sizeof s->name, place != 0 ? t->terminal : t->source);
        s->last = n - 1;
    }
    apart = n - s->last;
    if (apart == 0)
        return;
    if (apart < 0 && apart > -BACK_MAX) {
        if (s->due_ns != 0 && n >= s->from && n < s->from + s->missing)
            s->filled++;
        if (n > 2)
            return; /* late */
    }
    if (apart == 1) {
        s->steps += 1;
        s->direct += 1;
    } else if (apart > 1) {
        jump(m, s, t, number->text, n);
    }
    s->last = n;
    if (s->due_ns == 0 || apart < 0) {
        s->before_ns = t->time_ns;
        pay_frame_copy(s->first, sizeof s->first, number->text);
    }
}

static void
see_numbers(struct missing *m, const struct txn_view *t, const struct pay_keys *keys)
{
    struct number id = number_of(t->id, pay_key_of("id", keys->source)), order;

    see(m, t, &id, 0);
    if (keys->terminal != 0)
        see(m, t, &id, pay_key_of("place", keys->terminal));
    if (keys->key[KEY_SALE_ORDER] == 0)
        return;
    order = number_of(t->order, pay_key_of("order", keys->source));
    see(m, t, &order, 0);
}

static void
missing_observe(void *self, const struct obs *obs)
{
    struct missing *m = self;
    const struct txn_view *t = obs->kind == OBS_TXN ? obs->txn : NULL;

    pay_frame_time(&m->frame, obs->time_ns);
    release(m, obs->time_ns);
    if (t == NULL) {
        if (obs->kind == OBS_LOG && obs->log->lost > 0)
            edited(m, obs->log, obs->time_ns);
        return;
    }
    if (t->kind == TXN_LOGIN || t->kind == TXN_SETTINGS || t->kind == TXN_PAYOUT ||
        t->kind == TXN_CHARGEBACK)
        return;
    see_numbers(m, t, obs->keys);
}

/* ---- state ---- */

static void
series_put(const void *cell, struct buf *out)
{
    const struct series *s = cell;

    codec_put_i64(out, s->last);
    codec_put_f64(out, s->steps);
    codec_put_f64(out, s->direct);
    for (unsigned i = 0; i < SIZES; i++)
        codec_put_f64(out, s->gaps[i]);
    codec_put_i64(out, s->due_ns);
    codec_put_i64(out, s->from);
    codec_put_i64(out, s->missing);
    codec_put_i64(out, s->before_ns);
    codec_put_i64(out, s->after_ns);
    buf_put_be32(out, s->filled);
    buf_put_u8(out, s->by_terminal);
    pay_frame_put_text(s->name, out);
    pay_frame_put_text(s->first, out);
    pay_frame_put_text(s->next, out);
}

static void
series_get(void *cell, struct slice *in)
{
    struct series *s = cell;

    s->last = codec_amount(in);
    s->steps = codec_f64(in);
    s->direct = codec_f64(in);
    for (unsigned i = 0; i < SIZES; i++)
        s->gaps[i] = codec_f64(in);
    s->due_ns = codec_time(in);
    s->from = codec_amount(in);
    s->missing = codec_amount(in);
    s->before_ns = codec_time(in);
    s->after_ns = codec_time(in);
    s->filled = slice_be32(in);
    s->by_terminal = slice_u8(in) != 0;
    pay_frame_get_text(s->name, sizeof s->name, in);
    pay_frame_get_text(s->first, sizeof s->first, in);
    pay_frame_get_text(s->next, sizeof s->next, in);
    if (s->steps < 0)
        in->bad = true;
}

static void
missing_put(const void *self, struct buf *out)
{
    const struct missing *m = self;

    codec_put_i64(out, m->due_ns);
    codec_put_f64(out, m->edited);
    codec_put_f64(out, m->emptied);
    codec_put_i64(out, m->edited_ns);
}

static void
missing_get(void *self, struct slice *in)
{
    struct missing *m = self;

    m->due_ns = codec_i64(in);
    m->edited = codec_f64(in);
    m->emptied = codec_f64(in);
    m->edited_ns = codec_time(in);
}

static enum vg_err
missing_make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    static const struct keytab_options series = {.cell_bytes = sizeof(struct series),
                                                 .cells_max = SERIES_MAX,
                                                 .row_bits = 4,
                                                 .name = 's',
                                                 .version = SERIES_VERSION,
                                                 .put = series_put,
                                                 .get = series_get};
    struct missing *m = calloc(1, sizeof *m);
    enum vg_err err;

    if (m == NULL)
        return VG_ERR_NOMEM;
    m->due_ns = INT64_MAX;
    m->frame.version = STATE_VERSION;
    m->frame.put = missing_put;
    m->frame.get = missing_get;
    err = pay_frame_init(&m->frame, env, 14, why);
    if (err == VG_OK)
        err = keytab_new(&series, &m->frame.tables[0]);
    if (err != VG_OK) {
        pay_frame_free(m);
        return err;
    }
    *self = m;
    return VG_OK;
}

const struct detector PAY_MISSING_SALES = {
    .name = "pay.missing_sales",
    .sensor = "pay",
    .kinds = UINT32_C(1) << OBS_TXN | UINT32_C(1) << OBS_LOG,
    .make = missing_make,
    .observe = missing_observe,
    .save = pay_frame_save,
    .load = pay_frame_load,
    .free = pay_frame_free,
    .health = pay_frame_health,
};
