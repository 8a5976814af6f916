/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/pay_common.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "agent/detect/beta.h"
#include "common/vtime.h"

/* With a mean of so many sizes 400 terms hold the tail to twelve digits. */
#define SUM_MEAN 10.0

uint64_t
pay_text_hash(struct str text)
{
    uint64_t h = text.len > 0 ? str_hash(&STR_HASH_STORED, text.at, text.len) : 0;

    return h != 0 || text.len == 0 ? h : 1;
}

uint64_t
pay_key_of(const char *role, uint64_t h)
{
    if (h == 0)
        return 0;
    for (; *role != '\0'; role++) /* roles are ours: a plain mixture keeps them apart */
        h = (h ^ (uint8_t)*role) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 29;
}

uint64_t
pay_key(const char *role, struct str text)
{
    return pay_key_of(role, pay_text_hash(text));
}

/* Of "name_abcdef..." what people can tell apart at a glance: "name abcd…". False for plain ids. */
static bool
token_label(const char *id, char out[16])
{
    static const char *const kinds[] = {"name_", "mail_", "acct_", "card_"};

    for (size_t i = 0; i < VG_ARRAY_LEN(kinds); i++)
        if (strncmp(id, kinds[i], 5) == 0 && strspn(id + 5, "abcdefghijklmnop") == 32 &&
            id[37] == '\0') {
            (void)snprintf(out, 16, "%.4s %.4s…", id, id + 5);
            return true;
        }
    return false;
}

bool
pay_party(struct party *out, const char *kind, struct str id, const char *label)
{
    char text[PARTY_ID_MAX], label_own[16];
    size_t n = id.len < sizeof text - 1 ? id.len : sizeof text - 1;

    if (id.len == 0)
        return false;
    memcpy(text, id.at, n);
    text[n] = '\0';
    if (label == NULL && token_label(text, label_own))
        label = label_own;
    party_set(out, kind, text, label);
    return true;
}

void
pay_party_card(struct party *out, const struct txn_view *t)
{
    char label[32];

    (void)snprintf(label, sizeof label, "•••• %.4s", t->last4);
    if (!pay_party(out, "card", t->card, t->last4[0] != '\0' ? label : NULL))
        party_set(out, "card", "-", NULL);
}

void
pay_party_of(struct party *out, const struct txn_view *t)
{
    if (t->card.len > 0)
        pay_party_card(out, t);
    else if (!pay_party(out, "customer", t->customer, NULL) &&
             !pay_party(out, "terminal", t->terminal, NULL) &&
             !pay_party(out, "log", t->source, NULL))
        party_set(out, "log", "-", NULL);
}

json_t *
pay_text(struct str text)
{
    char plain[256];
    size_t n = text.len < sizeof plain ? text.len : sizeof plain;
    json_t *v = NULL;

    if (text.len == 0)
        return json_string("-");
    if (text.len <= sizeof plain && memchr(text.at, '\0', text.len) == NULL)
        v = json_stringn(text.at, text.len);
    if (v != NULL)
        return v;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text.at[i];

        plain[i] = (char)(c > 0 && c < 0x80 ? c : '?');
    }
    return json_stringn(plain, n);
}

static void
put_text(json_t *o, const char *key, struct str text)
{
    if (text.len > 0)
        (void)json_object_set_new(o, key, pay_text(text));
}

json_t *
pay_evidence(const struct txn_view *t)
{
    char time[VTIME_TEXT_MAX];
    json_t *o = json_object();

    (void)json_object_set_new(o, "type", json_string("transaction"));
    (void)json_object_set_new(o, "time", json_string(vtime_format(t->time_ns, time)));
    put_text(o, "id", t->id);
    (void)json_object_set_new(o, "kind", json_string(txn_kind_name(t->kind)));
    (void)json_object_set_new(o, "outcome", json_string(txn_outcome_name(t->outcome)));
    put_text(o, "reason", t->reason);
    if (t->has_amount)
        (void)json_object_set_new(o, "amount", json_integer(t->amount));
    put_text(o, "currency", str_of(t->currency));
    put_text(o, "card", t->card);
    put_text(o, "last4", str_of(t->last4));
    put_text(o, "customer", t->customer);
    put_text(o, "ip", t->ip);
    put_text(o, "terminal", t->terminal);
    put_text(o, "employee", t->employee);
    put_text(o, "order", t->order);
    put_text(o, "original", t->original);
    put_text(o, "source", t->source);
    if (t->line > 0)
        (void)json_object_set_new(o, "line", json_integer((json_int_t)t->line));
    return o;
}

enum vg_err
pay_setting(const json_t *settings, const char *name, double otherwise, double min, double max,
            double *out, char why[DETECT_WHY_MAX])
{
    const json_t *v = json_object_get(settings, name);
    double x = v != NULL ? json_number_value(v) : otherwise;

    if ((v != NULL && !json_is_number(v)) || x < min || x > max) {
        (void)snprintf(why, DETECT_WHY_MAX, "settings.%s: write a number from %g to %g", name, min,
                       max);
        return VG_ERR_CONFIG;
    }
    *out = x;
    return VG_OK;
}

/* A short tail is summed from its first term on: terms fall at least geometrically beyond the mean. A
 * long one (SUM_MEAN and more means a size) would take too many; it is an incomplete beta function.
 * Fractional k goes between its neighbours. */
static double
tail_whole(double k, double mean, double size)
{
    double q = mean / (mean + size), term, sum = 0;

    if (k <= 0)
        return 1;
    if (mean > SUM_MEAN * size)
        sum = beta_lower(k, size, q);
    else {
        term = exp(lgamma(k + size) - lgamma(size) - lgamma(k + 1) + size * log1p(-q) + k * log(q));
        for (int i = 0; i < 400 && term > sum * 1e-12; i++) {
            sum += term;
            term *= (k + i + size) / (k + i + 1) * q;
        }
    }
    return sum < 1 ? (sum > 1e-300 ? sum : 1e-300) : 1;
}

double
pay_count_p(double k, double mean, double size)
{
    double low = floor(k), part = k - low, a, b;

    if (k <= mean || mean <= 0)
        return 1;
    a = tail_whole(low, mean, size);
    if (part <= 0)
        return a;
    b = tail_whole(low + 1, mean, size);
    return exp((1 - part) * log(a) + part * log(b));
}
