/* SPDX-License-Identifier: Apache-2.0 */
/* sensor_owners: the owners of this PC's flows (owner.h), between whoever may be asked and the engine
 * whose flows they belong to. */
#pragma once

#include "agent/net/engine.h"
#include "agent/net/owner.h"
#include "agent/net/sensor.h"

/* *out stays NULL where there is nobody to ask. Looks up now which addresses are our own: after the
 * lock-down there is no right to. Errors of owners_new(). */
enum vg_err sensor_make_owners(const struct sensor_options *options, struct net_engine *engine,
                               struct owners **out) VG_MUST_CHECK;
