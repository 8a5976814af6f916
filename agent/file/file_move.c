/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/file/file_move.h"

#include <string.h>

#include <openssl/evp.h>

#include "common/hex.h"

/* The word as it is known here: what comes from elsewhere becomes no text of an alert. */
static const char *
outcome_of(const json_t *answer)
{
    static const char *const known[] = {"quarantine", FILE_WANTED, "full", "system", "changed",
                                        "linked",     "in_use",    "busy", "failed"};
    const char *told = vg_json_str(answer, "outcome", "");

    for (size_t i = 0; i < VG_ARRAY_LEN(known); i++)
        if (strcmp(told, known[i]) == 0)
            return known[i];
    return "failed";
}

static const char *
ask(struct file_move *m, json_t *question, char id[9])
{
    json_t *answer = NULL;
    const char *outcome = "failed";

    if (question != NULL && worker_ask_file(m->opener, question, &answer) == VG_OK) {
        outcome = outcome_of(answer);
        if (id != NULL)
            (void)vg_strcpy(id, 9, vg_json_str(answer, "id", ""));
    }
    json_decref(answer);
    json_decref(question);
    return outcome;
}

static const struct yara_match *
worst(const struct file_verdict *v)
{
    const struct yara_match *match = &v->hit[0].match;

    for (size_t i = 1; i < v->count; i++)
        if (v->hit[i].match.severity > match->severity)
            match = &v->hit[i].match;
    return match;
}

static json_t *
question_of(const char *path, const struct file_verdict *v, const struct yara_match *match)
{
    struct buf digits;
    const char *text;
    json_t *question = NULL;

    buf_init(&digits, 16 * 1024);
    hex_append(path, strlen(path), &digits);
    text = buf_str(&digits);
    if (text != NULL)
        question = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:s, s:s, s:i}", "what", "seal",
                             "path", text, "volume", (json_int_t)v->stat.identity.volume, "file",
                             (json_int_t)v->stat.identity.file, "size", (json_int_t)v->stat.size,
                             "modified", (json_int_t)v->stat.modified_ns, "changed",
                             (json_int_t)v->stat.changed_ns, "sha256", v->sha256, "rule",
                             match->rule, "severity", (int)match->severity);
    buf_done(&digits);
    return question;
}

static void
find_writer(struct file_move *m, const struct file_verdict *v, struct file_response *response)
{
    json_t *question =
        json_pack("{s:s, s:I, s:I}", "what", "writer", "volume",
                  (json_int_t)v->stat.identity.volume, "file", (json_int_t)v->stat.identity.file);
    json_t *answer = NULL;

    if (question != NULL && worker_ask_file(m->opener, question, &answer) == VG_OK) {
        (void)vg_strcpy(response->program, sizeof response->program,
                        vg_json_str(answer, "program", ""));
        (void)vg_strcpy(response->program_path, sizeof response->program_path,
                        vg_json_str(answer, "program_path", ""));
    }
    json_decref(answer);
    json_decref(question);
}

/* Stands for all that was found in a file: rules, members, places. 0: without memory. */
static uint64_t
fingerprint(const struct file_verdict *v)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    struct slice in = slice_of(digest, sizeof digest);
    struct buf all;
    uint64_t print = 0;

    buf_init(&all, 64 * 1024);
    for (size_t i = 0; i < v->count; i++) {
        buf_put_str(&all, v->hit[i].match.rule);
        buf_put_u8(&all, 0);
        buf_put_str(&all, v->hit[i].inside);
        buf_put_u8(&all, 0);
        for (size_t k = 0; k < v->hit[i].match.string_count; k++) {
            buf_put_be64(&all, v->hit[i].match.string[k].offset);
            buf_put_str(&all, v->hit[i].context[k]);
        }
    }
    buf_put_be64(&all, v->more);
    if (!all.bad && EVP_Digest(all.data, all.len, digest, NULL, EVP_sha256(), NULL) == 1)
        print = slice_be64(&in);
    buf_done(&all);
    return print;
}

static bool
move_begin(void *ctx, const char *path, const struct file_verdict *v,
           struct file_response *response)
{
    struct file_move *m = ctx;
    const struct yara_match *match = worst(v);

    if (v->collection) {
        m->told = fingerprint(v);
        if (m->told != 0 && m->told == m->told_before) {
            response->outcome = FILE_WANTED;
            m->counts.again++;
            return true;
        }
    }
    find_writer(m, v, response);
    /* What lies on a stick is its owner's, who pulls it out. */
    if (!m->config->scan.quarantine || match->severity < m->config->scan.least ||
        !agent_config_is_file(m->config, path))
        return true;
    if (v->changed)
        response->outcome = "changed";
    else if (v->collection)
        response->outcome = "collection";
    else if (v->sha256[0] == '\0')
        response->outcome = "large";
    else
        response->outcome = ask(m, question_of(path, v, match), response->id);
    if (strcmp(response->outcome, "busy") == 0) {
        m->later = true;
        return false;
    }
    if (strcmp(response->outcome, "quarantine") == 0)
        return true;
    response->id[0] = '\0';
    if (strcmp(response->outcome, FILE_WANTED) == 0)
        m->counts.wanted++;
    else
        m->counts.stayed++;
    return true;
}

static void
move_end(void *ctx, struct file_response *response)
{
    struct file_move *m = ctx;
    const char *outcome;

    if (response->id[0] == '\0')
        return;
    if (m->commit(m->ctx) != VG_OK) {
        m->later = true; /* the keeper is gone: another life goes on here */
        return;
    }
    outcome = ask(m, json_pack("{s:s, s:s}", "what", "take", "id", response->id), NULL);
    if (strcmp(outcome, "busy") == 0) {
        m->later = true;
        return;
    }
    if (strcmp(outcome, "quarantine") == 0) {
        m->counts.moved++;
        return;
    }
    m->counts.stayed++;
    response->outcome = outcome;
    response->id[0] = '\0';
}

void
file_move_init(struct file_move *move, const struct agent_config *config,
               struct worker_opener *opener, enum vg_err (*commit)(void *ctx), void *ctx)
{
    move->config = config;
    move->opener = opener;
    move->commit = commit;
    move->ctx = ctx;
    move->responder = (struct file_responder){.begin = move_begin, .end = move_end, .ctx = move};
}
