/* SPDX-License-Identifier: Apache-2.0 */
/* lookalike: whether a name imitates a brand of rules/indicators/brands.yaml, and how.
 *
 * The registered label (bbva of bbva.mx) is held against each brand's; a name below one of the
 * brand's own domains is true, one below a network that carries others' names is not asked. */
#pragma once

#include "common/conf.h"
#include "common/str.h"

enum lookalike_how {
    LOOKALIKE_NONE,
    LOOKALIKE_LETTERS, /* other letters that look the same: bаnorte (Cyrillic), rnercadolibre */
    LOOKALIKE_WITHIN,  /* the true domain as a part of a stranger's: bbva.mx.login.example */
    LOOKALIKE_WORD,    /* the brand beside an official word: bbva-seguridad */
    LOOKALIKE_NEAR,    /* a letter more, less, other, or two swapped: mercadolirbe */
    LOOKALIKE_ENDING,  /* the brand under another ending: banorte.top */
};
const char *lookalike_how_name(enum lookalike_how how);

struct lookalike_brand {
    const char *name, *label, *kind; /* borrowed from the list */
    char skeleton[64];
    bool only_exact;
    bool countries; /* its label under any country's ending is its own */
    const json_t *domains;
};

struct lookalike_hit {
    enum lookalike_how how;
    const struct lookalike_brand *brand;
};

struct lookalikes;

enum { LOOKALIKE_BRANDS_MAX = 512 };

/* RULES_DIR/indicators/brands.yaml; a missing file is an empty list. On an error err->text says
 * where. VG_ERR_CONFIG, VG_ERR_SYS, VG_ERR_NOMEM. */
enum vg_err lookalikes_load(const char *rules_dir, struct lookalikes **out,
                            struct conf_error *err) VG_MUST_CHECK;
void lookalikes_free(struct lookalikes *list);
size_t lookalikes_count(const struct lookalikes *list);
/* LOOKALIKE_NONE for ordinary names. */
struct lookalike_hit lookalike_of(const struct lookalikes *list, struct str name);
