/* SPDX-License-Identifier: Apache-2.0 */
/* What is the same for every engine: scopes, and the words of roles and states. */
#include "collector/store/store.h"

#include <string.h>

void
storage_close(struct storage *s)
{
    if (s != NULL)
        s->ops->close(s);
}

const struct storage_scope STORAGE_EVERYTHING = {.kind = STORAGE_SEES_ALL};

struct storage_scope
storage_scope_tenant(const char *tenant)
{
    struct storage_scope scope = {.kind = STORAGE_SEES_TENANT};

    if (!vg_strcpy(scope.id, sizeof scope.id, tenant))
        scope.kind = STORAGE_SEES_NONE;
    return scope;
}

struct storage_scope
storage_scope_of(const struct storage_user *user)
{
    struct storage_scope scope = {.kind = user->given ? STORAGE_SEES_GIVEN : STORAGE_SEES_ALL};

    if (strcmp(user->tenant, STORAGE_ALL) != 0)
        return storage_scope_tenant(user->tenant);
    (void)vg_strcpy(scope.id, sizeof scope.id, user->id);
    return scope;
}

static const char *const ROLES[] = {"readonly", "technician", "admin", "owner"};

const char *
storage_role_name(enum storage_role role)
{
    return ROLES[role];
}

enum vg_err
storage_role_parse(const char *name, enum storage_role *out)
{
    for (size_t i = 0; i < VG_ARRAY_LEN(ROLES); i++)
        if (strcmp(name, ROLES[i]) == 0) {
            *out = (enum storage_role)i;
            return VG_OK;
        }
    return VG_ERR_FORMAT;
}

bool
storage_state_valid(const char *state)
{
    static const char *const states[] = {"new",           "acknowledged",   "in_progress",
                                         "resolved_true", "resolved_false", "resolved_expected"};

    for (size_t i = 0; i < VG_ARRAY_LEN(states); i++)
        if (strcmp(state, states[i]) == 0)
            return true;
    return false;
}
