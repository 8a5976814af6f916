/* SPDX-License-Identifier: Apache-2.0 */
/* unpack: what lies inside an archive or a document, member by member, without a temporary file.
 *
 * By their first bytes: zip (also OOXML, jar), 7z, rar, tar, iso, cab, deb, and gzip, xz, bzip2, zstd, lz4,
 * compress around one file or a tar, by libarchive; the compressed streams of a PDF (unpack_pdf.c), the
 * macros of an OLE document (unpack_ole.c) and the attachments of mails and mailboxes (unpack_mail.c). Members that are such themselves are gone into as well.
 * Nothing of what is named in an archive is trusted or made: neither paths nor links nor sizes.
 * Limits, for a file with all that is nested in it: UNPACK_DEPTH_MAX, UNPACK_MEMBERS_MAX (folders and links too), bytes (16 MiB and
 * UNPACK_RATIO_MAX times its size, UNPACK_BYTES_MAX in all), a time; what they cut short is counted. A
 * nested archive of more than UNPACK_NESTED_MAX bytes is not gone into. */
#pragma once

#include "agent/detect/yara.h"
#include "common/buf.h"

enum {
    UNPACK_DEPTH_MAX = 4,
    UNPACK_MEMBERS_MAX = 20000,
    UNPACK_RATIO_MAX = 1000,
    UNPACK_NAME_MAX = 256,
    UNPACK_PIECE = 4 * 1024 * 1024, /* longer members come in pieces that overlap by YARA_OVERLAP */
    UNPACK_NESTED_MAX = 64 * 1024 * 1024,
    UNPACK_DOCUMENT_MAX = 32 * 1024 * 1024, /* PDF, OLE, mail: looked at in memory */
    UNPACK_HEAD = 512,                      /* bytes that tell what a file is */
};
#define UNPACK_BYTES_MAX  (UINT64_C(512) * 1024 * 1024)
#define UNPACK_BYTES_FREE (UINT64_C(16) * 1024 * 1024)

/* What a process that unpacks may take in all (platform_memory_limit()): an archive says by itself how large
 * a dictionary its reader must make. */
#define UNPACK_MEMORY_MAX (UINT64_C(1024) * 1024 * 1024)

enum unpack_kind { UNPACK_NOTHING, UNPACK_ARCHIVE, UNPACK_PDF, UNPACK_OLE, UNPACK_MAIL };
/* What a file of `size` bytes that begins with these is; an ISO image needs more than the head. */
enum unpack_kind unpack_kind_of(struct slice head, uint64_t size);

struct unpack_counts {
    uint64_t members, bytes;
    uint64_t capped;  /* archives cut short by a limit */
    uint64_t damaged; /* archives with a part that cannot be read */
    uint64_t locked;  /* members under a password */
    uint64_t
        failed; /* reads of the file that went wrong, memory that was not there: another look may
                         see more, whatever else is counted */
};

struct unpack;

/* A piece of a member: `name` is shown to people only ("a.docx > word/x.bin"), `at` is where the piece begins
 * in the member. Borrowed for the call. */
typedef void unpack_member(void *ctx, const char *name, uint64_t at, struct slice piece);

enum vg_err unpack_new(struct unpack **out) VG_MUST_CHECK;
void unpack_free(struct unpack *unpack);

/* Goes into a file of a kind other than UNPACK_NOTHING, until `deadline_ns` (monotonic) at most. Adds to
 * *counts. True when the time was over. */
bool unpack_file(struct unpack *unpack, enum unpack_kind kind, const struct yara_source *source,
                 int64_t deadline_ns, unpack_member *member, void *ctx,
                 struct unpack_counts *counts);
