/* SPDX-License-Identifier: Apache-2.0 */
/* Guessing that shows in requests and answers rather than in log-ins: web forms and telephones. */
#include <string.h>

#include "agent/detect/net_brute_force_private.h"
#include "common/vtime.h"

/* ---- web forms ---- */

/* A page that logs in: by its name, or by a password in the query (which stands there as "*"). */
static bool
is_form(const struct http_view *h, struct str *page)
{
    static const char *const words[] = {"login",   "logon",          "signin",  "sign-in",
                                        "sign_in", "xmlrpc.",        "entrar",  "acceso",
                                        "ingres",  "security_check", "autentic"};
    const char *query = h->uri.len > 0 ? memchr(h->uri.at, '?', h->uri.len) : NULL;
    bool password = query != NULL && str_has(h->uri, str_of("=*"));
    bool post = str_is(h->method, "POST");

    *page = query != NULL ? str_n(h->uri.at, (size_t)(query - h->uri.at)) : h->uri;
    if (!(post || (password && str_is(h->method, "GET"))))
        return false;
    for (size_t i = 0; i < VG_ARRAY_LEN(words); i++)
        if (str_has_nocase(*page, str_of(words[i])))
            return true;
    /* a camera is asked like that all day; a page with a button is not */
    return password &&
           (str_has_nocase(h->uri, str_of("login")) || str_has_nocase(h->uri, str_of("submit")));
}

/* Spread over hours. A device that logs in again and again does get in (200, 302); whoever comes from
 * the world and guesses may be told "no" with a page (200) as well. */
static bool
is_slow_web(const struct brute *b, const struct brute_tally *t, const struct brute_try *a)
{
    bool refused = t->answer >= 400 && t->answer < 500 && t->answer != 404;
    bool world = !net_addr_is_local(&a->flow->src) && net_addr_is_local(&a->flow->dst);

    return t->slow >= b->set.slow_tries && t->slow >= 3 * t->usual &&
           a->now_ns - t->slow_ns >= BRUTE_SPREAD_NS && 10 * t->same >= 8 * t->fast &&
           (refused ? 10 * t->in_phase < 8 * t->slow : world);
}

void
brute_on_http(struct brute *b, const struct http_view *h, int64_t now_ns)
{
    struct brute_try a = {
        .flow = h->flow, .service = "http", .user = str_of(""), .failed = true, .now_ns = now_ns};
    struct brute_tally *t;
    struct str page;

    if (!is_form(h, &page))
        return;
    t = brute_failed(b, brute_key('w', &h->flow->src, &h->flow->dst, page), &a, &h->flow->dst);
    if (t == NULL)
        return;
    if (t->slow == 1)
        t->answer = (uint32_t)h->status;
    t->same += t->answer == (uint32_t)h->status;
    if ((t->fast >= b->set.web && 10 * t->same >= 8 * t->fast) || is_slow_web(b, t, &a))
        brute_report(b, t, &a, BRUTE_WEB);
    /* after the same "no" every time, for the first time a way in */
    if (t->reported > 0 && t->won == 0 && h->status != (int)t->answer &&
        (h->status == 200 || h->status == 302 || h->status == 303)) {
        t->won = 1;
        brute_report_success(b, t, &a, BRUTE_WEB);
    }
}

/* ---- web forms over TLS ---- */

/* Within the size of a longer or shorter password. */
static bool
near_size(uint64_t a, uint64_t b)
{
    uint64_t more = a > b ? a - b : b - a;

    return more <= 48 + a / 50;
}

/* A page of the shop's own machines that is asked again and again, one short connection a try, always
 * the same sizes both ways: what a guesser looks like from outside of the encryption. Programs that
 * ask a server every second look alike, so within the shop many more are needed; servers of the world
 * guard themselves. */
