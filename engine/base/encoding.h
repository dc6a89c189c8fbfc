/* Characters as the bytes of another encoding than UTF-8, for files that others read. Nothing is ever replaced or left out by
 * itself: who writes asks before whether a text can be written. */
#ifndef BASE_ENCODING_H
#define BASE_ENCODING_H

#include "engine/base/text.h"

enum encoding {
#define ENCODING(NAME, name) ENCODING_##NAME,
#include "engine/base/encoding.def"
#undef ENCODING
	ENCODING_COUNT
};

const char *encoding_name(enum encoding encoding);
/* False when there is none of that name. */
bool encoding_find(struct text name, enum encoding *encoding_out);
/* What a file begins with: the byte order mark, or nothing. */
struct text encoding_mark(enum encoding encoding);
/* The first character that it does not have, or an empty text. Malformed UTF-8 is in no encoding. */
struct text encoding_lacks(enum encoding encoding, struct text text);
/* `with` in the place of each character that it does not have; the text itself when it has them all. */
struct text encoding_replace(struct arena *arena, enum encoding encoding, struct text text, struct text with);
/* The bytes. The encoding must have all characters. */
void encoding_add(struct text_builder *builder, enum encoding encoding, struct text text);

#endif
