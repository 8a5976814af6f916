/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/pay_log.h"

#include <string.h>

static bool
ends(const char *text, size_t n, const char *with)
{
    size_t len = strlen(with);

    return n > len && memcmp(text + n - len, with, len) == 0;
}

void
pay_log_name(struct str source, char out[PAY_LOG_NAME_MAX])
{
    static const char *const appended[] = {".gz", ".zst", ".#", "-#", "_#", ".old", ".bak"};
    size_t n = 0;

    for (size_t i = 0; i < source.len && n + 1 < PAY_LOG_NAME_MAX; i++) {
        char c = source.at[i];

        if (c >= '0' && c <= '9')
            c = '#';
        else if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if (c != '#' || n == 0 || out[n - 1] != '#')
            out[n++] = c;
    }
    for (size_t i = 0; i < VG_ARRAY_LEN(appended); i++) {
        if (ends(out, n, appended[i])) {
            n -= strlen(appended[i]);
            i = (size_t)-1; /* .1.gz: one after the other */
        }
    }
    if (n == 0)
        out[n++] = '-';
    out[n] = '\0';
}

bool
pay_log_same(const struct pay_log *l, struct str source)
{
    return l->len > 0 && l->len == source.len && memcmp(l->source, source.at, source.len) == 0;
}

void
pay_log_turn(struct pay_log *l, struct str source)
{
    l->len = source.len <= sizeof l->source ? source.len : 0;
    memcpy(l->source, source.at, l->len);
    pay_log_name(source, l->name);
    l->key = pay_key("log", str_of(l->name));
}
