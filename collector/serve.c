/* SPDX-License-Identifier: Apache-2.0 */
/* serve: opens everything, locks down, and runs the loop until it is told to stop. */
#include <errno.h>
#include <event2/thread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "collector/cli.h"
#include "collector/ingest.h"
#include "collector/lockdown.h"
#include "collector/rounds.h"
#include "collector/service.h"
#include "collector/tls.h"
#include "common/log.h"
#include "common/vtime.h"

enum {
    AGENT_CONNECTIONS = 4096,
    AGENT_CONNECTIONS_OF_ONE = 512, /* a fleet may stand behind one address */
    WEB_CONNECTIONS = 512,
    WEB_CONNECTIONS_OF_ONE = 64,
    WEB_BODY_MAX = 64 * 1024,
    FILES = AGENT_CONNECTIONS + WEB_CONNECTIONS + 1024,
    DEADLINE_S = 60,
    CARE_S = 600,
};
static const size_t BODIES_MAX = 64 * 1024 * 1024;

struct run {
    struct service service;
    struct cli_world *world;
    struct event *stops[2], *reload, *care;
    struct rounds *rounds;
    int64_t tls_changed_s; /* of the configured certificate's file */
};

static int64_t
changed_s(const char *path)
{
    struct stat st;

    return path != NULL && stat(path, &st) == 0 ? st.st_mtime : 0;
}

static enum vg_err
make_tls(struct run *run, const struct authority *authority, SSL_CTX **agents, SSL_CTX **web)
{
    enum vg_err err = tls_agents(authority, agents);

    if (err != VG_OK)
        return err;
    run->tls_changed_s = changed_s(run->world->config.tls_cert);
    err = tls_web(authority, &run->world->config, web);
    if (err != VG_OK)
        SSL_CTX_free(*agents);
    return err;
}

/* A new certificate for the web listener, or our own one near its end: new connections get it. */
static void
refresh_tls(struct run *run)
{
    struct service *s = &run->service;
    struct authority fresh;
    SSL_CTX *agents = NULL, *web = NULL;
    enum vg_err err = authority_open(s->config, vtime_now(), &fresh);

    if (err == VG_OK) {
        err = make_tls(run, &fresh, &agents, &web);
        authority_done(&fresh);
    }
    if (err != VG_OK) {
        log_event(LOG_LEVEL_ERROR, "tls.reload_failed", "error=%s", vg_err_name(err));
        return;
    }
    http_set_tls(s->agents, agents);
    http_set_tls(s->web, web);
    SSL_CTX_free(agents);
    SSL_CTX_free(web);
    log_event(LOG_LEVEL_INFO, "tls.reloaded", "listeners=2");
}

/* ---- care: what has run out is removed, certificates are looked after ---- */

static enum vg_err
sweep_write(struct work_job *job, struct storage *s)
{
    (void)job;
    return s->ops->sweep(s, vtime_now());
}

static void
sweep_done(struct work_job *job)
{
    if (job->err != VG_OK)
        log_event(LOG_LEVEL_WARN, "store.sweep_failed", "error=%s", vg_err_name(job->err));
    free(job);
}

static void
on_care(evutil_socket_t fd, short what, void *ctx)
{
    struct run *run = ctx;
    struct work_job *job = calloc(1, sizeof *job);
    struct pki_info info;

    (void)fd, (void)what;
    if (job != NULL) {
        job->write = sweep_write;
        job->done = sweep_done;
        if (work_add(run->service.work, job) != VG_OK)
            free(job);
    }
    if (changed_s(run->world->config.tls_cert) != run->tls_changed_s ||
        (pki_info(buf_slice(&run->service.authority.server), &info) == VG_OK &&
         pki_renew_due(&info, vtime_now())))
        refresh_tls(run);
}

static void
on_reload(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd, (void)what;
    refresh_tls(ctx);
}

static void
on_stop(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd, (void)what;
    (void)event_base_loopbreak(ctx);
}

/* Tells systemd, where it asks (sd_notify(3)). */
static void
tell_manager(const char *text)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t n = path != NULL ? strlen(path) : 0;
    int fd;

    if (n == 0 || n >= sizeof to.sun_path)
        return;
    memcpy(to.sun_path, path, n);
    if (to.sun_path[0] == '@')
        to.sun_path[0] = '\0';
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    (void)sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&to,
                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
    (void)close(fd);
}

