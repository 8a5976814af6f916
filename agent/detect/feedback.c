/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/feedback.h"

#include <string.h>

enum vg_err
feedback_view_of(const json_t *record, struct feedback_view *out)
{
    const char *verdict = vg_json_str(record, "verdict", "");
    const json_t *subject = json_object_get(record, "subject");
    struct feedback_view view = {
        .detector = str_of(vg_json_str(record, "detector", "")),
        .subject_kind = str_of(vg_json_str(subject, "kind", "")),
        .subject_id = str_of(vg_json_str(subject, "id", "")),
        .peer_id = str_of(vg_json_str(json_object_get(record, "peer"), "id", "")),
    };

    if (strcmp(verdict, "useful") == 0)
        view.verdict = FEEDBACK_USEFUL;
    else if (strcmp(verdict, "noise") == 0)
        view.verdict = FEEDBACK_NOISE;
    else if (strcmp(verdict, "mine") == 0)
        view.verdict = FEEDBACK_MINE;
    else
        return VG_ERR_FORMAT;
    *out = view;
    return VG_OK;
}

const json_t *
feedback_exceptions(const json_t *record)
{
    const json_t *list = json_object_get(record, "exceptions");

    return json_is_array(list) ? list : NULL;
}
