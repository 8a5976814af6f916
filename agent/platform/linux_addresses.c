/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses of this machine, of hardware and of IP. */
#include "agent/platform/linux.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <string.h>

enum { HARDWARE_BYTES = 6 };

static void
add(struct platform_addresses *all, uint8_t family, const void *bytes, size_t len)
{
    if (all->count == PLATFORM_ADDRESSES_MAX)
        return; /* the rest is not told apart from others' */
    all->address[all->count].family = family;
    memcpy(all->address[all->count].bytes, bytes, len);
    all->count++;
}

static void
add_address(struct platform_addresses *all, const struct sockaddr *of)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_ll link;

    switch (of->sa_family) {
    case AF_INET:
        memcpy(&v4, of, sizeof v4);
        add(all, 4, &v4.sin_addr, 4);
        break;
    case AF_INET6:
        memcpy(&v6, of, sizeof v6);
        add(all, 6, &v6.sin6_addr, 16);
        break;
    case AF_PACKET:
        memcpy(&link, of, sizeof link);
        if (link.sll_halen == HARDWARE_BYTES)
            add(all, 0, link.sll_addr, HARDWARE_BYTES);
        break;
    default:
        break;
    }
}

enum vg_err
platform_addresses_own(struct platform_addresses *out)
{
    struct platform_addresses all = {.count = 0};
    struct ifaddrs *list;

    if (getifaddrs(&list) != 0)
        return linux_errno();
    for (const struct ifaddrs *at = list; at != NULL; at = at->ifa_next)
        if (at->ifa_addr != NULL && (at->ifa_flags & IFF_LOOPBACK) == 0)
            add_address(&all, at->ifa_addr);
    freeifaddrs(list);
    *out = all;
    return VG_OK;
}
