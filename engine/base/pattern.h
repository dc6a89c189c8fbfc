/* Regular expressions for `extract` and `replace`: pattern.c is the wall to ICU's, bounded in time and stack, so that no
 * pattern and no text can run away. Patterns are compiled once a process. */
#ifndef BASE_PATTERN_H
#define BASE_PATTERN_H

#include "engine/base/error.h"
#include "engine/base/text.h"

/* INVALID with a sentence when it is no regular expression. */
enum status pattern_check(struct text pattern, struct error *error) MUST_CHECK;
/* The first group of the first match (the whole match when there is no group). NOT_FOUND without a match; LIMIT past the
 * bounds. */
enum status pattern_extract(struct arena *arena, struct text pattern, struct text text, struct text *found_out,
			    struct error *error) MUST_CHECK;
/* Every match becomes `with`, in which $1 is the first group. */
enum status pattern_replace(struct arena *arena, struct text pattern, struct text text, struct text with,
			    struct text *replaced_out, struct error *error) MUST_CHECK;

#endif
