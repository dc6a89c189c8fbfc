/* Durations as text: the units that Flow knows, in one table. Why there are three kinds: docs/decisions/0004 */
#ifndef MODEL_DURATION_H
#define MODEL_DURATION_H

#include "engine/model/value.h"

struct duration_word {
	const char *word;
	int64_t factor;
	enum duration_unit unit;
};

extern const struct duration_word DURATION_WORDS[];
extern const uint32_t DURATION_WORD_COUNT;
extern const char END_OF_WORK_DAY[]; /* the one duration without a number */

/* "30min", "1h30min", "5 workdays", "-2 days": what duration_write writes, and what an author may write. INVALID for an unknown
 * unit (the word is in unknown_out, which may be NULL), a mixture of units that cannot be added, or a number that is too large.
 */
enum status duration_parse(struct text text, struct value *duration_out, struct text *unknown_out) MUST_CHECK;

#endif
