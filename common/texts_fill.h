/* SPDX-License-Identifier: Apache-2.0 */
/* texts_fill: placeholders of one message; inner part of texts. */
#pragma once

#include "common/texts.h"

/* `pattern` with its {placeholders} from the event (texts.h says which); malloc'd, NULL without
 * memory. `words`: of the form `words`, in the view's language; may be NULL. A placeholder that has no value becomes "?". At most TEXTS_FILLED_MAX bytes. */
enum { TEXTS_FILLED_MAX = 4096 };
char *texts_fill(const char *pattern, const json_t *event, const json_t *words,
                 const struct text_view *view);
