/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/rotation.h"

#include <stdlib.h>
#include <string.h>

struct part {
    size_t stem;          /* length of the name without rotation number and compression */
    unsigned long number; /* 0: the live one */
};

static struct part
part_of(const char *name)
{
    struct part p = {.stem = strlen(name)};
    size_t digits = 0, end;

    if (p.stem > 3 && strcmp(name + p.stem - 3, ".gz") == 0)
        p.stem -= 3;
    else if (p.stem > 4 && strcmp(name + p.stem - 4, ".zst") == 0)
        p.stem -= 4;
    end = p.stem;
    while (digits < 6 && end > digits && name[end - digits - 1] >= '0' &&
           name[end - digits - 1] <= '9')
        digits++;
    if (digits == 0 || digits == 6 || end < digits + 2 || name[end - digits - 1] != '.')
        return p;
    p.number = strtoul(name + end - digits, NULL, 10);
    p.stem = end - digits - 1;
    return p;
}

int
rotation_compare(const char *a, const char *b)
{
    struct part x = part_of(a), y = part_of(b);
    size_t n = x.stem < y.stem ? x.stem : y.stem;
    int order = memcmp(a, b, n);

    if (order == 0 && x.stem != y.stem)
        order = x.stem < y.stem ? -1 : 1;
    if (order == 0 && x.number != y.number)
        order = x.number > y.number ? -1 : 1; /* higher numbers are older; none is the live one */
    return order != 0 ? order : strcmp(a, b);
}

static int
compare(const void *a, const void *b)
{
    return rotation_compare(*(char *const *)a, *(char *const *)b);
}

void
rotation_sort(char **names, size_t count)
{
    if (count > 1)
        qsort(names, count, sizeof *names, compare);
}

bool
rotation_product(const char *name)
{
    return part_of(name).stem != strlen(name);
}

bool
rotation_same_log(const char *a, const char *b)
{
    struct part x = part_of(a), y = part_of(b);

    return x.stem == y.stem && memcmp(a, b, x.stem) == 0;
}

bool
rotation_packed(const char *packed, const char *name)
{
    size_t n = strlen(name);

    return strncmp(packed, name, n) == 0 &&
           (strcmp(packed + n, ".gz") == 0 || strcmp(packed + n, ".zst") == 0);
}
