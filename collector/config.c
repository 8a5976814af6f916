/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/mail.h"
#include "common/mail_send.h"
#include "common/str.h"

/* "HOST:PORT", "[V6]:PORT" or ":PORT". */
static bool
listen_parse(const char *text, struct collector_listen *out)
{
    const char *colon = strrchr(text, ':');
    size_t n;
    char *end;
    long port;

    if (colon == NULL)
        return false;
    port = strtol(colon + 1, &end, 10);
    if (end == colon + 1 || *end != '\0' || port < 0 || port > 65535)
        return false;
    n = (size_t)(colon - text);
    if (n >= 2 && text[0] == '[' && text[n - 1] == ']') {
        text++;
        n -= 2;
    }
    if (n >= sizeof out->host)
        return false;
    memcpy(out->host, n > 0 ? text : "0.0.0.0", n > 0 ? n : 8);
    if (n > 0)
        out->host[n] = '\0';
    out->port = (uint16_t)port;
    return true;
}

static bool
check_listen(const char *text, char why[160])
{
    struct collector_listen ignored;

    if (listen_parse(text, &ignored))
        return true;
    (void)snprintf(why, 160, "no address with a port");
    return false;
}

/* https://HOST[:PORT] and nothing after it; the host goes to `host` (may be NULL). */
static bool
url_host(const char *url, char *host, size_t size)
{
    const char *at, *end;
    size_t n;

    if (strncmp(url, "https://", 8) != 0)
        return false;
    at = url + 8;
    n = strcspn(at, "/?#@ \t\r\n\"'<>\\");
    if (n == 0 || at[n] != '\0')
        return false;
    if (at[0] == '[') {
        end = strchr(at, ']');
        at++;
    } else {
        end = strchr(at, ':');
    }
    n = end != NULL ? (size_t)(end - at) : strlen(at);
    if (n == 0 || n >= size)
        return false;
    memcpy(host, at, n);
    host[n] = '\0';
    return true;
}

static bool
check_url(const char *text, char why[160])
{
    char host[COLLECTOR_ADDRESS_MAX];

    if (url_host(text, host, sizeof host))
        return true;
    (void)snprintf(why, 160, "no https address without a path");
    return false;
}

static bool
check_mail(const char *text, char why[160])
{
    if (mail_address_valid(text))
        return true;
    (void)snprintf(why, 160, "no mail address");
    return false;
}

static bool
check_host(const char *text, char why[160])
{
    if (text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:*")] ==
        '\0')
        return true;
    (void)snprintf(why, 160, "no host name or address");
    return false;
}

static const char *const FACTORS[] = {"required", "optional", NULL};
static const char *const TRANSPORTS[] = {"maildir", "smtp", NULL};

#define TEXT(k, most) .key = (k), .type = CONF_TEXT, .min = 1, .max = (most)

static const struct conf_field LISTEN[] = {
    {TEXT("agents", 120), .fallback = "\"0.0.0.0:8443\"", .check = check_listen,
     .example = "agents: \"0.0.0.0:8443\""},
    {TEXT("web", 120), .fallback = "\"0.0.0.0:8444\"", .check = check_listen,
     .example = "web: \"0.0.0.0:8444\""},
    {.key = NULL},
};
static const struct conf_field TLS[] = {
    {TEXT("cert", 400), .required = true, .example = "cert: /etc/letsencrypt/live/x/fullchain.pem"},
    {TEXT("key", 400), .required = true, .example = "key: /etc/letsencrypt/live/x/privkey.pem"},
    {.key = NULL},
};
static const struct conf_field MAIL[] = {
    {.key = "transport",
     .type = CONF_CHOICE,
     .fallback = "maildir",
     .choices = TRANSPORTS,
     .example = "transport: smtp"},
    {TEXT("from", 254), .fallback = "vigia@localhost.localdomain", .check = check_mail,
     .example = "from: alertas@proveedor.example"},
    {TEXT("dir", 400), .example = "dir: /var/lib/vigia-collector/mail"},
    {.key = "smtp",
     .type = CONF_MAP,
     .fields = MAIL_SMTP_SCHEMA,
     .example = "smtp: {host: mail.example.mx, port: 587, tls: starttls}"},
    {.key = NULL},
};
static const struct conf_field SIGN_IN[] = {
    {.key = "second_factor",
     .type = CONF_CHOICE,
     .fallback = "required",
     .choices = FACTORS,
     .example = "second_factor: required"},
    {.key = NULL},
};
static const struct conf_field HOST_ITEM = {TEXT("", 120), .check = check_host,
                                            .example = "hosts: [vigia.example.mx, 192.0.2.7]"};
