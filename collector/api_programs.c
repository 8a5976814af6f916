/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens with which programs call in a person's name. */
#include <string.h>

#include "collector/api_int.h"
#include "collector/name_check.h"
#include "common/vtime.h"

enum { TOKEN_DAYS_MAX = 366 };

static const struct {
    const char *name;
    enum right right;
} RIGHTS[] = {{"see", RIGHT_SEE},
              {"triage", RIGHT_TRIAGE},
              {"fleet", RIGHT_FLEET},
              {"people", RIGHT_PEOPLE},
              {"audit", RIGHT_AUDIT}};

json_t *
api_rights(unsigned rights)
{
    json_t *list = json_array();

    for (size_t i = 0; i < VG_ARRAY_LEN(RIGHTS); i++)
        if ((rights & (unsigned)RIGHTS[i].right) != 0)
            (void)json_array_append_new(list, json_string(RIGHTS[i].name));
    return list;
}

/* Of a token: never over people. */
static bool
rights_parse(const json_t *list, unsigned may, unsigned *out)
{
    const json_t *name;
    size_t i, k;

    *out = 0;
    json_array_foreach(list, i, name)
    {
        const char *text = json_string_value(name);

        for (k = 0; k < VG_ARRAY_LEN(RIGHTS); k++)
            if (text != NULL && strcmp(text, RIGHTS[k].name) == 0)
                break;
        if (k < VG_ARRAY_LEN(RIGHTS))
            *out |= (unsigned)RIGHTS[k].right;
        if (k == VG_ARRAY_LEN(RIGHTS) || json_array_size(list) > VG_ARRAY_LEN(RIGHTS))
            return false;
    }
    return *out != 0 && (*out & ~may) == 0 && (*out & (unsigned)RIGHT_PEOPLE) == 0;
}

enum vg_err
api_programs_read(struct api_job *j, struct storage *s)
{
    json_t *list = NULL, *row;
    size_t i;
    enum vg_err err = s->ops->api_tokens(s, j->session.user.id, &list);

    if (err != VG_OK)
        return err;
    json_array_foreach(list, i, row)(void)
        json_object_set_new(row, "rights", api_rights((unsigned)vg_json_int(row, "rights", 0)));
    return api_answer(j, json_pack("{so}", "items", list));
}

/* {"name", "rights": [words], "days"} -> the token, shown this once. */
enum vg_err
api_programs_write(struct api_job *j, struct storage *s)
{
    struct storage_api_token token = {.rights = 0};
    const char *name = vg_json_str(j->body, "name", "");
    int64_t days = vg_json_int(j->body, "days", 0);
    char secret[SECRET_TEXT], id[UUID_TEXT_SIZE];
    uint8_t hash[STORAGE_HASH_SIZE];
    enum vg_err err;

    if (!name_fits(name) || days < 1 || days > TOKEN_DAYS_MAX ||
        !rights_parse(json_object_get(j->body, "rights"), j->rights, &token.rights))
        return VG_ERR_FORMAT;
    (void)vg_strcpy(token.name, sizeof token.name, name);
    (void)vg_strcpy(token.user, sizeof token.user, j->session.user.id);
    token.expires_ns = j->now_ns + days * VG_DAY_NS;
    err = secret_make(secret);
    if (err == VG_OK)
        err = secret_hash(secret, hash);
    if (err == VG_OK)
        err = s->ops->api_token_add(s, &token, hash, j->now_ns, id);
    if (err == VG_ERR_EXISTS)
        return api_refuse(j, 409, "full", "too many tokens: end one first");
    if (err == VG_OK)
        err = api_audit_own(j, s, "program.added", name);
    return err == VG_OK ? api_answer(j, json_pack("{ss ss}", "id", id, "token", secret)) : err;
}

enum vg_err
api_program_end_write(struct api_job *j, struct storage *s)
{
    enum vg_err err = s->ops->api_token_end(s, j->session.user.id, j->id);

    if (err == VG_OK)
        err = api_audit_own(j, s, "program.ended", j->id);
    return err == VG_OK ? api_answer(j, json_object()) : err;
}
