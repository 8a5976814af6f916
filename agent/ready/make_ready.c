/* SPDX-License-Identifier: Apache-2.0 */
/* make_ready OUT FOLDER...: run by the build; compiles the rules of each folder and writes what
 * ready_rules.c puts into the program (yara_ready.h). */
#include <stdio.h>
#include <string.h>

#include "agent/detect/yara_pack.h"
#include "agent/detect/yara_ready.h"

static bool
put_folder(const char *folder, struct buf *out)
{
    uint8_t digest[YARA_DIGEST];
    struct yara_report report;
    struct yara_sets sets = {.gate = NULL};
    bool good = yara_digest(folder, digest) == VG_OK &&
                yara_compile_folder(folder, &sets, &report) == VG_OK;

    if (good && report.bad > 0) {
        fprintf(stderr, "make_ready: %s\n", report.why);
        good = false;
    }
    if (good)
        yara_ready_put(out, digest, &sets.packed);
    yara_sets_done(&sets);
    return good;
}

static bool
put_all(char **folders, int count, struct buf *out)
{
    for (int i = 0; i < count; i++)
        if (!put_folder(folders[i], out)) {
            fprintf(stderr, "make_ready: %s: no usable rules\n", folders[i]);
            return false;
        }
    return !out->bad;
}

static bool
write_all(const char *path, const struct buf *text)
{
    FILE *to = fopen(path, "wb");

    if (to == NULL)
        return false;
    return (fwrite(text->data, 1, text->len, to) == text->len) & (fclose(to) == 0);
}

int
main(int argc, char **argv)
{
    struct buf out;
    bool good;

    if (argc < 3) {
        fprintf(stderr, "usage: make_ready OUT FOLDER...\n");
        return 2;
    }
    buf_init(&out, YARA_PACKED_MAX);
    good = yr_initialize() == ERROR_SUCCESS && put_all(argv + 2, argc - 2, &out) &&
           write_all(argv[1], &out);
    buf_done(&out);
    return good ? 0 : 1;
}
