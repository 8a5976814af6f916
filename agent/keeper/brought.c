/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keeper/brought.h"

#include <stdlib.h>
#include <string.h>

#include "common/hex.h"

enum { SHA256_BYTES = 32 };

struct transfer {
    bool used, hashed;
    uint8_t sha256[SHA256_BYTES];
    int64_t bytes;
    char name[96], from[128], flow[32], service[16];
};

struct brought {
    struct transfer slot[BROUGHT_MAX];
    size_t next;
};

struct brought *
brought_new(void)
{
    return calloc(1, sizeof(struct brought));
}

void
brought_free(struct brought *b)
{
    free(b);
}

/* "/a/b.exe?x=1", "\\share\\b.exe" to "b.exe". */
static void
base_name(const char *text, char out[96])
{
    size_t end = strcspn(text, "?#"), begin = end;

    while (begin > 0 && text[begin - 1] != '/' && text[begin - 1] != '\\')
        begin--;
    end = end - begin < 95 ? end - begin : 95;
    memcpy(out, text + begin, end);
    out[end] = '\0';
}

void
brought_note(struct brought *b, const json_t *o)
{
    struct transfer *t = &b->slot[b->next];
    const char *host = vg_json_str(o, "host", "");
    bool from_server = vg_json_bool(o, "from_server", true);

    if (strcmp(vg_json_str(o, "type", ""), "file") != 0 || !vg_json_bool(o, "whole", false) ||
        vg_json_int(o, "missing", 0) != 0)
        return;
    *t = (struct transfer){.used = true, .bytes = vg_json_int(o, "bytes", -1)};
    t->hashed = hex_parse_str(vg_json_str(o, "sha256", ""), t->sha256, SHA256_BYTES) == VG_OK;
    base_name(vg_json_str(o, "name", ""), t->name);
    if (!from_server)
        host = vg_json_str(o, "src", "");
    else if (host[0] == '\0')
        host = vg_json_str(o, "dst", "");
    (void)vg_strcpy(t->from, sizeof t->from, host);
    (void)vg_strcpy(t->flow, sizeof t->flow, vg_json_str(o, "flow", ""));
    (void)vg_strcpy(t->service, sizeof t->service, vg_json_str(o, "service", ""));
    b->next = (b->next + 1) % BROUGHT_MAX;
}

/* The latest one. */
static const struct transfer *
find(const struct brought *b, const json_t *facts)
{
    uint8_t sha256[SHA256_BYTES];
    bool hashed = hex_parse_str(vg_json_str(facts, "sha256", ""), sha256, SHA256_BYTES) == VG_OK;
    int64_t bytes = vg_json_int(facts, "size", -1);
    char name[96];

    base_name(vg_json_str(facts, "name", ""), name);
    for (size_t i = 1; i <= BROUGHT_MAX; i++) {
        const struct transfer *t = &b->slot[(b->next + BROUGHT_MAX - i) % BROUGHT_MAX];

        if (!t->used)
            break;
        if (t->hashed ? hashed && memcmp(t->sha256, sha256, SHA256_BYTES) == 0
                      : t->bytes == bytes && name[0] != '\0' && strcmp(t->name, name) == 0)
            return t;
    }
    return NULL;
}

void
brought_fill(const struct brought *b, json_t *event)
{
    json_t *facts = json_object_get(event, "facts");
    const struct transfer *t;

    if (vg_json_str(facts, "from", "x")[0] != '\0')
        return; /* it is known, or nobody wants to know */
    t = find(b, facts);
    if (t == NULL)
        return;
    (void)json_object_set_new(facts, "from", json_string(t->from));
    (void)json_object_set_new(facts, "flow", json_string(t->flow));
    (void)json_object_set_new(facts, "service", json_string(t->service));
}
