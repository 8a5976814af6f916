/* SPDX-License-Identifier: Apache-2.0 */
/* net_tls_marks: what is odd about one TLS connection, and how seldom ordinary ones are as odd. Pure. */
#pragma once

#include "agent/detect/obs.h"

enum tls_mark {
    TLS_MARK_SELF_SIGNED,
    TLS_MARK_PRIVATE_ISSUER, /* signed by none of the public authorities that we know */
    TLS_MARK_PLACEHOLDER,    /* a subject as tools leave it ("Internet Widgits Pty Ltd") or none */
    TLS_MARK_PLACEHOLDER_CA, /* such a name signs for others */
    TLS_MARK_RANDOM_NAMES,   /* www.<random letters>.com signs www.<other random letters>.net */
    TLS_MARK_MISMATCH,       /* for other names than the one that was asked for */
    TLS_MARK_EXPIRED,
    TLS_MARK_EARLY,
    TLS_MARK_ODD_LIFE,  /* of its own making, and good for over ten years or under eight days */
    TLS_MARK_NO_NAME,   /* the client named no server */
    TLS_MARK_NO_LOOKUP, /* nor did anybody look its address up */
    TLS_MARK_ODD_PORT,
    TLS_MARK_PLAIN_CLIENT, /* offers no protocol above, as programs do that are no browsers */
    TLS_MARK_ELSEWHERE,    /* under a name that was answered with addresses of another network */
    TLS_MARK_NEW_CLIENT,   /* a kind of client (JA4) that this device never was */
    TLS_MARK_COUNT
};

struct tls_marks {
    uint32_t bits; /* 1 << tls_mark */
    double p;      /* of so many together, among connections of an ordinary shop to new places */
};

/* `public_issuers`: parts of issuers' names, separated by "; ". `looked_up`: the address was. */
struct tls_marks tls_marks_of(const struct tls_view *t, struct str public_issuers, bool looked_up,
                              int64_t now_ns);
/* One mark more, with its chance. */
void tls_marks_add(struct tls_marks *m, enum tls_mark mark, double chance);
/* p, but so that it cannot alert by itself where all that is odd is weak: old, shared or private
 * certificates, bare addresses and new programs are everyday things that come together. */
double tls_marks_alone(const struct tls_marks *m, enum tls_carrier carrier);
/* Names of the marks with commas, for technicians. Returns out. */
enum { TLS_MARKS_TEXT_MAX = 256 };
const char *tls_marks_text(uint32_t bits, char out[TLS_MARKS_TEXT_MAX]);

/* The tool whose server makes certificates of just this form, or NULL. Static. */
const char *tls_marks_tool(const struct cert_view *c);

/* The chosen suite protects nothing today: none, anonymous or of export strength (RFC 5246, A.5;
 * FREAK and Logjam live on the latter). */
bool tls_marks_weak_suite(uint16_t cipher);
