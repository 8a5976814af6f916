/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/trial/trial.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/bundle/bundle_stage.h"
#include "agent/platform/platform.h"
#include "common/hex.h"
#include "common/log.h"
#include "common/texts.h"
#include "common/vtime.h"

struct job {
    platform_stream stream;
    json_t *wish;
    struct agent_config config;
    bool configured;
    struct buf whole;
    struct bundle bundle;
    struct bundle_entry entry;
    char rules[BUNDLE_PATH_BYTES];
    struct trial trial;
};

/* ---- the stream ---- */

static enum vg_err
read_line(platform_stream stream, struct buf *line)
{
    uint8_t piece[4096];
    unsigned ready;
    size_t n = 0;
    enum vg_err err = VG_OK;

    while (err == VG_OK || err == VG_AGAIN) {
        err = platform_stream_read(stream, piece, sizeof piece, &n, NULL);
        if (err == VG_AGAIN) {
            err = platform_wait(&stream, 1, 0, -1, &ready);
            continue;
        }
        if (err == VG_OK)
            buf_put(line, piece, n);
        if (err == VG_OK && n > 0 && piece[n - 1] == '\n')
            return line->bad ? VG_ERR_LIMIT : VG_OK;
    }
    return err;
}

static void
write_line(platform_stream stream, const json_t *value)
{
    struct buf line;
    unsigned ready;
    size_t n = 0;

    buf_init(&line, BUNDLE_TRY_LINE_MAX);
    vg_json_write(value, &line);
    buf_put_u8(&line, '\n');
    while (!line.bad && line.len > 0) {
        enum vg_err err =
            platform_stream_write(stream, line.data, line.len, &n, PLATFORM_NO_HANDLE);

        if (err == VG_OK)
            buf_consume(&line, n);
        else if (err != VG_AGAIN || platform_wait(&stream, 1, 1, -1, &ready) != VG_OK)
            break;
    }
    buf_done(&line);
}

/* ---- the steps ---- */

static enum vg_err
take_wish(struct job *j)
{
    struct conf_error why = {.text = ""};
    struct buf line;
    json_t *config;
    enum vg_err err;

    buf_init(&line, BUNDLE_TRY_LINE_MAX);
    err = read_line(j->stream, &line);
    if (err == VG_OK)
        err = vg_json_parse(buf_slice(&line), BUNDLE_TRY_LINE_MAX, &j->wish);
    buf_done(&line);
    if (err != VG_OK)
        return err;
    config = json_incref(json_object_get(j->wish, "config"));
    err = config != NULL ? agent_config_from_tree(config, &j->config, &why) : VG_ERR_FORMAT;
    j->configured = err == VG_OK;
    if (err != VG_OK)
        log_event(LOG_LEVEL_ERROR, "trial.config", "why=%s", log_quote(why.text));
    return err;
}

static enum vg_err
verify(struct job *j, struct bundle_error *error)
{
    const json_t *list = json_object_get(j->wish, "keys"), *one;
    uint8_t keys[BUNDLE_KEYS_MAX][BUNDLE_KEY];
    int64_t again = vg_json_int(j->wish, "again", 0);
    size_t i, count = 0;
    enum vg_err err;

    err = platform_file_slurp(vg_json_str(j->wish, "path", ""), BUNDLE_BYTES_MAX, &j->whole);
    if (err != VG_OK)
        return bundle_refuse(error, err,
                             err == VG_ERR_LIMIT   ? "large"
                             : err == VG_ERR_NOENT ? "gone"
                                                   : "disk",
                             err == VG_ERR_LIMIT ? "it is larger than allowed"
                                                 : "the file cannot be read");
    json_array_foreach(list, i, one) if (count < BUNDLE_KEYS_MAX && json_is_string(one) &&
                                         hex_parse_str(json_string_value(one), keys[count],
                                                       BUNDLE_KEY) == VG_OK) count++;
    err = bundle_verify(buf_slice(&j->whole), (const uint8_t(*)[BUNDLE_KEY])keys, count, error);
    if (err == VG_OK)
        err = bundle_read(buf_slice(&j->whole), &j->bundle, error);
    if (err != VG_OK)
        return err;
    j->entry.version = j->bundle.version;
    hex_put(j->bundle.archive_sha256, BUNDLE_SHA256, j->entry.sha256);
    if (again > 0 && again == j->bundle.version)
        return VG_OK;
    return bundle_fresh(&j->bundle, vg_json_int(j->wish, "highest", 0),
                        vg_json_int(j->wish, "now", 0), error);
}

