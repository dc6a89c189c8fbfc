/* Keys and signatures as lines of text: `KEYWORD ALGORITHM HEX [HEX] NAME`. Empty lines and lines that begin with # say
 * nothing. */
#ifndef CRYPTO_KEY_LINE_H
#define CRYPTO_KEY_LINE_H

#include "engine/base/error.h"
#include "engine/base/text.h"

enum { KEY_NAME_MOST = 60, KEY_PARTS_MOST = 2 };

/* What kind of line is wanted. */
struct key_line {
	const char *keyword, *algorithm;
	const char *wanted;             /* "a public key": for sentences */
	uint32_t sizes[KEY_PARTS_MOST]; /* of what stands in hexadecimal digits, in bytes; 0: there is no second */
};

/* Letters, digits, . - and _: it also names files. INVALID with a sentence. */
enum status key_name_check(struct text name, struct error *error) MUST_CHECK;
/* Nothing of the parts stands anywhere else in the arena than in the line. */
struct text key_line_write(struct arena *arena, const struct key_line *kind, const uint8_t *const *parts, struct text name);

/* The next line of the text that says something; false at its end. `number` counts lines, from 0. */
bool key_line_take(struct text *rest, uint32_t *number, struct text *line_out);
/* INVALID: it is another kind of line, or not whole; the sentence has the line's number and nothing of what stands in it.
 * The name lies in `line`. */
enum status key_line_read(const struct key_line *kind, struct text line, uint32_t number, uint8_t *const *parts_out,
			  struct text *name_out, struct error *error) MUST_CHECK;

#endif