static bool
listen_both(struct run *run)
{
    struct service *s = &run->service;
    const struct collector_config *c = s->config;
    struct http_options o = {
        .loop = s->loop, .deadline_s = DEADLINE_S, .budget = &s->budget, .ctx = s};
    SSL_CTX *agents = NULL, *web = NULL;
    enum vg_err err = make_tls(run, &s->authority, &agents, &web);

    if (err != VG_OK) {
        log_event(LOG_LEVEL_ERROR, "tls.unusable", "cert=%s error=%s", log_quote(c->tls_cert),
                  vg_err_name(err));
        return false;
    }
    o.listen = c->agents;
    o.tls = agents;
    o.body_max = INGEST_BODY_MAX;
    o.connections_max = AGENT_CONNECTIONS;
    o.connections_of_one = AGENT_CONNECTIONS_OF_ONE;
    o.handle = agents_handle;
    err = http_new(&o, &s->agents);
    if (err == VG_OK) {
        o.listen = c->web;
        o.tls = web;
        o.body_max = WEB_BODY_MAX;
        o.connections_max = WEB_CONNECTIONS;
        o.connections_of_one = WEB_CONNECTIONS_OF_ONE;
        o.handle = web_handle;
        err = http_new(&o, &s->web);
    }
    if (err != VG_OK)
        log_event(LOG_LEVEL_ERROR, "listen.failed", "address=%s port=%u why=%s",
                  s->agents == NULL ? c->agents.host : c->web.host,
                  s->agents == NULL ? c->agents.port : c->web.port, log_quote(strerror(errno)));
    SSL_CTX_free(agents);
    SSL_CTX_free(web);
    return err == VG_OK;
}

static bool
watch_signals(struct run *run)
{
    const struct timeval care = {.tv_sec = CARE_S};
    struct event_base *loop = run->service.loop;

    run->stops[0] = evsignal_new(loop, SIGTERM, on_stop, loop);
    run->stops[1] = evsignal_new(loop, SIGINT, on_stop, loop);
    run->reload = evsignal_new(loop, SIGHUP, on_reload, run);
    run->care = event_new(loop, -1, EV_PERSIST, on_care, run);
    return run->stops[0] != NULL && run->stops[1] != NULL && run->reload != NULL &&
           run->care != NULL && event_add(run->stops[0], NULL) == 0 &&
           event_add(run->stops[1], NULL) == 0 && event_add(run->reload, NULL) == 0 &&
           event_add(run->care, &care) == 0;
}

static bool
load_texts(struct service *s)
{
    char program[512];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    char *rules;
    struct conf_error err = {.text = "no rules folder"};
    bool ok;

    program[n > 0 ? n : 0] = '\0';
    rules = texts_find_rules(s->config->rules_dir, program);
    ok = rules != NULL && texts_load(rules, &s->texts, &err) == VG_OK;
    if (!ok)
        log_event(LOG_LEVEL_ERROR, "rules.unusable", "why=%s", log_quote(err.text));
    free(rules);
    return ok;
}

static bool
start_mails(struct service *s)
{
    const struct collector_config *c = s->config;
    const struct notify_options options = {
        .database = c->database,
        .texts = s->texts,
        .route = {.kind =
                      strcmp(c->mail_transport, "smtp") == 0 ? MAIL_ROUTE_SMTP : MAIL_ROUTE_MAILDIR,
                  .folder = c->mail_folder,
                  .smtp = c->smtp},
        .from = c->mail_from,
        .dashboard = c->web_url,
        .link_key = s->link_key,
    };
    char why[NOTIFY_WHY_MAX] = "";
    enum vg_err err = notify_start(&options, &s->notify, why);

    if (err != VG_OK)
        log_event(LOG_LEVEL_ERROR, "mail.unusable", "error=%s why=%s", vg_err_name(err),
                  log_quote(why));
    return err == VG_OK;
}

#define DAMAGED(name) "pki/" name " is damaged: put the one of a backup in its place"

/* A lost file cannot be made again: what agents have stays theirs, those to come get another key. */
static bool
open_token_keys(struct service *s)
{
    struct storage *store = NULL;
    json_t *tenants = NULL;
    char why[STORAGE_WHY_MAX] = "";
    enum vg_err err = storage_open(s->config->database, STORAGE_WRITE, &store, why);

    if (err == VG_OK)
        err = store->ops->tenants(store, &STORAGE_EVERYTHING, &tenants);
    if (err == VG_OK)
        err = token_keys_open(s->config, store, &s->token_keys);
    if (err == VG_OK)
        err = token_keys_purpose(&s->token_keys, "second factors", s->factor_key);
    if (err == VG_OK)
        err = token_keys_purpose(&s->token_keys, "password links", s->link_key);
    if (err == VG_OK && s->token_keys.made && json_array_size(tenants) > s->token_keys.count)
        log_event(
            LOG_LEVEL_WARN, "token_keys.made",
            "why=\"there was no pki/tokens.key: cards at agents enrolled from now on have other "
            "tokens than at the earlier ones, and second factors must be set up anew: "
            "vigia-collector user "
            "reset-factor NAME\"");
    if (err != VG_OK)
        log_event(LOG_LEVEL_ERROR, "token_keys.unusable", "folder=%s error=%s why=%s",
                  log_quote(s->config->state_dir), vg_err_name(err),
                  log_quote(err == VG_ERR_FORMAT && why[0] == '\0' ? DAMAGED("tokens.key") : why));
    json_decref(tenants);
    storage_close(store);
    return err == VG_OK;
}

