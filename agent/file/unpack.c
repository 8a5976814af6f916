/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/file/unpack_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/mask.h"
#include "agent/platform/platform.h"

enum {
    TAR_MAGIC_AT = 257,
    ISO_SECTOR = 2048,
    ISO_BYTES_MIN = 17 * ISO_SECTOR,
};

/* ---- what a file is ---- */

static const struct {
    const char *bytes;
    uint8_t len, at;
    enum unpack_kind kind;
} MAGIC[] = {
    {"PK\x03\x04", 4, 0, UNPACK_ARCHIVE},         /* APPNOTE 4.3.7 */
    {"PK\x05\x06", 4, 0, UNPACK_ARCHIVE},         /* an empty one */
    {"7z\xbc\xaf\x27\x1c", 6, 0, UNPACK_ARCHIVE}, /* 7zFormat.txt */
    {"Rar!\x1a\x07", 6, 0, UNPACK_ARCHIVE},       /* versions 4 and 5 */
    {"\x1f\x8b\x08", 3, 0, UNPACK_ARCHIVE},       /* gzip, RFC 1952 */
    {"\xfd"
     "7zXZ\0",
     6, 0, UNPACK_ARCHIVE}, /* The .xz File Format 2.1.1.1 */
    {"BZh", 3, 0, UNPACK_ARCHIVE},
    {"\x28\xb5\x2f\xfd", 4, 0, UNPACK_ARCHIVE}, /* zstd, RFC 8878 */
    {"\x04\x22\x4d\x18", 4, 0, UNPACK_ARCHIVE}, /* LZ4 frame */
    {"\x1f\x9d", 2, 0, UNPACK_ARCHIVE},         /* compress */
    {"MSCF\0\0\0\0", 8, 0, UNPACK_ARCHIVE},     /* cabinet, MS-CAB */
    {"!<arch>\ndebian", 14, 0, UNPACK_ARCHIVE}, /* deb(5); other ar files hold only object files */
    {"%PDF-", 5, 0, UNPACK_PDF},
    {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8, 0, UNPACK_OLE}, /* MS-CFB 2.2 */
    /* What mails begin with: a mailbox (RFC 4155), and header lines that programs put first. */
    {"From ", 5, 0, UNPACK_MAIL},
    {"From: ", 6, 0, UNPACK_MAIL},
    {"To: ", 4, 0, UNPACK_MAIL},
    {"Date: ", 6, 0, UNPACK_MAIL},
    {"Subject: ", 9, 0, UNPACK_MAIL},
    {"Received: ", 10, 0, UNPACK_MAIL},
    {"Return-Path: ", 13, 0, UNPACK_MAIL},
    {"Delivered-To: ", 14, 0, UNPACK_MAIL},
    {"Message-I", 9, 0, UNPACK_MAIL},
    {"MIME-Version: ", 14, 0, UNPACK_MAIL},
    {"DKIM-Signature: ", 16, 0, UNPACK_MAIL},
    {"Content-T", 9, 0, UNPACK_MAIL},
    {"X-Mozilla-", 10, 0, UNPACK_MAIL},
};

static bool
has(struct slice head, size_t at, const char *bytes, size_t len)
{
    const uint8_t *p;

    slice_skip(&head, at);
    p = slice_take(&head, len);
    return p != NULL && memcmp(p, bytes, len) == 0;
}

enum unpack_kind
unpack_kind_of(struct slice head, uint64_t size)
{
    for (size_t i = 0; i < VG_ARRAY_LEN(MAGIC); i++)
        if (has(head, MAGIC[i].at, MAGIC[i].bytes, MAGIC[i].len))
            return MAGIC[i].kind;
    if (has(head, TAR_MAGIC_AT, "ustar", 5))
        return UNPACK_ARCHIVE;
    /* The system area before an ISO's first descriptor is mostly zero; libarchive then looks at it. */
    if (size >= ISO_BYTES_MIN && size % ISO_SECTOR == 0 && has(head, 0, "\0\0\0\0\0\0\0\0", 8))
        return UNPACK_ARCHIVE;
    return UNPACK_NOTHING;
}

