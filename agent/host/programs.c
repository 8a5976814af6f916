/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/host/programs.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "common/hex.h"
#include "common/vtime.h"

enum { SHARE = 500, DIGEST_BYTES = 32 };
#define SAVED_MOST_NS (100 * VG_MS_NS)
#define WAIT_MOST_NS  VG_SEC_NS

enum state { FREE, WAITING, READY, REFUSED };

struct file {
    uint64_t number;
    struct platform_stat stat;
    uint64_t seen; /* count of looks: the smallest goes first */
    enum state state;
    platform_file file; /* WAITING */
    uint64_t offset;
    char hash[PROGRAM_HASH_SIZE];
};

struct programs {
    struct file file[PROGRAMS_MAX];
    uint64_t number, looks;
    struct file *reading; /* into `digest`; NULL: none */
    EVP_MD_CTX *digest;
    struct meter meter;
    uint8_t slice[PROGRAMS_SLICE_BYTES];
};

enum vg_err
programs_new(struct programs **out)
{
    struct programs *p = calloc(1, sizeof(*p));

    if (p == NULL)
        return VG_ERR_NOMEM;
    p->digest = EVP_MD_CTX_new();
    if (p->digest == NULL) {
        free(p);
        return VG_ERR_NOMEM;
    }
    p->meter = meter_of(SHARE, SAVED_MOST_NS, platform_clock_monotonic());
    *out = p;
    return VG_OK;
}

static void
finish(struct programs *p, struct file *f, enum state state)
{
    if (f->state == WAITING)
        platform_file_close(f->file);
    if (p->reading == f)
        p->reading = NULL;
    f->file = PLATFORM_NO_HANDLE;
    f->state = state;
}

void
programs_free(struct programs *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < PROGRAMS_MAX; i++)
        finish(p, &p->file[i], FREE);
    EVP_MD_CTX_free(p->digest);
    free(p);
}

static bool
same_file(const struct platform_stat *a, const struct platform_stat *b)
{
    return a->identity.volume == b->identity.volume && a->identity.file == b->identity.file &&
           a->size == b->size && a->modified_ns == b->modified_ns;
}

/* The place of this file, or the one that is to be used for it: free, else the oldest that nobody
 * waits for. NULL: all are waited for. */
static struct file *
place_of(struct programs *p, const struct platform_stat *stat, size_t *waiting)
{
    struct file *best = NULL;

    *waiting = 0;
    for (size_t i = 0; i < PROGRAMS_MAX; i++) {
        struct file *f = &p->file[i];

        if (f->state != FREE && same_file(&f->stat, stat))
            return f;
        *waiting += f->state == WAITING;
        if (f->state != WAITING && (best == NULL || f->seen < best->seen))
            best = f;
    }
    return best;
}

uint64_t
programs_see(struct programs *p, int64_t pid, char hash[PROGRAM_HASH_SIZE])
{
    struct platform_stat stat;
    platform_file file;
    struct file *f;
    size_t waiting;
    bool readable;

    hash[0] = '\0';
    if (platform_program_open(pid, &file) != VG_OK)
        return 0;
    if (platform_file_stat(file, &stat) != VG_OK || !stat.regular ||
        (f = place_of(p, &stat, &waiting)) == NULL) {
        platform_file_close(file);
        return 0;
    }
    if (f->state != FREE && same_file(&f->stat, &stat)) {
        platform_file_close(file);
        f->seen = ++p->looks;
        (void)vg_strcpy(hash, PROGRAM_HASH_SIZE, f->hash);
        return f->number;
    }
    readable = stat.size <= PROGRAMS_FILE_BYTES_MAX && waiting < PROGRAMS_OPEN_MAX;
    *f = (struct file){.number = ++p->number,
                       .stat = stat,
                       .seen = ++p->looks,
                       .state = readable ? WAITING : REFUSED,
                       .file = file};
    if (!readable)
        platform_file_close(file);
    return f->number;
}

enum vg_err
programs_hash(struct programs *p, uint64_t number, char hash[PROGRAM_HASH_SIZE])
{
    for (size_t i = 0; i < PROGRAMS_MAX; i++) {
        struct file *f = &p->file[i];

        if (f->state == FREE || f->number != number)
            continue;
        f->seen = ++p->looks;
        if (f->state == WAITING)
            return VG_AGAIN;
        if (f->state == REFUSED)
            return VG_ERR_NOENT;
        (void)vg_strcpy(hash, PROGRAM_HASH_SIZE, f->hash);
        return VG_OK;
    }
    return VG_ERR_NOENT;
}

/* ---- reading ---- */

/* The first that came; NULL: none waits. */
static struct file *
next_file(struct programs *p)
{
    struct file *first = NULL;

    for (size_t i = 0; i < PROGRAMS_MAX; i++)
        if (p->file[i].state == WAITING && (first == NULL || p->file[i].number < first->number))
            first = &p->file[i];
    return first;
}

static void
end_reading(struct programs *p, struct file *f)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    struct platform_stat now;
    unsigned len = 0;

    /* A file that was written meanwhile has no fingerprint. */
    if (EVP_DigestFinal_ex(p->digest, digest, &len) != 1 || len != DIGEST_BYTES ||
        platform_file_stat(f->file, &now) != VG_OK || !same_file(&now, &f->stat)) {
        finish(p, f, REFUSED);
        return;
    }
    hex_put(digest, DIGEST_BYTES, f->hash);
    finish(p, f, READY);
}

static void
read_slice(struct programs *p)
{
    struct file *f = p->reading;
    size_t got;

    if (platform_file_read(f->file, f->offset, p->slice, sizeof(p->slice), &got) != VG_OK ||
        f->offset > f->stat.size) {
        finish(p, f, REFUSED);
        return;
    }
    f->offset += got;
    if (got == 0)
        end_reading(p, f);
    else if (EVP_DigestUpdate(p->digest, p->slice, got) != 1)
        finish(p, f, REFUSED);
}

int64_t
programs_work(struct programs *p)
{
    int64_t before, wait;

    if (p->reading == NULL) {
        p->reading = next_file(p);
        if (p->reading == NULL)
            return -1;
        if (EVP_DigestInit_ex(p->digest, EVP_sha256(), NULL) != 1)
            finish(p, p->reading, REFUSED);
    }
    if (p->reading != NULL && meter_open(&p->meter, platform_clock_monotonic())) {
        before = platform_cpu_time();
        read_slice(p);
        meter_spend(&p->meter, platform_cpu_time() - before);
    }
    wait = meter_wait(&p->meter);
    return wait < WAIT_MOST_NS ? wait : WAIT_MOST_NS;
}
