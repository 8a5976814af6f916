/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/sensor_owners.h"

static void
on_found(void *ctx, uint64_t flow, const struct owner_socket *socket, uint16_t program)
{
    net_engine_set_program(ctx, flow, socket, program);
}

enum vg_err
sensor_make_owners(const struct sensor_options *options, struct net_engine *engine,
                   struct owners **out)
{
    const struct owner_options own_options = {.counters = net_engine_counters(engine),
                                              .ask_socket = options->ask_socket,
                                              .ask_hash = options->ask_hash,
                                              .ask_ctx = options->ask_ctx,
                                              .found = on_found,
                                              .found_ctx = engine};
    struct platform_addresses own = {.count = 0};
    enum vg_err err;

    if (options->ask_socket == NULL)
        return VG_OK;
    err = owners_new(&own_options, out);
    if (err != VG_OK)
        return err;
    if (platform_addresses_own(&own) != VG_OK)
        own.count = 0; /* then no flow is ours, and nothing is asked */
    for (size_t i = 0; i < own.count; i++) {
        struct net_addr address = {.family = own.address[i].family};

        memcpy(address.bytes, own.address[i].bytes, sizeof(address.bytes));
        if (address.family == 0)
            owners_add_mac(*out, own.address[i].bytes);
        else
            owners_add_address(*out, &address);
    }
    net_engine_name_programs(engine, *out);
    return VG_OK;
}
