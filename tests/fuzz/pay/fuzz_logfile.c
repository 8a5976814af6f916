/* SPDX-License-Identifier: Apache-2.0 */
/* logfile: a whole file of any bytes through recognition, decompression, readers and profiles; no
 * transaction shows a card number, and the file is read to its end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/pay/logfile.h"
#include "agent/pay/txn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct rig {
    struct profiles profiles;
    struct tokens *tokens;
    struct zone *zone;
};

/* Made once for the process, as the fuzzer's entry has no place to keep it. */
static const struct rig *
rig_get(void)
{
    static struct rig rig;
    static const uint8_t key[TOKEN_KEY_SIZE] = {1};
    struct conf_error err;
    const char *rules = getenv("VIGIA_RULES");

    if (rig.tokens != NULL)
        return &rig;
    if (tokens_new(key, &rig.tokens) != VG_OK ||
        profiles_load(rules != NULL ? rules : "rules", &rig.profiles, &err) != VG_OK) {
        fprintf(stderr, "run in the source tree or set VIGIA_RULES\n");
        abort();
    }
    rig.zone = zone_utc();
    return &rig;
}

static void
line_check(const struct rig *rig, const struct txn_view *t)
{
    struct buf line, scratch;
    struct slice clean;
    struct card_hits hits;

    buf_init(&line, 1 << 20);
    buf_init(&scratch, 1 << 20);
    txn_write(t, &line);
    if (line.bad || card_clean(rig->tokens, buf_slice(&line), &scratch, &clean, &hits) != VG_OK ||
        hits.count > 0)
        __builtin_trap();
    buf_done(&line);
    buf_done(&scratch);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct rig *rig = rig_get();
    const struct logfile_options options = {.profiles = &rig->profiles,
                                            .tokens = rig->tokens,
                                            .zone = rig->zone,
                                            .currency = "MXN",
                                            .source = "fuzz"};
    char path[] = "/tmp/vigia-fuzz-XXXXXX";
    int fd = mkstemp(path);
    FILE *file = fd >= 0 ? fdopen(fd, "wb") : NULL;
    platform_file opened;
    struct logfile *f;
    size_t n;

    if (file == NULL || fwrite(data, 1, size, file) != size || fclose(file) != 0 ||
        platform_file_open(path, &opened) != VG_OK)
        abort();
    (void)remove(path);
    if (logfile_new(&options, opened, &f) != VG_OK)
        abort();
    while (logfile_next(f, true) == VG_OK) {
        const struct txn_view *t = logfile_txns(f, &n);

        for (size_t i = 0; i < n; i++)
            line_check(rig, &t[i]);
        (void)logfile_cards(f, &n);
    }
    logfile_free(f);
    return 0;
}
