/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/net_tls_marks.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "agent/detect/domain.h"
#include "common/vtime.h"

#define P_LEAST 1e-9
#define P_OF_PUBLIC                                                                                \
    0.1 /* of a mark where a public authority signed: shared servers, wrong clocks */
#define NAMELESS_QUIC 1e-4 /* browsers name every server (RFC 9114, 3.3) */
#define P_WEAK        2e-3 /* the judge's ceiling is 1e-3 */
#define P_BROWSER     1e-4 /* people who open a page may click a warning away */
#define LIFE_LONG_NS  (3660 * VG_DAY_NS)
#define LIFE_SHORT_NS (8 * VG_DAY_NS)

/* How seldom each is among connections to a new place of the world. Certificates of one's own making
 * serve remote cameras and routers, and bring the others of their row along: the figures are those of
 * one given the ones above it. */
static const struct {
    const char *name;
    double chance;
} MARKS[TLS_MARK_COUNT] = {
    [TLS_MARK_SELF_SIGNED] = {"self-signed", 5e-3},
    [TLS_MARK_PRIVATE_ISSUER] = {"private issuer", 3e-2},
    [TLS_MARK_PLACEHOLDER] = {"placeholder names", 3e-2},
    [TLS_MARK_PLACEHOLDER_CA] = {"placeholder authority", 3e-3},
    [TLS_MARK_RANDOM_NAMES] = {"random names", 1e-2},
    [TLS_MARK_MISMATCH] = {"other name", 2e-2},
    [TLS_MARK_EXPIRED] = {"expired", 3e-2},
    [TLS_MARK_EARLY] = {"not yet valid", 3e-2},
    [TLS_MARK_ODD_LIFE] = {"odd validity", 0.3},
    [TLS_MARK_NO_NAME] = {"no server name", 5e-2},
    [TLS_MARK_NO_LOOKUP] = {"no look-up", 0.2},
    [TLS_MARK_ODD_PORT] = {"odd port", 0.2},
    [TLS_MARK_PLAIN_CLIENT] = {"no protocol offered", 0.3},
    [TLS_MARK_ELSEWHERE] = {"name of another network", 2e-2},
    [TLS_MARK_NEW_CLIENT] = {"new kind of client", 0.1},
};

void
tls_marks_add(struct tls_marks *m, enum tls_mark mark, double chance)
{
    if ((m->bits >> mark & 1) != 0)
        return;
    m->bits |= 1u << mark;
    m->p = fmax(m->p * chance, P_LEAST);
}

static void
add(struct tls_marks *m, enum tls_mark mark, bool yes)
{
    if (yes)
        tls_marks_add(m, mark, MARKS[mark].chance);
}

static void
add_weaker(struct tls_marks *m, enum tls_mark mark, bool yes, bool own)
{
    if (yes)
        tls_marks_add(m, mark, own ? MARKS[mark].chance : P_OF_PUBLIC);
}

const char *
tls_marks_text(uint32_t bits, char out[TLS_MARKS_TEXT_MAX])
{
    int used = 0;

    out[0] = '\0';
    for (unsigned i = 0; i < TLS_MARK_COUNT; i++)
        if ((bits >> i & 1) != 0 && used < TLS_MARKS_TEXT_MAX)
            used += snprintf(out + used, (size_t)(TLS_MARKS_TEXT_MAX - used), "%s%s",
                             used > 0 ? ", " : "", MARKS[i].name);
    return out;
}

/* ---- names ---- */

/* The value of an attribute of a distinguished name in RFC 4514's form; "" where there is none. */
static struct str
attribute(struct str dn, const char *key)
{
    size_t key_len = strlen(key);
    bool begins = true;

    for (size_t i = 0; i + key_len <= dn.len; i++) {
        if (begins && memcmp(dn.at + i, key, key_len) == 0) {
            struct str value = str_n(dn.at + i + key_len, dn.len - i - key_len);

            for (size_t n = 0; n < value.len; n++)
                if (value.at[n] == ',' && (n == 0 || value.at[n - 1] != '\\'))
                    value.len = n;
            return value;
        }
        begins = dn.at[i] == ',' && (i == 0 || dn.at[i - 1] != '\\');
    }
    return str_of("");
}

static bool
any_of(struct str text, struct str list)
{
    while (list.len > 0) {
        size_t n = 0;

        while (n < list.len && list.at[n] != ';')
            n++;
        if (str_has(text, str_n(list.at, n)))
            return true;
        while (n < list.len && (list.at[n] == ';' || list.at[n] == ' '))
            n++;
        list = str_n(list.at + n, list.len - n);
    }
    return false;
}

/* `name`, with a star perhaps, is of the same registered domain as what was asked for: hosts share
 * certificates with their siblings, harmlessly. */
