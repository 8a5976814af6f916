/* SPDX-License-Identifier: Apache-2.0 */
/* lockdown: what the serving collector gives up once its listeners are open: privileges by new
 * programs, capabilities, starting programs at all, and the calls that only attackers want. */
#pragma once

#include "common/base.h"

enum { LOCKDOWN_TOLD_MAX = 128 };

/* Before threads are started; holds for all of them. `told` gets what holds, as key=value words; what
 * this kernel does not have is told, not an error. VG_ERR_SYS: it has it and refused. */
enum vg_err lockdown_enter(char told[LOCKDOWN_TOLD_MAX]) VG_MUST_CHECK;
