/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keeper/identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "agent/platform/platform.h"
#include "common/hex.h"
#include "common/log.h"

enum { JSON_MAX = 8 * 1024, TOKEN_KEY_TEXT = 64 };

static bool
path_of(const char *dir, const char *name, char out[IDENTITY_PATH_MAX + 32])
{
    int n = snprintf(out, IDENTITY_PATH_MAX + 32, "%s/%s", dir, name);

    return n > 0 && n < IDENTITY_PATH_MAX + 32;
}

static enum vg_err
read_file(const char *dir, const char *name, size_t max, struct buf *out)
{
    char path[IDENTITY_PATH_MAX + 32];

    buf_init(out, max);
    return path_of(dir, name, path) ? platform_file_slurp(path, max, out) : VG_ERR_LIMIT;
}

static enum vg_err
write_file(const char *dir, const char *name, struct slice content, bool secret)
{
    char path[IDENTITY_PATH_MAX + 32];

    return path_of(dir, name, path) ? platform_file_replace(path, content, secret) : VG_ERR_LIMIT;
}

/* ---- the key of tokens ---- */

/* To STATE-keys/, or beside the data where there cannot be such a folder. */
static enum vg_err
token_key_write(const char *state_dir, struct slice key)
{
    char dir[IDENTITY_PATH_MAX], old[IDENTITY_PATH_MAX + 32];
    enum vg_err err = VG_ERR_LIMIT;

    if (agent_config_keys_folder(state_dir, dir)) {
        err = platform_folder_make(dir, true);
        if (err == VG_OK)
            err = write_file(dir, "token.key", key, true);
    }
    (void)snprintf(dir, sizeof dir, "%s/identity", state_dir);
    if (err == VG_OK) {
        if (path_of(dir, "token.key", old))
            err = platform_file_remove(old);
        return err == VG_ERR_NOENT ? VG_OK : err;
    }
    log_event(LOG_LEVEL_WARN, "identity.token_key", "error=%s why=%s", vg_err_name(err),
              log_quote("the folder STATE-keys cannot be made: the key of card tokens lies beside "
                        "the data"));
    err = platform_folder_make(dir, true);
    return err == VG_OK ? write_file(dir, "token.key", key, true) : err;
}

/* VG_ERR_NOENT: there is none yet. */
static enum vg_err
token_key_read(const char *state_dir, struct buf *text)
{
    char dir[IDENTITY_PATH_MAX];
    enum vg_err err = VG_ERR_NOENT;

    if (agent_config_keys_folder(state_dir, dir))
        err = read_file(dir, "token.key", TOKEN_KEY_TEXT, text);
    if (err != VG_ERR_NOENT)
        return err;
    buf_done(text);
    (void)snprintf(dir, sizeof dir, "%s/identity", state_dir);
    err = read_file(dir, "token.key", TOKEN_KEY_TEXT, text);
    return err == VG_OK ? token_key_write(state_dir, buf_slice(text)) : err;
}

static enum vg_err
read_collector(struct identity *id)
{
    struct buf text;
    json_t *tree = NULL;
    enum vg_err err = read_file(id->dir, "collector.json", JSON_MAX, &text);

    if (err == VG_OK)
        err = vg_json_parse(buf_slice(&text), JSON_MAX, &tree);
    buf_done(&text);
    if (err != VG_OK)
        return err;
    if (!uuid_valid(vg_json_str(tree, "agent", "")) ||
        !vg_strcpy(id->agent, sizeof id->agent, vg_json_str(tree, "agent", "")) ||
        !vg_strcpy(id->url, sizeof id->url, vg_json_str(tree, "url", "")) ||
        strncmp(id->url, "https://", 8) != 0)
        err = VG_ERR_FORMAT;
    (void)vg_strcpy(id->tenant, sizeof id->tenant, vg_json_str(tree, "tenant", ""));
    (void)vg_strcpy(id->site, sizeof id->site, vg_json_str(tree, "site", ""));
    json_decref(tree);
    return err;
}

enum vg_err
identity_load(const char *state_dir, struct identity *out)
{
    struct identity id = {.agent = ""};
    int n = snprintf(id.dir, sizeof id.dir, "%s/identity", state_dir);
    enum vg_err err = n > 0 && (size_t)n < sizeof id.dir ? VG_OK : VG_ERR_LIMIT;

    if (err == VG_OK)
        err = read_file(id.dir, "cert.pem", PKI_PEM_MAX, &id.cert);
    if (err == VG_OK) {
        err = read_file(id.dir, "key.pem", PKI_PEM_MAX, &id.key);
        if (err == VG_OK)
            err = read_file(id.dir, "ca.pem", PKI_PEM_MAX, &id.ca);
        if (err == VG_OK)
            err = read_collector(&id);
        if (err == VG_OK)
            err = pki_info(buf_slice(&id.cert), &id.info);
        if (err == VG_ERR_NOENT)
            err = VG_ERR_FORMAT; /* enrolled, and a part is missing */
    }
    if (err != VG_OK) {
        identity_done(&id);
        return err;
    }
    *out = id;
    return VG_OK;
}

enum vg_err
identity_agent(const char *state_dir, char out[UUID_TEXT_SIZE])
{
    struct identity id = {.agent = ""};
    enum vg_err err = snprintf(id.dir, sizeof id.dir, "%s/identity", state_dir) < (int)sizeof id.dir
                          ? read_collector(&id)
                          : VG_ERR_LIMIT;

    if (err == VG_OK)
        (void)vg_strcpy(out, UUID_TEXT_SIZE, id.agent);
    return err;
}

void
identity_done(struct identity *identity)
{
    if (identity->key.data != NULL)
        platform_secure_zero(identity->key.data, identity->key.room);
    buf_done(&identity->key);
    buf_done(&identity->cert);
    buf_done(&identity->ca);
}

