/* SPDX-License-Identifier: Apache-2.0 */
/* The input as a table of network owners; asked for addresses that the input gives too. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unistd.h>

#include "agent/detect/geo_owner.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
ask(const struct geo_owner *o, uint8_t family, struct slice bytes)
{
    struct net_addr a = {.family = family};
    struct geo_place place = {.asn = 0};

    if (slice_copy(&bytes, a.bytes, family == 4 ? 4 : 16) && geo_owner_find(o, &a, &place) &&
        memchr(place.owner, '\0', sizeof place.owner) == NULL)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[] = "/tmp/vigia-fuzz-geo-XXXXXX";
    struct geo_owner *o = NULL;
    int fd = mkstemp(path);

    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    (void)close(fd);
    if (geo_owner_open(path, &o) == VG_OK)
        for (size_t at = 0; at < size && at < 400; at += 4) {
            ask(o, 4, slice_of(data + at, size - at));
            ask(o, 6, slice_of(data + at, size - at));
        }
    geo_owner_free(o);
    (void)remove(path);
    return 0;
}