static bool
akin(struct str name, struct str sni)
{
    if (name.len > 2 && name.at[0] == '*' && name.at[1] == '.')
        name = str_n(name.at + 2, name.len - 2);
    return name.len > 0 && str_eq_nocase(domain_registered(name), domain_registered(sni));
}

static bool
mismatch(const struct cert_view *c, struct str sni)
{
    if (sni.len == 0 || domain_is_address(sni) || c->names_total > c->name_count)
        return false;
    if (c->name_count == 0)
        return !akin(attribute(c->subject, "CN="), sni);
    for (size_t i = 0; i < c->name_count; i++)
        if (akin(c->names[i], sni))
            return false;
    return !akin(attribute(c->subject, "CN="), sni);
}

/* As generators of certificates fill in what nobody told them: openssl req, its examples, the images
 * of web servers. */
static bool
placeholder(struct str dn)
{
    static const char *const texts[] = {
        "Internet Widgits", "Default Company", "Some-State",   "Some Company",
        "My Company",       "Acme Co",         "example.com",  "Example Company",
        "CN=localhost",     "snakeoil",        "Default City", "OU=IT Department,O=Global Security",
    };

    for (size_t i = 0; i < VG_ARRAY_LEN(texts); i++)
        if (str_has(dn, str_of(texts[i])))
            return true;
    return attribute(dn, "CN=").len == 0 && attribute(dn, "O=").len == 0;
}

/* www.<8 to 20 of a-z2-7>.com or .net: as Tor's relays call themselves (tor-spec, 2: "random"). */
static bool
random_name(struct str cn)
{
    size_t n;

    if (cn.len < 16 || cn.len > 32 || memcmp(cn.at, "www.", 4) != 0)
        return false;
    for (n = 4; n < cn.len - 4; n++)
        if (!((cn.at[n] >= 'a' && cn.at[n] <= 'z') || (cn.at[n] >= '2' && cn.at[n] <= '7')))
            return false;
    return memcmp(cn.at + n, ".com", 4) == 0 || memcmp(cn.at + n, ".net", 4) == 0;
}

/* ---- all together ---- */

static bool
own_certificate(const struct tls_view *t, struct str issuers)
{
    return t->cert != NULL && (t->cert->self_signed || !any_of(t->cert->issuer, issuers));
}

static void
add_of_cert(struct tls_marks *m, const struct tls_view *t, struct str issuers, int64_t now_ns)
{
    const struct cert_view *c = t->cert;
    struct str subject = attribute(c->subject, "CN="), issuer = attribute(c->issuer, "CN=");
    bool own = own_certificate(t, issuers);
    int64_t life_ns = c->not_after_ns - c->not_before_ns;

    add(m, TLS_MARK_SELF_SIGNED, c->self_signed);
    add(m, TLS_MARK_PRIVATE_ISSUER, own && !c->self_signed);
    add(m, TLS_MARK_PLACEHOLDER, own && placeholder(c->subject));
    add(m, TLS_MARK_PLACEHOLDER_CA, own && !c->self_signed && placeholder(c->issuer));
    add(m, TLS_MARK_RANDOM_NAMES,
        !c->self_signed && random_name(subject) && random_name(issuer) && !str_eq(subject, issuer));
    add_weaker(m, TLS_MARK_MISMATCH, mismatch(c, t->sni), own);
    add_weaker(m, TLS_MARK_EXPIRED, c->not_after_ns < now_ns - VG_DAY_NS, own);
    add_weaker(m, TLS_MARK_EARLY, c->not_before_ns > now_ns + VG_DAY_NS, own);
    add(m, TLS_MARK_ODD_LIFE, own && (life_ns > LIFE_LONG_NS || life_ns < LIFE_SHORT_NS));
}

static bool
usual_port(uint16_t port)
{
    static const uint16_t ports[] = {443, 853,  990,  993,  995,  465,
                                     636, 5061, 5223, 5228, 8443, 8883};

    for (size_t i = 0; i < VG_ARRAY_LEN(ports); i++)
        if (ports[i] == port)
            return true;
    return false;
}

struct tls_marks
tls_marks_of(const struct tls_view *t, struct str public_issuers, bool looked_up, int64_t now_ns)
{
    struct tls_marks m = {.p = 1};
    bool nameless = t->sni.len == 0 || domain_is_address(t->sni);

    if (t->cert != NULL)
        add_of_cert(&m, t, public_issuers, now_ns);
    if (t->ja4.len == 0) /* the client was not seen */
        return m;
    if (nameless && t->carrier == TLS_OVER_QUIC)
        tls_marks_add(&m, TLS_MARK_NO_NAME, NAMELESS_QUIC);
    add(&m, TLS_MARK_NO_NAME, nameless);
    add(&m, TLS_MARK_NO_LOOKUP, nameless && !looked_up);
    add(&m, TLS_MARK_ODD_PORT, !usual_port(t->flow->dport));
    add(&m, TLS_MARK_PLAIN_CLIENT, t->alpn.len == 0);
    if (str_has(t->alpn, str_of("h2")))
        m.p = fmax(m.p, P_BROWSER);
    return m;
}

