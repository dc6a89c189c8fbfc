/* Lines of keys, written and read. Must never put a byte of a key into a sentence. */
#include "runtime/crypto/key_line.h"

#include <stdio.h>

#include "runtime/crypto/hex.h"

enum { WORDS_MOST = 3 + KEY_PARTS_MOST };

enum status key_name_check(struct text name, struct error *error)
{
	bool fits = name.length && name.length <= KEY_NAME_MOST && name.bytes[0] != '.' && name.bytes[0] != '-';

	for (uint32_t i = 0; i < name.length && fits; i++) {
		char c = name.bytes[i];
		fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr(".-_", c));
	}
	if (fits)
		return OK;
	return error_set(
		error, INVALID,
		"a key's name has letters, digits, `.`, `-` and `_`, begins with none of `.` and `-`, and is no longer "
		"than %d",
		KEY_NAME_MOST);
}

struct text key_line_write(struct arena *arena, const struct key_line *kind, const uint8_t *const *parts, struct text name)
{
	size_t size = strlen(kind->keyword) + strlen(kind->algorithm) + name.length + 4;
	for (int i = 0; i < KEY_PARTS_MOST; i++)
		size += 2 * (size_t)kind->sizes[i] + 1;
	char *line = arena_alloc(arena, size), *at = line;

	/* in one place, so that who must can wipe it */
	at += snprintf(at, size, "%s %s ", kind->keyword, kind->algorithm);
	for (int i = 0; i < KEY_PARTS_MOST && kind->sizes[i]; i++) {
		hex_write(parts[i], kind->sizes[i], at);
		at += 2 * kind->sizes[i];
		*at++ = ' ';
	}
	at += snprintf(at, size - (size_t)(at - line), "%.*s\n", TEXT_ARGS(name));
	return (struct text){line, (uint32_t)(at - line)};
}

/* --- reading */
bool key_line_take(struct text *rest, uint32_t *number, struct text *line_out)
{
	while (rest->length) {
		const char *end = memchr(rest->bytes, '\n', rest->length);
		uint32_t length = end ? (uint32_t)(end - rest->bytes) : rest->length;
		*line_out = text_trim(text_slice(*rest, 0, length));
		*rest = text_slice(*rest, end ? length + 1 : length, rest->length);
		++*number;
		if (line_out->length && line_out->bytes[0] != '#')
			return true;
	}
	return false;
}

/* How many words; WORDS_MOST + 1 when there are more. */
static uint32_t words_take(struct text line, struct text words[WORDS_MOST])
{
	uint32_t count = 0;

	while (line.length) {
		const char *blank = memchr(line.bytes, ' ', line.length);
		uint32_t length = blank ? (uint32_t)(blank - line.bytes) : line.length;
		if (count == WORDS_MOST)
			return WORDS_MOST + 1;
		words[count++] = text_slice(line, 0, length);
		line = text_trim(text_slice(line, length, line.length));
	}
	return count;
}

/* What kind of line it is, for who wanted another. */
static const char *kind_of(struct text keyword)
{
	static const char *const KINDS[][2] = {{"stellwerk-signing-key", "a signing key, which is secret"},
					       {"stellwerk-sealing-key", "a key of secrets, which is secret itself"},
					       {"stellwerk-public-key", "a public key"},
					       {"stellwerk-signature", "a signature"}};

	for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++)
		if (text_is(keyword, KINDS[i][0]))
			return KINDS[i][1];
	return "something else";
}

enum status key_line_read(const struct key_line *kind, struct text line, uint32_t number, uint8_t *const *parts_out,
			  struct text *name_out, struct error *error)
{
	struct text words[WORDS_MOST];
	uint32_t count = words_take(line, words), at = 2;

	if (!text_is(words[0], kind->keyword))
		return error_set(error, INVALID, "line %u is %s; %s is wanted here", number, kind_of(words[0]), kind->wanted);
	bool whole = count > at && text_is(words[1], kind->algorithm);
	for (int i = 0; i < KEY_PARTS_MOST && kind->sizes[i] && whole; i++, at++)
		whole = count > at && hex_read(words[at], parts_out[i], kind->sizes[i]);
	if (!whole || count != at + 1)
		return error_set(error, INVALID, "line %u begins as %s but is not whole: it was cut off or changed", number,
				 kind->wanted);
	*name_out = words[at];
	return key_name_check(*name_out, error) == OK ? OK : error_within(error, "line %u", number);
}
