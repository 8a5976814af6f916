/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/host/worker_host.h"

#include <stdlib.h>
#include <string.h>

#include "common/json.h"

enum { ROOTS_MAX = 2 * CONFIG_LIST_MAX, ADDRESS_SIZE = 16 };

struct host {
    const char *path[ROOTS_MAX]; /* as configured, borrowed from the configuration */
    char *root[ROOTS_MAX];       /* where that was when it was first there; NULL: not yet */
    size_t count;
};

static enum vg_err
host_open(const struct agent_config *config, const struct sink *sink, struct worker_opener *opener,
          void **self, char why[WORKER_WHY_MAX])
{
    struct host *h = calloc(1, sizeof *h);

    if (h == NULL)
        return VG_ERR_NOMEM;
    for (size_t i = 0; i < config->payment_count; i++)
        h->path[h->count++] = config->payments[i].path;
    for (size_t i = 0; i < config->file_count; i++)
        h->path[h->count++] = config->files[i];
    for (size_t i = 0; i < h->count; i++)
        h->root[i] = platform_path_resolve(h->path[i]);
    *self = h;
    return VG_OK;
}

static void
host_close(void *self)
{
    struct host *h = self;

    for (size_t i = 0; i < h->count; i++)
        free(h->root[i]);
    free(h);
}

static void
host_needs(void *self, struct platform_sandbox *sandbox)
{
    sandbox->keep_rights = true;
}

static enum vg_err
host_work(void *self, platform_handle *handle, int64_t *wait_ns)
{
    *wait_ns = -1;
    return VG_AGAIN;
}

/* A folder that was missing at the start is looked for again; one that was there stays where it
 * was, so that whoever owns it cannot swap it for a link to elsewhere. */
static enum vg_err
ask_open(struct host *h, const json_t *question, platform_file *file)
{
    const char *path = vg_json_str(question, "path", "");

    for (size_t i = 0; i < h->count; i++)
        if (h->root[i] == NULL)
            h->root[i] = platform_path_resolve(h->path[i]);
    return platform_file_open_beneath(path, (const char *const *)h->root, h->count, file);
}

static bool
read_hex(const char *text, uint8_t out[ADDRESS_SIZE])
{
    static const char digits[] = "0123456789abcdef";

    if (strlen(text) != (size_t)2 * ADDRESS_SIZE)
        return false;
    for (size_t i = 0; i < ADDRESS_SIZE; i++) {
        const char *high = strchr(digits, text[2 * i]), *low = strchr(digits, text[2 * i + 1]);

        if (high == NULL || low == NULL)
            return false;
        out[i] = (uint8_t)((high - digits) << 4 | (low - digits));
    }
    return true;
}

static bool
read_port(const json_t *question, const char *key, uint16_t *out)
{
    int64_t port = vg_json_int(question, key, -1);

    *out = (uint16_t)port;
    return port >= 0 && port <= UINT16_MAX;
}

static enum vg_err
ask_owner(const json_t *question, json_t **answer)
{
    uint8_t local[ADDRESS_SIZE], remote[ADDRESS_SIZE];
    uint16_t local_port, remote_port;
    struct platform_owner owner;
    enum vg_err err;

    if (!read_hex(vg_json_str(question, "local", ""), local) ||
        !read_hex(vg_json_str(question, "remote", ""), remote) ||
        !read_port(question, "local_port", &local_port) ||
        !read_port(question, "remote_port", &remote_port))
        return VG_ERR_FORMAT;
    err = platform_socket_owner(vg_json_bool(question, "tcp", true),
                                vg_json_bool(question, "v6", false), local, local_port, remote,
                                remote_port, &owner);
    if (err != VG_OK)
        return err;
    /* Names of programs and paths are bytes that anybody chose: `?` where they are no UTF-8. */
    *answer = json_pack("{s:I, s:s*, s:s*, s:s*}", "pid", (json_int_t)owner.pid, "name", owner.name,
                        "path", owner.path, "user", owner.user);
    if (*answer == NULL)
        *answer = json_pack("{s:I, s:s, s:s, s:s}", "pid", (json_int_t)owner.pid, "name", "?",
                            "path", "?", "user", owner.user);
    return *answer != NULL ? VG_OK : VG_ERR_NOMEM;
}

static enum vg_err
host_ask(void *self, const json_t *question, json_t **answer, platform_file *file)
{
    const char *what = vg_json_str(question, "what", "");

    if (strcmp(what, "open") == 0)
        return ask_open(self, question, file);
    if (strcmp(what, "owner") == 0)
        return ask_owner(question, answer);
    return VG_ERR_FORMAT;
}

const struct worker_ops WORKER_HOST = {
    .name = "host",
    .open = host_open,
    .needs = host_needs,
    .work = host_work,
    .ask = host_ask,
    .close = host_close,
};
