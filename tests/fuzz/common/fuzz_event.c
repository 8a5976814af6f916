/* SPDX-License-Identifier: Apache-2.0 */
/* event: JSON of any shape through the check; what passes has what DESIGN promises. */
#include <stdlib.h>
#include <string.h>

#include "common/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char why[EVENT_WHY_MAX];
    json_t *event = NULL;
    char *text;

    if (vg_json_parse(slice_of(data, size), EVENT_BYTES_MAX, &event) != VG_OK)
        return 0;
    if (event_check(event, false, why) == VG_OK) {
        if (vg_json_str(event, "detector", NULL) == NULL || json_object_get(event, "seq") != NULL)
            __builtin_trap();
    } else if (why[0] == '\0') {
        __builtin_trap();
    }
    text = event_canonical(event);
    free(text);
    json_decref(event);
    return 0;
}
