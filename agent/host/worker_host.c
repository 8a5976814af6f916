/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/host/worker_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/host/programs.h"
#include "agent/host/quarantine.h"
#include "agent/host/writers.h"
#include "common/hex.h"
#include "common/json.h"
#include "common/log.h"
#include "common/vtime.h"

enum { ROOTS_MAX = 2 * CONFIG_LIST_MAX, ADDRESS_SIZE = 16 };

/* Looking for owners: 1/300 of a core, and a little saved up for busy moments: with the fingerprints
 * (programs.c) less than a hundredth of any minute. */
enum { OWNERS_SHARE = 400 };
#define OWNERS_SAVED_NS (150 * VG_MS_NS)
#define FILE_KEEP_NS    VG_SEC_NS /* a process runs the same file for so long */

struct host {
    const char *path[ROOTS_MAX];   /* as configured, borrowed from the configuration */
    char *root[ROOTS_MAX];         /* where that was when it was first there; NULL: not yet */
    size_t count, files_from;      /* from there on: folders of files */
    struct quarantine *quarantine; /* NULL: not wanted */
    struct writers *writers;       /* NULL: nobody tells who writes files */
    struct platform_holders recent;
    struct meter owners;
    struct programs *programs;
    struct {
        int64_t pid, until_ns;
        uint64_t file;
    } last; /* owner, and the number of its file */
};

static enum vg_err
host_open(const struct agent_config *config, const struct sink *sink, struct worker_opener *opener,
          void **self, char why[WORKER_WHY_MAX])
{
    struct host *h = calloc(1, sizeof *h);
    platform_file drives;

    if (h == NULL)
        return VG_ERR_NOMEM;
    if (programs_new(&h->programs) != VG_OK) {
        free(h);
        return VG_ERR_NOMEM;
    }
    h->owners = meter_of(OWNERS_SHARE, OWNERS_SAVED_NS, platform_clock_monotonic());
    for (size_t i = 0; i < config->payment_count; i++)
        h->path[h->count++] = config->payments[i].path;
    h->files_from = h->count;
    for (size_t i = 0; i < config->file_count; i++)
        h->path[h->count++] = config->files[i];
    for (size_t i = 0; i < h->count; i++)
        h->root[i] = platform_path_resolve(h->path[i]);
    drives = worker_drives_take(opener);
    if (drives != PLATFORM_NO_HANDLE && /* without, alerts name no program */
        writers_new(drives, h->root + h->files_from, h->count - h->files_from, &h->writers) !=
            VG_OK)
        h->writers = NULL;
    if (config->scan.quarantine) {
        enum vg_err err = quarantine_open(config, true, &h->quarantine);

        if (err == VG_OK)
            quarantine_recover(h->quarantine);
        else /* told with each file that stays where it is */
            log_event(LOG_LEVEL_ERROR, "host.quarantine", "error=%s", vg_err_name(err));
    }
    *self = h;
    return VG_OK;
}

static void
host_close(void *self)
{
    struct host *h = self;

    for (size_t i = 0; i < h->count; i++)
        free(h->root[i]);
    programs_free(h->programs);
    quarantine_free(h->quarantine);
    writers_free(h->writers);
    free(h);
}

static void
host_needs(void *self, struct platform_sandbox *sandbox)
{
    struct host *h = self;

    sandbox->keep_rights = true;
    sandbox->move = h->quarantine != NULL;
}

static enum vg_err
host_work(void *self, platform_handle *handle, int64_t *wait_ns)
{
    struct host *h = self;

    bool more = h->writers != NULL && writers_work(h->writers);

    *wait_ns = programs_work(h->programs);
    if (h->writers != NULL)
        *handle = writers_handle(h->writers);
    return more || *wait_ns == 0 ? VG_OK : VG_AGAIN;
}

/* A folder that was missing at the start is looked for again; one that was there stays where it
 * was, so that whoever owns it cannot swap it for a link to elsewhere. */
