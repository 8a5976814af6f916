/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/domain.h"

#include <libpsl.h>

static struct str
without_dot(struct str name)
{
    if (name.len > 0 && name.at[name.len - 1] == '.')
        name.len--;
    return name;
}

/* Lower case, terminated; false when it is too long or holds a NUL. */
static bool
lower(struct str name, char out[DOMAIN_NAME_MAX + 1])
{
    if (name.len > DOMAIN_NAME_MAX)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];

        if (c == '\0')
            return false;
        out[i] = c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
    }
    out[name.len] = '\0';
    return true;
}

bool
domain_is_address(struct str name)
{
    size_t dots = 0, colons = 0, i = 0;

    if (name.len > 0 && name.at[0] == '[')
        return true;
    for (; i < name.len; i++) {
        char c = name.at[i];

        if (c == '.')
            dots++;
        else if (c == ':')
            colons++;
        else if (c < '0' || c > '9') {
            /* hexadecimal digits are an address's only among colons */
            if (!((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')))
                return false;
            if (dots > 0)
                return false;
        }
    }
    return (dots == 3 && colons <= 1) || (dots == 0 && colons >= 2);
}

enum { NO_DOMAIN = 255 };

struct answer {
    uint8_t at; /* where the registered domain begins, or NO_DOMAIN */
    bool hosted;
};

static struct answer
ask_list(struct str name)
{
    struct answer answer = {.at = NO_DOMAIN};
    char text[DOMAIN_NAME_MAX + 1];
    const char *at, *dot;

    if (domain_is_address(name) || !lower(name, text))
        return answer;
    at = psl_registrable_domain(psl_builtin(), text);
    if (at == NULL)
        return answer;
    answer.at = (uint8_t)(at - text);
    dot = strchr(at, '.');
    answer.hosted =
        dot != NULL && psl_is_public_suffix2(psl_builtin(), dot + 1,
                                             PSL_TYPE_PRIVATE | PSL_TYPE_NO_STAR_RULE) != 0;
    return answer;
}

/* What was asked before: the list takes some microseconds, and a dozen detectors ask for the same few
 * names. Nobody can tell it from the list, so it may belong to the thread and not to a caller. */
enum { ASKED_NAMES = 512, ASKED_NAME_MAX = 61 };

struct asked {
    uint8_t len; /* 0: empty */
    struct answer answer;
    char name[ASKED_NAME_MAX];
};

static struct answer
ask(struct str name)
{
    static _Thread_local struct asked table[ASKED_NAMES];
    struct asked *asked;
    uint32_t hash = 0;

    if (name.len == 0 || name.len > ASKED_NAME_MAX)
        return ask_list(name);
    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (uint8_t)name.at[i]) * 0x9e3779b1u;
    asked = &table[(hash >> 16) % ASKED_NAMES];
    if (asked->len != name.len || memcmp(asked->name, name.at, name.len) != 0) {
        asked->answer = ask_list(name);
        asked->len = (uint8_t)name.len;
        memcpy(asked->name, name.at, name.len);
    }
    return asked->answer;
}

struct str
domain_registered(struct str name)
{
    uint8_t at;

    name = without_dot(name);
    at = ask(name).at;
    return at != NO_DOMAIN ? str_n(name.at + at, name.len - at) : name;
}

bool
domain_is_suffix(struct str name)
{
    char text[DOMAIN_NAME_MAX + 1];

    return lower(without_dot(name), text) && psl_is_public_suffix(psl_builtin(), text) != 0;
}

struct str
domain_prefix(struct str name)
{
    struct str domain = domain_registered(name);

    name = without_dot(name);
    return domain.len + 1 < name.len ? str_n(name.at, name.len - domain.len - 1) : str_of("");
}

bool
domain_under(struct str name, struct str suffix)
{
    name = without_dot(name);
    if (suffix.len == 0 || name.len < suffix.len ||
        !str_eq_nocase(str_n(name.at + (name.len - suffix.len), suffix.len), suffix))
        return false;
    return name.len == suffix.len || name.at[name.len - suffix.len - 1] == '.';
}

bool
domain_is_public(struct str name)
{
    char text[DOMAIN_NAME_MAX + 1];
    const char *dot;

    name = without_dot(name);
    if (name.len == 0 || domain_is_address(name) || !lower(name, text))
        return false;
    dot = strrchr(text, '.');
    return psl_is_public_suffix2(psl_builtin(), dot != NULL ? dot + 1 : text,
                                 PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE) != 0;
}

bool
domain_is_hosted(struct str name)
{
    return ask(without_dot(name)).hosted;
}

bool
domain_in_list(struct str name, const char *list)
{
    while (*list != '\0') {
        size_t n = strcspn(list, " ");

        if (n > 0 && domain_under(name, str_n(list, n)))
            return true;
        list += n + (list[n] == ' ');
    }
    return false;
}

uint64_t
domain_hash(struct str name)
{
    char text[DOMAIN_NAME_MAX + 1];

    name = without_dot(name);
    if (!lower(name, text))
        return str_hash(&STR_HASH_STORED, name.at, name.len);
    return str_hash(&STR_HASH_STORED, text, name.len);
}
