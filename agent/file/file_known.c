/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/file/file_known.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "common/buf.h"
#include "common/str.h"
#include "common/vtime.h"

#define MAGIC      "vigia scan known 2"
#define SETTLED_NS (2 * VG_SEC_NS)
enum {
    SHA256_BYTES = 32,
    SLOTS_MIN = 1024,
    SLOTS_MAX = 2 * FILE_KNOWN_MAX,
    BYTES_MAX = 8 * FILE_KNOWN_MAX + 256,
};

struct slot {
    uint64_t key; /* 0: none */
    bool met;     /* in this scan */
};

struct file_known {
    platform_file file;
    uint8_t rules[YARA_DIGEST];
    struct hash_key secret;
    struct slot *slot; /* half empty at least */
    size_t slots, count;
    bool changed;
};

static struct slot *
find(const struct file_known *known, uint64_t key)
{
    size_t i = (size_t)key & (known->slots - 1);

    while (known->slot[i].key != 0 && known->slot[i].key != key)
        i = (i + 1) & (known->slots - 1);
    return &known->slot[i];
}

static bool
grow(struct file_known *known)
{
    struct slot *old = known->slot;
    size_t count = known->slots;

    if (2 * count > SLOTS_MAX)
        return false;
    known->slot = calloc(2 * count, sizeof(*known->slot));
    if (known->slot == NULL) {
        known->slot = old;
        return false;
    }
    known->slots = 2 * count;
    for (size_t i = 0; i < count; i++)
        if (old[i].key != 0)
            *find(known, old[i].key) = old[i];
    free(old);
    return true;
}

static void
put(struct file_known *known, uint64_t key, bool met)
{
    struct slot *slot;

    if (2 * (known->count + 1) > known->slots && !grow(known))
        return; /* it is scanned again, that is all */
    slot = find(known, key);
    known->count += slot->key == 0;
    slot->key = key;
    slot->met |= met;
}

static uint64_t
key_of(const struct file_known *known, const struct platform_stat *stat)
{
    const uint64_t what[] = {stat->identity.volume, stat->identity.file, stat->size,
                             (uint64_t)stat->modified_ns, (uint64_t)stat->changed_ns};
    uint64_t key = str_hash(&known->secret, what, sizeof(what));

    return key != 0 ? key : 1;
}

/* ---- kept form ---- */

static bool
digest_of(struct slice bytes, uint8_t out[SHA256_BYTES])
{
    struct slice rest = bytes;

    return EVP_Digest(slice_take(&rest, bytes.left), bytes.left, out, NULL, EVP_sha256(), NULL) ==
           1;
}

/* What is kept, if it is whole and of these rules. */
static void
take(struct file_known *known, struct slice all)
{
    uint8_t digest[SHA256_BYTES], told[SHA256_BYTES], magic[sizeof(MAGIC)], rules[YARA_DIGEST];
    struct slice in = all, body;
    struct hash_key secret;
    uint64_t count;

    slice_skip(&in, sizeof(MAGIC) + YARA_DIGEST + 16);
    count = slice_be64(&in);
    if (in.bad || count > FILE_KNOWN_MAX)
        return;
    slice_skip(&in, (size_t)count * 8);
    body = slice_of(all.at, all.left - in.left);
    if (!slice_copy(&in, told, sizeof(told)) || !digest_of(body, digest) ||
        memcmp(told, digest, sizeof(told)) != 0)
        return;
    if (!slice_copy(&body, magic, sizeof(magic)) || memcmp(magic, MAGIC, sizeof(magic)) != 0 ||
        !slice_copy(&body, rules, sizeof(rules)) || memcmp(rules, known->rules, sizeof(rules)) != 0)
        return;
    secret.k0 = slice_be64(&body);
    secret.k1 = slice_be64(&body);
    slice_skip(&body, 8);
    known->secret = secret;
    while (known->slots < 2 * count && grow(known))
        ;
    while (body.left > 0) {
        uint64_t key = slice_be64(&body);

        if (key != 0)
            put(known, key, false);
    }
}

