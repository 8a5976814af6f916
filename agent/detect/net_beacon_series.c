/* SPDX-License-Identifier: Apache-2.0 */
/* Series of contacts: their keys, and what a contact adds. Contacts within a second are one visit. */
#include "agent/detect/net_beacon_private.h"

#include <string.h>

#include "agent/detect/domain.h"
#include "agent/detect/mask.h"
#include "agent/detect/net_common.h"
#include "common/vtime.h"

#define SAME_VISIT_NS VG_SEC_NS

enum { NOTED_MAX = 64 }; /* in a bitmap of 256: seven eighths of new ones are counted */

uint64_t
beacon_query_key(const struct net_addr *who, struct str domain)
{
    struct net_key k = {0};

    net_key_addr(&k, who);
    net_key_u64(&k, domain_hash(domain));
    return net_key_hash(&k);
}

static uint64_t
series_key(const struct beacon_contact *c)
{
    struct net_key k = {0};

    net_key_addr(&k, &c->flow->src);
    if (c->name.len > 0 && !domain_is_address(c->name))
        net_key_u64(&k, domain_hash(c->name)); /* one name on many addresses is one place */
    else
        net_key_addr(&k, &c->flow->dst);
    net_key_u8(&k, c->flow->proto);
    if (c->carrier != BEACON_ICMP)
        net_key_u16(&k, c->flow->dport);
    return net_key_hash(&k);
}

static void
note_hour(struct beacon_series *s, int64_t t_ns)
{
    int64_t hour = t_ns / VG_HOUR_NS, passed = hour - s->hour;

    if (passed <= -BEACON_DAY_HOURS)
        return;
    for (int64_t i = 0; i < passed && i < BEACON_DAY_HOURS; i++)
        s->hours[(uint64_t)(hour - i) % BEACON_DAY_HOURS] = 0;
    if (passed > 0)
        s->hour = hour;
    if (s->hours[(uint64_t)hour % BEACON_DAY_HOURS] < UINT16_MAX)
        s->hours[(uint64_t)hour % BEACON_DAY_HOURS]++;
}

static void
add_contact(struct beacon_series *s, int64_t t_ns, uint64_t size)
{
    int64_t gap = t_ns - s->last_ns;

    s->size[s->size_count++ % BEACON_SIZES] = size < UINT32_MAX ? (uint32_t)size : UINT32_MAX;
    if (s->last_ns != 0 && gap < SAME_VISIT_NS)
        return; /* one visit; also a flow that began earlier and ended later */
    if (s->last_ns != 0)
        s->interval_ms[s->interval_count++ % BEACON_RING] =
            gap / VG_MS_NS < UINT32_MAX ? (uint32_t)(gap / VG_MS_NS) : UINT32_MAX;
    s->last_ns = t_ns;
    s->visits++;
    note_hour(s, t_ns);
}

struct beacon_series *
beacon_lengthen(struct beacon *b, const struct beacon_contact *c)
{
    bool dns = c->carrier == BEACON_DNS, made;
    struct beacon_series *s =
        keytab_touch(dns ? b->queries : b->series,
                     dns ? beacon_query_key(&c->flow->src, c->name) : series_key(c), &made);

    if (s == NULL)
        return NULL;
    if (made) {
        s->first_ns = c->at_ns;
        s->next_test = b->contacts_min;
    }
    s->carrier = (uint8_t)c->carrier;
    if (c->name.len > 0)
        mask_text(s->name, sizeof(s->name), c->name.at, c->name.len);
    add_contact(s, c->at_ns, c->size);
    beacon_note_caller(b, c);
    return s;
}

void
beacon_note_token(struct beacon_series *s, uint32_t token)
{
    uint32_t at = token % (32 * BEACON_SEEN), bit = UINT32_C(1) << at % 32;

    s->fresh += (s->seen[at / 32] & bit) == 0;
    s->seen[at / 32] |= bit;
    s->noted++;
}

void
beacon_note_one_of_many(struct beacon_series *s, uint32_t token)
{
    if (s->noted == NOTED_MAX) {
        memset(s->seen, 0, sizeof(s->seen));
        s->noted = 0;
    }
    beacon_note_token(s, token);
}
