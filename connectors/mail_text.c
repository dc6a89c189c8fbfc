/* Charsets, line ends and flowed lines. Must trust nothing: only charsets of a list are ever asked of the C library, and what
 * comes back is well-formed. */
#include <errno.h>
#include <iconv.h>
#include <strings.h>

#include "connectors/mail_text.h"
#include "engine/base/check.h"

#define REPLACEMENT "\xef\xbf\xbd"

/* What mails are written in; others are read as if they had said nothing. With a * at its end: a family. */
static const char *const charsets[] = {
	"iso-8859-*", "windows-125*", "cp125*",  "cp437", "cp850", "koi8-*",  "iso-2022-jp", "shift_jis", "euc-*",
	"gb2312",     "gbk",          "gb18030", "big5",  "utf-7", "utf-16*", "macintosh",   "tis-620",
};

bool mail_starts(struct text text, const char *prefix)
{
	size_t length = strlen(prefix);

	return text.length >= length && !strncasecmp(text.bytes, prefix, length);
}

static bool charset_matches(struct text charset, const char *known)
{
	size_t length = strlen(known);

	if (known[length - 1] != '*')
		return charset.length == length && mail_starts(charset, known);
	return charset.length >= length && charset.length < length + 4 && !strncasecmp(charset.bytes, known, length - 1);
}

/* Who says ISO 8859-1 means Windows-1252, which has quotes and dashes where that has nothing for people. */
static bool is_latin(struct text charset)
{
	return charset.length == strlen("iso-8859-1") && mail_starts(charset, "iso-8859-1");
}

static bool charset_is_known(struct text charset)
{
	if (is_latin(charset))
		return false;
	for (uint32_t i = 0; i < charset.length; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", charset.bytes[i]) ||
		    !charset.bytes[i])
			return false;
	for (size_t i = 0; i < sizeof charsets / sizeof *charsets; i++)
		if (charset_matches(charset, charsets[i]))
			return true;
	return false;
}

static struct text utf8_mended(struct arena *arena, struct text bytes)
{
	struct text_builder text = {.arena = arena};

	for (uint32_t at = 0; at < bytes.length;) {
		uint32_t length = bytes.bytes[at] ? text_character_length(bytes, at) : 0;
		if (length)
			builder_add(&text, text_slice(bytes, at, at + length));
		else
			builder_add_string(&text, REPLACEMENT);
		at += length ? length : 1;
	}
	return builder_text(&text);
}

/* One piece of what iconv can take; a byte that it can not is passed over. */
static void converted_add(struct text_builder *text, iconv_t converter, char **from, size_t *left)
{
	char piece[1024], *to = piece;
	size_t room = sizeof piece;
	size_t done = iconv(converter, from, left, &to, &room);
	bool stuck = done == (size_t)-1 && errno != E2BIG;

	builder_add(text, (struct text){piece, (uint32_t)(to - piece)});
	if (!stuck || !*left)
		return;
	builder_add_string(text, REPLACEMENT);
	++*from;
	--*left;
}

/* The converter is the C library's: it is closed before the arena's guard can be reached again. */
static struct text converted(struct arena *arena, struct text bytes, iconv_t converter)
{
	jmp_buf *outer = arena->escape, here;
	struct text_builder text = {.arena = arena};
	char *from = (char *)(uintptr_t)bytes.bytes;
	size_t left = bytes.length;

	if (outer && arena_guard(arena, here)) {
		iconv_close(converter);
		arena->escape = outer;
		longjmp(*outer, 1);
	}
	while (left)
		converted_add(&text, converter, &from, &left);
	iconv_close(converter);
	arena->escape = outer;
	return builder_text(&text);
}

struct text mail_text_decode(struct arena *arena, struct text bytes, struct text charset)
{
	char name[32] = "WINDOWS-1252";

	if (charset_is_known(charset))
		*stpncpy(name, charset.bytes, charset.length) = 0;
	else if (!is_latin(charset) && (text_is_utf8(bytes) || mail_starts(charset, "utf-8") || mail_starts(charset, "utf8")))
		return utf8_mended(arena, bytes);
	iconv_t converter = iconv_open("UTF-8", name);
	if (converter == (iconv_t)-1)
		return utf8_mended(arena, bytes);
	return utf8_mended(arena, converted(arena, bytes, converter));
}

/* --- lines */
bool mail_line_take(struct text *rest, struct text *line_out)
{
	const char *end = rest->length ? memchr(rest->bytes, '\n', rest->length) : NULL;
	uint32_t length = end ? (uint32_t)(end - rest->bytes) : rest->length;

	if (!rest->length)
		return false;
	*line_out = text_slice(*rest, 0, length);
	*rest = text_slice(*rest, end ? length + 1 : length, rest->length);
	return true;
}

/* The bytes of a control character here; 0: it is none. */
static uint32_t control_length(struct text text, uint32_t at)
{
	unsigned char byte = (unsigned char)text.bytes[at];
	unsigned char next = at + 1 < text.length ? (unsigned char)text.bytes[at + 1] : 0;

	if (byte == 0xc2 && next >= 0x80 && next < 0xa0)
		return 2;
	return byte < ' ' || byte == 0x7f;
}

struct text mail_text_clean(struct arena *arena, struct text text)
{
	struct text_builder clean = {.arena = arena};

	for (uint32_t i = 0; i < text.length; i++) {
		uint32_t control = control_length(text, i);
		bool is_return = text.bytes[i] == '\r' && !(i + 1 < text.length && text.bytes[i + 1] == '\n');
		if (!control || text.bytes[i] == '\n' || text.bytes[i] == '\t')
			builder_add_char(&clean, text.bytes[i]);
		else if (is_return)
			builder_add_char(&clean, '\n');
		i += control == 2;
	}
	return builder_text(&clean);
}

struct text mail_line_clean(struct arena *arena, struct text text)
{
	struct text_builder clean = {.arena = arena};
	struct text sound = utf8_mended(arena, text);

	for (uint32_t i = 0; i < sound.length; i++) {
		uint32_t control = control_length(sound, i);
		builder_add_char(&clean, control ? ' ' : sound.bytes[i]);
		i += control == 2;
	}
	return text_trim(builder_text(&clean));
}

/* --- flowed */
static uint32_t quote_depth(struct text line)
{
	uint32_t depth = 0;

	while (depth < line.length && line.bytes[depth] == '>')
		depth++;
	return depth;
}

static struct text unstuffed(struct text line)
{
	return line.length && line.bytes[0] == ' ' ? text_slice(line, 1, line.length) : line;
}

struct text mail_text_unflow(struct arena *arena, struct text text, bool delsp)
{
	struct text_builder whole = {.arena = arena};
	struct text line;
	uint32_t before = 0;
	bool flows = false;

	while (mail_line_take(&text, &line)) {
		uint32_t depth = quote_depth(line);
		struct text words = unstuffed(text_slice(line, depth, line.length));
		bool goes_on = flows && depth == before && !text_is(words, "-- ");
		if (!goes_on) {
			builder_add_string(&whole, whole.length ? "\n" : "");
			builder_add(&whole, text_slice(line, 0, depth));
			builder_add_string(&whole, depth ? " " : "");
		}
		flows = words.length && words.bytes[words.length - 1] == ' ' && !text_is(words, "-- ");
		builder_add(&whole, flows && delsp ? text_slice(words, 0, words.length - 1) : words);
		before = depth;
	}
	builder_add_char(&whole, '\n');
	return builder_text(&whole);
}
