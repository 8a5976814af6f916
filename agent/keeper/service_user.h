/* SPDX-License-Identifier: Apache-2.0 */
/* service_user: whom the agent becomes when root starts it. */
#pragma once

#include "agent/config.h"

/* Started by root: becomes the user that `service: {user}` names, without one `vigia` if the system
 * has that user, keeping `rights` (enum platform_right) for the workers; before that the state
 * folder becomes that user's, with all that root left in it. Does nothing for others, without such
 * a user, and for `root`. What goes wrong is logged. */
enum vg_err service_user_become(const struct agent_config *config, unsigned rights) VG_MUST_CHECK;
