/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/authority.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "collector/files.h"
#include "common/vtime.h"

enum { PATH_SIZE = 512 };

static void
path_of(const struct collector_config *config, const char *name, char out[PATH_SIZE])
{
    (void)snprintf(out, PATH_SIZE, "%s/pki/%s", config->state_dir, name);
}

static enum vg_err
read_pem(const struct collector_config *config, const char *name, struct buf *out)
{
    char path[PATH_SIZE];

    path_of(config, name, path);
    buf_clear(out);
    return files_read(path, PKI_PEM_MAX, out);
}

static enum vg_err
write_pem(const struct collector_config *config, const char *name, const struct buf *pem,
          bool secret)
{
    char path[PATH_SIZE];

    path_of(config, name, path);
    return files_replace(path, buf_slice(pem), secret);
}

/* The key is written first: a certificate without its key would be a CA that cannot sign. */
static enum vg_err
ca_open(const struct collector_config *config, int64_t now_ns, struct authority *a)
{
    enum vg_err err = read_pem(config, "ca.pem", &a->ca);

    if (err == VG_OK)
        return read_pem(config, "ca.key", &a->ca_key);
    if (err != VG_ERR_NOENT)
        return err;
    buf_clear(&a->ca);
    buf_clear(&a->ca_key);
    err = pki_key_new(&a->ca_key);
    if (err == VG_OK)
        err = pki_ca_new(buf_slice(&a->ca_key), "Vigia collector CA", now_ns, &a->ca);
    if (err == VG_OK)
        err = write_pem(config, "ca.key", &a->ca_key, true);
    return err == VG_OK ? write_pem(config, "ca.pem", &a->ca, false) : err;
}

static bool
server_fits(const struct collector_config *config, int64_t now_ns, struct authority *a)
{
    struct pki_info info;

    return read_pem(config, "server.pem", &a->server) == VG_OK &&
           read_pem(config, "server.key", &a->server_key) == VG_OK &&
           pki_check(buf_slice(&a->server), buf_slice(&a->server_key), buf_slice(&a->ca), now_ns) ==
               VG_OK &&
           pki_info(buf_slice(&a->server), &info) == VG_OK && !pki_renew_due(&info, now_ns) &&
           pki_covers(buf_slice(&a->server), config->hosts, config->host_count);
}

static enum vg_err
server_open(const struct collector_config *config, int64_t now_ns, struct authority *a)
{
    struct pki_wish wish = {.use = PKI_SERVER,
                            .name = "Vigia collector",
                            .hosts = config->hosts,
                            .host_count = config->host_count,
                            .from_ns = now_ns - VG_HOUR_NS,
                            .until_ns = now_ns + PKI_SERVER_DAYS * VG_DAY_NS};
    struct buf csr;
    enum vg_err err;

    if (server_fits(config, now_ns, a))
        return VG_OK;
    buf_init(&csr, PKI_PEM_MAX);
    buf_clear(&a->server);
    buf_clear(&a->server_key);
    err = pki_key_new(&a->server_key);
    if (err == VG_OK)
        err = pki_csr_new(buf_slice(&a->server_key), wish.name, &csr);
    if (err == VG_OK)
        err =
            pki_issue(buf_slice(&a->ca), buf_slice(&a->ca_key), buf_slice(&csr), &wish, &a->server);
    buf_done(&csr);
    if (err == VG_OK)
        err = write_pem(config, "server.key", &a->server_key, true);
    return err == VG_OK ? write_pem(config, "server.pem", &a->server, false) : err;
}

enum vg_err
authority_open(const struct collector_config *config, int64_t now_ns, struct authority *out)
{
    char folder[PATH_SIZE];
    struct authority a;
    struct pki_info info;
    enum vg_err err;

    buf_init(&a.ca, PKI_PEM_MAX);
    buf_init(&a.ca_key, PKI_PEM_MAX);
    buf_init(&a.server, PKI_PEM_MAX);
    buf_init(&a.server_key, PKI_PEM_MAX);
    (void)snprintf(folder, sizeof folder, "%s/pki", config->state_dir);
    err = files_folder(config->state_dir);
    if (err == VG_OK)
        err = files_folder(folder);
    if (err == VG_OK)
        err = ca_open(config, now_ns, &a);
    if (err == VG_OK)
        err = pki_info(buf_slice(&a.ca), &info);
    if (err == VG_OK)
        err = server_open(config, now_ns, &a);
    if (err != VG_OK) {
        authority_done(&a);
        return err;
    }
    memcpy(a.fingerprint, info.fingerprint, sizeof a.fingerprint);
    *out = a;
    return VG_OK;
}

void
authority_done(struct authority *a)
{
    if (a->ca_key.data != NULL)
        OPENSSL_cleanse(a->ca_key.data, a->ca_key.room);
    if (a->server_key.data != NULL)
        OPENSSL_cleanse(a->server_key.data, a->server_key.room);
    buf_done(&a->ca);
    buf_done(&a->ca_key);
    buf_done(&a->server);
    buf_done(&a->server_key);
}

enum vg_err
authority_sign(const struct authority *a, const char *agent, struct slice csr_pem, int64_t now_ns,
               struct buf *cert, struct pki_info *info)
{
    /* A little back, for agents whose clock is behind. */
    struct pki_wish wish = {.use = PKI_CLIENT,
                            .name = agent,
                            .from_ns = now_ns - 5 * VG_MIN_NS,
                            .until_ns = now_ns + PKI_CLIENT_DAYS * VG_DAY_NS};
    enum vg_err err = pki_issue(buf_slice(&a->ca), buf_slice(&a->ca_key), csr_pem, &wish, cert);

    return err == VG_OK ? pki_info(buf_slice(cert), info) : err;
}
