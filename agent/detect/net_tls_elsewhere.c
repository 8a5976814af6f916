/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/net_tls_elsewhere.h"

#include <stdlib.h>
#include <string.h>

#include "agent/detect/codec.h"
#include "agent/detect/domain.h"
#include "agent/detect/net_common.h"

enum { STATE_VERSION = 1, CELL_OWN_BYTES = 48 };
#define TOUCH_NS VG_HOUR_NS /* the same answer again changes a row at most so often */

struct answered {
    int64_t at_ns;
    uint8_t count, next; /* next: to be written over once all are used */
    struct net_addr address[ELSEWHERE_ADDRESSES_MAX];
};
_Static_assert(ELSEWHERE_NAMES_MAX *(sizeof(struct answered) + CELL_OWN_BYTES) <= ELSEWHERE_BYTES,
               "the memory of detectors is promised");

struct tls_elsewhere {
    const struct net_scene *scene;
    struct keytab *names;
};

static void
put(const void *cell, struct buf *out)
{
    const struct answered *a = cell;

    codec_put_i64(out, a->at_ns);
    buf_put_u8(out, a->count);
    buf_put_u8(out, a->next);
    for (size_t i = 0; i < a->count; i++)
        net_addr_encode(&a->address[i], out);
}

static void
get(void *cell, struct slice *in)
{
    struct answered *a = cell;

    a->at_ns = codec_time(in);
    a->count = slice_u8(in);
    a->next = slice_u8(in);
    if (a->count > ELSEWHERE_ADDRESSES_MAX || a->next >= ELSEWHERE_ADDRESSES_MAX) {
        in->bad = true;
        a->count = a->next = 0;
    }
    for (size_t i = 0; i < a->count; i++)
        a->address[i] = net_addr_decode(in);
}

enum vg_err
tls_elsewhere_new(const struct net_scene *scene, struct tls_elsewhere **out)
{
    static const struct keytab_options options = {.cell_bytes = sizeof(struct answered),
                                                  .cells_max = ELSEWHERE_NAMES_MAX,
                                                  .row_bits = 4,
                                                  .name = 'n',
                                                  .version = STATE_VERSION,
                                                  .put = put,
                                                  .get = get};
    struct tls_elsewhere *e = calloc(1, sizeof(*e));

    if (e == NULL)
        return VG_ERR_NOMEM;
    e->scene = scene;
    if (keytab_new(&options, &e->names) != VG_OK) {
        free(e);
        return VG_ERR_NOMEM;
    }
    *out = e;
    return VG_OK;
}

void
tls_elsewhere_free(struct tls_elsewhere *e)
{
    if (e == NULL)
        return;
    keytab_free(e->names);
    free(e);
}

static bool
holds(const struct answered *a, const struct net_addr *address)
{
    for (size_t i = 0; i < a->count; i++)
        if (net_addr_eq(&a->address[i], address))
            return true;
    return false;
}

static bool
holds_all(const struct answered *a, const struct dns_view *d)
{
    for (size_t i = 0; i < d->address_count && i < ELSEWHERE_ADDRESSES_MAX; i++)
        if (!holds(a, &d->addresses[i]))
            return false;
    return true;
}

void
tls_elsewhere_answer(struct tls_elsewhere *e, const struct dns_view *d, int64_t now_ns)
{
    uint64_t key;
    const struct answered *known;
    struct answered *a;

    if (d->rcode != 0 || d->address_count == 0 || e->scene == NULL)
        return;
    key = domain_hash(d->query);
    known = keytab_find(e->names, key);
    if (known != NULL && now_ns - known->at_ns < TOUCH_NS && holds_all(known, d))
        return;
    a = keytab_touch(e->names, key, NULL);
    if (a == NULL)
        return;
    if (now_ns - a->at_ns > ELSEWHERE_FRESH_NS)
        *a = (struct answered){0};
    a->at_ns = now_ns;
    for (size_t i = 0; i < d->address_count && i < ELSEWHERE_ADDRESSES_MAX; i++) {
        if (holds(a, &d->addresses[i]))
            continue;
        a->address[a->next] = d->addresses[i];
        a->next = (uint8_t)((a->next + 1) % ELSEWHERE_ADDRESSES_MAX);
        if (a->count < ELSEWHERE_ADDRESSES_MAX)
            a->count++;
    }
}

/* The one owner of all addresses that the name was answered with. */
static bool
owner_of(const struct tls_elsewhere *e, const struct answered *a, struct geo_place *out)
{
    for (size_t i = 0; i < a->count; i++) {
        struct geo_place where;

        if (!net_scene_where(e->scene, &a->address[i], &where) || where.asn == 0)
            return false; /* unknown, or somebody of the shop answers in its place */
        if (i > 0 && !geo_same_owner(out, &where))
            return false;
        *out = where;
    }
    return a->count > 0;
}

bool
tls_elsewhere_is(const struct tls_elsewhere *e, struct str name, const struct net_addr *to,
                 int64_t now_ns)
{
    const struct answered *a;
    struct geo_place there, usual;
    struct str asked;

    if (name.len == 0 || domain_is_address(name) || e->scene == NULL)
        return false;
    a = keytab_find(e->names, domain_hash(name));
    if (a == NULL || now_ns - a->at_ns > ELSEWHERE_FRESH_NS || holds(a, to) ||
        a->address[0].family != to->family)
        return false;
    asked = net_scene_resolved(e->scene, to);
    if (asked.len > 0 && str_eq_nocase(domain_registered(asked), domain_registered(name)))
        return false;
    return owner_of(e, a, &usual) && net_scene_where(e->scene, to, &there) && there.asn != 0 &&
           !geo_same_owner(&usual, &there);
}

void
tls_elsewhere_save(struct tls_elsewhere *e, struct state_out *out)
{
    keytab_save(e->names, out);
}

bool
tls_elsewhere_owns(const struct tls_elsewhere *e, struct slice key)
{
    return keytab_owns(e->names, key);
}

enum vg_err
tls_elsewhere_load(struct tls_elsewhere *e, struct slice key, uint16_t version, struct slice blob)
{
    return keytab_load(e->names, key, version, blob);
}