/* As with the token keys: agents hold on to the key that they got when they were enrolled. */
static bool
open_settings_key(struct service *s)
{
    enum vg_err err = settings_key_open(s->config, &s->settings_key);

    if (err != VG_OK)
        log_event(LOG_LEVEL_ERROR, "settings_key.unusable", "folder=%s error=%s why=%s",
                  log_quote(s->config->state_dir), vg_err_name(err),
                  log_quote(err == VG_ERR_FORMAT ? DAMAGED("settings.key") : ""));
    else if (s->settings_key.made && !s->token_keys.made)
        log_event(
            LOG_LEVEL_WARN, "settings_key.made",
            "why=\"there was no pki/settings.key: agents that were enrolled with another take no "
            "settings until they are enrolled anew\"");
    return err == VG_OK;
}

/* Every connection is a file: the usual 1024 would stop the listeners long before their caps. */
static void
allow_files(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= FILES)
        return;
    limit.rlim_cur = limit.rlim_max < FILES ? limit.rlim_max : FILES;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < FILES)
        log_event(LOG_LEVEL_WARN, "serve.few_files", "files=%llu wanted=%d",
                  (unsigned long long)limit.rlim_cur, FILES);
}

static bool
open_all(struct run *run, bool sandbox)
{
    struct service *s = &run->service;
    char why[STORAGE_WHY_MAX], told[LOCKDOWN_TOLD_MAX] = "off";
    enum vg_err err = authority_open(s->config, vtime_now(), &s->authority);

    if (err != VG_OK) {
        log_event(LOG_LEVEL_ERROR, "pki.unusable", "folder=%s error=%s",
                  log_quote(s->config->state_dir), vg_err_name(err));
        return false;
    }
    if (!open_token_keys(s))
        return false;
    if (!open_settings_key(s))
        return false;
    if (evthread_use_pthreads() != 0 || (s->loop = event_base_new()) == NULL ||
        login_limit_new(&s->logins) != VG_OK || !load_texts(s) || !listen_both(run) ||
        !watch_signals(run))
        return false;
    if (sandbox && (err = lockdown_enter(told)) != VG_OK) {
        log_event(LOG_LEVEL_ERROR, "lockdown.failed", "error=%s", vg_err_name(err));
        return false;
    }
    err = work_new(s->loop, s->config->database, (size_t)s->config->readers, &s->work, why);
    if (err != VG_OK) {
        log_event(LOG_LEVEL_ERROR, "store.unusable", "why=%s", log_quote(why));
        return false;
    }
    if (live_new(s->loop, s->work, &s->live) != VG_OK || !start_mails(s) ||
        rounds_new(s, &run->rounds) != VG_OK)
        return false;
    log_event(LOG_LEVEL_INFO, "serve.ready", "agents=%u web=%u url=%s %s", http_port(s->agents),
              http_port(s->web), s->config->web_url, told);
    return true;
}

static void
close_all(struct run *run)
{
    struct service *s = &run->service;

    http_stop(s->agents);
    http_stop(s->web);
    work_free(s->work); /* answers what is under way */
    notify_stop(s->notify);
    http_free(s->agents);
    http_free(s->web);
    live_free(s->live);
    for (size_t i = 0; i < VG_ARRAY_LEN(run->stops); i++)
        if (run->stops[i] != NULL)
            event_free(run->stops[i]);
    if (run->reload != NULL)
        event_free(run->reload);
    if (run->care != NULL)
        event_free(run->care);
    rounds_free(run->rounds);
    login_limit_free(s->logins);
    texts_free(s->texts);
    authority_done(&s->authority);
    settings_key_done(&s->settings_key);
    token_keys_done(&s->token_keys);
    if (s->loop != NULL)
        event_base_free(s->loop);
}

int
cmd_serve(const struct command *self, int argc, char **argv)
{
    static const char *const options[] = {"no-sandbox!", NULL};
    struct cli_line line;
    struct cli_world world;
    struct run run = {.world = &world};
    int code = VG_EXIT_DONE;
    enum vg_err err = cli_parse(self, argc, argv, options, &line);

    if (err != VG_OK)
        return err == VG_END ? VG_EXIT_DONE : VG_EXIT_USAGE;
    if (line.words > 0)
        return cli_usage(self, "takes no words");
    if (!cli_open(&line, CLI_CONFIG, &world, &code))
        return code;
    if (cli_lock(&world.config) != VG_OK) {
        code = cli_usage(self, "another one serves from %s", world.config.state_dir);
        cli_close(&world);
        return code;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    run.service.config = &world.config;
    run.service.budget.max = BODIES_MAX;
    run.service.since_ns = vtime_now();
    allow_files();
    if (open_all(&run, world.config.sandbox && line.value[0] == NULL)) {
        tell_manager("READY=1");
        (void)event_base_dispatch(run.service.loop);
        tell_manager("STOPPING=1");
        log_event(LOG_LEVEL_INFO, "serve.stopping", "reason=signal");
    } else {
        code = VG_EXIT_USAGE;
    }
    close_all(&run);
    cli_close(&world);
    return code;
}
