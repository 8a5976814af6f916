/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/file/file_known.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "common/buf.h"
#include "common/str.h"
#include "common/vtime.h"

#define MAGIC      "vigia scan known 3"
#define SETTLED_NS (2 * VG_SEC_NS)
enum {
    SHA256_BYTES = 32,
    SLOTS_MIN = 1024,
    SLOTS_MAX = 2 * FILE_KNOWN_MAX,
    LEFT_BYTES = 20, /* beside the key */
    BYTES_MAX = 8 * FILE_KNOWN_MAX + LEFT_BYTES * FILE_KNOWN_LEFT_MAX + 256,
};

struct slot {
    uint64_t key;  /* 0: none */
    uint32_t left; /* its place in `left`, from 1; 0: nothing was left out */
    bool met;      /* in this scan */
};

struct file_known {
    platform_file file;
    uint8_t rules[YARA_DIGEST];
    uint64_t limits;
    struct hash_key secret;
    struct slot *slot; /* half empty at least */
    size_t slots, count;
    struct file_known_left *left; /* [FILE_KNOWN_LEFT_MAX], from the first one on; one a slot */
    uint32_t lefts;
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

static bool
is_whole(const struct file_known_left *left)
{
    return left->unscanned == 0 && left->capped == 0 && left->damaged == 0 && left->locked == 0;
}

/* A place for what was left out of a file; 0: there is none. */
static uint32_t
left_place(struct file_known *known)
{
    if (known->left == NULL)
        known->left = calloc(FILE_KNOWN_LEFT_MAX, sizeof(*known->left));
    if (known->left == NULL || known->lefts == FILE_KNOWN_LEFT_MAX)
        return 0;
    return ++known->lefts;
}

static void
put(struct file_known *known, uint64_t key, const struct file_known_left *left, bool met)
{
    struct slot *slot;
    uint32_t place;

    if (2 * (known->count + 1) > known->slots && !grow(known))
        return; /* it is scanned again, that is all */
    slot = find(known, key);
    place = slot->left;
    if (place == 0 && !is_whole(left) && (place = left_place(known)) == 0)
        return;
    known->count += slot->key == 0;
    slot->key = key;
    slot->left = place;
    slot->met |= met;
    if (place != 0)
        known->left[place - 1] = *left;
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

static struct file_known_left
take_left(struct slice *in)
{
    struct file_known_left left;

    left.unscanned = slice_be64(in);
    left.capped = slice_be32(in);
    left.damaged = slice_be32(in);
    left.locked = slice_be32(in);
    return left;
}

static void
put_left(struct buf *out, const struct file_known_left *left)
{
    buf_put_be64(out, left->unscanned);
    buf_put_be32(out, left->capped);
    buf_put_be32(out, left->damaged);
    buf_put_be32(out, left->locked);
}

/* What is kept, if it is whole and of these rules and limits. */
static void
take(struct file_known *known, struct slice all)
{
    uint8_t digest[SHA256_BYTES], told[SHA256_BYTES], magic[sizeof(MAGIC)], rules[YARA_DIGEST];
    struct slice in = all, body;
    struct hash_key secret;
    uint64_t count, lefts;

    slice_skip(&in, sizeof(MAGIC) + YARA_DIGEST + 8 + 16);
    count = slice_be64(&in);
    lefts = slice_be64(&in);
    if (in.bad || count > FILE_KNOWN_MAX || lefts > FILE_KNOWN_LEFT_MAX)
        return;
    slice_skip(&in, (size_t)count * 8 + (size_t)lefts * (8 + LEFT_BYTES));
    body = slice_of(all.at, all.left - in.left);
    if (!slice_copy(&in, told, sizeof(told)) || !digest_of(body, digest) ||
        memcmp(told, digest, sizeof(told)) != 0)
        return;
    if (!slice_copy(&body, magic, sizeof(magic)) || memcmp(magic, MAGIC, sizeof(magic)) != 0 ||
        !slice_copy(&body, rules, sizeof(rules)) ||
        memcmp(rules, known->rules, sizeof(rules)) != 0 || slice_be64(&body) != known->limits)
        return;
    secret.k0 = slice_be64(&body);
    secret.k1 = slice_be64(&body);
    slice_skip(&body, 16);
    known->secret = secret;
    while (known->slots < 2 * (count + lefts) && grow(known))
        ;
    for (uint64_t i = 0; i < count + lefts; i++) {
        uint64_t key = slice_be64(&body);
        struct file_known_left left = {0};

        if (i >= count)
            left = take_left(&body);
        if (key != 0)
            put(known, key, &left, false);
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

/* Whether a slot is kept; `lefts`: as one of those of which something was left out. */
static bool
is_kept(const struct file_known *known, const struct slot *slot, bool lefts)
{
    bool all = lefts ? known->lefts <= FILE_KNOWN_LEFT_MAX / 2 : known->count <= FILE_KNOWN_MAX / 2;

    return slot->key != 0 && (slot->left != 0) == lefts && (all || slot->met);
}

static void
put_slots(const struct file_known *known, bool lefts, struct buf *out)
{
    for (size_t i = 0; i < known->slots; i++) {
        const struct slot *slot = &known->slot[i];

        if (!is_kept(known, slot, lefts))
            continue;
        buf_put_be64(out, slot->key);
        if (lefts)
            put_left(out, &known->left[slot->left - 1]);
    }
}

enum vg_err
file_known_save(struct file_known *known)
{
    uint8_t digest[SHA256_BYTES];
    uint64_t count = 0, lefts = 0;
    struct buf out;
    enum vg_err err = VG_ERR_NOMEM;

    if (!known->changed)
        return VG_OK;
    for (size_t i = 0; i < known->slots; i++) {
        count += is_kept(known, &known->slot[i], false);
        lefts += is_kept(known, &known->slot[i], true);
    }
    buf_init(&out, BYTES_MAX);
    buf_put(&out, MAGIC, sizeof(MAGIC));
    buf_put(&out, known->rules, sizeof(known->rules));
    buf_put_be64(&out, known->limits);
    buf_put_be64(&out, known->secret.k0);
    buf_put_be64(&out, known->secret.k1);
    buf_put_be64(&out, count);
    buf_put_be64(&out, lefts);
    put_slots(known, false, &out);
    put_slots(known, true, &out);
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
file_known_open(const char *path, const uint8_t rules[YARA_DIGEST], uint64_t limits,
                struct file_known **out)
{
    struct file_known *known = calloc(1, sizeof(*known));
    enum vg_err err = VG_ERR_NOMEM;

    if (known == NULL)
        return err;
    known->file = PLATFORM_NO_HANDLE;
    known->limits = limits;
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
    free(known->left);
    free(known);
}

bool
file_known_has(struct file_known *known, const struct platform_stat *stat,
               struct file_known_left *left, bool *met)
{
    struct slot *slot = find(known, key_of(known, stat));

    if (slot->key == 0)
        return false;
    *left = slot->left != 0 ? known->left[slot->left - 1] : (struct file_known_left){0};
    if (met != NULL)
        *met = slot->met;
    slot->met = true;
    return true;
}

void
file_known_put(struct file_known *known, const struct platform_stat *stat,
               const struct file_known_left *left, int64_t now_ns)
{
    if (now_ns - stat->changed_ns < SETTLED_NS && now_ns >= stat->changed_ns)
        return;
    put(known, key_of(known, stat), left, true);
    known->changed = true;
}

size_t
file_known_count(const struct file_known *known)
{
    return known->count;
}
