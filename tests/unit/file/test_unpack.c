/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>
#include <cmocka.h>
#include <zlib.h>

#include "agent/file/unpack.h"
#include "agent/platform/platform.h"
#include "common/vtime.h"

#define NEEDLE "the needle in the member"
enum { PACKED_MAX = 8 * 1024 * 1024, NAMES = 4096 };

static struct unpack *unpack;
static struct unpack_counts counts;
static uint64_t told_bytes;
static size_t found, pieces;
static char where[UNPACK_NAME_MAX], names[NAMES];

static int
setup(void **state)
{
    return unpack_new(&unpack) == VG_OK ? 0 : 1;
}

static int
teardown(void **state)
{
    unpack_free(unpack);
    return 0;
}

static void
on_member(void *ctx, const char *name, uint64_t at, struct slice piece)
{
    struct slice all = piece;
    const uint8_t *bytes = slice_take(&all, piece.left);

    pieces++;
    told_bytes = at + piece.left > told_bytes ? at + piece.left : told_bytes;
    if (strlen(names) + strlen(name) + 2 < sizeof(names))
        strcat(strcat(names, name), ";");
    for (size_t i = 0; i + strlen(NEEDLE) <= piece.left; i++)
        if (memcmp(bytes + i, NEEDLE, strlen(NEEDLE)) == 0) {
            found++;
            (void)vg_strcpy(where, sizeof(where), name);
        }
}

static enum vg_err
read_bytes(void *ctx, uint64_t offset, void *to, size_t size, size_t *got)
{
    struct slice from = *(const struct slice *)ctx;

    *got = 0;
    if (offset >= from.left)
        return VG_OK;
    slice_skip(&from, (size_t)offset);
    *got = size < from.left ? size : from.left;
    return slice_copy(&from, to, *got) ? VG_OK : VG_ERR_FORMAT;
}

static bool
look(struct slice file, int64_t time_ns)
{
    struct yara_source source = {.read = read_bytes, .ctx = &file, .size = file.left};
    enum unpack_kind kind = unpack_kind_of(file, file.left);

    counts = (struct unpack_counts){0};
    told_bytes = 0;
    found = pieces = 0;
    names[0] = where[0] = '\0';
    if (kind == UNPACK_NOTHING)
        return false;
    return unpack_file(unpack, kind, &source, platform_clock_monotonic() + time_ns, on_member, NULL,
                       &counts);
}

/* ---- making archives ---- */

struct packer {
    struct archive *a;
    uint8_t *bytes;
    size_t len;
};

static struct packer
pack_begin(int (*format)(struct archive *), int (*filter)(struct archive *))
{
    struct packer p = {.a = archive_write_new(), .bytes = malloc(PACKED_MAX)};

    assert_non_null(p.bytes);
    assert_int_equal(format(p.a), ARCHIVE_OK);
    if (filter != NULL)
        assert_int_equal(filter(p.a), ARCHIVE_OK);
    return p;
}

static void
pack_open(struct packer *p)
{
    assert_int_equal(archive_write_open_memory(p->a, p->bytes, PACKED_MAX, &p->len), ARCHIVE_OK);
}

static void
pack_put_kind(struct packer *p, const char *name, struct slice content, unsigned kind)
{
    struct archive_entry *entry = archive_entry_new();

    archive_entry_set_pathname(entry, name);
    archive_entry_set_size(entry, (la_int64_t)content.left);
    archive_entry_set_filetype(entry, kind);
    archive_entry_set_perm(entry, 0644);
    assert_int_equal(archive_write_header(p->a, entry), ARCHIVE_OK);
    if (content.left > 0)
        assert_int_equal(archive_write_data(p->a, content.at, content.left),
                         (la_ssize_t)content.left);
    archive_entry_free(entry);
}

static void
pack_put(struct packer *p, const char *name, struct slice content)
{
    pack_put_kind(p, name, content, AE_IFREG);
}

static struct slice
pack_end(struct packer *p)
{
    assert_int_equal(archive_write_close(p->a), ARCHIVE_OK);
    archive_write_free(p->a);
    return slice_of(p->bytes, p->len);
}

/* One member of a kind of archive. */
static struct slice
packed(int (*format)(struct archive *), int (*filter)(struct archive *), const char *name,
       struct slice content)
{
    struct packer p = pack_begin(format, filter);

    pack_open(&p);
    pack_put(&p, name, content);
    return pack_end(&p);
}

static struct slice
text(const char *s)
{
    return slice_of(s, strlen(s));
}

static void
drop(struct slice s)
{
    free((void *)(uintptr_t)s.at);
}

