/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/once.h"

#include "agent/net/engine.h"

static uint64_t
mix(uint64_t hash, struct str text)
{
    struct hash_key key = {STR_HASH_STORED.k0 ^ hash, STR_HASH_STORED.k1};

    return str_hash(&key, text.at, text.len);
}

static uint32_t
content(const struct record *r, unsigned client)
{
    uint64_t hash = client;

    for (size_t i = 0; i < r->count; i++) {
        const struct record_field *f = &r->fields[i];

        hash = mix(hash, str_of(f->name));
        hash = mix(hash, str_n(&f->number, sizeof(f->number)));
        hash = mix(hash, f->text);
        for (size_t j = 0; j < f->list_count; j++)
            hash = mix(hash, f->list[j]);
    }
    return (uint32_t)(hash ^ hash >> 32);
}

/* Whether the content is new; remembers it. */
static bool
is_new(struct once *o, uint32_t hash, uint32_t now_s)
{
    for (size_t i = 0; i < ONCE_KEPT; i++)
        if (o->at_s[i] != 0 && o->hash[i] == hash) {
            if (now_s - o->at_s[i] < ONCE_AGAIN_S)
                return false;
            o->at_s[i] = now_s;
            return true;
        }
    o->hash[o->next] = hash;
    o->at_s[o->next] = now_s;
    o->next = (uint8_t)((o->next + 1) % ONCE_KEPT);
    return true;
}

void
once_tell(struct once *o, const struct record *r, const struct protocol_call *call, unsigned client)
{
    uint32_t now_s = (uint32_t)(call->time_ns / 1000000000) | 1;

    if (!is_new(o, content(r, client), now_s))
        return;
    if (o->minute != now_s / 60) {
        o->minute = now_s / 60;
        o->told = 0;
    }
    if (o->told == ONCE_PER_MINUTE) {
        net_engine_counters(call->engine)->records_limited++;
        return;
    }
    o->told++;
    record_tell(r, call, client);
}

struct once *
once_of_flow(const struct protocol_call *call)
{
    if (call->flow->parser == NULL)
        call->flow->parser = net_parser_alloc(call->engine, sizeof(struct once));
    return call->flow->parser;
}

void
once_close(void *self, const struct protocol_call *call)
{
    net_parser_free(call->engine, self, sizeof(struct once));
}
