/* A piece of UTF-8 that somebody else owns. Not NUL-terminated unless made by arena_string or text_from. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "engine/base/arena.h"

struct text {
	const char *bytes;
	uint32_t length; /* in bytes */
};

#define TEXT(literal) ((struct text){literal, sizeof(literal) - 1})
#define TEXT_ARGS(text) (int)(text).length, (text).bytes /* for "%.*s" */

static inline struct text text_from(const char *string)
{
	return (struct text){string, (uint32_t)strlen(string)};
}

static inline bool text_equal(struct text a, struct text b)
{
	return a.length == b.length && (!a.length || !memcmp(a.bytes, b.bytes, a.length));
}

static inline bool text_is(struct text text, const char *string)
{
	return text_equal(text, text_from(string));
}

/* 64-bit, not keyed: for tables of names an author wrote. */
uint64_t text_hash(struct text text);
int text_compare(struct text a, struct text b); /* by bytes, which for UTF-8 is by code point */
bool text_starts(struct text text, struct text prefix);
bool text_ends(struct text text, struct text suffix);
/* The offset of the first place where `part` stands, or -1. */
int64_t text_find(struct text text, struct text part);
struct text text_slice(struct text text, uint32_t from, uint32_t to);
struct text text_trim(struct text text);
struct text text_copy(struct arena *arena, struct text text);
/* vprintf into the arena. */
struct text text_format(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool text_is_utf8(struct text text);
/* The length in bytes of the well-formed character at `at` (RFC 3629), or 0. */
uint32_t text_character_length(struct text text, uint32_t at);
/* Unicode code points; malformed bytes count one each. */
uint32_t text_characters(struct text text);

/* Text that grows in an arena. */
struct text_builder {
	struct arena *arena;
	char *bytes;
	uint32_t length, capacity;
};

void builder_add(struct text_builder *builder, struct text text);
void builder_add_string(struct text_builder *builder, const char *string);
void builder_add_char(struct text_builder *builder, char byte);
void builder_format(struct text_builder *builder, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Ends with a NUL behind the text; the builder may go on. */
struct text builder_text(struct text_builder *builder);

#endif
