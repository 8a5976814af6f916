/* SPDX-License-Identifier: Apache-2.0 */
/* net_tell: how net alerts name things, the same in all of them: the device by its own name and
 * program, the place by its name, address, network owner and country.
 *
 * Facts that net_tell_flow() gives (rules/detectors/NAME.yaml may use them in messages; describe
 * them there): `host` IP address that started it; `device` the shop's side, e.g. "caja-2
 * (192.168.1.20, chrome.exe)"; `site` name of the other side, or its address; `server` its IP
 * address; `port` that was called; `place` the other side for people, e.g. "example.com
 * (203.0.113.9, Example Hosting, NL)"; `country` ISO 3166-1 or "" (form |country); `network` owner
 * or "" (form |known). Texts from outside are masked and cut. */
#pragma once

#include "agent/detect/net_common.h"
#include "agent/detect/net_scene.h"

enum { NET_TELL_MAX = 160 };

/* "caja-2 (192.168.1.20)", or the address alone. Any address; returns out. */
const char *net_tell_device(const struct net_scene *scene, const struct net_addr *a,
                            const struct program_view *program, char out[NET_TELL_MAX]);
/* "example.com (203.0.113.9, Example Hosting, NL)". `name` may be "": the name that it was looked up
 * by. An address of the shop is told as a device. */
const char *net_tell_place(const struct net_scene *scene, struct str name, const struct net_addr *a,
                           char out[NET_TELL_MAX]);

/* Device or host by its address, with such a label. */
void net_tell_party(const struct net_scene *scene, struct party *p, const struct net_addr *a);
/* The other side by its name where it has one (kind domain), else as net_tell_party(). */
void net_tell_peer(const struct net_scene *scene, struct party *p, struct str name,
                   const struct net_addr *a);

/* The facts above of a flow; `name` "": the flow's server_name. Add your own with
 * json_object_update_missing_new(). NULL without memory. */
json_t *net_tell_flow(const struct net_scene *scene, const struct flow_view *f, struct str name);
