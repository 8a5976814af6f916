/* SPDX-License-Identifier: Apache-2.0 */
/* owner_programs: the programs that were named as owners, each once; inner part of owner. */
#pragma once

#include "agent/net/owner.h"

struct owner_programs;

enum vg_err owner_programs_new(struct owner_programs **out) VG_MUST_CHECK;
void owner_programs_free(struct owner_programs *p);
/* The number of the program in this answer; 0 where there is no room or no name. */
uint16_t owner_programs_add(struct owner_programs *p, const json_t *answer, int64_t now_ns);
/* A program whose file's fingerprint is to be asked for now, 0: none. */
uint16_t owner_programs_due(struct owner_programs *p, int64_t now_ns, uint64_t *file);
/* The answer to that. VG_AGAIN: asked again later. */
void owner_programs_hash(struct owner_programs *p, uint16_t program, enum vg_err err,
                         const json_t *answer, int64_t now_ns);
const struct program_view *owner_programs_view(const struct owner_programs *p, uint16_t program);