static const struct {
    int (*format)(struct archive *);
    int (*filter)(struct archive *);
} KINDS[] = {
    {archive_write_set_format_zip, NULL},
    {archive_write_set_format_7zip, NULL},
    {archive_write_set_format_ustar, NULL},
    {archive_write_set_format_pax, archive_write_add_filter_gzip},
    {archive_write_set_format_ustar, archive_write_add_filter_xz},
    {archive_write_set_format_ustar, archive_write_add_filter_bzip2},
    {archive_write_set_format_gnutar, archive_write_add_filter_zstd},
    {archive_write_set_format_iso9660, NULL},
    {archive_write_set_format_raw, archive_write_add_filter_gzip},
    {archive_write_set_format_raw, archive_write_add_filter_xz},
    {archive_write_set_format_raw, archive_write_add_filter_compress},
};

static void
test_kinds(void **state)
{
    for (size_t i = 0; i < VG_ARRAY_LEN(KINDS); i++) {
        struct slice file =
            packed(KINDS[i].format, KINDS[i].filter, "inner.txt", text("and " NEEDLE));

        assert_false(look(file, VG_SEC_NS));
        if (found != 1)
            print_error("kind %zu: %zu members, %zu damaged\n", i, (size_t)counts.members,
                        (size_t)counts.damaged);
        assert_int_equal(found, 1);
        assert_int_equal(counts.damaged + counts.capped + counts.locked, 0);
        /* Cut anywhere: no harm, and told where something is missing. */
        for (size_t len = 0; len < file.left; len += 1 + file.left / 400)
            (void)look(slice_of(file.at, len), VG_SEC_NS);
        drop(file);
    }
    assert_false(look(text("no archive at all"), VG_SEC_NS));
    assert_int_equal(counts.members, 0);
}

/* As deep as is gone into, and one deeper. */
static void
test_nested(void **state)
{
    struct slice file = packed(archive_write_set_format_zip, NULL, "4111111111111111.txt",
                               text(NEEDLE)),
                 outer;

    for (int depth = 1; depth <= UNPACK_DEPTH_MAX + 1; depth++) {
        look(file, 5 * VG_SEC_NS);
        assert_int_equal(found, depth <= UNPACK_DEPTH_MAX);
        assert_int_equal(counts.capped, depth > UNPACK_DEPTH_MAX);
        if (depth == 3) {
            assert_string_equal(where, "x.bin > x.bin > XXXXXXXXXXXXXXXX.txt");
        }
        outer = packed(depth % 2 ? archive_write_set_format_7zip : archive_write_set_format_zip,
                       NULL, "x.bin", file);
        drop(file);
        file = outer;
    }
    drop(file);
}

/* Zeros without end: bytes, then the ratio, then the time end it. */
static void
test_bombs(void **state)
{
    enum { MANY = 600 };
    uint8_t *zeros = calloc(1, 1024 * 1024);
    struct packer p = pack_begin(archive_write_set_format_ustar, archive_write_add_filter_xz);
    struct slice file;

    pack_open(&p);
    for (int i = 0; i < MANY; i++)
        pack_put(&p, "zeros", slice_of(zeros, 1024 * 1024));
    file = pack_end(&p);
    assert_true(file.left < 512 * 1024);
    look(file, 60 * VG_SEC_NS);
    assert_int_equal(counts.capped, 1);
    assert_true(counts.bytes <= UNPACK_BYTES_MAX);
    assert_true(counts.bytes <= UNPACK_BYTES_FREE + file.left * UNPACK_RATIO_MAX);
    assert_true(look(file, 1)); /* late */
    assert_int_equal(counts.capped, 1);
    drop(file);

    /* Members without end. */
    p = pack_begin(archive_write_set_format_ustar, archive_write_add_filter_gzip);
    pack_open(&p);
    for (int i = 0; i < UNPACK_MEMBERS_MAX + 10; i++)
        pack_put(&p, "x", text("x"));
    file = pack_end(&p);
    look(file, 60 * VG_SEC_NS);
    assert_int_equal(counts.members, UNPACK_MEMBERS_MAX);
    assert_int_equal(counts.capped, 1);
    drop(file);
    free(zeros);
}

/* Folders without end, which are no members, and what comes after them. */
static void
test_many_folders(void **state)
{
    struct packer p = pack_begin(archive_write_set_format_ustar, archive_write_add_filter_gzip);
    struct slice file;

    pack_open(&p);
    for (int i = 0; i < UNPACK_MEMBERS_MAX + 10; i++)
        pack_put_kind(&p, "d", text(""), AE_IFDIR);
    pack_put(&p, "x", text(NEEDLE));
    file = pack_end(&p);
    assert_false(look(file, 60 * VG_SEC_NS));
    assert_int_equal(counts.capped, 1);
    assert_int_equal(found, 0);
    assert_true(look(file, 1)); /* late */
    assert_int_equal(counts.members, 0);
    drop(file);
}