/* ---- members ---- */

enum vg_err
unpack_new(struct unpack **out)
{
    struct unpack *u = calloc(1, sizeof(*u));

    if (u == NULL)
        return VG_ERR_NOMEM;
    for (size_t i = 0; i < UNPACK_DEPTH_MAX; i++)
        buf_init(&u->level[i].bytes, UNPACK_NESTED_MAX);
    *out = u;
    return VG_OK;
}

void
unpack_free(struct unpack *u)
{
    if (u == NULL)
        return;
    for (size_t i = 0; i < UNPACK_DEPTH_MAX; i++)
        buf_done(&u->level[i].bytes);
    free(u);
}

bool
unpack_is_late(struct unpack *u)
{
    u->late |= platform_clock_monotonic() > u->deadline_ns;
    u->level[u->depth].capped |= u->late;
    return u->late;
}

bool
unpack_entry(struct unpack *u)
{
    if (u->members_left == 0 || unpack_is_late(u)) {
        u->level[u->depth].capped = true;
        return false;
    }
    u->members_left--;
    return true;
}

bool
unpack_pass(struct unpack *u, size_t len)
{
    if (unpack_is_late(u) || len > u->bytes_left) {
        u->level[u->depth].capped = true;
        return false;
    }
    u->bytes_left -= len;
    u->counts->bytes += len;
    return true;
}

bool
unpack_begin(struct unpack *u, const char *name)
{
    size_t above = u->level[u->depth].above;
    char *to = u->level[u->depth].name;

    if (!unpack_entry(u))
        return false;
    u->counts->members++;
    buf_clear(&u->level[u->depth].bytes);
    u->level[u->depth].at = 0;
    u->level[u->depth].nests = false;
    if (name == NULL || name[0] == '\0')
        name = "?";
    mask_text(to + above, UNPACK_NAME_MAX - above, name, strlen(name));
    return true;
}

static void
tell(struct unpack *u)
{
    u->member(u->ctx, u->level[u->depth].name, u->level[u->depth].at,
              buf_slice(&u->level[u->depth].bytes));
}

/* Told by the piece, unless it is to be gone into when it is whole. */
static void
tell_piece(struct unpack *u)
{
    struct buf *bytes = &u->level[u->depth].bytes;

    tell(u);
    u->level[u->depth].at += bytes->len - YARA_OVERLAP;
    buf_consume(bytes, bytes->len - YARA_OVERLAP);
}

bool
unpack_more(struct unpack *u, const void *from, size_t len)
{
    struct buf *bytes = &u->level[u->depth].bytes;

    if (!unpack_pass(u, len))
        return false;
    if (bytes->len + len > bytes->cap && bytes->len > UNPACK_PIECE) { /* too large to go into */
        u->level[u->depth].capped = true;
        u->level[u->depth].nests = false;
        tell_piece(u);
    }
    buf_put(bytes, from, len);
    if (bytes->bad) { /* no memory: what is gathered is looked at, the rest is missing */
        u->level[u->depth].capped = true;
        u->counts->failed++;
        return false;
    }
    /* Of however few bytes the first blocks are. */
    if (u->level[u->depth].at == 0 && bytes->len - len < UNPACK_HEAD)
        u->level[u->depth].nests = unpack_kind_of(buf_slice(bytes), 0) != UNPACK_NOTHING;
    if (bytes->len >= UNPACK_PIECE && !u->level[u->depth].nests)
        tell_piece(u);
    return true;
}

/* ---- nesting ---- */

