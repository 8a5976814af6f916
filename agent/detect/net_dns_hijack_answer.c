/* SPDX-License-Identifier: Apache-2.0 */
/* What net.dns_hijack says of answers, and of the page that sells mistyped names. */
#include "agent/detect/net_dns_hijack_private.h"

#include <stdlib.h>
#include <string.h>

#include "agent/detect/domain.h"
#include "agent/detect/net_common.h"
#include "common/vtime.h"

#define SEARCH_NS (20 * VG_SEC_NS)

enum name_kind { NAME_GOOGLE = 1, NAME_META = 2, NAME_OTHER = 4 };
enum { MADE_UP_MIN = 2, MADE_UP_LEN = 10 };

/* ---- names ---- */

bool
hijack_name_in(const json_t *list, struct str name)
{
    size_t i;
    json_t *entry;

    json_array_foreach(list, i, entry)
    {
        if (domain_under(name, str_of(json_string_value(entry))))
            return true;
    }
    return false;
}

/* A name that nobody would choose: its longest own label is long, and digits and letters mix or
 * consonants follow each other without end. */
static bool
made_up(struct str name)
{
    struct str domain = domain_registered(name);
    unsigned changes = 0, run = 0, longest = 0, vowels = 0, letters = 0;
    size_t n = 0;
    int last = 0;

    for (; n < domain.len && domain.at[n] != '.'; n++) {
        int c = domain.at[n] | 0x20, kind = c >= '0' && c <= '9' ? 1 : c >= 'a' && c <= 'z' ? 2 : 0;

        if (kind == 0)
            return false; /* words with a hyphen, other alphabets */
        changes += last != 0 && kind != last;
        last = kind;
        letters += kind == 2;
        if (kind == 2 && strchr("aeiouy", c) != NULL) {
            vowels++;
            run = 0;
        } else if (kind == 2 && ++run > longest) {
            longest = run;
        }
    }
    return n >= MADE_UP_LEN &&
           (changes >= 4 || longest >= 6 || (letters >= 10 && vowels * 8 < letters));
}

static enum name_kind
kind_of(struct str domain)
{
    static const char *const google[] = {"google.com", "youtube.com", "gstatic.com",
                                         "googleapis.com", "google.com.mx"},
                             *const meta[] = {"facebook.com", "instagram.com", "whatsapp.net",
                                              "whatsapp.com", "fbcdn.net"};

    for (size_t i = 0; i < VG_ARRAY_LEN(google); i++) {
        if (str_eq_nocase(domain, str_of(google[i])))
            return NAME_GOOGLE;
    }
    for (size_t i = 0; i < VG_ARRAY_LEN(meta); i++) {
        if (str_eq_nocase(domain, str_of(meta[i])))
            return NAME_META;
    }
    return NAME_OTHER;
}

/* ---- answers ---- */

static bool
knows_domain(const struct address *a, uint32_t hash)
{
    for (size_t i = 0; i < a->domains; i++) {
        if (a->domain[i] == hash)
            return true;
    }
    return false;
}

/* What else this address was the answer to. The style, or NULL. */
static const char *
same_answer(struct hijack *h, const struct dns_view *d, const struct net_addr *with, bool odd,
            int64_t now_ns)
{
    struct str domain = domain_registered(d->query);
    uint32_t hash = (uint32_t)domain_hash(domain);
    struct address *a = keytab_touch(h->addresses, hijack_hash(with), NULL);
    const char *style = NULL;

    if (a == NULL)
        return NULL;
    if (a->from_ns == 0 || llabs(now_ns - a->from_ns) > VG_DAY_NS)
        *a = (struct address){.from_ns = now_ns, .told_ns = a->told_ns};
    if (knows_domain(a, hash))
        return NULL;
    if (a->domains < DOMAINS_MAX)
        a->domain[a->domains++] = hash;
    a->kinds = (uint8_t)(a->kinds | kind_of(domain));
    if (odd && a->made_up < UINT8_MAX)
        a->made_up++;
    if (net_addr_is_local(with) && a->domains >= 3)
        style = "private";
    else if ((a->kinds & NAME_GOOGLE) != 0 && (a->kinds & NAME_META) != 0)
        style = "one_for_all";
    else if (a->made_up >= MADE_UP_MIN && a->made_up * 2 >= a->domains)
        style = "one_for_all";
    if (style == NULL || (a->told_ns != 0 && llabs(now_ns - a->told_ns) < VG_DAY_NS))
        return NULL;
    a->told_ns = now_ns;
    return style;
}

