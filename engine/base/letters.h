/* Small and capital letters of all scripts; letters.c is the wall to ICU's. The same on every machine: no locale counts. */
#ifndef BASE_LETTERS_H
#define BASE_LETTERS_H

#include "engine/base/text.h"

struct text text_lower(struct arena *arena, struct text text);
struct text text_upper(struct arena *arena, struct text text);

#endif
