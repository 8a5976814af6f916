/* SPDX-License-Identifier: Apache-2.0 */
/* The host worker opens what the configuration names, wherever links try to lead it. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/host/worker_host.h"
#include "common/hex.h"
#include "common/json.h"

struct place {
    char dir[64];
    struct agent_config config;
    void *host;
};

static void
put(const struct place *p, const char *name, const char *text)
{
    char path[160];

    (void)snprintf(path, sizeof path, "%s/%s", p->dir, name);
    assert_int_equal(platform_file_replace(path, slice_of(text, strlen(text)), true), VG_OK);
}

static void
link_to(const struct place *p, const char *target, const char *name)
{
    char path[160], full[160];

    (void)snprintf(path, sizeof path, "%s/%s", p->dir, name);
    (void)snprintf(full, sizeof full, "%s/%s", p->dir, target);
    assert_int_equal(symlink(target[0] == '/' ? target : full, path), 0);
}

static int
set_up(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    char text[512], path[160], why[WORKER_WHY_MAX];
    struct conf_error err;

    (void)vg_strcpy(p->dir, sizeof p->dir, "/tmp/vigia-test-XXXXXX");
    if (mkdtemp(p->dir) == NULL)
        return -1;
    (void)snprintf(path, sizeof path, "%s/pos/day", p->dir);
    assert_int_equal(platform_folder_make(path, false), VG_OK);
    put(p, "pos/log", "in");
    put(p, "pos/day/log", "deep");
    put(p, "outside", "out");
    put(p, "position", "not under pos");
    link_to(p, "outside", "pos/escape");
    link_to(p, "pos/log", "pos/alias");
    link_to(p, "/", "pos/root");
    link_to(p, "pos/log", "inward");
    (void)snprintf(path, sizeof path, "%s/pos/fifo", p->dir);
    assert_int_equal(mkfifo(path, 0600), 0);
    (void)snprintf(text, sizeof text, "payments: [{path: %s/pos}, {path: %s/later}]\n", p->dir,
                   p->dir);
    if (agent_config_parse("test", slice_of(text, strlen(text)), &p->config, &err) != VG_OK) {
        print_error("%s\n", err.text);
        return -1;
    }
    assert_int_equal(WORKER_HOST.open(&p->config, NULL, NULL, &p->host, why), VG_OK);
    *state = p;
    return 0;
}

static int
tear_down(void **state)
{
    struct place *p = *state;
    char command[128];

    WORKER_HOST.close(p->host);
    agent_config_done(&p->config);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", p->dir);
    if (system(command) != 0)
        return -1;
    free(p);
    return 0;
}

static enum vg_err
ask_path(struct place *p, const char *name, const char *content)
{
    char path[160], text[32] = "";
    struct buf digits;
    json_t *question, *answer = NULL;
    platform_file file = PLATFORM_NO_HANDLE;
    enum vg_err err;
    size_t n;

    (void)snprintf(path, sizeof path, "%s%s%s", name[0] == '/' ? "" : p->dir,
                   name[0] == '/' ? "" : "/", name);
    buf_init(&digits, 1024);
    hex_append(path, strlen(path), &digits);
    question = json_pack("{s:s, s:s}", "what", "open", "path", buf_str(&digits));
    buf_done(&digits);
    err = WORKER_HOST.ask(p->host, question, &answer, &file);
    json_decref(question);
    assert_null(answer);
    if (err != VG_OK) {
        assert_true(file == PLATFORM_NO_HANDLE);
        return err;
    }
    assert_int_equal(platform_file_read(file, 0, text, sizeof text - 1, &n), VG_OK);
    assert_string_equal(text, content);
    assert_int_equal(fcntl((int)file, F_GETFL) & O_ACCMODE, O_RDONLY);
    platform_file_close(file);
    return VG_OK;
}

static void
test_open(void **state)
{
    struct place *p = *state;

    assert_int_equal(ask_path(p, "pos/log", "in"), VG_OK);
    assert_int_equal(ask_path(p, "pos/day/log", "deep"), VG_OK);
    assert_int_equal(ask_path(p, "pos/alias", "in"), VG_OK);
    assert_int_equal(ask_path(p, "inward", "in"), VG_OK); /* leads inside: harmless */
    assert_int_equal(ask_path(p, "outside", ""), VG_ERR_DENIED);
    assert_int_equal(ask_path(p, "position", ""), VG_ERR_DENIED); /* not "pos" and a beginning */
    assert_int_equal(ask_path(p, "pos/escape", ""), VG_ERR_DENIED);
    assert_int_equal(ask_path(p, "pos/root/etc/passwd", ""), VG_ERR_DENIED);
    assert_int_equal(ask_path(p, "pos/../outside", ""), VG_ERR_DENIED);
    assert_int_equal(ask_path(p, "/etc/passwd", ""), VG_ERR_DENIED);
    assert_int_equal(ask_path(p, "pos", ""), VG_ERR_DENIED);      /* a folder */
    assert_int_equal(ask_path(p, "pos/fifo", ""), VG_ERR_DENIED); /* and no waiting for it */
    assert_int_equal(ask_path(p, "pos/none", ""), VG_ERR_NOENT);
}

static void
test_folder_that_comes_later(void **state)
{
    struct place *p = *state;
    char path[160];

    assert_int_equal(ask_path(p, "later/log", ""), VG_ERR_NOENT);
    (void)snprintf(path, sizeof path, "%s/later", p->dir);
    assert_int_equal(platform_folder_make(path, false), VG_OK);
    put(p, "later/log", "new");
    assert_int_equal(ask_path(p, "later/log", "new"), VG_OK);
}

/* Swapping the configured folder for a link does not move what is allowed. */
static void
test_swapped_folder(void **state)
{
    struct place *p = *state;
    char from[160], to[160];

    (void)snprintf(from, sizeof from, "%s/pos", p->dir);
    (void)snprintf(to, sizeof to, "%s/pos.old", p->dir);
    assert_int_equal(rename(from, to), 0);
    link_to(p, "/etc", "pos");
    assert_int_equal(ask_path(p, "pos/passwd", ""), VG_ERR_DENIED);
    assert_int_equal(unlink(from), 0);
    assert_int_equal(rename(to, from), 0);
}

static void
test_owner(void **state)
{
    struct place *p = *state;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    json_t *question, *answer = NULL;
    platform_file file = PLATFORM_NO_HANDLE;

    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    question = json_pack("{s:s, s:b, s:b, s:s, s:i, s:s, s:i}", "what", "owner", "tcp", 0, "v6", 0,
                         "local", "7f000001000000000000000000000000", "local_port",
                         (int)ntohs(at.sin_port), "remote", "7f000001000000000000000000000000",
                         "remote_port", 9);
    assert_int_equal(WORKER_HOST.ask(p->host, question, &answer, &file), VG_OK);
    assert_int_equal(vg_json_int(answer, "pid", 0), getpid());
    assert_string_equal(vg_json_str(answer, "name", ""), "test_worker_hos");
    json_decref(answer);
    answer = NULL;
    assert_int_equal(json_object_set_new(question, "local", json_string("7f00")), 0);
    assert_int_equal(WORKER_HOST.ask(p->host, question, &answer, &file), VG_ERR_FORMAT);
    assert_int_equal(json_object_set_new(question, "what", json_string("reboot")), 0);
    assert_int_equal(WORKER_HOST.ask(p->host, question, &answer, &file), VG_ERR_FORMAT);
    json_decref(question);
    (void)close(fd);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open),
        cmocka_unit_test(test_folder_that_comes_later),
        cmocka_unit_test(test_swapped_folder),
        cmocka_unit_test(test_owner),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
