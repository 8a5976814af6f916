/* SPDX-License-Identifier: Apache-2.0 */
/* A whole pcap or pcapng file. */
#include <stdio.h>

#include "agent/net/capture.h"
#include "net_fuzz.h"

static char path[64];

static void
remove_path(void)
{
    (void)remove(path);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_run run = {0};
    struct capture *c = NULL;
    char why[CAPTURE_WHY_MAX];
    struct frame f;
    FILE *file;

    if (path[0] == '\0') {
        snprintf(path, sizeof(path), "fuzz_net_savefile.%p.tmp", (void *)&run);
        (void)atexit(remove_path);
    }
    file = fopen(path, "wb");
    FUZZ_HOLDS(file != NULL);
    FUZZ_HOLDS(fwrite(data, 1, size, file) == size);
    FUZZ_HOLDS(fclose(file) == 0);
    FUZZ_HOLDS(capture_open_file(path, &c, why) == VG_OK);
    if (capture_begin(c, why) == VG_OK) {
        struct net_engine *e = fuzz_engine(&run);

        while (capture_next(c, &f) == VG_OK) {
            FUZZ_HOLDS(f.wire >= f.bytes.left && f.time_ns >= 0);
            net_engine_frame(e, capture_link(c), f.time_ns, f.bytes, f.wire);
        }
        fuzz_done(&run, e);
    }
    capture_free(c);
    return 0;
}
