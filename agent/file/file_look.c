/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/file/file_look.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "agent/detect/mask.h"
#include "common/hex.h"
#include "common/str.h"
#include "common/vtime.h"

enum {
    SHA256_BYTES = 32,
    HASH_PIECE = 64 * 1024,
    AROUND =
        64, /* beyond the context, to see numbers whole: 19 digits with three separators each */
};

struct file_look {
    struct yara_rules *rules;
    struct yara_result result;
    struct unpack *unpack; /* NULL: things stay packed */
    int64_t deadline_ns;
    struct file_verdict *out;
};

void
file_verdict_done(struct file_verdict *verdict)
{
    free(verdict->hit);
    *verdict = (struct file_verdict){0};
}

uint64_t
file_look_limits(void)
{
    static const uint64_t limits[] = {FILE_SCAN_BYTES_MAX, FILE_SCAN_SECONDS,  UNPACK_DEPTH_MAX,
                                      UNPACK_MEMBERS_MAX,  UNPACK_RATIO_MAX,   UNPACK_PIECE,
                                      UNPACK_NESTED_MAX,   UNPACK_BYTES_MAX,   UNPACK_BYTES_FREE,
                                      UNPACK_MEMORY_MAX,   UNPACK_DOCUMENT_MAX};

    return str_hash(&STR_HASH_STORED, limits, sizeof(limits));
}

enum vg_err
file_look_new(struct yara_rules *rules, struct file_look **out)
{
    struct file_look *look = calloc(1, sizeof(*look));

    if (look == NULL)
        return VG_ERR_NOMEM;
    look->rules = rules;
    if (unpack_new(&look->unpack) != VG_OK) {
        free(look);
        return VG_ERR_NOMEM;
    }
    *out = look;
    return VG_OK;
}

void
file_look_packed(struct file_look *look)
{
    unpack_free(look->unpack);
    look->unpack = NULL;
}

void
file_look_free(struct file_look *look)
{
    if (look != NULL)
        unpack_free(look->unpack);
    free(look);
}

static enum vg_err
read_file(void *ctx, uint64_t offset, void *to, size_t size, size_t *got)
{
    return platform_file_read(*(const platform_file *)ctx, offset, to, size, got);
}

/* ---- what a technician wants to know ---- */

static void
hash_file(platform_file file, uint64_t size, char out[65])
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    uint8_t *piece = malloc(HASH_PIECE), digest[SHA256_BYTES];
    bool good = md != NULL && piece != NULL && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1;

    for (uint64_t at = 0; good && at < size;) {
        size_t got = 0;

        good = platform_file_read(file, at, piece, HASH_PIECE, &got) == VG_OK && got > 0 &&
               EVP_DigestUpdate(md, piece, got) == 1;
        at += got;
    }
    if (good && EVP_DigestFinal_ex(md, digest, NULL) == 1)
        hex_put(digest, sizeof(digest), out);
    EVP_MD_CTX_free(md);
    free(piece);
}

/* Appends bytes without NUL, so that wide text is masked as text. */
static size_t
take_text(struct slice from, char *out, size_t len)
{
    while (from.left > 0) {
        uint8_t c = slice_u8(&from);

        if (c != 0)
            out[len++] = (char)c;
    }
    return len;
}

/* The places in `text` where the context begins and ends: both shift with the NULs that were left out. */
static void
context_of(struct slice bytes, size_t begin, size_t end, char out[FILE_CONTEXT_MAX])
{
    enum { WINDOW = 2 * AROUND + FILE_CONTEXT_MAX };
    char text[WINDOW + 1], masked[WINDOW + 1];
    size_t from, to, all;

    from = take_text(slice_sub(&bytes, begin), text, 0);
    to = take_text(slice_sub(&bytes, end - begin), text, from);
    all = take_text(bytes, text, to);
    mask_text(masked, sizeof(masked), text, all);
    /* Masking may end early only where a character is cut at the very end, which is not shown. */
    if (to > strlen(masked))
        to = strlen(masked);
    if (from < to)
        mask_text(out, FILE_CONTEXT_MAX, masked + from, to - from);
}

static void
read_context(const struct yara_source *source, const struct yara_string *s,
             char out[FILE_CONTEXT_MAX])
{
    uint8_t window[2 * AROUND + FILE_CONTEXT_MAX - 1];
    uint64_t begin = s->offset > FILE_CONTEXT_BYTES ? s->offset - FILE_CONTEXT_BYTES : 0;
    uint64_t base = begin > AROUND ? begin - AROUND : 0;
    uint64_t end = s->offset + (s->length < FILE_CONTEXT_MATCH ? s->length : FILE_CONTEXT_MATCH);
    size_t got = 0;

    out[0] = '\0';
    end += FILE_CONTEXT_BYTES;
    if (source->read(source->ctx, base, window, (size_t)(end + AROUND - base), &got) != VG_OK)
        return;
    if (end > base + got)
        end = base + got;
    if (begin < end)
        context_of(slice_of(window, got), (size_t)(begin - base), (size_t)(end - base), out);
}

/* A rule tells once of a member, though its pieces overlap. */
static bool
told_already(const struct file_verdict *v, const char *rule, const char *inside)
{
    for (size_t i = 0; i < v->count; i++)
        if (strcmp(v->hit[i].match.rule, rule) == 0 && strcmp(v->hit[i].inside, inside) == 0)
            return true;
    return false;
}

