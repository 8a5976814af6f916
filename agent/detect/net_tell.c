/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/net_tell.h"

#include <stdio.h>
#include <string.h>

#include "agent/detect/domain.h"
#include "agent/detect/mask.h"

enum { TELL_NAME_MAX = 80 };

/* Appends ", text" behind an opened bracket, as far as there is room for the closing one. */
static void
put_part(char out[NET_TELL_MAX], size_t *len, const char *text)
{
    int n;

    if (text[0] == '\0')
        return;
    n = snprintf(out + *len, NET_TELL_MAX - *len, "%s%s", *len > 0 ? ", " : "", text);
    if (n > 0)
        *len = *len + (size_t)n < NET_TELL_MAX ? *len + (size_t)n : NET_TELL_MAX - 1;
}

/* "name (details)", or the details alone, cut to fit. */
static const char *
compose(char out[NET_TELL_MAX], const char *name, const char *details)
{
    char text[2 * NET_TELL_MAX];

    if (name[0] == '\0')
        (void)snprintf(text, sizeof(text), "%s", details);
    else
        (void)snprintf(text, sizeof(text), "%s (%s)", name, details);
    return mask_text(out, NET_TELL_MAX, text, strlen(text));
}

const char *
net_tell_device(const struct net_scene *scene, const struct net_addr *a,
                const struct program_view *program, char out[NET_TELL_MAX])
{
    char details[NET_TELL_MAX] = "", address[NET_ADDR_TEXT_MAX], name[TELL_NAME_MAX];
    struct net_device_view d = {.name = ""};
    size_t len = 0;

    (void)net_scene_device(scene, a, &d);
    put_part(details, &len, net_addr_format(a, address));
    if (program != NULL) {
        mask_text(name, sizeof(name), program->name.at, program->name.len);
        put_part(details, &len, name);
    }
    return compose(out, d.name, details);
}

const char *
net_tell_place(const struct net_scene *scene, struct str name, const struct net_addr *a,
               char out[NET_TELL_MAX])
{
    char details[NET_TELL_MAX] = "", address[NET_ADDR_TEXT_MAX], text[TELL_NAME_MAX];
    struct geo_place where;
    size_t len = 0;

    if (net_addr_is_local(a) && name.len == 0)
        return net_tell_device(scene, a, NULL, out);
    if (name.len == 0 || domain_is_address(name))
        name = net_scene_resolved(scene, a);
    mask_text(text, sizeof(text), name.at, name.len);
    put_part(details, &len, net_addr_format(a, address));
    if (net_scene_where(scene, a, &where)) {
        put_part(details, &len, where.owner);
        put_part(details, &len, where.country);
    }
    return compose(out, text, details);
}

void
net_tell_party(const struct net_scene *scene, struct party *p, const struct net_addr *a)
{
    char id[NET_ADDR_TEXT_MAX], label[NET_TELL_MAX];

    party_set(p, net_addr_is_local(a) ? "device" : "host", net_addr_format(a, id),
              net_addr_is_local(a) ? net_tell_device(scene, a, NULL, label)
                                   : net_tell_place(scene, str_of(""), a, label));
}

void
net_tell_peer(const struct net_scene *scene, struct party *p, struct str name,
              const struct net_addr *a)
{
    char text[PARTY_ID_MAX], label[NET_TELL_MAX];

    if (name.len == 0 || domain_is_address(name)) {
        net_tell_party(scene, p, a);
        return;
    }
    mask_text(text, sizeof(text), name.at, name.len);
    party_set(p, "domain", text, net_tell_place(scene, name, a, label));
}

json_t *
net_tell_flow(const struct net_scene *scene, const struct flow_view *f, struct str name)
{
    bool src_local = net_addr_is_local(&f->src), dst_local = net_addr_is_local(&f->dst);
    /* the shop's side, and the other */
    const struct net_addr *ours = !src_local && dst_local ? &f->dst : &f->src;
    const struct net_addr *other = ours == &f->src ? &f->dst : &f->src;
    char host[NET_ADDR_TEXT_MAX], server[NET_ADDR_TEXT_MAX], address[NET_ADDR_TEXT_MAX];
    char device[NET_TELL_MAX], place[NET_TELL_MAX], site[TELL_NAME_MAX];
    struct geo_place where;

    if (other != &f->dst)
        name = str_of("");
    else if (name.len == 0)
        name = f->server_name;
    if (name.len == 0)
        name = net_scene_resolved(scene, other);
    mask_text(site, sizeof(site), name.at, name.len);
    (void)net_scene_where(scene, other, &where);
    return json_pack("{s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:s}", "host",
                     net_addr_format(&f->src, host), "device",
                     net_tell_device(scene, ours, f->program, device), "site",
                     site[0] != '\0' ? site : net_addr_format(other, address), "server",
                     net_addr_format(&f->dst, server), "port", (int)f->dport, "place",
                     net_tell_place(scene, name, other, place), "country", where.country, "network",
                     where.owner);
}
