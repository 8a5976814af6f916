/* SPDX-License-Identifier: Apache-2.0 */
/* rights: who may do what. Each call of the API needs one right or none; a role is a set of them. Whose
 * rows somebody sees is another question (struct storage_scope). Pure. */
#pragma once

#include "collector/store/store.h"

enum right {
    RIGHT_NONE = 0,        /* signed in: for oneself */
    RIGHT_SEE = 1 << 0,    /* incidents, agents, shops */
    RIGHT_TRIAGE = 1 << 1, /* states, notes, exceptions */
    RIGHT_FLEET = 1 << 2,  /* tokens, settings, revoking */
    RIGHT_PEOPLE = 1 << 3, /* users, tenants */
    RIGHT_AUDIT = 1 << 4,  /* who did what */
};

/* All that a role may, as a sum of rights. */
static inline unsigned
rights_of(enum storage_role role)
{
    switch (role) {
    case STORAGE_ADMIN:
        return RIGHT_SEE | RIGHT_TRIAGE | RIGHT_FLEET | RIGHT_PEOPLE | RIGHT_AUDIT;
    case STORAGE_TECHNICIAN:
        return RIGHT_SEE | RIGHT_TRIAGE | RIGHT_FLEET;
    case STORAGE_OWNER:
        return RIGHT_SEE | RIGHT_TRIAGE | RIGHT_AUDIT;
    case STORAGE_READONLY:
        break;
    }
    return RIGHT_SEE;
}
