/* Text helpers: compare, hash, find, UTF-8, building. Knows no locale: collation is the business of who shows a list. */
#include "engine/base/text.h"
#include "engine/base/check.h"

#include <stdarg.h>
#include <stdio.h>

uint64_t text_hash(struct text text)
{
	uint64_t hash = 0x9e3779b97f4a7c15u ^ text.length;
	const char *at = text.bytes;
	uint32_t left = text.length;
	for (; left >= 8; left -= 8, at += 8) {
		uint64_t word;
		memcpy(&word, at, 8);
		hash = (hash ^ word) * 0xff51afd7ed558ccdu;
		hash ^= hash >> 32;
	}
	uint64_t rest = 0;
	if (left)
		memcpy(&rest, at, left);
	hash = (hash ^ rest) * 0xc4ceb9fe1a85ec53u;
	return hash ^ (hash >> 29);
}

int text_compare(struct text a, struct text b)
{
	uint32_t common = a.length < b.length ? a.length : b.length;
	int order = common ? memcmp(a.bytes, b.bytes, common) : 0;
	if (order)
		return order;
	return (a.length > b.length) - (a.length < b.length);
}

bool text_starts(struct text text, struct text prefix)
{
	return !prefix.length || (text.length >= prefix.length && !memcmp(text.bytes, prefix.bytes, prefix.length));
}

bool text_ends(struct text text, struct text suffix)
{
	return !suffix.length ||
	       (text.length >= suffix.length && !memcmp(text.bytes + text.length - suffix.length, suffix.bytes, suffix.length));
}

int64_t text_find(struct text text, struct text part)
{
	if (!part.length)
		return 0;
	if (!text.length)
		return -1;
	if (text.length < part.length)
		return -1;
	const char *found = memmem(text.bytes, text.length, part.bytes, part.length);
	return found ? found - text.bytes : -1;
}

struct text text_slice(struct text text, uint32_t from, uint32_t to)
{
	CHECK(from <= to && to <= text.length);
	return (struct text){from ? text.bytes + from : text.bytes, to - from}; /* an empty text may have no bytes at all */
}

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

struct text text_trim(struct text text)
{
	while (text.length && is_blank(text.bytes[0]))
		text.bytes++, text.length--;
	while (text.length && is_blank(text.bytes[text.length - 1]))
		text.length--;
	return text;
}

struct text text_copy(struct arena *arena, struct text text)
{
	return (struct text){arena_string(arena, text.bytes, text.length), text.length};
}

struct text text_format(struct arena *arena, const char *format, ...)
{
	va_list arguments, again;
	va_start(arguments, format);
	va_copy(again, arguments);
	int length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	CHECK(length >= 0);
	char *bytes = arena_alloc_raw(arena, (size_t)length + 1, 1);
	vsnprintf(bytes, (size_t)length + 1, format, again);
	va_end(again);
	return (struct text){bytes, (uint32_t)length};
}

/* The length of the well-formed character at `at`, or 0 (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF). */
static uint32_t character_length(const unsigned char *at, uint32_t left)
{
	unsigned char first = at[0];
	if (first < 0x80)
		return 1;
	uint32_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	if (first < 0xc2 || first > 0xf4 || length > left)
		return 0;
	for (uint32_t i = 1; i < length; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	if ((first == 0xe0 && at[1] < 0xa0) || (first == 0xed && at[1] > 0x9f) || (first == 0xf0 && at[1] < 0x90) ||
	    (first == 0xf4 && at[1] > 0x8f))
		return 0;
	return length;
}

uint32_t text_character_length(struct text text, uint32_t at)
{
	CHECK(at < text.length);
	return character_length((const unsigned char *)text.bytes + at, text.length - at);
}

bool text_is_utf8(struct text text)
{
	for (uint32_t at = 0; at < text.length;) {
		uint32_t length = character_length((const unsigned char *)text.bytes + at, text.length - at);
		if (!length)
			return false;
		at += length;
	}
	return true;
}

uint32_t text_characters(struct text text)
{
	uint32_t count = 0;
	for (uint32_t at = 0; at < text.length; count++) {
		uint32_t length = character_length((const unsigned char *)text.bytes + at, text.length - at);
		at += length ? length : 1;
	}
	return count;
}

static void builder_reserve(struct text_builder *builder, uint32_t more)
{
	uint64_t needed = (uint64_t)builder->length + more + 1;
	if (needed <= builder->capacity)
		return;
	CHECK(needed < UINT32_MAX / 2);
	uint32_t capacity = builder->capacity ? builder->capacity * 2 : 64;
	while (capacity < needed)
		capacity *= 2;
	char *bytes = arena_alloc_raw(builder->arena, capacity, 1);
	if (builder->length)
		memcpy(bytes, builder->bytes, builder->length);
	builder->bytes = bytes;
	builder->capacity = capacity;
}

void builder_add(struct text_builder *builder, struct text text)
{
	builder_reserve(builder, text.length);
	if (text.length)
		memcpy(builder->bytes + builder->length, text.bytes, text.length);
	builder->length += text.length;
}

void builder_add_string(struct text_builder *builder, const char *string)
{
	builder_add(builder, text_from(string));
}

void builder_add_char(struct text_builder *builder, char byte)
{
	builder_add(builder, (struct text){&byte, 1});
}

void builder_format(struct text_builder *builder, const char *format, ...)
{
	va_list arguments, again;
	va_start(arguments, format);
	va_copy(again, arguments);
	int length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	CHECK(length >= 0);
	builder_reserve(builder, (uint32_t)length);
	vsnprintf(builder->bytes + builder->length, (size_t)length + 1, format, again);
	va_end(again);
	builder->length += (uint32_t)length;
}

struct text builder_text(struct text_builder *builder)
{
	builder_reserve(builder, 0);
	builder->bytes[builder->length] = 0;
	return (struct text){builder->bytes, builder->length};
}