/* 0.0.0.0 and 127.0.0.0/8 are what blockers of advertisements answer. */
static bool
says_nowhere(const struct net_addr *a)
{
    static const struct net_addr loop6 = {6, {[15] = 1}};

    return net_addr_is_group(a) || (a->family == 4 && (a->bytes[0] == 127 || a->bytes[0] == 0)) ||
           net_addr_eq(a, &loop6);
}

static void
judge_answer(struct hijack *h, const struct dns_view *d, const struct net_addr *with, bool odd,
             int64_t now_ns)
{
    struct told t = {.name = d->query,
                     .who = &d->flow->src,
                     .by = &d->flow->dst,
                     .with = with,
                     .severity = SEVERITY_HIGH,
                     .at_ns = now_ns};
    struct geo_place where;
    bool bank;

    if (says_nowhere(with))
        return;
    bank = hijack_name_in(h->banks, d->query);
    if (net_addr_is_local(with) && (bank || hijack_name_in(h->names, d->query))) {
        t.style = "private";
        hijack_report(h, &t);
        return;
    }
    if (bank && json_array_size(h->countries) > 0 && net_scene_where(h->scene, with, &where) &&
        where.country[0] != '\0' && !hijack_lists(h->countries, where.country)) {
        t.style = "country";
        t.severity = SEVERITY_MEDIUM;
        hijack_report(h, &t);
    }
    t.style = same_answer(h, d, with, odd, now_ns);
    t.severity = SEVERITY_MEDIUM;
    if (t.style != NULL)
        hijack_report(h, &t);
}

static void
want(struct hijack *h, const struct dns_view *d, int64_t now_ns)
{
    struct wanted *w;

    if (d->query.len >= WANTED_NAME_MAX || memchr(d->query.at, '\0', d->query.len) != NULL)
        return;
    w = keytab_touch(h->wanted, hijack_hash(&d->flow->src), NULL);
    if (w == NULL)
        return;
    *w = (struct wanted){.at_ns = now_ns};
    memcpy(w->name, d->query.at, d->query.len);
}

void
hijack_answers(struct hijack *h, const struct dns_view *d, int64_t now_ns)
{
    bool odd;

    if (domain_is_address(d->query) || domain_under(d->query, str_of("local")) ||
        domain_under(d->query, str_of("arpa")) || memchr(d->query.at, '.', d->query.len) == NULL)
        return;
    hijack_twice(h, d, now_ns);
    odd = made_up(d->query);
    for (size_t i = 0; i < d->address_count && i < 4; i++)
        judge_answer(h, d, &d->addresses[i], odd, now_ns);
    if (odd)
        want(h, d, now_ns);
}

/* ---- the page that sells mistyped names ---- */

static bool
contains(struct str text, const char *part)
{
    size_t n = strlen(part);

    for (size_t i = 0; i + n <= text.len; i++) {
        if (str_eq_nocase(str_n(text.at + i, n), str_of(part)))
            return true;
    }
    return false;
}

void
hijack_page(struct hijack *h, const struct http_view *v, int64_t now_ns)
{
    const struct wanted *known = keytab_find(h->wanted, hijack_hash(&v->flow->src));
    struct told t = {.style = "search",
                     .who = &v->flow->src,
                     .with = &v->flow->dst,
                     .severity = SEVERITY_LOW,
                     .at_ns = now_ns};
    struct wanted *w;
    struct str asked;

    if (known == NULL || known->at_ns == 0 || now_ns - known->at_ns > SEARCH_NS)
        return;
    asked = str_of(known->name);
    if (str_eq_nocase(v->host, asked)) {
        w = keytab_change(h->wanted, hijack_hash(&v->flow->src));
        w->visited = true;
        return;
    }
    if (!known->visited || str_eq_nocase(domain_registered(v->host), domain_registered(asked)) ||
        memchr(v->uri.at, '?', v->uri.len) == NULL || !contains(v->uri, known->name))
        return;
    t.name = asked;
    hijack_report(h, &t);
    w = keytab_change(h->wanted, hijack_hash(&v->flow->src));
    *w = (struct wanted){0};
}
