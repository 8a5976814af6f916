/* SPDX-License-Identifier: Apache-2.0 */
/* bundle keygen, build, sign, verify: on any machine, without a collector's database. The machine
 * that holds the key need never be on a network. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/cmd_bundle.h"
#include "collector/files.h"
#include "common/beside.h"
#include "common/hex.h"
#include "common/vtime.h"

enum { PATH_BYTES = 1200, LIFE_DAYS = 90 };

/* ---- keygen ---- */

int
bundle_keygen(const struct bundle_call *c)
{
    uint8_t public[BUNDLE_KEY];
    char hex[2 * BUNDLE_KEY + 1];
    struct stat st;
    struct buf pem;
    enum vg_err err;

    if (stat(c->operand, &st) == 0) {
        (void)fprintf(stderr, "vigia-collector bundle: %s is there already\n", c->operand);
        return VG_EXIT_USAGE;
    }
    buf_init(&pem, 8192);
    err = ed25519_new(&pem);
    if (err == VG_OK)
        err = ed25519_public(buf_slice(&pem), public);
    if (err == VG_OK)
        err = files_replace(c->operand, buf_slice(&pem), true);
    bundle_key_wipe(&pem);
    if (err != VG_OK)
        return bundle_failed(c->operand, err, NULL);
    hex_put(public, sizeof public, hex);
    printf("%s\n", hex);
    (void)fprintf(stderr,
                  "Keep %s off the collector. On the collector: vigia-collector bundle trust %s\n",
                  c->operand, hex);
    return VG_EXIT_DONE;
}

/* ---- build ---- */

struct gather {
    struct bundle_source *source; /* BUNDLE_FILES_MAX of them */
    struct buf *content;          /* of each: owned */
    size_t count, passed_over;
    size_t bytes;
};

static enum vg_err
gather_file(struct gather *g, const char *file, const char *inside)
{
    struct bundle_source *s;
    enum vg_err err;

    if (bundle_path_wrong(inside) != NULL) {
        (void)fprintf(stderr, "vigia-collector bundle: left out: %s: %s\n", inside,
                      bundle_path_wrong(inside));
        g->passed_over++;
        return VG_OK;
    }
    if (g->count == BUNDLE_FILES_MAX || g->bytes > BUNDLE_BYTES_MAX)
        return VG_ERR_LIMIT;
    buf_init(&g->content[g->count], BUNDLE_FILE_MAX);
    err = files_read(file, BUNDLE_FILE_MAX, &g->content[g->count]);
    if (err != VG_OK) {
        (void)bundle_failed(file, err, NULL);
        return err;
    }
    s = &g->source[g->count];
    (void)vg_strcpy(s->path, sizeof s->path, inside);
    s->bytes = buf_slice(&g->content[g->count]);
    g->bytes += s->bytes.left;
    g->count++;
    return VG_OK;
}

/* A link is left out, wherever it leads. */
static enum vg_err
gather_folder(struct gather *g, const char *folder, const char *inside, unsigned depth)
{
    char path[PATH_BYTES], below[BUNDLE_PATH_MAX + 260];
    struct dirent *entry;
    struct stat st;
    DIR *dir = opendir(folder);
    enum vg_err err = VG_OK;

    if (dir == NULL)
        return errno == ENOENT ? VG_ERR_NOENT : VG_ERR_SYS;
    while (err == VG_OK && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof path, "%.900s/%.255s", folder, entry->d_name);
        (void)snprintf(below, sizeof below, "%.*s%s%s", BUNDLE_PATH_MAX, inside,
                       inside[0] != '\0' ? "/" : "", entry->d_name);
        if (lstat(path, &st) != 0)
            err = VG_ERR_SYS;
        else if (S_ISDIR(st.st_mode) && depth < BUNDLE_DEPTH_MAX)
            err = gather_folder(g, path, below, depth + 1);
        else if (S_ISREG(st.st_mode))
            err = gather_file(g, path, below);
        else
            g->passed_over++;
    }
    (void)closedir(dir);
    return err;
}

static enum vg_err
gather_new(struct gather *g)
{
    *g = (struct gather){.source = calloc(BUNDLE_FILES_MAX, sizeof *g->source),
                         .content = calloc(BUNDLE_FILES_MAX, sizeof *g->content)};
    return g->source != NULL && g->content != NULL ? VG_OK : VG_ERR_NOMEM;
}

static void
gather_done(struct gather *g)
{
    for (size_t i = 0; g->content != NULL && i < BUNDLE_FILES_MAX; i++)
        buf_done(&g->content[i]);
    free(g->content);
    free(g->source);
}

/* The samples that came with the program, for a folder that brings none of its own. */
static char *
samples_of(const struct bundle_call *c)
{
    static const char *const from[] = {"/../share/vigia/samples", NULL};
    static const struct beside where = {"VIGIA_SAMPLES", from, "/usr/share/vigia/samples", "yara"};
    const char *given = c->line.value[OPT_TESTS];
    char own[PATH_BYTES], program[PATH_BYTES];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    struct stat st;

    if (given != NULL)
        return strdup(given);
    (void)snprintf(own, sizeof own, "%.900s/tests", c->operand);
    if (stat(own, &st) == 0)
        return NULL;
    program[n > 0 ? n : 0] = '\0';
    return beside_find(&where, NULL, program);
}