/* The parts of the answer that are kept, checked; NULL when one is missing. */
static json_t *
collector_of(const json_t *answer)
{
    const char *agent = vg_json_str(answer, "agent", ""), *url = vg_json_str(answer, "url", "");

    if (!uuid_valid(agent) || strncmp(url, "https://", 8) != 0 || strlen(url) >= IDENTITY_URL_MAX)
        return NULL;
    return json_pack("{ss ss ss ss}", "agent", agent, "url", url, "tenant",
                     vg_json_str(answer, "tenant", ""), "site", vg_json_str(answer, "site", ""));
}

/* Who signs bundles of rules, or settings, as this collector says at enrolment; one of a collector before
 * goes. */
static enum vg_err
public_key_write(const char *dir, const char *name, const char *hex)
{
    uint8_t bytes[TOKEN_KEY_TEXT / 2];
    char path[IDENTITY_PATH_MAX + 32];
    enum vg_err err;

    if (hex_parse_str(hex, bytes, sizeof bytes) == VG_OK)
        return write_file(dir, name, slice_of(hex, TOKEN_KEY_TEXT), false);
    err = path_of(dir, name, path) ? platform_file_remove(path) : VG_ERR_LIMIT;
    return err == VG_ERR_NOENT ? VG_OK : err;
}

enum vg_err
identity_save(const char *state_dir, struct slice key_pem, const json_t *answer)
{
    const char *cert = vg_json_str(answer, "cert", ""), *ca = vg_json_str(answer, "ca", "");
    const char *token_key = vg_json_str(answer, "token_key", "");
    json_t *collector = collector_of(answer);
    char *text = collector != NULL ? vg_json_text(collector) : NULL;
    char dir[IDENTITY_PATH_MAX];
    uint8_t bytes[TOKEN_KEY_TEXT / 2];
    enum vg_err err = VG_ERR_FORMAT;

    if (text == NULL || hex_parse_str(token_key, bytes, sizeof bytes) != VG_OK)
        goto done;
    (void)snprintf(dir, sizeof dir, "%s/identity", state_dir);
    err = platform_folder_make(dir, true);
    if (err == VG_OK)
        err = write_file(dir, "key.pem", key_pem, true);
    if (err == VG_OK)
        err = write_file(dir, "ca.pem", slice_of(ca, strlen(ca)), false);
    if (err == VG_OK)
        err = token_key_write(state_dir, slice_of(token_key, TOKEN_KEY_TEXT));
    if (err == VG_OK)
        err = public_key_write(dir, "bundle.pub", vg_json_str(answer, "bundle_key", ""));
    if (err == VG_OK)
        err = public_key_write(dir, "settings.pub", vg_json_str(answer, "settings_key", ""));
    if (err == VG_OK)
        err = write_file(dir, "collector.json", slice_of(text, strlen(text)), false);
    if (err == VG_OK)
        err = write_file(dir, "cert.pem", slice_of(cert, strlen(cert)), false);
done:
    platform_secure_zero(bytes, sizeof bytes);
    free(text);
    json_decref(collector);
    return err;
}

/* A key of this agent's own, durable before it is used. */
static enum vg_err
make_token_key(const char *state_dir)
{
    char text[IDENTITY_TOKEN_KEY_SIZE];
    uint8_t bytes[TOKEN_KEY_TEXT / 2];
    enum vg_err err = RAND_bytes(bytes, sizeof bytes) == 1 ? VG_OK : VG_ERR_SYS;

    for (size_t i = 0; err == VG_OK && i < sizeof bytes; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    if (err == VG_OK)
        err = token_key_write(state_dir, slice_of(text, TOKEN_KEY_TEXT));
    platform_secure_zero(bytes, sizeof bytes);
    platform_secure_zero(text, sizeof text);
    return err;
}

enum vg_err
identity_token_key(const char *state_dir, char out[IDENTITY_TOKEN_KEY_SIZE])
{
    uint8_t bytes[TOKEN_KEY_TEXT / 2];
    struct buf text = {.data = NULL};
    enum vg_err err = token_key_read(state_dir, &text);

    if (err == VG_ERR_NOENT) {
        buf_done(&text);
        err = make_token_key(state_dir);
        if (err == VG_OK)
            err = token_key_read(state_dir, &text);
    }
    if (err == VG_OK && (text.len != TOKEN_KEY_TEXT || buf_str(&text) == NULL ||
                         hex_parse_str((const char *)text.data, bytes, sizeof bytes) != VG_OK))
        err = VG_ERR_FORMAT;
    if (err == VG_OK)
        (void)vg_strcpy(out, IDENTITY_TOKEN_KEY_SIZE, (const char *)text.data);
    platform_secure_zero(bytes, sizeof bytes);
    if (text.data != NULL)
        platform_secure_zero(text.data, text.room);
    buf_done(&text);
    return err;
}

enum vg_err
identity_renew(struct identity *identity, struct slice cert_pem, int64_t now_ns)
{
    struct pki_info info;
    struct buf fresh;
    enum vg_err err =
        pki_check(cert_pem, buf_slice(&identity->key), buf_slice(&identity->ca), now_ns);

    if (err == VG_OK)
        err = pki_info(cert_pem, &info);
    if (err != VG_OK)
        return err;
    buf_init(&fresh, PKI_PEM_MAX);
    buf_put(&fresh, cert_pem.at, cert_pem.left);
    err = fresh.bad ? VG_ERR_NOMEM : write_file(identity->dir, "cert.pem", cert_pem, false);
    if (err != VG_OK) {
        buf_done(&fresh);
        return err;
    }
    buf_done(&identity->cert);
    identity->cert = fresh;
    identity->info = info;
    return VG_OK;
}
