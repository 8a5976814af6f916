/* SPDX-License-Identifier: Apache-2.0 */
/* yara_kit: files and the shipped rules, for the tests of YARA. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/detect/yara.h"
#include "agent/platform/platform.h"

#define FIXTURES "tests/fixtures/yara"

static struct yara_rules *shipped; /* rules/yara, all of it good */

static inline int
shipped_load(void **state)
{
    struct yara_report report;

    if (yara_load("rules/yara", &shipped, &report) != VG_OK || report.bad != 0) {
        print_error("%s\n", report.why);
        return 1;
    }
    assert_true(report.files >= 10 && report.rules >= 10);
    assert_int_equal(report.without_needs, 0);
    return 0;
}

static inline int
shipped_free(void **state)
{
    yara_free(shipped);
    return 0;
}

static inline void
slurp(const char *folder, const char *name, struct buf *out)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    buf_done(out);
    if (platform_file_slurp(path, 1024 * 1024, out) != VG_OK)
        fail_msg("%s: cannot be read", path);
}

static inline bool
ends_with(const char *name, const char *suffix)
{
    size_t n = strlen(name), s = strlen(suffix);

    return n >= s && strcmp(name + n - s, suffix) == 0;
}

/* A source that lies in memory. */
struct memory {
    const uint8_t *bytes;
    size_t len;
    uint64_t most; /* the largest read */
};

static inline enum vg_err
memory_read(void *ctx, uint64_t offset, void *to, size_t size, size_t *got)
{
    struct memory *m = ctx;
    size_t left = offset < m->len ? m->len - (size_t)offset : 0;

    *got = size < left ? size : left;
    memcpy(to, m->bytes + offset, *got);
    if (size > m->most)
        m->most = size;
    return VG_OK;
}