static int
build(const struct bundle_call *c, struct gather *g, struct bundle_wish *wish)
{
    const char *to = c->line.value[OPT_OUT];
    char *tests = samples_of(c);
    struct bundle_error why = {.why = ""};
    struct buf whole;
    enum vg_err err = gather_folder(g, c->operand, "", 1);

    if (err == VG_OK && tests != NULL)
        err = gather_folder(g, tests, "tests", 2);
    free(tests);
    if (err == VG_OK && g->count == 0)
        err = bundle_refuse(&why, VG_ERR_NOENT, "empty", "there are no rules in it");
    if (err == VG_ERR_LIMIT)
        (void)bundle_refuse(&why, err, "large", "too many files, or too large together");
    if (err != VG_OK)
        return bundle_failed(c->operand, err, &why);
    buf_init(&whole, BUNDLE_BYTES_MAX);
    wish->source = g->source;
    wish->count = g->count;
    err = bundle_make(wish, &whole, &why);
    if (err == VG_OK)
        err = files_replace(to, buf_slice(&whole), false);
    if (err == VG_OK)
        printf("%s: version %lld, %zu files, %zu bytes, not signed yet\n", to,
               (long long)wish->version, g->count, whole.len);
    buf_done(&whole);
    return err == VG_OK ? VG_EXIT_DONE : bundle_failed(to, err, &why);
}

int
bundle_build(const struct bundle_call *c)
{
    int64_t now_ns = vtime_now() / VG_SEC_NS * VG_SEC_NS;
    struct bundle_wish wish = {.version = bundle_version_of(now_ns),
                               .created_ns = now_ns,
                               .expires_ns = now_ns + LIFE_DAYS * VG_DAY_NS,
                               .note = ""};
    struct gather g;
    int code = VG_EXIT_INTERNAL;

    if (c->line.value[OPT_OUT] == NULL)
        return cli_usage(c->self, "where to? Write: bundle build FOLDER --out new.bundle");
    if (!bundle_wishes(c, &wish))
        return VG_EXIT_USAGE;
    if (gather_new(&g) == VG_OK)
        code = build(c, &g, &wish);
    gather_done(&g);
    return code;
}

/* ---- sign, verify ---- */

int
bundle_sign_file(const struct bundle_call *c)
{
    struct bundle_error why = {.why = ""};
    struct bundle inside = {.version = 0};
    struct buf whole, pem = {.data = NULL};
    int code = VG_EXIT_INPUT;
    enum vg_err err = bundle_slurp(c->operand, &whole);

    if (err == VG_OK) {
        /* What cannot be read by an agent is not worth a signature. */
        err = bundle_read(buf_slice(&whole), &inside, &why);
        if (err != VG_OK)
            code = bundle_failed(c->operand, err, &why);
    }
    if (err == VG_OK) {
        err = bundle_key_load(c->line.value[OPT_KEY], &pem);
        code = err == VG_OK ? VG_EXIT_DONE : VG_EXIT_USAGE;
    }
    if (err == VG_OK) {
        err = bundle_sign(buf_slice(&pem), &whole);
        if (err != VG_OK)
            (void)bundle_refuse(&why, err, "key", "it holds no Ed25519 key");
        code = err == VG_OK ? VG_EXIT_DONE : bundle_failed(c->line.value[OPT_KEY], err, &why);
    }
    if (err == VG_OK) {
        const char *to = c->line.value[OPT_OUT] != NULL ? c->line.value[OPT_OUT] : c->operand;

        err = files_replace(to, buf_slice(&whole), false);
        if (err == VG_OK)
            printf("%s: version %lld, signed\n", to, (long long)inside.version);
        else
            code = bundle_failed(to, err, NULL);
    }
    bundle_key_wipe(&pem);
    bundle_done(&inside);
    buf_done(&whole);
    return code;
}

static void
print_inside(const struct bundle *b, bool good)
{
    char created[VTIME_TEXT_MAX], expires[VTIME_TEXT_MAX];

    printf("version %lld\ncreated %s\nexpires %s\nnote    %s\nfiles   %zu\nsigned  %s\n",
           (long long)b->version, vtime_format(b->created_ns, created),
           vtime_format(b->expires_ns, expires), b->note[0] != '\0' ? b->note : "-", b->count,
           good ? "by this key" : "not by this key");
    for (size_t i = 0; i < b->count; i++)
        printf("%10zu  %s\n", b->file[i].bytes.left, b->file[i].path);
}

/* --key: the public key in hex, or the file of a private one. */
static enum vg_err
key_given(const char *given, uint8_t out[BUNDLE_KEY])
{
    struct buf pem;
    enum vg_err err;

    if (given != NULL && hex_parse_str(given, out, BUNDLE_KEY) == VG_OK)
        return VG_OK;
    err = bundle_key_load(given, &pem);
    if (err == VG_OK)
        err = ed25519_public(buf_slice(&pem), out);
    bundle_key_wipe(&pem);
    return err;
}

int
bundle_show(const struct bundle_call *c)
{
    struct bundle_error why = {.why = ""};
    struct bundle inside = {.version = 0};
    uint8_t key[1][BUNDLE_KEY];
    struct buf whole;
    int code = VG_EXIT_USAGE;
    enum vg_err err = bundle_slurp(c->operand, &whole), is;

    if (err != VG_OK) {
        code = VG_EXIT_INPUT;
    } else if (key_given(c->line.value[OPT_KEY], key[0]) == VG_OK) {
        is = bundle_verify(buf_slice(&whole), (const uint8_t(*)[BUNDLE_KEY])key, 1, &why);
        err = bundle_read(buf_slice(&whole), &inside, &why);
        if (err == VG_OK)
            print_inside(&inside, is == VG_OK);
        code = err != VG_OK  ? bundle_failed(c->operand, err, &why)
               : is != VG_OK ? VG_EXIT_FOUND
                             : VG_EXIT_DONE;
    }
    bundle_done(&inside);
    buf_done(&whole);
    return code;
}
