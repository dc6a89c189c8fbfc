/* Encodings of files. Those of one byte a character are Latin-1 with 32 places of their own at most, so a table of these is all
 * that is to know (docs/decisions/0026-a-format-refuses.md). */
#include "engine/base/encoding.h"

#include "engine/base/check.h"

static const char *const NAMES[] = {
#define ENCODING(NAME, name) name,
#include "engine/base/encoding.def"
#undef ENCODING
};

const char *encoding_name(enum encoding encoding)
{
	return NAMES[encoding];
}

bool encoding_find(struct text name, enum encoding *encoding_out)
{
	for (int i = 0; i < ENCODING_COUNT; i++)
		if (text_is(name, NAMES[i])) {
			*encoding_out = (enum encoding)i;
			return true;
		}
	return false;
}

struct text encoding_mark(enum encoding encoding)
{
	return encoding == ENCODING_UTF8_BOM ? TEXT("\xef\xbb\xbf") : TEXT("");
}

/* --- characters */
/* Windows-1252 where Latin-1 has its control characters; 0: it has nothing there either. */
static const uint16_t WINDOWS[32] = {
	0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
	0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
	0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178,
};

static uint32_t character_at(struct text text, uint32_t at, uint32_t length)
{
	const unsigned char *bytes = (const unsigned char *)text.bytes + at;
	uint32_t character = length == 1 ? bytes[0] : bytes[0] & (0x7f >> length);
	for (uint32_t i = 1; i < length; i++)
		character = character << 6 | (bytes[i] & 0x3f);
	return character;
}

static int windows_byte(uint32_t character)
{
	for (int i = 0; i < 32; i++)
		if (WINDOWS[i] && WINDOWS[i] == character)
			return 0x80 + i;
	return character >= 0xa0 && character <= 0xff ? (int)character : -1;
}

/* Of an encoding with one byte a character: that byte, or -1. */
static int byte_of(enum encoding encoding, uint32_t character)
{
	if (character < 0x80)
		return (int)character;
	if (encoding == ENCODING_WINDOWS_1252)
		return windows_byte(character);
	return encoding == ENCODING_ISO_8859_1 && character <= 0xff ? (int)character : -1;
}

static bool has_all(enum encoding encoding)
{
	return encoding == ENCODING_UTF8 || encoding == ENCODING_UTF8_BOM;
}

/* Where the text is no ASCII any more: most of what is written is nothing else. */
static uint32_t plain_length(struct text text)
{
	uint32_t at = 0;
	while (at < text.length && !(text.bytes[at] & 0x80))
		at++;
	return at;
}

struct text encoding_lacks(enum encoding encoding, struct text text)
{
	for (uint32_t at = plain_length(text); at < text.length;) {
		uint32_t length = text_character_length(text, at);
		if (!length)
			return text_slice(text, at, at + 1);
		if (!has_all(encoding) && byte_of(encoding, character_at(text, at, length)) < 0)
			return text_slice(text, at, at + length);
		at += length;
	}
	return TEXT("");
}

struct text encoding_replace(struct arena *arena, enum encoding encoding, struct text text, struct text with)
{
	struct text_builder replaced = {.arena = arena};
	for (;;) {
		struct text lacks = encoding_lacks(encoding, text);
		if (!lacks.length)
			break;
		uint32_t at = (uint32_t)(lacks.bytes - text.bytes);
		builder_add(&replaced, text_slice(text, 0, at));
		builder_add(&replaced, with);
		text = text_slice(text, at + lacks.length, text.length);
	}
	if (!replaced.length)
		return text;
	builder_add(&replaced, text);
	return builder_text(&replaced);
}

void encoding_add(struct text_builder *builder, enum encoding encoding, struct text text)
{
	uint32_t plain = has_all(encoding) ? text.length : plain_length(text);
	builder_add(builder, text_slice(text, 0, plain));
	for (uint32_t at = plain; at < text.length;) {
		uint32_t length = text_character_length(text, at);
		CHECK(length);
		int byte = byte_of(encoding, character_at(text, at, length));
		CHECK(byte >= 0);
		builder_add_char(builder, (char)byte);
		at += length;
	}
}
