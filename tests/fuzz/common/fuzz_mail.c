/* SPDX-License-Identifier: Apache-2.0 */
/* mail: any text from an event as subject, name and body; the wire form must hold: CRLF alone ends
 * lines, no line is long, none begins with a dot, and there are as many headers as ever. */
#include <stdlib.h>
#include <string.h>

#include "common/mail.h"
#include "common/mail_alert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEADERS = 9, TEXT_MAX = 60000 };

static void
check(const char *text)
{
    size_t column = 0, headers = 0;
    bool head = true;

    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '\r' && text[1] == '\n') {
            head = head && column > 0;
            column = 0;
            text++;
            continue;
        }
        if ((c < 0x20 && c != '\t') || c > 0x7e || (column == 0 && c == '.') || ++column > 78)
            __builtin_trap();
        headers += head && column == 1 && c != ' ';
    }
    if (column != 0 || headers != HEADERS)
        __builtin_trap();
}

/* No mail program may make a link of it. */
static void
check_harmless(const char *text)
{
    json_t *event = json_pack("{s:{s:s}}", "facts", "x", text), *made;

    if (event == NULL) /* not UTF-8: never gets into an event */
        return;
    made = mail_harmless(event);
    if (made == NULL)
        __builtin_trap();
    text = vg_json_str(json_object_get(made, "facts"), "x", NULL);
    if (text == NULL || strstr(text, "://") != NULL || strchr(text, '\n') != NULL ||
        strstr(text, "www.evil") != NULL || strstr(text, "l.example") != NULL)
        __builtin_trap();
    json_decref(made);
    json_decref(event);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct zone *zone = zone_utc();
    struct buf out;

    if (text == NULL || zone == NULL || size > TEXT_MAX)
        goto done;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    buf_init(&out, MAIL_BYTES_MAX);
    if (mail_build(&(struct mail_message){.from = "vigia@example.mx",
                                          .from_name = text,
                                          .to = "owner@example.mx",
                                          .subject = text,
                                          .text = text,
                                          .html = text,
                                          .language = "es-MX",
                                          .id = "<1.0@vigia.invalid>",
                                          .zone = zone},
                   &out) != VG_OK)
        __builtin_trap();
    check(buf_str(&out));
    buf_done(&out);
    (void)mail_address_valid(text);
    check_harmless(text);
done:
    zone_free(zone);
    free(text);
    return 0;
}
