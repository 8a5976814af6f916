/* SPDX-License-Identifier: Apache-2.0 */
/* obs: words and small functions of the observations. */
#include "agent/detect/obs.h"

#include <stdio.h>

static void
format_v6(const uint8_t *b, char out[NET_ADDR_TEXT_MAX])
{
    unsigned group[8], best = 8, best_len = 1, len = 0;
    size_t used = 0;

    for (unsigned i = 0; i < 8; i++)
        group[i] = (unsigned)b[2 * i] << 8 | b[2 * i + 1];
    for (unsigned i = 8; i-- > 0;) { /* from the end, so that of equal runs the first one wins */
        len = group[i] == 0 ? len + 1 : 0;
        if (len >= best_len && len > 1) {
            best = i;
            best_len = len;
        }
    }
    /* RFC 5952, 5: an IPv4-mapped address is written with its IPv4 part. */
    if (best == 0 && best_len == 5 && group[5] == 0xffff) {
        snprintf(out, NET_ADDR_TEXT_MAX, "::ffff:%u.%u.%u.%u", b[12], b[13], b[14], b[15]);
        return;
    }
    for (unsigned i = 0; i < 8;) {
        int n;

        if (i == best) {
            n = snprintf(out + used, NET_ADDR_TEXT_MAX - used, "::");
            i += best_len;
        } else {
            const char *colon = i == 0 || i == best + best_len ? "" : ":";

            if (best == 8 && i > 0)
                colon = ":";
            n = snprintf(out + used, NET_ADDR_TEXT_MAX - used, "%s%x", colon, group[i]);
            i++;
        }
        used += n > 0 ? (size_t)n : 0;
    }
}

const char *
net_addr_format(const struct net_addr *a, char out[NET_ADDR_TEXT_MAX])
{
    const uint8_t *b = a->bytes;

    if (a->family == 4)
        snprintf(out, NET_ADDR_TEXT_MAX, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
    else if (a->family == 6)
        format_v6(b, out);
    else
        out[0] = '\0';
    return out;
}

bool
net_addr_eq(const struct net_addr *a, const struct net_addr *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

static bool
all_zero(const uint8_t *b, size_t n)
{
    uint8_t any = 0;

    for (size_t i = 0; i < n; i++)
        any |= b[i];
    return any == 0;
}

static bool
v4_is_local(const uint8_t *b)
{
    return b[0] == 10 || b[0] == 127 || (b[0] == 172 && (b[1] & 0xf0) == 16) ||
           (b[0] == 192 && b[1] == 168) || (b[0] == 169 && b[1] == 254) ||
           (b[0] == 100 && (b[1] & 0xc0) == 64); /* RFC 6598: shared address space */
}

/* RFC 4291, 2.5.5.2: ::ffff:a.b.c.d. */
static bool
v6_is_mapped(const uint8_t *b)
{
    return all_zero(b, 10) && b[10] == 0xff && b[11] == 0xff;
}

bool
net_addr_is_local(const struct net_addr *a)
{
    const uint8_t *b = a->bytes;

    if (a->family == 4)
        return v4_is_local(b);
    if (a->family != 6)
        return false;
    if (v6_is_mapped(b))
        return v4_is_local(b + 12);
    return (b[0] & 0xfe) == 0xfc || (b[0] == 0xfe && (b[1] & 0xc0) == 0x80) ||
           (all_zero(b, 15) && b[15] == 1);
}

bool
net_addr_is_group(const struct net_addr *a)
{
    const uint8_t *b = a->bytes;

    if (a->family == 4)
        return (b[0] & 0xf0) == 0xe0 || b[3] == 255 || all_zero(b, 4);
    if (a->family == 6)
        return b[0] == 0xff || all_zero(b, 16);
    return true;
}

const char *
flow_state_name(enum flow_state s)
{
    static const char *const name[] = {
        [FLOW_NEW] = "new",         [FLOW_ESTABLISHED] = "established",
        [FLOW_CLOSED] = "closed",   [FLOW_RESET] = "reset",
        [FLOW_REFUSED] = "refused", [FLOW_UNANSWERED] = "unanswered",
        [FLOW_TIMEOUT] = "timeout", [FLOW_CUT] = "cut",
    };

    return (size_t)s < VG_ARRAY_LEN(name) ? name[s] : "unknown";
}

const char *
txn_kind_name(enum txn_kind k)
{
    static const char *const name[] = {
        [TXN_SALE] = "sale",   [TXN_REFUND] = "refund",         [TXN_VOID] = "void",
        [TXN_AUTH] = "auth",   [TXN_CHARGEBACK] = "chargeback", [TXN_PAYOUT] = "payout",
        [TXN_LOGIN] = "login", [TXN_SETTINGS] = "settings",
    };

    return (size_t)k < VG_ARRAY_LEN(name) ? name[k] : "unknown";
}

const char *
txn_outcome_name(enum txn_outcome o)
{
    static const char *const name[] = {
        [TXN_APPROVED] = "approved",
        [TXN_DECLINED] = "declined",
        [TXN_ERROR] = "error",
        [TXN_PENDING] = "pending",
    };

    return (size_t)o < VG_ARRAY_LEN(name) ? name[o] : "unknown";
}

const struct record_field *
record_find(const struct record_view *r, const char *name)
{
    for (size_t i = 0; i < r->count; i++)
        if (strcmp(r->fields[i].name, name) == 0)
            return &r->fields[i];
    return NULL;
}

struct str
record_text(const struct record_view *r, const char *name)
{
    const struct record_field *f = record_find(r, name);

    return f != NULL && f->type == FIELD_TEXT ? f->text : str_of(NULL);
}

const char *
login_result_name(enum login_result r)
{
    static const char *const names[] = {
        [LOGIN_UNKNOWN] = "unknown",
        [LOGIN_SUCCEEDED] = "succeeded",
        [LOGIN_FAILED] = "failed",
    };

    return names[r];
}