static const struct conf_field SCHEMA[] = {
    {TEXT("state_dir", 400), .fallback = "/var/lib/vigia-collector",
     .example = "state_dir: /var/lib/vigia-collector"},
    {.key = "listen",
     .type = CONF_MAP,
     .fallback = "{}",
     .fields = LISTEN,
     .example = "listen: {agents: \"0.0.0.0:8443\", web: \"0.0.0.0:8444\"}"},
    {TEXT("public_url", 250), .check = check_url,
     .example = "public_url: https://vigia.example.mx:8444"},
    {TEXT("agents_url", 250), .check = check_url,
     .example = "agents_url: https://vigia.example.mx:8443"},
    {.key = "hosts",
     .type = CONF_LIST,
     .item = &HOST_ITEM,
     .max = COLLECTOR_HOSTS_MAX - 8,
     .example = "hosts: [vigia.example.mx, 192.0.2.7]"},
    {.key = "tls",
     .type = CONF_MAP,
     .fields = TLS,
     .example = "tls: {cert: /etc/vigia/web.pem, key: /etc/vigia/web.key}"},
    {.key = "sign_in",
     .type = CONF_MAP,
     .fallback = "{}",
     .fields = SIGN_IN,
     .example = "sign_in: {second_factor: required}"},
    {.key = "mail",
     .type = CONF_MAP,
     .fallback = "{}",
     .fields = MAIL,
     .example = "mail: {transport: smtp, from: alertas@proveedor.example, smtp: {host: mail}}"},
    {TEXT("rules_dir", 400), .example = "rules_dir: /usr/share/vigia/rules"},
    {.key = "user",
     .type = CONF_TEXT,
     .max = 32,
     .fallback = "vigia-collector",
     .example = "user: vigia-collector"},
    {.key = "readers",
     .type = CONF_INT,
     .fallback = "2",
     .min = 1,
     .max = 16,
     .example = "readers: 2"},
    {.key = "sandbox", .type = CONF_BOOL, .fallback = "true", .example = "sandbox: true"},
    {.key = NULL},
};

