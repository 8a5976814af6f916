/* SPDX-License-Identifier: Apache-2.0 */
/* app: names of servers, as peers choose them, and a list of any shape. The first line of the input
 * is the name, the rest the list. */
#include <stdlib.h>

#include "agent/net/app.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char LIST[] =
    "apps:\n- {app: a, category: ai, domains: [a.com, b.a.com, x.y.z.w.v]}\n";

static void
look_up(struct slice text, struct str name)
{
    struct conf_error err = {.text = ""};
    struct app_list *list = NULL;
    const struct app *found;

    if (app_list_parse("fuzz", text, &list, &err) != VG_OK) {
        if (list != NULL || err.text[0] == '\0')
            __builtin_trap();
        return;
    }
    found = app_of_host(list, name);
    if (found != NULL && found->name == NULL)
        __builtin_trap();
    (void)app_of_hello(list, name, name, name);
    (void)app_of_protocol(list, name);
    (void)app_of_port(list, 6, (uint16_t)name.len);
    app_list_free(list);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = slice_of(data, size), name = in;
    size_t len = 0;

    while (in.left > 0 && slice_u8(&in) != '\n')
        len++;
    name = slice_sub(&name, len);
    look_up(slice_of(LIST, sizeof(LIST) - 1), str_n(name.at, name.left));
    if (in.left > 0)
        look_up(in, str_n(name.at, name.left));
    return 0;
}