/* What a mail or a mailbox carries, whatever its parts are written in, cut anywhere. */
#define MAIL_HEAD                                                                                  \
    "From: a@shop.example\r\nSubject: factura\r\nMIME-Version: 1.0\r\n"                            \
    "Content-Type: multipart/mixed; boundary=\"x\"\r\n\r\n--x\r\n"
#define NEEDLE_64 "Li4uLi4udGhlIG5lZWRs\r\nZSBpbiB0aGUgbWVtYmVy\r\nLi4u\r\n" /* in dots */

static void
test_mail(void **state)
{
    static const char *const mails[] = {
        MAIL_HEAD "Content-Type: text/plain\r\n\r\nhola\r\n--x\r\n"
                  "Content-Type: application/zip; name=\"f.exe\"\r\n"
                  "Content-Transfer-Encoding: BASE64\r\n\r\n" NEEDLE_64 "--x--\r\n",
        MAIL_HEAD "content-transfer-encoding: quoted-printable\r\nContent-Type: text/html;\r\n"
                  " name=f.exe\r\n\r\n<p>the =6Eeedle in=\r\n the=20member</p>\r\n--x--\r\n",
        "From ana Mon Jan  1\nSubject: uno\n\nnada\n\nFrom ana Mon Jan  1\nSubject: dos\n"
        "Content-Transfer-Encoding: base64\nContent-Disposition: attachment; "
        "filename=f.exe\n\n" NEEDLE_64,
    };

    for (size_t i = 0; i < VG_ARRAY_LEN(mails); i++) {
        assert_false(look(text(mails[i]), VG_SEC_NS));
        assert_int_equal(found, 1);
        assert_string_equal(where, "f.exe");
        assert_int_equal(counts.members, 1);
        assert_int_equal(counts.capped + counts.damaged + counts.locked, 0);
        for (size_t cut = 0; cut < strlen(mails[i]); cut++)
            look(slice_of(mails[i], cut), VG_SEC_NS);
    }
}

static void
put_base64(struct buf *out, struct slice bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t n = 0; bytes.left > 0; n++) {
        size_t left = bytes.left;
        uint32_t bits = (uint32_t)slice_u8(&bytes) << 16;

        bits |= left > 1 ? (uint32_t)slice_u8(&bytes) << 8 : 0;
        bits |= left > 2 ? slice_u8(&bytes) : 0;
        for (size_t k = 0; k < 4; k++)
            buf_put_u8(out, k <= left ? (uint8_t)digits[bits >> (18 - 6 * k) & 63] : '=');
        if (n % 19 == 18)
            buf_put_str(out, "\r\n");
    }
    buf_put_str(out, "\r\n");
}

/* An archive in a mail in a mailbox, behind more than is looked at of one file. */
static void
test_archive_in_mailbox(void **state)
{
    struct slice zip = packed(archive_write_set_format_zip, NULL, "deep.js", text(NEEDLE));
    struct buf box;

    buf_init(&box, 64 * 1024 * 1024);
    buf_put_str(&box, "From ana Mon Jan  1 00:00:00 2026\n\n");
    for (size_t i = 0; i < 34 * 1024; i++)
        for (size_t k = 0; k < 1024; k += 64)
            buf_put_str(&box, "old mails, line by line, of which nobody needs any any more...\n\n");
    buf_put_str(&box,
                "From ana Mon Jan  1 00:00:00 2026\nSubject: x\nContent-Type: application/zip; "
                "name=\"a.zip\"\nContent-Transfer-Encoding: base64\n\n");
    put_base64(&box, zip);
    assert_false(box.bad);
    assert_false(look(buf_slice(&box), 20 * VG_SEC_NS));
    assert_int_equal(found, 1);
    assert_string_equal(where, "a.zip > deep.js");
    assert_int_equal(counts.capped, 1); /* the old ones were not looked at */
    buf_done(&box);
    drop(zip);
}

/* Packed around what is packed: of another kind it is a member as any, of the same kind it is told, and
 * neither is unpacked without bound. */
static void
test_packed_twice(void **state)
{
    struct slice once = packed(archive_write_set_format_raw, archive_write_add_filter_gzip, "x",
                               text(NEEDLE)),
                 twice =
                     packed(archive_write_set_format_raw, archive_write_add_filter_xz, "x", once);

    look(twice, VG_SEC_NS);
    assert_int_equal(found, 1);
    assert_int_equal(counts.members, 2);
    assert_int_equal(counts.capped + counts.damaged, 0);
    drop(twice);
    twice = packed(archive_write_set_format_raw, archive_write_add_filter_gzip, "x", once);
    look(twice, VG_SEC_NS);
    assert_int_equal(found, 0);
    assert_int_equal(counts.capped, 1);
    assert_int_equal(counts.damaged, 0);
    drop(twice);
    drop(once);
}

