/* SPDX-License-Identifier: Apache-2.0 */
/* quarantine_kit: a quarantine in a real folder, DIR/files and DIR/state, and what lies in it. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/host/quarantine.h"
#include "common/hex.h"
#include "common/vtime.h"
#include <openssl/sha.h>

#define NOW     (INT64_C(1790000000) * VG_SEC_NS)
#define CONTENT "MZ what a rule found\n"

/* ---- a place ---- */

struct place {
    char dir[64];
    struct agent_config config;
    struct quarantine *q;
};

static inline const char *
in(const struct place *p, const char *name)
{
    static char path[64][320];
    static unsigned turn;
    char *out = path[turn++ % 64];

    (void)snprintf(out, sizeof path[0], "%s/%s", p->dir, name);
    return out;
}

static inline void
put_raw(const char *path, const void *bytes, size_t len)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static inline void
put(const char *path, const char *text)
{
    put_raw(path, text, strlen(text));
}

static inline bool
holds(const char *path, const char *text)
{
    struct buf got;
    bool same;

    if (platform_file_slurp(path, 1 << 20, &got) != VG_OK)
        return false;
    same = got.len == strlen(text) && memcmp(got.data, text, got.len) == 0;
    buf_done(&got);
    return same;
}

static inline void
open_it(struct place *p)
{
    assert_int_equal(quarantine_open(&p->config, true, &p->q), VG_OK);
}

static inline int
set_up(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    char text[512];
    struct conf_error err;

    (void)vg_strcpy(p->dir, sizeof p->dir, "/tmp/vigia-test-XXXXXX");
    if (mkdtemp(p->dir) == NULL)
        return -1;
    assert_int_equal(platform_folder_make(in(p, "files/deep"), false), VG_OK);
    (void)snprintf(text, sizeof text,
                   "files: [%s/files]\nstore: {path: %s/state}\nscan: {response: quarantine, "
                   "quarantine_size: 1 MiB}\n",
                   p->dir, p->dir);
    if (agent_config_parse("test", slice_of(text, strlen(text)), &p->config, &err) != VG_OK) {
        print_error("%s\n", err.text);
        return -1;
    }
    open_it(p);
    *state = p;
    return 0;
}

static inline int
tear_down(void **state)
{
    struct place *p = *state;
    char command[128];

    quarantine_free(p->q);
    agent_config_done(&p->config);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", p->dir);
    if (system(command) != 0)
        return -1;
    free(p);
    return 0;
}

/* As the file sensor would ask. */
static inline struct quarantine_entry
scanned(const char *path, const char *content)
{
    struct quarantine_entry e = {.severity = SEVERITY_HIGH};
    uint8_t digest[SHA256_DIGEST_LENGTH];

    (void)vg_strcpy(e.path, sizeof e.path, path);
    (void)vg_strcpy(e.rule, sizeof e.rule, "Test_Rule");
    assert_int_equal(platform_path_stat_self(path, &e.stat), VG_OK);
    SHA256((const unsigned char *)content, strlen(content), digest);
    hex_put(digest, sizeof digest, e.sha256);
    return e;
}

static inline enum quarantine_outcome
move(struct place *p, const char *path, const char *content, char id[QUARANTINE_ID_SIZE])
{
    struct quarantine_entry e = scanned(path, content);
    enum quarantine_outcome outcome = quarantine_seal(p->q, &e, NOW);

    if (id != NULL)
        (void)vg_strcpy(id, QUARANTINE_ID_SIZE, e.id);
    return outcome == QUARANTINE_DONE ? quarantine_take(p->q, e.id) : outcome;
}

static inline bool
there(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

struct tally {
    size_t kept, pending;
    struct quarantine_entry last;
};

static inline void
count(void *ctx, const struct quarantine_entry *e)
{
    struct tally *t = ctx;

    t->kept += !e->pending;
    t->pending += e->pending;
    t->last = *e;
}

static inline struct tally
tally(struct place *p)
{
    struct tally t = {0};
    size_t broken;

    assert_int_equal(quarantine_list(p->q, count, &t, &broken), VG_OK);
    assert_int_equal(broken, 0);
    return t;
}