static void
take_hits(const struct yara_result *result, const struct yara_source *source, const char *inside,
          uint64_t at, struct file_verdict *out)
{
    out->more += result->more;
    if (result->count > 0 && out->hit == NULL)
        out->hit = calloc(FILE_HITS_MAX, sizeof(*out->hit));
    for (size_t i = 0; i < result->count; i++) {
        struct file_hit *hit;

        if (out->hit == NULL || out->count == FILE_HITS_MAX) {
            out->more++;
            continue;
        }
        if (told_already(out, result->match[i].rule, inside))
            continue;
        hit = &out->hit[out->count++];
        hit->match = result->match[i];
        (void)vg_strcpy(hit->inside, sizeof(hit->inside), inside);
        for (size_t k = 0; k < hit->match.string_count; k++) {
            read_context(source, &hit->match.string[k], hit->context[k]);
            hit->match.string[k].offset += at;
        }
    }
}

/* ---- what lies inside ---- */

static enum vg_err
read_piece(void *ctx, uint64_t offset, void *to, size_t size, size_t *got)
{
    struct slice from = *(const struct slice *)ctx;

    *got = 0;
    if (offset > from.left)
        return VG_OK;
    slice_skip(&from, (size_t)offset);
    *got = size < from.left ? size : from.left;
    return slice_copy(&from, to, *got) ? VG_OK : VG_ERR_FORMAT;
}

static void
on_member(void *ctx, const char *name, uint64_t at, struct slice piece)
{
    struct file_look *look = ctx;
    struct yara_source source = {.read = read_piece, .ctx = &piece, .size = piece.left};
    int64_t left_s = (look->deadline_ns - platform_clock_monotonic()) / VG_SEC_NS + 1;
    enum vg_err err;

    if (left_s < 1) {
        look->out->timeout = true; /* also where no other piece comes, which would end it */
        return;
    }
    err = yara_scan(look->rules, piece, (int)left_s, &look->result);
    look->out->timeout |= err != VG_OK;
    if (err == VG_OK || err == VG_ERR_LIMIT)
        take_hits(&look->result, &source, name, at, look->out);
}

static void
look_inside(struct file_look *look, const struct yara_source *source, struct file_verdict *out)
{
    uint8_t head[UNPACK_HEAD];
    size_t got = 0;
    enum unpack_kind kind;

    if (look->unpack == NULL)
        return;
    if (source->read(source->ctx, 0, head, sizeof(head), &got) != VG_OK) {
        out->inside.failed++;
        return;
    }
    kind = unpack_kind_of(slice_of(head, got), source->size);
    if (kind == UNPACK_NOTHING)
        return;
    look->out = out;
    out->timeout |=
        unpack_file(look->unpack, kind, source, look->deadline_ns, on_member, look, &out->inside);
}

/* A mailbox (RFC 4155, [MS-PST]), a database (SQLite), a disk of a virtual machine (QCOW2, VMDK, VDI): by
 * their first bytes. */
static bool
is_collection(const struct yara_source *source)
{
    static const struct {
        const char *bytes;
        size_t at, len;
    } begin[] = {{"From ", 0, 5},
                 {"!BDN", 0, 4},
                 {"SQLite format 3", 0, 16},
                 {"QFI\xfb", 0, 4},
                 {"KDMV", 0, 4},
                 {"# Disk DescriptorFile", 0, 21},
                 {"\x7f\x10\xda\xbe", 64, 4}};
    char head[80];
    size_t got = 0;

    if (source->read(source->ctx, 0, head, sizeof(head), &got) != VG_OK)
        return false;
    for (size_t i = 0; i < VG_ARRAY_LEN(begin); i++)
        if (got >= begin[i].at + begin[i].len &&
            memcmp(head + begin[i].at, begin[i].bytes, begin[i].len) == 0)
            return true;
    return false;
}

/* ---- one file ---- */

void
file_look_handle(struct file_look *look, platform_file file, struct file_verdict *out)
{
    struct yara_result *result = &look->result;
    struct yara_source source = {.read = read_file, .ctx = &file};
    struct platform_stat after;

    *out = (struct file_verdict){0};
    out->err = platform_file_stat(file, &out->stat);
    if (out->err == VG_OK && !out->stat.regular)
        out->err = VG_ERR_FORMAT;
    if (out->err != VG_OK)
        return;
    look->deadline_ns = platform_clock_monotonic() + FILE_SCAN_SECONDS * VG_SEC_NS;
    source.size = out->stat.size < FILE_SCAN_BYTES_MAX ? out->stat.size : FILE_SCAN_BYTES_MAX;
    out->err = yara_scan_source(look->rules, &source, FILE_SCAN_SECONDS, result);
    if (out->err != VG_OK && out->err != VG_ERR_LIMIT)
        return;
    out->err = VG_OK;
    out->scanned = source.size;
    out->unscanned = out->stat.size - source.size;
    out->timeout = result->timeout;
    take_hits(result, &source, "", 0, out);
    look_inside(look, &source, out);
    if (out->count == 0)
        return;
    if (out->unscanned == 0)
        hash_file(file, source.size, out->sha256);
    out->collection = is_collection(&source);
    out->changed = platform_file_stat(file, &after) != VG_OK || after.size != out->stat.size ||
                   after.modified_ns != out->stat.modified_ns ||
                   after.changed_ns != out->stat.changed_ns;
    platform_user_name(out->stat.owner, out->owner, sizeof(out->owner));
}

void
file_look_path(struct file_look *look, const char *path, struct file_verdict *out)
{
    platform_file file;
    enum vg_err err = platform_file_open(path, &file);

    if (err != VG_OK) {
        *out = (struct file_verdict){.err = err};
        return;
    }
    file_look_handle(look, file, out);
    platform_file_close(file);
}