/* The rest of a zip's local header for stored content: CRC, sizes, a name of one letter. */
static void
put_crc(uint8_t *header, const void *content, size_t len)
{
    uint32_t crc = (uint32_t)crc32(0, content, (uInt)len);

    for (int i = 0; i < 4; i++) {
        header[14 + i] = (uint8_t)(crc >> 8 * i);
        header[18 + i] = header[22 + i] = (uint8_t)(len >> 8 * i);
    }
    header[26] = 1;
    header[30] = 'x';
}

/* An archive that is stored where the first bytes of it come alone, at the end of what is read at once. */
static void
test_nested_at_a_border(void **state)
{
    enum { READ_AT_ONCE = 64 * 1024, ZIP_HEADER = 31 };
    static uint8_t filler[READ_AT_ONCE];
    struct slice inner =
        packed(archive_write_set_format_ustar, archive_write_add_filter_gzip, "x", text(NEEDLE));

    for (size_t alone = 1; alone < 8; alone++) {
        uint8_t *file = calloc(1, READ_AT_ONCE + 4096 + inner.left);
        size_t at = READ_AT_ONCE - alone - ZIP_HEADER, end = READ_AT_ONCE - alone + inner.left;
        const uint8_t stored[] = {'P', 'K', 3, 4, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0};
        uint32_t len = (uint32_t)inner.left;

        /* One stored member of a zip (APPNOTE 4.3.7), begun late by one that fills the room before. */
        assert_non_null(file);
        memcpy(file, stored, sizeof(stored));
        put_crc(file, filler, at - ZIP_HEADER);
        memcpy(file + at, stored, sizeof(stored));
        memcpy(file + at + ZIP_HEADER, inner.at, inner.left);
        put_crc(file + at, inner.at, len);
        look(slice_of(file, end), VG_SEC_NS);
        assert_int_equal(found, 1);
        free(file);
    }
    drop(inner);
}

/* A member of several pieces: what lies over a border is whole in one of them. */
static void
test_pieces(void **state)
{
    const size_t len = 3 * UNPACK_PIECE;
    uint8_t *bytes = malloc(len);
    struct slice file;

    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(i * 2654435761u >> 13);
    memcpy(bytes + UNPACK_PIECE - 5, NEEDLE, strlen(NEEDLE));
    file = packed(archive_write_set_format_zip, NULL, "large", slice_of(bytes, len));
    look(file, 60 * VG_SEC_NS);
    assert_true(found >= 1);
    assert_true(pieces >= 3);
    assert_int_equal(told_bytes, len);
    assert_int_equal(counts.capped, 0);
    drop(file);
    free(bytes);
}

static void
test_pdf(void **state)
{
    uint8_t packed_text[200];
    uLongf len = sizeof(packed_text);
    char pdf[1000];
    int head;

    assert_int_equal(compress(packed_text, &len, (const Bytef *)NEEDLE, strlen(NEEDLE)), Z_OK);
    for (int cr = 0; cr < 2; cr++) {
        head = snprintf(pdf, sizeof(pdf),
                        "%%PDF-1.5\n1 0 obj <</Length %lu/Filter/FlateDecode>>\nstream%s\n", len,
                        cr ? "\r" : "");
        memcpy(pdf + head, packed_text, len);
        memcpy(pdf + head + len, "\nendstream endobj\n", 18);
        look(slice_of(pdf, (size_t)head + len + 18), VG_SEC_NS);
        assert_int_equal(found, 1);
        assert_string_equal(where, "stream 1");
        look(slice_of(pdf, (size_t)head + len / 2), VG_SEC_NS);
        assert_int_equal(counts.damaged, 1);
    }
}

/* A module as MS-OVBA packs it: literals, and a copy of what stands 11 letters before. */
static void
test_ole(void **state)
{
    static const char module[] = "\x01\x2c\xb0"
                                 "\0Attribut\0e VB_Na\0the need\0le in th\x01\x09\xa0"
                                 "member!";
    uint8_t ole[600] = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
    size_t at = 300;

    memcpy(ole + at, module, sizeof(module) - 1);
    ole[at + 1] = (uint8_t)(sizeof(module) - 1 - 3 - 1);
    look(slice_of(ole, sizeof(ole)), VG_SEC_NS);
    assert_int_equal(counts.members, 1);
    assert_string_equal(names, "macro 1;");
    assert_true(told_bytes > 30);
    for (size_t len = at; len < sizeof(ole); len++)
        look(slice_of(ole, len), VG_SEC_NS);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_nested),
        cmocka_unit_test(test_bombs),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_pdf),
        cmocka_unit_test(test_ole),
        cmocka_unit_test(test_mail),
        cmocka_unit_test(test_archive_in_mailbox),
        cmocka_unit_test(test_many_folders),
        cmocka_unit_test(test_packed_twice),
        cmocka_unit_test(test_nested_at_a_border),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
