/* SPDX-License-Identifier: Apache-2.0 */
/* Saved views, and the noisiest detectors. */
#include <string.h>

#include "collector/api_int.h"

enum { NAME_MAX_BYTES = 80 };

static enum vg_err
items(struct api_job *j, enum vg_err err, json_t *list)
{
    json_decref(j->answer);
    j->answer = err == VG_OK ? json_pack("{so}", "items", list) : NULL;
    return err;
}

enum vg_err
api_views_read(struct api_job *j, struct storage *s)
{
    json_t *list = NULL;
    enum vg_err err = s->ops->views(s, &j->session.user, &list);

    return items(j, err, list);
}

enum vg_err
api_view_add(struct api_job *j, struct storage *s)
{
    struct storage_view v = {.user = j->session.user.id,
                             .tenant = j->session.user.tenant,
                             .name = vg_json_str(j->body, "name", ""),
                             .query = vg_json_str(j->body, "query", ""),
                             .shared = vg_json_bool(j->body, "shared", false)};
    enum vg_err err;

    if (v.name[0] == '\0' || strlen(v.name) > NAME_MAX_BYTES ||
        strlen(v.query) > STORAGE_VIEW_QUERY_MAX)
        return VG_ERR_FORMAT;
    err = s->ops->view_add(s, &v, j->now_ns);
    if (err == VG_ERR_EXISTS)
        return api_refuse(j, 409, "name", "there is a view of that name");
    if (err == VG_ERR_LIMIT)
        return api_refuse(j, 409, "limit", "there are too many views: remove some");
    if (err == VG_OK)
        err = api_audit_own(j, s, "view.added", v.name);
    return err == VG_OK ? api_views_read(j, s) : err;
}

enum vg_err
api_view_set(struct api_job *j, struct storage *s)
{
    enum vg_err err;

    if (strcmp(vg_json_str(j->body, "action", ""), "remove") != 0)
        return VG_ERR_FORMAT;
    err = s->ops->view_remove(s, j->session.user.id, j->id);
    if (err == VG_OK)
        err = api_audit_own(j, s, "view.removed", j->id);
    return err == VG_OK ? api_views_read(j, s) : err;
}

bool
api_noise_prepare(struct api_job *j)
{
    (void)http_query(j->call, "detector", j->q_detector, sizeof j->q_detector);
    return true;
}

enum vg_err
api_noise_read(struct api_job *j, struct storage *s)
{
    json_t *list = NULL;
    enum vg_err err =
        j->q_detector[0] != '\0'
            ? s->ops->noise_about(s, &j->session.scope, j->q_detector, j->now_ns, &list)
            : s->ops->noise(s, &j->session.scope, j->now_ns, &list);

    return items(j, err, list);
}