/* What is tried is what will run: on the disk, in its folder. */
static enum vg_err
put_on_disk(struct job *j, struct bundle_error *error)
{
    enum vg_err err = bundle_stage(j->config.state_dir, j->config.rules_base, buf_slice(&j->whole),
                                   &j->bundle, &j->entry, error);

    if (err != VG_OK)
        return err;
    if (!bundle_path(j->config.state_dir, j->entry.folder, j->rules))
        return VG_ERR_LIMIT;
    j->config.rules_dir = j->rules;
    return VG_OK;
}

static enum vg_err
lock_down(const struct job *j)
{
    struct platform_sandbox sandbox = {.read = {j->rules, "/usr/share/zoneinfo", "/etc/localtime"},
                                       .read_count = 3};
    char told[PLATFORM_TOLD_MAX];

    if (j->config.geo_dir != NULL)
        sandbox.read[sandbox.read_count++] = j->config.geo_dir;
    if (!vg_json_bool(j->wish, "sandbox", true))
        return VG_OK;
    (void)OPENSSL_init_crypto(OPENSSL_INIT_ADD_ALL_CIPHERS | OPENSSL_INIT_ADD_ALL_DIGESTS |
                                  OPENSSL_INIT_LOAD_CONFIG,
                              NULL);
    return platform_sandbox_enter(&sandbox, told);
}

static enum vg_err
try_all(struct job *j, struct bundle_error *error)
{
    enum vg_err err = verify(j, error);

    if (err == VG_OK)
        err = put_on_disk(j, error);
    if (err != VG_OK)
        return err;
    j->trial = (struct trial){.config = &j->config, .bundle = &j->bundle};
    err = trial_formats(&j->trial, error);
    if (err == VG_OK && (err = lock_down(j)) != VG_OK)
        return bundle_refuse(error, err, "trial", "the sandbox could not be set up");
    if (err == VG_OK)
        err = trial_rules(&j->trial, error);
    if (err == VG_OK)
        err = trial_samples(&j->trial, error);
    return err;
}

static void
tell(struct job *j, enum vg_err err, const struct bundle_error *error)
{
    const struct bundle_entry *e = &j->entry;
    json_t *verdict = json_pack(
        "{sb sI ss ss ss sI sI sI ss ss}", "good", err == VG_OK, "version", (json_int_t)e->version,
        "sha256", e->sha256, "folder", e->folder, "base", e->base, "expires",
        (json_int_t)e->expires_ns, "files", (json_int_t)j->bundle.count, "samples",
        (json_int_t)j->trial.samples, "word", error->word[0] != '\0' ? error->word : "trial", "why",
        error->why[0] != '\0' ? error->why : vg_err_name(err));

    if (verdict != NULL)
        write_line(j->stream, verdict);
    json_decref(verdict);
}

int
trial_main(void)
{
    struct bundle_error error = {.word = ""};
    struct job j = {.wish = NULL};
    enum vg_err err = platform_child_stream(&j.stream);

    log_setup("vigia-agent", LOG_LEVEL_INFO);
    platform_yield_to_others();
    platform_memory_limit(BUNDLE_TRY_MEMORY);
    platform_cpu_limit((unsigned)(BUNDLE_TRY_CPU_NS / VG_SEC_NS));
    if (err == VG_OK)
        err = take_wish(&j);
    if (err != VG_OK)
        return VG_EXIT_USAGE;
    err = try_all(&j, &error);
    if (err == VG_OK)
        error = (struct bundle_error){.word = "", .why = "good"};
    tell(&j, err, &error);
    texts_free(j.trial.texts);
    bundle_done(&j.bundle);
    buf_done(&j.whole);
    agent_config_done(&j.config);
    json_decref(j.wish);
    return VG_EXIT_DONE;
}
