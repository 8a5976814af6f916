/* SPDX-License-Identifier: Apache-2.0 */
/* bundle: rules for the agents. Which part of it runs, and what the parts share. */
#include "collector/cmd_bundle.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "collector/files.h"
#include "common/vtime.h"

enum { KEY_FILE_MAX = 8192 };

static const struct verb {
    const char *name;
    bool operand; /* it needs one */
    int (*run)(const struct bundle_call *c);
} VERBS[] = {
    {"keygen", true, bundle_keygen},      {"build", true, bundle_build},
    {"sign", true, bundle_sign_file},     {"verify", true, bundle_show},
    {"trust", true, bundle_trust},        {"publish", true, bundle_publish},
    {"status", false, bundle_status},     {"stop", true, bundle_stop},
    {"rollback", false, bundle_rollback},
};

int
bundle_failed(const char *path, enum vg_err err, const struct bundle_error *error)
{
    (void)fprintf(stderr, "vigia-collector bundle: %s: %s\n", path,
                  error != NULL && error->why[0] != '\0' ? error->why
                  : err == VG_ERR_SYS                    ? strerror(errno)
                                                         : vg_err_name(err));
    return err == VG_ERR_NOMEM                        ? VG_EXIT_INTERNAL
           : err == VG_ERR_NOENT || err == VG_ERR_SYS ? VG_EXIT_INPUT
                                                      : VG_EXIT_USAGE;
}

enum vg_err
bundle_slurp(const char *path, struct buf *out)
{
    enum vg_err err;

    buf_init(out, BUNDLE_BYTES_MAX);
    err = files_read(path, BUNDLE_BYTES_MAX, out);
    if (err != VG_OK)
        (void)bundle_failed(path, err, NULL);
    return err;
}

enum vg_err
bundle_key_load(const char *path, struct buf *pem)
{
    struct stat st;
    enum vg_err err;

    buf_init(pem, KEY_FILE_MAX);
    if (path == NULL) {
        (void)fprintf(stderr, "vigia-collector bundle: which key signs? Write: --key FILE\n");
        return VG_ERR_CONFIG;
    }
    if (stat(path, &st) == 0 && (st.st_mode & 077) != 0) {
        (void)fprintf(stderr,
                      "vigia-collector bundle: %s may be read by others; write: chmod 600 %s\n",
                      path, path);
        return VG_ERR_DENIED;
    }
    err = files_read(path, KEY_FILE_MAX, pem);
    if (err != VG_OK)
        (void)bundle_failed(path, err, NULL);
    return err;
}

void
bundle_key_wipe(struct buf *pem)
{
    if (pem->data != NULL)
        OPENSSL_cleanse(pem->data, pem->room);
    buf_done(pem);
}

int64_t
bundle_version_of(int64_t now_ns)
{
    int64_t min = now_ns / VG_MIN_NS;
    unsigned month, day;
    int year;

    vtime_civil_from_days(min / 1440, &year, &month, &day);
    return ((((int64_t)year * 100 + month) * 100 + day) * 100 + min % 1440 / 60) * 100 + min % 60;
}

bool
bundle_wishes(const struct bundle_call *c, struct bundle_wish *wish)
{
    const char *version = c->line.value[OPT_VERSION], *expires = c->line.value[OPT_EXPIRES];
    char *end = NULL;
    int64_t life_ns;

    if (version != NULL) {
        wish->version = strtoll(version, &end, 10);
        if (*end != '\0' || wish->version <= 0 || wish->version > BUNDLE_VERSION_MAX) {
            (void)cli_usage(c->self, "--version is a number of at most twelve digits");
            return false;
        }
    }
    if (expires != NULL) {
        if (vtime_parse_duration(expires, &life_ns) != VG_OK || life_ns < VG_MIN_NS) {
            (void)cli_usage(c->self, "--expires is a time from now on; write: --expires 90d");
            return false;
        }
        wish->expires_ns = wish->created_ns + life_ns;
    }
    if (c->line.value[OPT_NOTE] != NULL)
        wish->note = c->line.value[OPT_NOTE];
    if (strlen(wish->note) > BUNDLE_NOTE_MAX) {
        (void)cli_usage(c->self, "--note takes at most %d bytes", BUNDLE_NOTE_MAX);
        return false;
    }
    return true;
}

int
cmd_bundle(const struct command *self, int argc, char **argv)
{
    static const char *const options[] = {
        [OPT_OUT] = "out",         [OPT_KEY] = "key",       [OPT_VERSION] = "version",
        [OPT_EXPIRES] = "expires", [OPT_NOTE] = "note",     [OPT_TESTS] = "tests",
        [OPT_TENANT] = "tenant",   [OPT_CANARY] = "canary", [OPT_QUIET] = "quiet",
        [OPT_TO] = "to",           [OPT_JSON] = "json!",    NULL};
    struct bundle_call c = {.self = self};
    enum vg_err err = cli_parse(self, argc, argv, options, &c.line);

    if (err != VG_OK)
        return err == VG_END ? VG_EXIT_DONE : VG_EXIT_USAGE;
    c.verb = c.line.words > 0 ? c.line.word[0] : "";
    c.operand = c.line.word[1];
    for (size_t i = 0; i < VG_ARRAY_LEN(VERBS); i++) {
        if (strcmp(VERBS[i].name, c.verb) != 0)
            continue;
        if (c.line.words != (VERBS[i].operand ? 2 : 1))
            return cli_usage(self, "%s takes %s", c.verb,
                             VERBS[i].operand ? "one name" : "no name");
        return VERBS[i].run(&c);
    }
    return cli_usage(self, "write what to do with it, as: bundle build rules --out new.bundle");
}
