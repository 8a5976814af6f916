/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/owner_programs.h"

#include <stdlib.h>

enum { NAME_SIZE = 64, PATH_SIZE = 512, USER_SIZE = 64, HASH_SIZE = 65 };
#define HASH_AGAIN_NS (INT64_C(1) * 1000000000)

struct program {
    struct program_view view; /* of the texts below */
    uint64_t file;
    int64_t due_ns; /* 0: its fingerprint is known, or never will be */
    char name[NAME_SIZE], path[PATH_SIZE], user[USER_SIZE], hash[HASH_SIZE];
};

struct owner_programs {
    struct program *at[OWNERS_PROGRAMS];
    size_t count, without_hash;
};

enum vg_err
owner_programs_new(struct owner_programs **out)
{
    *out = calloc(1, sizeof(**out));
    return *out != NULL ? VG_OK : VG_ERR_NOMEM;
}

void
owner_programs_free(struct owner_programs *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < p->count; i++)
        free(p->at[i]);
    free(p);
}

/* Hex digits and nothing else; "" is fine. */
static void
take_hash(struct program *one, const char *hash)
{
    if (strlen(hash) == HASH_SIZE - 1 && strspn(hash, "0123456789abcdef") == HASH_SIZE - 1) {
        (void)vg_strcpy(one->hash, sizeof(one->hash), hash);
        one->view.sha256 = str_of(one->hash);
    }
}

static uint16_t
find(const struct owner_programs *p, const char *name, const char *path, const char *user,
     uint64_t file)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->at[i]->file == file && strncmp(p->at[i]->name, name, NAME_SIZE - 1) == 0 &&
            strncmp(p->at[i]->path, path, PATH_SIZE - 1) == 0 &&
            strncmp(p->at[i]->user, user, USER_SIZE - 1) == 0)
            return (uint16_t)(i + 1);
    return 0;
}

uint16_t
owner_programs_add(struct owner_programs *p, const json_t *answer, int64_t now_ns)
{
    const char *name = vg_json_str(answer, "name", ""), *path = vg_json_str(answer, "path", ""),
               *user = vg_json_str(answer, "user", "");
    uint64_t file = (uint64_t)vg_json_int(answer, "file", 0);
    uint16_t number = find(p, name, path, user, file);
    struct program *one;

    if (number != 0 || (name[0] == '\0' && path[0] == '\0') || p->count == OWNERS_PROGRAMS)
        return number;
    one = calloc(1, sizeof(*one));
    if (one == NULL)
        return 0;
    (void)vg_strcpy(one->name, sizeof(one->name), name);
    (void)vg_strcpy(one->path, sizeof(one->path), path);
    (void)vg_strcpy(one->user, sizeof(one->user), user);
    one->file = file;
    one->view = (struct program_view){.name = str_of(one->name),
                                      .path = str_of(one->path),
                                      .user = str_of(one->user),
                                      .sha256 = str_of(NULL)};
    take_hash(one, vg_json_str(answer, "sha256", ""));
    if (file != 0 && one->hash[0] == '\0') {
        one->due_ns = now_ns + HASH_AGAIN_NS;
        p->without_hash++;
    }
    p->at[p->count++] = one;
    return (uint16_t)p->count;
}

uint16_t
owner_programs_due(struct owner_programs *p, int64_t now_ns, uint64_t *file)
{
    for (size_t i = 0; i < p->count && p->without_hash > 0; i++)
        /* Further off than it ever is put: the clock was set back. */
        if (p->at[i]->due_ns != 0 &&
            (p->at[i]->due_ns <= now_ns || p->at[i]->due_ns > now_ns + HASH_AGAIN_NS)) {
            *file = p->at[i]->file;
            return (uint16_t)(i + 1);
        }
    return 0;
}

void
owner_programs_hash(struct owner_programs *p, uint16_t program, enum vg_err err,
                    const json_t *answer, int64_t now_ns)
{
    struct program *one = program > 0 && program <= p->count ? p->at[program - 1] : NULL;

    if (one == NULL || one->due_ns == 0)
        return;
    if (err == VG_AGAIN) {
        one->due_ns = now_ns + HASH_AGAIN_NS;
        return;
    }
    if (err == VG_OK)
        take_hash(one, vg_json_str(answer, "sha256", ""));
    one->due_ns = 0;
    p->without_hash--;
}

const struct program_view *
owner_programs_view(const struct owner_programs *p, uint16_t program)
{
    return program > 0 && program <= p->count ? &p->at[program - 1]->view : NULL;
}
