/* SPDX-License-Identifier: Apache-2.0 */
/* The archive and the manifest of a bundle, without the guard of a signature. */
#include <stdlib.h>
#include <string.h>

#include "common/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t key[1][BUNDLE_KEY] = {{'n', 'o', 'b', 'o', 'd', 'y'}};
    struct slice whole = slice_of(data, size);
    struct bundle_error why = {.word = ""};
    struct bundle b;
    size_t bytes = 0;

    if (bundle_verify(whole, (const uint8_t(*)[BUNDLE_KEY])key, 1, &why) == VG_OK)
        abort();
    if (bundle_read(whole, &b, &why) != VG_OK)
        return 0;
    if (b.count > BUNDLE_FILES_MAX || b.version <= 0)
        abort();
    for (size_t i = 0; i < b.count; i++) {
        const struct bundle_file *f = &b.file[i];

        if (bundle_path_wrong(f->path) != NULL || strstr(f->path, "..") != NULL ||
            bundle_find(&b, f->path) != f)
            abort();
        bytes += f->bytes.left;
    }
    if (bytes > BUNDLE_BYTES_MAX)
        abort();
    bundle_done(&b);
    return 0;
}