void
brute_on_https(struct brute *b, const struct flow_view *f, int64_t now_ns)
{
    bool world = !net_addr_is_local(&f->src),
         ended = f->state == FLOW_CLOSED || f->state == FLOW_RESET;
    uint32_t needed = (world ? 1 : 4) * b->set.encrypted_web;
    struct brute_try a = {
        .flow = f, .service = "https", .user = str_of(""), .failed = true, .now_ns = now_ns};
    uint32_t size = (uint32_t)(f->payload_in < 50000 ? f->payload_in : 50000);
    struct brute_tally *t;

    if (!ended || !str_is(f->protocol, "tls") || !net_addr_is_local(&f->dst) ||
        f->payload_out < 300 || f->payload_out > 6000 || f->payload_in < 300 || size == 50000 ||
        f->end_ns - f->start_ns > 15 * VG_SEC_NS)
        return;
    t = brute_failed(b, brute_key('h', &f->src, &f->dst, str_of("https")), &a, &f->dst);
    if (t == NULL)
        return;
    t->same += near_size(t->answer, size);
    t->answer = size;
    if (t->fast >= needed + 6 * t->usual / 144 && 10 * t->same >= 9 * t->fast)
        brute_report(b, t, &a, BRUTE_WEB);
}

/* ---- telephones ---- */

/* Names that tools for breaking into telephone systems give themselves (SIPVicious and its kin). */
static bool
is_scanner(struct str agent)
{
    static const char *const names[] = {"friendly-scanner", "sipvicious",  "sundayddr", "sipcli",
                                        "vaxsipuseragent",  "sip-scan",    "sipptk",    "smap",
                                        "friendly-request", "eyebeamscan", "pplsip",    "iwar"};

    for (size_t i = 0; i < VG_ARRAY_LEN(names); i++)
        if (str_has_nocase(agent, str_of(names[i])))
            return true;
    return false;
}

/* Many names; or many calls that are all refused: long numbers come masked and look the same. */
static bool
is_voip_guessing(const struct brute *b, const struct brute_tally *t, bool refused_call)
{
    return (t->names_fast.count >= BRUTE_SET_MAX && t->fast >= b->set.tries &&
            3 * t->fast_ok <= t->fast) ||
           (refused_call && t->fast >= 2 * b->set.tries && t->fast_ok == 0);
}

/* Extensions are tried out (REGISTER, SUBSCRIBE), numbers are called at somebody's cost (INVITE).
 * A telephone system that asks its own switched-off phones (OPTIONS) gets no answer either. */
void
brute_on_sip(struct brute *b, const struct record_view *r, int64_t now_ns)
{
    const struct record_field *status = record_find(r, "status");
    int64_t code = status != NULL ? status->number : 0;
    struct str method = record_text(r, "method");
    struct brute_try a = {.flow = r->flow,
                          .service = "sip",
                          .user = record_text(r, "to"),
                          .failed = code < 200 || code >= 300,
                          .now_ns = now_ns};
    uint64_t key = brute_key('v', &r->flow->src, NULL, str_of("sip"));
    bool scanner = is_scanner(record_text(r, "user_agent"));
    struct brute_tally *t;

    if (!a.failed && !scanner) {
        t = keytab_change(b->tallies, key);
        if (t != NULL) {
            brute_age(b, t, now_ns);
            t->fast_ok++;
            t->slow_ok++;
        }
        return;
    }
    if (!scanner && (str_is(method, "OPTIONS") || str_is(method, "ACK") || str_is(method, "BYE") ||
                     str_is(method, "CANCEL") || str_is(method, "NOTIFY")))
        return;
    t = brute_failed(b, key, &a, &r->flow->dst);
    if (t == NULL)
        return;
    if (scanner)
        brute_report(b, t, &a, BRUTE_SCANNER);
    else if (is_voip_guessing(b, t, str_is(method, "INVITE") && code >= 400 && code < 500))
        brute_report(b, t, &a, BRUTE_VOIP);
}
