/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/login.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"

struct entry {
    uint64_t key; /* 0: free */
    int64_t last_s;
    int failures;
};

enum { WAYS = 8, SETS = LOGIN_ENTRIES_MAX / WAYS };

struct login_limit {
    struct hash_key hash;
    struct entry entry[SETS][WAYS];
};

enum vg_err
login_limit_new(struct login_limit **out)
{
    struct login_limit *limit = calloc(1, sizeof *limit);

    if (limit == NULL)
        return VG_ERR_NOMEM;
    /* Nobody can choose names that push a chosen one out of its set. */
    if (RAND_bytes((unsigned char *)&limit->hash, sizeof limit->hash) != 1) {
        free(limit);
        return VG_ERR_SYS;
    }
    *out = limit;
    return VG_OK;
}

void
login_limit_free(struct login_limit *limit)
{
    free(limit);
}

/* The entry of a key; `make`: the oldest of its set makes room. NULL when there is none. */
static struct entry *
entry_of(struct login_limit *limit, char kind, const char *text, bool make)
{
    char key[LOGIN_KEY_SIZE + 300];
    int n = snprintf(key, sizeof key, "%c%s", kind, text);
    uint64_t h = str_hash(&limit->hash, key, (size_t)n < sizeof key ? (size_t)n : sizeof key - 1);
    struct entry *set = limit->entry[h % SETS], *oldest = set;

    h |= 1;
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].key == h)
            return &set[i];
        if (set[i].key == 0 || (oldest->key != 0 && set[i].last_s < oldest->last_s))
            oldest = &set[i];
    }
    if (!make)
        return NULL;
    *oldest = (struct entry){.key = h};
    return oldest;
}

static int
wait_of(struct login_limit *limit, char kind, const char *text, int64_t now_s)
{
    const struct entry *e = entry_of(limit, kind, text, false);
    int wait, over;
    int64_t left;

    if (e == NULL || now_s - e->last_s > LOGIN_FORGET_S || e->failures < LOGIN_FREE)
        return 0;
    over = e->failures - LOGIN_FREE;
    wait = over < 10 ? 1 << over : LOGIN_WAIT_MAX_S;
    left = e->last_s + (wait < LOGIN_WAIT_MAX_S ? wait : LOGIN_WAIT_MAX_S) - now_s;
    return left > 0 ? (int)left : 0;
}

int
login_wait_s(struct login_limit *limit, const char *name, const char *peer, int64_t now_s)
{
    int a = wait_of(limit, 'n', name, now_s), b = wait_of(limit, 'p', peer, now_s);

    return a > b ? a : b;
}

static void
tried(struct login_limit *limit, char kind, const char *text, int64_t now_s)
{
    struct entry *e = entry_of(limit, kind, text, true);

    if (now_s - e->last_s > LOGIN_FORGET_S)
        e->failures = 0;
    if (e->failures < 1000)
        e->failures++;
    e->last_s = now_s;
}

void
login_tried(struct login_limit *limit, const char *name, const char *peer, int64_t now_s)
{
    tried(limit, 'n', name, now_s);
    tried(limit, 'p', peer, now_s);
}

static void
untried(struct login_limit *limit, char kind, const char *text)
{
    struct entry *e = entry_of(limit, kind, text, false);

    if (e != NULL && e->failures > 0)
        e->failures--;
}

void
login_untried(struct login_limit *limit, const char *name, const char *peer)
{
    untried(limit, 'n', name);
    untried(limit, 'p', peer);
}

void
login_succeeded(struct login_limit *limit, const char *name, const char *peer)
{
    struct entry *e = entry_of(limit, 'n', name, false);

    if (e != NULL)
        e->key = 0;
    /* The address only gets its own try back: it may be trying other names too. */
    untried(limit, 'p', peer);
}
