/* SPDX-License-Identifier: Apache-2.0 */
/* conf: YAML of any shape; what is accepted must be whole and written back as JSON. */
#include <stdlib.h>

#include "common/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct conf_field NAME = {.type = CONF_TEXT, .max = 30};
static const struct conf_field SCHEMA[] = {
    {.key = "shop", .type = CONF_TEXT, .max = 20},
    {.key = "size", .type = CONF_SIZE, .fallback = "1 MiB"},
    {.key = "keep", .type = CONF_DURATION, .fallback = "7d"},
    {.key = "names", .type = CONF_LIST, .item = &NAME, .max = 5},
    {.key = "hours", .type = CONF_DICT, .item = &NAME},
    {.key = "free", .type = CONF_ANY},
    {0},
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct conf_error err;
    json_t *tree = NULL;
    char *text;

    if (conf_parse("fuzz", slice_of(data, size), SCHEMA, &tree, &err) != VG_OK) {
        if (tree != NULL || (err.text[0] == '\0'))
            __builtin_trap(); /* an error always says something and leaves nothing */
        return 0;
    }
    if (json_object_get(tree, "size") == NULL)
        __builtin_trap();
    text = vg_json_text(tree);
    if (text == NULL)
        __builtin_trap();
    free(text);
    json_decref(tree);
    return 0;
}
