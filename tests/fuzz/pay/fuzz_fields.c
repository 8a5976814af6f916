/* SPDX-License-Identifier: Apache-2.0 */
/* amount and when: texts of any bytes; what is read is within its range. */
#include "agent/pay/amount.h"
#include "agent/pay/when.h"
#include "common/vtime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const formats[] = {"iso", "unix", "unix_ms", "%d/%m/%Y %I:%M:%S %p",
                                          "%d-%b-%y %H:%M:%S.%f %z"};
    struct slice text = slice_of(data, size);
    struct when_zone zone = {.zone = NULL};
    struct amount_evidence evidence = {0};
    int64_t value;

    for (unsigned i = 0; i < 8; i++)
        if (amount_parse(text, i & 1 ? AMOUNT_COMMA : AMOUNT_DOT, i / 2, i == 7, &value) == VG_OK &&
            (value > AMOUNT_MAX || value < -AMOUNT_MAX))
            __builtin_trap();
    amount_look(&evidence, text);
    (void)amount_decide(&evidence, NULL);
    (void)amount_decide(&evidence, &evidence);
    for (size_t i = 0; i < VG_ARRAY_LEN(formats); i++)
        if (when_parse(text, formats[i], &zone, &value) == VG_OK && value < 0)
            __builtin_trap();
    return 0;
}