double
tls_marks_alone(const struct tls_marks *m, enum tls_carrier carrier)
{
    const uint32_t strong = 1u << TLS_MARK_SELF_SIGNED | 1u << TLS_MARK_PLACEHOLDER |
                            1u << TLS_MARK_PLACEHOLDER_CA | 1u << TLS_MARK_RANDOM_NAMES;

    return (m->bits & strong) != 0 || carrier != TLS_OVER_TCP ? m->p : fmax(m->p, P_WEAK);
}

/* ---- certain things ---- */

/* Names that servers of remote-control tools give their certificates by themselves, each by the tool's
 * own source, or by the query with which Censys finds its servers. */
static const struct {
    const char *part, *tool;
} TOOLS[] = {
    {"CN=Quasar Server CA", "Quasar"},           /* github.com/quasar/Quasar, Server */
    {"CN=AsyncRAT Server", "AsyncRAT"},          /* github.com/NYAN-x-CAT/AsyncRAT-C-Sharp */
    {"CN=DcRat", "DcRat"},                       /* github.com/qwqdanchun/DcRat, Server/Helper */
    {"CN=VenomRAT", "VenomRAT"},                 /* a fork of DcRat: the subject that it writes */
    {"CN=Orcus Server", "Orcus"},                /* Orcus.Server, CreateSelfSignCertificatePfx */
    {"CN=Major Cobalt Strike", "Cobalt Strike"}, /* cobaltstrike.store, as its manual shows it */
    {"O=cobaltstrike", "Cobalt Strike"},         /* the same */
    {"OU=Jethpro,O=Pajfds", "PoshC2"}, /* github.com/nettitude/PoshC2, poshc2/server/Config */
    {"CN=Covenant", "Covenant"},       /* github.com/cobbr/Covenant; Censys */
    {"CN=multiplayer", "Sliver"},      /* github.com/BishopFox/sliver, server/certs */
    {"O=Joey is the best hacker in Hackers", "Merlin"}, /* github.com/Ne0nd0g/merlin, pkg/util */
};

/* `part` is one attribute of the name, or several that follow each other: whole ones, as others may
 * begin with the same word. */
static bool
has_attributes(struct str dn, const char *part)
{
    size_t n = strlen(part);

    for (size_t i = 0; i + n <= dn.len; i++)
        if ((i == 0 || dn.at[i - 1] == ',') && memcmp(dn.at + i, part, n) == 0 &&
            (i + n == dn.len || dn.at[i + n] == ','))
            return true;
    return false;
}

/* Metasploit makes up a company: C=US, and an e-mail address of the unit at the host
 * (github.com/rapid7/rex-socket, Rex::Socket::Ssl.ssl_generate_issuer). */
static bool
made_up_company(const struct cert_view *c)
{
    struct str mail = attribute(c->subject, "emailAddress="), unit = attribute(c->subject, "OU="),
               host = attribute(c->subject, "CN=");

    return c->self_signed && unit.len > 0 && host.len > 0 && mail.len == unit.len + 1 + host.len &&
           memcmp(mail.at, unit.at, unit.len) == 0 && mail.at[unit.len] == '@' &&
           memcmp(mail.at + unit.len + 1, host.at, host.len) == 0 &&
           str_is(attribute(c->subject, "C="), "US") && attribute(c->subject, "ST=").len == 2;
}

const char *
tls_marks_tool(const struct cert_view *c)
{
    for (size_t i = 0; i < VG_ARRAY_LEN(TOOLS); i++)
        if (has_attributes(c->subject, TOOLS[i].part) || has_attributes(c->issuer, TOOLS[i].part))
            return TOOLS[i].tool;
    return made_up_company(c) ? "Metasploit" : NULL;
}

/* RFC 2246, A.5 and its drafts of 56 bits; RFC 4492; RFC 5246, A.5: no encryption, nobody
 * authenticated, or 40 to 56 bits. */
bool
tls_marks_weak_suite(uint16_t cipher)
{
    static const uint16_t suites[] = {
        0x0001, 0x0002, 0x0003, 0x0006, 0x0008, 0x000b, 0x000e, 0x0011, 0x0014,
        0x0017, 0x0018, 0x0019, 0x001a, 0x001b, 0x0026, 0x0027, 0x0028, 0x0029,
        0x002a, 0x002b, 0x002c, 0x002d, 0x002e, 0x003b, 0x0060, 0x0061, 0x0062,
        0x0063, 0x0064, 0x0065, 0xc001, 0xc006, 0xc00b, 0xc010,
    };

    for (size_t i = 0; i < VG_ARRAY_LEN(suites); i++)
        if (suites[i] == cipher)
            return true;
    return false;
}