static void
find_roots(struct host *h)
{
    for (size_t i = 0; i < h->count; i++)
        if (h->root[i] == NULL)
            h->root[i] = platform_path_resolve(h->path[i]);
}

static enum vg_err
ask_open(struct host *h, const json_t *question, platform_file *file)
{
    char path[QUARANTINE_PATH_MAX + 1];
    enum vg_err err = hex_text(vg_json_str(question, "path", ""), path, sizeof path);

    if (err != VG_OK)
        return err;
    find_roots(h);
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

/* Names of programs and paths are bytes that anybody chose: `?` where they are no UTF-8. */
static json_t *
owner_json(const struct platform_owner *owner, uint64_t file, const char *hash)
{
    json_t *all = json_pack("{s:I, s:s, s:I, s:s}", "pid", (json_int_t)owner->pid, "user",
                            owner->user, "file", (json_int_t)file, "sha256", hash);
    json_t *name = json_string(owner->name), *path = json_string(owner->path);

    if (name == NULL)
        name = json_string("?");
    if (path == NULL)
        path = json_string("?");
    if (json_object_set_new(all, "name", name) != 0 ||
        json_object_set_new(all, "path", path) != 0) {
        json_decref(all);
        return NULL;
    }
    return all;
}

/* programs_see(), which opens the file, once a second for a program that opens many sockets. */
static uint64_t
file_of(struct host *h, int64_t pid, char hash[PROGRAM_HASH_SIZE])
{
    int64_t now_ns = platform_clock_monotonic();

    hash[0] = '\0';
    if (h->last.pid == pid && now_ns < h->last.until_ns &&
        programs_hash(h->programs, h->last.file, hash) != VG_ERR_NOENT)
        return h->last.file;
    h->last.pid = pid;
    h->last.until_ns = now_ns + FILE_KEEP_NS;
    h->last.file = programs_see(h->programs, pid, hash);
    return h->last.file;
}

static enum vg_err
find_owner(struct host *h, const json_t *question, json_t **answer)
{
    uint8_t local[ADDRESS_SIZE], remote[ADDRESS_SIZE];
    char hash[PROGRAM_HASH_SIZE];
    uint16_t local_port, remote_port;
    struct platform_owner owner;
    uint64_t file;
    enum vg_err err;

    if (!read_hex(vg_json_str(question, "local", ""), local) ||
        !read_hex(vg_json_str(question, "remote", ""), remote) ||
        !read_port(question, "local_port", &local_port) ||
        !read_port(question, "remote_port", &remote_port))
        return VG_ERR_FORMAT;
    err = platform_socket_owner(&h->recent, vg_json_bool(question, "tcp", true),
                                vg_json_bool(question, "v6", false), local, local_port, remote,
                                remote_port, &owner);
    if (err != VG_OK)
        return err;
    file = file_of(h, owner.pid, hash);
    *answer = owner_json(&owner, file, hash);
    return *answer != NULL ? VG_OK : VG_ERR_NOMEM;
}

static enum vg_err
ask_owner(struct host *h, const json_t *question, json_t **answer)
{
    int64_t before = platform_cpu_time();
    enum vg_err err;

    if (!meter_open(&h->owners, platform_clock_monotonic()))
        return VG_ERR_LIMIT;
    err = find_owner(h, question, answer);
    meter_spend(&h->owners, platform_cpu_time() - before);
    return err;
}

/* A path as the file sensor has it, under a folder as it is configured, to where that folder was when
 * it was first there. */
static bool
place_of(struct host *h, const char *path, char out[QUARANTINE_PATH_MAX + 1])
{
    find_roots(h);
    for (size_t i = h->files_from; i < h->count; i++) {
        size_t len = strlen(h->path[i]);
        int n;

        while (len > 1 && h->path[i][len - 1] == '/')
            len--;
        if (h->root[i] == NULL || strncmp(path, h->path[i], len) != 0 ||
            (path[len] != '/' && path[len] != '\0' && len > 1))
            continue;
        for (path += len; *path == '/';)
            path++;
        n = snprintf(out, QUARANTINE_PATH_MAX + 1, "%s/%s",
                     strcmp(h->root[i], "/") == 0 ? "" : h->root[i], path);
        return n > 0 && n <= QUARANTINE_PATH_MAX;
    }
    return false;
}

static enum quarantine_outcome
seal(struct host *h, const json_t *question, struct quarantine_entry *e)
{
    char path[QUARANTINE_PATH_MAX + 1];

    if (hex_text(vg_json_str(question, "path", ""), path, sizeof path) != VG_OK ||
        !place_of(h, path, e->path))
        return QUARANTINE_FAILED;
    e->stat = (struct platform_stat){
        .identity = {.volume = (uint64_t)vg_json_int(question, "volume", 0),
                     .file = (uint64_t)vg_json_int(question, "file", 0)},
        .size = (uint64_t)vg_json_int(question, "size", 0),
        .modified_ns = vg_json_int(question, "modified", 0),
        .changed_ns = vg_json_int(question, "changed", 0),
    };
    e->severity = (enum severity)vg_json_int(question, "severity", 0);
    (void)vg_strcpy(e->sha256, sizeof e->sha256, vg_json_str(question, "sha256", ""));
    (void)vg_strcpy(e->rule, sizeof e->rule, vg_json_str(question, "rule", ""));
    return quarantine_seal(h->quarantine, e, vtime_now());
}

static enum vg_err
ask_move(struct host *h, const json_t *question, bool take, json_t **answer)
{
    struct quarantine_entry *e = calloc(1, sizeof *e);
    enum quarantine_outcome outcome = QUARANTINE_FAILED;

    if (e == NULL)
        return VG_ERR_NOMEM;
    if (h->quarantine != NULL && take)
        outcome = quarantine_take(h->quarantine, vg_json_str(question, "id", ""));
    else if (h->quarantine != NULL)
        outcome = seal(h, question, e);
    *answer = json_pack("{s:s, s:s}", "outcome", quarantine_outcome_name(outcome), "id", e->id);
    free(e);
    return *answer != NULL ? VG_OK : VG_ERR_NOMEM;
}

static enum vg_err
ask_writer(struct host *h, const json_t *question, json_t **answer)
{
    struct platform_identity file = {.volume = (uint64_t)vg_json_int(question, "volume", 0),
                                     .file = (uint64_t)vg_json_int(question, "file", 0)};

    while (h->writers != NULL && writers_work(h->writers))
        ; /* what came until now */
    return h->writers != NULL ? writers_of(h->writers, &file, answer) : VG_ERR_NOENT;
}

static enum vg_err
ask_hash(struct host *h, const json_t *question, json_t **answer)
{
    char hash[PROGRAM_HASH_SIZE];
    enum vg_err err = programs_hash(h->programs, (uint64_t)vg_json_int(question, "file", 0), hash);

    if (err != VG_OK)
        return err;
    *answer = json_pack("{s:s}", "sha256", hash);
    return *answer != NULL ? VG_OK : VG_ERR_NOMEM;
}

static enum vg_err
host_ask(void *self, const json_t *question, json_t **answer, platform_file *file)
{
    const char *what = vg_json_str(question, "what", "");

    if (strcmp(what, "open") == 0)
        return ask_open(self, question, file);
    if (strcmp(what, "owner") == 0)
        return ask_owner(self, question, answer);
    if (strcmp(what, "hash") == 0)
        return ask_hash(self, question, answer);
    if (strcmp(what, "writer") == 0)
        return ask_writer(self, question, answer);
    if (strcmp(what, "seal") == 0 || strcmp(what, "take") == 0)
        return ask_move(self, question, what[0] == 't', answer);
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
