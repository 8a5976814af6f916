/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the pay sensor share: a key, profiles, a log over bytes in a scratch file. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/pay/logfile.h"
#include "agent/pay/txn.h"

static const uint8_t BENCH_KEY[TOKEN_KEY_SIZE] = {7, 7, 7};

struct pay_bench {
    struct tokens *tokens;
    struct profiles profiles;
    struct zone *zone;
    char folder[64];
};

static inline void
pay_bench_init(struct pay_bench *b)
{
    struct conf_error err = {.text = ""};

    memset(b, 0, sizeof *b);
    assert_int_equal(tokens_new(BENCH_KEY, &b->tokens), VG_OK);
    if (profiles_load("rules", &b->profiles, &err) != VG_OK)
        fail_msg("%s", err.text);
    assert_int_equal(zone_load("America/Mexico_City", &b->zone), VG_OK);
    (void)snprintf(b->folder, sizeof b->folder, "/tmp/vigia-pay-XXXXXX");
    assert_non_null(mkdtemp(b->folder));
}

static inline void
pay_bench_done(struct pay_bench *b)
{
    char command[128];

    tokens_free(b->tokens);
    profiles_done(&b->profiles);
    zone_free(b->zone);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", b->folder);
    assert_int_equal(system(command), 0);
}

static inline void
pay_bench_write(const struct pay_bench *b, const char *name, const char *mode, const void *bytes,
                size_t n)
{
    char path[256];
    FILE *f;

    (void)snprintf(path, sizeof path, "%s/%s", b->folder, name);
    f = fopen(path, mode);
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static inline struct logfile *
pay_bench_log(const struct pay_bench *b, const char *path, const char *only)
{
    const struct logfile_options options = {.profiles = &b->profiles,
                                            .only = only,
                                            .tokens = b->tokens,
                                            .zone = b->zone,
                                            .currency = "MXN",
                                            .source = "test.log",
                                            .mark_key = {1, 2}};
    platform_file file;
    struct logfile *f;

    assert_int_equal(platform_file_open(path, &file), VG_OK);
    assert_int_equal(logfile_new(&options, file, &f), VG_OK);
    return f;
}

/* Appends the transactions of the rest of the log as JSON lines; how it ended. */
static inline enum vg_err
pay_bench_read(struct logfile *f, struct buf *out)
{
    enum vg_err err;

    while ((err = logfile_next(f, true)) == VG_OK) {
        size_t n;
        const struct txn_view *t = logfile_txns(f, &n);

        for (size_t i = 0; i < n; i++) {
            txn_write(&t[i], out);
            buf_put_u8(out, '\n');
        }
        (void)logfile_cards(f, &n);
    }
    return err;
}