static enum vg_err
read_slice(void *ctx, uint64_t offset, void *to, size_t size, size_t *got)
{
    struct slice from = *(const struct slice *)ctx;

    *got = 0;
    if (offset >= from.left)
        return VG_OK;
    slice_skip(&from, (size_t)offset);
    *got = size < from.left ? size : from.left;
    return slice_copy(&from, to, *got) ? VG_OK : VG_ERR_FORMAT;
}

static void
document(struct unpack *u, enum unpack_kind kind, struct slice file)
{
    if (kind == UNPACK_PDF)
        unpack_pdf(u, file);
    else if (kind == UNPACK_OLE)
        unpack_ole(u, file);
    else
        unpack_mail(u, file);
}

static void
count_level(struct unpack *u)
{
    u->counts->capped += u->level[u->depth].capped;
    u->counts->damaged += u->level[u->depth].damaged;
}

/* The level above the present one is a file of a kind; this one is its members'. */
static void
enter(struct unpack *u, enum unpack_kind kind, struct slice file)
{
    char parent[UNPACK_NAME_MAX / 2];
    struct yara_source source = {.read = read_slice, .ctx = &file, .size = file.left};
    size_t len;

    (void)vg_strcpy(parent, sizeof(parent), u->level[u->depth].name);
    u->depth++;
    u->level[u->depth].capped = u->level[u->depth].damaged = false;
    len = (size_t)snprintf(u->level[u->depth].name, UNPACK_NAME_MAX, "%.*s > ", UNPACK_NAME_MAX / 2,
                           parent);
    u->level[u->depth].above = len;
    if (kind == UNPACK_ARCHIVE)
        unpack_archive(u, &source);
    else
        document(u, kind, file);
    count_level(u);
    u->depth--;
}

void
unpack_end(struct unpack *u)
{
    struct slice whole = buf_slice(&u->level[u->depth].bytes);
    enum unpack_kind kind;

    tell(u);
    if (!u->level[u->depth].nests || u->level[u->depth].at > 0)
        return;
    kind = unpack_kind_of(whole, 0);
    if (u->depth + 1 == UNPACK_DEPTH_MAX)
        u->level[u->depth].capped = true;
    else
        enter(u, kind, whole);
}

bool
unpack_file(struct unpack *u, enum unpack_kind kind, const struct yara_source *source,
            int64_t deadline_ns, unpack_member *member, void *ctx, struct unpack_counts *counts)
{
    uint64_t bound = UNPACK_BYTES_FREE + source->size * UNPACK_RATIO_MAX;

    u->member = member;
    u->ctx = ctx;
    u->counts = counts;
    u->deadline_ns = deadline_ns;
    u->bytes_left = bound < UNPACK_BYTES_MAX ? bound : UNPACK_BYTES_MAX;
    u->members_left = UNPACK_MEMBERS_MAX;
    u->late = false;
    u->depth = 0;
    u->level[0].above = 0;
    u->level[0].capped = u->level[0].damaged = false;
    if (kind == UNPACK_ARCHIVE) {
        unpack_archive(u, source);
    } else { /* the file itself takes the lowest level's memory */
        size_t want =
                   source->size < UNPACK_DOCUMENT_MAX ? (size_t)source->size : UNPACK_DOCUMENT_MAX,
               got = 0;
        uint64_t at = kind == UNPACK_MAIL ? source->size - want : 0; /* new mails come last */
        uint8_t *file = malloc(want > 0 ? want : 1);

        if (file != NULL && source->read(source->ctx, at, file, want, &got) == VG_OK)
            document(u, kind, slice_of(file, got));
        else
            counts->failed++;
        u->level[0].capped |= source->size > UNPACK_DOCUMENT_MAX || file == NULL;
        free(file);
    }
    count_level(u);
    for (size_t i = 0; i < UNPACK_DEPTH_MAX; i++) /* what a large member took is given back */
        if (u->level[i].bytes.room > 2 * UNPACK_PIECE)
            buf_done(&u->level[i].bytes);
    return u->late;
}