static bool
any_address(const char *host)
{
    return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

static void
add_host(struct collector_config *c, const char *host)
{
    for (size_t i = 0; i < c->host_count; i++)
        if (str_eq_nocase(str_of(c->hosts[i]), str_of(host)))
            return;
    if (c->host_count < COLLECTOR_HOSTS_MAX && host[0] != '\0' && !any_address(host))
        c->hosts[c->host_count++] = host;
}

static void
url_make(char out[COLLECTOR_URL_MAX], const char *given, const char *host, uint16_t port)
{
    if (given != NULL)
        (void)vg_strcpy(out, COLLECTOR_URL_MAX, given);
    else
        (void)snprintf(out, COLLECTOR_URL_MAX,
                       strchr(host, ':') != NULL ? "https://[%s]:%u" : "https://%s:%u", host, port);
}

/* URLs that were not given follow from each other, from the listeners, from the machine's name. */
static void
fill_urls(struct collector_config *c)
{
    const char *web = vg_json_str(c->tree, "public_url", NULL);
    const char *agents = vg_json_str(c->tree, "agents_url", NULL);

    if (gethostname(c->host_name, sizeof c->host_name) != 0)
        (void)vg_strcpy(c->host_name, sizeof c->host_name, "localhost");
    c->host_name[sizeof c->host_name - 1] = '\0';
    url_make(c->web_url, web, any_address(c->web.host) ? c->host_name : c->web.host, c->web.port);
    (void)url_host(c->web_url, c->web_host, sizeof c->web_host);
    url_make(c->agents_url, agents, any_address(c->agents.host) ? c->web_host : c->agents.host,
             c->agents.port);
    (void)url_host(c->agents_url, c->agents_host, sizeof c->agents_host);
}

static void
fill_hosts(struct collector_config *c)
{
    const json_t *list = json_object_get(c->tree, "hosts"), *item;
    size_t i;

    json_array_foreach(list, i, item) add_host(c, json_string_value(item));
    add_host(c, c->web_host);
    add_host(c, c->agents_host);
    add_host(c, c->host_name);
    add_host(c, "localhost");
    add_host(c, "127.0.0.1");
    add_host(c, "::1");
}

static enum vg_err
fill(struct collector_config *c, struct conf_error *err)
{
    const json_t *listen = json_object_get(c->tree, "listen");
    const json_t *mail = json_object_get(c->tree, "mail"), *tls = json_object_get(c->tree, "tls");
    const char *dir = vg_json_str(mail, "dir", NULL);

    if (!listen_parse(vg_json_str(listen, "agents", ""), &c->agents) ||
        !listen_parse(vg_json_str(listen, "web", ""), &c->web))
        return VG_ERR_CONFIG;
    fill_urls(c);
    fill_hosts(c);
    c->tls_cert = vg_json_str(tls, "cert", NULL);
    c->tls_key = vg_json_str(tls, "key", NULL);
    c->mail_transport = vg_json_str(mail, "transport", "maildir");
    c->mail_from = vg_json_str(mail, "from", "");
    c->smtp = json_object_get(mail, "smtp");
    if (strcmp(c->mail_transport, "smtp") == 0 && c->smtp == NULL) {
        (void)snprintf(err->text, sizeof err->text,
                       "collector.yaml: mail: transport smtp needs a server; write: "
                       "smtp: {host: mail.example.mx, port: 587, tls: starttls}");
        return VG_ERR_CONFIG;
    }
    c->factor_required =
        strcmp(vg_json_str(json_object_get(c->tree, "sign_in"), "second_factor", "required"),
               "required") == 0;
    c->rules_dir = vg_json_str(c->tree, "rules_dir", NULL);
    c->user = vg_json_str(c->tree, "user", "");
    c->readers = vg_json_int(c->tree, "readers", 2);
    c->sandbox = vg_json_bool(c->tree, "sandbox", true);
    (void)snprintf(c->database, sizeof c->database, "%s/collector.sqlite", c->state_dir);
    if (dir != NULL)
        (void)vg_strcpy(c->mail_path, sizeof c->mail_path, dir);
    else
        (void)snprintf(c->mail_path, sizeof c->mail_path, "%s/mail", c->state_dir);
    c->mail_folder = c->mail_path;
    return VG_OK;
}

enum vg_err
collector_config_load(const char *path, const char *state_dir, struct collector_config *out,
                      struct conf_error *err)
{
    const char *file = path != NULL ? path : COLLECTOR_CONFIG_FILE;
    enum vg_err e;

    memset(out, 0, sizeof *out);
    err->text[0] = '\0';
    e = conf_load(file, SCHEMA, &out->tree, err);
    if (e == VG_ERR_NOENT && path == NULL)
        e = conf_parse("defaults", slice_of("{}", 2), SCHEMA, &out->tree, err);
    if (e != VG_OK)
        return e;
    if (state_dir != NULL)
        (void)json_object_set_new(out->tree, "state_dir", json_string(state_dir));
    out->state_dir = vg_json_str(out->tree, "state_dir", "");
    e = fill(out, err);
    if (e != VG_OK)
        collector_config_done(out);
    return e;
}

void
collector_config_done(struct collector_config *config)
{
    json_decref(config->tree);
    memset(config, 0, sizeof *config);
}