static enum vg_err
load(struct file_known *known)
{
    struct platform_stat stat;
    uint8_t *bytes;
    size_t got = 0;
    enum vg_err err = platform_file_stat(known->file, &stat);

    if (err != VG_OK || stat.size == 0 || stat.size > BYTES_MAX)
        return err;
    bytes = malloc((size_t)stat.size);
    if (bytes == NULL)
        return VG_ERR_NOMEM;
    err = platform_file_read(known->file, 0, bytes, (size_t)stat.size, &got);
    if (err == VG_OK)
        take(known, slice_of(bytes, got));
    free(bytes);
    return err;
}

enum vg_err
file_known_save(struct file_known *known)
{
    uint8_t digest[SHA256_BYTES];
    uint64_t count = 0;
    struct buf out;
    enum vg_err err = VG_ERR_NOMEM;
    bool all = known->count <= FILE_KNOWN_MAX / 2;

    if (!known->changed)
        return VG_OK;
    for (size_t i = 0; i < known->slots; i++)
        count += known->slot[i].key != 0 && (all || known->slot[i].met);
    buf_init(&out, BYTES_MAX);
    buf_put(&out, MAGIC, sizeof(MAGIC));
    buf_put(&out, known->rules, sizeof(known->rules));
    buf_put_be64(&out, known->secret.k0);
    buf_put_be64(&out, known->secret.k1);
    buf_put_be64(&out, count);
    for (size_t i = 0; i < known->slots; i++)
        if (known->slot[i].key != 0 && (all || known->slot[i].met))
            buf_put_be64(&out, known->slot[i].key);
    if (!out.bad && digest_of(buf_slice(&out), digest)) {
        buf_put(&out, digest, sizeof(digest));
        if (!out.bad)
            err = platform_file_write(known->file, 0, buf_slice(&out));
        if (err == VG_OK)
            known->changed = false;
    }
    buf_done(&out);
    return err;
}

/* ---- the rest ---- */

static enum vg_err
make_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char folder[1024];

    if (slash == NULL || slash == path)
        return VG_OK;
    if ((size_t)(slash - path) >= sizeof(folder))
        return VG_ERR_LIMIT;
    memcpy(folder, path, (size_t)(slash - path));
    folder[slash - path] = '\0';
    return platform_folder_make(folder, true);
}

enum vg_err
file_known_open(const char *path, const uint8_t rules[YARA_DIGEST], struct file_known **out)
{
    struct file_known *known = calloc(1, sizeof(*known));
    enum vg_err err = VG_ERR_NOMEM;

    if (known == NULL)
        return err;
    known->file = PLATFORM_NO_HANDLE;
    known->slots = SLOTS_MIN;
    known->slot = calloc(known->slots, sizeof(*known->slot));
    memcpy(known->rules, rules, sizeof(known->rules));
    if (known->slot == NULL ||
        RAND_bytes((unsigned char *)&known->secret, sizeof(known->secret)) != 1)
        goto fail;
    err = make_folder(path);
    if (err == VG_OK)
        err = platform_file_open_own(path, &known->file);
    if (err == VG_OK)
        err = load(known);
    if (err != VG_OK)
        goto fail;
    *out = known;
    return VG_OK;
fail:
    file_known_free(known);
    return err;
}

void
file_known_free(struct file_known *known)
{
    if (known == NULL)
        return;
    if (known->file != PLATFORM_NO_HANDLE)
        platform_unlock(known->file);
    free(known->slot);
    free(known);
}

bool
file_known_has(struct file_known *known, const struct platform_stat *stat)
{
    struct slot *slot = find(known, key_of(known, stat));

    if (slot->key == 0)
        return false;
    slot->met = true;
    return true;
}

void
file_known_put(struct file_known *known, const struct platform_stat *stat, int64_t now_ns)
{
    if (now_ns - stat->changed_ns < SETTLED_NS && now_ns >= stat->changed_ns)
        return;
    put(known, key_of(known, stat), true);
    known->changed = true;
}

size_t
file_known_count(const struct file_known *known)
{
    return known->count;
}
