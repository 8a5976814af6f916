/* SPDX-License-Identifier: Apache-2.0 */
/* What the technician said is known, for a time: exceptions of several shapes, told to the judge as a whole
 * set (judge.h). The keeper holds them; they are no rows. */
#include "agent/detect/judge_private.h"

#include <stdlib.h>
#include <string.h>

#include "common/event.h"
#include "common/vtime.h"

enum { WITH_SUBJECT = 1, WITH_PEER = 2, SHAPES = 4, NAME_MAX_BYTES = 64 };

static uint64_t
key_of(unsigned shape, const char *detector, const char *kind, const char *id, const char *peer)
{
    uint64_t key = judge_mix(5 + shape, detector);

    if (shape & WITH_SUBJECT)
        key = judge_mix(judge_mix(key, kind), id);
    return shape & WITH_PEER ? judge_mix(key, peer) : key;
}

static int
by_key(const void *a, const void *b)
{
    const struct judge_exception *x = a, *y = b;

    return x->key < y->key ? -1 : x->key > y->key;
}

void
judge_exceptions(struct judge *judge, const json_t *list)
{
    struct judge_exceptions *all = &judge->exceptions;
    const json_t *one;
    size_t i;

    all->count = 0;
    all->shapes = 0;
    json_array_foreach(list, i, one)
    {
        const json_t *subject = json_object_get(one, "subject"),
                     *peer = json_object_get(one, "peer");
        const char *until = vg_json_str(one, "until", ""),
                   *detector = vg_json_str(one, "detector", "");
        unsigned shape =
            (json_is_object(subject) ? WITH_SUBJECT : 0) | (json_is_object(peer) ? WITH_PEER : 0);
        int64_t until_ns;

        if (all->count == JUDGE_EXCEPTIONS_MAX || detector[0] == '\0' ||
            vtime_parse(until, strlen(until), &until_ns) != VG_OK)
            continue;
        all->item[all->count++] = (struct judge_exception){
            key_of(shape, detector, vg_json_str(subject, "kind", ""),
                   vg_json_str(subject, "id", ""), vg_json_str(peer, "id", "")),
            until_ns};
        all->shapes |= 1U << shape;
    }
    qsort(all->item, all->count, sizeof all->item[0], by_key);
}

static bool
holds(const struct judge_exceptions *all, uint64_t key, int64_t now_ns)
{
    const struct judge_exception wanted = {.key = key},
                                 *hit = bsearch(&wanted, all->item, all->count, sizeof all->item[0],
                                                by_key);

    if (hit == NULL)
        return false;
    while (hit > all->item && hit[-1].key == key)
        hit--;
    for (; hit < all->item + all->count && hit->key == key; hit++)
        if (now_ns < hit->until_ns)
            return true;
    return false;
}

bool
judge_excepted(const struct judge *judge, const char *detector, const struct party *subject,
               const struct party *peer, int64_t now_ns)
{
    const struct judge_exceptions *all = &judge->exceptions;
    struct str family = event_family(detector);
    char name[NAME_MAX_BYTES] = "";

    if (all->count == 0)
        return false;
    if (!str_is(family, detector) && family.len < sizeof name)
        memcpy(name, family.at, family.len); /* zeroed before */
    for (unsigned shape = 0; shape < SHAPES; shape++) {
        if ((all->shapes & 1U << shape) == 0 || ((shape & WITH_PEER) && peer == NULL))
            continue;
        for (int i = 0; i < (name[0] != '\0' ? 2 : 1); i++)
            if (holds(all,
                      key_of(shape, i == 0 ? detector : name, subject->kind, subject->id,
                             peer != NULL ? peer->id : ""),
                      now_ns))
                return true;
    }
    return false;
}
