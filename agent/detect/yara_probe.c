/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/yara_probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yara.h>

#include "agent/detect/yara_compile.h"
#include "agent/platform/platform.h"
#include "common/buf.h"

enum {
    PART = 256 * 1024,
    PROBE_BYTES = 4 * PART,
    TIMES = 3, /* the quickest counts: others share the machine */
    TIMEOUT_S = 10,
};

/* What pages, scripts and programs are full of: a rule that looks closer at each of these is slow. */
static const char *const WORDS[] = {
    "function ",    "return ",    "var ",       "https://", "http://",       "<input ",
    "type=\"",      "name=\"",    "password",   "$_POST['", "value",         "document.",
    ".length",      ".replace(",  "<div ",      "class=\"", "style=",        "</script>",
    "import ",      "from ",      "self.",      "{\n",      "});\n",         "if (",
    "else ",        "while (",    "0x00, ",     "select ",  "where ",        "echo ",
    "set ",         "call ",      "start ",     "print(",   "CreateObject(", "GetProcAddress",
    "LoadLibraryA", "\r\n",       ".dll",       ".exe",     "%temp%\\",      "C:\\Windows\\",
    "user@",        "example.mx", "el precio ", "de la ",   "the price ",    "of the ",
    "eval(",
};

static uint32_t
roll(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u; /* Numerical Recipes' generator */
    return *state >> 8;
}

static void
put_words(struct buf *out, size_t until, uint32_t *state)
{
    while (out->len < until) {
        const char *word = WORDS[roll(state) % VG_ARRAY_LEN(WORDS)];
        size_t len = strlen(word), left = until - out->len;

        buf_put(out, word, len < left ? len : left);
    }
}

static void
put_base64(struct buf *out, size_t until, uint32_t *state)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    while (out->len < until)
        buf_put_u8(out, (uint8_t)digits[roll(state) % 64]);
}

static void
put_noise(struct buf *out, size_t until, uint32_t *state)
{
    while (out->len < until)
        buf_put_u8(out, (uint8_t)roll(state));
}

static void
put_runs(struct buf *out, size_t until)
{
    static const char of[] = {' ', '\0', 'A', '0', '-', '/', '\n', '"'};

    for (size_t i = 0; out->len < until; i++)
        buf_put_u8(out, (uint8_t)of[i / (PART / sizeof(of)) % sizeof(of)]);
}

static int
pass(YR_SCAN_CONTEXT *context, int message, void *data, void *user)
{
    (void)context;
    (void)message;
    (void)data;
    (void)user;
    return CALLBACK_CONTINUE;
}

static double
pace_of(YR_RULES *rules, const struct buf *bytes)
{
    int64_t best = INT64_MAX;

    for (int i = 0; i < TIMES; i++) {
        int64_t began = platform_cpu_time(), took; /* not what others took meanwhile */
        int rc = yr_rules_scan_mem(rules, bytes->data, bytes->len, SCAN_FLAGS_NO_TRYCATCH, pass,
                                   NULL, TIMEOUT_S);

        took = platform_cpu_time() - began;
        if (took < best)
            best = took;
        if (rc != ERROR_SUCCESS) /* it takes too long or matches too often: once is enough */
            break;
    }
    return (double)best / 1e6 / ((double)bytes->len / 1e6);
}

static int
slower_first(const void *a, const void *b)
{
    const struct yara_pace *x = a, *y = b;

    return x->ms_per_mb > y->ms_per_mb ? -1 : x->ms_per_mb < y->ms_per_mb;
}

static void
tell(struct yara_pace *paces, size_t count, struct yara_probe *out)
{
    qsort(paces, count, sizeof(*paces), slower_first);
    out->files = count;
    out->median_ms_per_mb = paces[count / 2].ms_per_mb;
    for (size_t i = 0; i < count; i++) {
        if (paces[i].ms_per_mb < YARA_PROBE_MS_PER_MB_MIN ||
            paces[i].ms_per_mb < YARA_PROBE_TIMES_MEDIAN * out->median_ms_per_mb)
            return;
        if (out->slow_count < YARA_PROBE_SLOW_MAX)
            out->slow[out->slow_count++] = paces[i];
        else
            out->slow_more++;
    }
}

static size_t
time_files(const char *folder, const struct platform_names *names, const struct buf *bytes,
           struct yara_pace *paces)
{
    size_t count = 0;

    for (size_t i = 0; i < names->count; i++) {
        YR_RULES *rules = NULL;

        if (!yara_is_file(names->name[i]) ||
            yara_compile_file(folder, names->name[i], &rules) != VG_OK)
            continue;
        snprintf(paces[count].file, sizeof(paces[count].file), "%.*s",
                 (int)(strlen(names->name[i]) - 4), names->name[i]);
        paces[count++].ms_per_mb = pace_of(rules, bytes);
        yr_rules_destroy(rules);
    }
    return count;
}

enum vg_err
yara_probe_folder(const char *folder, struct yara_probe *out)
{
    struct yara_pace *paces = calloc(YARA_FILES_MAX, sizeof(*paces));
    struct platform_names names = {0};
    uint32_t state = 1;
    struct buf bytes;
    size_t count = 0;
    enum vg_err err = VG_ERR_NOMEM;

    *out = (struct yara_probe){0};
    buf_init(&bytes, PROBE_BYTES);
    put_words(&bytes, PART, &state);
    put_noise(&bytes, 2 * PART, &state);
    put_base64(&bytes, 3 * PART, &state);
    put_runs(&bytes, PROBE_BYTES);
    if (paces != NULL && !bytes.bad && yr_initialize() == ERROR_SUCCESS) {
        err = platform_folder_list(folder, YARA_FILES_MAX, &names);
        if (err == VG_OK)
            count = time_files(folder, &names, &bytes, paces);
        platform_names_free(&names);
        if (count > 0)
            tell(paces, count, out);
        else
            err = VG_ERR_NOENT;
        (void)yr_finalize();
    }
    buf_done(&bytes);
    free(paces);
    return err;
}
