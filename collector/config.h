/* SPDX-License-Identifier: Apache-2.0 */
/* config: collector.yaml. Without a file everything has a default that works. */
#pragma once

#include "common/conf.h"

enum { COLLECTOR_HOSTS_MAX = 24, COLLECTOR_URL_MAX = 300, COLLECTOR_ADDRESS_MAX = 128 };

#define COLLECTOR_CONFIG_FILE "/etc/vigia/collector.yaml"

struct collector_listen {
    char host[COLLECTOR_ADDRESS_MAX]; /* without brackets */
    uint16_t port;
};

/* Every text is borrowed from `tree` unless it is an array. */
struct collector_config {
    json_t *tree; /* owned */

    const char *state_dir;
    struct collector_listen agents, web;
    char web_url[COLLECTOR_URL_MAX]; /* where people and enrolling agents go; no slash at the end */
    char agents_url[COLLECTOR_URL_MAX];     /* what an enrolled agent is told */
    const char *hosts[COLLECTOR_HOSTS_MAX]; /* names and addresses for the server certificate */
    size_t host_count;
    char host_name[COLLECTOR_ADDRESS_MAX]; /* this machine's, one of `hosts` */
    char web_host[COLLECTOR_ADDRESS_MAX], agents_host[COLLECTOR_ADDRESS_MAX]; /* of the URLs */
    const char *tls_cert, *tls_key; /* of the web listener; NULL: the collector's own */

    bool factor_required; /* people of the provider sign in with a second factor */

    const char *mail_transport; /* "maildir" or "smtp" */
    const char *mail_from, *mail_folder;
    const json_t *smtp; /* borrowed; NULL */

    const char *rules_dir; /* NULL: found beside the program */
    const char *user;      /* whom `serve` becomes when started as root; "" stays */
    int64_t readers;       /* threads that read the database */
    bool sandbox;

    char database[512], mail_path[512]; /* made from state_dir */
};

/* `path` NULL: COLLECTOR_CONFIG_FILE where it exists, else the defaults. `state_dir` not NULL stands
 * before the file's. VG_ERR_CONFIG, VG_ERR_NOENT, VG_ERR_SYS with err->text. */
enum vg_err collector_config_load(const char *path, const char *state_dir,
                                  struct collector_config *out,
                                  struct conf_error *err) VG_MUST_CHECK;
void collector_config_done(struct collector_config *config);
