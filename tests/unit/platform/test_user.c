/* SPDX-License-Identifier: Apache-2.0 */
/* Root becomes another user and keeps what it was asked for; the program behind a socket is named. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/platform/linux.h"

static int
become_nobody(void)
{
    if (platform_user_become("nobody", PLATFORM_RIGHT_CAPTURE) != VG_OK)
        return 1;
    if (geteuid() == 0 || getuid() == 0 || setuid(0) == 0)
        return 2;
    if (linux_caps_permitted() !=
        (linux_caps_of_rights(PLATFORM_RIGHT_CAPTURE) & linux_caps_permitted()))
        return 3;
    return linux_caps_permitted() != 0 ? 0 : 4;
}

static void
test_user_become(void **state)
{
    int status;
    pid_t child;

    if (!platform_is_admin())
        skip();
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(become_nobody());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void
test_socket_owner(void **state)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in peer;
    const uint8_t loopback[16] = {127, 0, 0, 1};
    socklen_t size = sizeof at;
    struct platform_holders recent = {0};
    struct platform_owner owner;
    int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    int server;

    assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &size), 0);
    assert_int_equal(connect(client, (struct sockaddr *)&at, sizeof at), 0);
    server = accept(listener, NULL, NULL);
    assert_true(server >= 0);
    size = sizeof peer;
    assert_int_equal(getsockname(client, (struct sockaddr *)&peer, &size), 0);
    assert_int_equal(platform_socket_owner(&recent, true, false, loopback, ntohs(peer.sin_port),
                                           loopback, ntohs(at.sin_port), &owner),
                     VG_OK);
    assert_int_equal(owner.pid, getpid());
    assert_string_equal(owner.name, "test_user");
    assert_non_null(strstr(owner.path, "/test_user"));
    (void)close(server);
    (void)close(client);
    (void)close(listener);
    assert_int_equal(platform_socket_owner(&recent, true, false, loopback, 1, loopback, 2, &owner),
                     VG_ERR_NOENT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_user_become),
        cmocka_unit_test(test_socket_owner),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
